"""The charts that belong to a report, drawn from its own rows as they pass: what the table holds, they hold."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from node.reporting.model import Report, Values
from node.reporting.writing import charts
from node.reporting.writing.moments import Moments
from node.reporting.writing.sankey import End, Flow, sankey
from node.units import THOUSAND

UNITS_SHOWN = 4  # of what went from one to another: pieces and litres aren't added up
UNKNOWN = "not known"


class Drawing(Protocol):
    """Takes the rows of a report, and draws what it has seen."""

    def take(self, row: Mapping[str, Any]) -> None:
        """One row, by the columns' names."""

    def pictures(self) -> Iterator[str]:
        """The charts, as SVG."""


class Days:
    """Drops by day, of the report on activity."""

    def __init__(self, report: Report) -> None:
        self._days: dict[str, int] = {}

    def take(self, row: Mapping[str, Any]) -> None:
        """A day."""
        if row["drops"]:
            self._days[row["date"]] = row["drops"] * THOUSAND

    def pictures(self) -> Iterator[str]:
        """One chart."""
        yield charts.by_day("Drops, by day", "drops", self._days)


class Card:
    """What was on hand, of a stock card."""

    def __init__(self, report: Report) -> None:
        self._title = f"{report.about['item']} at {report.about['place']}: on hand"
        self._day = Moments(report).day
        self._steps: list[tuple[int, int]] = []

    def take(self, row: Mapping[str, Any]) -> None:
        """An entry and the balance after it."""
        if row["at"] is not None:
            self._steps.append((row["at"], row["balance"]))

    def pictures(self) -> Iterator[str]:
        """One chart."""
        yield charts.stock_over_time(self._title, "", self._steps, self._day)


class Transfers:
    """What went from whom to whom, of the transfer matrix: a picture a unit, those with the most rows first."""

    def __init__(self, report: Report) -> None:
        names = [column.name for column in report.columns]
        self._ids, self._names = ("place", "place_name") if "from_place" in names else ("node", "team")
        self._title = ", ".join([report.title, *filter(None, [report.about.get("item")])])
        self._rows: Counter[str] = Counter()
        self._flows: dict[str, dict[tuple[End, End], Flow]] = {}

    def take(self, row: Mapping[str, Any]) -> None:
        """What went of an item between two."""
        origin, to = (End(row[f"{end}_{self._ids}"], row[f"{end}_{self._names}"] or UNKNOWN) for end in ("from", "to"))
        flows, unit = self._flows.setdefault(row["unit"], {}), row["unit"]
        before = flows.get((origin, to), Flow(0, 0, 0))
        more = row["arrived"], row["in_transit"], row["lost_on_the_way"]
        flows[origin, to] = Flow(*(one + other for one, other in zip(before, more, strict=True)))
        self._rows[unit] += 1

    def pictures(self) -> Iterator[str]:
        """A chart for each unit, or one that says that there is nothing."""
        units = sorted(self._rows, key=lambda unit: (-self._rows[unit], unit))
        for unit in units[:UNITS_SHOWN]:
            yield sankey(f"{self._title}: {unit}", unit, self._flows[unit])
        if not units:
            yield sankey(self._title, "", {})


DRAWN: Mapping[str, Callable[[Report], Drawing]] = {"activity": Days, "stock-card": Card, "transfers": Transfers}


class Sketch:
    """The charts of any report, none for most: rows are shown to it as they pass."""

    def __init__(self, report: Report) -> None:
        make = DRAWN.get(report.name)
        self._names = [column.name for column in report.columns]
        self._drawing = make(report) if make else None

    def take(self, row: Values) -> None:
        """A row of the report."""
        if self._drawing:
            self._drawing.take(dict(zip(self._names, row, strict=True)))

    def pictures(self) -> list[str]:
        """What there is to be drawn, as SVG."""
        return list(self._drawing.pictures()) if self._drawing else []


def of_report(report: Report) -> list[str]:
    """The charts of a report, without its table."""
    sketch = Sketch(report)
    for row in report.rows():
        sketch.take(row)
    return sketch.pictures()
