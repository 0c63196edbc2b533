"""Who is meant by a word: items and places by id, code or name, and the nearest names where nothing fits.

Case and spaces don't matter in names and codes. An item may be written with its unit in brackets, "Rice (kg)", since
that is what tells items of one name apart. What this node's own catalogue doesn't know, all may know from the start
(`node.starter`): reading finds that too, and writes nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import count
from typing import Any

from node import hearsay, sameness, searching, starter
from node.events import Item
from node.fold import Node
from node.folding.names import search_key
from sync.errors import NotFound, OutOfRange
from sync.identity import b32, node_id, show_id

ID_CHARS = 16
SHORT_ID_CHARS = 8  # of a place's id: enough to name it
NEAREST = 5  # names that are offered where nothing fits
KEPT = "Nothing was recorded."
_WITH_UNIT = re.compile(r"(.+?)\s*\(([^()]+)\)\s*")


@dataclass(frozen=True)
class ItemRow:
    """An item as the catalogue knows it; `packs` holds thousandths of the unit by name."""

    id: str
    name: str
    unit: str
    category: str
    codes: dict[str, str]
    packs: dict[str, int]

    @property
    def label(self) -> str:
        """How people tell it from others."""
        return f"{self.name or self.id} ({self.unit})" if self.unit else self.name or self.id


@dataclass(frozen=True)
class PlaceRow:
    """A place; coordinates in micro-degrees, `node` is the 32-byte key of the node whose team it belongs to."""

    id: str
    name: str
    kind: str
    lat: int | None
    lon: int | None
    node: bytes


def query(node: Node, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of one statement on a node's database."""
    return list(node.db.connection().execute(sql, values))


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


# items


def item_rows(node: Node, ids: Sequence[str]) -> list[ItemRow]:
    """The catalogue's rows of these items, in the order of the ids; unknown ones are left out."""
    found = {id: _starting_row(fact) for id in ids if (fact := starter.fact_of(id))}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        found.update({id: row for id, row in _items(node, part).items() if row.name or id not in found})
    return [found[id] for id in ids if id in found]


def _starting_row(fact: Item) -> ItemRow:
    return ItemRow(fact.id, str(fact.name), str(fact.unit), str(fact.category), dict(fact.codes), dict(fact.packs))


def is_written(node: Node, id: str) -> bool:
    """Whether some entry says what this item is called."""
    return bool(query(node, "SELECT 1 FROM item WHERE id = ? AND name <> ''", id))


def _items(node: Node, ids: Sequence[str]) -> dict[str, ItemRow]:
    where = f"({_marks(ids)})"
    codes: dict[str, dict[str, str]] = {}
    packs: dict[str, dict[str, int]] = {}
    for item, scheme, code in query(
        node, f"SELECT item, scheme, code FROM item_code WHERE code <> '' AND item IN {where} ORDER BY scheme", *ids
    ):
        codes.setdefault(item, {})[scheme] = code
    for item, name, qty in query(
        node, f"SELECT item, name, qty FROM item_pack WHERE qty <> 0 AND item IN {where} ORDER BY name", *ids
    ):
        packs.setdefault(item, {})[name] = qty
    return {
        id: ItemRow(id, name, unit, category, codes.get(id, {}), packs.get(id, {}))
        for id, name, unit, category in query(
            node, f"SELECT id, name, unit, category FROM item WHERE id IN {where}", *ids
        )
    }


def find_item(node: Node, text: str, unit: str | None = None, raw: bool = False) -> ItemRow:
    """The one item that an id, code or name means, of this unit if one is given.

    What this team has merged is one item, unless `raw`. NotFound names the nearest; OutOfRange lists those among which
    the text doesn't decide.
    """
    ids = _item_ids(node, text, unit)
    if not ids and unit is None and (match := _WITH_UNIT.fullmatch(text)):
        ids = _item_ids(node, match[1], match[2])
    rows = item_rows(node, ids) if raw else _speaking(node, ids)
    if not rows and _is_moved(node, text):
        return ItemRow(text.strip(), "", "", "", {}, {})
    if not rows:
        raise NotFound(
            f"There is no item {text.strip()!r}{f' in {unit}' if unit else ''}.",
            kept=KEPT,
            todo=_did_you_mean([row.label for row in search_items(node, text, NEAREST)], "item"),
        )
    if len(rows) > 1:
        raise _ambiguous(text, "items", [f"{row.label}, id {row.id}" for row in rows])
    return rows[0]


def _speaking(node: Node, ids: Sequence[str]) -> list[ItemRow]:
    """The items that speak for these; one that nobody has named, or no more, goes by the name of a merged one."""
    same = sameness.merged(node, "item")
    named = {same.head(row.id): row for row in reversed(item_rows(node, ids))}
    found = {row.id: row for row in item_rows(node, list(named))}
    heads = [head for head in dict.fromkeys(map(same.head, ids)) if head in named]
    return [found[head] if head in found else replace(named[head], id=head) for head in heads]


