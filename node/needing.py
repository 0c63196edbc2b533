"""Writes down what people need, that they still need it or no longer, and who means to give what.

A need is known by the id of its entry. Anyone may renew or close one: whoever stands there knows best.
"""

from typing import Any

from node import catalogue, inputs, sameness
from node.events import Line, Need, Pledge, Renewal
from node.fold import Node
from node.inputs import KEPT
from node.record import Recorded, when, write
from node.requests import CloseIn, NeedIn, PledgeIn, RenewIn
from node.units import format_qty
from sync.errors import Malformed, NotFound, OutOfRange

PLEDGE_MS = 48 * 3_600_000  # how long a pledge reserves, where nobody says


def add(node: Node, body: NeedIn) -> Recorded:
    """People need something at a place."""
    with node.log.transaction():
        place, at = inputs.place(node, body.place), when(node, body.at)
        fact = Need(
            at,
            place,
            _lines(node, body.lines),
            inputs.number("people", body.people),
            body.urgency,
            _until(body.until, at),
            inputs.note(body.note),
        )
        return write(node, fact)


def renew(node: Node, need: str, body: RenewIn) -> Recorded:
    """A need is still there; a closed one is open again. NotFound where no need is known by that id."""
    with node.log.transaction():
        id, at = find(node, need), when(node, body.at)
        return write(node, Renewal(at, id, _until(body.until, at), note=inputs.note(body.note)))


def close(node: Node, need: str, body: CloseIn) -> Recorded:
    """A need is over, for a reason. NotFound where no need is known by that id."""
    with node.log.transaction():
        id, why = find(node, need), inputs.note(body.why, "why")
        if not why:
            with inputs.field("why"):
                raise Malformed("A need is closed for a reason.", kept=KEPT, todo="Say in a few words why.")
        return write(node, Renewal(when(node, body.at), id, closed=True, note=why))


def pledge(node: Node, body: PledgeIn) -> Recorded:
    """A team means to give something from a place, for a need or, where none is named, to anyone."""
    with node.log.transaction():
        place, at = inputs.place(node, body.place), when(node, body.at)
        until = _until(body.until, at)
        with inputs.field("need"):
            need = find(node, body.need) if body.need else ""
        ends = at + PLEDGE_MS if until is None else until
        done = write(node, Pledge(at, place, _lines(node, body.lines), ends, need, inputs.note(body.note)))
        return Recorded(done.entry, notices=[*done.notices, *_beyond(node, place, body)])


def _beyond(node: Node, place: str, body: PledgeIn) -> list[str]:
    """What of a promise the books don't show there, in sentences: it is kept, and somebody should look."""
    lines = _lines(node, body.lines)
    held = sameness.totals(node, place, [line.item for line in lines])
    names = {row.id: row.name for row in catalogue.item_rows(node, [line.item for line in lines])}
    return [
        f"The books show only {format_qty(held.get(line.item, 0))} {names.get(line.item, line.item)} there."
        for line in lines
        if line.qty > held.get(line.item, 0)
    ]


def find(node: Node, text: str) -> str:
    """The id (hex) of the one need that an id, or the first 8 digits of one, means."""
    found = inputs.need_ids(node, text)
    if not found:
        raise NotFound(f"There is no need {text.strip()!r}.", kept=KEPT, todo="Look it up with `bucketline need list`.")
    if len(found) > 1:
        raise OutOfRange(f"{len(found)} needs begin with {text.strip()!r}.", kept=KEPT, todo="Give more of the id.")
    return found[0]


def _lines(node: Node, lines: Any) -> list[Line]:
    """So much of each item; of whatever lot, since nobody needs a lot."""
    return [Line(item.id, qty) for item, qty, _ in inputs.rows(node, lines, least=1)]


def _until(text: str | None, at: int) -> int | None:
    """When it is over by itself (ms)."""
    if not text:
        return None
    until = inputs.time(text, "until")
    if until <= at:
        with inputs.field("until"):
            raise OutOfRange("It would be over before it begins.", kept=KEPT, todo="Name a later time.")
    return until
