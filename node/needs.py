"""Needs as they stand: what is still lacking, what was promised, sent or given for it, and whether anybody still asks.

A need that nobody has renewed for two days is stale: nobody knows whether it is still there.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from node import catalogue, sameness
from node.fold import Node
from node.queries import one_moment
from node.tables import stands
from node.telling import Words
from node.units import format_qty, format_time

STALE_MS = 48 * 3_600_000
Row = dict[str, Any]
Sums = dict[str, int]  # thousandths by item


@dataclass(frozen=True)
class Asked:
    """One need. Times in ms: `spoken` is when it was last renewed or first seen, `until` when it is over by itself."""

    need: str
    node: bytes
    place: str
    at: int
    spoken: int
    until: int | None
    closed: bool
    urgency: str
    people: int | None
    note: str
    wanted: Sums
    answered: Sums = field(default_factory=dict)

    @property
    def left(self) -> Sums:
        """What is lacking after all that was promised, sent or given."""
        return {item: qty - self.answered.get(item, 0) for item, qty in self.wanted.items() if self._lacks(item, qty)}

    def _lacks(self, item: str, qty: int) -> bool:
        return qty > self.answered.get(item, 0)

    def status(self, now: int) -> str:
        """closed, expired, stale, met or open."""
        if self.closed:
            return "closed"
        if self.until is not None and self.until <= now:
            return "expired"
        if now - self.spoken > STALE_MS:
            return "stale"
        return "open" if self.left else "met"


def every(node: Node, same: sameness.Same, now: int) -> Iterator[Asked]:
    """All needs that stand, the oldest first; items that are one by `same` count as one. Read inside one moment."""
    sql = (
        "SELECT id, node, at, place, urgency, people, until, note, lines FROM need t"
        f" WHERE {stands('t')} ORDER BY at, id"
    )
    for id, author, at, place, urgency, people, until, note, lines in catalogue.query(node, sql):
        need = id.hex()
        spoken, ends, closed = _latest(node, need, at, until)
        told = need, author, place, at, spoken, ends, closed, urgency, people, note
        yield Asked(*told, _sums(same, lines), _answered(node, same, need, now))


def _latest(node: Node, need: str, at: int, until: int | None) -> tuple[int, int | None, bool]:
    """When a need was last spoken of, until when it holds, and whether it is closed."""
    sql = f"SELECT at, until, closed FROM renewal t WHERE need = ? AND {stands('t')}"
    latest = " ORDER BY at DESC, lamport DESC, id DESC LIMIT 1"
    for renewed, later, closed in catalogue.query(node, sql + latest, need):
        return max(at, renewed), until if later is None else later, bool(closed)
    return at, until, False


@dataclass
class Answer:
    """What one team answers a need with, of one item in thousandths: promised by place, and sent or given in all."""

    promised: dict[str, int] = field(default_factory=dict)
    delivered: int = 0

    @property
    def counts(self) -> int:
        """What of it counts: whatever a team sends or gives, from any of its places, keeps its promise."""
        return max(sum(self.promised.values()), self.delivered)


def _answered(node: Node, same: sameness.Same, need: str, now: int) -> Sums:
    found: Sums = {}
    for (_, item), answer in answers(node, same, need, now).items():
        found[item] = found.get(item, 0) + answer.counts
    return found


def answers(node: Node, same: sameness.Same, need: str, now: int) -> dict[tuple[bytes | str, str], Answer]:
    """What teams answer a need with, by team (or a place that is nobody's) and item; without a need, what is offered.

    What is given from where it was sent to for the same need isn't counted twice.
    """
    found: defaultdict[tuple[bytes | str, str], Answer] = defaultdict(Answer)
    owners = {row.id: row.node for row in catalogue.places_all(node)}
    for place, item, qty in _rows_of(node, same, "pledge", "place", need, f" AND until > {now}"):
        promised = found[owners.get(place) or place, item].promised
        promised[place] = promised.get(place, 0) + qty
    if not need:
        return dict(found)
    came: dict[tuple[str, str], int] = {}
    for dest, item, qty in _rows_of(node, same, "dispatch", "dest", need):
        came[dest, item] = came.get((dest, item), 0) + qty
    for place, item, qty in _rows_of(node, same, "dispatch", "place", need):
        found[owners.get(place) or place, item].delivered += qty
    for place, item, qty in _rows_of(node, same, "given", "place", need):
        again = min(qty, came.get((place, item), 0))
        came[place, item] = came.get((place, item), 0) - again
        found[owners.get(place) or place, item].delivered += qty - again
    return dict(found)


def _rows_of(
    node: Node, same: sameness.Same, table: str, column: str, need: str, holds: str = ""
) -> Iterator[tuple[str, str, int]]:
    """Place, item and thousandths of the entries of a kind that name a need and stand."""
    sql = f"SELECT {column}, lines FROM {table} t WHERE need = ? AND {stands('t')}{holds} ORDER BY at, id"
    for place, lines in catalogue.query(node, sql, need):
        for item, qty in _sums(same, lines).items():
            yield place, item, qty


def _sums(same: sameness.Same, lines: str) -> Sums:
    found: Sums = {}
    for item, qty, *_ in msgspec.json.decode(lines):
        head = same.head(item)
        found[head] = found.get(head, 0) + qty
    return found


def rows(node: Node, everything: bool = False) -> list[Row]:
    """Needs that are open or stale, the oldest first, or all of them.

    {need, place, place_name, team, at, spoken, until, urgency, people, note, status, lines}; `status` is open, stale,
    met, closed or expired, `lines` have {item, item_name, unit, qty, answered, left}.
    """
    now = node.clock()
    with one_moment(node):
        found = list(every(node, sameness.merged(node, "item"), now))
        words = Words(node, [item for asked in found for item in asked.wanted])
        told = [_row(words, asked, now) for asked in found]
    return [row for row in told if everything or row["status"] in ("open", "stale")]


def one(node: Node, need: str) -> Row | None:
    """The need with this entry id, as `rows` tells it; None where there is none that stands."""
    return next((row for row in rows(node, everything=True) if row["need"] == need), None)


def _row(words: Words, asked: Asked, now: int) -> Row:
    return {
        "need": asked.need,
        "place": asked.place,
        "place_name": words.place_name(asked.place),
        "team": catalogue.team_name(words.teams, asked.node),
        "at": format_time(asked.at),
        "spoken": format_time(asked.spoken),
        "until": None if asked.until is None else format_time(asked.until),
        "urgency": asked.urgency,
        "people": asked.people,
        "note": asked.note,
        "status": asked.status(now),
        "lines": [_line(words, asked, item, qty) for item, qty in asked.wanted.items()],
    }


def _line(words: Words, asked: Asked, item: str, qty: int) -> Mapping[str, Any]:
    amounts = {"qty": qty, "answered": asked.answered.get(item, 0), "left": asked.left.get(item, 0)}
    return words.about_item(item) | {name: format_qty(amount) for name, amount in amounts.items()}
