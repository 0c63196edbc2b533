"""The fold as it is meant: a slow, direct function over a list of entries, to hold the real one against.

An entry is anything with `id`, `node`, `lamport` and `fact`, such as sync.log.Folded. Nothing here imports the fold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from node.events import Count, CountLine, Distribution, Item, Loss, Place, Receipt, Team, Void

STOCK_FACTS = (Receipt, Distribution, Loss, Count)


@dataclass
class Cell:
    """One item at one place: times of its newest fact and of its latest whole count, lots, counts of single lots."""

    newest: int | None = None
    counted: int | None = None
    lots: dict[str, int] = field(default_factory=dict)
    lot_counted: dict[str, int] = field(default_factory=dict)


def undone(entries: Iterable[Any]) -> set[bytes]:
    """Ids of the stock entries that an entry of the same node undoes."""
    entries = list(entries)
    voids = {(e.fact.target, e.node) for e in entries if isinstance(e.fact, Void)}
    return {e.id for e in entries if isinstance(e.fact, STOCK_FACTS) and (e.id.hex(), e.node) in voids}


def cells(entries: Iterable[Any]) -> dict[tuple[str, str], Cell]:
    """Every cell by (place, item), by replaying what stands in the order (at, lamport, id)."""
    entries = list(entries)
    gone = undone(entries)
    standing = [e for e in entries if isinstance(e.fact, STOCK_FACTS) and e.id not in gone]
    found: dict[tuple[str, str], Cell] = {}
    for entry in sorted(standing, key=lambda e: (e.fact.at, e.lamport, e.id)):
        for line in entry.fact.lines:
            cell = found.setdefault((entry.fact.place, line.item), Cell())
            cell.newest = entry.fact.at
            apply(cell, entry.fact, line)
    return found


def apply(cell: Cell, fact: Any, line: Any) -> None:
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
        sign = 1 if isinstance(fact, Receipt) else -1
        cell.lots[line.lot] = cell.lots.get(line.lot, 0) + sign * line.qty


def on_hand(entries: Iterable[Any]) -> dict[tuple[str, str, str], int]:
    """Thousandths by (place, item, lot), where they aren't zero."""
    return {
        (place, item, lot): qty
        for (place, item), cell in cells(entries).items()
        for lot, qty in cell.lots.items()
        if qty
    }


def stated(entries: Iterable[Any]) -> dict[tuple[Any, ...], tuple[Any, bytes]]:
    """The catalogue field by field: the value and the entry of what was stated last, by (lamport, id)."""
    found: dict[tuple[Any, ...], tuple[Any, bytes]] = {}
    for entry in sorted(entries, key=lambda e: (e.lamport, e.id)):
        for key, value in _statements(entry):
            found[key] = (value, entry.id)
    return found


def _statements(entry: Any) -> Iterable[tuple[tuple[Any, ...], Any]]:
    fact = entry.fact
    if isinstance(fact, Team):
        yield ("team", entry.node, "name"), fact.name
    if isinstance(fact, (Item, Place)):
        kind = type(fact).__name__.lower()
        for name in {"item": ("name", "unit", "category"), "place": ("name", "kind", "lat", "lon")}[kind]:
            if getattr(fact, name) is not UNSET:
                yield (kind, fact.id, name), getattr(fact, name)
    if isinstance(fact, Item):
        for scheme, code in fact.codes.items():
            yield ("code", fact.id, scheme), code
        for pack, qty in fact.packs.items():
            yield ("pack", fact.id, pack), qty
    if isinstance(fact, Receipt):
        for line in fact.lines:
            yield from _lot_statements(line)


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
    for entry in sorted(entries, key=lambda e: (e.lamport, e.id)):
        if isinstance(entry.fact, Place):
            found.setdefault(entry.fact.id, entry.node)
    return found
