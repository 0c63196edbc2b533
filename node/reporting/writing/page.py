"""Print-ready HTML: a page of its own with page numbers, the heads of columns on each sheet, totals and signatures.

On the screen the table has all columns and scrolls. On paper it has those that say something, laid out by `layout`: a
value may stand under its quantity, and further parts of the table, which the screen doesn't show, may follow.

It holds no script and asks no host for anything. Names, notes and all else are escaped.
"""

from collections.abc import Iterator, Sequence
from typing import IO

from markupsafe import Markup, escape

from node.reporting.model import Report
from node.reporting.writing.cells import NUMBERS
from node.reporting.writing.document import Document, Progress, Witness
from node.reporting.writing.drawing import Sketch
from node.reporting.writing.layout import LETTERS, Stack
from node.reporting.writing.paper import SIGNED, UNDER, WHOLE, Paper, for_people

USUAL, BOLD, WIDE_SIGN, LAST_NARROW = 0.6, 1.1, 1.05, 0x2E7F  # ems of letters; of signs of Chinese and the like
_NARROW = {
    **dict.fromkeys(" .,:;'|!()[]/iljtfI-", 0.36),
    **dict.fromkeys("MWmw@%", 0.95),
    **dict.fromkeys("ABCDEFGHKNOPQRSUVXYZ", 0.73),
}
WIDE = 11  # columns; a table of more is set in smaller type on the screen
STYLE = """
@page { size: A4 landscape; margin: 15mm 12mm 18mm;
  @bottom-left { content: string(title); font: 8pt sans-serif; }
  @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 8pt sans-serif; } }
* { box-sizing: border-box; }
body { font: 9.5pt/1.35 system-ui, sans-serif; color: #000; background: #fff; margin: 1.5em auto; max-width: 75em;
  padding: 0 1em; }
h1 { font-size: 16pt; margin: 0 0 .3em; string-set: title content(); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1em 1em; margin: 0 0 1em; }
dt { font-weight: bold; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; } tr { break-inside: avoid; }
tbody.totals { break-before: avoid; font-weight: bold; border-top: 1.5pt solid #000; }
th, td { border-bottom: .5pt solid #999; padding: .2em .4em; text-align: left; vertical-align: top;
  overflow-wrap: break-word; }
th { border-bottom: 1pt solid #000; vertical-align: bottom; } .n { text-align: right; }
td.n, td.w { white-space: nowrap; } caption { text-align: left; font-weight: bold; padding: 1em 0 .3em; }
.code { font: 7pt ui-monospace, monospace; }
.notes { margin: 1em 0; padding-left: 1.2em; }
.signed { display: grid; grid-template-columns: repeat(3, 1fr); gap: 2em; margin: 2.5em 0 1.5em; break-inside: avoid; }
.signed p { margin: 0 0 1.6em; } .signed span { display: block; border-bottom: .5pt solid #000; height: 2.2em;
  margin-bottom: .2em; }
figure { margin: 1em 0; break-inside: avoid; } svg:not([width]) { width: 100%; max-width: 12cm; }
.proof { break-inside: avoid; border-top: .5pt solid #999; padding-top: .5em; }
@media print { body { margin: 0; max-width: none; padding: 0; font-family: Arial, "Liberation Sans", sans-serif; }
  .s { display: none; } td, th { padding: .15em .35em; } td[data-v]::after, th[data-v]::after { content: attr(data-v);
  display: block; } .p9 { font-size: 9pt; } .p8 { font-size: 8pt; } .p75 { font-size: 7.5pt; } .p7 { font-size: 7pt; } }
@media screen { col { width: auto; } .scroll { overflow-x: auto; } .wide { font-size: 8.5pt; } .p { display: none; } }
@media screen and (max-width: 40em) { .signed { grid-template-columns: 1fr; } dl { grid-template-columns: 1fr; }
  dd { margin: 0 0 .4em; } body { font-size: 11pt; } .code { font-size: 8.5pt; } }
"""


def write(document: Document, out: IO[bytes], progress: Progress | None = None) -> None:
    """The report as one page."""
    for part in _parts(document, Witness(document, progress)):
        out.write(part.encode() + b"\n")


def _parts(document: Document, witness: Witness) -> Iterator[str]:
    report, paper = document.report, Paper(document.report, ems)
    sketch = Sketch(report)
    yield from _head(report)
    for number, part in enumerate(paper.layout.parts):
        table = _Table(paper, part, is_shown=number == 0)
        yield from table.head(paper.caption(number))
        for row, told in witness.passing() if number == 0 else Witness(document).passing():
            if number == 0:
                sketch.take(row)
            yield table.row(paper.told(row, told))
        if not witness.rows:
            yield f'<tr><td colspan="{len(paper.shown)}">There is nothing to tell.</td></tr>'
        yield from table.foot()
    yield from (f'<figure class="scroll">{picture}</figure>' for picture in sketch.pictures())
    yield from _foot([*report.notes, *paper.notes()], witness.proof())


