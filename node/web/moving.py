"""What is on its way: the work-list, what is coming here, and the waybill to print."""

from dataclasses import dataclass
from typing import Any

import msgspec
from flask import redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from node import moving, papers, scanning, slips, transfers, transit, waybill
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
AMOUNTS = ("qty", "damaged", "missing")
CAME = "came"  # where nothing is said of how much was good, the rest was
Answer = str | Response | tuple[str, int]


@dataclass
class Given:
    """One line of the arrival form: what is open of an item (nought where nothing is), and what was typed."""

    item: str
    name: str
    unit: str
    open: str
    qty: str = ""
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


def _doubts(dispatch: str) -> list[str]:
    """What is to be doubted of a waybill that was read in."""
    node = context.node()
    return [doubt for slip in slips.every(node) if slip.id == dispatch for doubt in slips.doubts(node, slip)]


def _coming_page(problem: Problem | None = None, text: str = "") -> str:
    node = context.node()
    found = [row for row in transfers.rows(node) if row["status"] in COMING]
    return context.render(
        "arrive.html",
        tab="moves",
        rows=sorted(found, key=lambda row: not row["ours"]),
        doubts={slip.id: slips.doubts(node, slip) for slip in slips.every(node)},
        status=STATUS,
        is_due=transfers.is_due,
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
    """What came of one dispatch, line by line.

    What is left empty as good means that the rest came, or nothing: who comes to look at what is overdue (`empty`) has
    seen nothing yet.
    """
    node = context.node()
    row = transfers.row(node, transit.find(node, dispatch).dispatch)
    return _form(row, _due(row), rest="" if request.args.get("empty") == "1" else CAME)


def _due(row: dict[str, Any]) -> list[Given]:
    lines = [line for line in row["lines"] if transfers.is_due(line)]
    return [Given(line["item"], line["item_name"], line["unit"], line["open"]) for line in lines]


def _form(row: dict[str, Any], lines: list[Given], **more: Any) -> str:
    node = context.node()
    blank: dict[str, Any] = {"errors": {}, "place": row["to"] or "", "note": ""}
    return context.render(
        "arrive_form.html",
        tab="moves",
        row=row,
        lines=lines,
        doubts=_doubts(row["dispatch"]),
        key=key_of_form() if request.method == "POST" else context.fresh_key(),
        places=choices.places(node),
        items=choices.items(node),
        **blank | more,
    )


def take(dispatch: str) -> Answer:
    """Record what came, by what the lines say; double sending records once, since the form brings what it showed."""
    node = context.node()
    place, note = request.form.get("place") or None, request.form.get("note") or None
    body, rest = ArrivalIn(dispatch=dispatch, lines=_typed(), place=place, note=note), _rest()
    asked = b"arrival\0" + msgspec.json.encode((body, rest))
    try:
        entry, first = once(asked, lambda: moving.arrive(node, body, rest).entry)
    except Problem as problem:
        if problem.status >= 429 or problem.status == 404:
            raise
        row = transfers.row(node, transit.find(node, dispatch).dispatch)
        errors = {name: why for name, why in problem.fields.items() if name in ("place", "note")}
        errors = errors or {"form": f"{problem.what} {problem.todo}".strip()}
        more = {"errors": errors, "place": place or row["to"] or "", "note": note or ""}
        return _form(row, _again(row), rest=request.form.get("rest", ""), **more), problem.status
    return redirect(f"/entries/{entry}?fresh={'new' if first else 'again'}", 303)


def _columns() -> list[dict[str, str]]:
    columns = {name: request.form.getlist(name) for name in ("item", "open", *AMOUNTS)}
    count = len(columns["item"])
    return [{name: col[i].strip() if i < len(col) else "" for name, col in columns.items()} for i in range(count)]


def _typed() -> list[ArrivalLineIn]:
    """The lines that say something: one that the form showed, without any quantity or with noughts alone, doesn't."""
    return [
        ArrivalLineIn(
            item=row["item"], qty=row["qty"] or "0", damaged=row["damaged"] or None, missing=row["missing"] or None
        )
        for row in _columns()
        if row["item"] and (not row["open"] or any(row[name].strip("0.") for name in AMOUNTS))
    ]


def _rest() -> dict[str, str]:
    """How much the form showed as on its way of each item of which the rest came."""
    if request.form.get("rest") != CAME:
        return {}
    return {row["item"]: row["open"] for row in _columns() if row["open"].strip("0.") and not row["qty"]}


def _again(row: dict[str, Any]) -> list[Given]:
    """The form's lines as they were typed, and what else is on its way by now."""
    told, found = {line["item"]: line for line in row["lines"]}, []
    for typed in _columns():
        item, amounts = typed["item"], {name: typed[name] for name in AMOUNTS}
        line = told.get(item, {"item_name": item, "unit": "", "open": "0"})
        is_open = line["open"] if transfers.is_due(line) else "0"
        if item:
            found.append(Given(item, line["item_name"], line["unit"], is_open, **amounts))
    return [*found, *(line for line in _due(row) if line.item not in {one.item for one in found})]


# the paper


def show_waybill(dispatch: str) -> str:
    """The waybill to print."""
    found = papers.paper(context.node(), dispatch)
    codes = [Markup(picture) for picture in papers.pictures(found["text"])] if found["text"] else []
    return context.render("waybill.html", tab="moves", paper=found, codes=codes)
