"""Add a place or an item: search first, so that two names for one thing stay rare."""

import hashlib
from collections.abc import Callable
from typing import Any, cast

import msgspec
from flask import request

from node import catalogue, idempotency, record
from node.access import gate
from node.events import PLACE_KINDS
from node.requests import Body, ItemIn, KitLineIn, PlaceIn
from node.web import context
from sync.errors import Problem

FOUND_SHOWN = 6
Answer = str | tuple[str, int]
_PLACE_FIELDS = ("kind", "lat", "lon")
_ITEM_FIELDS = ("unit", "category", "pack", "pack_qty", "kit", "weight", "volume", "value", "currency", "names")


def new_place() -> str:
    """What there is already by this name, and the form."""
    return _place_page(_typed(_PLACE_FIELDS), {})


def add_place() -> Answer:
    """Add the place."""
    typed = _typed(_PLACE_FIELDS)
    wrong = _missing(typed, {"new_name": "name"})
    if typed["kind"] not in PLACE_KINDS:
        wrong["kind"] = "Choose one of these."
    if wrong:
        return _place_page(typed, wrong), 422
    spot = {name: typed[name].replace("\N{MINUS SIGN}", "-") or None for name in ("lat", "lon")}
    body = PlaceIn(name=typed["name"], kind=cast(Any, typed["kind"]), **spot)
    try:
        place = _once(body, lambda: record.add_place(context.node(), body))
    except Problem as problem:
        return _place_page(typed, _blame(problem, _PLACE_FIELDS)), _status(problem)
    ways = [("Receive goods there", f"/record/receive?place={place}"), ("Its stock", f"/?place={place}")]
    return context.render("added.html", name=typed["name"], said="This place can be used now.", ways=ways)


def new_item() -> str:
    """What there is already by this name, and the form."""
    return _item_page(_typed(_ITEM_FIELDS), {})


def add_item() -> Answer:
    """Add the item."""
    typed = _typed(_ITEM_FIELDS)
    wrong = _missing(typed, {"new_name": "name", "unit": "unit"})
    if bool(typed["pack"]) != bool(typed["pack_qty"]):
        wrong["pack_qty" if typed["pack"] else "pack"] = "A pack has a name and holds so many."
    kit, names = _kit(typed["kit"], wrong), _names(typed["names"], wrong)
    measures = {name: _measure(name, typed[name], wrong) for name in ("weight", "volume")}
    if wrong:
        return _item_page(typed, wrong), 422
    packs = {typed["pack"]: typed["pack_qty"]} if typed["pack"] else {}
    more: dict[str, Any] = {
        "category": typed["category"] or None,
        "packs": packs,
        "kit": kit or None,
        "names": names,
        "value": typed["value"] or None,
        "currency": typed["currency"] or None,
        **measures,
    }
    body = ItemIn(name=typed["name"], unit=typed["unit"], **more)
    try:
        item = _once(body, lambda: record.add_item(context.node(), body)[0])
    except Problem as problem:
        return _item_page(typed, _blame(problem, _ITEM_FIELDS)), _status(problem)
    ways = [("Receive some", f"/record/receive?item={item}"), ("Log a drop", f"/record/drop?item={item}")]
    return context.render("added.html", name=typed["name"], said=f"Counted by {typed['unit']}.", ways=ways)


def _kit(text: str, wrong: dict[str, str]) -> list[KitLineIn]:
    """The parts of a kit, one a line."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        item, equals, qty = line.rpartition("=")
        if not (equals and item.strip() and qty.strip()):
            wrong["kit"] = f"“{line.strip()}” doesn't say how much of what: write it like Blanket = 3."
        found.append(KitLineIn(item=item.strip(), qty=qty.strip()))
    return found


def _names(text: str, wrong: dict[str, str]) -> dict[str, str]:
    """Names in other languages, one a line."""
    found = {}
    for line in filter(str.strip, text.splitlines()):
        lang, equals, name = line.partition("=")
        if not (equals and lang.strip() and name.strip()):
            wrong["names"] = f"“{line.strip()}” doesn't say what it is called: write it like es = Manta."
        found[lang.strip().lower()] = name.strip()
    return found


def _measure(name: str, text: str, wrong: dict[str, str]) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) <= 12):
        wrong[name] = "A whole number, or leave it empty."
        return None
    return int(text) if text else None


def _typed(names: tuple[str, ...]) -> dict[str, str]:
    """What was typed; the name comes as `name` when searching and as `new_name` when adding."""
    found = {name: request.values.get(name, "").strip() for name in names}
    return found | {"name": request.values.get("new_name", request.values.get("name", "")).strip()}


def _missing(typed: dict[str, str], fields: dict[str, str]) -> dict[str, str]:
    return {shown: f"Say the {name}." for shown, name in fields.items() if not typed[name]}


def _once(body: Body, act: Callable[[], str]) -> str:
    """The id that `act` gave, also where the same form is sent twice."""
    visitor = context.visitor()
    assert visitor is not None
    gate().count_write(visitor)
    asked = type(body).__name__.encode() + b"\0" + msgspec.json.encode(body)
    typed = request.form.get("key", "").encode("utf-8", "replace")
    key = "form " + hashlib.sha256(typed + b"\0" + asked).hexdigest()
    return idempotency.once(context.node(), visitor.name, key, asked, lambda: act().encode())[0].decode()


def _blame(problem: Problem, names: tuple[str, ...]) -> dict[str, str]:
    """What was wrong, beside the field where it was typed."""
    if problem.status >= 429:
        raise problem
    shown = {"name": "new_name"} | {name: name for name in names}
    found = {shown.get(name.partition(".")[0], "form"): why for name, why in problem.fields.items()}
    return found or {"form": f"{problem.what} {problem.todo}".strip()}


def _status(problem: Problem) -> int:
    return 409 if problem.status == 409 else 422


def _place_page(typed: dict[str, str], errors: dict[str, str]) -> str:
    node = context.node()
    rows = catalogue.search_places(node, typed["name"], FOUND_SHOWN) if typed["name"] else []
    teams = catalogue.team_names(node)
    found = [
        {"id": row.id, "name": row.name or row.id, "kind": row.kind, "team": catalogue.team_name(teams, row.node)}
        for row in rows
    ]
    return context.render(
        "place_new.html",
        tab="record",
        form=typed,
        errors=errors,
        found=found,
        kinds=PLACE_KINDS,
        key=context.fresh_key(),
        json="/api/v1/places",
    )


def _item_page(typed: dict[str, str], errors: dict[str, str]) -> str:
    found = catalogue.search_items(context.node(), typed["name"], FOUND_SHOWN) if typed["name"] else []
    return context.render(
        "item_new.html",
        tab="record",
        form=typed,
        errors=errors,
        found=found,
        key=context.fresh_key(),
        json="/api/v1/items",
    )
