"""JSON: title, what it covers, columns, one line a row, and the proof. Quantities and money are decimal texts."""

import json
from collections.abc import Iterator
from typing import IO, Any

from node.reporting.model import Column, Report, Values
from node.reporting.writing.document import Document, Progress, Witness

FIRST_ROW = 3  # the line of the file in which the first row stands


def write(document: Document, out: IO[bytes], progress: Progress | None = None) -> None:
    """The report as one JSON document; the rows are objects by the names of the columns."""
    witness = Witness(document, progress)
    out.write(f'{_text(head_of(document.report))[:-1]},\n"rows": ['.encode())
    for line in _rows(document.report.columns, witness):
        out.write(line)
    out.write(f'\n],\n"proof": {_text(witness.proof())}}}\n'.encode())


def head_of(report: Report) -> dict[str, Any]:
    """What stands above the rows: {report, title, about, notes, columns}."""
    return {
        "report": report.name,
        "title": report.title,
        "about": dict(report.about),
        "notes": list(report.notes),
        "columns": [{"name": c.name, "title": c.title, "kind": c.kind, "hxl": c.hxl} for c in report.columns],
    }


def _rows(columns: tuple[Column, ...], witness: Witness) -> Iterator[bytes]:
    names = [json.dumps(column.name) for column in columns]
    between = "\n"
    for row, told in witness.passing():
        cells = ", ".join(
            f"{name}: {_cell(column, value, text)}"
            for name, column, value, text in zip(names, columns, row, told, strict=True)
        )
        yield f"{between}{{{cells}}}".encode()
        between = ",\n"


def _cell(column: Column, value: Any, text: str) -> str:
    if value is None:
        return "null"
    return text if column.kind == "int" else _text(text)


def row_of(columns: tuple[Column, ...], row: Values, told: list[str]) -> dict[str, Any]:
    """A row as JSON has it."""
    cells = zip(columns, row, told, strict=True)
    return {c.name: None if value is None else value if c.kind == "int" else text for c, value, text in cells}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
