"""XLSX: real numbers and dates, no formula but the totals, and those come to what we say when LibreOffice computes."""

import csv
import io
import re
import shutil
import subprocess
import time
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from node.reporting.model import Report
from node.reporting.writing import xlsx, xlsx_sheet
from node.reporting.writing.document import Document, prove
from node.reporting.writing.totals import Totals
from tests.reporting_formats.tables import COLUMNS, NASTY, NOON, document, random_rows, row

SEED = 23
SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
needs_soffice = pytest.mark.skipif(SOFFICE is None, reason="needs Debian's libreoffice-calc")
AT = {column.name: at for at, column in enumerate(COLUMNS)}


def made(*documents: Document) -> bytes:
    out = io.BytesIO()
    xlsx.write(documents, out)
    return out.getvalue()


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def recomputed(content: bytes, folder: Path) -> list[list[str]]:
    """The first sheet as LibreOffice computes it, each cell in full."""
    (folder / "book.xlsx").write_bytes(_without_values(content))
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false"
    command = [SOFFICE, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", options]
    subprocess.run([*command, "--outdir", str(folder), str(folder / "book.xlsx")], check=True, capture_output=True)
    return list(csv.reader((folder / "book.csv").open(encoding="utf-8", newline="")))


def _without_values(content: bytes) -> bytes:
    """The workbook without the results that it brings along: whoever opens it has to compute them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                text = re.sub(rb"</f><v>[^<]*</v>", b"</f>", text)
            new.writestr(name, text)
    return out.getvalue()


def test_numbers_and_dates_are_real_ones():
    rows = [row(item_name="Rice", qty=-2500, value=Decimal("0.10"), people=3, expiry="2027-02-28", at=NOON)]
    sheet = opened(made(document(rows)))["Stock by lot"]
    cells = {name: sheet.cell(2, at + 1).value for name, at in AT.items()}
    assert (cells["qty"], cells["value"], cells["people"]) == (-2.5, 0.1, 3)
    assert cells["expiry"] == datetime(2027, 2, 28) and cells["at"] == datetime(2026, 11, 24, 11)
    assert sheet.cell(2, AT["expiry"] + 1).number_format == "yyyy-mm-dd"
    assert sheet.freeze_panes == "A2"


def test_dates_that_spreadsheets_get_wrong_and_numbers_too_long_for_them_stay_texts():
    rows = [row(expiry="1899-12-31", at=-(10**15), qty=1_234_567_890_123_456)]
    sheet = opened(made(document(rows)))["Stock by lot"]
    told = [sheet.cell(2, AT[name] + 1).value for name in ("expiry", "at", "qty")]
    assert told == ["1899-12-31", "0001-01-01T00:00:00Z", "1234567890123.456"]
    odd = opened(made(document([row(expiry=text) for text in ("2027-02-30", "next week", "2027")])))["Stock by lot"]
    assert [odd.cell(line, AT["expiry"] + 1).value for line in (2, 3, 4)] == ["2027-02-30", "next week", "2027"]


def test_money_of_many_digits_is_a_number_to_the_cent_and_what_is_too_large_for_that_a_text():
    values = ("1187499.999062500125", "12345678901234.56", "1234567890123.45", "-0.333333333333")
    sheet = opened(made(document([row(value=Decimal(text)) for text in values])))["Stock by lot"]
    told = [sheet.cell(line, AT["value"] + 1).value for line in (2, 3, 4, 5)]
    assert told == [1187499.9990625, "12345678901234.56", 1234567890123.45, -0.333333333333]


def test_no_text_is_a_formula():
    rows = [row(place_name=text, item_name=text, unit=text, note=text) for text in NASTY]
    book = opened(made(document(rows)))
    for sheet in book.worksheets:
        for cell in (cell for line in sheet for cell in line if cell.value is not None):
            assert cell.data_type != "f" or str(cell.value).startswith("=ROUND("), cell.value
    told = [book["Stock by lot"].cell(at + 2, 1).value for at in range(len(NASTY))]
    assert [unescape(text or "") for text in told] == list(NASTY)
    assert book["Stock by lot"].cell(2, 1).quotePrefix


def test_the_last_sheet_says_what_is_covered_and_proves_it():
    made_of = document(random_rows(SEED, 5))
    told = [[cell.value for cell in line[:2]] for line in opened(made(made_of))["About"]]
    for name, text in prove(made_of).items():
        assert [name, text] in told
    assert ["Place", "=North"] in told


def test_a_sheet_a_report_each_with_a_name_that_is_taken_by_none():
    titles = ["A" * 40, "A" * 40, "a" * 40, "[:*?/\\]", "History", "", "About", "O'Neill's"]
    rows = random_rows(SEED, 3)
    made_of = [Document(Report("r", title, COLUMNS, lambda: iter(rows))) for title in titles]
    names = opened(made(*made_of)).sheetnames
    assert len({name.lower() for name in names}) == len(names) == len(titles) + 1
    assert all(len(name) <= 31 for name in names)


def test_the_same_report_gives_the_same_bytes(monkeypatch, tmp_path):
    rows = random_rows(SEED, 50)
    first = made(document(rows))
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert made(document(rows)) == first
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_report_of_more_rows_than_a_sheet_holds_goes_on_and_adds_up_over_all(monkeypatch):
    monkeypatch.setattr(xlsx_sheet, "ROWS_MAX", 10)
    rows = [row(unit="kg", qty=1000 + at) for at in range(25)]
    book = opened(made(document(rows)))
    assert book.sheetnames == ["Stock by lot", "Stock by lot (2)", "Stock by lot (3)", "About"]
    total = book["Stock by lot (3)"].cell(8, AT["qty"] + 1).value
    assert all(f"'{name}'!E$2:E${last}" in total for name, last in zip(book.sheetnames, (11, 11, 6), strict=False))


def totals(rows) -> list[tuple[str, Decimal]]:
    sums = Totals(COLUMNS)
    for cells in rows:
        sums.take(cells)
    return [(line.of, value) for line in sums.lines() for value in line.sums.values()]


@needs_soffice
def test_libreoffice_computes_the_totals_that_we_say(tmp_path):
    rows = random_rows(SEED, 300)
    found = recomputed(made(document(rows)), tmp_path)
    lines = [line for line in found[len(rows) + 1 :] if line[0] == "Total"]
    told = [
        (line[AT["unit"]] or line[AT["currency"]], Decimal(line[at]))
        for line in lines
        for at in (AT["qty"], AT["value"], AT["people"])
        if line[at]
    ]
    assert told == totals(rows)
    assert len(told) == 5 + 3 + 1, "units, currencies and people each have their totals"


@needs_soffice
def test_libreoffice_reads_texts_as_texts(tmp_path):
    rows = [row(place_name=text, qty=1) for text in NASTY if text and "\r" not in text]
    found = recomputed(made(document(rows)), tmp_path)
    assert [line[0] for line in found[1 : len(rows) + 1]] == [cells[0] for cells in rows]
