"""Activity by day: how much was written down and done, and what came and went of each item, in a given time zone."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from node.events import Distribution
from node.fold import Node
from node.reporting import axes, movements
from node.reporting.asked import Scope, View
from node.reporting.axes import Key
from node.reporting.behind import Figure, lines
from node.reporting.model import Column, Report, Values
from node.reporting.posting import CAME
from node.reporting.statement import FIGURES, OUT, Books, columns, slot
from node.reporting.worth import NO_RATES, Rates, amounts
from node.units import day_of
from sync.log import Folded

KINDS = {
    "Receipt": "receipts",
    "Distribution": "drops",
    "Dispatch": "dispatches",
    "Arrival": "arrivals",
    "Loss": "losses",
    "Repack": "repacks",
    "Count": "counts",
}
COLUMNS = (
    Column("date", "Day", "date", "#date+occurred"),
    Column("entries", "Entries", "int", "#meta+entries+num", True),
    *(Column(name, name.capitalize(), "int", f"#activity+{name}+num", True) for name in KINDS.values()),
    Column("people", "People served", "int", "#reached+ind", True, counts_people=True),
    Column("households", "Households served", "int", "#reached+hh", True, counts_people=True),
)
NOTES = ("People and households are those of every drop that has a line in what is covered.",)
FLOW = (*CAME, *OUT)  # what comes and goes in a day
FLOWS = {name: at for at, name in enumerate(FLOW)}
QUARTER_MS = 900_000  # no time zone divides a quarter of an hour
_PART = 2000  # entries read at a time


def day_in(zone: dt.tzinfo) -> Callable[[int], str]:
    """Which day (YYYY-MM-DD) a time (ms) falls on there; what lies beyond the calendar is told in UTC."""

    known: dict[int, str] = {}

    def _day(ms: int) -> str:
        quarter = ms // QUARTER_MS
        if quarter not in known:
            known[quarter] = _date(quarter * QUARTER_MS, zone)
        return known[quarter]

    return _day


def _date(ms: int, zone: dt.tzinfo) -> str:
    try:
        return dt.datetime.fromtimestamp(ms // 1000, zone).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return day_of(ms)


def activity(node: Node, scope: Scope, zone: dt.tzinfo = dt.UTC, books: Books | None = None) -> Report:
    """A row for each day on which something took place: entries by kind, and people and households served."""
    opened = books or (lambda: movements.up_to_date(node))
    day = day_in(zone)

    def _rows() -> Iterator[Values]:
        with opened() as connection:
            ns = _entries(View(node, connection, scope))
            parts = [ns[start : start + _PART] for start in range(0, len(ns), _PART)]
            days: dict[str, list[int]] = {}
            for entry in (entry for part in parts for entry in node.log.fetch(part)):
                _tally(days.setdefault(day(getattr(entry.fact, "at", 0)), [0] * (len(COLUMNS) - 1)), entry)
        return ((date, *days[date]) for date in sorted(days))

    about = {**scope.about(), "time zone": str(zone)}
    return Report("activity", "Activity by day", COLUMNS, _rows, about, NOTES)


def _entries(view: View) -> list[int]:
    """The numbers of the entries that a scope covers, in order; counts that found what was expected among them."""
    cells = view.cells()
    found = {line.n for line in lines(view, cells, Figure(lambda _: 1, view.scope.since, view.scope.until))}
    wanted, head = {(cell.place, cell.item) for cell in cells}, view.words
    where, values = view.within
    for place, item, n in view.connection.execute(f"SELECT place, item, n FROM movement_count WHERE {where}", values):
        if (head.same_places.head(place), head.same_items.head(item)) in wanted:
            found.add(n)
    return sorted(found)


def _tally(row: list[int], entry: Folded) -> None:
    fact = entry.fact
    row[0] += 1
    row[1 + list(KINDS).index(type(fact).__name__)] += 1
    if isinstance(fact, Distribution):
        row[-2] += fact.people or 0
        row[-1] += fact.households or 0


def daily(
    node: Node, scope: Scope, zone: dt.tzinfo = dt.UTC, rates: Rates = NO_RATES, books: Books | None = None
) -> Report:
    """A row for each day, item and currency: what came and went, in quantity and value, as in a statement."""
    opened = books or (lambda: movements.up_to_date(node))
    told, day = axes.chosen(()), day_in(zone)

    def _rows() -> Iterator[Values]:
        with opened() as connection:
            view = View(node, connection, scope, rates)
            found = _flows(view, told, day)
            made = [(date, *axes.said(view, told, key), *sums) for (date, key), sums in found]
        names = 2 + len(axes.ITEM.columns)
        return iter(sorted(made, key=lambda row: (row[0], row[2].casefold(), row[:names])))

    about = {**scope.about(), "time zone": str(zone)}
    return Report("daily", "Goods by day", (COLUMNS[0], *_flow_columns(told)), _rows, about)


def _flow_columns(told: Sequence[axes.Axis]) -> list[Column]:
    """Those of a statement but what is there at a moment."""
    moments = {f"{name}{kind}" for name in FIGURES if name not in FLOW for kind in ("", "_value")}
    return [column for column in columns(told) if column.name not in moments]


def _flows(
    view: View, told: Sequence[axes.Axis], day: Callable[[int], str]
) -> Iterator[tuple[tuple[str, Key], list[Any]]]:
    """By day and key: quantities, then amounts. Line by line, since few lines share a day and a cell."""
    key, cells, flows = axes.keys(view, told), {cell.no: cell for cell in view.cells()}, dict[str, int | None]()
    found = defaultdict[tuple[str, Key], tuple[list[int], list[int]]](lambda: ([0] * len(FLOW), [0] * len(FLOW)))
    rows = {no: (key(cell), cell.unit[0]) for no, cell in cells.items()}
    where, values = view.within
    sql = f"SELECT cell, account, at, qty FROM movement WHERE {where}"
    for no, account, moment, qty in view.connection.execute(sql, values):
        if account not in flows:
            flows[account] = FLOWS.get(FIGURES[slot(account)])
        at = flows[account]
        if at is not None and no in rows:
            names, unit = rows[no]
            flow = found[day(moment), names]
            flow[0][at] += int(qty)
            flow[1][at] += int(qty) * unit
    return ((one, [*qty, *amounts(worth, one[1][-1])]) for one, (qty, worth) in found.items() if any(qty) or any(worth))
