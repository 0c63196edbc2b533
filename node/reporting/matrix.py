"""The transfer matrix: what went from whom to whom, between teams or places, and what is still on its way.

What was sent and is in transit stands by where it was sent to, what arrived by where it came.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from node.fold import Node
from node.reporting import axes, movements
from node.reporting.asked import Cell, Scope, View
from node.reporting.lines import exact_sums
from node.reporting.model import Column, Report, Values
from node.reporting.posting import ENDED, IN_TRANSIT, LOST_ON_THE_WAY, TRANSFERRED_OUT
from node.reporting.statement import Books, figure_columns
from node.reporting.worth import NO_RATES, Rates, amounts
from sync.errors import OutOfRange

FIGURES = ("sent", "arrived", "lost_on_the_way", "in_transit")
_SENT, _ARRIVED, _LOST, _OPEN = range(len(FIGURES))
_ACCOUNTS = (TRANSFERRED_OUT, IN_TRANSIT, ENDED, *LOST_ON_THE_WAY)
BETWEEN = ("team", "place")
NOTES = (
    "Arrived is what came in good order. In transit is at the end of the period.",
    "Goods of a dispatch that this node hasn't heard of came from nobody by name.",
)
Pair = tuple[str, str, str, str]  # from, to, item, currency
Sums = list[int]


def matrix(
    node: Node, scope: Scope, between: str = "team", rates: Rates = NO_RATES, books: Books | None = None
) -> Report:
    """A row for each pair of teams (or places), item and currency; a scope's place or team may be either end."""
    if between not in BETWEEN:
        raise OutOfRange(f"Transfers can't be told between {between}s.", todo=f"Choose among {', '.join(BETWEEN)}.")
    opened = books or (lambda: movements.up_to_date(node))
    axis = axes.AXES[between]

    def _rows() -> Iterator[Values]:
        with opened() as connection:
            places = View(node, connection, scope).places
            view = View(node, connection, replace(scope, place=None, team=None), rates)
            found = _pairs(view, places, lambda place: axis.of(view, _at(place)))
            made = [_said(view, axis, pair, *sums) for pair, sums in found.items()]
        return iter(sorted(made, key=lambda row: tuple(text.casefold() for text in row[: _names(axis)])))

    return Report("transfers", f"Transfers between {between}s", _columns(axis), _rows, scope.about(), NOTES)


def _at(place: str) -> Cell:
    return Cell(0, place, "", "", (0, ""), "")


def _names(axis: axes.Axis) -> int:
    return 2 * len(axis.columns) + len(axes.ITEM.columns) + 1


def _columns(axis: axes.Axis) -> tuple[Column, ...]:
    ends = [
        column._replace(name=f"{end}_{column.name}", title=f"{word}: {column.title.lower()}", hxl=f"{column.hxl}+{end}")
        for end, word in (("from", "From"), ("to", "To"))
        for column in axis.columns
    ]
    titles = [(name, name.replace("_", " ").capitalize(), name.replace("_", "")) for name in FIGURES]
    return (*ends, *axes.ITEM.columns, *axes.CURRENCY.columns, *figure_columns(titles))


def _pairs(view: View, places: set[str] | None, group: Callable[[str], str]) -> dict[Pair, tuple[Sums, Sums]]:
    """Quantities and worth by pair; those with nothing to tell are left out."""
    found: defaultdict[Pair, tuple[Sums, Sums]] = defaultdict(lambda: ([0] * len(FIGURES), [0] * len(FIGURES)))
    cells, head = {cell.no: cell for cell in view.cells()}, view.words.same_places.head
    for no, account, other, before, within in _sums(view):
        if no not in cells:
            continue
        cell, other = cells[no], head(other)
        origin, to = (other, cell.place) if account in LOST_ON_THE_WAY else (cell.place, other)
        if places is None or origin in places or to in places:
            sums = found[group(origin), group(to), cell.item, cell.unit[1]]
            _add(sums, cell.unit[0], account, before, within)
    return {pair: sums for pair, sums in found.items() if any(map(any, sums))}


def _sums(view: View) -> list[tuple[Any, ...]]:
    where, values = f"account IN ({','.join('?' * len(_ACCOUNTS))})", [*_ACCOUNTS]
    if view.scope.until is not None:
        where, values = f"{where} AND at < ?", [*values, view.scope.until]  # type: ignore[list-item]
    return exact_sums(view.connection, "cell, account, other", where, values, view.scope.since)


def _add(sums: tuple[Sums, Sums], unit: int, account: str, before: int, within: int) -> None:
    for part, times in zip(sums, (1, unit), strict=True):
        if account in LOST_ON_THE_WAY:
            part[_LOST] += within * times
            part[_ARRIVED] -= within * times
        elif account == TRANSFERRED_OUT:
            part[_ARRIVED] += within * times
        else:
            part[_OPEN] += (before + within) * times
            part[_SENT] += within * times if account == IN_TRANSIT else 0


def _said(view: View, axis: axes.Axis, pair: Pair, qty: Sums, worth: Sums) -> Values:
    origin, to, item, currency = pair
    ends = (*axis.say(view, origin), *axis.say(view, to))
    return (*ends, *axes.ITEM.say(view, item), currency, *qty, *amounts(worth, currency))
