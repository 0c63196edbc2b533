"""Writes facts to the log: check, write and project in one transaction.

What took place is never refused, however little the books say there was: only what can't be read, or can't be meant,
is. Each error names the field it is about (`lines.0.qty`) and leaves nothing behind. What nobody said is filled in and
written out: the time, the lot of goods that are alike, the lots that a drop came from, what a count was expected to be.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import structs

from node import catalogue, events, inputs, starter
from node.events import Count, CountLine, Distribution, Line, Loss, Receipt
from node.fold import Node
from node.folding import lots
from node.folding.cells import Cell
from node.inputs import KEPT
from node.requests import CountIn, DistributionIn, ItemIn, LossIn, PlaceIn, ReceiptIn
from node.undoing import void
from node.units import format_degrees, format_qty
from node.writing import Recorded, find_entry, too_early, when, write
from sync.errors import Conflict
from sync.identity import b32

__all__ = ["Recorded", "find_entry", "too_early", "void", "when", "write"]  # recording, for those above

PLACE_ID_BYTES = 10
TIME_MAX = 2**63 - 1  # ms: after every time that an entry can hold
SAME_SPOT_MICRO = 10_000  # about a kilometre: as near as two coordinates of one place may be off


# movements


def receive(node: Node, body: ReceiptIn) -> Recorded:
    """Goods came to a place from outside."""
    with node.log.transaction():
        place, rows = inputs.place(node, body.place), inputs.rows(node, body.lines, least=1)
        lines = [inputs.receipt_line(i, item, qty, line) for i, (item, qty, line) in enumerate(rows)]
        at = when(node, body.at)
        return write(node, Receipt(at, place, lines, inputs.word("source", body.source), inputs.note(body.note)))


def distribute(node: Node, body: DistributionIn) -> Recorded:
    """A drop: goods were handed to people. Lots that nobody named are taken first expired, first out."""
    with node.log.transaction():
        place, rows = inputs.place(node, body.place), inputs.rows(node, body.lines, least=1)
        fact = Distribution(
            when(node, body.at),
            place,
            lines_out(node, place, rows),
            inputs.place(node, body.site, "site") if body.site else "",
            inputs.number("people", body.people),
            inputs.number("households", body.households),
            inputs.need(node, body.need),
            inputs.note(body.note),
        )
        return write(node, fact)


def lose(node: Node, body: LossIn) -> Recorded:
    """Goods expired, were damaged or stolen, spoiled, or are gone otherwise."""
    with node.log.transaction():
        place, rows = inputs.place(node, body.place), inputs.rows(node, body.lines, least=1)
        lines = lines_out(node, place, rows)
        return write(node, Loss(when(node, body.at), place, lines, body.reason, inputs.note(body.note)))


def count(node: Node, body: CountIn) -> Recorded:
    """Somebody counted: what was seen is written beside what this node expected at that time."""
    with node.log.transaction():
        place, rows = inputs.place(node, body.place), inputs.rows(node, body.lines, least=0)
        inputs.refuse_twice(rows)
        at = when(node, body.at)
        lines = count_lines(node, place, at, rows)
        done = write(node, Count(at, place, lines, inputs.note(body.note)))
        return Recorded(done.entry, [variance(line) for line in lines], done.notices)


def count_lines(node: Node, place: str, at: int, rows: Sequence[inputs.Read], without: bytes = b"") -> list[CountLine]:
    """What was seen beside what the books expected at that time, as if the entry `without` had never been."""
    items = list(dict.fromkeys(item.id for item, _, _ in rows))
    cells, expiries = node.fold.cells_at(place, items, at, without), _expiries(node, items)
    return [
        _count_line(item.id, qty, inputs.lot("", line.lot), cells.get(item.id, Cell()), expiries.get(item.id, {}))
        for item, qty, line in rows
    ]


def _count_line(item: str, qty: int, lot: str, cell: Cell, expiries: dict[str, str]) -> CountLine:
    if lot:
        return CountLine(item, qty, cell.lots.get(lot, 0), lot)
    return CountLine(item, qty, cell.total, None, lots.seen(cell.lots, expiries, qty))


def variance(line: CountLine) -> dict[str, str]:
    """What a line of a count says, as it is told."""
    return {"item": line.item, "expected": format_qty(line.expected), "counted": format_qty(line.qty)}


def lines_out(node: Node, place: str, rows: Sequence[inputs.Read], *, without: bytes = b"") -> list[Line]:
    """Lines with their lots written out; lots that were named are set aside before the others are drawn on.

    What is on hand is taken as it would be if the entry `without` had never been.
    """
    items = list(dict.fromkeys(item.id for item, _, _ in rows))
    fold = node.fold
    cells = fold.cells_at(place, items, TIME_MAX, without) if without else fold.cells(place, items)
    held = {id: dict(cell.lots) for id, cell in cells.items()}
    expiries = _expiries(node, items)
    named = [inputs.lot(f"lines.{i}.", line.lot) for i, (_, _, line) in enumerate(rows)]
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


# names


def add_item(node: Node, body: ItemIn) -> tuple[str, Recorded | None]:
    """An item of this name and unit: (id, what was written). Of a common one, what all know is written with it.

    Where there is one already it is that one, and only what is new about it is written; None if nothing is.
    """
    with node.log.transaction():
        name, unit = inputs.name("name", body.name), inputs.name("unit", body.unit)
        category = inputs.word("category", body.category)
        codes = {inputs.name("codes", k): inputs.code(k, v) for k, v in body.codes.items()}
        packs = {inputs.name("packs", k): inputs.pack(f"packs.{k}", v) for k, v in body.packs.items()}
        known = catalogue.items_named(node, name, unit)
        if not known:
            id = catalogue.new_item_id(node, name, unit)
            return id, write(node, _new_item(_item(id, category, codes, packs, name=name, unit=unit)))
        row = catalogue.item_rows(node, known[:1])[0]
        codes = {k: v for k, v in codes.items() if row.codes.get(k) != v}
        packs = {k: v for k, v in packs.items() if row.packs.get(k) != v}
        category = "" if category == row.category else category
        if not (codes or packs or category):
            return row.id, None
        return row.id, write(node, _item(row.id, category, codes, packs))


def _new_item(said: events.Item) -> events.Item:
    known = starter.fact_of(said.id)
    if known is None:
        return said
    category, packs = said.category or known.category, said.packs or known.packs
    return structs.replace(known, category=category, codes=known.codes | said.codes, packs=packs)


def _item(id: str, category: str, codes: dict[str, str], packs: dict[str, int], **named: Any) -> events.Item:
    more: dict[str, Any] = {"category": category} if category else {}
    return events.Item(id, codes=codes, packs=packs, **named, **more)


def add_place(node: Node, body: PlaceIn) -> str:
    """A place of this name: its id. Where there is one already it is that one, unless kind or spot contradict."""
    with node.log.transaction():
        name, (lat, lon) = inputs.name("name", body.name), inputs.spot(body)
        known = catalogue.places_named(node, name)
        if known:
            return _same_place(node, known[0], body.kind, lat, lon)
        id = b32(node.rng(PLACE_ID_BYTES))
        spot = {} if lat is None or lon is None else {"lat": lat, "lon": lon}
        write(node, events.Place(id, name, body.kind, **spot))
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
        write(node, events.Place(row.id, lat=lat, lon=lon))
    return row.id


def _close(one: int | None, other: int | None) -> bool:
    return one is None or other is None or abs(one - other) <= SAME_SPOT_MICRO


def name_team(node: Node, name: str) -> Recorded:
    """What this node's team calls itself from now on."""
    with node.log.transaction():
        return write(node, events.Team(inputs.name("name", name)))
