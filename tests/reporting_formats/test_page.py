"""The print-ready page: each value escaped, totals, signatures, a proof; nothing that runs or is fetched."""

import io
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from node.reporting.model import Report
from node.reporting.writing import page
from node.reporting.writing.cells import reader
from node.reporting.writing.cents import Cents
from node.reporting.writing.document import Document, prove
from node.reporting.writing.moments import Moments
from tests.reporting_formats.tables import COLUMNS, NASTY, document, random_rows, row

CHROMIUM = shutil.which("chromium")
SHOWN = [at for at, column in enumerate(COLUMNS) if column.kind != "id"]
AT = {COLUMNS[at].name: number for number, at in enumerate(SHOWN)}


class Read(HTMLParser):
    """The texts of cells, row by row, and all tags and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self._open = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self._open = tag in ("td", "th")

    def handle_data(self, data):
        self.text.append(data)
        if self._open:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag):
        self._open = False


def written(made: Document) -> str:
    out = io.BytesIO()
    page.write(made, out)
    return out.getvalue().decode()


def test_each_row_is_told_as_it_is_and_totals_follow():
    rows = random_rows(9, 120)
    head, *told = Read(written(document(rows))).rows
    assert head[AT["at"]] == "When (UTC)" and head[AT["item_name"]] == "Item"
    texts, moments, cents = reader(COLUMNS), Moments(document([]).report), Cents(COLUMNS)
    expected = [cents.told(cells, moments.told(cells, texts(cells))) for cells in rows]
    assert told[: len(rows)] == [[cells[at] for at in SHOWN] for cells in expected]
    totals = told[len(rows) :]
    assert len(totals) == 5 + 3 + 1 and all("Total" in line for line in totals)


def test_names_and_notes_are_escaped():
    evil = '<script>alert("x")</script><img src=x onerror=y>'
    report = Report("r", evil, COLUMNS, lambda: iter([row(place_name=evil, note=evil)]), {evil: evil}, (evil,))
    read = Read(written(Document(report, {"asked": evil})))
    assert "script" not in read.tags and "img" not in read.tags
    assert "".join(read.text).count(evil) == 8, "title, heading, what is covered twice, two cells, a note, the proof"


def test_nothing_runs_and_nobody_is_asked():
    read = Read(written(document([row(place_name=text) for text in NASTY])))
    assert not {"script", "link", "iframe", "img", "object", "form"} & set(read.tags)
    assert not {"src", "href", "style", "onload"} & {name for name, _ in read.attributes}
    assert "url(" not in page.STYLE and "@import" not in page.STYLE


def test_there_is_room_for_signatures_and_the_proof_stands_below():
    made = document(random_rows(1, 3))
    text = "".join(Read(written(made)).text)
    assert all(who in text for who in ("Prepared by", "Checked by", "Approved by", "Signature, date"))
    assert all(value in text for name, value in prove(made).items() if name != "heads")
    assert text.index("Approved by") < text.index(prove(made)["digest"])


def test_pages_are_numbered_and_heads_repeat():
    assert 'counter(page) " of " counter(pages)' in page.STYLE and "table-header-group" in page.STYLE
    assert page.STYLE.count("{") == page.STYLE.count("}")


def test_empty_reports_say_so():
    assert "There is nothing to tell." in written(document([]))


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_prints_it_on_numbered_sheets(tmp_path):
    (tmp_path / "r.html").write_text(written(document(random_rows(2, 200))), "utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    command += ["--no-pdf-header-footer", f"--print-to-pdf={tmp_path}/r.pdf", f"file://{tmp_path}/r.html"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    pages = len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "r.pdf").read_bytes()))
    assert pages > 3
