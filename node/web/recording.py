"""Record what happened: a drop, a receipt, a count, a loss. Four forms that differ in a few fields."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import redirect, request
from werkzeug.wrappers import Response

from node import catalogue, moving, needing, needs, queries, record
from node.events import LOSS_REASONS, URGENCIES
from node.requests import Body, CountIn, DispatchIn, DistributionIn, LossIn, MoveIn, NeedIn, PledgeIn, ReceiptIn
from node.web import choices, context, drafts
from node.web.drafts import Draft, DraftLine
from node.web.once import key_of_form, once
from sync.errors import NotFound, Problem

SHEET_LINES_MAX = 80  # of a count sheet


@dataclass(frozen=True)
class Kind:
    """One of the forms, in its own words; one without a tab is reached from elsewhere."""

    name: str
    tab: str
    title: str
    button: str
    place_label: str
    lines_label: str
    body: type[Body]
    write: Callable[[Any, Any], record.Recorded]


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "drop",
            "Drop",
            "Log a drop",
            "Record this drop",
            "From",
            "What was handed out",
            DistributionIn,
            record.distribute,
        ),
        Kind(
            "receive",
            "Receive",
            "Receive goods",
            "Record this receipt",
            "At",
            "What came in",
            ReceiptIn,
            record.receive,
        ),
        Kind("count", "Count", "Count the stock", "Record this count", "At", "What is there", CountIn, record.count),
        Kind("loss", "Loss", "Record a loss", "Record this loss", "At", "What is gone", LossIn, record.lose),
        Kind("send", "Send", "Send goods", "Record that it left", "From", "What left", DispatchIn, moving.dispatch),
        Kind("move", "", "Move goods", "Record this move", "From", "What went", MoveIn, moving.move),
        Kind("need", "", "What people need", "Record this need", "Where", "What is needed", NeedIn, needing.add),
        Kind(
            "pledge", "", "Promise goods", "Record this promise", "From", "What we can give", PledgeIn, needing.pledge
        ),
    )
}


def show(name: str) -> str:
    """An empty form, or one with a place, an item or all items of a place filled in."""
    kind = _kind(name)
    node = context.node()
    place = request.args.get("place") or choices.first_place(node)
    draft = Draft(
        context.fresh_key(),
        _lines(place),
        place=place,
        to=request.args.get("to", ""),
        need=request.args.get("need", ""),
        sheet=request.args.get("all", "")[:1],
    )
    return _page(kind, draft)


def _lines(place: str) -> list[DraftLine]:
    """A count sheet of the place, what a need lacks, the one item asked for, or blanks."""
    node, item = context.node(), request.args.get("item", "")
    if request.args.get("all") and place:
        ids = [row["item"] for row in queries.stock(node, place=place)]
        lines = [DraftLine(row.label) for row in catalogue.item_rows(node, ids[:SHEET_LINES_MAX])]
        return [*lines, DraftLine()]
    lacking = None if item else needs.one(node, request.args.get("need", ""))
    if lacking:
        return _lacking(lacking)
    rows = catalogue.item_rows(node, [item]) if item else []
    first = DraftLine(rows[0].label if rows else item, request.args.get("qty", ""), request.args.get("lot", ""))
    return [first, DraftLine()] if item else [DraftLine() for _ in range(drafts.BLANK_LINES)]


def _lacking(need: dict[str, Any]) -> list[DraftLine]:
    """What a need lacks, to be changed into what is given for it."""
    left = {line["item"]: line["left"] for line in need["lines"] if line["left"] != "0"}
    rows = catalogue.item_rows(context.node(), list(left))
    return [DraftLine(row.label, left[row.id]) for row in rows] or [DraftLine()]


def take(name: str) -> Response | tuple[str, int] | str:
    """Record the form, or show it again with what was typed and what is off."""
    kind, node = _kind(name), context.node()
    draft = Draft.from_form(request.form, key_of_form())
    if request.form.get("more") or request.form.get("pick"):
        draft.pick(node, request.form.get("pick", ""))
        if request.form.get("more"):
            draft.add_lines()
        return _page(kind, draft)
    if kind.name == "count":  # a count sheet lists what may be there; what nobody counted says nothing
        draft.lines = [line for line in draft.lines if line.qty.strip()] or draft.lines[:1]
    body = drafts.read(node, draft, kind.body)
    if body is None:
        return _page(kind, draft), 422
    try:
        return _record(kind, draft, body)
    except Problem as problem:
        if problem.status >= 429:
            raise
        draft.blame(problem)
        return _page(kind, draft), 422


def _record(kind: Kind, draft: Draft, body: Body) -> Response:
    """Once for one rendered form with one content. Whoever goes back and changes the form records anew."""
    asked = kind.name.encode() + b"\0" + msgspec.json.encode(body)
    entry, first = once(asked, lambda: kind.write(context.node(), body).entry)
    return redirect(f"/entries/{entry}?fresh={'new' if first else 'again'}", 303)


def _page(kind: Kind, draft: Draft) -> str:
    node = context.node()
    drafts.show_hints(node, draft)
    return context.render(
        "record.html",
        tab="record",
        kind=kind,
        kinds=KINDS.values(),
        draft=draft,
        places=choices.places(node),
        items=choices.items(node),
        reasons=LOSS_REASONS,
        urgencies=URGENCIES,
        asked=needs.one(node, draft.need) if draft.need else None,
    )


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotFound("There is no such form.", kept="", todo=f"There are: {', '.join(KINDS)}.")
    return KINDS[name]
