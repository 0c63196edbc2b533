"""The catalogue's fold: items, places, teams and lots, field by field, where the latest (lamport, id) wins.

Each field has a stamp that sorts like (lamport, id); one statement a table keeps the greater of the two it sees, so
that facts may come in any order and more than once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from unicodedata import normalize

import msgspec
from msgspec import UNSET

from node.events import Item, Keep, Place, ReceiptLine, Team
from sync.log import Folded

NAMING = (Item, Place, Team, Keep)
Rows = list[tuple[Any, ...]]


class Connection(Protocol):
    """What is used of a database connection."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object: ...


def stamp_of(lamport: int, id: bytes) -> bytes:
    """What the fields of one entry are compared by."""
    return lamport.to_bytes(8, "big") + id


def search_key(text: str) -> str:
    """A name as it is searched for and told apart: case, spaces and the ways to write an accent don't matter."""
    return normalize("NFKC", normalize("NFKC", " ".join(text.split())).casefold())


def _latest(table: str, keys: str, stamped: Mapping[str, str], first: str = "") -> str:
    """An upsert that keeps each group of fields with its greater stamp, and field `first` with the least `first`."""
    columns, sets = keys.split(), []
    for stamp, names in stamped.items():
        for name in [*names.split(), stamp]:
            columns.append(name)
            sets.append(
                f"{name} = CASE WHEN excluded.{stamp} > {table}.{stamp} THEN excluded.{name} ELSE {table}.{name} END"
            )
    if first:
        columns += [first, "first"]
        for name in (first, "first"):
            sets.append(
                f"{name} = CASE WHEN excluded.first < {table}.first THEN excluded.{name} ELSE {table}.{name} END"
            )
    marks = ", ".join("?" * len(columns))
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        f" ON CONFLICT ({', '.join(keys.split())}) DO UPDATE SET {', '.join(sets)}"
    )


_ITEM = _latest(
    "item",
    "id",
    {
        "name_stamp": "name name_key",
        "unit_stamp": "unit",
        "category_stamp": "category",
        "kit_stamp": "kit",
        "weight_stamp": "weight",
        "volume_stamp": "volume",
        "value_stamp": "value currency",
    },
)
_NAME = _latest("item_name", "item lang", {"name_stamp": "name name_key"})
_NAMED = "INSERT OR IGNORE INTO named (subject, n) VALUES (?, ?)"
_KEEP = _latest("keep", "place item", {"minimum_stamp": "minimum", "shelf_stamp": "shelf"})
_CODE = _latest("item_code", "item scheme", {"code_stamp": "code code_key"})
_PACK = _latest("item_pack", "item name", {"qty_stamp": "qty"})
_PLACE = _latest(
    "place",
    "id",
    {"name_stamp": "name name_key", "kind_stamp": "kind", "lat_stamp": "lat", "lon_stamp": "lon"},
    first="node",
)
_TEAM = _latest("team", "node", {"name_stamp": "name"})
_LOT = _latest(
    "lot",
    "item lot",
    {"batch_stamp": "batch", "expiry_stamp": "expiry", "fund_stamp": "fund", "value_stamp": "value currency"},
)


