"""What makes the books worth trusting: a file that somebody gave us is checked."""

from flask import request

from node.reporting import checking
from node.web import context
from sync.errors import Problem

Answer = str | tuple[str, int]
_NO_FILE = Problem("No file was chosen.", kept="", todo="Choose the report or the statement that is to be checked.")


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
