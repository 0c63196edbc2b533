"""Which entries lose their words, and what is left of them: what a redaction says, as the log needs it."""

from collections.abc import Iterable
from typing import Any, cast

from msgspec import UNSET, structs

from node import events
from node.events import Distribution, Redaction
from sync.errors import Malformed

WORDS = ("note", "source", "vehicle", "driver", "seal", "why", "name", "names", "shelf")


def without_words(fact: events.AnyFact) -> events.AnyFact:
    """What is left of a fact when all that somebody typed freely is taken out: who, where, when and how much stay."""
    blank: dict[str, Any] = {field.name: _nothing(field) for field in structs.fields(fact) if field.name in WORDS}
    if isinstance(fact, Distribution) and not events.is_entry_id(fact.need):
        blank["need"] = ""
    return structs.replace(fact, **blank)


def _nothing(field: structs.FieldInfo) -> Any:
    if field.default is UNSET:
        return UNSET
    return {} if field.name == "names" else ""


def redactions(facts: Iterable[object]) -> list[tuple[int, bytes, bytes]]:
    """Those among facts that redact an entry: place in the list, the target's id, the payload that is left."""
    return [(at, *left) for at, fact in enumerate(facts) if type(fact) is Redaction and (left := _left(fact))]


def allows(before: object, after: object) -> bool:
    """Whether two facts differ in nothing but words."""
    if before is None or type(before) is not type(after) or isinstance(before, Redaction):
        return False
    one, other = cast(events.AnyFact, before), cast(events.AnyFact, after)
    return events.encode(without_words(one)) == events.encode(without_words(other))


def _left(fact: Redaction) -> tuple[bytes, bytes] | None:
    """The target's id and the payload that is left of it; None where either can't be read."""
    target, payload = events.entry_id(fact.target), bytes(fact.fact)
    try:
        return None if target is None or events.decode(payload) is None else (target, payload)
    except Malformed:
        return None
