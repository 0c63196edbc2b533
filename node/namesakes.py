"""Which of several places of one name a person at this node means, where it is safe to say so without asking."""

from collections.abc import Sequence

from node import catalogue
from node.catalogue import PlaceRow
from node.fold import Node
from node.sameness import Same, merged
from sync.errors import Problem


def ours(node: Node, text: str, items: Sequence[str] = ()) -> tuple[PlaceRow, str] | None:
    """Our own place of a name that others bear too, and a sentence that says so; None where only a question will do.

    It is safe where goods come, go or are counted at a place, and just one of that name is ours; unless of the `items`
    (ids, codes or names) that go or are counted ours has never held any, and a namesake has. Where goods go to, or are
    needed, ask.
    """
    rows, same = catalogue.places_meant(node, text), merged(node, "place")
    own = [row for row in rows if _is_ours(node, same, row)]
    others = [row for row in rows if row not in own]
    if len(own) != 1 or not others:
        return None
    ids = [id for item in items for id in _ids(node, item)]
    if ids and not _held(node, same, own, ids) and _held(node, same, others, ids):
        return None
    names = catalogue.team_names(node)
    teams = sorted({catalogue.team_name(names, row.node) or "a waybill" for row in others})
    has = "has one" if len(teams) == 1 else "have some"
    return own[0], f"{own[0].name} (ours; {' and '.join(teams)} {has} of that name too)."


def _is_ours(node: Node, same: Same, row: PlaceRow) -> bool:
    known = {place.id: place.node for place in catalogue.places_all(node)}
    return any(known.get(id) == node.keys.node for id in same.all_of(row.id))


def _ids(node: Node, item: str) -> list[str]:
    try:
        return merged(node, "item").all_of(catalogue.find_item(node, item).id)
    except Problem:  # it is told when the item is read
        return []


def _held(node: Node, same: Same, places: Sequence[PlaceRow], items: Sequence[str]) -> bool:
    """Whether any of these places ever had any of these items."""
    ids = [id for row in places for id in same.all_of(row.id)]
    sql = (
        f"SELECT 1 FROM cell WHERE place IN ({','.join('?' * len(ids))})"
        f" AND item IN ({','.join('?' * len(items))}) LIMIT 1"
    )
    return bool(catalogue.query(node, sql, *ids, *items))