def _item_ids(node: Node, text: str, unit: str | None) -> list[str]:
    """Ids that a text means among the node's own items, else among those that all know from the start."""
    return _of_unit(node, _own_ids(node, text), unit) or _of_unit(node, starter.called(text), unit)


def _of_unit(node: Node, ids: list[str], unit: str | None) -> list[str]:
    if unit is None:
        return ids
    return [row.id for row in item_rows(node, ids) if search_key(row.unit) == search_key(unit)]


def _own_ids(node: Node, text: str) -> list[str]:
    exact, key = text.strip(), search_key(text)
    scheme, _, code = key.partition(":")
    by_id = query(node, "SELECT id FROM item WHERE id = ?", exact)
    found = by_id or query(
        node,
        "SELECT id FROM item WHERE name_key = ? AND name <> '' UNION "
        "SELECT item FROM item_code WHERE code_key = ? AND code <> '' UNION "
        "SELECT item FROM item_code WHERE code_key = ? AND code <> '' AND lower(scheme) = ? UNION "
        "SELECT item FROM item_name WHERE name_key = ? AND name <> '' ORDER BY 1",
        key,
        key,
        search_key(code),
        scheme,
        key,
    )
    return [id for (id,) in found]


def _is_moved(node: Node, text: str) -> bool:
    """Whether this is the id of an item that entries have moved, but none has named yet."""
    return bool(query(node, "SELECT 1 FROM cell WHERE item = ? LIMIT 1", text.strip()))


def items_named(node: Node, name: str, unit: str) -> list[str]:
    """Ids of the items with just this name and unit, smallest first."""
    rows = query(node, "SELECT id, unit FROM item WHERE name_key = ? ORDER BY id", search_key(name))
    return [id for id, has in rows if search_key(has) == search_key(unit)]


def new_item_id(node: Node, name: str, unit: str) -> str:
    """The id that every team would give a new item of this name and unit, so that they mean the same one.

    Where that id has come to mean something else by renaming, the next of a series that is just as predictable.
    """
    base = f"bucketline item\0{search_key(name)}\0{search_key(unit)}".encode()
    for salt in count():
        tail = f"\0{salt}".encode() if salt else b""
        id = b32(sha256(base + tail).digest())[:ID_CHARS]
        if not query(node, "SELECT 1 FROM item WHERE id = ? AND name <> ''", id):
            return id
    raise AssertionError("unreachable")


def search_items(node: Node, text: str, limit: int = 20, own: bool = False, raw: bool = False) -> list[ItemRow]:
    """Items that a few typed letters may mean, likeliest first; forgives typing errors. `own`: only written ones.

    Of merged items the one that speaks for them, unless `raw`.
    """
    rows = query(
        node,
        "SELECT id, name_key FROM item UNION ALL SELECT item, code_key FROM item_code WHERE code <> '' "
        "UNION ALL SELECT item, name_key FROM item_name WHERE name <> ''",
    )
    known = {id for id, _ in rows}
    rows += [(id, name) for id, name in starter.names() if not own or id in known]
    ids = searching.likeliest(text, rows, limit, before=known)
    return item_rows(node, ids) if raw else _speaking(node, ids)


def slips(node: Node, name: str) -> list[ItemRow]:
    """Items whose name a new name is perhaps a slip for: all but equal to it, and none is just so called."""
    rows = search_items(node, name, NEAREST)
    if any(search_key(row.name) == search_key(name) for row in rows):
        return []
    return [row for row in rows if searching.same_but_for_a_slip(name, row.name)]


# places


def places_all(node: Node) -> list[PlaceRow]:
    """Every place that the catalogue knows, by name."""
    rows = query(node, "SELECT id, name, kind, lat, lon, node FROM place ORDER BY name_key, id")
    return [PlaceRow(*row) for row in rows]


def _places(node: Node, ids: Sequence[str]) -> list[PlaceRow]:
    sql = f"SELECT id, name, kind, lat, lon, node FROM place WHERE id IN ({_marks(ids)}) ORDER BY id"
    return [PlaceRow(*row) for row in query(node, sql, *ids)]


def places_named(node: Node, name: str) -> list[PlaceRow]:
    """The places of just this name, smallest id first."""
    sql = "SELECT id, name, kind, lat, lon, node FROM place WHERE name_key = ? AND name <> '' ORDER BY id"
    return [PlaceRow(*row) for row in query(node, sql, search_key(name))]


