"""What expires soon and what has expired, and one action that writes the expired off, as one loss a place."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from node import catalogue, freshness, inputs, queries, record, sameness
from node.events import Line, Loss
from node.fold import Node
from node.record import when
from node.requests import WriteOffIn
from node.telling import Words
from node.units import day_of, format_qty

WITHIN_DAYS = 30
LINES_MAX = 500  # of one entry: few enough for its payload

Row = dict[str, Any]


@dataclass(frozen=True)
class WrittenOff:
    """The losses that were written, one for each place: {entry, place, place_name, lines}; and notices."""

    losses: list[Row] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def expiring(node: Node, within: int = WITHIN_DAYS, place: str | None = None, item: str | None = None) -> list[Row]:
    """Lots on hand that have expired, or do within so many days; the first to expire first.

    {place, place_name, team, item, item_name, unit, lot, expiry, qty, expired, days}; days are below nought where that
    is past. What is good until a day expires when it is over, by the calendar of UTC.
    """
    with queries.one_moment(node):
        today = day_of(node.clock())
        cells = queries.stock_cells(
            node,
            catalogue.find_place(node, place).id if place else None,
            catalogue.find_item(node, item).id if item else None,
        )
        words = Words(node, [id for _, id in cells])
        rows = [_row(words, key, lot, today) for key, cell in cells.items() for lot in cell["lots"] if lot[1] > 0]
    near = [row for row in rows if row["days"] is not None and row["days"] <= within]
    return sorted(near, key=lambda row: (row["days"], row["place_name"], row["item_name"], row["place"], row["lot"]))


def _row(words: Words, key: tuple[str, str], lot: freshness.Lot, today: str) -> Row:
    name, qty, expiry = lot
    days = freshness.days_left(expiry, today)
    return {
        **words.about_place(key[0]),
        **words.about_item(key[1]),
        "lot": name,
        "expiry": expiry,
        "qty": format_qty(qty),
        "expired": days is not None and days < 0,
        "days": days,
    }


# writing off


def write_off(node: Node, body: WriteOffIn) -> WrittenOff:
    """Everything on hand that has expired is lost: at a place, or at all places of this team; one entry a place."""
    with node.log.transaction():
        node.fold.settle()
        at, note = when(node, body.at), inputs.note(body.note)
        items = set(_all_of(node, "item", inputs.known_item(node, body.item).id)) if body.item else None
        done = WrittenOff()
        for place in _places(node, body.place):
            lines = [line for line in _expired(node, place, day_of(at)) if items is None or line.item in items]
            for start in range(0, len(lines), LINES_MAX):
                _lose(node, Loss(at, place, lines[start : start + LINES_MAX], "expired", note), done)
        return done


def _places(node: Node, place: str | None) -> Iterable[str]:
    if place:
        return _all_of(node, "place", inputs.place(node, place))
    return [row.id for row in catalogue.places_all(node) if row.node == node.keys.node]


def _all_of(node: Node, kind: str, id: str) -> list[str]:
    return sameness.merged(node, kind).all_of(id)


def _expired(node: Node, place: str, today: str) -> list[Line]:
    sql = (
        "SELECT s.item, s.lot, s.qty, l.expiry FROM stock s JOIN lot l ON l.item = s.item AND l.lot = s.lot"
        " WHERE s.place = ? ORDER BY s.item, s.lot"
    )
    rows = catalogue.query(node, sql, place)
    return [
        Line(item, int(qty), lot)
        for item, lot, qty, expiry in rows
        if int(qty) > 0 and freshness.has_expired(expiry, today)
    ]


def _lose(node: Node, fact: Loss, done: WrittenOff) -> None:
    written = record.write(node, fact)
    name = Words(node, []).place_name(fact.place)
    told = {"entry": written.entry, "place": fact.place, "place_name": name, "lines": len(fact.lines)}
    done.losses.append(told)
    done.notices.extend(written.notices)
