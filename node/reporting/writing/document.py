"""A report on its way out: its table, and where it comes from, so that anybody with the same entries can check it."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from node.reporting.model import Report, Values
from node.reporting.writing.cells import reader

Progress = Callable[[int], None]  # is told how many rows are written
PART_CHARS_MAX = 30_000
EVERY = 1000  # rows between two tellings


@dataclass(frozen=True)
class Document:
    """A report with its origin, as text: what was `asked` of it, and the `root`, `policy` and `heads` of the node."""

    report: Report
    origin: Mapping[str, str] = field(default_factory=dict)


class Witness:
    """Counts and hashes rows as they pass: the digest is of the figures alone, in whatever format they are written.

    SHA-256 over one line a row, the names of the columns first: the cells as text, as a JSON list, in UTF-8.
    """

    def __init__(self, document: Document, progress: Progress | None = None) -> None:
        self._document, self._progress = document, progress
        self._hash = hashlib.sha256()
        self.rows = 0

    def passing(self) -> Iterator[tuple[Values, list[str]]]:
        """The rows of the report, once: each as values and as texts."""
        report = self._document.report
        texts = reader(report.columns)
        self._take([column.name for column in report.columns])
        for row in report.rows():
            told = texts(row)
            self._take(told)
            self.rows += 1
            if self._progress and self.rows % EVERY == 0:
                self._progress(self.rows)
            yield row, told
        if self._progress:
            self._progress(self.rows)

    def _take(self, cells: list[str]) -> None:
        self._hash.update(json.dumps(cells, ensure_ascii=False).encode() + b"\n")

    def proof(self) -> dict[str, str]:
        """What every file holds: {report, asked, shows, root, policy, heads, rows, digest}; after all rows passed."""
        document = self._document
        counted = {"rows": str(self.rows), "digest": self._hash.hexdigest()}
        return {"report": document.report.name, **document.origin, **counted}


def in_parts(value: str) -> list[str]:
    """A long value of the proof, such as the heads, in parts that a spreadsheet's cell can hold; at least one."""
    words = value.split(" ") if len(value) > PART_CHARS_MAX else [value]
    step = max(1, PART_CHARS_MAX // (max(map(len, words)) + 1))
    return [" ".join(words[at : at + step]) for at in range(0, len(words), step)]


def prove(document: Document) -> dict[str, str]:
    """The same, of a document that isn't written yet: its rows pass once for it."""
    witness = Witness(document)
    for _ in witness.passing():
        pass
    return witness.proof()
