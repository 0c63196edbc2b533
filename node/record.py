"""Writes facts to the log: check, write and project in one transaction.

What took place is never refused, however little the books say there was: only what can't be read, or can't be meant,
is. Each error names the field it is about (`lines.0.qty`) and leaves nothing behind. What nobody said is filled in and
written out: the time, the lot of goods that are alike, the lots that a drop came from, what a count was expected to be.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from node import catalogue, events
from node.catalogue import ItemRow
from node.events import AnyFact, Count, CountLine, Distribution, Line, Loss, Receipt, ReceiptLine, Void
from node.fold import Node
from node.folding import lots
from node.folding.cells import Cell
from node.requests import CountIn, DistributionIn, ItemIn, LineIn, LossIn, PlaceIn, ReceiptIn, ReceiptLineIn, VoidIn
from node.units import (
    format_degrees,
    format_qty,
    format_time,
    parse_date,
    parse_degrees,
    parse_money,
    parse_packed,
    parse_qty,
    parse_time,
)
from sync.errors import Conflict, Forbidden, Malformed, NotFound, OutOfRange, Problem
from sync.identity import b32
from sync.log import Folded

KEPT = "Nothing was recorded."
PEOPLE_MAX = 10**9
LINES_MAX = 1000  # in one entry
WORD_CHARS_MAX = 200  # names, codes, lots, sources
NOTE_CHARS_MAX = 4000
PLACE_ID_BYTES = 10
SAME_SPOT_MICRO = 10_000  # about a kilometre: as near as two coordinates of one place may be off
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Recorded:
    """What was written: the entry's hex id, a count's variance (item, expected, counted as decimal strings), notices.

    Notices are whole sentences about what is worth a look, such as a balance below zero.
    """

    entry: str
    variance: list[dict[str, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


# movements


def receive(node: Node, body: ReceiptIn) -> Recorded:
    """Goods came to a place from outside."""
    with node.log.transaction():
        place, rows = _place(node, body.place), _rows(node, body.lines, least=1)
        lines = [_receipt_line(i, item, qty, line) for i, (item, qty, line) in enumerate(rows)]
        at = _at(node, body.at)
        return _write(node, Receipt(at, place, lines, _word("source", body.source), _note(body.note)))


def distribute(node: Node, body: DistributionIn) -> Recorded:
    """A drop: goods were handed to people. Lots that nobody named are taken first expired, first out."""
    with node.log.transaction():
        place, rows = _place(node, body.place), _rows(node, body.lines, least=1)
        fact = Distribution(
            _at(node, body.at),
            place,
            _lines_out(node, place, rows),
            _place(node, body.site, "site") if body.site else "",
            _number("people", body.people),
            _number("households", body.households),
            _word("need", body.need),
            _note(body.note),
        )
        return _write(node, fact)


def lose(node: Node, body: LossIn) -> Recorded:
    """Goods expired, were damaged or stolen, spoiled, or are gone otherwise."""
    with node.log.transaction():
        place, rows = _place(node, body.place), _rows(node, body.lines, least=1)
        lines = _lines_out(node, place, rows)
        return _write(node, Loss(_at(node, body.at), place, lines, body.reason, _note(body.note)))


def count(node: Node, body: CountIn) -> Recorded:
    """Somebody counted: what was seen is written beside what this node expected at that time."""
    with node.log.transaction():
        place, rows = _place(node, body.place), _rows(node, body.lines, least=0)
        _refuse_twice(rows)
        at = _at(node, body.at)
        items = list(dict.fromkeys(item.id for item, _, _ in rows))
        cells = node.fold.cells_at(place, items, at)
        expiries = _expiries(node, items)
        lines = [
            _count_line(item.id, qty, _lot("", line.lot), cells.get(item.id, Cell()), expiries.get(item.id, {}))
            for item, qty, line in rows
        ]
        done = _write(node, Count(at, place, lines, _note(body.note)))
        return Recorded(done.entry, [_variance(line) for line in lines], done.notices)


def _count_line(item: str, qty: int, lot: str, cell: Cell, expiries: dict[str, str]) -> CountLine:
    if lot:
        return CountLine(item, qty, cell.lots.get(lot, 0), lot)
    return CountLine(item, qty, cell.total, None, lots.seen(cell.lots, expiries, qty))


def _variance(line: CountLine) -> dict[str, str]:
    return {"item": line.item, "expected": format_qty(line.expected), "counted": format_qty(line.qty)}


def _refuse_twice(rows: Sequence[tuple[ItemRow, int, LineIn | ReceiptLineIn]]) -> None:
    """One count says one number: twice the same item would leave open which of them was seen."""
    seen: dict[str, set[str]] = {}
    for i, (item, _, line) in enumerate(rows):
        lot, before = _lot("", line.lot), seen.setdefault(item.id, set())
        if before and (lot in before or "" in before or not lot):
            with _field(f"lines.{i}.item"):
                raise OutOfRange(
                    f"{item.label} is counted twice in this count.",
                    todo="Add the numbers up, or name a lot on each line.",
                )
        before.add(lot)


def _receipt_line(i: int, item: ItemRow, qty: int, line: ReceiptLineIn) -> ReceiptLine:
    path = f"lines.{i}."
    batch, fund = _word(path + "batch", line.batch), _word(path + "fund", line.fund)
    currency = _word(path + "currency", line.currency).upper()
    with _field(path + "expiry"):
        expiry = parse_date(line.expiry) if line.expiry else ""
    with _field(path + "value"):
        value = parse_money(line.value) if line.value else ""
        if value.startswith("-"):
            raise OutOfRange("A value can't be below nought.")
    known = (batch, expiry, fund, value, currency)
    return ReceiptLine(item.id, qty, _lot(path, line.lot) or _lot_id(known), *known)


def _lot_id(known: Sequence[str]) -> str:
    """A lot for goods of which the same is known: the same wherever they are received. Nothing known, no lot."""
    if not any(known):
        return ""
    return b32(sha256("\0".join(["bucketline lot", *known]).encode()).digest())[:8]


def _lines_out(node: Node, place: str, rows: Sequence[tuple[ItemRow, int, LineIn | ReceiptLineIn]]) -> list[Line]:
    """Lines with their lots written out; lots that were named are set aside before the others are drawn on."""
    items = list(dict.fromkeys(item.id for item, _, _ in rows))
    held = {id: dict(cell.lots) for id, cell in node.fold.cells(place, items).items()}
    expiries = _expiries(node, items)
    named = [_lot(f"lines.{i}.", line.lot) for i, (_, _, line) in enumerate(rows)]
    for (item, qty, _), lot in zip(rows, named, strict=True):
        if lot:
            stock = held.setdefault(item.id, {})
            stock[lot] = stock.get(lot, 0) - qty
    found: list[Line] = []
    for (item, qty, _), lot in zip(rows, named, strict=True):
        parts = [(lot, qty)] if lot else lots.take(held.setdefault(item.id, {}), expiries.get(item.id, {}), qty)
        found.extend(Line(item.id, part, of) for of, part in parts)
    return found


def _expiries(node: Node, items: Sequence[str]) -> dict[str, dict[str, str]]:
    """Expiry dates of lots by item."""
    found: dict[str, dict[str, str]] = {}
    for item in items:
        found[item] = dict(catalogue.query(node, "SELECT lot, expiry FROM lot WHERE item = ? AND expiry <> ''", item))
    return found


# undoing


def void(node: Node, entry: str, body: VoidIn) -> Recorded:
    """Undo one own entry of stock, named by its hex id or the first 8 digits of it; both stay visible."""
    with node.log.transaction():
        target = find_entry(node, entry)
        _refuse_undo(node, target)
        why = _note(body.why, "why")
        if not why:
            with _field("why"):
                raise Malformed("An undo needs a reason.", kept=KEPT, todo="Say in a few words why.")
        return _write(node, Void(target.id.hex(), why, _at(node, None)))


def find_entry(node: Node, text: str) -> Folded:
    """The one entry that a hex id, or the first 8 digits of one, means."""
    found = node.log.find(text)
    if not found:
        raise NotFound(f"There is no entry {text.strip()!r}.", kept=KEPT, todo="Look it up with `bucketline log`.")
    if len(found) > 1:
        raise OutOfRange(f"{len(found)} entries begin with {text.strip()!r}.", kept=KEPT, todo="Give more of the id.")
    return found[0]


def _refuse_undo(node: Node, target: Folded) -> None:
    fact = target.fact
    if target.node != node.keys.node:
        team = catalogue.team_name(catalogue.team_names(node), target.node)
        raise Forbidden(
            "This entry is another team's; only they can undo it.",
            kept=KEPT,
            todo=f"Ask {team} to undo it, or record a count of what you see.",
        )
    if isinstance(fact, Void):
        raise Conflict("This entry is itself an undo.", kept=KEPT, todo="Record again what was undone by mistake.")
    if not isinstance(fact, (Receipt, Distribution, Loss, Count)):
        raise Conflict(
            "This entry doesn't move or count any stock.", kept=KEPT, todo="State the right name or value anew."
        )
    sql = "SELECT void FROM voided WHERE target = ? AND node = ? LIMIT 1"
    if catalogue.query(node, sql, target.id, target.node):
        raise Conflict("This entry is undone already.", kept=KEPT, todo="Record it again if it did take place.")


# names


def add_item(node: Node, body: ItemIn) -> tuple[str, Recorded | None]:
    """An item of this name and unit: (id, what was written).

    Where there is one already it is that one, and only what is new about it is written; None if nothing is.
    """
    with node.log.transaction():
        name, unit = _name("name", body.name), _name("unit", body.unit)
        category = _word("category", body.category)
        codes = {_name("codes", k): _name(f"codes.{k}", v) for k, v in body.codes.items()}
        packs = {_name("packs", k): _pack(f"packs.{k}", v) for k, v in body.packs.items()}
        known = catalogue.items_named(node, name, unit)
        if not known:
            id = catalogue.new_item_id(node, name, unit)
            return id, _write(node, _item(id, category, codes, packs, name=name, unit=unit))
        row = catalogue.item_rows(node, known[:1])[0]
        codes = {k: v for k, v in codes.items() if row.codes.get(k) != v}
        packs = {k: v for k, v in packs.items() if row.packs.get(k) != v}
        category = "" if category == row.category else category
        if not (codes or packs or category):
            return row.id, None
        return row.id, _write(node, _item(row.id, category, codes, packs))


def _item(id: str, category: str, codes: dict[str, str], packs: dict[str, int], **named: str) -> events.Item:
    more = {"category": category} if category else {}
    return events.Item(id, codes=codes, packs=packs, **named, **more)


def _pack(path: str, text: str) -> int:
    with _field(path):
        qty = parse_qty(text)
        if qty <= 0:
            raise OutOfRange(f"A pack of {text} can't be.", todo="Say how many units one pack holds.")
        return qty


def add_place(node: Node, body: PlaceIn) -> str:
    """A place of this name: its id. Where there is one already it is that one, unless kind or spot contradict."""
    with node.log.transaction():
        name, (lat, lon) = _name("name", body.name), _spot(body)
        known = catalogue.places_named(node, name)
        if known:
            return _same_place(node, known[0], body.kind, lat, lon)
        id = b32(node.rng(PLACE_ID_BYTES))
        spot = {} if lat is None or lon is None else {"lat": lat, "lon": lon}
        _write(node, events.Place(id, name, body.kind, **spot))
        return id


def _same_place(node: Node, row: catalogue.PlaceRow, kind: str, lat: int | None, lon: int | None) -> str:
    told = lat is not None and lon is not None
    if kind != row.kind or (told and not _close(lat, row.lat) or told and not _close(lon, row.lon)):
        spot = "" if row.lat is None or row.lon is None else f" at {format_degrees(row.lat)},{format_degrees(row.lon)}"
        raise Conflict(
            f"There is a {row.kind} called {row.name}{spot} already, and this is not the same.",
            kept=KEPT,
            todo="Give the new place a name that tells them apart.",
        )
    if lat is not None and lon is not None and (row.lat is None or row.lon is None):
        _write(node, events.Place(row.id, lat=lat, lon=lon))
    return row.id


def _close(one: int | None, other: int | None) -> bool:
    return one is None or other is None or abs(one - other) <= SAME_SPOT_MICRO


def _spot(body: PlaceIn) -> tuple[int | None, int | None]:
    if (body.lat is None) != (body.lon is None):
        with _field("lon" if body.lon is None else "lat"):
            raise Malformed("A spot needs both latitude and longitude.")
    if body.lat is None or body.lon is None:
        return None, None
    with _field("lat"):
        lat = parse_degrees(body.lat, 90)
    with _field("lon"):
        return lat, parse_degrees(body.lon, 180)


def name_team(node: Node, name: str) -> Recorded:
    """What this node's team calls itself from now on."""
    with node.log.transaction():
        return _write(node, events.Team(_name("name", name)))


