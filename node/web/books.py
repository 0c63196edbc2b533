"""What makes the books worth trusting: periods that are closed, and files that are checked."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec
from flask import redirect, request
from werkzeug.wrappers import Response

from node.reporting import checking, closing, registry
from node.reporting.model import Report
from node.requests import ClosingIn
from node.units import format_time
from node.web import context
from node.web.once import key_of_form, once
from sync.errors import Problem

UPLOAD_BYTES_MAX = checking.FILE_BYTES_MAX + 64 * 1024  # a file, and the form around it
LATE_SHOWN = 20  # entries told below one closing
FIELDS = ("since", "until", "zone", "note")
Answer = str | Response | tuple[str, int]
_NO_FILE = Problem("No file was chosen.", kept="", todo="Choose the report or the statement that is to be checked.")


# files


def show_check() -> str:
    """Where a file is given to be checked."""
    return _check_page()


def check_file() -> Answer:
    """Whether the file holds, or the first thing in it that doesn't."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _check_page(_NO_FILE), 422
    try:
        return _check_page(found=checking.any_of_both(context.node(), file.stream), name=file.filename)
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _check_page(problem), problem.status


def _check_page(problem: Problem | None = None, found: checking.Checked | None = None, name: str = "") -> str:
    return context.render("check.html", tab="reports", problem=problem, found=found, name=name)


# periods


def show_closings() -> str:
    """What teams said to be their position, whether that still holds, and what was written since."""
    return _closings_page({}, {})


def close() -> Answer:
    """Close a period of this team's books."""
    typed = {name: request.form.get(name, "").strip() for name in FIELDS}
    body = ClosingIn(**{name: text for name, text in typed.items() if text} | {"until": typed["until"]})
    try:
        _, first = once(b"closing\0" + msgspec.json.encode(body), lambda: closing.close(context.node(), body).entry)
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _closings_page(typed, _blame(problem)), 409 if problem.status == 409 else 422
    return redirect(f"/closings?fresh={'new' if first else 'again'}", 303)


def _blame(problem: Problem) -> dict[str, str]:
    said = f"{problem.what} {problem.todo}".strip()
    return {name: said for name in problem.fields if name in FIELDS} or {"until": said}


def _closings_page(typed: Mapping[str, str], errors: Mapping[str, str]) -> str:
    node = context.node()
    with registry.one_moment(node) as then:
        told = _rows(registry.make(then, "closings", {}))
        late = defaultdict[str, list[dict[str, Any]]](list)
        for row in _rows(registry.make(then, "after-closing", {})):
            late[row["closing"]].append(row)
    return context.render(
        "closings.html",
        tab="reports",
        rows=[row | {"late": late[row["entry"]][:LATE_SHOWN]} for row in reversed(told)],
        typed=typed,
        errors=errors,
        fresh=request.args.get("fresh", ""),
        key=key_of_form() if errors else context.fresh_key(),
        json="/api/v1/reports/closings",
    )


def _rows(report: Report) -> list[dict[str, Any]]:
    """Rows by the columns' names, with times as text."""
    return [
        {
            column.name: format_time(value) if column.kind == "time" and value is not None else value
            for column, value in zip(report.columns, row, strict=True)
        }
        for row in report.rows()
    ]
