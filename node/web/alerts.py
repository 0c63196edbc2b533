"""What a person should look at, each with a way to settle it by tapping."""

from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from node import alerts, catalogue
from node.access import gate
from node.web import context
from sync.errors import NotFound

SEVERITIES = {"urgent": ("At once", "bad"), "warn": ("Soon", "warn"), "info": ("When there is time", "")}
ROWS_SHOWN = 100
# Of each kind: what the button says, and the page behind it; {entry}, {place}, {item} and {lot} are filled in, and no
# quantity ever is: whoever comes there goes to look first.
WAYS = {
    "low": ("Receive some", "/record/receive?place={place}&item={item}"),
    "below_zero": ("Count it", "/record/count?place={place}&item={item}"),
    "expired": ("Record the loss", "/record/loss?place={place}&item={item}&lot={lot}"),
    "expiring": ("Log a drop", "/record/drop?place={place}&item={item}&lot={lot}"),
    "stale_count": ("Count everything", "/record/count?place={place}&all=1"),
    "overdue": ("Record what came", "/arrive/{entry}?empty=1"),
    "merge_suggestion": ("Look at both", "/same"),
    **dict.fromkeys(("need_open", "need_unanswered", "need_stale"), ("See the need", "/needs/{entry}")),
    "fork": ("Peers", "/peers"),
}
TRANSFERS = ("short", "over", "twice", "unmatched", "voided")


def show() -> str:
    """All alerts of our places, or of one place."""
    node, asked = context.node(), request.args.get("place", "")
    place = catalogue.find_place(node, asked) if asked else None
    rows = [row | {"way": _way(row)} for row in alerts.rows(node, place.id if place else None)]
    groups = [(*said, [row for row in rows if row["severity"] == name]) for name, said in SEVERITIES.items()]
    return context.render(
        "alerts.html",
        tab="stock",
        json="/api/v1/alerts" + ("?" + urlencode({"place": place.id}) if place else ""),
        place=place,
        groups=[group for group in groups if group[2]],
        shown=ROWS_SHOWN,
        to_see=sum(1 for row in rows if row["key"]),
    )


def _way(row: dict[str, Any]) -> tuple[str, str] | None:
    """What a button says and where it leads."""
    if row["kind"] in TRANSFERS:
        return "See the transfer", f"/transfers/{row['entry']}"
    said, path = WAYS.get(row["kind"], ("See the entry", "/entries/{entry}" if row["entry"] else "/peers"))
    return said, path.format(
        **{name: quote(str(row[name] or ""), safe="") for name in ("entry", "place", "item", "lot")}
    )


def seen() -> Response:
    """Hide what was looked at."""
    visitor = context.visitor()
    assert visitor is not None
    gate().count_write(visitor)
    with suppress(NotFound):  # at a second tap it is hidden already
        alerts.seen(context.node(), request.form.get("entry", ""))
    return redirect("/alerts", 303)