# checking and writing


def _write(node: Node, fact: AnyFact) -> Recorded:
    """Append, fold and settle; the log refuses what is too long for one entry."""
    try:
        entry = node.log.append(events.encode(fact))
    except Problem as problem:
        problem.kept = KEPT
        raise
    node.fold.settle()
    return Recorded(entry.id.hex(), notices=_notices(node, fact))


def _notices(node: Node, fact: AnyFact) -> list[str]:
    """Balances that this entry left below zero."""
    if not isinstance(fact, (Distribution, Loss)):
        return []
    items = list(dict.fromkeys(line.item for line in fact.lines))
    below = {id: cell.total for id, cell in node.fold.cells(fact.place, items).items() if cell.total < 0}
    labels = {row.id: row.label for row in catalogue.item_rows(node, list(below))}
    return [
        f"The books now show {format_qty(qty)} {labels.get(id, id)} there: more went out than they knew of. Count it."
        for id, qty in below.items()
    ]


@contextmanager
def _field(path: str) -> Iterator[None]:
    """A Problem from inside names this field."""
    try:
        yield
    except Problem as problem:
        problem.kept = KEPT
        problem.fields.setdefault(path, problem.what)
        raise


def _place(node: Node, text: str, path: str = "place") -> str:
    with _field(path):
        return catalogue.find_place(node, text).id