def _head(report: Report) -> Iterator[str]:
    yield f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(report.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(report.title)}</h1>
<dl>"""
    for name, text in report.about.items():
        yield f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
    yield "</dl>"


class _Table:
    """A part of the table: the first `is_shown` on the screen, with all columns; the others are on paper alone."""

    def __init__(self, paper: Paper, part: Sequence[Stack], is_shown: bool) -> None:
        self._paper, self._part, self._is_shown = paper, part, is_shown
        kinds = {at: paper.columns[at].kind for at in paper.shown}
        self._on_paper = {stack.at[0]: stack for stack in part}
        names = {at: "n" if kind in NUMBERS else "w" if kind in WHOLE else "" for at, kind in kinds.items()}
        shown = paper.shown if is_shown else [stack.at[0] for stack in part]
        self._cells = [(at, f"{names[at]} {'' if at in self._on_paper else 's'}".strip()) for at in shown]

    def head(self, caption: str) -> Iterator[str]:
        """The table's beginning and its headings."""
        points = f"p{self._paper.layout.points:g}".replace(".", "")
        names = f"{points} wide" if len(self._cells) > WIDE and self._is_shown else points
        yield '<div class="scroll" tabindex="0">' if self._is_shown else '<div class="p">'
        yield f'<table class="{names}">'
        if caption:
            yield f'<caption class="p">{escape(caption)}</caption>'
        yield "".join(self._col(at) for at, _ in self._cells)
        heads = (self._cell("th", names, self._paper.columns[at].title, self._under(at)) for at, names in self._cells)
        yield f"<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>"

    def row(self, told: Sequence[str]) -> str:
        """A row of cells."""
        values = {stack.at[0]: told[stack.at[1]] for stack in self._part if len(stack.at) > 1}
        cells = (self._cell("td", names, told[at], values.get(at)) for at, names in self._cells)
        return f"<tr>{''.join(cells)}</tr>"

    def foot(self) -> Iterator[str]:
        """The totals, and the table's end."""
        yield "</tbody>"
        totals = self._paper.totals if self._is_shown else self._paper.totals_of(self._part)
        if totals:
            yield '<tbody class="totals">'
            yield from (self.row(self._paper.total(total)) for total in totals)
            yield "</tbody>"
        yield "</table>\n</div>"

    def _col(self, at: int) -> str:
        """How wide a column is on paper."""
        if at not in self._on_paper:
            return '<col class="s">'
        whole = sum(stack.width for stack in self._part)
        return f'<col width="{int(self._on_paper[at].width / whole * 100)}%">'

    def _under(self, at: int) -> str | None:
        return UNDER if at in self._on_paper and len(self._on_paper[at].at) > 1 else None

    @staticmethod
    def _cell(tag: str, names: str, text: str, under: str | None) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        kinds = f' class="{names}"' if names else ""
        value = f' data-v="{escape(under)}"' if under else ""
        return f"<{tag}{scope}{kinds}{value}>{_breakable(text)}</{tag}>"


def _breakable(text: str) -> str:
    """The text, escaped; words that are longer than lines have room for may be broken."""
    if len(text) <= LETTERS:
        return escape(text)
    return Markup(" ").join(
        Markup("<wbr>").join(word[at : at + LETTERS] for at in range(0, max(1, len(word)), LETTERS))
        for word in text.split(" ")
    )


def ems(text: str, bold: bool) -> float:
    """How wide a text is at most, in ems: of letters as wide as they are in any usual typeface."""
    width = sum(_NARROW.get(sign, WIDE_SIGN if ord(sign) > LAST_NARROW else USUAL) for sign in text)
    return width * (BOLD if bold else 1)


def _foot(notes: Sequence[str], proof: dict[str, str]) -> Iterator[str]:
    if notes:
        yield f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>'
    yield '<section class="signed">'
    line = Markup("<p><span></span>{}</p>")
    for who in SIGNED:
        yield f"<div><strong>{escape(who)}</strong>{line.format('Name')}{line.format('Signature, date')}</div>"
    yield '</section>\n<dl class="proof code">'
    for name, text in for_people(proof):
        yield f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
    yield "</dl>\n</body>\n</html>"
