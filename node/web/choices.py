"""What forms offer: places by team with our own first, and the items that are likely meant."""

from dataclasses import dataclass

from node import catalogue, hearsay, sameness
from node.catalogue import ItemRow, PlaceRow
from node.running import Node
from node.units import format_qty

ITEMS_OFFERED = 300
PICKS = 4


@dataclass(frozen=True)
class Option:
    """One item of a datalist: `label` is what is typed, `hint` what is shown beside it."""

    label: str
    hint: str


def places(node: Node) -> list[tuple[str, list[PlaceRow]]]:
    """(team, its places by name), our own team first."""
    names = catalogue.team_names(node)
    teams: dict[bytes, list[PlaceRow]] = {}
    for row in catalogue.places_all(node):
        teams.setdefault(row.node, []).append(row)
    ordered = sorted(teams, key=lambda key: (key != node.keys.node, catalogue.team_name(names, key), key))
    groups = [(catalogue.team_name(names, key) or "No team", teams[key]) for key in ordered]
    told = [PlaceRow(id, name, "", None, None, b"") for id, name in hearsay.places(node).items()]
    return [*groups, *([("Known by a waybill alone", told)] if told else [])]


def places_but(node: Node, id: str) -> list[tuple[str, list[PlaceRow]]]:
    """The same without one place, by whatever ids that goes: where its goods can go to."""
    same = sameness.merged(node, "place")
    groups = [(team, [row for row in rows if same.head(row.id) != same.head(id)]) for team, rows in places(node)]
    return [(team, rows) for team, rows in groups if rows]


def first_place(node: Node) -> str:
    """The place that is most likely meant: where this node last moved something, else our first."""
    for entry in node.log.latest(20, node=node.keys.node):
        place = getattr(entry.fact, "place", "")
        if place:
            return str(place)
    own = [row.id for row in catalogue.places_all(node) if row.node == node.keys.node]
    return own[0] if own else ""


def only_place(node: Node) -> str:
    """The one place of this node's team, where it has no other; empty where somebody has to say which."""
    own = [row.id for row in catalogue.places_all(node) if row.node == node.keys.node]
    return own[0] if len(own) == 1 else ""


def items(node: Node) -> list[Option]:
    """The items with stock or history somewhere, else the catalogue's first, at most 300."""
    sql = (
        "SELECT i.id FROM item i LEFT JOIN (SELECT item, max(at) AS at FROM cell GROUP BY item) c ON c.item = i.id"
        " ORDER BY c.at IS NULL, i.name_key, i.id LIMIT ?"
    )
    ids = [id for (id,) in catalogue.query(node, sql, ITEMS_OFFERED)]
    return [Option(row.label, hint(row)) for row in catalogue.item_rows(node, ids)]


def hint(row: ItemRow) -> str:
    """An item's unit and packs in a few words: "piece; bale of 30"."""
    packs = [f"{name} of {format_qty(qty)}" for name, qty in row.packs.items()]
    return "; ".join([row.unit, *packs]) if row.unit or packs else ""


def picks(node: Node, text: str) -> list[ItemRow]:
    """The few items that a text which nothing bears may have meant."""
    return catalogue.search_items(node, text, PICKS)


def name_of_place(node: Node, id: str) -> str:
    """A place's name, its id where it has none."""
    return next((row.name for row in catalogue.places_all(node) if row.id == id and row.name), id)
