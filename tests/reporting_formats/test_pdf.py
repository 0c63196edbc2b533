"""PDF: every row is on a sheet, each sheet has its number, totals and signatures follow; the same bytes each time."""

import io
import re
import time

import pytest

from node.reporting.writing import pdf
from node.reporting.writing.cells import reader
from node.reporting.writing.document import Document, prove
from sync.errors import OutOfRange, Problem
from tests.reporting_formats.tables import COLUMNS, document, random_rows, row

pytest.importorskip("fpdf", reason="needs fpdf2: pip install -e '.[test]'")


def written(made: Document) -> bytes:
    out = io.BytesIO()
    pdf.write(made, out)
    return out.getvalue()


def test_it_is_a_pdf_of_numbered_sheets():
    content = written(document(random_rows(3, 150)))
    assert content.startswith(b"%PDF-")
    sheets = len(re.findall(rb"/Type /Page\b(?!s)", content))
    assert sheets > 3
    assert int(re.search(rb"/Count (\d+)", content)[1]) == sheets


class Recorder:
    """What was drawn, text by text, with the sheet that it was drawn on."""

    def __init__(self, monkeypatch) -> None:
        from node.reporting.writing.pdf_sheets import Sheets

        self.drawn: list[tuple[int, str, float, float]] = []
        draw = Sheets.cell

        def cell(sheets, width, height=None, text="", **more):
            self.drawn.append((sheets.page_no(), text, sheets.get_x(), sheets.get_y()))
            assert 0 <= sheets.get_y() <= sheets.h and 0 <= sheets.get_x() <= sheets.w, "on the sheet"
            return draw(sheets, width, height, text, **more)

        monkeypatch.setattr(Sheets, "cell", cell)

    def text(self) -> str:
        """All of it, one after the other."""
        return " ".join(text for _, text, _, _ in self.drawn)


def test_each_row_each_total_and_the_signatures_are_drawn(monkeypatch):
    drawn = Recorder(monkeypatch)
    rows = [row(place_name=f"Depot{at}", item_name="Ñandú", unit="kg", qty=1000 + at, people=9) for at in range(90)]
    made = document(rows)
    written(made)
    texts = [text for _, text, _, _ in drawn.drawn]
    for cells in rows:
        told = reader(COLUMNS)(cells)
        assert told[0] in texts and told[4] in texts
    assert texts.count("Ñandú") == len(rows)
    assert "94.005" in texts and "810" in texts and texts.count("Total") == 2
    assert all(who in texts for who in ("Prepared by", "Checked by", "Approved by"))
    assert all(
        f"{name}: {text}".strip() in texts for name, text in prove(made).items() if name not in ("asked", "heads")
    )
    sheets = {sheet for sheet, _, _, _ in drawn.drawn}
    for sheet in sheets:
        assert (sheet, f"Page {sheet} of {{nb}}") in {(number, text) for number, text, _, _ in drawn.drawn}
    assert sum(text == "On" or text == "On hand" for text in texts) >= len(sheets) - 1 > 1, "headings on each sheet"


def test_long_words_are_broken_and_none_is_lost(monkeypatch):
    drawn = Recorder(monkeypatch)
    long = "x" * 300
    written(document([row(place_name=long, item_name=f"a {long} b")]))
    assert drawn.text().replace(" ", "").count("x") >= 600


def test_signs_that_the_letters_lack_are_boxes(monkeypatch):
    drawn = Recorder(monkeypatch)
    written(document([row(place_name="毛布 Привет ελ é", item_name="🧺")]))
    assert "■■ Привет ελ é" in drawn.text() and "🧺" not in drawn.text()


def test_the_same_report_gives_the_same_bytes_at_any_time(monkeypatch):
    first = written(document(random_rows(4, 40)))
    later = time.time() + 10**7
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setenv("TZ", "Asia/Manila")
    time.tzset()
    try:
        assert written(document(random_rows(4, 40))) == first
    finally:
        monkeypatch.undo()
        time.tzset()


def test_more_rows_than_anybody_prints_are_refused(monkeypatch):
    monkeypatch.setattr(pdf, "ROWS_MAX", 10)
    with pytest.raises(OutOfRange, match="too much to print"):
        written(document(random_rows(1, 11)))


def test_empty_reports_say_so(monkeypatch):
    drawn = Recorder(monkeypatch)
    written(document([]))
    assert "There is nothing to tell." in drawn.text()


def test_who_lacks_the_library_is_told_what_to_do(monkeypatch):
    modules = __import__("sys").modules
    monkeypatch.delitem(modules, "node.reporting.writing.pdf_sheets", raising=False)
    monkeypatch.setitem(modules, "fpdf", None)
    monkeypatch.delattr("node.reporting.writing.pdf_sheets", raising=False)
    with pytest.raises(Problem, match=r"\.\[pdf\]"):
        written(document([]))
