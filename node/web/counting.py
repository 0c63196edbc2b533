"""A count sheet as a page: to be printed and written on, or filled in and sent as one count."""

from typing import Any
from urllib.parse import urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from node import catalogue, counting
from node.importing import counted, sheets
from node.importing.sheets import KEPT
from node.web import choices, context
from node.web.once import once
from sync.errors import Malformed, Problem

ROWS_SHOWN = 100
PROBLEMS_SHOWN = 20  # of a file
Answer = str | Response | tuple[str, int]


def show_sheet() -> str:
    """The sheet of a place, shelf by shelf; blind, of one shelf, or of one category if so asked."""
    return _sheet_page(request.args.get("place") or choices.first_place(context.node()))


def give_file() -> Response:
    """The sheet of a place as CSV, to be filled in."""
    place, blind = request.args.get("place", ""), request.args.get("blind") == "1"
    text = counted.blank(counting.sheet(context.node(), place, blind), blind)
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": "attachment; filename=count-sheet.csv"})


def take_file() -> Answer:
    """Record a sheet that was filled in with a spreadsheet; or say what is wrong with it, or only what it says."""
    node, place, file = context.node(), request.form.get("place", ""), request.files.get("file")
    data, checking = (file.stream.read() if file else b""), request.form.get("check") == "1"
    try:
        if file is None or not file.filename:
            raise Malformed("No file was chosen.", kept=KEPT, todo="Choose the sheet that you filled in.")
        sheet = sheets.of(file.filename, data)
        found = counted.run(node, sheet, place, dry_run=True)
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _sheet_page(place, problem=problem), problem.status
    if checking or found["problems"]:
        return _sheet_page(place, found=found), 422 if found["problems"] else 200
    asked = b"count file\0" + place.encode() + b"\0" + data
    entry, first = once(asked, lambda: str(counted.run(node, sheet, place)["entry"]))
    return redirect(f"/entries/{entry}?fresh={'new' if first else 'again'}", 303)


def _sheet_page(place: str, problem: Problem | None = None, found: dict[str, Any] | None = None) -> str:
    node = context.node()
    blind = request.args.get("blind") == "1"
    shelf, category = (request.args.get(name) or None for name in ("shelf", "category"))
    whole = counting.sheet(node, place, blind) if place else []
    rows = counting.sheet(node, place, blind, shelf, category) if place else []
    return context.render(
        "count_sheet.html",
        tab="record",
        place=place,
        places=choices.places(node),
        blind=blind,
        shelf=shelf or "",
        category=category or "",
        shelves=list(dict.fromkeys(row["shelf"] for row in whole if row["shelf"])),
        categories=sorted({row["category"] for row in whole if row["category"]}),
        rows=_labelled(rows),
        problem=problem,
        found=found,
        problems_shown=PROBLEMS_SHOWN,
        key=context.fresh_key(),
        json="/api/v1/count-sheet?" + urlencode({"place": place, "blind": int(blind)}) if place else None,
    )


def _labelled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with what the form calls the item, and its packs in a few words."""
    known = {row.id: row for row in catalogue.item_rows(context.node(), [row["item"] for row in rows])}
    return [
        row | {"label": known[row["item"]].label, "hint": choices.hint(known[row["item"]])}
        if row["item"] in known
        else row | {"label": row["item"], "hint": ""}
        for row in rows
    ]


def show_counts() -> str:
    """What counts found, and how much of it later news explains."""
    node = context.node()
    place = request.args.get("place", "")
    rows = counting.counts(node, place or None)
    differ = request.args.get("all") != "1"
    shown = [row for row in rows if row["variance"] != "0" or row["unexplained"] != "0"] if differ else rows
    query = urlencode({"place": place}) if place else ""
    return context.render(
        "counts.html",
        tab="log",
        rows=shown[:ROWS_SHOWN],
        left_out=max(0, len(shown) - ROWS_SHOWN),
        differ=differ,
        place=place,
        places=choices.places(node),
        json="/api/v1/counts" + (f"?{query}" if query else ""),
    )
