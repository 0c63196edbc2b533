"""A count sheet as a page: to be printed and written on, or filled in and sent as one count."""

from typing import Any
from urllib.parse import urlencode

from flask import request

from node import catalogue, counting
from node.web import choices, context

ROWS_SHOWN = 100


def show_sheet() -> str:
    """The sheet of a place, shelf by shelf; blind, of one shelf, or of one category if so asked."""
    node = context.node()
    place = request.args.get("place") or choices.first_place(node)
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
