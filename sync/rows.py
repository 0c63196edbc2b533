"""The rows of a store as they stand in memory, and the numbers by which they are found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import unpack
from typing import Any, NamedTuple

NONE = -1  # nothing of a branch is shown
SEQ_BITS = 32
SEQ_MAX = (1 << SEQ_BITS) - 1
Row = tuple[int, bytes, int, int, bytes | None]  # n, id, lamport, claimed, payload
WireRow = tuple[int, int, int, bytes | None, bytes | None, bytes | None, bytes]


class Columns(NamedTuple):
    """Entries to be written, column by column: made row by row they would cost more than their writing."""

    ns: list[int]
    ticks: list[int]
    keys: list[int]
    ids: list[bytes]
    lamports: list[int]
    claims: list[int]
    payloads: list[bytes | None]
    hashes: list[bytes | None]
    sigs: list[bytes | None]

    @classmethod
    def empty(cls) -> "Columns":
        """No entries yet."""
        return cls([], [], [], [], [], [], [], [], [])

    def extend(self, *more: Iterable[Any]) -> None:
        """Add entries, a column each."""
        columns: tuple[list[Any], ...] = tuple(self)
        for column, values in zip(columns, more, strict=True):
            column.extend(values)


@dataclass(slots=True)
class Branch:
    """One row of `branch`: where a line of entries stands. Times are ms; `parent` is a branch number.

    `changed` is the tick of its last change, `shown_since` that from which it was shown, `source` the peer that brought
    its newest entries (empty for our own). It is `wild` where the author's clock ran backwards somewhere.
    """

    no: int
    log: int
    parent: int | None
    base: int
    seq: int
    head: bytes
    lamport: int
    claimed: int
    received: int
    shown: int
    leaf_seq: int
    leaf_head: bytes
    changed: int
    shown_since: int
    source: bytes
    wild: int


@dataclass(slots=True)
class LogRow:
    """One row of `log` with its branches."""

    no: int
    id: bytes
    node: bytes
    agree: bytes
    agree_sig: bytes
    branches: list[Branch]


def number(branch: int, seq: int) -> int:
    """`n` of an entry: its place in this store."""
    return branch << SEQ_BITS | seq


def place(n: int) -> tuple[int, int]:
    """(branch, seq) of an entry's `n`."""
    return n >> SEQ_BITS, n & SEQ_MAX


def keys_of(ids: Sequence[bytes]) -> Sequence[int]:
    """`key_of` for many ids at once."""
    return unpack(f">{4 * len(ids)}q", b"".join(ids))[::4]


def key_of(entry: bytes) -> int:
    """The first 8 bytes of an entry id as SQLite's signed integer: a small index instead of a large one."""
    return int.from_bytes(entry[:8], "big", signed=True)
