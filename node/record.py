"""Writes facts to the log: check, write and project in one transaction.

What took place is never refused, however little the books say there was: only what can't be read, or can't be meant,
is. Each error names the field it is about (`lines.0.qty`) and leaves nothing behind. What nobody said is filled in and
written out: the time, the lot of goods that are alike, the lots that a drop came from, what a count was expected to be.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec import structs

from node import catalogue, events, freshness, inputs, recipes, sameness, starter
from node.events import Count, CountLine, Distribution, Line, Loss, Receipt, ReceiptLine
from node.fold import Node
from node.folding import lots
from node.folding.cells import Cell
from node.inputs import KEPT
from node.requests import CountIn, DistributionIn, ItemIn, LineIn, LossIn, PlaceIn, ReceiptIn
from node.undoing import void
from node.units import day_of, format_degrees, format_qty
from node.writing import Recorded, find_entry, too_early, when, write
from sync.errors import Conflict
from sync.identity import b32

__all__ = ["Recorded", "find_entry", "too_early", "void", "when", "write"]  # recording, for those above

T = TypeVar("T")

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
        done = write(node, Receipt(at, place, lines, inputs.word("source", body.source), inputs.note(body.note)))
        return Recorded(done.entry, notices=[*done.notices, *_expired(node, lines)])


def _expired(node: Node, lines: Sequence[ReceiptLine]) -> list[str]:
    """What came in although its date is over, in a sentence."""
    today = day_of(node.clock())
    gone = [line.item for line in lines if freshness.has_expired(line.expiry, today)]
    names = ", ".join(row.name or row.id for row in catalogue.item_rows(node, gone))
    return [f"Expired before it came: {names}. Look at the date again; it is told apart."] * bool(gone)


def distribute(node: Node, body: DistributionIn) -> Recorded:
    """A drop: goods were handed to people. Lots that nobody named are taken first expired, first out."""
    with node.log.transaction():
        place, rows = inputs.place(node, body.place), inputs.rows(node, body.lines, least=1)
        at = when(node, body.at)
        fact = Distribution(
            at,
            place,
            lines_out(node, place, rows, at),
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
        at = when(node, body.at)
        return write(node, Loss(at, place, lines_out(node, place, rows, at), body.reason, inputs.note(body.note)))


def count(node: Node, body: CountIn) -> Recorded:
    """Somebody counted: what was seen is written beside what this node expected at that time."""
    with node.log.transaction():
        place, rows = inputs.place(node, body.place), inputs.rows(node, body.lines, least=0)
        rows = added_up(node, rows)
        inputs.refuse_twice(rows)
        at = when(node, body.at)
        lines, note = count_lines(node, place, at, rows), inputs.note(body.note)
        elsewhere = count_elsewhere(node, Count(at, place, lines, note))
        done = write(node, Count(at, place, lines, note))
        told = variances(node, [*lines, *elsewhere])
        return Recorded(done.entry, told, done.notices)


def count_elsewhere(node: Node, count: Count) -> list[CountLine]:
    """What was seen in one place, which goes by several ids, isn't there under the others: counts of nought, written.

    Undoing or correcting the count finds them right before it (`traces.beside`). Their lines are returned.
    """
    items = [catalogue.ItemRow(line.item, "", "", "", {}, {}) for line in count.lines if line.lot is None]
    rows = [(item, 0, LineIn(item=item.id, qty="0")) for item in items]
    others = [id for id in sameness.merged(node, "place").all_of(count.place) if id != count.place] if rows else []
    found: list[CountLine] = []
    for id in others:
        kept = [line for line in count_lines(node, id, count.at, rows) if line.expected]
        if kept:
            write(node, Count(count.at, id, kept, count.note))
        found += kept
    return found


def added_up(node: Node, rows: Sequence[inputs.Read]) -> list[inputs.Read]:
    """Lines of a count where those that call one item by names of several that are one are a single line."""
    named: dict[tuple[str, str], set[str]] = {}
    found: list[inputs.Read] = []
    for item, qty, line in rows:
        key, raw = (item.id, inputs.lot("", line.lot)), catalogue.find_item(node, line.item, raw=True).id
        others = named.setdefault(key, set())
        if others and raw not in others:
            at = next(i for i, row in enumerate(found) if (row[0].id, inputs.lot("", row[2].lot)) == key)
            found[at] = item, found[at][1] + qty, line
        else:
            found.append((item, qty, line))
        others.add(raw)
    return found


def count_lines(node: Node, place: str, at: int, rows: Sequence[inputs.Read], without: bytes = b"") -> list[CountLine]:
    """What was seen beside what the books expected at that time, as if the entry `without` had never been.

    Of items that are one all was seen under one name, so that there is nothing left under the others.
    """
    same = sameness.merged(node, "item")
    items = [id for head in dict.fromkeys(item.id for item, _, _ in rows) for id in same.all_of(head)]
    cells, day = node.fold.cells_at(place, items, at, without), day_of(at)
    expiries, came = _dated(node, items)
    lines = []
    for item, qty, line in rows:
        lot = inputs.lot("", line.lot)
        holding = [id for id in same.all_of(item.id) if lot and id in cells and cells[id].lots.get(lot)]
        id = holding[0] if holding else item.id
        cell = cells.get(id, Cell())
        split = [] if lot else lots.seen(cell.lots, expiries.get(id, {}), qty, day, came.get(id, {}))
        lines.append(_count_line(id, qty, lot, cell, split))
    wholes = [line.item for line in lines if line.lot is None]
    rest = [id for item in wholes for id in same.all_of(item) if id not in wholes and id in cells and cells[id].total]
    return lines + [CountLine(id, 0, cells[id].total) for id in dict.fromkeys(rest)]


def _count_line(item: str, qty: int, lot: str, cell: Cell, split: list[tuple[str, int]]) -> CountLine:
    if lot:
        return CountLine(item, qty, cell.lots.get(lot, 0), lot)
    return CountLine(item, qty, cell.total, None, split)


def variances(node: Node, lines: Sequence[CountLine]) -> list[dict[str, str]]:
    """What a count says, as it is told: one row for each item or lot that was counted, under its one name."""
    same, sums = sameness.merged(node, "item"), dict[tuple[str, str | None], list[int]]()
    for line in lines:
        key = same.head(line.item), line.lot
        expected, counted = sums.get(key, (0, 0))
        sums[key] = [expected + line.expected, counted + line.qty]
    return [
        {"item": item, "expected": format_qty(expected), "counted": format_qty(counted)}
        for (item, _), (expected, counted) in sums.items()
    ]


def lines_out(
    node: Node, place: str, rows: Sequence[inputs.Read], at: int | None = None, *, without: bytes = b""
) -> list[Line]:
    """Lines with their lots written out; lots that were named are set aside before the others are drawn on.

    What had expired by the time `at` (ms, else now) is drawn on last. What is on hand is taken as it would be if the
    entry `without` had never been.
    """
    day = day_of(node.clock() if at is None else at)
    same, fold = sameness.merged(node, "item"), node.fold
    heads = list(dict.fromkeys(same.head(item.id) for item, _, _ in rows))
    items = [id for head in heads for id in same.all_of(head)]
    cells = fold.cells_at(place, items, TIME_MAX, without) if without else fold.cells(place, items)
    held = _marked(same, {id: cell.lots for id, cell in cells.items()})
    dates, stamps = _dated(node, items)
    expiries, came = _marked(same, dates), _marked(same, stamps)
    named = [inputs.lot(f"lines.{i}.", line.lot) for i, (_, _, line) in enumerate(rows)]
    wanted = [(same.head(item.id), qty) for item, qty, _ in rows]
    named = [sameness.find_mark(id, lot, held.get(id, ())) for (id, _), lot in zip(wanted, named, strict=True)]
    for (id, qty), lot in zip(wanted, named, strict=True):
        if lot:
            stock = held.setdefault(id, {})
            stock[lot] = stock.get(lot, 0) - qty
    found: list[Line] = []
    for (id, qty), lot in zip(wanted, named, strict=True):
        stock = held.setdefault(id, {})
        parts = [(lot, qty)] if lot else lots.take(stock, expiries.get(id, {}), qty, day, came.get(id, {}))
        found.extend(_line(*sameness.read_mark(id, of), part) for of, part in parts)
    return found


def _line(item: str, lot: str, qty: int) -> Line:
    return Line(item, qty, lot)


def _marked(same: sameness.Same, found: Mapping[str, Mapping[str, T]]) -> dict[str, dict[str, T]]:
    """What is known of lots by item, put together for items that are one."""
    joined: dict[str, dict[str, T]] = {}
    for id, lots_of in found.items():
        head = same.head(id)
        joined.setdefault(head, {}).update({sameness.mark(head, id, lot): value for lot, value in lots_of.items()})
    return joined


def _dated(node: Node, items: Sequence[str]) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, bytes]]]:
    """Expiry dates of lots by item, and stamps that sort lots by when what is known of them was written down."""
    expiries, came = dict[str, dict[str, str]](), dict[str, dict[str, bytes]]()
    sql = "SELECT lot, expiry, batch_stamp, expiry_stamp, fund_stamp, value_stamp FROM lot WHERE item = ?"
    for item in items:
        for lot, expiry, *stamps in catalogue.query(node, sql, item):
            if expiry:
                expiries.setdefault(item, {})[lot] = expiry
            if said := [bytes(stamp) for stamp in stamps if stamp]:
                came.setdefault(item, {})[lot] = min(said)
    return expiries, came


# names


def add_item(node: Node, body: ItemIn) -> tuple[str, Recorded | None]:
    """An item of this name and unit: (id, what was written). Of a common one, what all know is written with it.

    Where there is one already it is that one, and only what is new about it is written; None if nothing is.
    """
    with node.log.transaction():
        name, unit = inputs.name("name", body.name), inputs.name("unit", body.unit)
        category = inputs.word("category", body.category)
        codes = {inputs.name("codes", k): inputs.code(k, v) for k, v in body.codes.items()}
        known = catalogue.items_named(node, name, unit)
        id = known[0] if known else catalogue.new_item_id(node, name, unit)
        row = next(iter(catalogue.item_rows(node, [id])), None)
        packs = inputs.packs(body.packs, row.packs if row else {})
        more = recipes.said(node, id, f"{name} ({unit})", body)
        if not known or not row:
            return id, write(node, _new_item(_item(id, category, codes, packs, name=name, unit=unit), more))
        codes = {k: v for k, v in codes.items() if row.codes.get(k) != v}
        packs = {k: v for k, v in packs.items() if row.packs.get(k) != v}
        category = "" if category == row.category else category
        if not (codes or packs or category or more):
            return id, None
        return id, write(node, structs.replace(_item(id, category, codes, packs), **more))


def _new_item(said: events.Item, more: dict[str, Any]) -> events.Item:
    known = starter.fact_of(said.id)
    if known is None:
        return structs.replace(said, **more)
    category, packs = said.category or known.category, said.packs or known.packs
    names = known.names | more.get("names", {})
    more = more | {"names": names}
    return structs.replace(known, category=category, codes=known.codes | said.codes, packs=packs, **more)


def _item(id: str, category: str, codes: dict[str, str], packs: dict[str, int], **named: Any) -> events.Item:
    more: dict[str, Any] = {"category": category} if category else {}
    return events.Item(id, codes=codes, packs=packs, **named, **more)


def add_place(node: Node, body: PlaceIn, own: bool = False) -> str:
    """A place of this name: its id. Where there is one already it is that one, unless kind or spot contradict.

    A place of this team's own goes before those of others, and with `own` only that will do.
    """
    with node.log.transaction():
        name, (lat, lon) = inputs.name("name", body.name), inputs.spot(body)
        named = catalogue.places_named(node, name)
        known = catalogue.own_places(node, named) or ([] if own else named)
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
