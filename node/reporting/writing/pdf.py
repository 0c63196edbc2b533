"""PDF: a report on numbered sheets, with totals and room for signatures. Needs the extra `pdf`.

The letters are those of Source Sans: Latin, Greek and Cyrillic. Others are shown as a box; the page to print has them.
"""

from collections.abc import Iterator
from typing import IO, Any

from node.reporting.model import Values
from node.reporting.writing.document import Document, Progress, Witness
from node.reporting.writing.layout import Stack
from node.reporting.writing.paper import SIGNED, Paper, for_people
from sync.errors import OutOfRange, Problem

ROWS_MAX = 20_000  # about six hundred sheets; the whole of it lies in memory


def write(document: Document, out: IO[bytes], progress: Progress | None = None) -> None:
    """The report as one PDF; OutOfRange where it would have more rows than anybody prints."""
    report, witness = document.report, Witness(document, progress)
    sheets = _library().Sheets(report.title)
    paper = Paper(report, sheets.ems, _printable(document))
    sheets.begin(report.about)
    for number, part in enumerate(paper.layout.parts):
        heads = [paper.heading(stack) for stack in part]
        columns = [paper.columns[stack.at[0]] for stack in part]
        sheets.table(paper.layout.points, [stack.width for stack in part], columns, heads, paper.caption(number))
        for row, told in witness.passing() if number == 0 else Witness(document).passing():
            sheets.row(_cells(part, paper.told(row, told)))
        if not witness.rows:
            sheets.words("There is nothing to tell.")
        for total in paper.totals_of(part):
            sheets.row(_cells(part, paper.total(total), is_total=True), bold=True)
    sheets.end([*report.notes, *paper.notes()], SIGNED, dict(for_people(witness.proof())))
    out.write(bytes(sheets.output()))


def _printable(document: Document) -> Iterator[Values]:
    for number, row in enumerate(document.report.rows()):
        if number >= ROWS_MAX:
            todo = "Choose xlsx or csv, or ask for less."
            raise OutOfRange(f"A PDF of more than {ROWS_MAX} rows is too much to print.", kept="", todo=todo)
        yield row


def _cells(part: tuple[Stack, ...], texts: list[str], is_total: bool = False) -> list[list[str]]:
    """What stands in each stack, one under the other; no empty lines at the end, and of totals only what there is."""
    cells = [[texts[at] for at in stack.at if texts[at] or not is_total] for stack in part]
    return [cell if any(cell[1:]) else cell[:1] for cell in cells]


def _library() -> Any:
    try:
        from node.reporting.writing import pdf_sheets
    except ImportError:
        todo = "Run `pip install '.[pdf]'` in Bucketline's folder, or choose html and print that."
        raise Problem("PDF needs a library that isn't installed here.", kept="", todo=todo) from None
    return pdf_sheets
