"""Reads a count sheet that was filled in by hand, as CSV or workbook, into one count: all of it or nothing.

An empty cell says that nobody counted, and counts nothing. A zero is a count. A row that can't be read, or that is of
another place, is named by its line.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from node import catalogue, record
from node.catalogue import ItemRow
from node.fold import Node
from node.importing import columns, rows, sheets, values
from node.importing.rows import Cells, Trouble
from node.importing.sheets import KEPT, Sheet
from node.reporting.writing.cells import harmless
from node.requests import CountIn, LineIn
from node.units import format_qty, parse_packed
from sync.errors import Malformed, OutOfRange, Problem

COUNTED = (
    *("counted", "count", "counted quantity", "quantity counted", "contado", "conteo", "cantidad contada", "recuento"),
    *("compte", "quantite comptee", "comptage"),
)
FIELDS = ("place", "item", "code", "gtin", "unit", "lot")
_GUARDED = re.compile(r"'(?=[=+\-@＝＋－＠])")  # what sheets put before text that a spreadsheet would run


class _Rehearsed(Exception):
    """Everything went well and nothing is to be kept."""


@dataclass
class Filled:
    """What a filled-in sheet says: its lines with the row of each, how many rows nobody counted, and what is wrong."""

    lines: list[LineIn] = field(default_factory=list)
    at: list[int] = field(default_factory=list)  # the line in the file of each
    empty: int = 0
    troubles: list[Trouble] = field(default_factory=list)


# the sheet to fill in


def blank(rows: Sequence[Mapping[str, Any]], blind: bool) -> str:
    """The CSV of a sheet (rows of `counting.sheet`) with an empty column for what is counted."""
    out = io.StringIO(newline="")
    names = ["shelf", "place", "item", "unit", "packs", *([] if blind else ["expected"]), "counted"]
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    for row in rows:
        told = {**row, "place": row["place_name"], "item": row["item_name"], "packs": packs(row), "counted": ""}
        writer.writerow({name: harmless(told[name] or "") for name in names})
    return out.getvalue()


def packs(row: Mapping[str, Any]) -> str:
    """What the packs of a row's item hold, in a few words."""
    return " ".join(f"{name}={qty}" for name, qty in row["packs"].items())


# the sheet as it was filled in


def run(
    node: Node, file: Path | Sheet, place: str, at: str | None = None, note: str | None = None, dry_run: bool = False
) -> dict[str, Any]:
    """Record what a filled-in sheet says of a place as one count.

    {entry, variance, notices, rows, empty, problems}: `rows` were counted, `empty` ones nobody did. With `problems`
    ({line, column, reason}) nothing was recorded, and `entry` is None; so it is after a `dry_run`. A Problem where the
    file can't be read at all, or nothing is filled in.
    """
    sheet = file if isinstance(file, Sheet) else sheets.read(file)
    done: record.Recorded | None = None
    filled = Filled()
    try:
        with node.log.transaction():
            filled = read(node, sheet, catalogue.find_place(node, place).id)
            if not filled.troubles:
                done = _recorded(node, filled, CountIn(place=place, lines=filled.lines, at=at, note=note))
            if dry_run or filled.troubles:
                raise _Rehearsed
    except _Rehearsed:
        pass
    kept = done if not dry_run and not filled.troubles else None
    return {
        "entry": kept.entry if kept else None,
        "variance": done.variance if done else [],
        "notices": done.notices if done else [],
        "rows": len(filled.lines),
        "empty": filled.empty,
        "problems": rows.by_line(filled.troubles),
    }


def _recorded(node: Node, filled: Filled, body: CountIn) -> record.Recorded | None:
    """The count as it was written; what is wrong with a line of it is a trouble of its row."""
    try:
        return record.count(node, body)
    except Problem as problem:
        found = [(re.match(r"lines\.(\d+)\.", path), why) for path, why in problem.fields.items()]
        told = [Trouble(filled.at[int(match[1])], "", why.rstrip(".")) for match, why in found if match]
        if not told:
            raise
        filled.troubles += told
        return None


def read(node: Node, sheet: Sheet, place: str) -> Filled:
    """What a sheet says of a place (id). Malformed where a column is missing or nothing is filled in."""
    top = columns.find_header(sheet.rows, COUNTED)
    header, found = sheet.rows[top].cells, _columns(sheet.rows[top].cells)
    mark = rows.decimal_mark(sheet.rows[top + 1 :], {"qty": found["counted"]}, sheet.delimiter)
    filled = Filled()
    for row in sheet.rows[top + 1 :]:
        cells = Cells(row, header, found, mark)
        if not (cells.has("counted") or cells.troubles):
            filled.empty += 1
            continue
        line = None if cells.troubles else _line(node, cells, place)
        filled.troubles += cells.troubles
        if line and not cells.troubles:
            filled.lines.append(line)
            filled.at.append(row.line)
    if not (filled.lines or filled.troubles):
        raise Malformed(
            f"Nothing is filled in on {sheet.name}.",
            kept=KEPT,
            todo="Write what you counted into its column; where nothing is left write 0.",
        )
    return filled


def _columns(header: Sequence[str]) -> Mapping[str, int]:
    names = [columns.plain(cell) for cell in header]
    found = {name: columns.first(names, header, columns.NAMES[name]) for name in FIELDS}
    found["counted"] = columns.first(names, header, COUNTED)
    named = any(found[name] is not None for name in ("item", "code", "gtin"))
    missing = "counted" if found["counted"] is None else "" if named else "item"
    if missing:
        raise Malformed(
            f"There is no column {missing!r} among: {', '.join(filter(None, header))}.",
            kept=KEPT,
            todo="Fill in a sheet that `bucketline count-sheet PLACE -o sheet.csv` writes, and leave its first line.",
        )
    return {name: column for name, column in found.items() if column is not None}


def _line(node: Node, cells: Cells, place: str) -> LineIn | None:
    _check_place(node, cells, place)
    item = _item(node, cells)
    if item is None:
        return None
    return LineIn(item=item.id, qty=_counted(cells, item), lot=cells.get("lot") or None)


def _check_place(node: Node, cells: Cells, place: str) -> None:
    """A row of another place isn't counted at this one."""
    said = cells.get("place", _unguarded)
    if not said:
        return
    meant = {row.id: row for row in catalogue.places_meant(node, said)}
    if place not in meant:
        here = catalogue.find_place(node, place)
        cells.trouble("place", f"it is of {said}, and {here.name or place} is counted")


def _item(node: Node, cells: Cells) -> ItemRow | None:
    name, unit = cells.get("item", _unguarded), cells.get("unit", _unguarded)
    said = next((text for text in (cells.get("gtin"), cells.get("code"), name) if text), "")
    if not said:
        cells.trouble("item", "it doesn't say which item was counted")
        return None
    try:
        return catalogue.find_item(node, said, unit if unit and said == name else None)
    except Problem as problem:
        cells.trouble("item", f"{problem.what.rstrip('.')}. {problem.todo}".rstrip(". "))
        return None


def _counted(cells: Cells, item: ItemRow) -> str:
    """What was counted as decimal text: a number as spreadsheets write it, or in packs as people say it."""

    def read(text: str) -> str:
        if not re.search(r"[^\W\d_]|\+", text):
            return values.quantity(text, cells.mark)
        found = parse_packed(_unguarded(text), item.packs)
        if found < 0:
            raise OutOfRange(f"{text} is less than nothing.")
        return format_qty(found)

    return cells.get("counted", read)


def _unguarded(text: str) -> str:
    return values.word(_GUARDED.sub("", text, count=1) if _GUARDED.match(text) else text)
