"""Templates: start from one that comes with the program or from a file, after a look at it; and hand on one's own."""

import re
from typing import Any
from urllib.parse import quote

import msgspec
from flask import Response as FlaskResponse
from flask import request
from werkzeug.wrappers import Response

from node import inputs, starting
from node.starting import Started, Template
from node.web import context
from node.web.once import once
from sync.errors import Problem

UPLOAD_BYTES_MAX = starting.BYTES_MAX + 64 * 1024  # a template, and the rest of its form
NAMES_SHOWN = 40
Answer = str | Response | tuple[str, int]


def show() -> str:
    """Those that come with the program, the form for a file, and the team's own."""
    return _list()


def _list(problem: Problem | None = None, text: str = "") -> str:
    return context.render(
        "templates.html",
        tab="stock",
        shipped=[starting.shipped(name) for name in starting.names()],
        problem=problem,
        text=text,
        own=context.team_name(context.node()),
        json="/api/v1/templates",
    )


def show_one(name: str) -> Answer:
    """What one that comes with the program would add."""
    return _preview(starting.shipped(name), "", f"/api/v1/templates/{quote(name)}")


def read() -> Answer:
    """What a file, or a pasted text, would add."""
    upload, text = request.files.get("file"), request.form.get("text", "")
    try:
        if upload is not None and upload.filename:
            found = starting.read(upload.stream.read(starting.BYTES_MAX + 1))
        elif text.strip():
            found = starting.read(text.encode("utf-8", "replace"))
        else:
            raise Problem("No file was chosen, and nothing was pasted.", kept="", todo="Choose a file, or paste one.")
    except Problem as problem:
        return _list(problem, text), 422
    return _preview(found, msgspec.json.encode(found).decode())


def _preview(template: Template, text: str, json: str | None = None) -> Answer:
    problem, told = None, None
    try:
        told = starting.preview(context.node(), template)
    except Problem as found:
        if found.status >= 429:
            raise
        problem = found
    page = _page(template, told, text=text, problem=problem, json=json)
    return page if problem is None else (page, 422)


def apply() -> Answer:
    """Start from it, and tell what was added."""
    node, name, text = context.node(), request.form.get("name", ""), request.form.get("text", "")
    template = starting.read(text.encode("utf-8", "replace")) if text else starting.shipped(name)
    asked = b"template\0" + msgspec.json.encode(template)
    try:
        told, _ = once(asked, lambda: msgspec.json.encode(starting.begin(node, template)).decode())
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _page(template, None, text=text, problem=problem), 422
    return _page(template, msgspec.json.decode(told, type=Started), text=text, done=True)


def _page(template: Template, told: Started | None, **more: Any) -> str:
    parts = [] if told is None else _parts(told)
    blank: dict[str, Any] = {"problem": None, "done": False, "json": None}
    return context.render(
        "template.html",
        tab="stock",
        found=template,
        told=told,
        parts_told=[part for part in parts if part[1]],
        shown=NAMES_SHOWN,
        key=context.fresh_key(),
        **blank | more,
    )


def _parts(told: Started) -> list[tuple[str, list[str]]]:
    return [
        ("New items", told.items),
        ("Items of which more is known then", told.items_more),
        ("New places", told.places),
        ("Minimums", told.minimums),
    ]


def download() -> FlaskResponse:
    """The team's own as a file; where its places lie only if that is asked for."""
    node, given = context.node(), request.args
    name = inputs.word("name", given.get("name")) or context.team_name(node)
    found = starting.export(node, name, inputs.note(given.get("about"), "about"), spots=given.get("spots") == "1")
    file = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "template"
    response = FlaskResponse(starting.write(found), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{file}.json"'
    return response
