"""Statements: what there was, what came, what became of it and what is left, in any period, told by whatever is asked.

For each row, in quantity and in value:
*opening + opening in transit + received + transferred in = transferred out + distributed + lost + repacked
+ unexplained + in transit + closing*. Goods in transit are their sender's until they arrive or are given up, so that
over the network as much is transferred in as out, in any period.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from node.events import LOSS_REASONS
from node.fold import Node
from node.folding.books import Connection
from node.reporting import axes, movements
from node.reporting.asked import Scope, View
from node.reporting.axes import Axis, Key
from node.reporting.lines import exact_sums
from node.reporting.model import Column, Report, Values
from node.reporting.posting import (
    CAME,
    DISTRIBUTED,
    IN_TRANSIT,
    LOST,
    MISSING,
    REPACKED,
    TRANSFERRED_OUT,
    UNEXPLAINED,
    sign,
)
from node.reporting.worth import NO_RATES, Rates, amounts

REASONS = (*LOSS_REASONS, MISSING)
OPENING = ("opening", "opening_in_transit")
OUT = (TRANSFERRED_OUT, DISTRIBUTED, *(f"lost_{reason}" for reason in REASONS), REPACKED, UNEXPLAINED)
FIGURES = (*OPENING, *CAME, *OUT, IN_TRANSIT, "closing")
SLOTS = {name: at for at, name in enumerate(FIGURES)}
_IN_TRANSIT, _CLOSING = SLOTS[IN_TRANSIT], SLOTS["closing"]
_CAME, _WENT = [SLOTS[name] for name in (*OPENING, *CAME)], [SLOTS[name] for name in (*OUT, IN_TRANSIT)]
_TITLES = {
    "opening_in_transit": "Opening in transit",
    "lost_other": "Lost, other reasons",
    **{f"lost_{reason}": f"Lost, {reason}" for reason in (*LOSS_REASONS[:-1], MISSING)},
}
NOTES = (
    "Opening and closing are on hand; goods in transit are their sender's until they arrive or are given up.",
    "Unexplained is what counts found missing, by all that is known now; less than nothing is what they found beyond.",
    "Values are those of each lot where it is known, else the item's standard value, as the catalogue says now.",
    "Lots that nobody named were given first expired, first out when the entry was recorded.",
)
Books = Callable[[], AbstractContextManager[Connection]]
Sums = list[int]


def slot(account: str) -> int:
    """The figure to which an account belongs."""
    name, _, more = account.partition(":")
    return SLOTS[f"lost_{more.partition(':')[0]}" if account.startswith(LOST) else name]


class Row:
    """Sums of one row: quantities in thousandths, and worth in 10^-21, figure by figure."""

    __slots__ = ("qty", "worth")

    def __init__(self) -> None:
        self.qty, self.worth = [0] * len(FIGURES), [0] * len(FIGURES)

    def close(self) -> None:
        """Find what is in transit and on hand at the end from all that was before and came and went."""
        for sums in (self.qty, self.worth):
            sums[_IN_TRANSIT] += sums[1]
            sums[_CLOSING] = sum(sums[at] for at in _CAME) - sum(sums[at] for at in _WENT)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not any(self.qty) and not any(self.worth)


def rows(view: View, by: Sequence[Axis]) -> dict[Key, Row]:
    """The sums by key; those with nothing to tell are left out."""
    key, found, by_cell = axes.keys(view, by), defaultdict[Key, Row](Row), dict[int, tuple[Sums, Sums, int]]()
    for cell in view.cells():
        row = found[key(cell)]
        by_cell[cell.no] = row.qty, row.worth, cell.unit[0]
    accounts: dict[str, tuple[int, int]] = {}
    for no, account, before, within in _sums(view, by_cell):
        if no in by_cell:
            at, step = accounts.get(account) or accounts.setdefault(account, (slot(account), sign(account)))
            qty, worth, unit = by_cell[no]
            qty[at] += within
            if unit:
                worth[at] += within * unit
            if before:
                _open(qty, at, step * before)
                _open(worth, at, step * before * unit)
    for row in found.values():
        row.close()
    return {key: row for key, row in found.items() if not row.is_empty}


def _open(sums: Sums, at: int, before: int) -> None:
    sums[0] += before
    if at == _IN_TRANSIT:
        sums[1] -= before  # what is on its way has left what is on hand


def _sums(view: View, by_cell: dict[int, Any]) -> list[tuple[Any, ...]]:
    where, values = "1", list[int]()
    if view.scope.until is not None:
        where, values = "at < ?", [view.scope.until]
    if not view.covers_all and len(by_cell) <= 500:
        where += f" AND cell IN ({','.join('?' * len(by_cell))})"
        values += by_cell
    return exact_sums(view.connection, "cell, account", where, values, view.scope.since)


# the report


def columns(by: Sequence[Axis]) -> tuple[Column, ...]:
    """What the rows hold: by what they are told apart, then quantities, then values."""
    names = (column for axis in by for column in axis.columns)
    return (*names, *figure_columns([(name, _title(name), _tag(name)) for name in FIGURES]))


def figure_columns(figures: Sequence[tuple[str, str, str]]) -> list[Column]:
    """Columns of quantities, then of values, of figures by name, title and the attributes of their tag."""
    quantities = [Column(name, title, "qty", f"#item+qty+{tag}+num", True) for name, title, tag in figures]
    values = [
        Column(f"{name}_value", f"{title}, value", "money", f"#value+{tag}+num", True) for name, title, tag in figures
    ]
    return [*quantities, *values]


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def _tag(name: str) -> str:
    return name.replace("_", "+") if name.startswith("lost") else name.replace("_", "")


def statement(
    node: Node, scope: Scope, by: Sequence[str] = (), rates: Rates = NO_RATES, books: Books | None = None
) -> Report:
    """The statement of a scope, a row for each item and currency and whatever else they are told `by` (see `axes`).

    `books` gives the tables of movements to read, those of now unless said otherwise.
    """
    told, opened = axes.chosen(by), books or (lambda: movements.up_to_date(node))

    def _rows() -> Iterator[Values]:
        with opened() as connection:
            view = View(node, connection, scope, rates)
            made = [(axes.said(view, told, key), row) for key, row in rows(view, told).items()]
        made.sort(key=lambda row: _order(row[0], told))
        return ((*names, *row.qty, *amounts(row.worth, names[-1])) for names, row in made)

    notes = (*NOTES, *filter(None, [rates.said()]))
    return Report("statement", "Statement", columns(told), _rows, scope.about(), notes)


def _order(names: Key, told: Sequence[Axis]) -> tuple[str, ...]:
    """By names first, as people look things up, then by ids."""
    kinds = [column.kind for axis in told for column in axis.columns]
    shown = [name.casefold() for name, kind in zip(names, kinds, strict=True) if kind != "id"]
    return (*shown, *names)
