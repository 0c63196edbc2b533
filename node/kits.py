"""How many of a kit a place can build from what it holds, and what is short; all in whole kits and exact thousandths.

Kits inside a kit are taken from the shelf first; what is lacking of them is built from parts, in whole ones too.
What has expired is no part for anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from node import catalogue, freshness, inputs, queries, recipes, sameness
from node.catalogue import ItemRow
from node.fold import Node
from node.recipes import Recipe
from node.telling import Words
from node.units import THOUSAND, day_of, format_qty
from sync.errors import NotFound, OutOfRange

KITS_MAX = 10**9  # more of one kit are never asked for

Row = dict[str, Any]
Amounts = dict[str, int]  # thousandths by item


@dataclass(frozen=True)
class Plan:
    """What so many kits take: `needed` of each part in all, of that `taken` from the shelf, `built` and `short`.

    `left` is what is over of kits that were built along the way, which are built in whole ones.
    """

    needed: Amounts = field(default_factory=dict)
    taken: Amounts = field(default_factory=dict)
    built: Amounts = field(default_factory=dict)
    short: Amounts = field(default_factory=dict)
    left: Amounts = field(default_factory=dict)

    @property
    def used(self) -> list[tuple[str, int]]:
        """What goes into them, also where the books don't hold it."""
        sums = {item: self.taken.get(item, 0) + self.short.get(item, 0) for item in self.needed}
        return [(item, qty) for item, qty in sums.items() if qty]


def plan(known: Mapping[str, Recipe], kit: str, qty: int, held: Mapping[str, int]) -> Plan:
    """What so many (thousandths, whole ones) of a kit take from what is held, by the recipes that are known."""
    order, parts = recipes.in_order(known, kit)
    found, shelf = Plan(), {item: max(0, qty) for item, qty in held.items()}
    wanted, loose = {kit: qty}, Amounts()
    for item in order:
        lacking = wanted.get(item, 0)
        if item != kit:
            lacking -= _take(found, shelf, item, lacking)
        if not parts[item]:
            _add(found.short, item, lacking)
            continue
        whole = -(-lacking // THOUSAND)
        _build(found, item, kit, whole, lacking)
        for part, each, is_loose in parts[item]:
            _add(loose if is_loose else wanted, part, each * whole)
    for item, lacking in loose.items():
        _add(found.short, item, lacking - _take(found, shelf, item, lacking))
    return found


def _take(found: Plan, shelf: Amounts, item: str, qty: int) -> int:
    """Take what there is of an item from the shelf, at most so much."""
    part = min(qty, shelf.get(item, 0))
    _add(found.needed, item, qty)
    _add(found.taken, item, part)
    shelf[item] = shelf.get(item, 0) - part
    return part


def _build(found: Plan, item: str, kit: str, whole: int, lacking: int) -> None:
    if item != kit and whole:
        found.built[item] = whole * THOUSAND
        _add(found.left, item, whole * THOUSAND - lacking)


def _add(sums: Amounts, item: str, qty: int) -> None:
    if qty:
        sums[item] = sums.get(item, 0) + qty


def buildable(known: Mapping[str, Recipe], kit: str, held: Mapping[str, int]) -> int:
    """How many whole kits can be built: the most for which nothing is short."""
    most = 1
    while most < KITS_MAX and not plan(known, kit, most * THOUSAND, held).short:
        most *= 2
    least, most = 0, min(most, KITS_MAX)
    while least < most:
        middle = (least + most + 1) // 2
        if plan(known, kit, middle * THOUSAND, held).short:
            most = middle - 1
        else:
            least = middle
    return least


# of a place


def known_recipes(node: Node) -> dict[str, Recipe]:
    """All recipes; items that are one stand under the id that speaks for them, and its own recipe goes first."""
    same = sameness.merged(node, "item")
    stated = recipes.recipes(node, [id for (id,) in catalogue.query(node, "SELECT id FROM item WHERE kit <> ''")])
    found: dict[str, Recipe] = {}
    for kit in sorted(stated, key=lambda id: (same.head(id) != id, id)):
        sums = Amounts()
        for part, qty in stated[kit]:
            _add(sums, same.head(part), qty)
        found.setdefault(same.head(kit), list(sums.items()))
    return found


def recipe_of(node: Node, row: ItemRow) -> Recipe:
    """The recipe of a kit; NotFound for an item that has none."""
    found = known_recipes(node).get(row.id)
    if not found:
        raise NotFound(
            f"Nobody has said what goes into {row.label}.",
            kept=inputs.KEPT,
            todo="Say it: `bucketline item add NAME --unit kit --kit ITEM=QTY`.",
        )
    return found


def held_at(node: Node, place: str) -> Amounts:
    """What is there of each item and hasn't expired."""
    today = day_of(node.clock())
    return {
        item: freshness.available(cell["lots"], today)
        for (_, item), cell in queries.stock_cells(node, place, None).items()
    }


def plan_at(node: Node, place: str, kit: str, qty: int) -> Plan:
    """What so many of a kit take at a place."""
    node.fold.settle()
    return plan(known_recipes(node), kit, qty, held_at(node, place))


def check(node: Node, place: str, kit: str, qty: str | None = None) -> Row:
    """How many of a kit a place can build, and what `qty` of them take, or where it isn't said one more than it can.

    {place, place_name, kit, kit_name, unit, on_hand, buildable, wanted, parts, short}; parts are {item, item_name,
    unit, needed, on_hand, built, short}, and short those of them that are lacking.
    """
    with queries.one_moment(node):
        spot, row = catalogue.find_place(node, place), catalogue.find_item(node, kit)
        recipe_of(node, row)
        known, held = known_recipes(node), held_at(node, spot.id)
        can = buildable(known, row.id, held)
        wanted = (can + 1) * THOUSAND if qty is None else _whole(qty, row)
        found = plan(known, row.id, wanted, held)
        words = Words(node, [row.id, *found.needed])
    parts = [_part(words, found, held, item) for item in found.needed]
    about = {key: words.about_place(spot.id)[key] for key in ("place", "place_name")}
    return {
        **about,
        "kit": row.id,
        "kit_name": row.name or row.id,
        "unit": row.unit,
        "on_hand": format_qty(held.get(row.id, 0)),
        "buildable": str(can),
        "wanted": format_qty(wanted),
        "parts": parts,
        "short": [part for part in parts if part["short"] != "0"],
    }


def _whole(text: str, row: ItemRow) -> int:
    with inputs.field("qty"):
        qty = inputs.qty(text, row, least=1)
        if qty % THOUSAND or qty > KITS_MAX * THOUSAND:
            raise OutOfRange(f"{text.strip()} kits can't be.", todo="Write a whole number of kits.")
    return qty


def _part(words: Words, found: Plan, held: Amounts, item: str) -> Row:
    amounts = {"needed": found.needed, "on_hand": held, "built": found.built, "short": found.short}
    return words.about_item(item) | {name: format_qty(of.get(item, 0)) for name, of in amounts.items()}


def kits(node: Node) -> list[Row]:
    """All kits by name: {kit, kit_name, unit, parts: [{item, item_name, unit, qty}]}."""
    with queries.one_moment(node):
        ids = [
            id
            for (id,) in catalogue.query(node, "SELECT id FROM item WHERE kit NOT IN ('', '[]') ORDER BY name_key, id")
        ]
        known = recipes.details(node, ids)
        rows = catalogue.item_rows(node, ids)
    return [
        {"kit": row.id, "kit_name": row.name or row.id, "unit": row.unit, "parts": known[row.id]["kit"]}
        for row in rows
        if known[row.id]["kit"]
    ]
