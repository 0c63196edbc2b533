"""Corrects an own entry: what is true is written anew, and the wrong entry is undone with the new one in its place.

Both happen in one transaction, and the log tells them in one row. What the correction doesn't mention stays as it was.
Lots and expectations are worked out as if the wrong entry had never been written.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from msgspec import structs

from node import catalogue, inputs, record, repacking, sameness, traces, transit, undoing, writing
from node.catalogue import ItemRow
from node.events import (
    AnyFact,
    Arrival,
    ArrivalLine,
    Count,
    CountLine,
    Dispatch,
    Distribution,
    Line,
    Loss,
    Need,
    Pledge,
    Receipt,
    ReceiptLine,
    Repack,
    Void,
    type_of,
)
from node.fold import Node
from node.folding import lots
from node.inputs import KEPT, Read
from node.requests import CorrectIn, LineIn, ReceiptLineIn
from node.units import format_qty
from node.writing import Recorded, find_entry, when, write
from sync.errors import Conflict, OutOfRange
from sync.log import Folded

CORRECTABLE = (Receipt, Distribution, Loss, Count, Dispatch, Arrival, Repack, Need, Pledge)
_LINES = {"lines": "lines", "used": "in", "made": "out"}  # how people call a body's lists
_BESIDE = ("why", *_LINES)


def correct(node: Node, entry: str, body: CorrectIn) -> Recorded:
    """Write an own entry anew with these fields replaced, and undo it: the new entry, with its variance if a count.

    Given `lines` take the place of all lines. Conflict where nothing would change, OutOfRange where the entry's kind
    has no such field.
    """
    with node.log.transaction():
        target = find_entry(node, entry)
        undoing.refuse(node, target)
        why = undoing.reason(body.why)
        fact = _corrected(node, target, body)
        elsewhere = _elsewhere(node, target, fact, why)
        done = write(node, fact)
        write(node, Void(target.id.hex(), why, when(node, None), done.entry))
        variance = record.variances(node, [*fact.lines, *elsewhere]) if isinstance(fact, Count) else []
        return Recorded(done.entry, variance, [*writing.notices(node, fact), *consequences(node, target, fact)])


def consequences(node: Node, target: Folded, fact: object) -> list[str]:
    """What to know where a fact stands in place of an entry, in sentences: what fell out, and who names the old one."""
    return [*_dropped(node, target.fact, fact), *traces.left_behind(node, target)]


def _elsewhere(node: Node, target: Folded, fact: AnyFact, why: str) -> list[CountLine]:
    """What a count says of the other ids of its place, said anew as well; before the count itself is written."""
    if not isinstance(fact, Count):
        return []
    before = traces.beside(node, target)
    undoing.undo_all(node, before, why)
    return record.count_elsewhere(node, fact)


def _corrected(node: Node, target: Folded, body: CorrectIn) -> AnyFact:
    fact = target.fact
    if not isinstance(fact, CORRECTABLE):
        raise Conflict(
            "This entry states a name or value, and the latest statement counts.",
            kept=KEPT,
            todo="State the right one anew, or undo this one.",
        )
    changed = structs.replace(fact, **_fields(node, fact, body))
    if isinstance(changed, Dispatch) and changed.place == changed.to:
        with inputs.field("to"):
            raise OutOfRange("Goods can't go from a place to itself.", kept=KEPT, todo="Name where they went.")
    found = _with_lines(node, target, changed, body)
    if found == fact:
        raise Conflict("That is what the entry says already.", kept=KEPT, todo="Say what is to be different.")
    return found


# fields


def _fields(node: Node, fact: AnyFact, body: CorrectIn) -> dict[str, Any]:
    """What is said anew beside the lines, as the fact holds it."""
    given = {name: getattr(body, name) for name in body.__struct_fields__ if getattr(body, name) is not None}
    for name in sorted(given.keys() - {"why"} - set(fact.__struct_fields__)):
        called = _LINES.get(name, name)
        with inputs.field(called):
            kind = type_of(fact)
            raise OutOfRange(f"An entry of kind {kind} has no {called}.", kept=KEPT, todo="Leave that out.")
    if isinstance(fact, Pledge) and given.get("until") == "":
        with inputs.field("until"):
            raise OutOfRange("A promise holds until some time.", kept=KEPT, todo="Say until when.")
    return {name: _read(node, name, value) for name, value in given.items() if name not in _BESIDE}


def _read(node: Node, name: str, value: Any) -> Any:
    if name in ("place", "to"):
        return inputs.place(node, value, name)
    if name == "site":
        return inputs.place(node, value, name) if value else ""
    if name in ("people", "households"):
        return inputs.number(name, value)
    if name in ("at", "until"):
        return None if name == "until" and not value else inputs.time(value, name)
    other: dict[str, Callable[[str], str]] = {"note": inputs.note, "need": lambda text: inputs.need(node, text)}
    return other[name](value) if name in other else inputs.word(name, value)


# lines


def _with_lines(node: Node, target: Folded, fact: Any, body: CorrectIn) -> AnyFact:
    """The fact with its lines as they are to be; lines that nobody touched stay, but for another place or time."""
    before = cast(Any, target.fact)
    moved = fact.place != before.place
    if isinstance(fact, Repack):
        return _repacked(node, target, fact, body)
    if body.lines is None and not moved and not (isinstance(fact, Count) and fact.at != before.at):
        return cast(AnyFact, fact)
    if isinstance(fact, (Distribution, Loss, Dispatch)):
        return structs.replace(fact, lines=_out(node, target, fact, body))
    if isinstance(fact, Count):
        rows = record.added_up(node, _rows(node, before.lines, body, least=0))
        inputs.refuse_twice(rows)
        return structs.replace(fact, lines=record.count_lines(node, fact.place, fact.at, rows, target.id))
    if body.lines is None:  # elsewhere, but the same goods
        return cast(AnyFact, fact)
    rows = inputs.rows(node, body.lines, least=0 if isinstance(fact, Arrival) else 1)
    return cast(AnyFact, structs.replace(fact, lines=_in(node, fact, rows)))


def _repacked(node: Node, target: Folded, fact: Repack, body: CorrectIn) -> Repack:
    """What was used up or made, where it is said anew; what is made follows what it is made of only if it is said."""
    used, made = fact.used, fact.made
    if body.used is not None:
        used = repacking.taken(node, fact.place, body.used, fact.at, target.id)
    if body.made is not None:
        made = repacking.made_of(node, used, body.made)
    return structs.replace(fact, used=used, made=made)


def _in(node: Node, fact: Any, rows: Sequence[Read]) -> list[Any]:
    if isinstance(fact, Receipt):
        return [_receipt_line(i, fact, *row) for i, row in enumerate(rows)]
    if isinstance(fact, Arrival):
        return _arrival_lines(node, fact, rows)
    return [Line(item.id, qty) for item, qty, _ in rows]


def _rows(node: Node, lines: Sequence[Any], body: CorrectIn, least: int) -> list[Read]:
    """The lines that are given, else those that were there."""
    if body.lines is not None:
        return inputs.rows(node, body.lines, least)
    known = {row.id: row for row in catalogue.item_rows(node, [line.item for line in lines])}
    return [
        (_row(known, line.item), line.qty, LineIn(item=line.item, qty=format_qty(line.qty), lot=line.lot or None))
        for line in lines
    ]


def _row(known: dict[str, ItemRow], id: str) -> ItemRow:
    return known.get(id) or ItemRow(id, "", "", "", {}, {})


def _out(node: Node, target: Folded, fact: Any, body: CorrectIn) -> list[Line]:
    """What left a place: from the lots that the entry named, as far as they go, then first expired, first out."""
    before = cast(Any, target.fact)
    left = _lots_named(node, target, fact.place)
    rows: list[Read] = []
    for item, qty, said in _rows(node, before.lines, body, least=1):
        named = left.get(item.id, {})
        rows += [(item, qty, said)] if body.lines and said.lot else _as_before(item, qty, named)
    return _summed(record.lines_out(node, fact.place, rows, fact.at, without=target.id))


def _lots_named(node: Node, target: Folded, place: str) -> dict[str, dict[str, int]]:
    """How much of each lot that an entry named may be taken, by item: what is there, and at its own place what it took.

    What is there is counted as if the entry had never been.
    """
    before = cast(Any, target.fact)
    items = sorted({line.item for line in before.lines})
    cells = node.fold.cells_at(place, items, record.TIME_MAX, target.id)
    left: dict[str, dict[str, int]] = {}
    for line in before.lines:
        there = cells[line.item].lots.get(line.lot, 0) if line.item in cells else 0
        took = line.qty if place == before.place else 0
        if line.lot and max(there, took) > 0:
            left.setdefault(line.item, {})[line.lot] = max(there, took)
    return left


def _as_before(item: ItemRow, qty: int, named: dict[str, int]) -> list[Read]:
    rows: list[Read] = []
    for lot, part in [*named.items(), ("", qty)]:
        part = min(part, qty)
        qty -= part
        if lot:
            named[lot] -= part
        if part:
            rows.append((item, part, LineIn(item=item.id, qty=format_qty(part), lot=lot or None)))
    return rows


def _summed(lines: Sequence[Line]) -> list[Line]:
    sums: dict[tuple[str, str], int] = {}
    for line in lines:
        sums[line.item, line.lot] = sums.get((line.item, line.lot), 0) + line.qty
    return [Line(item, qty, lot) for (item, lot), qty in sums.items()]


def _receipt_line(i: int, fact: Receipt, item: ItemRow, qty: int, said: Any) -> ReceiptLine:
    """Line `i` of a receipt; what was known of the item's lot stays where it isn't said anew, or said to be nothing."""
    before = [line for line in fact.lines if line.item == item.id and said.lot in (None, line.lot)]
    known = _lot_of(before[0]) if len(before) == 1 else {}
    names = ("lot", "batch", "expiry", "fund", "value", "currency")
    more = {name: known.get(name) if getattr(said, name) is None else getattr(said, name) for name in names}
    return inputs.receipt_line(i, item, qty, ReceiptLineIn(item=said.item, qty=said.qty, **more))


def _lot_of(line: ReceiptLine) -> dict[str, str]:
    """What a line said of its lot; without the lot's name where that was only made from the rest."""
    known = {name: getattr(line, name) for name in ("batch", "expiry", "fund", "value", "currency")}
    return known if line.lot == inputs.lot_id(list(known.values())) else {"lot": line.lot, **known}


