"""What is on hand of one item at one place, brought up to date from facts in any order.

A cell is the latest count in the order (at, lamport, id) plus the movements after it. What came in since the cell was
last written is enough to bring it up to date, except where an older count, an equal time or an undone entry would need
the facts that were folded earlier: then the answer is "can't tell", and the cell is recounted from the log.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, cast

from node.events import Arrival, Count, CountLine, Dispatch, Distribution, Loss, Movement, Receipt, Repack

NEVER = -(2**63) - 1  # before every time that an entry can hold
SIGNS: dict[type, int] = {Receipt: 1, Arrival: 1, Distribution: -1, Loss: -1, Dispatch: -1}
STOCK = (Receipt, Arrival, Distribution, Loss, Dispatch, Repack, Count)  # facts that move or count something
StockFact = Receipt | Arrival | Distribution | Loss | Dispatch | Repack | Count

PlacedCount = tuple[int, int, bytes, int, CountLine]  # at, lamport, entry id, place in the entry, line


class Moves(NamedTuple):
    """Movements at one place as columns, a line each: item, lot, at (ms), quantity in thousandths."""

    items: list[str]
    lots: list[str]
    times: list[int]
    qtys: list[int]


class Gain(NamedTuple):
    """What a fact adds at its place, where it does both: the made goods of a repack."""

    at: int
    lines: Sequence[Any]


class Drain(NamedTuple):
    """What a fact takes off at its place, where it does both: the used goods of a repack."""

    at: int
    lines: Sequence[Any]


def effects(fact: object) -> list[tuple[int, Sequence[Any]]]:
    """What a fact does at its place: +1 or -1 and the lines that it does so with. Counts do nothing of this kind."""
    if isinstance(fact, Repack):
        return [(-1, fact.used), (1, fact.made)]
    sign = SIGNS.get(type(fact))
    return [(sign, cast(Movement, fact).lines)] if sign else []


def items_of(fact: object) -> set[str]:
    """The items that a fact moves or counts."""
    if isinstance(fact, Count):
        return {line.item for line in fact.lines}
    return {line.item for _, lines in effects(fact) for line in lines}


class Placed(Protocol):
    """An entry as the log hands it over."""

    @property
    def id(self) -> bytes: ...
    @property
    def lamport(self) -> int: ...
    @property
    def fact(self) -> object: ...


@dataclass(slots=True)
class Cell:
    """One item at one place: newest fact and latest whole count (ms), on hand by lot, later counts of single lots."""

    newest: int = NEVER
    counted: int = NEVER
    lots: dict[str, int] = field(default_factory=dict)
    lot_counted: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """On hand over all lots, in thousandths."""
        return sum(self.lots.values())


def by_lot(line: CountLine) -> dict[str, int]:
    """How a count of the whole item lies in lots: as it says, and what remains in no named lot."""
    found: dict[str, int] = {"": line.qty}
    for lot, qty in line.split:
        if lot:
            found[lot] = found.get(lot, 0) + qty
            found[""] -= qty
    return found


def count(cell: Cell, counts: Sequence[PlacedCount]) -> bool:
    """Bring a cell up to date with counts that came in since; False where that can't be told: the cell is spoilt."""
    known = cell.newest
    return all(_count(cell, at, line, known) for at, _, _, _, line in _deciding(sorted(counts), known))


def move(cells: Mapping[str, Cell], moves: Moves, sign: int) -> set[str]:
    """Bring a place's cells up to date with movements that came in since; the items for which that can't be told."""
    floors = {item: NEVER if cell.lot_counted else cell.counted for item, cell in cells.items()}
    newest = {item: cell.newest for item, cell in cells.items()}
    spoilt = set()
    for item, lot, at, qty in zip(*moves, strict=True):
        if at > newest[item]:
            newest[item] = at
        floor = floors[item]
        if floor == NEVER:
            floor = cells[item].lot_counted.get(lot, cells[item].counted)
        if at > floor:
            lots = cells[item].lots
            lots[lot] = lots.get(lot, 0) + sign * qty
        elif at == floor:
            spoilt.add(item)
    for item, at in newest.items():
        cells[item].newest = at
    return spoilt


