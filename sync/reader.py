"""What can be read of a log's store: single entries, lists, what was last heard of whom, and the digests."""

import heapq
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

from sync.arrivals import Arrivals
from sync.digest import Leaf, root
from sync.errors import Malformed
from sync.intake import Decode, Folded
from sync.redacting import Redactions
from sync.rows import Branch, LogRow, Row, place
from sync.store import Store

BATCH = 2000  # entries decoded at a time
FIRST = ((1 << 63) - 1, b"\xff" * 33)  # stands before every entry, newest first


class Reader:
    """Reads under the same lock that writing holds, so that nothing half-written is seen."""

    def __init__(self, store: Store, decode: Decode) -> None:
        self.store, self._decode = store, decode
        self.redactions = Redactions(store)
        self.arrivals = Arrivals(store)
        self._lock = threading.RLock()
        self._depth = 0
        self._tick_seen = -1
        self._root: tuple[int, bytes] | None = None

    def refresh(self) -> None:
        """Notice what another process wrote."""
        with self._lock:
            if not self._depth and self.store.tick() != self._tick_seen:
                self._forget()
                self._tick_seen = self.store.tick()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the lock over several reads, so that nothing half-written is seen between them."""
        with self._lock:
            self.refresh()
            yield

    def _forget(self) -> None:
        self.store.forget()
        self.redactions.forget()
        self._root = None
        self._tick_seen = -1

    def tick(self) -> int:
        """A number that changes whenever something was stored or the policy changed."""
        return self.store.tick()

    # entries

    def _entry(self, row: Row) -> Folded:
        n, id, lamport, claimed, payload = row
        branch, seq = place(n)
        log, _ = self.store.by_branch(branch)
        if payload is None:
            payload = self.redactions.left_of(id, log.node)
        fact = self._decode(payload) if payload is not None else None
        return Folded(n, id, log.node, log.id, seq, lamport, claimed, fact)

    def _is_shown(self, row: Row) -> bool:
        branch, seq = place(row[0])
        return seq <= self.store.by_branch(branch)[1].shown

    def get(self, id: bytes) -> Folded | None:
        """A folded entry by its 32-byte id."""
        with self._lock:
            self.refresh()
            row = self.store.by_id(id)
            return self._entry(row) if row and self._is_shown(row) else None

    def find(self, prefix: str) -> list[Folded]:
        """Folded entries whose hex id begins so (8 digits at least), at most five."""
        text = prefix.strip().lower()
        if not 8 <= len(text) <= 64 or any(c not in "0123456789abcdef" for c in text):
            raise Malformed(
                f"{prefix!r} is not an entry's id.",
                todo="Give at least the first 8 characters of an id from `bucketline log`.",
            )
        low, high = bytes.fromhex(text[:16].ljust(16, "0")), bytes.fromhex(text[:16].ljust(16, "f"))
        with self._lock:
            self.refresh()
            rows = [r for r in self.store.by_prefix(low, high, 50) if r[1].hex().startswith(text)]
            return [self._entry(row) for row in rows if self._is_shown(row)][:5]

    def fetch(self, ns: Sequence[int]) -> list[Folded]:
        """Entries by their number `n`, in no order."""
        with self._lock:
            self.refresh()
            return [self._entry(row) for row in self.store.by_number(ns)]

    def folded(self) -> Iterator[list[Folded]]:
        """All folded entries in batches, branch by branch."""
        n = 0
        while True:
            with self._lock:
                self.refresh()
                rows = self.store.after(n, BATCH)
                batch = [self._entry(row) for row in rows if self._is_shown(row)]
            if not rows:
                return
            n = rows[-1][0]
            if batch:
                yield batch

    def ends(self, tick: int | None = None) -> dict[int, int]:
        """How far each branch is folded: its last sequence number, by its number. With `tick` as it was then, by the
        policy of now."""
        with self._lock:
            self.refresh()
            shown = [branch for _, branch in self.store.branches() if branch.shown >= 0]
            if tick is None:
                return {branch.no: branch.shown for branch in shown}
            known = [branch for branch in shown if branch.shown_since <= tick]
            return {branch.no: min(branch.shown, self.store.first_after(branch, tick) - 1) for branch in known}

    def last_ids(self) -> list[bytes]:
        """The ids of the last folded entries, one of each branch, sorted."""
        with self._lock:
            self.refresh()
            shown = [branch for _, branch in self.store.branches() if branch.shown >= 0]
            return sorted(filter(None, (self.store.id_at(branch, branch.shown) for branch in shown)))

    def up_to(self, ids: Iterable[bytes]) -> tuple[dict[int, int], list[bytes]]:
        """How far each branch is covered by entries and all that was before them in their logs: sequence numbers, by
        the branch's number. Then the ids of which no entry is here."""
        with self._lock:
            self.refresh()
            covered, missing = dict[int, int](), list[bytes]()
            for id in ids:
                if found := self.store.locate(id):
                    cover(self.store, covered, *found)
                else:
                    missing.append(id)
            return covered, missing

    def stretch(self, branch: int, after: int, until: int) -> list[Folded]:
        """Entries of a branch after a sequence number, in order, up to `until` or as many as are decoded at a time."""
        with self._lock:
            self.refresh()
            rows = self.store.from_branch(branch, after + 1, until, BATCH)
            return [self._entry(row) for row in rows]

    def _between(self, log: LogRow, branch: Branch, first: int, last: int) -> list[Folded]:
        rows = self.store.from_branch(branch.no, first, last, last - first + 1) if first <= last else []
        return [self._entry(row) for row in rows]

    def latest(self, limit: int, before: tuple[int, bytes] | None = None, node: bytes | None = None) -> list[Folded]:
        """The newest folded entries by (claimed, id), newest first; after `before` in that order; of one node."""
        found: list[Row] = []
        with self._lock:
            self.refresh()
            branches = [b for log, b in self.store.branches() if b.shown >= 0 and node in (None, log.node)]
            for branch in sorted(branches, key=lambda b: (b.wild, b.claimed), reverse=True):
                if len(found) >= limit and not branch.wild and found[-1][3] > branch.claimed:
                    break
                rows = self.store.newest_of_branch(branch, before or FIRST, limit)
                found = heapq.nlargest(limit, [*found, *rows], key=lambda row: (row[3], row[1]))
            return [self._entry(row) for row in found]

    # what is known of whom

    def heard(self) -> dict[bytes, int]:
        """For each node the ms to which its news reaches: its newest entry, or the last direct contact if later."""
        with self._lock:
            self.refresh()
            found: dict[bytes, int] = dict(self.store.query("SELECT node, at FROM contact"))
            for log, branch in self.store.branches():
                if branch.shown >= 0:
                    newest = min(branch.claimed, branch.received)
                    found[log.node] = max(found.get(log.node, newest), newest)
            return found

    def lamport(self) -> int:
        """The highest lamport time folded."""
        return max((self._lamport(b) for _, b in self.store.branches() if b.shown >= 0), default=-1)

    def _lamport(self, branch: Branch) -> int:
        return branch.lamport if branch.shown == branch.seq else self.store.lamport_at(branch, branch.shown)

    def counts(self) -> tuple[int, int]:
        """(entries, logs) stored."""
        with self._lock:
            self.refresh()
            return int(self.store.query("SELECT count(*) FROM entry")[0][0]), len(self.store.logs())

    # digests

    def leaves(self) -> list[Leaf]:
        """All heads that peers are told of, sorted."""
        with self._lock:
            self.refresh()
            return self.store.leaves()

    def root(self) -> bytes:
        """The root digest over all heads that peers are told of: 32 bytes."""
        with self._lock:
            self.refresh()
            tick = self.store.tick()
            if self._root is None or self._root[0] != tick:
                self._root = tick, root(self.store.leaves())
            return self._root[1]

    def digest(self) -> tuple[str, str]:
        """(root, policy) in hex: what is held, and which logs of it are folded and up to where."""
        with self._lock:
            self.refresh()
            folded = sorted({_extent(log) for log in self.store.logs().values()} - {b""})
            return self.root().hex(), sha256(b"bucketline policy\0" + b"".join(folded)).hexdigest()


def cover(store: Store, covered: dict[int, int], no: int | None, seq: int) -> None:
    """Note that a branch is covered up to a number, and the branches that it came from up to where it left them."""
    while no is not None and covered.get(no, -1) < seq:
        covered[no] = seq
        branch = store.by_branch(no)[1]
        no, seq = branch.parent, branch.base


def _extent(log: LogRow) -> bytes:
    """What the policy digest says of a log: its id alone if all of it is folded, its id and an end if a part is."""
    shown = [b for b in log.branches if b.shown >= 0]
    if not shown:
        return b""
    whole = all(b.shown == b.seq for b in log.branches)
    return log.id + (b"\xff" * 8 if whole else max(b.shown for b in shown).to_bytes(8, "big"))
