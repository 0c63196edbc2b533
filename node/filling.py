"""Who could fill a need: what each place can spare of what is lacking, how far it is and how old that news is.

What a place can spare is what it holds and has not expired, less what it promised for needs. Nothing is allotted: the
list says whom to ask.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from node import freshness, needing, needs, promises, queries
from node.catalogue import PlaceRow
from node.fold import Node
from node.queries import distance_km, one_moment
from node.telling import Words
from node.units import day_of, format_qty, format_time

Row = dict[str, Any]
Spot = tuple[str, str]  # place, item


@dataclass(frozen=True)
class Spare:
    """What a place can spare of an item, in thousandths; `expiry` is the earliest date among it, `at` its news (ms)."""

    qty: int
    pledged: int
    offered: int
    expiry: str | None
    at: int


def spares(node: Node, words: Words, asked: Iterable[needs.Asked], items: Iterable[str]) -> dict[Spot, Spare]:
    """Where there is more than nothing to spare of these items. Read inside one moment."""
    today = day_of(node.clock())
    promised = promises.outstanding(node, words.same_items, words.same_places, asked)
    found = {}
    for item in items:
        for spot, cell in queries.stock_cells(node, None, item).items():
            kept = promised.kept.get(spot, 0)
            qty = freshness.available(cell["lots"], today) - kept
            if qty > 0:
                dates = _dates(cell["lots"], today)
                found[spot] = Spare(qty, kept, promised.offered.get(spot, 0), min(dates, default=None), cell["at"])
    return found


def _dates(lots: Iterable[freshness.Lot], today: str) -> list[str]:
    return [expiry for _, qty, expiry in lots if expiry and qty > 0 and not freshness.has_expired(expiry, today)]


def rows(node: Node, need: str, within_km: float | None = None) -> list[Row]:
    """Who could fill which part of a need: item by item the nearest first, then the freshest news, then what expires.

    {need, item, item_name, unit, left, place, place_name, team, distance_km, qty, pledged, offered, expiry, as_of,
    heard}. `left` is what is lacking, `qty` what the place can spare after its pledges; `distance_km` is None where one
    of both has no coordinates, and such places come last, or not at all `within_km`. NotFound for an unknown need.
    """
    with one_moment(node):
        id = needing.find(node, need)
        words = Words(node, [])
        every = list(needs.every(node, words.same_items, node.clock()))
        one = next((asked for asked in every if asked.need == id), None)
        if one is None:  # undone
            return []
        words = Words(node, list(one.wanted))
        found = spares(node, words, every, one.left)
        told = [(key, row) for spot, spare in found.items() for key, row in [_row(words, one, spot, spare)]]
    near = [row for _, row in sorted(told, key=lambda pair: pair[0])]
    return [row for row in near if within_km is None or _is_within(row["distance_km"], within_km)]


def why_none(node: Node, need: str, within_km: float | None = None) -> str:
    """Why `rows` has nothing to say, in a sentence."""
    with one_moment(node):
        id, words = needing.find(node, need), Words(node, [])
        one = next((asked for asked in needs.every(node, words.same_items, node.clock()) if asked.need == id), None)
        if one is None:
            return "This need was undone."
        if not one.left:
            return "Nothing of it is lacking any more."
        further = rows(node, need)
        if within_km is not None and further:
            return _too_far(further, within_km)
        held = (cell for item in one.left for cell in queries.stock_cells(node, None, item).values())
        if any(qty > 0 for cell in held for _, qty, _ in cell["lots"]):
            return "Whoever is known to have some has promised it, or it has expired."
        return "Nobody that this node has heard of has any."


def _too_far(further: list[Row], within_km: float) -> str:
    """Nobody is near enough; who comes next."""
    known = [row for row in further if row["distance_km"] is not None]
    if not known:
        return "Some have it, but how far they are isn't known: leave out --within to see them."
    near = min(known, key=lambda row: row["distance_km"])
    return (
        f"Nobody within {within_km:g} km can spare any; the nearest is {near['place_name']}, {near['distance_km']} km."
    )


def _is_within(km: float | None, most: float) -> bool:
    return km is not None and km <= most


def between(one: PlaceRow, other: PlaceRow) -> float | None:
    """Kilometres from place to place; None where one of them has no coordinates."""
    if one.id == other.id:
        return 0.0
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return None
    return distance_km(one.lat, one.lon, other.lat, other.lon)


def _row(words: Words, one: needs.Asked, spot: Spot, spare: Spare) -> tuple[tuple[Any, ...], Row]:
    place, item = spot
    km = between(words.place(one.place), words.place(place))
    row = {
        "need": one.need,
        **words.about_item(item),
        "left": format_qty(one.left[item]),
        **words.about_place(place),
        "distance_km": None if km is None else round(km, 1),
        "qty": format_qty(spare.qty),
        "pledged": format_qty(spare.pledged),
        "offered": format_qty(spare.offered),
        "expiry": spare.expiry,
        "as_of": format_time(spare.at),
        "heard": words.heard_of(place),
    }
    order = list(one.wanted).index(item), km is None, km or 0.0, -spare.at, spare.expiry or "~", place
    return order, row
