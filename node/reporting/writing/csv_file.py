"""CSV: one line a row under the columns' names, in UTF-8; the proof stands in the last lines, after a `#` each.

With HXL (Humanitarian Exchange Language 1.1) the titles of the columns and a row of tags stand above the rows, and the
proof above these, where HXL expects what isn't data.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from node.reporting.model import Column
from node.reporting.writing.cells import harmless
from node.reporting.writing.document import Document, Progress, Witness, in_parts, prove

MARK = "# "  # before each line of the proof


def write(document: Document, out: IO[bytes], progress: Progress | None = None, proof: bool = True) -> None:
    """The table as CSV; without `proof` nothing but the table, for programs that want no other lines."""
    columns, witness = document.report.columns, Witness(document, progress)
    with _sheet(out) as sheet:
        sheet.writerow([column.name for column in columns])
        _rows(sheet, columns, witness)
        if proof:
            sheet.writerows([line] for line in proof_lines(witness.proof()))


def write_hxl(document: Document, out: IO[bytes], progress: Progress | None = None, proof: bool = True) -> None:
    """The table as CSV with a row of HXL tags."""
    columns = document.report.columns
    with _sheet(out) as sheet:
        if proof:
            sheet.writerows([line] for line in proof_lines(prove(document)))
        sheet.writerow([harmless(column.title) for column in columns])
        sheet.writerow([column.hxl for column in columns])
        _rows(sheet, columns, Witness(document, progress))


def proof_lines(proof: Mapping[str, str]) -> list[str]:
    """The proof as lines of text, `# name: value`; what is too long for a cell stands in several lines of that name."""
    return [f"{MARK}{name}: {part}" for name, value in proof.items() for part in in_parts(value)]


def _rows(sheet: Any, columns: tuple[Column, ...], witness: Witness) -> None:
    words = [at for at, column in enumerate(columns) if column.kind in ("text", "id")]
    for _, told in witness.passing():
        for at in words:
            told[at] = harmless(told[at])
        sheet.writerow(told)


@contextmanager
def _sheet(out: IO[bytes]) -> Iterator[Any]:
    """A CSV writer on a stream of bytes, which stays open."""
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=False)
    try:
        yield csv.writer(text)
    finally:
        text.flush()
        text.detach()
