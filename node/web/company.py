"""Peers: who is known, when each was last heard, and the few things to be done about them."""

import io
from collections.abc import Callable
from typing import Any

import segno
from flask import request
from markupsafe import Markup

from node import catalogue
from node.web import context, words
from sync.errors import Problem
from sync.identity import parse_node_id, show_id

CLOCK_OFF_MS = 2 * words.MINUTE_MS
Answer = str | tuple[str, int]


def show() -> str:
    """All peers."""
    return _page()


def sync() -> Answer:
    """Exchange with all peers, or the one that the form names."""
    peer = request.form.get("node") or None
    return attempt(lambda: {"results": _named(context.node().sync_now(peer))})


def invite() -> Answer:
    """Make a one-time invitation and show it, as text and as a QR code."""
    return attempt(lambda: {"invitation": _invitation(context.node().invite())})


def join() -> Answer:
    """Pair with the node whose code was typed."""
    code, address = request.form.get("code", "").strip(), request.form.get("address", "").strip()
    if not code:
        return _page(errors={"code": "Type or paste the code that the other team gave you."}, address=address), 422

    def act() -> dict[str, Any]:
        context.node().join("".join(code.split()), address or None)
        return {"done": "Paired. News will come with the next sync."}

    return attempt(act, code=code, address=address)


def accept() -> Answer:
    """Believe a node."""
    return attempt(lambda: _did(context.node().accept, "This node's entries count from now on."))


def block() -> Answer:
    """Stop believing a node."""
    return attempt(lambda: _did(context.node().block, "Blocked. What this node said is out of our stock."))


def _did(act: Callable[[str], Any], said: str) -> dict[str, Any]:
    act(request.form.get("node", ""))
    return {"done": said}


def attempt(act: Callable[[], dict[str, Any]], **kept: str) -> Answer:
    """The page with what came of it; a Problem is told on the page, with what was typed kept."""
    try:
        return _page(**act())
    except Problem as problem:
        status = 409 if problem.status in (502, 503) else problem.status
        return _page(problem=problem, **kept), status


def _page(**values: Any) -> str:
    empty: dict[str, Any] = {
        "results": None,
        "invitation": None,
        "done": "",
        "problem": None,
        "errors": {},
        "code": "",
        "address": "",
    }
    rows = [_row(row) for row in context.node().peer_rows()]
    return context.render("peers.html", tab="peers", json="/api/v1/peers", peers=rows, **empty | values)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A peer with what the page says of it."""
    failures = row.get("failures") or 0
    return row | {
        "title": name_of(row),
        "shown": show_id(row["peer"]),
        "clock_off": _clock(row.get("skew_ms")),
        "failed": f"Not reached at the last {words.plural(failures, 'try', 'tries')}." if failures else "",
    }


def name_of(row: dict[str, Any]) -> str:
    """What the peer's team calls itself in the log, else the name it was paired under, else the head of its id."""
    names = catalogue.team_names(context.node())
    return names.get(parse_node_id(row["peer"])) or row.get("name") or f"Node {show_id(row['peer'])[:14]}"


def _clock(difference_ms: int | None) -> str:
    """A sentence where the two clocks differ so much that times mislead."""
    if difference_ms is None or abs(difference_ms) < CLOCK_OFF_MS:
        return ""
    minutes = abs(difference_ms) // words.MINUTE_MS
    span = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    side = "ahead of" if difference_ms > 0 else "behind"
    return f"Its clock is {span} {side} ours. One of the two is wrong: times in the log may mislead."


def _named(results: Any) -> list[dict[str, Any]]:
    """Sync results with the peer's team instead of its id alone."""
    names = {row["peer"]: name_of(row) for row in context.node().peer_rows()}
    return [row | {"name": names.get(row["peer"]) or show_id(str(row["peer"]))[:14]} for row in results]


def _invitation(made: dict[str, Any]) -> dict[str, Any]:
    picture = io.BytesIO()
    segno.make(made["code"], error="m").save(picture, kind="svg", border=3, xmldecl=False, omitsize=True)
    return {
        "code": made["code"],
        "addresses": made.get("addresses") or [],
        "svg": Markup(picture.getvalue().decode()),
    }
