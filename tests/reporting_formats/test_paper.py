"""Every report on paper: no text is clipped or touches its neighbour, no word is broken, what is left out is said."""

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from node.reporting import registry
from node.reporting.model import Column, Report
from node.reporting.writing import page, pdf
from node.reporting.writing.cells import NUMBERS, reader
from node.reporting.writing.cents import ROUNDED, rounded
from node.reporting.writing.document import Document
from node.reporting.writing.layout import EM, GAP, LETTERS, SHEET, SIZES
from node.reporting.writing.paper import Paper
from tests.reporting_formats.histories import history
from tests.reporting_formats.tables import ASKING, COLUMNS, ORIGIN, PLAIN, document, random_rows, row

CHROMIUM = shutil.which("chromium")
CASES = [
    *((name, {}) for name in PLAIN),
    *ASKING.items(),
    ("statement", {"by": "place"}),
    ("statement", {"by": "place,category,fund,lot"}),
    ("transfers", {"between": "place"}),
]
IDS = [" ".join([name, *asked.values()]) for name, asked in CASES]
PX = 96 / 25.4  # of a browser, a mm


@pytest.fixture(scope="module", params=(9, 23))
def node(request: pytest.FixtureRequest) -> Any:
    return history(request.param, 150).node


def papers(node: Any, name: str, asked: dict[str, str]) -> Document:
    """A report with all that it may hold, its rows read once."""
    with registry.one_moment(node):
        made = registry.document(node, name, asked, people=True, words=True)
        rows = list(made.report.rows())
    return replace(made, report=replace(made.report, rows=lambda: iter(rows)))


# the PDF, by what is drawn where


