"""A team's own spreadsheet, brought in by the page: chosen, looked at line by line, and then recorded as a whole."""

import base64
import binascii
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from node import importer
from node.importing import sheets
from node.importing.sheets import Sheet
from node.web import context
from node.web.once import once
from sync.errors import Malformed, Problem, TooLarge

FILE_BYTES_MAX = 2_000_000
UPLOAD_BYTES_MAX = FILE_BYTES_MAX * 4 // 3 + 64 * 1024  # the file in base64, and the rest of its form
INFLATED_BYTES_MAX = 64 * 1024 * 1024  # of a workbook
ROWS_MAX = 10_000
PROBLEMS_SHOWN, NEW_SHOWN = 50, 40
KINDS = {"": "guess from its columns", "stock": "stock", "places": "places", "items": "items", "kits": "kits"}
Answer = str | Response | tuple[str, int]


def show() -> str:
    """The form that takes a file."""
    return _page()


def look() -> Answer:
    """What the file would bring, or what is wrong with it; nothing is recorded."""
    try:
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            raise Problem("No file was chosen.", kept="", todo="Choose one.")
        data = upload.stream.read(FILE_BYTES_MAX + 1)
        return _told(upload.filename, data, again=False)
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _page(problem=problem), 422


def _told(name: str, data: bytes, again: bool) -> Answer:
    node, sheet, kind = context.node(), _sheet(name, data), _kind()
    before = None
    try:
        found = importer.take(node, sheet, kind, dry_run=True, again=again)
    except importer.ImportedBefore as known:
        before, found = known, importer.take(node, sheet, kind, dry_run=True, again=True)
    told = {"found": found, "name": name, "data": base64.b64encode(data).decode(), "before": before}
    return (_page(**told), 422) if found["problems"] else _page(**told)


def take() -> Answer:
    """Record the file that was looked at: all of it or nothing."""
    node, name, again = context.node(), request.form.get("name", ""), request.form.get("again") == "1"
    try:
        data = base64.b64decode(request.form.get("data", ""), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("The file came broken.", todo="Choose it again.") from None
    sheet, kind = _sheet(name, data), _kind()
    asked = "\0".join(("import", sheet.digest, kind or "", str(again))).encode("utf-8", "replace")
    try:
        done, _ = once(asked, lambda: _record(importer.take(node, sheet, kind, again=again)))
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _page(problem=problem), 422
    entries, rows = done.split()
    return _page(done=(int(entries), int(rows)), name=name)


def _record(found: dict[str, Any]) -> str:
    """What was recorded; a file that others' news has made wrong since it was looked at raises."""
    if found["problems"]:
        first = found["problems"][0]
        raise Malformed(f"Line {first['line']}: {first['reason']}.", kept="Nothing was recorded.", todo="Mend it.")
    return f"{found['entries']} {found['rows']}"


def _kind() -> str | None:
    kind = request.form.get("kind", "")
    return kind if kind in KINDS and kind else None


def _sheet(name: str, data: bytes) -> Sheet:
    """The first sheet of a file within what a page takes; larger ones are for the command."""
    todo = "Split it; or use the command `bucketline import`, which takes larger ones."
    if len(data) > FILE_BYTES_MAX:
        raise TooLarge(f"The file is larger than {FILE_BYTES_MAX // 1_000_000} MB.", kept=sheets.KEPT, todo=todo)
    sheet = sheets.of(name.replace("\\", "/").rpartition("/")[2], data, INFLATED_BYTES_MAX)
    if len(sheet.rows) > ROWS_MAX:
        raise TooLarge(f"The file has more than {ROWS_MAX:,} rows.", kept=sheets.KEPT, todo=todo)
    return sheet


def _page(**more: Any) -> str:
    blank: dict[str, Any] = {"found": None, "problem": None, "before": None, "done": None, "name": "", "data": ""}
    return context.render(
        "import.html",
        tab="record",
        kinds=KINDS,
        kind=request.form.get("kind", ""),
        problems_shown=PROBLEMS_SHOWN,
        new_shown=NEW_SHOWN,
        key=context.fresh_key(),
        **blank | more,
    )
