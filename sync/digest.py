"""What two nodes hold, said in few bytes: a root over all heads, and fingerprints over ranges of log ids.

A leaf is (log, seq, head): since the head's hash is in it, two forks of equal length don't look alike. Fingerprints are
SHA-256 over the sorted leaves of a range, cut to 16 bytes. To find a difference, one side names ranges with their
fingerprints; the other answers for those that differ with smaller ranges or, where few leaves remain, with the heads
themselves: O(differences · log logs) bytes (range-based set reconciliation, A. Meyer 2022).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from sync.errors import Malformed

PRINT_BYTES = 16
FEW = 16  # leaves of a range that are named rather than split
PARTS = 16  # into how many a range is split
NAMED = 1024  # leaves named in one answer, about
END = b"\xff" * 33  # above every log id


class Leaf(NamedTuple):
    """One branch's end: 32-byte log id, sequence number, 32-byte id of the entry there."""

    log: bytes
    seq: int
    head: bytes


class Span(NamedTuple):
    """What is said of the log ids from the previous span's `upper` to this one's: same, a print, or its leaves."""

    upper: bytes
    print: bytes | None = None
    leaves: list[Leaf] | None = None


def root(leaves: Sequence[Leaf]) -> bytes:
    """32 bytes that are equal exactly where two nodes hold the same heads. `leaves` is sorted."""
    return sha256(b"bucketline root\0" + b"".join(map(_bytes, leaves))).digest()


def fingerprint(leaves: Sequence[Leaf]) -> bytes:
    """16 bytes over the sorted leaves of a range."""
    return sha256(b"".join(map(_bytes, leaves))).digest()[:PRINT_BYTES]


def _bytes(leaf: Leaf) -> bytes:
    return leaf.log + leaf.seq.to_bytes(8, "big") + leaf.head


def between(leaves: Sequence[Leaf], lower: bytes, upper: bytes) -> Sequence[Leaf]:
    """The leaves whose log id is in [lower, upper)."""
    return leaves[_at(leaves, lower) : _at(leaves, upper)]


def _at(leaves: Sequence[Leaf], bound: bytes) -> int:
    return bisect_left(leaves, bound, key=lambda leaf: leaf.log)


def describe(leaves: Sequence[Leaf], upper: bytes = END) -> list[Span]:
    """The spans that stand for these sorted leaves up to `upper`: named where few, else prints of equal parts."""
    if len(leaves) <= FEW:
        return [Span(upper, leaves=list(leaves))]
    size = -(-len(leaves) // PARTS)
    cuts = _cuts(leaves, size)
    parts = zip(cuts, [*cuts[1:], len(leaves)], strict=True)
    return [
        Span(leaves[end].log if end < len(leaves) else upper, fingerprint(leaves[start:end])) for start, end in parts
    ]


def _cuts(leaves: Sequence[Leaf], size: int) -> list[int]:
    """Where parts begin; all branches of one log stay in one part."""
    cuts = [0]
    for at in range(size, len(leaves), size):
        while at < len(leaves) and leaves[at].log == leaves[at - 1].log:
            at += 1
        if cuts[-1] < at < len(leaves):
            cuts.append(at)
    return cuts


def compare(mine: Sequence[Leaf], theirs: Sequence[Span], named_max: int = NAMED) -> tuple[list[Span], list[Leaf]]:
    """What to answer to the other side's spans: (spans to send, leaves of ours that they haven't named).

    The spans are empty once nothing is left to say. What they named and we lack, the caller sees in their leaves. Once
    about `named_max` leaves are named, further differences are only told by our print: the other side goes on there.
    """
    answer: list[Span] = []
    extra: list[Leaf] = []
    named = 0
    for lower, span in _walk(theirs):
        own = between(mine, lower, span.upper)
        if span.leaves is not None:
            heard = set(span.leaves)
            extra.extend(leaf for leaf in own if leaf not in heard)
            answer.append(Span(span.upper))
        elif span.print is None or fingerprint(own) == span.print:
            answer.append(Span(span.upper))
        elif named >= named_max:
            answer.append(Span(span.upper, fingerprint(own)))
        else:
            parts = describe(own, span.upper)
            named += sum(len(part.leaves or ()) for part in parts)
            answer.extend(parts)
    return _trim(answer), extra


def _walk(spans: Sequence[Span]) -> Iterator[tuple[bytes, Span]]:
    lower = b""
    for span in spans:
        if span.upper <= lower:
            raise Malformed("Ranges of a digest aren't in order.")
        yield lower, span
        lower = span.upper


def _trim(spans: list[Span]) -> list[Span]:
    return spans if any(s.print is not None or s.leaves is not None for s in spans) else []
