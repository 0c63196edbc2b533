"""XLSX: one workbook, a sheet a report, and a last sheet that says what each covers and proves it.

Numbers and dates are real ones. Totals are formulas over the rows above them, so that they follow what somebody
corrects. No text is a formula: its cells are marked as text, as with an apostrophe that was typed before it.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from node.reporting.writing.document import Document, Progress, Witness, in_parts
from node.reporting.writing.xlsx_sheet import ReportSheet, Styles

NAME_CHARS_MAX = 31
_BEFORE_ALL = datetime(2000, 1, 1)  # the day a workbook was made would make two equal ones differ
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def write(documents: Sequence[Document], out: IO[bytes], progress: Progress | None = None) -> None:
    """All reports as one workbook."""
    with _workbook(out) as book:
        styles, names = Styles(book), set[str]()
        proofs = [_report(book, styles, names, Witness(document, progress), document) for document in documents]
        _about(book, styles, documents, proofs, names)


def _report(book: Any, styles: Styles, names: set[str], witness: Witness, document: Document) -> dict[str, str]:
    """One report on sheets of its own; its proof."""
    sheet = ReportSheet(document.report.columns, styles, _new_sheets(book, document.report.title, names))
    for row, told in witness.passing():
        sheet.take(row, told)
    sheet.finish()
    return witness.proof()


def _new_sheets(book: Any, title: str, names: set[str]) -> Iterator[Any]:
    """Sheets for a report, each with a name of its own: a sheet holds no more than so many rows."""
    while True:
        yield book.add_worksheet(sheet_name(title, names))


def sheet_name(title: str, taken: set[str]) -> str:
    """A name that a spreadsheet takes and that no other sheet has; it joins those that are `taken` (in lower case)."""
    clean = "".join(" " if char in "[]:*?/\\" or not char.isprintable() else char for char in title).strip(" '")
    clean, count = clean or "Report", 1
    name = clean[:NAME_CHARS_MAX].rstrip(" '")
    while name.lower() in taken or name.lower() == "history":
        count += 1
        mark = f" ({count})"
        name = clean[: NAME_CHARS_MAX - len(mark)] + mark
    taken.add(name.lower())
    return name


def _about(book: Any, styles: Styles, documents: Sequence[Document], proofs: Any, names: set[str]) -> None:
    sheet = book.add_worksheet(sheet_name("About", names))
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 90)
    at = 0
    for document, proof in zip(documents, proofs, strict=True):
        report = document.report
        notes = [("Note", note) for note in report.notes]
        sheet.write_string(at, 0, report.title, styles.head)
        for name, text in [*report.about.items(), *notes, *_in_parts(proof)]:
            at += 1
            sheet.write_string(at, 0, name, styles.text)
            sheet.write_string(at, 1, text, styles.text)
        at += 2


def _in_parts(proof: dict[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, part) for name, value in proof.items() for part in in_parts(value))


# a workbook that is the same, byte for byte, whenever and wherever it is made


@contextmanager
def _workbook(out: IO[bytes]) -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "book.xlsx"
        book = xlsxwriter.Workbook(str(file), _OPTIONS | {"tmpdir": folder})
        book.set_properties({"created": _BEFORE_ALL})
        book.set_calc_mode("auto")
        yield book
        book.close()
        _settle(file, out)


def _settle(file: Path, out: IO[bytes]) -> None:
    """The same archive with nothing in it of the time and the machine."""
    with zipfile.ZipFile(file) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as settled:
        for name in made.namelist():
            _copy(made, settled, name)


def _copy(made: zipfile.ZipFile, settled: zipfile.ZipFile, name: str) -> None:
    info = zipfile.ZipInfo(name, _ZIP_DATE)
    info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 0
    with made.open(name) as member, settled.open(info, "w", force_zip64=True) as copy:
        shutil.copyfileobj(member, copy, 1 << 20)