def own_places(node: Node, rows: Sequence[PlaceRow]) -> list[PlaceRow]:
    """Those of some places that this node's team declared."""
    return [row for row in rows if row.node == node.keys.node]


def find_place(node: Node, text: str, raw: bool = False) -> PlaceRow:
    """The one place that an id or a name means; NotFound names the nearest, OutOfRange lists those it may mean.

    What this team has merged is one place, unless `raw`.
    """
    exact, meant = text.strip(), places_meant(node, text, raw)
    rows = [row for row in meant if row.node] or meant  # what a paper alone says makes no known name doubtful
    if not rows and query(node, "SELECT 1 FROM touch WHERE place = ? LIMIT 1", exact):
        return PlaceRow(exact, "", "", None, None, b"")
    if not rows:
        raise NotFound(
            f"There is no place {exact!r}.",
            kept=KEPT,
            todo=_did_you_mean([row.name for row in search_places(node, text, NEAREST)], "place"),
        )
    if len(rows) > 1:
        raise _ambiguous(text, "places", _told_apart(node, rows, raw))
    return rows[0]


def places_meant(node: Node, text: str, raw: bool = False) -> list[PlaceRow]:
    """The places that an id, a name, or the first 8 letters of an id may mean; of merged ones, the one that speaks."""
    exact = text.strip()
    rows = _places(node, [exact]) or places_named(node, text)
    if not rows or not raw and rows[0].id != exact:
        rows = [*rows, *_told_places(node, text)] or _begun(node, exact)
    if raw:
        return rows
    same = sameness.merged(node, "place")
    named = {same.head(row.id): row for row in reversed(rows)}
    known = {row.id: row for row in _places(node, list(named))} if named else {}
    heads = dict.fromkeys(same.head(row.id) for row in rows)
    return [known[head] if head in known else replace(named[head], id=head) for head in heads]


def _begun(node: Node, text: str) -> list[PlaceRow]:
    if len(text) < SHORT_ID_CHARS or not text.isalnum():
        return []
    ids = [id for (id,) in query(node, "SELECT id FROM place WHERE id BETWEEN ?1 AND ?1 || '~'", text.lower())]
    return _places(node, ids)


def _told_apart(node: Node, rows: Sequence[PlaceRow], raw: bool) -> list[str]:
    """Places of one name by what tells them apart: kind, team, id, and what lies there."""
    teams, short = team_names(node), {row.id[:SHORT_ID_CHARS] for row in rows}
    whose = {row.id: team_name(teams, row.node) or "named by a waybill" for row in rows}
    whose |= {row.id: "ours" for row in own_places(node, rows)}
    return [
        f"{row.name}{f' ({row.kind})' if row.kind else ''}, {whose[row.id]},"
        f" id {row.id[:SHORT_ID_CHARS] if len(short) == len(rows) else row.id}, {sameness.lying(node, row.id, raw)}"
        for row in rows
    ]


def _told_places(node: Node, text: str) -> list[PlaceRow]:
    """Places that only waybills have named so far, by id or name."""
    told, exact, key = hearsay.places(node), text.strip(), search_key(text)
    ids = [exact] if exact in told else sorted(id for id, name in told.items() if search_key(name) == key)
    return [PlaceRow(id, told[id], "", None, None, b"") for id in ids]


def search_places(node: Node, text: str, limit: int = 20) -> list[PlaceRow]:
    """Places that a few typed letters may mean, likeliest first."""
    found = {row.id: row for row in places_all(node)}
    ids = searching.likeliest(text, query(node, "SELECT id, name_key FROM place"), limit)
    heads = dict.fromkeys(map(sameness.merged(node, "place").head, ids))
    return [found[id] for id in heads if id in found]


# teams


def team_names(node: Node) -> dict[bytes, str]:
    """What each node's team calls itself, by node key."""
    return dict(query(node, "SELECT node, name FROM team"))


def team_name(names: dict[bytes, str], key: bytes) -> str:
    """A team's name; the first groups of its node id where it has told none, nothing where no node is known."""
    if not key:
        return ""
    return names.get(key) or show_id(node_id(key))[:14]


# what is said where nothing fits


def _did_you_mean(names: Sequence[str], what: str) -> str:
    if not names:
        return f"`bucketline {what} list` shows those that are known; a new one is added with `bucketline {what} add`."
    return f"Did you mean {', '.join(dict.fromkeys(names))}? A new one is added with `bucketline {what} add`."


def _ambiguous(text: str, what: str, choices: Sequence[str]) -> OutOfRange:
    listed = "; ".join(choices[:NEAREST]) + ("; …" if len(choices) > NEAREST else "")
    return OutOfRange(
        f"{text.strip()!r} may mean {len(choices)} {what}: {listed}.", kept=KEPT, todo="Name it by its id."
    )