def _arrival_lines(node: Node, fact: Arrival, rows: Sequence[Read]) -> list[ArrivalLine]:
    """What came in of a dispatch, from the lots that were on their way when the wrong entry is taken off."""
    one = transit.get(node, fact.dispatch)
    left, dates = one.open_lots(), transit.expiries(node, one) if one.lines else {}
    for line in fact.lines:
        held = left.setdefault(line.item, {})
        held[line.lot] = held.get(line.lot, 0) + line.qty + line.damaged + line.missing
    sums: dict[tuple[str, str], list[int]] = {}
    for i, (item, qty, said) in enumerate(rows):
        held = left.setdefault(item.id, {})
        for at, amount in enumerate([qty, *(_ruined(fact, item, said, i, name) for name in ("damaged", "missing"))]):
            shares = [(said.lot, amount)] if said.lot else lots.take(held, dates.get(item.id, {}), amount)
            for lot, share in shares:
                sums.setdefault((item.id, lot), [0, 0, 0])[at] += share
    found = [ArrivalLine(item, qty, lot, *ruined) for (item, lot), (qty, *ruined) in sums.items()]
    if not found:
        with inputs.field("lines"):
            raise OutOfRange("Nothing of it came in.", kept=KEPT, todo="Undo the arrival instead.")
    return found


def _ruined(fact: Arrival, item: ItemRow, said: Any, i: int, name: str) -> int:
    """What came damaged or is missing, as it is said or as it was."""
    text = getattr(said, name)
    if text is None:
        return sum(getattr(line, name) for line in fact.lines if line.item == item.id)
    with inputs.field(f"lines.{i}.{name}"):
        return inputs.qty(text, item, 0)


def _dropped(node: Node, before: Any, after: Any) -> list[str]:
    """What is in the entry no longer, since given lines take the place of all."""
    same = sameness.merged(node, "item")
    kept = {same.head(line.item) for line in getattr(after, "lines", ())}
    gone = sorted({line.item for line in getattr(before, "lines", ()) if same.head(line.item) not in kept})
    names = [row.name or row.id for row in catalogue.item_rows(node, gone)]
    return [f"Not in it any more: {', '.join(names)}."] if names else []
