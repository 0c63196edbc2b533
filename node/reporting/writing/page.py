"""Print-ready HTML: a page of its own with page numbers, the heads of columns on each sheet, totals and signatures.

It holds no script and asks no host for anything. Names, notes and all else are escaped.
"""

from collections.abc import Iterator, Sequence
from typing import IO

from markupsafe import Markup, escape

from node.reporting.model import Column, Report
from node.reporting.writing.cells import NUMBERS
from node.reporting.writing.document import Document, Progress, Witness
from node.reporting.writing.drawing import Sketch
from node.reporting.writing.paper import SIGNED, Sheet, for_people
from node.reporting.writing.totals import Total, Totals

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
th { border-bottom: 1pt solid #000; vertical-align: bottom; } .n { text-align: right; } td.n { white-space: nowrap; }
.wide { font-size: 6.5pt; }
.code { font: 7pt ui-monospace, monospace; }
.notes { margin: 1em 0; padding-left: 1.2em; }
.signed { display: grid; grid-template-columns: repeat(3, 1fr); gap: 2em; margin: 2.5em 0 1.5em; break-inside: avoid; }
.signed p { margin: 0 0 1.6em; } .signed span { display: block; border-bottom: .5pt solid #000; height: 2.2em;
  margin-bottom: .2em; }
figure { margin: 1em 0; break-inside: avoid; } svg:not([width]) { width: 100%; max-width: 12cm; }
.proof { break-inside: avoid; border-top: .5pt solid #999; padding-top: .5em; }
@media print { body { margin: 0; max-width: none; padding: 0; } }
@media screen { .scroll { overflow-x: auto; } .wide { font-size: 8.5pt; } }
@media screen and (max-width: 40em) { .signed { grid-template-columns: 1fr; } dl { grid-template-columns: 1fr; }
  dd { margin: 0 0 .4em; } body { font-size: 11pt; } .code { font-size: 8.5pt; } }
"""


def write(document: Document, out: IO[bytes], progress: Progress | None = None) -> None:
    """The report as one page."""
    for part in _parts(document, Witness(document, progress)):
        out.write(part.encode() + b"\n")


def _parts(document: Document, witness: Witness) -> Iterator[str]:
    report, totals, sketch = document.report, Totals(document.report.columns), Sketch(document.report)
    sheet = Sheet(report)
    yield from _head(report, sheet)
    yield "<tbody>"
    for row, told in witness.passing():
        totals.take(row)
        sketch.take(row)
        yield _row(sheet.columns, sheet.cells(row, told))
    if not witness.rows:
        yield f'<tr><td colspan="{len(sheet.columns)}">There is nothing to tell.</td></tr>'
    yield "</tbody>"
    yield from _totals(sheet, totals.lines())
    yield "</table>\n</div>"
    yield from (f'<figure class="scroll">{picture}</figure>' for picture in sketch.pictures())
    yield from _foot(sheet.notes, witness.proof())


def _head(report: Report, sheet: Sheet) -> Iterator[str]:
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
    wide = ' class="wide"' if sheet.is_wide else ""
    yield f'</dl>\n<div class="scroll" tabindex="0">\n<table{wide}>\n<thead><tr>'
    for column in sheet.columns:
        yield f'<th scope="col"{_class(column)}>{escape(column.title)}</th>'
    yield "</tr></thead>"


def _class(column: Column) -> str:
    return ' class="n"' if column.kind in NUMBERS else ""


def _row(columns: Sequence[Column], told: Sequence[str]) -> str:
    cells = (f"<td{_class(column)}>{escape(cell)}</td>" for column, cell in zip(columns, told, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _totals(sheet: Sheet, totals: Sequence[Total]) -> Iterator[str]:
    if not totals:
        return
    yield '<tbody class="totals">'
    for total in totals:
        yield _row(sheet.columns, sheet.total(total))
    yield "</tbody>"


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
