"""The sheets of a PDF: text that is wrapped to its column, heads on each sheet, a number at the foot of each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import font_source_sans_pro as fonts
from fpdf import FPDF

from node.reporting.model import Column
from node.reporting.writing.cells import NUMBERS

FAMILY = "Source Sans"
MARGIN, FOOT = 12, 16  # mm
GAP = 2  # mm between columns
SIZES = ((8, 9), (12, 7.5), (99, 6))  # so many columns at most: points
WIDEST = 70  # mm of a column that has no need of more
ROOM = 1.12  # for bold letters and for sums, which are longer than what they are of
BOX = "■"
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)  # the moment of making would make two equal files differ


class Sheets(FPDF):  # type: ignore[misc,unused-ignore]
    """A report on A4 sheets, drawn row by row."""

    def __init__(self, title: str, columns: Sequence[Column]) -> None:
        super().__init__("landscape", "mm", "A4")
        self.set_creation_date(_BEFORE_ALL)
        self.set_title(title)
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(False)
        self.add_font(FAMILY, "", fonts.font_files_ttf["SourceSansPro"])
        self.add_font(FAMILY, "B", fonts.font_files_ttf["SourceSansProBold"])
        self._title, self._columns = title, columns
        self._points = next(points for most, points in SIZES if len(columns) <= most)
        self._widths = [0.0] * len(columns)
        self._known: dict[tuple[str, str], float] = {}

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
        self._line(self._title, 16, "B", 9)
        for name, text in about.items():
            self.words(f"{name}: {text}")
        self.ln(2)

    def measure(self, rows: Sequence[Sequence[str]]) -> None:
        """Make columns as wide as these rows need, as far as there is room on the sheet."""
        self._font(False)
        told = [[column.title for column in self._columns], *rows]
        wanted = [
            GAP + min(WIDEST, ROOM * max(self._width(word) for row in told for word in self._measured(at, row[at])))
            for at in range(len(self._columns))
        ]
        room: float = self.w - 2 * MARGIN
        fixed = sum((w for w, c in zip(wanted, self._columns, strict=True) if c.kind in NUMBERS), 0.0)
        free = sum(wanted, 0.0) - fixed
        scale = min(1.0, max(0.2, (room - fixed) / free)) if free else 1.0
        widths = [w if c.kind in NUMBERS else w * scale for w, c in zip(wanted, self._columns, strict=True)]
        squeeze = min(1.0, room / sum(widths))
        self._widths = [width * squeeze for width in widths]

    def _measured(self, at: int, text: str) -> Iterator[str]:
        """What may not be broken: whole texts of words, single words of numbers' heads."""
        yield from (text.split(" ") if self._columns[at].kind in NUMBERS else [text[:60]])

    def heads(self) -> None:
        """The headings, ruled off."""
        self._draw([column.title for column in self._columns], bold=True)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())

    def row(self, cells: Sequence[str], bold: bool = False) -> None:
        """One row; on a new sheet under the headings where there is no room left."""
        self._draw(cells, bold)

    def _draw(self, cells: Sequence[str], bold: bool) -> None:
        self._font(bold)
        height = self._points * 0.42
        wrapped = [self._parts(*one) for one in zip(self._columns, cells, self._widths, strict=True)]
        lines = max(1, *map(len, wrapped))
        if self._no_room(lines * height):
            self.add_page()
            self.heads()
            self._font(bold)
        x, y = float(MARGIN), self.get_y()
        for column, parts, width in zip(self._columns, wrapped, self._widths, strict=True):
            for at, part in enumerate(parts):
                self.set_xy(x, y + at * height)
                self.cell(width, height, part, align="R" if column.kind in NUMBERS else "L")
            x += width
        self.set_xy(MARGIN, y + lines * height + 0.6)

    def _parts(self, column: Column, text: str, width: float) -> list[str]:
        """A cell's text in lines; a number is never broken."""
        whole = column.kind in NUMBERS and not any(char.isalpha() for char in text)
        return [text] if whole else list(self._wrapped(text, width - GAP))

    def words(self, text: str) -> None:
        """A sentence over the width of the sheet."""
        self.set_font(FAMILY, "", 9)
        for part in self._wrapped(text, self.w - 2 * MARGIN):
            self._line(part, 9, "", 4)

    def end(self, notes: Sequence[str], signed: Sequence[str], proof: Mapping[str, str]) -> None:
        """Notes, room for signatures, and what proves it."""
        self.ln(3)
        for note in notes:
            self.words(note)
        if self._no_room(34):
            self.add_page()
        self._signatures(signed)
        for name, text in proof.items():
            self._line(f"{name}: {text}", 6, "", 3)

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

    def _width(self, word: str) -> float:
        key = (self.font_style, word)
        if key not in self._known:
            self._known[key] = self.get_string_width(word) + 0.4
        return self._known[key]

    def _wrapped(self, text: str, room: float) -> Iterator[str]:
        """The text in lines that fit."""
        line = ""
        for word in self._drawable(text).split(" "):
            longer = f"{line} {word}" if line else word
            if self.get_string_width(longer) <= room:
                line = longer
                continue
            if line:
                yield line
            while word and self.get_string_width(word) > room:
                most = max(
                    1, next(n for n in range(len(word), 0, -1) if n == 1 or self.get_string_width(word[:n]) <= room)
                )
                yield word[:most]
                word = word[most:]
            line = word
        if line:
            yield line
