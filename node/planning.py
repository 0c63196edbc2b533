"""Suggested transfers: how what places can spare would reach what is lacking with the least distance in total.

For each item a flow of least cost from places that can spare it to needs that lack it, by OR-tools (the extra `plan`).
A critical need goes before an urgent one, that before a routine one, and among equals one that somebody still speaks of
before a stale one, whatever the distance. These are proposals that anyone may ignore: nothing is allotted or kept.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from node import filling, needs
from node.events import URGENCIES
from node.filling import Spare
from node.fold import Node
from node.queries import one_moment
from node.telling import Words
from node.units import format_qty, format_time
from sync.errors import Conflict, NotInstalled

FARTHEST_KM = 20_016  # half the Earth's circumference; also what an unknown distance costs
Row = dict[str, Any]
Wanted = tuple[needs.Asked, int, int]  # a need, what it lacks (thousandths), its rank


class Step(NamedTuple):
    """So much (thousandths) of what a place can spare for one of the needs; both by their number in the lists."""

    spare: int
    want: int
    qty: int


def is_there() -> bool:
    """Whether the solver is installed."""
    try:
        from ortools.graph.python import min_cost_flow  # noqa: F401
    except ImportError:
        return False
    return True


def rows(node: Node) -> list[Row]:
    """Suggested transfers over all known needs and stock, the most urgent first.

    {need, urgency, status, from, from_name, from_team, to, to_name, to_team, item, item_name, unit, qty, distance_km,
    expiry, as_of, heard}; `distance_km` is None where it isn't known. NotInstalled where the solver isn't installed.
    """
    if not is_there():
        raise NotInstalled(
            "This node can't plan.",
            kept="",
            todo="Run `pip install '.[plan]'` in Bucketline's folder, or look need by need who could fill it.",
        )
    now = node.clock()
    with one_moment(node):
        words = Words(node, [])
        every = list(needs.every(node, words.same_items, now))
        asked = [one for one in every if one.status(now) in ("open", "stale")]
        items = sorted({item for one in asked for item in one.left})
        words = Words(node, items)
        spare = filling.spares(node, words, every, items)
        told = [pair for item in items for pair in _steps_of(words, item, asked, spare, now)]
    return [row for _, row in sorted(told, key=lambda pair: pair[0])]


def _steps_of(
    words: Words, item: str, asked: Sequence[needs.Asked], spare: Mapping[filling.Spot, Spare], now: int
) -> Iterator[tuple[tuple[Any, ...], Row]]:
    """The rows of one item, each with what it is sorted by."""
    wants = [(one, one.left[item], _rank(one, now)) for one in asked if item in one.left]
    places = sorted(place for place, of in spare if of == item)
    spares = [spare[place, item].qty for place in places]
    km = [[filling.between(words.place(one.place), words.place(place)) for one, *_ in wants] for place in places]
    for step in solve(spares, [(qty, rank) for _, qty, rank in wants], km):
        one, place, far = wants[step.want][0], places[step.spare], km[step.spare][step.want]
        row = _row(words, one, place, item, step.qty, far, spare[place, item])
        order = -wants[step.want][2], far is None, far or 0.0, item, place, one.need
        yield order, row | {"status": one.status(now)}


def _rank(one: needs.Asked, now: int) -> int:
    """1 for a stale routine need, up to 6 for a critical one that somebody still speaks of."""
    return 2 * URGENCIES.index(one.urgency) + (2 if one.status(now) == "open" else 1)


def solve(spares: Sequence[int], wants: Sequence[tuple[int, int]], km: Sequence[Sequence[float | None]]) -> list[Step]:
    """The flow of least cost from spares (thousandths) to wants (thousandths, rank from 1), by their distances.

    Leaving a want of a higher rank unmet costs more than any detours that meeting it can cause among all others.
    Quantities are flows over their greatest common divisor.
    """
    from ortools.graph.python import min_cost_flow

    if not spares or not wants:
        return []
    unit = math.gcd(*spares, *(qty for qty, _ in wants))
    detour = FARTHEST_KM * (min(len(spares), len(wants)) + 1)
    flow, arcs = min_cost_flow.SimpleMinCostFlow(), {}
    sink = len(spares) + len(wants)
    for i, distances in enumerate(km):
        for j, far in enumerate(distances):
            cost = FARTHEST_KM if far is None else round(far)
            arcs[flow.add_arc_with_capacity_and_unit_cost(i, len(spares) + j, spares[i] // unit, cost)] = i, j
        flow.add_arc_with_capacity_and_unit_cost(i, sink, spares[i] // unit, 0)  # what stays where it is
        flow.set_node_supply(i, spares[i] // unit)
    for j, (qty, rank) in enumerate(wants):
        flow.add_arc_with_capacity_and_unit_cost(len(spares) + j, sink, qty // unit, -rank * detour)
    flow.set_node_supply(sink, -sum(qty // unit for qty in spares))
    if flow.solve() != flow.OPTIMAL:
        raise Conflict("No plan was found for these quantities.", kept="", todo="Look need by need who could fill it.")
    steps = [Step(i, j, flow.flow(arc) * unit) for arc, (i, j) in arcs.items() if flow.flow(arc)]
    return sorted(steps)


def _row(words: Words, one: needs.Asked, place: str, item: str, qty: int, far: float | None, spare: Spare) -> Row:
    return {
        "need": one.need,
        "urgency": one.urgency,
        **_end(words, "from", place),
        **_end(words, "to", one.place),
        **words.about_item(item),
        "qty": format_qty(qty),
        "distance_km": None if far is None else round(far, 1),
        "expiry": spare.expiry,
        "as_of": format_time(spare.at),
        "heard": words.heard_of(place),
    }


def _end(words: Words, name: str, place: str) -> Row:
    found = words.about_place(place)
    return {name: found["place"], f"{name}_name": found["place_name"], f"{name}_team": found["team"]}
