"""Who near us has an item, and how old that news is."""

from dataclasses import dataclass
from typing import Any

from flask import request

from node import catalogue, queries, units
from node.catalogue import ItemRow
from node.web import choices, context
from sync.errors import Problem

_DEFAULTS = ("item", "lat", "lon", "within")


@dataclass(frozen=True)
class Asked:
    """The question as typed; `origin` is one of the places, or empty for coordinates."""

    item: str
    origin: str
    lat: str
    lon: str
    within: str


def show() -> str:
    """The form, and the answer once an item and a spot are known."""
    asked = Asked(origin=request.args.get("from", _home()), **{name: _last(name) for name in _DEFAULTS})
    errors: dict[str, str] = {}
    item, picks = _item(asked.item, errors)
    spot = _spot(asked, errors) if asked.item else None
    within = _within(asked, errors)
    rows: list[dict[str, Any]] | None = None
    if item and spot and not errors:
        rows = queries.nearby(context.node(), item.id, *spot, within_km=within)
    return context.render(
        "nearby.html",
        tab="nearby",
        asked=asked,
        errors=errors,
        picks=picks,
        rows=rows,
        item_label=item.label if item else "",
        places=choices.places(context.node()),
        items=choices.items(context.node()),
        json=_json(item, spot) if rows is not None else None,
    )


def _last(name: str) -> str:
    """A field as sent; a button of the same name stands after the box that it corrects."""
    return (request.args.getlist(name) or [""])[-1]


def _home() -> str:
    return "" if request.args.get("lat") else choices.first_place(context.node())


def _item(text: str, errors: dict[str, str]) -> tuple[ItemRow | None, list[ItemRow]]:
    if not text.strip():
        return None, []
    try:
        return catalogue.find_item(context.node(), text), []
    except Problem:
        picks = choices.picks(context.node(), text)
        errors["item"] = "Which of these?" if picks else "No item is called that."
        return None, picks


def _spot(asked: Asked, errors: dict[str, str]) -> tuple[int, int] | None:
    """Micro-degrees of the place or of the coordinates."""
    if asked.origin:
        row = next((row for row in catalogue.places_all(context.node()) if row.id == asked.origin), None)
        if row is None or row.lat is None or row.lon is None:
            errors["from"] = "This place has no coordinates. Choose another, or type where you are."
            return None
        return row.lat, row.lon
    found = [_degrees(asked, name, most, errors) for name, most in (("lat", 90), ("lon", 180))]
    return None if None in found else (found[0] or 0, found[1] or 0)


def _degrees(asked: Asked, name: str, most: int, errors: dict[str, str]) -> int | None:
    try:
        return units.parse_degrees(getattr(asked, name).replace("\N{MINUS SIGN}", "-"), most)
    except Problem as problem:
        errors[name] = problem.detail if getattr(asked, name) else "Decimal degrees, like 29.95."
        return None


def _within(asked: Asked, errors: dict[str, str]) -> float | None:
    if not asked.within:
        return None
    try:
        found = units.parse_qty(asked.within)
    except Problem:
        found = 0
    if found <= 0:
        errors["within"] = "A number of kilometres."
        return None
    return found / units.THOUSAND


def _json(item: ItemRow | None, spot: tuple[int, int] | None) -> str | None:
    if item is None or spot is None:
        return None
    lat, lon = map(units.format_degrees, spot)
    return f"/api/v1/nearby?item={item.id}&lat={lat}&lon={lon}"
