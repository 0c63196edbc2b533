"""Minimums and shelves: what is stated at all places, and a sheet of one place on which they are set and changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import redirect, request
from werkzeug.wrappers import Response

from node import alerts, catalogue, counting, keeping
from node.requests import KeepIn
from node.web import choices, context, drafts, words
from node.web.drafts import DraftLine
from node.web.once import key_of_form, once
from sync.errors import Problem

LINES_SHOWN = 60
BLANK_LINES = 2
COLUMNS = ("item", "qty", "shelf", "was_qty", "was_shelf", "known")
Answer = str | Response | tuple[str, int]
Row = dict[str, Any]


@dataclass
class Line(DraftLine):
    """An item: `qty` is the least there should be; `was_qty` and `was_shelf` are what the form showed at first.

    `known` is set where the form named the item itself; `on_hand` and `low` are told beside it.
    """

    shelf: str = ""
    was_qty: str = ""
    was_shelf: str = ""
    known: str = ""
    name: str = ""
    on_hand: str = ""
    low: bool = False

    @property
    def changed(self) -> bool:
        """Whether somebody wrote something else than was there: nothing else is recorded."""
        return (self.qty.strip(), self.shelf.strip()) != (self.was_qty, self.was_shelf)

    @property
    def empty(self) -> bool:
        """Whether nothing stands on a line that was blank."""
        return not (self.known or self.changed or self.item.strip())


def show() -> str:
    """What is stated everywhere; or the sheet of a place, an item that is asked for on top."""
    if not request.args.get("place"):
        return _overview()
    place = catalogue.find_place(context.node(), request.args["place"]).id
    lines = _sheet(place)
    at = _number(request.args.get("skip", ""))
    shown = lines[at : at + LINES_SHOWN] + [Line() for _ in range(BLANK_LINES)]
    more = at + LINES_SHOWN if len(lines) > at + LINES_SHOWN else None
    return _page(place, shown, {}, more=more)


def _overview() -> str:
    node = context.node()
    rows = groupby(keeping.rows(node), key=lambda row: (row["place"], row["place_name"], row["team"]))
    return context.render(
        "keeps.html",
        tab="stock",
        stated=[(*whose, list(found)) for whose, found in rows],
        place=choices.first_place(node),
        places=choices.places(node),
        json="/api/v1/keeps",
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _sheet(place: str) -> list[Line]:
    """What lies at a place, and what should, shelf by shelf."""
    node, asked = context.node(), request.args.get("item", "")
    rows = counting.sheet(node, place)
    least = {row["item"]: row["minimum"] or "" for row in keeping.rows(node, place)}
    low = {row["item"] for row in alerts.rows(node, place, "low")}
    known = {row["item"] for row in rows}
    lines = [_line(row, least.get(row["item"], ""), row["item"] in low) for row in rows]
    lines += [_new(row) for row in catalogue.item_rows(node, [asked]) if row.id not in known]
    return sorted(lines, key=lambda line: line.item != asked)


def _line(row: Row, least: str, low: bool) -> Line:
    said = {"qty": least, "was_qty": least, "shelf": row["shelf"], "was_shelf": row["shelf"]}
    there = f"{words.number(row['expected'])} {row['unit']}"
    return Line(row["item"], **said, known="1", name=row["item_name"], on_hand=there, low=low)


def _new(row: catalogue.ItemRow) -> Line:
    return Line(row.id, known="1", name=row.name, on_hand=f"0 {row.unit}")


def take() -> Answer:
    """Record what was changed on the sheet, or show it again with what is off."""
    node, lines = context.node(), _typed()
    place = catalogue.find_place(node, request.form.get("place", "")).id
    if request.form.get("more") or request.form.get("pick"):
        _pick(lines, request.form.get("pick", ""))
        lines.extend(Line() for _ in range(BLANK_LINES) if request.form.get("more"))
        return _page(place, lines, {})
    bodies = {i: _body(place, line) for i, line in enumerate(lines) if line.changed}
    if errors := _check(lines):
        return _page(place, lines, errors), 422
    asked = b"keeps\0" + msgspec.json.encode(list(bodies.values()))
    try:
        done, _ = once(asked, lambda: str(keeping.keep_all(node, bodies)))
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _page(place, lines, _blame(problem)), 422
    return redirect("/keeps?" + urlencode({"place": place, "done": done}), 303)


def _typed() -> list[Line]:
    columns = {name: request.form.getlist(name) for name in COLUMNS}
    count = max(len(column) for column in columns.values())
    rows: list[dict[str, Any]] = [
        {name: column[i] if i < len(column) else "" for name, column in columns.items()} for i in range(count)
    ]
    return [line for line in (Line(**row) for row in rows) if not line.empty]


def _pick(lines: Sequence[Line], choice: str) -> None:
    """Settle which item a line means: "LINE:ITEM"."""
    at, _, item = choice.partition(":")
    rows = catalogue.item_rows(context.node(), [item])
    if at in map(str, range(len(lines))) and rows:
        lines[int(at)].item = rows[0].label


def _check(lines: Sequence[Line]) -> dict[str, str]:
    """What is wrong, all of it at once."""
    errors: dict[str, str] = {}
    for i, line in enumerate(lines):
        if line.changed:
            said = DraftLine(line.item, line.qty.strip() or "0")
            drafts.check_line(context.node(), errors, f"lines.{i}", said)
            line.picks = said.picks
        elif not line.known:
            errors[f"lines.{i}.qty"] = "Say how much there should be, or on which shelf it lies."
    return errors


def _body(place: str, line: Line) -> KeepIn:
    """What is different; what was emptied is taken back."""
    qty, shelf = line.qty.strip(), line.shelf.strip()
    least = (qty or "0") if qty != line.was_qty else None
    return KeepIn(place=place, item=line.item, minimum=least, shelf=shelf if shelf != line.was_shelf else None)


def _blame(problem: Problem) -> dict[str, str]:
    found = {name.replace(".minimum", ".qty"): why for name, why in problem.fields.items()}
    return found or {"form": problem.detail}


def _page(place: str, lines: list[Line], errors: dict[str, str], more: int | None = None) -> str:
    node = context.node()
    names = {row.id: row for row in catalogue.item_rows(node, [line.item for line in lines if line.known])}
    for line in lines:
        line.name = line.name or (names[line.item].name if line.item in names else line.item)
        drafts.show_hint(node, line)
    return context.render(
        "keep.html",
        tab="stock",
        place=place,
        place_name=choices.name_of_place(node, place),
        lines=lines,
        errors=errors,
        more=more,
        done=request.args.get("done", "")[:6],
        items=choices.items(node),
        key=key_of_form() if request.method == "POST" else context.fresh_key(),
        json="/api/v1/keeps?" + urlencode({"place": place}),
    )
