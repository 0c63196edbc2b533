"""The form of a repack: what was used on one side, what was made of it on the other, and several lines of each."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from flask import redirect, request
from werkzeug.wrappers import Response

from node import catalogue, repacking
from node.requests import LineIn, RepackIn, RepackOutIn
from node.running import Node
from node.web import choices, context, drafts
from node.web.drafts import DraftLine
from node.web.once import key_of_form, once
from sync.errors import Problem

# Of each side: its title, what its lines may say besides item and quantity, and what its button says.
SIDES = {
    "in": ("What was used", ("lot",), "Another line of what was used"),
    "out": ("What was made of it", ("lot", "batch", "expiry"), "Another line of what was made"),
}
TEXTS = ("place", "at", "note")
LINES_SHOWN = 2  # blank ones of each side
Answer = str | Response | tuple[str, int]


@dataclass
class Draft:
    """The form as it was filled in; `sides` are its lines, used (`in`) and made (`out`)."""

    key: str
    sides: dict[str, list[DraftLine]]
    place: str = ""
    at: str = ""
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def filled(self, side: str) -> list[DraftLine]:
        """The lines that say something."""
        return [line for line in self.sides[side] if not line.blank]


def show() -> str:
    """An empty form; a place and an item of what was used may be filled in."""
    node, item = context.node(), request.args.get("item", "")
    rows = catalogue.item_rows(node, [item]) if item else []
    draft = Draft(context.fresh_key(), {side: [DraftLine() for _ in range(LINES_SHOWN)] for side in SIDES})
    draft.place = request.args.get("place") or choices.first_place(node)
    draft.sides["in"][0].item = rows[0].label if rows else item
    return _page(draft)


def take() -> Answer:
    """Record the form, or show it again with what was typed and what is off."""
    node, draft = context.node(), _typed()
    if request.form.get("more") or request.form.get("pick"):
        drafts.pick_of_sides(node, draft.sides, request.form.get("pick", ""))
        draft.sides.get(request.form.get("more", ""), []).extend(DraftLine() for _ in range(LINES_SHOWN))
        return _page(draft)
    if not _check(node, draft):
        return _page(draft), 422
    body = _body(draft)
    try:
        asked = b"repack\0" + msgspec.json.encode(body)
        entry, first = once(asked, lambda: repacking.repack(node, body).entry)
    except Problem as problem:
        if problem.status >= 429:
            raise
        _blame(draft, problem)
        return _page(draft), 422
    return redirect(f"/entries/{entry}?fresh={'new' if first else 'again'}", 303)


def _typed() -> Draft:
    texts: dict[str, Any] = {name: request.form.get(name, "") for name in TEXTS}
    return Draft(key_of_form(), {side: _lines(side) for side in SIDES}, **texts)


def _lines(side: str) -> list[DraftLine]:
    """What was typed on one side, line by line."""
    columns = {name: request.form.getlist(f"{side}-{name}") for name in ("item", "qty", *SIDES[side][1])}
    count = max(len(column) for column in columns.values())
    rows = [{name: column[i] if i < len(column) else "" for name, column in columns.items()} for i in range(count)]
    return [DraftLine.typed(row) for row in rows] or [DraftLine()]


def _check(node: Node, draft: Draft) -> bool:
    """Find all that is wrong at once, so that nobody has to send a form five times."""
    if not draft.place:
        draft.errors["place"] = "Choose the place."
    for side, said in (("in", "Say what was used."), ("out", "Say what was made.")):
        draft.sides[side] = draft.filled(side) or draft.sides[side][:1]
        for i, line in enumerate(draft.filled(side)):
            drafts.check_line(node, draft.errors, f"{side}.{i}", line)
        if not draft.filled(side):
            draft.errors[f"{side}.0.item"] = said
    return not draft.errors


def _body(draft: Draft) -> RepackIn:
    used = [LineIn(item=line.item, qty=line.qty, lot=line.lot.strip() or None) for line in draft.sides["in"]]
    made = [RepackOutIn(item=line.item, qty=line.qty, **_known(line)) for line in draft.sides["out"]]
    return RepackIn(place=draft.place, used=used, made=made, at=draft.at or None, note=draft.note or None)


def _known(line: DraftLine) -> dict[str, str | None]:
    return {name: line[name].strip() or None for name in SIDES["out"][1]}


def _blame(draft: Draft, problem: Problem) -> None:
    """Say what was wrong where it was typed; what belongs to no field stands at the top."""
    places = [f"{side}.{i}.{name}" for side in SIDES for i in range(len(draft.sides[side])) for name in _names(side)]
    for name, why in problem.fields.items():
        draft.errors[name if name in (*places, *TEXTS) else "form"] = why
    draft.errors = draft.errors or {"form": problem.detail}


def _names(side: str) -> tuple[str, ...]:
    return ("item", "qty", *SIDES[side][1])


def _page(draft: Draft) -> str:
    node = context.node()
    for line in (line for lines in draft.sides.values() for line in lines):
        drafts.show_hint(node, line)
    return context.render(
        "repack.html", tab="stock", draft=draft, sides=SIDES, places=choices.places(node), items=choices.items(node)
    )
