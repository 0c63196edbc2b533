"""PDF: a report on numbered sheets, with totals and room for signatures. Needs the extra `pdf`.

The letters are those of Source Sans: Latin, Greek and Cyrillic. Others are shown as a box; the page to print has them.
"""

from itertools import islice
from typing import IO, Any

from node.reporting.writing.document import Document, Progress, Witness
from node.reporting.writing.paper import SIGNED, Sheet, for_people
from node.reporting.writing.totals import Totals
from sync.errors import OutOfRange, Problem

ROWS_MAX = 20_000  # about six hundred sheets; the whole of it lies in memory
ROWS_MEASURED = 500  # whose texts decide how wide columns are


def write(document: Document, out: IO[bytes], progress: Progress | None = None) -> None:
    """The report as one PDF; OutOfRange where it would have more rows than anybody prints."""
    report, witness, totals = document.report, Witness(document, progress), Totals(document.report.columns)
    sheet = Sheet(report)
    sheets = _library().Sheets(report.title, sheet.columns)
    sheets.begin(report.about)
    first = islice(Witness(document).passing(), ROWS_MEASURED)
    sheets.measure([sheet.cells(row, told) for row, told in first])
    sheets.heads()
    for row, told in witness.passing():
        if witness.rows > ROWS_MAX:
            todo = "Choose xlsx or csv, or ask for less."
            raise OutOfRange(f"A PDF of more than {ROWS_MAX} rows is too much to print.", kept="", todo=todo)
        totals.take(row)
        sheets.row(sheet.cells(row, told))
    if not witness.rows:
        sheets.words("There is nothing to tell.")
    for total in totals.lines():
        sheets.row(sheet.total(total), bold=True)
    sheets.end(sheet.notes, SIGNED, dict(for_people(witness.proof())))
    out.write(bytes(sheets.output()))


def _library() -> Any:
    try:
        from node.reporting.writing import pdf_sheets
    except ImportError:
        todo = "Run `pip install '.[pdf]'` in Bucketline's folder, or choose html and print that."
        raise Problem("PDF needs a library that isn't installed here.", kept="", todo=todo) from None
    return pdf_sheets
