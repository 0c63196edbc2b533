"""The catalogue as pages: what items are known, by which codes, packs and parts, and where the places are."""

from urllib.parse import urlencode

from flask import request

from node import queries
from node.web import context

ITEMS_SHOWN = 60
PLACES_SHOWN = 200


def show_items() -> str:
    """Items by name, or those that a few letters may mean; a page goes on after an item."""
    node, text, after = context.node(), request.args.get("q", "").strip(), request.args.get("after") or None
    rows = queries.items(node, like=text or None, after=after, limit=ITEMS_SHOWN + 1)
    more = rows[ITEMS_SHOWN - 1]["item"] if len(rows) > ITEMS_SHOWN and not text else None
    return context.render(
        "items.html",
        tab="stock",
        rows=rows[:ITEMS_SHOWN],
        q=text,
        more=more and "/items?" + urlencode({"after": more}),
        json="/api/v1/items" + ("?" + urlencode({"like": text}) if text else ""),
    )


def show_places() -> str:
    """Places by team and name, our own first; or those whose name holds some letters."""
    node, text = context.node(), request.args.get("q", "").strip()
    own = context.team_name(node)
    rows = [row for row in queries.places(node) if text.casefold() in row["name"].casefold()]
    rows.sort(key=lambda row: row["team"] != own)
    return context.render(
        "places.html", tab="stock", rows=rows[:PLACES_SHOWN], total=len(rows), q=text, own=own, json="/api/v1/places"
    )
