"""What of a report stands on paper: which columns, what their heads say, and the cells of its rows and totals."""

from collections.abc import Iterator
from itertools import islice

from node.reporting.model import Column, Report, Values
from node.reporting.writing.cells import amount
from node.reporting.writing.moments import Moments
from node.reporting.writing.totals import Total

WIDE = 11  # columns; a table of more is set in smaller type, and does without those of noughts
ROWS_LOOKED_AT = 5000  # for columns of noughts; of longer reports all columns stand
NOUGHT = "Columns in which every figure is nought are left out."
SIGNED = ("Prepared by", "Checked by", "Approved by")


class Sheet:
    """A report on paper. Ids are for programs, and would leave no room: they are left out."""

    def __init__(self, report: Report) -> None:
        self._moments, self._count = Moments(report), len(report.columns)
        people = [at for at, column in enumerate(report.columns) if column.kind != "id"]
        idle = _of_noughts(report) if len(people) > WIDE else frozenset[int]()
        self._shown = [at for at in people if at not in idle]
        self.columns: list[Column] = [self._moments.headed(report.columns[at]) for at in self._shown]
        self.notes = (*report.notes, NOUGHT) if idle else report.notes
        self.is_wide = len(self.columns) > WIDE

    def cells(self, row: Values, texts: list[str]) -> list[str]:
        """A row as it stands there."""
        told = self._moments.told(row, texts)
        return [told[at] for at in self._shown]

    def total(self, total: Total) -> list[str]:
        """A line of totals: what is added up, of what, and the word for it in the first column that is free."""
        cells = [amount(total.sums[at]) if at in total.sums else "" for at in range(self._count)]
        if total.group is not None:
            cells[total.group] = total.of
        free = [at for at in self._shown if at not in total.sums and at != total.group]
        if free:
            cells[free[0]] = "Total"
        return [cells[at] for at in self._shown]


def _of_noughts(report: Report) -> frozenset[int]:
    """The columns of figures in which no row has anything but nought; none where there are no rows."""
    idle = {at for at, column in enumerate(report.columns) if column.kind in ("qty", "money")}
    count = 0
    for row in _first(report):
        idle = {at for at in idle if not row[at]}
        count += 1
    return frozenset(idle) if 0 < count <= ROWS_LOOKED_AT else frozenset()


def _first(report: Report) -> Iterator[Values]:
    return islice(report.rows(), ROWS_LOOKED_AT + 1)


def for_people(proof: dict[str, str]) -> list[tuple[str, str]]:
    """What of the proof stands on paper: the heads, from which the root follows, are for programs."""
    return [(name, text) for name, text in proof.items() if name != "heads"]
