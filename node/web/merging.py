"""Two names for one thing: what others say and what is likely, what we say ourselves, and how to take it back."""

from contextlib import suppress
from typing import Any, cast

import msgspec
from flask import redirect, request
from werkzeug.wrappers import Response

from node import merging, record
from node.requests import SameAsIn, VoidIn
from node.web import choices, context
from node.web.once import once
from sync.errors import Conflict, Problem

TAKEN_BACK = "They are two after all"
FIELDS = ("kind", "id", "same", "why")
Answer = str | Response | tuple[str, int]


def show() -> str:
    """Suggestions, and what this team says."""
    return _page({name: request.args.get(name, "") for name in FIELDS}, {})


def say() -> Answer:
    """Say that two are one."""
    typed = {name: request.form.get(name, "").strip() for name in FIELDS}
    wrong = {name: "Say which." for name in ("id", "same") if not typed[name]}
    if wrong:
        return _page(typed, wrong), 422
    try:
        kind = typed["kind"] or merging.kind_of(context.node(), typed["id"], typed["same"])
        body = SameAsIn(kind=cast(Any, kind), id=typed["id"], same=typed["same"], why=typed["why"] or None)
        body.anyway = bool(request.form.get("anyway"))
        once(b"same\0" + msgspec.json.encode(body), lambda: merging.same(context.node(), body).entry)
    except Problem as problem:
        if problem.status >= 429:
            raise
        if isinstance(problem, merging.UnitsDiffer):
            problem.todo = "If they are one thing all the same, choose “they are one” below."
        return _page(typed, _blame(problem)), 422
    return redirect("/same", 303)


def _blame(problem: Problem) -> dict[str, str]:
    found = {name: why for name, why in problem.fields.items() if name in FIELDS}
    said = f"{problem.what} {problem.todo}".strip()
    return dict.fromkeys(found, said) or {"same": said}


def take_back(entry: str) -> Response:
    """Undo one of our own assertions."""
    with suppress(Conflict):  # it is undone already
        once(b"unsame\0" + entry.encode(), lambda: record.void(context.node(), entry, VoidIn(why=TAKEN_BACK)).entry)
    return redirect("/same", 303)


def _page(typed: dict[str, str], errors: dict[str, str]) -> str:
    node = context.node()
    return context.render(
        "same.html",
        tab="stock",
        json="/api/v1/same-as",
        form=typed,
        errors=errors,
        suggestions=merging.suggestions(node),
        rows=merging.rows(node),
        items=choices.items(node),
        key=context.fresh_key(),
    )
