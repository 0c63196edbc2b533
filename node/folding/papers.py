"""Waybills that were read in lose the words that are taken out of their dispatch, and of what they call things."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from node import events
from node.events import AnyFact, Dispatch, Item, Place, Team
from node.folding.books import Connection
from node.folding.wordless import without_words


class Left(NamedTuple):
    """What is left of an entry (id) of a node after its words were taken out."""

    entry: bytes
    node: bytes
    fact: object


def silence(connection: Connection, found: Sequence[Left]) -> None:
    """Take these words out of all waybills that are kept, if any are."""
    if not found or not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'slip'").fetchall():
        return
    for id, node, payload, names in connection.execute("SELECT dispatch, node, payload, names FROM slip").fetchall():
        quiet = _payload(bytes(id), bytes(node), bytes(payload), found), _names(bytes(node), bytes(names), found)
        if quiet != (bytes(payload), bytes(names)):
            connection.execute("UPDATE slip SET payload = ?, names = ? WHERE dispatch = ?", (*quiet, id))


def _payload(id: bytes, node: bytes, payload: bytes, found: Iterable[Left]) -> bytes:
    """The dispatch with what is left of it, where that differs in nothing but words."""
    for left in found:
        if left[:2] == (id, node) and isinstance(left.fact, Dispatch):
            before = cast(AnyFact, events.decode(payload))
            if events.encode(without_words(before)) == events.encode(without_words(left.fact)):
                payload = events.encode(left.fact)
    return payload


def _names(node: bytes, names: bytes, found: Iterable[Left]) -> bytes:
    """The names without those of things that somebody had called by words that are gone."""
    told: dict[str, Any] = msgspec.json.decode(names)
    for left in found:
        if isinstance(left.fact, Place):
            told.get("places", {}).pop(left.fact.id, None)
        elif isinstance(left.fact, Item):
            told.get("items", {}).pop(left.fact.id, None)
        elif isinstance(left.fact, Team) and left.node == node:
            told.pop("team", None)
    return msgspec.json.encode(told)
