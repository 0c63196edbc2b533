"""What expires, with the button that writes it off; and kits: how many can be built, and building them."""

from typing import Any
from urllib.parse import quote, urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from node import catalogue, expiring, kits, repacking
from node.requests import LineIn, WriteOffIn
from node.web import choices, context
from node.web.once import once
from sync.errors import Problem

SPANS = (7, 30, 90, 365)  # days that the list offers
KITS_SHOWN = 60
Answer = str | Response | tuple[str, int]


# expiry


def show_expiring() -> str:
    """What has expired and what does soon, everywhere or at a place."""
    return _expiring_page()


def _expiring_page(problem: Problem | None = None) -> str:
    node, place, days = context.node(), request.values.get("place", ""), _days()
    rows = expiring.expiring(node, days, place or None)
    own = [row for row in rows if row["expired"] and (place or row["place"] in _own_places())]
    query = {"within": days} | ({"place": place} if place else {})
    return context.render(
        "expiring.html",
        tab="stock",
        rows=rows,
        gone=len(own),
        days=days,
        spans=SPANS,
        place=place,
        places=choices.places(node),
        done=_number(request.args.get("done", "")),
        problem=problem,
        key=context.fresh_key(),
        json="/api/v1/expiring?" + urlencode(query),
    )


def _days() -> int:
    return min(_number(request.values.get("within", "")) or expiring.WITHIN_DAYS, 36_500)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _own_places() -> set[str]:
    """The places of this node's team: those that a button without a place writes off."""
    node = context.node()
    return {row.id for _, rows in choices.places(node) for row in rows if row.node == node.keys.node}


def write_off() -> Answer:
    """Write off all that has expired, and show what is left of the list."""
    place = request.form.get("place", "")
    body = WriteOffIn(place=place or None, note=request.form.get("note") or None)

    def act() -> str:
        return str(sum(loss["lines"] for loss in expiring.write_off(context.node(), body).losses))

    try:
        lines, _ = once(f"write-off {place}".encode(), act)
    except Problem as problem:
        if problem.status >= 429:
            raise
        return _expiring_page(problem), problem.status
    return redirect("/expiring?" + urlencode({"done": lines} | ({"place": place} if place else {})), 303)


# kits


def show_kits() -> str:
    """All kits, and how many of each a place can build."""
    node = context.node()
    place = request.args.get("place") or choices.only_place(node)
    rows = kits.kits(node)
    for row in rows[:KITS_SHOWN]:
        row["can"] = kits.check(node, place, row["kit"])["buildable"] if place else None
    return context.render(
        "kits.html", tab="stock", rows=rows, place=place, places=choices.places(node), json="/api/v1/kits"
    )


def show_kit(kit: str) -> str:
    """What so many of a kit take at a place, what is short, and the forms that build it and break it up."""
    return _kit_page(kit, request.args.get("qty", "").strip())


def _kit_page(kit: str, qty: str, problem: Problem | None = None) -> str:
    """Kits are built at the place that is named, or at the only one there is; else it is asked for."""
    node = context.node()
    place = request.values.get("place") or choices.only_place(node)
    row = catalogue.find_item(node, kit)
    kits.recipe_of(node, row)
    told, errors = _checked(kit, place, qty) if place else (None, {})
    return context.render(
        "kit.html",
        tab="stock",
        kit=row.id,
        title=row.name or row.id,
        told=told,
        qty=qty,
        errors=errors,
        problem=problem,
        places=choices.places(node),
        key=context.fresh_key(),
        json=f"/api/v1/kits/{quote(kit)}?" + urlencode({"place": place}) if place else None,
    )


def _checked(kit: str, place: str, qty: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What so many take, or where that number can't be what one more does and why it can't."""
    try:
        return kits.check(context.node(), place, kit, qty or None), {}
    except Problem as wrong:
        if "qty" not in wrong.fields:
            raise
        return kits.check(context.node(), place, kit), {"qty": f"{wrong.what} {wrong.todo}".strip()}


def build(kit: str) -> Answer:
    """Record kits that were built."""
    return _record(kit, "build", repacking.assemble)


def break_up(kit: str) -> Answer:
    """Record kits that were broken up."""
    return _record(kit, "break", repacking.break_up)


def _record(kit: str, name: str, act: Any) -> Answer:
    place, qty = request.form.get("place", ""), request.form.get("qty", "").strip()
    node, line = context.node(), LineIn(item=kit, qty=qty)
    asked = "\0".join((name, kit, place, qty)).encode("utf-8", "replace")
    try:
        entry, first = once(asked, lambda: str(act(node, place, line).entry))
    except Problem as problem:
        if problem.status >= 429 or problem.status == 404:
            raise
        return _kit_page(kit, "", problem), 422
    return redirect(f"/entries/{entry}?fresh={'new' if first else 'again'}", 303)
