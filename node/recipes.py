"""Recipes of kits, perhaps with kits in them, and what else is known of an item: weight and volume, other names.

A recipe that would lead back to its own kit is refused where somebody here states it. From elsewhere it may come all
the same, since two teams apart can each state half of a circle: then the kit deeper down counts as having none.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from node import catalogue, inputs, starter
from node.fold import Node
from node.requests import ItemIn, KitLineIn
from node.units import format_qty
from sync.errors import Conflict, Malformed, OutOfRange

DEPTH_MAX = 20  # of kits in kits; what lies deeper counts as having no recipe
MEASURE_MAX = 10**12  # grams or millilitres of one unit
_LANGUAGE = re.compile(r"[a-z]{2,3}")

Recipe = list[tuple[str, int]]  # items and thousandths of each in one of the kit


def recipes(node: Node, kits: Iterable[str]) -> dict[str, Recipe]:
    """The recipes of these items and of whatever is in them; who has none isn't in it."""
    found: dict[str, Recipe] = {}
    wanted = set(kits)
    for _ in range(DEPTH_MAX):
        stated = _stated(node, sorted(wanted - found.keys()))
        found.update(stated)
        wanted = {item for recipe in stated.values() for item, _ in recipe}
    return {kit: recipe for kit, recipe in found.items() if recipe}


def _stated(node: Node, items: Sequence[str]) -> dict[str, Recipe]:
    found = {}
    for start in range(0, len(items), 500):
        part = items[start : start + 500]
        sql = f"SELECT id, kit FROM item WHERE kit <> '' AND id IN ({','.join('?' * len(part))})"
        found.update({id: _read(kit) for id, kit in catalogue.query(node, sql, *part)})
    return found


def _read(kit: str) -> Recipe:
    """A recipe as the fold keeps it; what anybody wrote of nothing or less says nothing."""
    sums: dict[str, int] = {}
    for item, qty in msgspec.json.decode(kit, type=Recipe):
        if qty > 0:
            sums[item] = sums.get(item, 0) + qty
    return list(sums.items())


def in_order(known: Mapping[str, Recipe], kit: str) -> tuple[list[str], dict[str, list[tuple[str, int, bool]]]]:
    """A kit and all that goes into it, each before its own parts; and the parts of each: item, thousandths, loose.

    What is loose leads back to a kit that it is in, and counts as having no recipe there.
    """
    parts: dict[str, list[tuple[str, int, bool]]] = {}

    def visit(item: str, path: tuple[str, ...]) -> None:
        inside = path + (item,)
        recipe = known.get(item, []) if len(inside) <= DEPTH_MAX else []
        told = [(part, qty, part in inside) for part, qty in recipe]
        for part, _, loose in reversed(told):  # the list is turned round in the end
            if not loose and part not in parts:
                visit(part, inside)
        parts[item] = told

    visit(kit, ())
    return list(reversed(parts)), parts


# stating

_TOLD = ("weight", "volume", "value", "currency")  # of one unit


def said(node: Node, id: str, label: str, body: ItemIn) -> dict[str, Any]:
    """What a body says of an item's kit, weight, volume, value and names and isn't known yet, as fields of the fact."""
    found: dict[str, Any] = {}
    if body.kit is not None:
        found["kit"] = recipe(node, id, label, body.kit)
    for name in ("weight", "volume"):
        if getattr(body, name) is not None:
            found[name] = _measure(name, getattr(body, name))
    known = _known(node, id)
    if body.value is not None:
        value, currency = inputs.worth("", body.value, body.currency)
        if (value, currency) != (known.get("value", ""), known.get("currency", "")):
            found |= {"value": value, "currency": currency}  # together: the one is nothing without the other
            known |= {"value": None, "currency": None}
    names = _names(node, id, body.names)
    return {name: value for name, value in found.items() if value != known.get(name)} | names


