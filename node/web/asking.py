"""What people need, who could fill it, what is promised, and what a plan suggests."""

from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from node import filling, needing, needs, planning, promises
from node.access import gate
from node.requests import CloseIn, RenewIn
from node.web import context
from sync.errors import Problem

STATUS = {"open": "warn", "stale": "", "met": "good", "closed": "", "expired": ""}
URGENCY = {"critical": "bad", "urgent": "warn", "routine": ""}
Answer = Response | tuple[str, int]


def show_all() -> str:
    """What is needed, the most urgent first."""
    every = request.args.get("all") == "1"
    rows = sorted(needs.rows(context.node(), every), key=_order)
    return context.render(
        "needs.html",
        tab="nearby",
        rows=rows,
        every=every,
        status=STATUS,
        urgency=URGENCY,
        plans=planning.is_there(),
        json="/api/v1/needs" + ("?all=1" if every else ""),
    )


def _order(row: dict[str, Any]) -> tuple[int, int]:
    return list(STATUS).index(row["status"]), list(URGENCY).index(row["urgency"])


def show(need: str) -> str:
    """One need, and who could fill it."""
    return _page(need)


def _page(need: str, error: str = "") -> str:
    node = context.node()
    row = needs.one(node, needing.find(node, need))
    found = filling.rows(node, need) if row else []
    by_item = [(line, [one for one in found if one["item"] == line["item"]]) for line in row["lines"]] if row else []
    return context.render(
        "need.html",
        tab="nearby",
        row=row,
        need=need,
        fill=by_item,
        status=STATUS,
        urgency=URGENCY,
        promised=[one for one in promises.rows(node) if row and one["need"] == row["need"]],
        error=error,
        json=f"/api/v1/needs/{need}/nearby",
    )


def show_pledges() -> str:
    """What is promised and holds: for needs, or to anyone."""
    return context.render("pledges.html", tab="nearby", rows=promises.rows(context.node()), json="/api/v1/pledges")


def show_plan() -> str | tuple[str, int]:
    """Suggested transfers."""
    try:
        rows, problem = planning.rows(context.node()), None
    except Problem as found:
        rows, problem = [], found
    shown = context.render("plan.html", tab="nearby", rows=rows, problem=problem, urgency=URGENCY, json="/api/v1/plan")
    return (shown, problem.status) if problem else shown


def renew(need: str) -> Answer:
    """It is still needed."""
    return _say(need, lambda: needing.renew(context.node(), need, RenewIn()))


def close(need: str) -> Answer:
    """It is over, and why."""
    return _say(need, lambda: needing.close(context.node(), need, CloseIn(why=request.form.get("why", ""))))


def _say(need: str, act: Any) -> Answer:
    visitor = context.visitor()
    assert visitor is not None
    gate().count_write(visitor)
    try:
        act()
    except Problem as problem:
        if problem.status >= 429 or problem.status == 404:
            raise
        return _page(need, f"{problem.what} {problem.todo}".strip()), problem.status
    return redirect(f"/needs/{need}", 303)
