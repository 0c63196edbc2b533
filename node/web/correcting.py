"""The form that corrects an entry of ours: everything as it was recorded, to be changed where it is wrong."""

import datetime as dt
from typing import Any

import msgspec
from flask import redirect, request
from werkzeug.wrappers import Response

from node import catalogue, correcting, inputs, record
from node.events import LOSS_REASONS, Arrival, Repack
from node.requests import CorrectIn, CorrectLineIn, LineIn, RepackOutIn
from node.units import format_qty
from node.web import choices, context
from node.web.once import once
from sync.errors import NotFound, OutOfRange, Problem
from sync.log import Folded

NUMBERS = ("people", "households")
TEXTS = ("place", "note")
MORE = ("to", "site", "source", "reason", "vehicle", "driver", "seal")  # of those kinds of entry that have them
Answer = str | Response | tuple[str, int]


def show(entry: str) -> str:
    """The entry as a form."""
    found = _own(entry)
    return _page(found, _as_it_is(found), {})


def take(entry: str) -> Answer:
    """Correct it, or show the form again with what is off."""
    found = _own(entry)
    before = _as_it_is(found)
    typed = before | _typed()
    if isinstance(found.fact, Repack):  # its form says quantities alone; the rest of a line is as it was recorded
        typed["lines"] = [
            line | {"qty": said["qty"]} for line, said in zip(before["lines"], typed["lines"], strict=False)
        ]
    try:
        body = _body(before, typed)
        done, _ = once(
            b"correct\0" + found.id + msgspec.json.encode(body),
            lambda: correcting.correct(context.node(), found.id.hex(), body).entry,
        )
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _page(found, typed, _blame(problem)), 409 if problem.status == 409 else 422
    return redirect(f"/entries/{done}?fresh=new", 303)


def can(entry: Folded) -> bool:
    """Whether an entry is of a kind that is corrected."""
    return isinstance(entry.fact, correcting.CORRECTABLE)


def _own(entry: str) -> Folded:
    found = record.find_entry(context.node(), entry)
    if not can(found) or found.node != context.node().keys.node:
        raise NotFound("There is nothing to correct here.", kept="", todo="Go back to the entry.")
    return found


def _as_it_is(entry: Folded) -> dict[str, Any]:
    fact: Any = entry.fact
    found: dict[str, Any] = {name: _text(getattr(fact, name)) for name in TEXTS}
    found |= {name: _text(getattr(fact, name)) for name in (*NUMBERS, *MORE) if hasattr(fact, name)}
    found["at"] = dt.datetime.fromtimestamp(fact.at // 1000).isoformat(timespec="minutes")  # on this node's clock
    if isinstance(fact, Repack):
        sides = [_side("in", line) for line in fact.used] + [_side("out", line) for line in fact.made]
        return found | {"why": "", "lines": sides}
    return found | {"why": "", "lines": [_line(fact, line) for line in fact.lines]}


def _side(side: str, line: Any) -> dict[str, str]:
    """A line of a repack: what was used (`in`) or made (`out`); a lot that was only made from the rest isn't named."""
    known = [getattr(line, name, "") for name in ("batch", "expiry", "fund", "value", "currency")]
    lot = "" if line.lot == inputs.lot_id(known) else line.lot
    more = {"batch": known[0], "expiry": known[1]} if side == "out" else {}
    return {"side": side, "item": line.item, "lot": lot, "qty": format_qty(line.qty), **more}


def _line(fact: object, line: Any) -> dict[str, str]:
    ruined = {"damaged": format_qty(line.damaged)} if isinstance(fact, Arrival) else {}
    return {"item": line.item, "lot": line.lot or "", "qty": format_qty(line.qty), **ruined}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _typed() -> dict[str, Any]:
    form = request.form
    found: dict[str, Any] = {
        name: form[name].strip() for name in (*TEXTS, *NUMBERS, *MORE, "at", "why") if name in form
    }
    names = [name for name in ("item", "lot", "qty", "damaged") if form.getlist(name)]
    if not {"item", "qty"} <= set(names):
        return found
    rows = zip(*(form.getlist(name) for name in names), strict=False)
    return found | {"lines": [dict(zip(names, row, strict=True)) for row in rows]}


def _body(before: dict[str, Any], typed: dict[str, Any]) -> CorrectIn:
    """What is different; a line whose quantity was emptied is left out."""
    more: dict[str, Any] = {name: typed[name] for name in TEXTS if typed.get(name, before[name]) != before[name]}
    more |= {name: typed[name] for name in MORE if name in before and typed[name] != before[name]}
    if typed["at"] and typed["at"] != before["at"]:
        more["at"] = typed["at"]
    if more.get("reason", LOSS_REASONS[0]) not in LOSS_REASONS:
        raise OutOfRange("That is no reason.", todo="Choose one of these.", fields={"reason": "one of these"})
    for name in NUMBERS:
        if typed.get(name) and typed[name] != before.get(name):
            more[name] = int(typed[name]) if typed[name].isascii() and typed[name].isdigit() else -1
    if before["lines"] and "side" in before["lines"][0]:
        more |= _sides(before["lines"], typed["lines"])
    elif typed["lines"] != before["lines"]:
        kept = [line for line in typed["lines"] if line["qty"].strip()]
        more["lines"] = [
            CorrectLineIn(
                item=line["item"], qty=line["qty"], lot=line.get("lot") or None, damaged=line.get("damaged") or None
            )
            for line in kept
        ]
    return CorrectIn(why=typed.get("why", ""), **more)


def _sides(before: list[dict[str, str]], typed: list[dict[str, str]]) -> dict[str, Any]:
    """The sides of a repack that are different; a line whose quantity was emptied is left out."""
    found: dict[str, Any] = {}
    for name, side, kind in (("used", "in", LineIn), ("made", "out", RepackOutIn)):
        old, new = ([line for line in lines if line["side"] == side] for lines in (before, typed))
        kept = [
            {key: text or None for key, text in line.items() if key != "side"} for line in new if line["qty"].strip()
        ]
        found |= {name: [kind(**line) for line in kept]} if new != old else {}  # type: ignore[arg-type]
    return found


def _blame(problem: Problem) -> dict[str, str]:
    said = f"{problem.what} {problem.todo}".strip()
    fields = ("why", "place", "note", "at", *NUMBERS, *MORE)
    return {name: said for name in problem.fields if name in fields} or {"lines": said}


def _page(entry: Folded, form: dict[str, Any], errors: dict[str, str]) -> str:
    node = context.node()
    names = {row.id: row.label for row in catalogue.item_rows(node, [line["item"] for line in form["lines"]])}
    return context.render(
        "correct.html",
        tab="log",
        entry=entry.id.hex(),
        form=form,
        names=names,
        errors=errors,
        places=choices.places(node),
        reasons=LOSS_REASONS,
        key=context.fresh_key(),
    )