class Names:
    """Rows gathered from one batch, written together."""

    def __init__(self) -> None:
        self.items: Rows = []
        self.names: Rows = []
        self.keeps: Rows = []
        self.subjects: Rows = []
        self.codes: Rows = []
        self.packs: Rows = []
        self.places: Rows = []
        self.teams: Rows = []
        self.lots: dict[tuple[str, str, str, str, str, str, str], bytes] = {}

    def item(self, fact: Item, stamp: bytes) -> None:
        """Gather what is said of an item."""
        name, named = _stated(fact.name, stamp)
        unit, category = _stated(fact.unit, stamp), _stated(fact.category, stamp)
        kit = "" if fact.kit is UNSET else msgspec.json.encode(fact.kit).decode()
        weight, volume = _stated(fact.weight, stamp, None), _stated(fact.volume, stamp, None)
        currency = "" if fact.currency is UNSET else fact.currency
        value, valued = _stated(fact.value, stamp)
        known = (*unit, *category, kit, b"" if fact.kit is UNSET else stamp, *weight, *volume)
        self.items.append((fact.id, name, search_key(name), named, *known, value, currency if value else "", valued))
        for lang, text in fact.names.items():
            self.names.append((fact.id, lang, text, search_key(text), stamp))
        for scheme, code in fact.codes.items():
            self.codes.append((fact.id, scheme, code, search_key(code), stamp))
        for pack, qty in fact.packs.items():
            self.packs.append((fact.id, pack, qty, stamp))

    def place(self, fact: Place, stamp: bytes, node: bytes) -> None:
        """Gather what is said of a place."""
        name, named = _stated(fact.name, stamp)
        kind, lat, lon = _stated(fact.kind, stamp), _stated(fact.lat, stamp, None), _stated(fact.lon, stamp, None)
        self.places.append((fact.id, name, search_key(name), named, *kind, *lat, *lon, node, stamp))

    def team(self, fact: Team, stamp: bytes, node: bytes) -> None:
        """Gather what a node's team calls itself."""
        self.teams.append((node, fact.name, stamp))

    def keep(self, fact: Keep, stamp: bytes) -> None:
        """Gather how an item is kept at a place."""
        minimum, shelf = _stated(fact.minimum, stamp, None), _stated(fact.shelf, stamp)
        self.keeps.append((fact.place, fact.item, *minimum, *shelf))

    def take(self, entry: Folded) -> None:
        """Gather what an entry says of the catalogue, and that it does."""
        fact, stamp = entry.fact, stamp_of(entry.lamport, entry.id)
        if isinstance(fact, Item):
            self.item(fact, stamp)
        elif isinstance(fact, Place):
            self.place(fact, stamp, entry.node)
        elif isinstance(fact, Team):
            self.team(fact, stamp, entry.node)
        elif isinstance(fact, Keep):
            self.keep(fact, stamp)
        self.subjects.append((subject_of(entry), entry.n))

    def lots_of(self, lines: Iterable[ReceiptLine], stamp: bytes) -> None:
        """Gather what a receipt or a repack says of lots."""
        for line in lines:
            if line.lot and (line.expiry or line.batch or line.fund or line.value):
                self.lot(line, stamp)

    def lot(self, line: ReceiptLine, stamp: bytes) -> None:
        """Gather what is said of a lot; the many lines that say the same are kept once."""
        key = (line.item, line.lot, line.batch, line.expiry, line.fund, line.value, line.currency)
        if stamp >= self.lots.get(key, b""):
            self.lots.pop(key, None)  # so that lines of one entry stand in their order
            self.lots[key] = stamp

    def write(self, connection: Connection) -> None:
        """Write what was gathered."""
        # Backwards, since the first of equal stamps stays: of one entry the last line decides.
        lots = [_lot_row(*key, stamp) for key, stamp in reversed(self.lots.items())]
        for sql, rows in (
            (_ITEM, self.items),
            (_CODE, self.codes),
            (_PACK, self.packs),
            (_NAME, self.names),
            (_KEEP, self.keeps),
            (_NAMED, self.subjects),
            (_PLACE, self.places),
            (_TEAM, self.teams),
            (_LOT, lots),
        ):
            if rows:
                connection.executemany(sql, rows)


def subject_of(entry: Folded) -> str:
    """What of the catalogue an entry is about, in the words of table `named`; empty if nothing."""
    fact = entry.fact
    if isinstance(fact, (Item, Place)):
        return f"{type(fact).__name__.lower()} {fact.id}"
    if isinstance(fact, Team):
        return f"team {entry.node.hex()}"
    return f"keep {fact.place} {fact.item}" if isinstance(fact, Keep) else ""


_ROWS_OF = {
    "item": ("item WHERE id = ?", "item_code WHERE item = ?", "item_pack WHERE item = ?", "item_name WHERE item = ?"),
    "place": ("place WHERE id = ?",),
    "team": ("team WHERE hex(node) = upper(?)",),
    "keep": ("keep WHERE place || ' ' || item = ?",),
}


def forget_subject(connection: Connection, subject: str) -> None:
    """Drop all rows of a subject, to be made again."""
    kind, _, key = subject.partition(" ")
    for rows in _ROWS_OF[kind]:
        connection.executemany(f"DELETE FROM {rows}", [(key,)])


def _stated(value: Any, stamp: bytes, nothing: Any = "") -> tuple[Any, bytes]:
    """A field's value and stamp; without a stamp where the fact leaves the field out."""
    return (nothing, b"") if value is UNSET else (value, stamp)


def _lot_row(
    item: str, lot: str, batch: str, expiry: str, fund: str, value: str, currency: str, stamp: bytes
) -> tuple[Any, ...]:
    said = [stamp if text else b"" for text in (batch, expiry, fund, value)]
    return (item, lot, batch, said[0], expiry, said[1], fund, said[2], value, currency if value else "", said[3])
