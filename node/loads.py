"""What goods weigh and how much room they take; exact, as decimal text."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from node import catalogue
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
    """Grams and millilitres of one unit by item, None where unknown; a nought is as good as unknown."""
    found: Measures = {}
    for start in range(0, len(items), 500):
        part = items[start : start + 500]
        sql = f"SELECT id, weight, volume FROM item WHERE id IN ({','.join('?' * len(part))})"
        found.update({id: (weight or None, volume or None) for id, weight, volume in catalogue.query(node, sql, *part)})
    return found


def _sum(qtys: list[int], each: list[int | None], divisor: int) -> str | None:
    known = [qty * one for qty, one in zip(qtys, each, strict=True) if one is not None]
    return decimal(sum(known), divisor) if known else None


def decimal(amount: int, divisor: int) -> str:
    """A quotient by a power of ten as decimal text."""
    return format((Decimal(amount) / divisor).normalize() + 0, "f")
