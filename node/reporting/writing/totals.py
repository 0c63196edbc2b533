"""Sums over a report's rows, exact: one line for each unit and each currency, since pieces and litres don't add up."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from node.reporting.model import Column, Values
from node.reporting.writing.cells import EXACT, amount, exact, group_of


class Total(NamedTuple):
    """One line: the column that says of what (None: of anything), what it says there, and the sums by column."""

    group: int | None
    of: str
    sums: dict[int, Decimal]


class Totals:
    """Adds up rows as they pass. `places` is the most decimal places that any number of a column had."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self._adding = [(at, column, group_of(columns, column)) for at, column in enumerate(columns) if column.adds_up]
        self._sums: defaultdict[tuple[int | None, str], defaultdict[int, Decimal]] = defaultdict(
            lambda: defaultdict(Decimal)
        )
        self.places: dict[int, int] = {at: 0 for at, _, _ in self._adding}

    def take(self, row: Values) -> None:
        """Add one row."""
        for at, column, group in self._adding:
            if row[at] is not None:
                value = exact(column, row[at])
                sums = self._sums[group, "" if group is None else row[group] or ""]
                sums[at] = EXACT.add(sums[at], value)
                self.places[at] = max(self.places[at], len(amount(value).partition(".")[2]))

    def lines(self) -> list[Total]:
        """The sums: by unit, by currency, then those of anything; no line where there is nothing to add up."""
        found = [Total(group, of, dict(sums)) for (group, of), sums in self._sums.items()]
        return sorted(found, key=lambda total: (total.group is None, total.group or 0, total.of))
