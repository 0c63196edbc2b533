"""What is on its way: the work-list, what is coming here, and the waybill to print."""

from dataclasses import dataclass
from typing import Any

import msgspec
from flask import redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from node import moving, papers, scanning, transfers, transit, waybill
from node.requests import ArrivalIn, ArrivalLineIn
from node.web import choices, context
from node.web.once import key_of_form, once
from sync.errors import Problem

PHOTO_BYTES_MAX = 16 * 1024 * 1024
STATUS = {
    "in_transit": ("on its way", ""),
    "overdue": ("overdue", "warn"),
    "arrived": ("arrived", "good"),
    "short": ("short", "warn"),
    "over": ("too much came", "warn"),
    "twice": ("received twice", "bad"),
    "unmatched": ("sender unknown", "warn"),
    "voided": ("undone, but came", "bad"),
}
COMING = ("in_transit", "overdue")
Answer = str | Response | tuple[str, int]


@dataclass
class Given:
    """One line of the arrival form: what is open of an item, and what was typed."""

    item: str
    name: str
    unit: str
    open: str
    qty: str
    damaged: str = ""
    missing: str = ""


# the work-list


def show_all() -> str:
    """What is on its way or doesn't fit; or all transfers."""
    every = request.args.get("all") == "1"
    return context.render(
        "transfers.html",
        tab="moves",
        rows=transfers.rows(context.node(), every),
        every=every,
        status=STATUS,
        json="/api/v1/transfers" + ("?open=0" if every else ""),
    )


def show(dispatch: str) -> str:
    """One transfer: both its ends."""
    node = context.node()
    row = transfers.row(node, transit.find(node, dispatch).dispatch)
    return context.render("transfer.html", tab="moves", row=row, status=STATUS, coming=row["status"] in COMING)


# coming in


def show_coming() -> str:
    """What is on its way to our places, and where a waybill is read in."""
    return _coming_page()


def _coming_page(problem: Problem | None = None, text: str = "") -> str:
    found = [row for row in transfers.rows(context.node()) if row["status"] in COMING]
    return context.render(
        "arrive.html",
        tab="moves",
        rows=sorted(found, key=lambda row: not row["ours"]),
        status=STATUS,
        key=context.fresh_key(),
        photos=scanning.is_there(),
        problem=problem,
        text=text,
    )


def read_text() -> Answer:
    """Read in the pasted text of a waybill, or find a dispatch by its number."""
    text = request.form.get("text", "").strip()
    return _read(text)


def read_photo() -> Answer:
    """Read in a waybill from a photo of its code."""
    photo = request.files.get("photo")
    if photo is None or not photo.filename:
        return _coming_page(Problem("No photo was chosen.", kept="", todo="Choose one, or paste the text.")), 422
    try:
        return _read(scanning.read_photo(photo.stream))
    except Problem as problem:
        return _coming_page(problem), problem.status


def _read(text: str) -> Answer:
    node = context.node()
    try:
        if waybill.is_text(text):
            return redirect(f"/arrive/{papers.read(node, text)['dispatch']}", 303)
        return redirect(f"/arrive/{transit.find(node, text).dispatch}", 303)
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _coming_page(problem, text), problem.status


def show_form(dispatch: str) -> str:
    """What came of one dispatch, line by line."""
    node = context.node()
    row = transfers.row(node, transit.find(node, dispatch).dispatch)
    return _form(row, [_given(line) for line in row["lines"] if not line["open"].startswith(("-", "0"))])


def _given(line: dict[str, Any]) -> Given:
    return Given(line["item"], line["item_name"], line["unit"], line["open"], line["open"])


def _form(row: dict[str, Any], lines: list[Given], **more: Any) -> str:
    node = context.node()
    blank: dict[str, Any] = {"errors": {}, "place": row["to"] or "", "note": ""}
    return context.render(
        "arrive_form.html",
        tab="moves",
        row=row,
        lines=lines,
        key=key_of_form() if request.method == "POST" else context.fresh_key(),
        places=choices.places(node),
        items=choices.items(node),
        **blank | more,
    )


def take(dispatch: str) -> Answer:
    """Record what came: all that is open with one tap, or what the lines say."""
    node = context.node()
    place, note = request.form.get("place") or None, request.form.get("note") or None
    lines = None if request.form.get("everything") else _typed()
    body = ArrivalIn(dispatch=dispatch, lines=lines, place=place, note=note)
    asked = b"arrival\0" + msgspec.json.encode(body)
    try:
        entry, first = once(asked, lambda: moving.arrive(node, body).entry)
    except Problem as problem:
        if problem.status >= 429 or problem.status == 404:
            raise
        row = transfers.row(node, transit.find(node, dispatch).dispatch)
        errors = {name: why for name, why in problem.fields.items() if name in ("place", "note")}
        errors = errors or {"form": f"{problem.what} {problem.todo}".strip()}
        return _form(row, _again(row), errors=errors, place=place or "", note=note or ""), problem.status
    return redirect(f"/entries/{entry}?fresh={'new' if first else 'again'}", 303)


def _columns() -> list[dict[str, str]]:
    columns = {name: request.form.getlist(name) for name in ("item", "qty", "damaged", "missing")}
    count = len(columns["item"])
    return [{name: col[i].strip() if i < len(col) else "" for name, col in columns.items()} for i in range(count)]


def _typed() -> list[ArrivalLineIn]:
    """The lines that say something: a line without any quantity, or with noughts alone, says nothing."""
    return [
        ArrivalLineIn(
            item=row["item"], qty=row["qty"] or "0", damaged=row["damaged"] or None, missing=row["missing"] or None
        )
        for row in _columns()
        if row["item"] and any(row[name].strip("0.") for name in ("qty", "damaged", "missing"))
    ]


def _again(row: dict[str, Any]) -> list[Given]:
    """The form's lines as they were typed."""
    told = {line["item"]: line for line in row["lines"]}
    found = []
    for typed in _columns():
        line = told.get(typed["item"], {"item_name": typed["item"], "unit": "", "open": "0"})
        found.append(Given(typed.pop("item"), line["item_name"], line["unit"], line["open"], **typed))
    return [line for line in found if line.item]


# the paper


def show_waybill(dispatch: str) -> str:
    """The waybill to print."""
    found = papers.paper(context.node(), dispatch)
    codes = [Markup(picture) for picture in papers.pictures(found["text"])] if found["text"] else []
    return context.render("waybill.html", tab="moves", paper=found, codes=codes)
