"""The sheets of a PDF: text that is wrapped to its column, heads on each sheet, a number at the foot of each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import font_source_sans_pro as fonts
from fpdf import FPDF

from node.reporting.model import Column
from node.reporting.writing.cells import NUMBERS
from node.reporting.writing.layout import EM, GAP

FAMILY = "Source Sans"
MARGIN, FOOT = 12, 16  # mm
LINE = 0.42  # mm from line to line, a point
BETWEEN = 0.8  # mm between rows
LINES_WITH_HEADS = 4  # where there is no room for so many, headings begin a new sheet
CAPTION = 10  # mm
HAIR = 190  # of 255: how pale the lines between rows are
BOX = "■"
SLACK = 0.01  # mm, since sums of widths are rounded
_MEASURED = 100  # points, so that little is lost where widths are rounded
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)  # the moment of making would make two equal files differ
Cell = Sequence[str]  # texts that stand one under the other


class Sheets(FPDF):  # type: ignore[misc,unused-ignore]
    """A report on A4 sheets, drawn row by row."""

    def __init__(self, title: str) -> None:
        super().__init__("landscape", "mm", "A4")
        self.set_creation_date(_BEFORE_ALL)
        self.set_title(title)
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(False)
        self.add_font(FAMILY, "", fonts.font_files_ttf["SourceSansPro"])
        self.add_font(FAMILY, "B", fonts.font_files_ttf["SourceSansProBold"])
        self._title, self._points = title, 0.0
        self._columns: Sequence[Column] = ()
        self._widths: Sequence[float] = ()
        self._heads: Sequence[Cell] = ()
        self._most = 1  # lines that fit under the headings of a new sheet

    def footer(self) -> None:
        """The title and the number of the sheet."""
        self.set_y(-10)
        self.set_font(FAMILY, "", 7)
        self.cell(0, 4, self._drawable(self._title))
        self.set_x(MARGIN)
        self.cell(0, 4, f"Page {self.page_no()} of {{nb}}", align="R")

    def begin(self, about: Mapping[str, str]) -> None:
        """The first sheet: the title and what is covered."""
        self.add_page()
        self.c_margin = 0.0
        self._line(self._title, 16, "B", 9)
        for name, text in about.items():
            self.words(f"{name}: {text}")
        self.ln(2)

    def table(
        self, points: float, widths: Sequence[float], columns: Sequence[Column], heads: Sequence[Cell], caption: str
    ) -> None:
        """Begin a table of columns so wide (mm), in letters so large, under its headings."""
        self._points, self._widths, self._columns, self._heads = points, widths, columns, heads
        lines = max(map(len, self._wrap(heads, True)))
        self._most = int((self.h - MARGIN - FOOT - 2 * BETWEEN) / points / LINE) - lines - 1
        if self._no_room(LINE * points * (LINES_WITH_HEADS + lines) + (CAPTION if caption else 0)):
            self.add_page()
        if caption:
            self.ln(CAPTION - 6)
            self._line(caption, 9, "B", 6)
        self._draw_heads()

    def _draw_heads(self) -> None:
        self._draw(self._wrap(self._heads, True), 0)
        self._rule(0)

    def row(self, cells: Sequence[Cell], bold: bool = False) -> None:
        """One row; on a new sheet under the headings where there is no room left, on several if it is that long."""
        wrapped = self._wrap(cells, bold)
        lines = max(1, *map(len, wrapped))
        at = 0
        while at < lines:
            if self._no_room(min(lines - at, self._most) * self._points * LINE):
                self.add_page()
                self._draw_heads()
            self._font(bold)
            at = self._draw(wrapped, at)
        self._rule(HAIR)

    def _rule(self, grey: int) -> None:
        """A line over the width of the table, below what was drawn."""
        y = self.get_y() - BETWEEN / 2
        self.set_draw_color(grey)
        self.line(MARGIN, y, MARGIN + sum(self._widths), y)
        self.set_draw_color(0)

    def _draw(self, wrapped: Sequence[Cell], first: int) -> int:
        """Lines of a row, from that one on, as far as there is room; gives the first that isn't drawn."""
        height, x, y = self._points * LINE, float(MARGIN), self.get_y()
        room = max(1, int((self.h - FOOT - y) / height + 0.001))
        lines = min(max(1, *map(len, wrapped)) - first, room)
        self.c_margin = GAP * EM * self._points / 2
        for column, parts, width in zip(self._columns, wrapped, self._widths, strict=True):
            for at, part in enumerate(parts[first : first + lines]):
                self.set_xy(x, y + at * height)
                self.cell(width, height, part, align="R" if column.kind in NUMBERS else "L")
            x += width
        self.set_xy(MARGIN, y + lines * height + BETWEEN)
        self.c_margin = 0.0
        return first + lines

    def _wrap(self, cells: Sequence[Cell], bold: bool) -> list[list[str]]:
        self._font(bold)
        columns = zip(self._columns, cells, self._widths, strict=True)
        return [[part for text in cell for part in self._parts(column, text, width)] for column, cell, width in columns]

    def _parts(self, column: Column, text: str, width: float) -> list[str]:
        """A text of a cell in lines, at least one; a number is never broken."""
        whole = column.kind in NUMBERS and not any(char.isalpha() for char in text)
        return [text] if whole else list(self._wrapped(text, width - GAP * EM * self._points)) or [""]

    def words(self, text: str, points: float = 9, height: float = 4) -> None:
        """A sentence over the width of the sheet."""
        self.set_font(FAMILY, "", points)
        for part in self._wrapped(text, self.w - 2 * MARGIN):
            self._line(part, points, "", height)

    def end(self, notes: Sequence[str], signed: Sequence[str], proof: Mapping[str, str]) -> None:
        """Notes, room for signatures, and what proves it."""
        self.ln(3)
        for note in notes:
            self.words(note)
        if self._no_room(34):
            self.add_page()
        self._signatures(signed)
        for name, text in proof.items():
            self.words(f"{name}: {text}", 7, 3.2)

    def _signatures(self, signed: Sequence[str]) -> None:
        width, top = (self.w - 2 * MARGIN) / len(signed), self.get_y() + 3
        for at, who in enumerate(signed):
            self._signed(MARGIN + at * width, top, width, who)
        self.set_xy(MARGIN, top + 30)

    def _signed(self, x: float, top: float, width: float, who: str) -> None:
        for down, text, style in ((0, who, "B"), (12, "Name", ""), (24, "Signature, date", "")):
            self.set_xy(x, top + down)
            self.set_font(FAMILY, style, 8)
            self.cell(width, 4, text)
            if down:
                self.line(x, top + down, x + width - 8, top + down)

    # letters and room

    def _font(self, bold: bool) -> None:
        self.set_font(FAMILY, "B" if bold else "", self._points)

    def _no_room(self, height: float) -> bool:
        return bool(self.get_y() + height > self.h - FOOT)

    def _line(self, text: str, points: float, style: str, height: float) -> None:
        if self._no_room(height):
            self.add_page()
        self.set_font(FAMILY, style, points)
        self.cell(0, height, self._drawable(text), new_x="LMARGIN", new_y="NEXT")

    def _drawable(self, text: str) -> str:
        """The text with a box for each sign that the letters lack."""
        known = self.current_font.cmap
        return "".join(sign if ord(sign) in known else BOX for sign in " ".join(text.split()))

    def ems(self, text: str, bold: bool) -> float:
        """How wide a text is, in ems."""
        self.set_font(FAMILY, "B" if bold else "", _MEASURED)
        return float(self.get_string_width(self._drawable(text))) / _MEASURED / EM + 0.05

    def _wrapped(self, text: str, room: float) -> Iterator[str]:
        """The text in lines that fit."""
        line = ""
        for word in self._drawable(text).split(" "):
            longer = f"{line} {word}" if line else word
            if self.get_string_width(longer) <= room + SLACK:
                line = longer
                continue
            if line:
                yield line
            while word and self.get_string_width(word) > room + SLACK:
                most = self._fitting(word, room)
                yield word[:most]
                word = word[most:]
            line = word
        if line:
            yield line

    def _fitting(self, word: str, room: float) -> int:
        """How many letters of a word fit; at least one."""
        return next((n for n in range(len(word), 1, -1) if self.get_string_width(word[:n]) <= room + SLACK), 1)
