"""What of a report leaves the node: neither counts so small that they point at somebody, nor what people typed freely.

A count under five is left out as an empty cell, and is in no total either: a total that held it would give it away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from node.reporting.model import Report, Values

SMALL = 5
PEOPLE_LEFT_OUT = f"Counts of people under {SMALL} are left out, also of totals."
WORDS_LEFT_OUT = "Free text is left out."


def for_outside(report: Report, people: bool = False, words: bool = False) -> Report:
    """The same without small counts, unless `people` are asked for, and without free text, unless `words` are."""
    left_out = []
    if not people and any(column.counts_people for column in report.columns):
        report, left_out = _without_small_counts(report), [PEOPLE_LEFT_OUT]
    if not words and any(column.private for column in report.columns):
        report, left_out = _without_words(report), [*left_out, WORDS_LEFT_OUT]
    return replace(report, notes=(*report.notes, *left_out))


def _without_small_counts(report: Report) -> Report:
    counts = {at for at, column in enumerate(report.columns) if column.counts_people}

    def rows() -> Iterator[Values]:
        for row in report.rows():
            yield tuple(None if at in counts and _is_small(cell) else cell for at, cell in enumerate(row))

    return replace(report, rows=rows)


def _is_small(count: int | None) -> bool:
    return count is not None and 0 < count < SMALL


def _without_words(report: Report) -> Report:
    kept = [at for at, column in enumerate(report.columns) if not column.private]

    def rows() -> Iterator[Values]:
        return (tuple(row[at] for at in kept) for row in report.rows())

    return replace(report, columns=tuple(report.columns[at] for at in kept), rows=rows)


def shown(people: bool, words: bool) -> str:
    """What was asked for by name, as one text: it stands in the file, so that the same can be made again."""
    return " ".join(name for name, asked in (("people", people), ("words", words)) if asked)


def read_shown(text: str) -> Mapping[str, bool]:
    """What `shown` wrote, as the arguments of `for_outside`."""
    return {name: name in text.split() for name in ("people", "words")}
