"""A report as it is told on paper: which of its columns stand there, what each cell says, and how wide all is.

Ids are for programs and would leave no room; columns without an entry in any row are left out, and the foot says so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from node.reporting.model import Column, Report, Values
from node.reporting.writing.cells import NUMBERS, reader
from node.reporting.writing.cents import ROUNDED, Cents
from node.reporting.writing.layout import LETTERS, Layout, Need, Stack, arrange, value_of
from node.reporting.writing.moments import Moments
from node.reporting.writing.totals import Total, Totals

Width = Callable[[str, bool], float]  # of a text in ems; whether it is bold
WHOLE = (*NUMBERS, "date", "time")  # kinds that are never broken
TEXT_LEAST, TEXT_MOST = 7.0, 40.0  # ems of a text: below that it isn't read well, above it needs no more
WORDS_KEPT = 50_000  # whose widths are remembered
SIGNED = ("Prepared by", "Checked by", "Approved by")
UNDER = "value"  # what a value's heading says under that of its quantity


class Paper:
    """One report, once all its rows were looked at: `layout`, `totals`, and the texts of its cells."""

    def __init__(self, report: Report, width: Width, rows: Iterable[Values] | None = None) -> None:
        self._moments, self._cents = Moments(report), Cents(report.columns)
        self.columns: Sequence[Column] = [self._moments.headed(column) for column in report.columns]
        self.shown = [at for at, column in enumerate(report.columns) if column.kind != "id"]
        self._survey, self._report = _Survey(self.columns, self.shown, width), report
        self.totals = self._looked_at(report.rows() if rows is None else rows)
        self.layout: Layout = arrange(self.columns, self._survey.needs())

    def _looked_at(self, rows: Iterable[Values]) -> list[Total]:
        texts, totals = reader(self._report.columns), Totals(self._report.columns)
        for row in rows:
            totals.take(row)
            self._survey.take(row, self.told(row, texts(row)))
        for total in totals.lines():
            self._survey.widen(self.total(total), is_bold=True)
        return totals.lines()

    def told(self, row: Values, texts: list[str]) -> list[str]:
        """The cells of a row as paper tells them: times to the minute, money to the cent."""
        return self._cents.told(row, self._moments.told(row, texts))

    def total(self, total: Total) -> list[str]:
        """A line of totals: what is added up, of what, and the word for it in the first column that is free."""
        of = total.of if total.group is not None else ""
        cells = [
            self._cents.total(at, total.sums[at], of) if at in total.sums else "" for at in range(len(self.columns))
        ]
        free = [at for at in self.shown if at not in total.sums and at != total.group]
        if total.group is not None:
            cells[total.group] = total.of
        word = next((at for at in free if self.columns[at].kind not in WHOLE), total.group)
        if word is not None:
            cells[word] = f"Total {cells[word]}".strip()
        elif free:
            cells[free[0]] = "Total"
        return cells

    def totals_of(self, part: Sequence[Stack]) -> list[Total]:
        """The lines of totals that have a sum in a part of the table."""
        return [total for total in self.totals if any(at in total.sums for stack in part for at in stack.at)]

    def heading(self, stack: Stack) -> list[str]:
        """What stands above a stack: the quantity's heading, and a word for its value."""
        return [self.columns[stack.at[0]].title, *(UNDER for _ in stack.at[1:])]

    def caption(self, number: int) -> str:
        """What stands above a part of the table; nothing where it is in one."""
        parts = self.layout.parts
        said = f"Part {number + 1} of {len(parts)}: "
        return "" if len(parts) == 1 else said + ("the same rows, further columns" if number else "the first columns")

    def notes(self) -> Iterator[str]:
        """What paper has to say beside the report's own notes; once all is written."""
        if self._cents.were_rounded:
            yield ROUNDED
        if left_out := self._left_out():
            yield f"Columns without an entry are left out: {left_out}."

    def _left_out(self) -> str:
        empty = [at for at in self.shown if not self._survey.is_filled(at)] if self._survey.rows else []
        values = {value_of(self.columns, at) for at in empty} - {None}
        is_each = all(value in empty for value in values)
        named = [self.columns[at].title for at in empty if not is_each or at not in values]
        return "; ".join(named) + (", and the values of these" if is_each and values else "")


class _Survey:
    """How much room the cells of each column need, and which columns say anything."""

    def __init__(self, columns: Sequence[Column], shown: Sequence[int], width: Width) -> None:
        self._columns, self._shown = columns, shown
        self._filled: set[int] = set()
        self._least, self._wanted = dict.fromkeys(shown, 0.0), dict.fromkeys(shown, 0.0)
        self._room = lru_cache(WORDS_KEPT)(lambda text, is_bold: _room(width, text, is_bold))
        self.rows = 0

    def is_filled(self, at: int) -> bool:
        """Whether any row says something there; of no rows, whether it is a name."""
        return at in self._filled if self.rows else self._columns[at].kind not in NUMBERS

    def take(self, row: Values, told: Sequence[str]) -> None:
        """Look at a row."""
        self.rows += 1
        self._filled.update(at for at in self._shown if row[at] and told[at].strip())
        self.widen(told)

    def widen(self, told: Sequence[str], is_bold: bool = False) -> None:
        """Make room for these cells."""
        for at in self._shown:
            if told[at]:
                word, whole = self._room(told[at], is_bold)
                is_whole = self._columns[at].kind in WHOLE and not told[at].startswith("Total")
                self._least[at] = max(self._least[at], whole if is_whole else word)
                self._wanted[at] = max(self._wanted[at], whole)

    def needs(self) -> dict[int, Need]:
        """Of the columns that are told; at least of the first."""
        kept = [at for at in self._shown if self.is_filled(at)] or self._shown[:1]
        return {at: self._need(at) for at in kept}

    def _need(self, at: int) -> Need:
        heading, _ = self._room(self._columns[at].title, True)
        least = max(heading, self._least[at])
        if self._columns[at].kind in WHOLE:
            return Need(least, least)
        least = max(least, min(self._wanted[at], TEXT_LEAST))
        return Need(least, max(least, min(self._wanted[at], TEXT_MOST)))


def _room(width: Width, text: str, is_bold: bool) -> tuple[float, float]:
    """The width of the widest word, as far as words aren't broken, and that of the whole text."""
    words = text.split() or [""]
    return max(width(word[:LETTERS], is_bold) for word in words), width(" ".join(words), is_bold)


def for_people(proof: dict[str, str]) -> list[tuple[str, str]]:
    """What of the proof stands on paper: the heads, from which the root follows, are for programs."""
    return [(name, text) for name, text in proof.items() if name != "heads"]
