"""Report files read back: lines of cells with their numbers, and the proof that stands in them.

A file may have been through a spreadsheet: it adds empty cells, quotes otherwise, or begins with a byte order mark.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from node.reporting.model import Report
from node.reporting.writing import json_file
from node.reporting.writing.cells import harmless
from node.reporting.writing.csv_file import MARK
from sync.errors import Malformed

PROOF = ("report", "asked", "shows", "root", "policy", "heads", "rows", "digest")
CELL_CHARS_MAX = 1 << 20
Line = tuple[int, Sequence[str]]  # where in the file it begins, from 1, and its cells


@dataclass(frozen=True)
class ReadBack:
    """A file: its kind (csv, hxl or json) and its proof. `lines()` are those of the table, headings and all.

    `head` is what else a JSON file says above its rows.
    """

    kind: str
    proof: Mapping[str, str]
    _lines: Sequence[Line] | IO[bytes]
    head: Mapping[str, Any] = field(default_factory=dict)

    def lines(self) -> Iterator[Line]:
        """The lines of the table, one after the other."""
        if isinstance(self._lines, Sequence):
            yield from self._lines
            return
        for line, cells in _csv_lines(self._lines):
            if not _proof_of(cells):
                yield line, cells


def read(file: IO[bytes]) -> ReadBack:
    """A file that can be read twice; Malformed if it is no report of ours."""
    first = file.read(1)
    file.seek(0)
    try:
        return _read_json(file) if first == b"{" else _read_csv(file)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error):
        raise no_report() from None


def no_report() -> Malformed:
    """The one complaint about a file that can't be checked."""
    return Malformed(
        "This is no report that can be checked.",
        kept="",
        todo="Reports in CSV, HXL and JSON can, as `bucketline report NAME --format csv` writes them.",
    )


def heads_of(report: Report, kind: str) -> list[list[str]]:
    """The headings that a file of this kind should have."""
    if kind == "hxl":
        return [[harmless(column.title) for column in report.columns], [column.hxl for column in report.columns]]
    return [[column.name for column in report.columns]]


def _delimiter(text: io.TextIOWrapper) -> str:
    """What parts the cells: spreadsheets write what their country does. The headings tell it."""
    heading = next((line for line in text if not line.lstrip('"').startswith(MARK)), "")
    text.seek(0)
    return max(",;\t", key=heading.count)


def _csv_lines(file: IO[bytes]) -> Iterator[Line]:
    file.seek(0)
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    csv.field_size_limit(CELL_CHARS_MAX)
    reader, line = csv.reader(text, delimiter=_delimiter(text)), 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    finally:
        text.detach()


def _proof_of(cells: Sequence[str]) -> tuple[str, str] | None:
    """A line of the proof as name and value; None for any other."""
    name, parted, value = cells[0].removeprefix(MARK).partition(":") if cells else ("", "", "")
    ours = parted and cells[0].startswith(MARK) and name in PROOF and not any(cells[1:])
    return (name, value.strip()) if ours else None


def _read_csv(file: IO[bytes]) -> ReadBack:
    found: dict[str, str] = {}
    kind = "csv"
    for line, cells in _csv_lines(file):
        if told := _proof_of(cells):
            found[told[0]] = f"{found[told[0]]} {told[1]}" if told[0] in found else told[1]
            kind = "hxl" if line == 1 else kind
    return ReadBack(kind, _whole(found), file)


def _read_json(file: IO[bytes]) -> ReadBack:
    whole = json.load(file)
    names = [column["name"] for column in whole["columns"]]
    lines: list[Line] = [(json_file.FIRST_ROW - 1, names)]
    for line, row in enumerate(whole["rows"], json_file.FIRST_ROW):
        lines.append((line, [_text(row.get(name)) for name in names]))
    head = {name: whole[name] for name in ("report", "title", "about", "notes", "columns")}
    return ReadBack("json", _whole(whole["proof"]), lines, head)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _whole(proof: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(proof[name]) for name in PROOF}