def take_back(cells: Mapping[str, Cell], moves: Moves, sign: int) -> tuple[set[str], set[str]]:
    """Take back movements that were undone, after all that came in was brought in.

    Gives the items for which that can't be told, since the movement is as old as a count; and those of which the
    newest fact may be gone, so that `newest` has to be looked up.
    """
    spoilt, faded = set(), set()
    for item, lot, at, qty in zip(*moves, strict=True):
        cell = cells[item]
        floor = cell.lot_counted.get(lot, cell.counted)
        if at == floor:
            spoilt.add(item)
        elif at > floor:
            cell.lots[lot] = cell.lots.get(lot, 0) - sign * qty
        if at >= cell.newest:
            faded.add(item)
    return spoilt, faded


def newest(entries: Iterable[Placed], items: Iterable[str]) -> dict[str, int]:
    """When the newest fact of each item was, from the entries of one place, newest first; no fact, no time."""
    found, wanted = dict[str, int](), set(items)
    for entry in entries:
        for item in wanted & items_of(entry.fact):
            found[item] = getattr(entry.fact, "at", NEVER)
            wanted.remove(item)
        if not wanted:
            break
    return found


def _deciding(counts: list[PlacedCount], known: int) -> list[PlacedCount]:
    """Leave out what a later count of the whole item makes irrelevant."""
    for start in range(len(counts) - 1, 0, -1):
        if counts[start][4].lot is None and counts[start][0] > known:
            return counts[start:]
    return counts


def _count(cell: Cell, at: int, line: CountLine, known: int) -> bool:
    if at <= known:
        floor = cell.counted if line.lot is None else max(cell.counted, cell.lot_counted.get(line.lot, NEVER))
        return at < floor
    cell.newest = max(cell.newest, at)
    if line.lot is None:
        cell.counted, cell.lots, cell.lot_counted = at, by_lot(line), {}
    else:
        cell.lots[line.lot] = line.qty
        cell.lot_counted[line.lot] = at
    return True


def recount(entries: Iterable[Placed], items: Iterable[str]) -> dict[str, Cell]:
    """Cells of items at one place from its entries alone, newest first and without those undone.

    Reads no further than to the count that settles the last of the items. No fact of an item, no cell.
    """
    found = {item: Cell() for item in items}
    unsettled = dict(found)
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, Count):
            for line in reversed(fact.lines):
                _count_back(unsettled, fact.at, line)
        else:
            for sign, lines in effects(fact):
                _move_back(unsettled, getattr(fact, "at", NEVER), sign, lines)
        if not unsettled:
            break
    return {item: cell for item, cell in found.items() if cell.newest != NEVER}


def _move_back(unsettled: dict[str, Cell], at: int, sign: int, lines: Sequence[Any]) -> None:
    for line in lines:
        cell = unsettled.get(line.item)
        if cell is not None:
            cell.newest = max(cell.newest, at)
            if line.lot not in cell.lot_counted:
                cell.lots[line.lot] = cell.lots.get(line.lot, 0) + sign * line.qty


def _count_back(unsettled: dict[str, Cell], at: int, line: CountLine) -> None:
    cell = unsettled.get(line.item)
    if cell is None:
        return
    cell.newest = max(cell.newest, at)
    seen = by_lot(line) if line.lot is None else {line.lot: line.qty}
    for lot, qty in seen.items():
        if lot not in cell.lot_counted:
            cell.lots[lot] = cell.lots.get(lot, 0) + qty
    if line.lot is None:
        cell.counted = at
        del unsettled[line.item]
    else:
        cell.lot_counted.setdefault(line.lot, at)