def _rows(node: Node, lines: Sequence[Any], least: int) -> list[tuple[ItemRow, int, Any]]:
    """Each line with its item and its quantity in thousandths, `least` at least."""
    with _field("lines"):
        if not lines:
            raise OutOfRange("There is no line in it.", todo="Say at least one item and how much of it.")
        if len(lines) > LINES_MAX:
            raise OutOfRange(f"One entry holds at most {LINES_MAX} lines.", todo="Split it into several.")
    found = []
    for i, line in enumerate(lines):
        with _field(f"lines.{i}.item"):
            item = catalogue.find_item(node, line.item)
        with _field(f"lines.{i}.qty"):
            found.append((item, _qty(line.qty, item, least), line))
    return found


def _qty(text: str, item: ItemRow, least: int) -> int:
    qty = parse_packed(text, item.packs)
    if qty < least:
        todo = (
            "A count can be zero, but not less." if not least else "Write how much it was; to undo an entry, void it."
        )
        raise OutOfRange(f"{text.strip()} {item.label} can't be.", todo=todo)
    return qty


def _at(node: Node, text: str | None) -> int:
    """The effective time in ms: as said, else now, but never before an own entry that was written earlier."""
    if text:
        with _field("at"):
            at = parse_time(text)
            if at < 0:
                raise OutOfRange(f"{format_time(at)} is before 1970.", todo="Check the year.")
            return at
    newest = node.log.latest(1, node=node.keys.node)
    return max([node.clock(), *(entry.claimed for entry in newest)])


def _number(path: str, value: int | None) -> int | None:
    if value is not None and not 0 <= value <= PEOPLE_MAX:
        with _field(path):
            raise OutOfRange(f"{value} is not a number of {path} that can be.")
    return value


def _word(path: str, text: str | None, chars_max: int = WORD_CHARS_MAX) -> str:
    """A text without outer spaces; what isn't said is empty."""
    found = (text or "").strip()
    with _field(path):
        if len(found) > chars_max:
            raise OutOfRange(f"This is {len(found)} characters long; at most {chars_max} fit.")
        if _CONTROL.search(found):
            raise Malformed("There is a character in it that can't be printed.")
    return found


def _note(text: str | None, path: str = "note") -> str:
    return _word(path, text, NOTE_CHARS_MAX)


def _lot(path: str, text: str | None) -> str:
    return _word(f"{path}lot", text)


def _name(path: str, text: str) -> str:
    """A name that can't be empty; spaces inside it are made single."""
    found = " ".join(_word(path, text).split())
    if not found:
        with _field(path):
            raise Malformed("It can't be empty.")
    return found
