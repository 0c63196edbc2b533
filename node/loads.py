"""What goods weigh and how much room they take; exact, as decimal text."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from node import recipes
from node.fold import Node
from node.units import THOUSAND

Measures = dict[str, tuple[int | None, int | None]]  # grams and millilitres of one unit, by item
_GRAMS, _MILLILITRES = THOUSAND * 1000, THOUSAND * 1_000_000  # of thousandths of a unit: in a kg, in a m³


def load(known: Measures, qtys: Mapping[str, int]) -> dict[str, Any]:
    """{kg, m3, whole} of so many thousandths by item: decimal text, None where nothing is known of any.

    `whole` is False where weight or volume of some item isn't known, so that it is more than that.
    """
    weights = [known.get(item, (None, None))[0] for item, qty in qtys.items() if qty]
    volumes = [known.get(item, (None, None))[1] for item, qty in qtys.items() if qty]
    amounts = [qty for qty in qtys.values() if qty]
    return {
        "kg": _sum(amounts, weights, _GRAMS),
        "m3": _sum(amounts, volumes, _MILLILITRES),
        "whole": None not in weights and None not in volumes,
    }


def measures(node: Node, items: Sequence[str]) -> Measures:
    """Grams and millilitres of one unit by item, None where unknown; a nought is as good as unknown.

    A kit of which nobody said it weighs what its parts do, and takes their room, if those are known to the last one.
    """
    known = recipes.recipes(node, items)
    told = recipes.details(node, sorted({*items, *known, *(part for kit in known.values() for part, _ in kit)}))
    found: Measures = {id: (row["weight"], row["volume"]) for id, row in told.items()}
    for kit in items:
        for item in reversed(recipes.in_order(known, kit)[0] if kit in known else []):
            own, parts = found[item], known.get(item, [])
            if parts and None in own:
                found[item] = own[0] or _of_parts(found, parts, 0), own[1] or _of_parts(found, parts, 1)
    return {id: found[id] for id in items if id in found}


def _of_parts(found: Measures, parts: recipes.Recipe, which: int) -> int | None:
    each = [(found[part][which], qty) for part, qty in parts]
    known = [one * qty for one, qty in each if one is not None]
    return sum(known) // THOUSAND or None if len(known) == len(each) else None


def _sum(qtys: list[int], each: list[int | None], divisor: int) -> str | None:
    known = [qty * one for qty, one in zip(qtys, each, strict=True) if one is not None]
    return decimal(sum(known), divisor) if known else None


def decimal(amount: int, divisor: int) -> str:
    """A quotient by a power of ten as decimal text."""
    return format((Decimal(amount) / divisor).normalize() + 0, "f")
