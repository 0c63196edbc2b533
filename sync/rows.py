"""The rows of a store as they stand in memory, and the numbers by which they are found."""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack
from typing import NamedTuple

NONE = -1  # nothing of a branch is shown
SEQ_BITS = 32
SEQ_MAX = (1 << SEQ_BITS) - 1
CLAIMED_ZERO = 1 << 63
FEW = 8  # entries that aren't worth a chunk
Row = tuple[int, bytes, int, int, bytes | None]  # n, id, lamport, claimed, payload
WireRow = tuple[int, int, int, bytes | None, bytes | None, bytes | None, bytes]


class Batch(NamedTuple):
    """Consecutive entries of one branch to be written: `n` and `tick` are the first one's. `hashes` holds None where
    the payload is there, `sigs` where no signature is known.
    """

    n: int
    tick: int
    ids: Sequence[bytes]
    lamports: Sequence[int]
    claims: Sequence[int]
    payloads: Sequence[bytes | None]
    hashes: Sequence[bytes | None]
    sigs: Sequence[bytes | None]

    @property
    def bulky(self) -> bool:
        """Whether it is worth a chunk, and is as ranges come: whole, with one signature, the last."""
        return len(self.ids) >= FEW and None not in self.payloads and self.sigs.count(None) == len(self.sigs) - 1


def from_lamport(lamport: int) -> bytes:
    """A lamport time as 8 bytes that sort as it does."""
    return lamport.to_bytes(8, "big")


def from_claimed(claimed: int) -> bytes:
    """A clock in ms, which may be negative, as 8 bytes that sort as it does."""
    return (claimed + CLAIMED_ZERO).to_bytes(8, "big")


def to_lamport(stored: bytes) -> int:
    """What `from_lamport` wrote."""
    return int.from_bytes(stored, "big")


def to_claimed(stored: bytes) -> int:
    """What `from_claimed` wrote."""
    return int.from_bytes(stored, "big") - CLAIMED_ZERO


def columns_of(batch: Batch) -> tuple[bytes, bytes, bytes]:
    """Ids, lamport times and clocks of a batch, each as one string of bytes."""
    count = len(batch.ids)
    claims = [claimed + CLAIMED_ZERO for claimed in batch.claims]
    return b"".join(batch.ids), pack(f">{count}Q", *batch.lamports), pack(f">{count}Q", *claims)


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


def key_of(entry: bytes) -> bytes:
    """The first 8 bytes of an entry id: a small index instead of a large one."""
    return entry[:8]
