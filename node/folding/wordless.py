"""Which entries lose their words, and what is left of them: what a redaction says, as the log needs it."""

from collections.abc import Iterable
from typing import cast

from node import events
from node.events import Redaction
from sync.errors import Malformed


def redactions(facts: Iterable[object]) -> list[tuple[int, bytes, bytes]]:
    """Those among facts that redact an entry: place in the list, the target's id, the payload that is left."""
    return [(at, *left) for at, fact in enumerate(facts) if type(fact) is Redaction and (left := _left(fact))]


def allows(before: object, after: object) -> bool:
    """Whether two facts differ in nothing but words."""
    if before is None or type(before) is not type(after) or isinstance(before, Redaction):
        return False
    one, other = cast(events.AnyFact, before), cast(events.AnyFact, after)
    return events.encode(events.without_words(one)) == events.encode(events.without_words(other))


def _left(fact: Redaction) -> tuple[bytes, bytes] | None:
    """The target's id and the payload that is left of it; None where either can't be read."""
    target, payload = events.entry_id(fact.target), bytes(fact.fact)
    try:
        return None if target is None or events.decode(payload) is None else (target, payload)
    except Malformed:
        return None
