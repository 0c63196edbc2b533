"""The fold as it is meant: a slow, direct function over a list of entries, to hold the real one against.

An entry is anything with `id`, `node`, `lamport` and `fact`, such as sync.log.Folded. Nothing here imports the fold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from node.events import (
    Arrival,
    Count,
    CountLine,
    Dispatch,
    Distribution,
    Item,
    Keep,
    Loss,
    Place,
    Receipt,
    Repack,
    Team,
    Void,
)

STOCK_FACTS = (Receipt, Distribution, Loss, Count, Dispatch, Arrival, Repack)
FIELDS = {"item": ("name", "unit", "category", "kit", "weight", "volume"), "place": ("name", "kind", "lat", "lon")}


@dataclass
class Cell:
    """One item at one place: times of its newest fact and of its latest whole count, lots, counts of single lots."""

    newest: int | None = None
    counted: int | None = None
    lots: dict[str, int] = field(default_factory=dict)
    lot_counted: dict[str, int] = field(default_factory=dict)


def undone(entries: Iterable[Any]) -> set[bytes]:
    """Ids of the entries that an entry of the same node undoes; an undo itself can't be undone."""
    entries = list(entries)
    voids = {(e.fact.target, e.node) for e in entries if isinstance(e.fact, Void)}
    return {e.id for e in entries if not isinstance(e.fact, Void) and (e.id.hex(), e.node) in voids}


def standing(entries: Iterable[Any], *kinds: type) -> list[Any]:
    """Entries of these kinds that aren't undone."""
    entries = list(entries)
    gone = undone(entries)
    return [e for e in entries if isinstance(e.fact, kinds) and e.id not in gone]


def cells(entries: Iterable[Any]) -> dict[tuple[str, str], Cell]:
    """Every cell by (place, item), by replaying what stands in the order (at, lamport, id)."""
    found: dict[tuple[str, str], Cell] = {}
    for entry in sorted(standing(entries, *STOCK_FACTS), key=lambda e: (e.fact.at, e.lamport, e.id)):
        for sign, line in signed(entry.fact):
            cell = found.setdefault((entry.fact.place, line.item), Cell())
            cell.newest = entry.fact.at
            apply(cell, entry.fact, sign, line)
    return found


def signed(fact: Any) -> list[tuple[int, Any]]:
    """The lines of a fact of stock, each with the sign that it has at the fact's place."""
    if isinstance(fact, Repack):
        return [(-1, line) for line in fact.used] + [(1, line) for line in fact.made]
    sign = 1 if isinstance(fact, (Receipt, Arrival)) else -1
    return [(sign, line) for line in fact.lines]


def apply(cell: Cell, fact: Any, sign: int, line: Any) -> None:
    """One line of a fact, after all earlier ones."""
    if isinstance(line, CountLine) and line.lot is None:
        cell.counted, cell.lot_counted = fact.at, {}
        cell.lots = {"": line.qty - sum(qty for lot, qty in line.split if lot)}
        for lot, qty in line.split:
            if lot:
                cell.lots[lot] = cell.lots.get(lot, 0) + qty
    elif isinstance(line, CountLine):
        cell.lots[line.lot] = line.qty
        cell.lot_counted[line.lot] = fact.at
    else:
        cell.lots[line.lot] = cell.lots.get(line.lot, 0) + sign * line.qty


def on_hand(entries: Iterable[Any]) -> dict[tuple[str, str, str], int]:
    """Thousandths by (place, item, lot), where they aren't zero."""
    return {
        (place, item, lot): qty
        for (place, item), cell in cells(entries).items()
        for lot, qty in cell.lots.items()
        if qty
    }


def transit(entries: Iterable[Any]) -> dict[tuple[str, str, str], tuple[int, ...]]:
    """Sent, arrived, damaged and missing by (dispatch in hex, item, lot), where any of them isn't zero."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for entry in standing(entries, Dispatch, Arrival):
        for line in entry.fact.lines:
            is_sent = isinstance(entry.fact, Dispatch)
            of = entry.id.hex() if is_sent else entry.fact.dispatch
            parts = (line.qty, 0, 0, 0) if is_sent else (0, line.qty, line.damaged, line.missing)
            sums = found.setdefault((of, line.item, line.lot), [0, 0, 0, 0])
            sums[:] = [one + other for one, other in zip(sums, parts, strict=True)]
    return {key: tuple(sums) for key, sums in found.items() if any(sums)}


def stated(entries: Iterable[Any]) -> dict[tuple[Any, ...], tuple[Any, bytes]]:
    """The catalogue field by field: the value and the entry of what was stated last, by (lamport, id)."""
    found: dict[tuple[Any, ...], tuple[Any, bytes]] = {}
    entries = list(entries)
    tells = (Receipt, Repack)  # of lots, also where it was undone
    gone = {e.id for e in entries if not isinstance(e.fact, tells)} & undone(entries)
    for entry in sorted((e for e in entries if e.id not in gone), key=lambda e: (e.lamport, e.id)):
        for key, value in _statements(entry):
            found[key] = (value, entry.id)
    return found


def _statements(entry: Any) -> Iterable[tuple[tuple[Any, ...], Any]]:
    fact = entry.fact
    if isinstance(fact, Team):
        yield ("team", entry.node, "name"), fact.name
    if isinstance(fact, (Item, Place)):
        kind = type(fact).__name__.lower()
        for name in FIELDS[kind]:
            if getattr(fact, name) is not UNSET:
                yield (kind, fact.id, name), getattr(fact, name)
    if isinstance(fact, Item):
        yield from _item_statements(fact)
    if isinstance(fact, Keep):
        for name in ("minimum", "shelf"):
            if getattr(fact, name) is not UNSET:
                yield ("keep", fact.place, fact.item, name), getattr(fact, name)
    if isinstance(fact, (Receipt, Repack)):
        for line in fact.lines if isinstance(fact, Receipt) else fact.made:
            yield from _lot_statements(line)


def _item_statements(fact: Item) -> Iterable[tuple[tuple[Any, ...], Any]]:
    for table, said in (("code", fact.codes), ("pack", fact.packs), ("name", fact.names)):
        for key, value in said.items():
            yield (table, fact.id, key), value
    if fact.value is not UNSET:
        yield ("item", fact.id, "value"), (fact.value, (fact.value and fact.currency) or "")


def _lot_statements(line: Any) -> Iterable[tuple[tuple[Any, ...], Any]]:
    if line.lot:
        for name in ("batch", "expiry", "fund"):
            if getattr(line, name):
                yield ("lot", line.item, line.lot, name), getattr(line, name)
        if line.value:
            yield ("lot", line.item, line.lot, "value"), (line.value, line.currency)


def declared_first(entries: Iterable[Any]) -> dict[str, bytes]:
    """Which node declared each place first, by (lamport, id)."""
    found: dict[str, bytes] = {}
    for entry in sorted(standing(entries, Place), key=lambda e: (e.lamport, e.id)):
        found.setdefault(entry.fact.id, entry.node)
    return found
