"""What teams promised to give: pledges for a need, and offers, which are for anyone.

A pledge for a need keeps so much of what its place holds from being counted on by others, until it expires, is undone,
the need is over, or the team has sent or given as much for it. An offer keeps nothing back: it says that one may ask.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from node import catalogue, needs, sameness
from node.fold import Node
from node.queries import one_moment
from node.tables import stands
from node.telling import Words
from node.units import format_qty, format_time

Row = dict[str, Any]
Spot = tuple[str, str]  # place, item


@dataclass
class Promised:
    """Thousandths by place and item: `kept` for needs, `offered` to anyone."""

    kept: dict[Spot, int] = field(default_factory=dict)
    offered: dict[Spot, int] = field(default_factory=dict)


def outstanding(node: Node, items: sameness.Same, places: sameness.Same, asked: Iterable[needs.Asked]) -> Promised:
    """What is promised and not yet given. Read inside one moment; `asked` are all needs that stand."""
    now, found = node.clock(), Promised()
    over = {one.need for one in asked if one.status(now) in ("closed", "expired")}
    sql = f"SELECT DISTINCT need FROM pledge t WHERE until > ? AND {stands('t')}"
    for (need,) in catalogue.query(node, sql, now):
        if need in over:
            continue
        sums = found.kept if need else found.offered
        for (_, item), answer in needs.answers(node, items, need, now).items():
            for place, qty in _left(answer):
                _add(sums, (places.head(place), item), qty)
    return found


def _left(answer: needs.Answer) -> Iterator[tuple[str, int]]:
    """What is still to come of promises, place by place: what was delivered is taken off the first ones."""
    delivered = answer.delivered
    for place, qty in sorted(answer.promised.items()):
        kept = max(0, qty - delivered)
        delivered = max(0, delivered - qty)
        if kept:
            yield place, kept


def _add(sums: dict[Spot, int], spot: Spot, qty: int) -> None:
    sums[spot] = sums.get(spot, 0) + qty


def rows(node: Node, offers: bool = False, everything: bool = False) -> list[Row]:
    """Pledges and offers that hold, or all that stand, the latest to end first; only `offers` if wanted.

    {pledge, need, place, place_name, team, at, until, note, holds, lines}; `need` is None of an offer, `lines` have
    {item, item_name, unit, qty}. Undone ones are left out.
    """
    now = node.clock()
    sql = f"SELECT id, node, at, need, place, until, note, lines FROM pledge t WHERE {stands('t')}"
    sql += " ORDER BY until DESC, id"
    with one_moment(node):
        found = [row for row in catalogue.query(node, sql) if not (offers and row[3])]
        lines = {row[0]: msgspec.json.decode(row[7]) for row in found}
        words = Words(node, [item for told in lines.values() for item, *_ in told])
        told = [_row(words, row, lines[row[0]], now) for row in found]
    return [row for row in told if everything or row["holds"]]


def _row(words: Words, row: Any, lines: Any, now: int) -> Row:
    id, author, at, need, place, until, note, _ = row
    return {
        "pledge": id.hex(),
        "need": need or None,
        "place": words.place(place).id,
        "place_name": words.place_name(place),
        "team": catalogue.team_name(words.teams, author),
        "at": format_time(at),
        "until": format_time(until),
        "note": note,
        "holds": until > now,
        "lines": [_line(words, item, qty) for item, qty, *_ in lines],
    }


def _line(words: Words, item: str, qty: int) -> Mapping[str, Any]:
    return words.about_item(item) | {"qty": format_qty(qty)}
