"""What a node knows of items, and of its own places, as a template from which others start."""

from typing import Any

import msgspec

from node import catalogue
from node.catalogue import ItemRow, PlaceRow
from node.fold import Node
from node.starting.template import ItemOf, Minimum, PlaceOf, Template
from node.units import format_degrees, format_qty

_ITEMS = "SELECT id, kit, weight, volume FROM item WHERE name <> '' AND unit <> '' ORDER BY name_key, id"
_NAMES = "SELECT item, lang, name FROM item_name WHERE name <> '' ORDER BY item, lang"
_KEEPS = "SELECT place, item, minimum FROM keep WHERE minimum > 0 ORDER BY place, item"
Row = tuple[Any, ...]


def export(node: Node, name: str, about: str = "", spots: bool = True) -> Template:
    """What this node knows of items, and of its own places and their minimums, as a template for others.

    Without `spots` it doesn't tell where the places lie.
    """
    with node.log.transaction():
        rows = {row[0]: row for row in catalogue.query(node, _ITEMS)}
        names: dict[str, dict[str, str]] = {}
        for item, lang, text in catalogue.query(node, _NAMES):
            names.setdefault(item, {})[lang] = text
        items = {row.id: row for row in catalogue.item_rows(node, list(rows))}
        places = [row for row in catalogue.places_all(node) if row.node == node.keys.node and row.name]
        keeps = catalogue.query(node, _KEEPS)
    own = {row.id: row.name for row in places}
    least = [Minimum(own[p], items[i].name, format_qty(qty)) for p, i, qty in keeps if p in own and i in items]
    shown = [_item(rows[id], names.get(id, {}), items) for id in rows]
    return Template(name, about, items=shown, places=[_place(row, spots) for row in places], minimums=least)


def _item(known: Row, names: dict[str, str], items: dict[str, ItemRow]) -> ItemOf:
    id, kit, weight, volume = known
    row = items[id]
    packs = {name: format_qty(qty) for name, qty in row.packs.items() if qty}
    codes = {scheme: code for scheme, code in row.codes.items() if code}
    parts = msgspec.json.decode(kit) if kit else []
    recipe = {items[part].name: format_qty(qty) for part, qty in parts if part in items}
    return ItemOf(row.name, row.unit, row.category, packs, codes, recipe, names, weight or None, volume or None)


def _place(row: PlaceRow, spots: bool) -> PlaceOf:
    kind: Any = row.kind
    if not spots or row.lat is None or row.lon is None:
        return PlaceOf(row.name, kind)
    return PlaceOf(row.name, kind, format_degrees(row.lat), format_degrees(row.lon))