def _names(node: Node, id: str, said: Mapping[str, str]) -> dict[str, Any]:
    """Names in other languages that aren't known yet, by language."""
    known = dict(catalogue.query(node, "SELECT lang, name FROM item_name WHERE item = ?", id)) if said else {}
    found = {}
    for lang, text in said.items():
        with inputs.field(f"names.{lang}"):
            if not _LANGUAGE.fullmatch(lang):
                raise Malformed(f"{lang!r} is not a language.", todo="Write two letters: en, es, fr, ht.")
        name = inputs.name(f"names.{lang}", text)
        found.update({lang: name} if known.get(lang) != name else {})
    return {"names": found} if found else {}


def _known(node: Node, id: str) -> dict[str, Any]:
    sql = "SELECT kit, weight, volume, value, currency FROM item WHERE id = ?"
    for kit, weight, volume, value, currency in catalogue.query(node, sql, id):
        found = {"weight": weight, "volume": volume, "value": value, "currency": currency}
        return found | {"kit": _read(kit) if kit else None}
    return {}


def _measure(name: str, value: int) -> int:
    with inputs.field(name):
        if not 0 <= value <= MEASURE_MAX:
            raise OutOfRange(f"A {name} of {value} can't be.", todo="Write whole grams or millilitres of one unit.")
    return value


def recipe(node: Node, id: str, label: str, lines: Sequence[KitLineIn]) -> Recipe:
    """A recipe as somebody states it; Conflict where it would lead back to the kit itself."""
    sums: dict[str, int] = {}
    for i, line in enumerate(lines):
        with inputs.field(f"kit.{i}.item"):
            part = inputs.known_item(node, line.item)
            refuse_circle(node, id, label, part.id)
        with inputs.field(f"kit.{i}.qty"):
            sums[part.id] = sums.get(part.id, 0) + inputs.qty(line.qty, part, least=1)
    return list(sums.items())


def refuse_circle(node: Node, kit: str, label: str, part: str) -> None:
    """Raises Conflict where a part is the kit itself, or is made of it."""
    known = recipes(node, [part])
    way = _way(known, part, kit)
    if way:
        names = {row.id: row.label for row in catalogue.item_rows(node, way)} | {kit: label}
        told = " holds ".join(names.get(item, item) for item in (kit, *way))
        raise Conflict(f"A kit can't hold itself: {told}.", todo="Leave that part out.")


def _way(known: Mapping[str, Recipe], start: str, end: str) -> list[str]:
    """How one leads to the other, part by part, both ends with it; empty where it doesn't."""
    ways = {start: [start]}
    waiting = [start]
    for item in waiting:
        if item == end:
            return ways[item]
        for part, _ in known.get(item, []):
            if part not in ways:
                ways[part] = [*ways[item], part]
                waiting.append(part)
    return []


# showing


def details(node: Node, items: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of items: {kit: [{item, item_name, unit, qty}], weight, volume, value, currency}, of one unit or None.

    Weight is in g, volume in ml; the value is the standard one, where no lot says another.
    """
    kits, told = dict[str, Recipe](), {id: [*_common(id), None, None] for id in items}
    for start in range(0, len(items), 500):
        part = items[start : start + 500]
        sql = f"SELECT id, kit, {', '.join(_TOLD)} FROM item WHERE id IN ({','.join('?' * len(part))})"
        for id, kit, *rest in catalogue.query(node, sql, *part):
            kits[id], told[id] = _read(kit) if kit else [], rest
    parts = {item for kit in kits.values() for item, _ in kit}
    rows = {row.id: row for row in catalogue.item_rows(node, sorted(parts))}
    return {
        id: {"kit": [_part(rows, *one) for one in kits.get(id, [])]}
        | {name: value or None for name, value in zip(_TOLD, rest, strict=True)}
        for id, rest in told.items()
    }


def _common(id: str) -> tuple[int | None, int | None]:
    """Weight and volume of an item that all know from the start."""
    fact = starter.fact_of(id)
    weight, volume = (fact.weight, fact.volume) if fact else (None, None)
    return weight if isinstance(weight, int) else None, volume if isinstance(volume, int) else None


def _part(rows: Mapping[str, catalogue.ItemRow], item: str, qty: int) -> dict[str, Any]:
    row = rows.get(item)
    return {
        "item": item,
        "item_name": row.name if row and row.name else item,
        "unit": row.unit if row else "",
        "qty": format_qty(qty),
    }
