"""Takes words out of entries: their payloads go, their hashes and all chains stay, and what is left of them is said by
a later entry of the same author.

Who hears of a redaction drops the payload from its own store and sends it to nobody any more. Who holds the original
believes only a redaction that leaves everything but words as it was; the application is what knows the difference.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from sync.rows import place
from sync.store import Store

Decode = Callable[[bytes], object | None]

TABLE = """
CREATE TABLE IF NOT EXISTS redaction (
  target BLOB NOT NULL, node BLOB NOT NULL, lamport INTEGER NOT NULL, id BLOB NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (target, node, lamport, id))
"""


class Redacts(Protocol):
    """What the application knows of redactions; handed in."""

    def redactions(self, facts: Sequence[object]) -> list[tuple[int, bytes, bytes]]:
        """Those among these facts that redact an entry: its place in the list, the target's id, what is left of it."""

    def allows(self, before: object, after: object) -> bool:
        """Whether two facts differ in nothing but words."""

    def reword(self, entries: Sequence[Any]) -> None:
        """These entries, folded before, now hold other words."""


class Redaction(NamedTuple):
    """One redaction as it came: of which entry, by whom, and what is left."""

    target: bytes
    node: bytes
    lamport: int
    id: bytes
    payload: bytes


class Redactions:
    """The redactions that one store knows of: few, and kept in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[bytes, bytes], tuple[int, bytes, bytes]] | None = None

    def create(self) -> None:
        """Make the table where it is missing."""
        self._store.run(TABLE)

    def forget(self) -> None:
        """Drop what is kept in memory."""
        self._known = None

    @property
    def known(self) -> dict[tuple[bytes, bytes], tuple[int, bytes, bytes]]:
        """By target and author: the latest redaction (lamport, id) with the payload that it leaves."""
        if self._known is None:
            rows = self._store.query("SELECT target, node, lamport, id, payload FROM redaction ORDER BY lamport, id")
            self._known = {(target, node): (lamport, id, payload) for target, node, lamport, id, payload in rows}
        return self._known

    def left_of(self, entry: bytes, node: bytes) -> bytes | None:
        """The payload that stands for an entry of a node, if it was redacted."""
        found = self.known.get((entry, node)) if self.known else None
        return found[2] if found else None

    def add(self, item: Redaction) -> None:
        """Keep a redaction."""
        self._store.run("INSERT OR IGNORE INTO redaction VALUES (?, ?, ?, ?, ?)", *item)
        self._known = None


class Stripped(NamedTuple):
    """An entry whose words went: its number, and whether the application had its fact before."""

    n: int
    was_known: bool


def strip(item: Redaction, store: Store, redactions: Redactions, decode: Decode, app: Redacts) -> Stripped | None:
    """Keep a redaction, and take the words out of its target if that is here.

    One that would change more than words of what is here is left aside.
    """
    row = store.by_id(item.target)
    if row is None or store.by_branch(place(row[0])[0])[0].node != item.node:
        redactions.add(item)
        return None
    payload = redactions.left_of(item.target, item.node) if row[4] is None else row[4]
    if payload is not None and not app.allows(decode(payload), decode(item.payload)):
        return None
    redactions.add(item)
    if row[4] is not None:
        store.strip(row[0], sha256(row[4]).digest())
    return Stripped(row[0], payload is not None)