class Drawn:
    """Cells of tables as they are drawn: (sheet, x, y, width, text, how wide the text is), all in mm."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sheets = pytest.importorskip("node.reporting.writing.pdf_sheets", reason="needs fpdf2").Sheets
        self.cells: list[tuple[int, float, float, float, str, float]] = []
        self.points: set[float] = set()
        draw = sheets.cell

        def cell(on: Any, width: float, height: float | None = None, text: str = "", **more: Any) -> Any:
            self.points.add(on.font_size_pt)
            assert on.get_y() + (height or 0) <= on.h and on.get_x() + width <= on.w - on.r_margin + 0.01
            assert on.get_string_width(text) <= (width or on.w - 2 * on.l_margin) - 2 * on.c_margin + 0.02, text
            self.cells.append((on.page_no(), on.get_x(), on.get_y(), width, text, on.get_string_width(text)))
            return draw(on, width, height, text, **more)

        monkeypatch.setattr(sheets, "cell", cell)

    def of(self, made: Document) -> "Drawn":
        """All of a document."""
        pdf.write(made, io.BytesIO())
        return self

    def texts(self) -> list[str]:
        return [text for *_, text, _ in self.cells]


@pytest.mark.parametrize(("name", "asked"), CASES, ids=IDS)
def test_no_text_of_a_pdf_is_clipped_or_touches_its_neighbour(node, name, asked, monkeypatch):
    drawn = Drawn(monkeypatch).of(papers(node, name, asked))
    lines: dict[tuple[int, float], list[tuple[float, float]]] = {}
    for sheet, x, y, width, _, _ in drawn.cells:
        if width:
            lines.setdefault((sheet, round(y, 3)), []).append((x, x + width))
    assert lines
    for spans in lines.values():
        spans.sort()
        assert all(end <= begin + 0.01 for (_, end), (begin, _) in zip(spans, spans[1:], strict=False))
    assert min(drawn.points) >= 7


@pytest.mark.parametrize("width", ["pdf", "html"])
@pytest.mark.parametrize(("name", "asked"), CASES, ids=IDS)
def test_no_column_is_narrower_than_its_words(node, name, asked, width):
    ems = page.ems if width == "html" else _library().Sheets("").ems
    made = papers(node, name, asked)
    paper, texts = Paper(made.report, ems), reader(made.report.columns)
    points = paper.layout.points
    assert points in SIZES and min(SIZES) >= 7
    told = [paper.told(cells, texts(cells)) for cells in made.report.rows()]
    for part in paper.layout.parts:
        assert sum(stack.width for stack in part) <= SHEET + 0.01
        for stack in part:
            for at in stack.at:
                whole = paper.columns[at].kind in (*NUMBERS, "date", "time")
                words = {w for cells in told for w in ([cells[at]] if whole else cells[at].split())}
                words |= set(paper.columns[at].title.split()) if len(stack.at) == 1 else set()
                words = words if whole else {word[:LETTERS] for word in words}
                widest = max((ems(word, False) for word in words), default=0)
                assert widest <= stack.width / points / EM - GAP + 0.01, (paper.columns[at].name, words)


def _library() -> Any:
    return pytest.importorskip("node.reporting.writing.pdf_sheets", reason="needs fpdf2")


@pytest.mark.parametrize(("name", "asked"), CASES, ids=IDS)
def test_each_figure_is_on_paper_or_said_to_be_left_out(node, name, asked):
    made = papers(node, name, asked)
    paper = Paper(made.report, page.ems)
    there = {at for part in paper.layout.parts for stack in part for at in stack.at}
    rows = list(made.report.rows())
    for at, column in enumerate(made.report.columns):
        says = any(cells[at] for cells in rows) or (not rows and column.kind not in NUMBERS)
        assert (at in there) == (says and column.kind != "id"), column.name
    note = " ".join(paper.notes())
    for at in set(paper.shown) - there if rows else ():
        title = paper.columns[at].title
        assert title in note or (title.endswith(", value") and "and the values of these" in note)


def test_values_stand_under_quantities_and_further_columns_in_a_second_part(monkeypatch):
    names = [f"figure {at}" for at in range(30)]
    figures = [
        Column(f"f{at}{end}", name, kind, "#x", True)
        for at, name in enumerate(names)
        for end, kind in (("", "qty"), ("_value", "money"))
    ]
    columns = (Column("item_name", "Item"), Column("unit", "Unit"), Column("currency", "Currency"), *figures)
    line = ("Rice", "kg", "PHP", *(10**9 + at if at % 2 == 0 else Decimal(at) for at in range(60)))
    made = Document(Report("r", "Wide", columns, lambda: iter([line])), ORIGIN)
    paper = Paper(made.report, page.ems)
    parts = paper.layout.parts
    assert len(parts) > 1 and all(part[0].at == (0,) for part in parts), "the names of the rows begin each part"
    assert [at for part in parts for stack in part for at in stack.at if at > 2] == list(range(3, 63))
    drawn = Drawn(monkeypatch).of(made).texts()
    assert drawn.count("Rice") > 1 and any(text.startswith("Part 2 of ") for text in drawn)
    assert {"1000000", "1.00", "59.00"} <= set(drawn)


def test_a_row_that_is_longer_than_a_sheet_goes_on_upon_the_next(monkeypatch):
    words = " ".join(f"word{at}" for at in range(6000))
    drawn = Drawn(monkeypatch).of(document([row(place_name=words, item_name=words)]))
    said = " ".join(drawn.texts()).split()
    assert all(said.count(f"word{at}") == 2 for at in (0, 2999, 5999))


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("6238082.33866656", "PHP", "6238082.34"),
        ("12.5", "USD", "12.50"),
        ("0.005", "", "0.01"),
        ("-0.004", "EUR", "0.00"),
        ("-0.005", "EUR", "-0.01"),
        ("1234.5", "jpy", "1235"),
        ("1.23456", "KWD", "1.235"),
        ("0", "XOF", "0"),
    ],
)
def test_money_is_told_to_the_cents_of_its_currency(value, currency, text):
    assert rounded(Decimal(value), currency) == text


def test_it_is_said_that_amounts_were_rounded_where_any_was():
    exact = [row(value=Decimal("1.5"), currency="PHP")]
    for rows, said in ((exact, False), ([*exact, row(value=Decimal("0.333"), currency="PHP")], True)):
        out = io.BytesIO()
        page.write(document(rows), out)
        assert (ROUNDED in out.getvalue().decode()) == said


# the page, in a browser that is about to print it


@pytest.fixture(scope="module")
def sheet() -> Iterator[Any]:
    """A browser's page as wide as what is printed on a sheet, with the styles of print."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra `test`")
    with playwright.sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=60_000)
        opened = browser.new_page(viewport={"width": int(SHEET * PX), "height": 700})
        opened.emulate_media(media="print")
        yield opened
        browser.close()


MEASURE = """() => [...document.querySelectorAll("th, td")].filter(cell => cell.offsetParent).map(cell => ({
  text: cell.textContent, right: cell.getBoundingClientRect().right, is_head: cell.tagName == "TH",
  over: cell.scrollWidth - cell.clientWidth, size: parseFloat(getComputedStyle(cell).fontSize) * 72 / 96 }))"""


@pytest.mark.parametrize(("name", "asked"), CASES, ids=IDS)
def test_all_columns_that_say_something_are_on_the_sheet_of_a_browser(node, sheet, name, asked):
    made, out = papers(node, name, asked), io.BytesIO()
    page.write(made, out)
    sheet.set_content(out.getvalue().decode())
    cells = sheet.evaluate(MEASURE)
    assert all(cell["right"] <= SHEET * PX + 1 and cell["over"] <= 1 and cell["size"] >= 6.99 for cell in cells)
    paper = Paper(made.report, page.ems)
    heads = [cell["text"] for cell in cells if cell["is_head"]]
    assert heads == [paper.columns[stack.at[0]].title for part in paper.layout.parts for stack in part]


def test_the_screen_shows_all_columns_once(sheet):
    out = io.BytesIO()
    page.write(document(random_rows(3, 20)), out)
    sheet.emulate_media(media="screen")
    try:
        sheet.set_content(out.getvalue().decode())
        heads = [cell["text"] for cell in sheet.evaluate(MEASURE) if cell["is_head"]]
    finally:
        sheet.emulate_media(media="print")
    assert len(heads) == sum(column.kind != "id" for column in COLUMNS)
