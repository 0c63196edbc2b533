"""Checks all that is stored again from its bytes: hashes, chains, signatures, and the rows that point at them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from sync.entry import ZERO, entry_id, header, signed_bytes
from sync.errors import Problem
from sync.identity import verify
from sync.reader import Reader
from sync.rows import Branch, LogRow, WireRow, place

Progress = Callable[[int], None]
STEP = 1000


def audit(log: Reader, network: bytes, progress: Progress | None = None) -> list[str]:
    """What doesn't hold, in words; empty where all holds. `progress` is told how many entries are done.

    Others may write meanwhile: each branch is checked up to where it ended when this began.
    """
    with log.reading():
        found = [(row, replace(branch)) for row, branch in log.store.branches()]
    problems: list[str] = []
    done = 0
    for row, branch in found:
        for count in _branch(log, row, branch, network, problems):
            done += count
            if progress:
                progress(done)
    return problems


def _rows(log: Reader, branch: Branch, seq: int) -> Sequence[WireRow] | None:
    try:
        with log.reading():
            return log.store.wire_rows(branch.no, seq, branch.seq, STEP)
    except Problem:
        return None


def _branch(log: Reader, row: LogRow, branch: Branch, network: bytes, problems: list[str]) -> Iterator[int]:
    prev = log.store.id_at(branch, branch.base) if branch.base >= 0 else ZERO
    seq = branch.base + 1
    name = row.id.hex()[:12]
    last_signed = False
    while seq <= branch.seq:
        rows = _rows(log, branch, seq)
        if rows is None:
            problems.append(f"Entries of log {name} from number {seq} on can't be read.")
            return
        for n, lamport, claimed, payload, kept, sig, id in rows:
            at = place(n)[1]
            hash = (kept or ZERO) if payload is None else sha256(payload).digest()
            field = ZERO if at == 0 else row.id
            wanted = entry_id(header(network, field, at, prev or ZERO, lamport, claimed, hash))
            if at != seq or wanted != id:
                problems.append(f"Entry {seq} of log {name} isn't what its id says.")
                return
            if sig is not None and not verify(row.node, signed_bytes(id), sig):
                problems.append(f"The signature of entry {seq} of log {name} doesn't hold.")
            if log.store.locate(id) is None:
                problems.append(f"Entry {seq} of log {name} can't be found by its id.")
            prev, seq, last_signed = id, seq + 1, sig is not None
        if not rows:
            problems.append(f"Entry {seq} of log {name} is missing.")
            return
        yield len(rows)
    if prev != branch.head or not last_signed:
        problems.append(f"The end of log {name} isn't what was noted, or isn't signed.")
