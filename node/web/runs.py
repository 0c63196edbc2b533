"""Supply runs: the vehicles, and the run sheet of each."""

import msgspec
from flask import redirect, request
from werkzeug.wrappers import Response

from node import catalogue, runs
from node.requests import ReturnIn
from node.web import choices, context
from node.web.once import once
from sync.errors import Problem

Answer = str | Response | tuple[str, int]


def show_all() -> str:
    """The vehicles."""
    return context.render("runs.html", tab="moves", rows=runs.vehicles(context.node()))


def show(vehicle: str) -> str:
    """What a vehicle loaded, dropped, brought back and has left."""
    return _page(vehicle)


def _page(vehicle: str, error: str = "") -> str:
    node, since = context.node(), request.args.get("since") or None
    sheet = runs.sheet(node, vehicle, since)
    return context.render(
        "run.html",
        tab="moves",
        sheet=sheet,
        asked=since or "",
        json=f"/api/v1/runs/{sheet['vehicle']}",
        key=context.fresh_key(),
        places=choices.places_but(node, sheet["vehicle"]),
        left=any(item["left"] != "0" and not item["left"].startswith("-") for item in sheet["items"]),
        columns=runs.COLUMNS,
        error=error,
        doubt=bool(runs.no_vehicle(node, sheet["vehicle"])),
    )


def bring_back(vehicle: str) -> Answer:
    """Record that all that is left goes to a place."""
    node = context.node()
    body = ReturnIn(vehicle=catalogue.find_place(node, vehicle).id, to=request.form.get("to", ""))
    if not body.to:
        return _page(vehicle, "Choose where it is unloaded."), 422
    try:
        once(b"return\0" + msgspec.json.encode(body), lambda: runs.bring_back(node, body).entry)
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _page(vehicle, f"{problem.what} {problem.todo}".strip()), problem.status
    return redirect(f"/runs/{body.vehicle}", 303)
