"""A node as it was when it held no more than certain entries: what a report that was made then is held against.

Its tables are folded anew from those entries, in a database that vanishes with it. What has been redacted since is
without its words here as well; all figures are as they were.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from typing import Any

import peewee

from node.fold import Node, Projector
from sync.digest import Leaf, root
from sync.log import Folded
from sync.reader import cover
from sync.rows import place

Cut = Mapping[int, int]  # the last number of each branch that is covered


def cut(node: Node, leaves: Sequence[Leaf]) -> Cut | None:
    """What these heads cover on this node; None where it doesn't hold one of them."""
    covered: dict[int, int] = {}
    for leaf in leaves:
        row = node.log.store.by_id(leaf.head)
        if row is None:
            return None
        no, seq = place(row[0])
        if seq != leaf.seq or node.log.store.by_branch(no)[0].id != leaf.log:
            return None
        cover(node.log.store, covered, no, seq)
    return covered


class PastLog:
    """The part of a log that is covered, with what reports ask of a log."""

    def __init__(self, log: Any, db: Any, leaves: Sequence[Leaf], covered: Cut) -> None:
        self._log, self._db, self._leaves, self._covered = log, db, leaves, covered

    def _has(self, entry: Folded) -> bool:
        no, seq = place(entry.n)
        return seq <= self._covered.get(no, -1)

    def folded(self) -> Iterator[list[Folded]]:
        """All covered entries that are believed, in batches."""
        for batch in self._log.folded():
            if kept := [entry for entry in batch if self._has(entry)]:
                yield kept

    def fetch(self, ns: Sequence[int]) -> list[Folded]:
        """Entries by number."""
        return [entry for entry in self._log.fetch(ns) if self._has(entry)]

    def get(self, id: bytes) -> Folded | None:
        """An entry by id."""
        found = self._log.get(id)
        return found if found and self._has(found) else None

    def ends(self, tick: int | None = None) -> dict[int, int]:
        """How far each branch is folded, of what is covered; with `tick` as it was then."""
        return {no: min(seq, self._covered[no]) for no, seq in self._log.ends(tick).items() if no in self._covered}

    def up_to(self, ids: Iterable[bytes]) -> tuple[dict[int, int], list[bytes]]:
        """How far each branch is covered by entries, and the ids of those that weren't held."""
        told = list(ids)
        missing = [id for id in told if not self._held(id)]
        covered, _ = self._log.up_to(id for id in told if id not in missing)
        return covered, missing

    def _held(self, id: bytes) -> bool:
        no, seq = self._log.store.locate(id) or (-1, 0)
        return seq <= self._covered.get(no, -1)

    def stretch(self, branch: int, after: int, until: int) -> list[Folded]:
        """Entries of a branch after a number, up to another."""
        found: list[Folded] = self._log.stretch(branch, after, until)
        return found

    def leaves(self) -> list[Leaf]:
        """The heads that are all that was held."""
        return list(self._leaves)

    def heard(self) -> dict[bytes, int]:
        """Nothing: how old news is has no part in a report."""
        return {}

    def digest(self) -> tuple[str, str]:
        """(root, policy) in hex, as the node would have told them."""
        folded = sorted({self._extent(log) for log in self._log.store.logs().values()} - {b""})
        return root(self._leaves).hex(), sha256(b"bucketline policy\0" + b"".join(folded)).hexdigest()

    def _extent(self, log: Any) -> bytes:
        """What the policy digest said of a log then."""
        covered = [(branch, self._covered[branch.no]) for branch in log.branches if branch.no in self._covered]
        shown = [min(branch.shown, seq) for branch, seq in covered if branch.shown >= 0]
        if not shown:
            return b""
        whole = all(branch.shown >= seq for branch, seq in covered)
        return bytes(log.id) + (b"\xff" * 8 if whole else max(shown).to_bytes(8, "big"))

    @property
    def arrivals(self) -> Any:
        """When entries came, and in which order they stand."""
        return self._log.arrivals

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, in the database of the past."""
        with self._db.atomic():
            yield

    reading = transaction


class Past:
    """What reports ask of a node, as it was then. It never writes: its keys and clock are there to be asked."""

    def __init__(self, node: Node, db: Any, leaves: Sequence[Leaf], covered: Cut) -> None:
        self.db, self.keys, self.clock, self.rng = db, node.keys, node.clock, node.rng
        self.log = PastLog(node.log, db, leaves, covered)
        self.fold = Projector(db)
        self.fold.attach(self.log)  # type: ignore[arg-type]
        with db.atomic():
            self.fold.refold(self.log.folded())


@contextmanager
def past(node: Node, leaves: Sequence[Leaf], covered: Cut) -> Iterator[Any]:
    """The node as it was when these heads were all that it held."""
    db = peewee.SqliteDatabase("file:", uri=True, pragmas={"synchronous": "off"})  # without a name: of this use alone
    db.connect()
    with closing(db):
        yield Past(node, db, leaves, covered)
