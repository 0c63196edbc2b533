"""Reads the ranges that a peer asked for out of the store, each ending where a signature is kept."""

from collections.abc import Iterator, Sequence
from typing import Any

from sync.frame import HINT_BYTES, Range
from sync.limits import Limits
from sync.rows import Branch
from sync.store import Store


def read(store: Store, ref: int, branch: Branch, after: int, limits: Limits) -> Iterator[Range]:
    """The ranges on the way to a branch's leaf that follow entry `after` (-1: from the genesis).

    Where a log has parted between two signatures, the older branch is sent on to its next one: what proves the entries
    before the fork lies behind it.
    """
    for piece, first, last in store.path(branch):
        start = max(first, after + 1)
        end = branch.leaf_seq if piece is branch else piece.seq
        while start <= min(last, branch.leaf_seq):
            item = _one(store, ref, branch, piece, start, end, last, limits)
            if item is None:
                return
            yield item
            start = item.start + len(item.payloads)


def _one(
    store: Store, ref: int, branch: Branch, piece: Branch, first: int, end: int, last: int, limits: Limits
) -> Range | None:
    """A range of a piece from `first` on, which may run up to `end` to find a signature at or after `last`."""
    rows = store.wire_rows(piece.no, first, end, limits.range_entries_max)
    count = _cut(rows, limits.range_bytes_max, last - first + 1)
    if not count:
        return None  # no signature in reach: nothing that could be proved
    before = store.id_at(branch, first - 1) if first else None
    return _range(ref, first, (before or bytes(HINT_BYTES))[:HINT_BYTES], rows[:count])


def _cut(rows: Sequence[tuple[Any, ...]], bytes_max: int, enough: int) -> int:
    """How many rows make a range: up to the last signature within the bound, or the first one past `enough`."""
    size, best = 0, 0
    for count, row in enumerate(rows, 1):
        size += len(row[3] or b"")
        if best and (size > bytes_max or count > enough):
            break
        if row[5] is not None:
            best = count
    return best


def _range(ref: int, first: int, hint: bytes, rows: Sequence[tuple[Any, ...]]) -> Range:
    _, lamports, claims, payloads, hashes, sigs, _ = zip(*rows, strict=True)
    return Range(ref, first, hint, lamports, claims, payloads, hashes, sigs[-1])
