"""An extract of a store that can be checked without one: every entry in its chain, every signature, in plain text.

One JSON value a line. An object begins a branch: {log, author, entries, believed}, hex ids, how many entries it has and
how many of these, from the first, its writer believes. An array is the next entry of that branch: lamport, claimed,
payload, hash, signature. The payload is the text as it was written, or null where only its hash is given: it was
redacted, or isn't believed. A signature stands where one is known, the last of a branch always.
"""

from collections.abc import Iterator
from hashlib import sha256

import msgspec

from sync.reader import Reader
from sync.rows import Branch, WireRow, place

STEP = 1000


def lines(log: Reader) -> Iterator[bytes]:
    """The extract, line by line, with all branches that peers are told of, sorted as in the root."""
    with log.reading():
        found = [(row, branch) for row, branch in log.store.branches() if branch.leaf_seq >= 0]
        for row, branch in sorted(found, key=lambda pair: (pair[0].id, pair[1].leaf_seq, pair[1].leaf_head)):
            head = {
                "log": row.id.hex(),
                "author": row.node.hex(),
                "entries": branch.leaf_seq + 1,
                "believed": min(branch.shown, branch.leaf_seq) + 1,
            }
            yield msgspec.json.encode(head) + b"\n"
            yield from _entries(log, branch)


def count(log: Reader) -> int:
    """How many different entries there are in an extract."""
    ends: dict[int, tuple[int, int]] = {}
    with log.reading():
        for _, branch in log.store.branches():
            for piece, first, last in log.store.path(branch) if branch.leaf_seq >= 0 else ():
                end = min(last, branch.leaf_seq)
                ends[piece.no] = first, max(end, ends.get(piece.no, (0, end))[1])
    return sum(end - first + 1 for first, end in ends.values() if end >= first)


def _entries(log: Reader, branch: Branch) -> Iterator[bytes]:
    for piece, first, last in log.store.path(branch):
        seq, end = first, min(last, branch.leaf_seq)
        while seq <= end:
            rows = log.store.wire_rows(piece.no, seq, end, STEP)
            if not rows:
                return
            for row in rows:
                yield msgspec.json.encode(_told(row, branch.shown)) + b"\n"
            seq += len(rows)


def _told(row: WireRow, shown: int) -> list[object]:
    n, lamport, claimed, payload, hash, sig, _ = row
    if payload is not None and place(n)[1] <= shown:
        return [lamport, claimed, payload.decode(), None, sig and sig.hex()]
    return [lamport, claimed, None, _hash_of(payload, hash), sig and sig.hex()]


def _hash_of(payload: bytes | None, hash: bytes | None) -> str:
    return sha256(payload).hexdigest() if payload is not None else (hash or b"").hex()
