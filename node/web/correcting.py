"""The form that corrects an entry of ours: everything as it was recorded, to be changed where it is wrong."""

from typing import Any

import msgspec
from flask import redirect, request
from werkzeug.wrappers import Response

from node import correcting, record
from node.catalogue import PlaceRow
from node.events import LOSS_REASONS, URGENCIES, Repack
from node.requests import CorrectIn
from node.web import choices, context, corrections, drafts
from node.web.corrections import Correction, CorrectLine
from node.web.once import key_of_form, once
from sync.errors import NotFound, Problem
from sync.log import Folded

TITLES = {"in": "What was used", "out": "What was made of it", "lines": "What and how much"}
Answer = str | Response | tuple[str, int]


def show(entry: str) -> str:
    """The entry as a form."""
    found = _own(entry)
    return _page(found, corrections.recorded(context.node(), context.fresh_key(), found.fact))


def take(entry: str) -> Answer:
    """Correct it, or show the form again with what is off."""
    node, found = context.node(), _own(entry)
    before = corrections.recorded(node, key_of_form(), found.fact)
    now = corrections.typed(request.form, before)
    if request.form.get("more") or request.form.get("pick"):
        drafts.pick_of_sides(node, now.sides, request.form.get("pick", ""))
        now.sides.get(request.form.get("more", ""), []).append(CorrectLine())
        return _page(found, now)
    body = corrections.body(node, found.fact, before, now)
    if body is None:
        return _page(found, now), 422
    try:
        return redirect(f"/entries/{_record(found, body)}?fresh=new", 303)
    except Problem as problem:
        if problem.status >= 429:
            raise
        corrections.blame(now, problem)
        return _page(found, now), 409 if problem.status == 409 else 422


def _record(found: Folded, body: CorrectIn) -> str:
    asked = b"correct\0" + found.id + msgspec.json.encode(body)
    done, _ = once(asked, lambda: correcting.correct(context.node(), found.id.hex(), body).entry)
    return done


def can(entry: Folded) -> bool:
    """Whether an entry is of a kind that is corrected."""
    return isinstance(entry.fact, correcting.CORRECTABLE)


def _own(entry: str) -> Folded:
    found = record.find_entry(context.node(), entry)
    if not can(found) or found.node != context.node().keys.node:
        raise NotFound("There is nothing to correct here.", kept="", todo="Go back to the entry.")
    return found


def _page(entry: Folded, form: Correction) -> str:
    node = context.node()
    for lines in form.sides.values():
        lines.extend([CorrectLine()] if not lines or lines[-1].was else [])  # room for what was forgotten
        for line in lines:
            drafts.show_hint(node, line)
    return context.render(
        "correct.html",
        tab="log",
        entry=entry.id.hex(),
        form=form,
        more={side: corrections.more_of(entry.fact, side) for side in form.sides},
        titles=TITLES,
        repack=isinstance(entry.fact, Repack),
        places=_places(entry.fact),
        items=choices.items(node),
        reasons=LOSS_REASONS,
        urgencies=URGENCIES,
    )


def _places(fact: Any) -> list[tuple[str, list[PlaceRow]]]:
    """All places; those that the entry names are there, also where nobody has named them yet."""
    node = context.node()
    found = choices.places(node)
    known = {row.id for _, rows in found for row in rows}
    named = {getattr(fact, name, "") for name in ("place", "to", "site")} - known - {""}
    bare = [PlaceRow(id, "", "", None, None, b"") for id in sorted(named)]
    return [*found, *([("As it was recorded", bare)] if bare else [])]
