"""The first page: what is on hand, place by place, our own first, with the age of each team's news."""

from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from flask import request

from node import alerts, catalogue, hearsay, queries
from node.web import context

LINES_SHOWN = 12  # of one place, where several are shown
PLACES_SHOWN = 25
_JSON = "/api/v1/stock"


def show() -> str:
    """Stock of all places or one, narrowed to items whose name holds the words."""
    node = context.node()
    text, asked, skip = request.args.get("q", "").strip(), request.args.get("place", ""), _skip()
    place = catalogue.find_place(node, asked) if asked else None
    rows = queries.stock(node, place=place.id if place else None)
    if text:
        rows = [row for row in rows if _holds(row, text)] or _resembling(rows, text)
    groups = _groups(rows, None if place else LINES_SHOWN)
    shown = groups[skip : skip + PLACES_SHOWN]
    _add_lots(shown)
    query = {"place": place.id} if place else {}
    return context.render(
        "stock.html",
        tab="stock",
        json=_JSON + ("?" + urlencode(query) if query else ""),
        q=text,
        place=place,
        groups=shown,
        total=len(rows),
        to_look_at=0 if text or skip else alerts.number(node, place.id if place else None),
        many_places=len(groups) > 5,
        pages_more=_more(text, skip) if len(groups) > skip + PLACES_SHOWN else None,
    )


def _skip() -> int:
    text = request.args.get("skip", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _more(text: str, skip: int) -> str:
    return "/?" + urlencode({"q": text, "skip": skip + PLACES_SHOWN})


def _holds(row: dict[str, Any], text: str) -> bool:
    name = f"{row['item_name']} {row['unit']}".casefold()
    return all(word in name for word in text.casefold().split())


def _resembling(rows: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Rows of the items that a mistyped word may mean."""
    meant = {row.id for row in catalogue.search_items(context.node(), text, own=True)}
    return [row for row in rows if row["item"] in meant]


def _groups(rows: list[dict[str, Any]], most: int | None) -> list[dict[str, Any]]:
    """Rows by place: our own places first, then by name; `more` says that some lines are left out."""
    ours = {row.id for row in catalogue.places_all(context.node()) if row.node == context.node().keys.node}
    told, groups = hearsay.places(context.node()), []
    for place, found in groupby(rows, key=lambda row: row["place"]):
        lines = list(found)
        head = {"place": place, "name": lines[0]["place_name"], "team": lines[0]["team"], "heard": lines[0]["heard"]}
        more = most is not None and len(lines) > most
        groups.append(
            head
            | {
                "own": place in ours,
                "told": hearsay.said(told[place]) if place in told else "",
                "count": len(lines),
                "more": more,
                "rows": lines[:most],
            }
        )
    return sorted(groups, key=lambda group: not group["own"])


def _add_lots(groups: list[dict[str, Any]]) -> None:
    """To each line shown, the lots that it is made of, where any is named."""
    for group in groups:
        lots: dict[str, list[dict[str, Any]]] = {}
        for row in queries.stock(context.node(), place=group["place"], lots=True):
            lots.setdefault(row["item"], []).append(row)
        for row in group["rows"]:
            named = lots.get(row["item"], [])
            row["lots"] = named if any(lot["lot"] for lot in named) else []
