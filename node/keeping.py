"""How items are kept at places: the least there should be, and on which shelf. Anyone may say so; the latest counts."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from node import catalogue, inputs, sameness
from node.events import Keep
from node.fold import Node
from node.inputs import KEPT
from node.queries import one_moment
from node.requests import KeepIn
from node.telling import Words
from node.units import format_qty
from node.writing import Recorded, write
from sync.errors import Malformed, Problem

Row = dict[str, Any]


def keep(node: Node, body: KeepIn) -> Recorded:
    """State the minimum, the shelf, or both, of an item at a place."""
    if body.minimum is None and body.shelf is None:
        raise Malformed(
            "Neither a minimum nor a shelf is said.", kept=KEPT, todo="Say one.", fields={"minimum": "or shelf"}
        )
    with node.log.transaction():
        place = inputs.place(node, body.place)
        with inputs.field("item"):
            item = inputs.known_item(node, body.item)
        with inputs.field("minimum"):
            least = UNSET if body.minimum is None else inputs.qty(body.minimum, item, 0)
        shelf = UNSET if body.shelf is None else inputs.word("shelf", body.shelf)
        done = write(node, Keep(place, item.id, least, shelf))
        _quieten(node, place, item.id, least, shelf)
        return done


def _quieten(node: Node, place: str, item: str, least: int | UnsetType, shelf: str | UnsetType) -> None:
    """What was stated of things that are the same is brought down to what is stated now: the greatest would count."""
    places, items = (sameness.merged(node, kind).all_of(id) for kind, id in (("place", place), ("item", item)))
    marks = [",".join("?" * len(ids)) for ids in (places, items)]
    sql = f"SELECT place, item, minimum, shelf FROM keep WHERE place IN ({marks[0]}) AND item IN ({marks[1]})"
    for spot, id, more, elsewhere in catalogue.query(node, sql, *places, *items):
        less = least if least is not UNSET and (more or 0) > least else UNSET
        moved = shelf if shelf is not UNSET and elsewhere and elsewhere != shelf else UNSET
        if (less, moved) != (UNSET, UNSET):
            write(node, Keep(spot, id, less, moved))


def keep_all(node: Node, bodies: Mapping[int, KeepIn]) -> int:
    """State several, all of them or none: how many. Problems name the line by its number, as `lines.3.minimum`."""
    with node.log.transaction():
        for i, body in bodies.items():
            try:
                keep(node, body)
            except Problem as problem:
                problem.fields = {f"lines.{i}.{name}": why for name, why in problem.fields.items()}
                raise
    return len(bodies)


def rows(node: Node, place: str | None = None) -> list[Row]:
    """What is kept how, by place and item: {place, place_name, team, item, item_name, unit, minimum, shelf}.

    `minimum` is a decimal string or None. Of items or places that are one, the greatest minimum counts.
    """
    with one_moment(node):
        asked = catalogue.find_place(node, place).id if place else None
        found = catalogue.query(node, "SELECT place, item, minimum, shelf FROM keep")
        words = Words(node, [item for _, item, _, _ in found])
        kept: dict[tuple[str, str], Row] = {}
        for place_id, item, minimum, shelf in found:
            about = {**words.about_place(place_id), **words.about_item(item)}
            row = kept.setdefault((about["place"], about["item"]), {**about, "minimum": 0, "shelf": ""})
            row["minimum"], row["shelf"] = max(row["minimum"], minimum or 0), row["shelf"] or shelf
    told = [row | {"minimum": format_qty(row["minimum"]) if row["minimum"] else None} for row in kept.values()]
    told = [row for row in told if (row["minimum"] or row["shelf"]) and asked in (None, row["place"])]
    return sorted(told, key=lambda row: (row["place_name"], row["place"], row["item_name"], row["item"]))


def minimums(node: Node) -> dict[tuple[str, str], int]:
    """The least there should be (thousandths) by place and item; of those that are one, the greatest."""
    places, items = (sameness.merged(node, kind) for kind in ("place", "item"))
    found: dict[tuple[str, str], int] = {}
    for place, item, least in catalogue.query(node, "SELECT place, item, minimum FROM keep WHERE minimum > 0"):
        key = places.head(place), items.head(item)
        found[key] = max(found.get(key, 0), least)
    return found
