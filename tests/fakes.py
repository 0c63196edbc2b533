"""Stand-ins for tests of the inventory: a log without signatures, and a whole node in memory on the real log."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import peewee

from node.fold import Projector
from sync import ranges
from sync.fence import MemoryFence
from sync.frame import pack, unpack
from sync.identity import Keys
from sync.limits import DEFAULT
from sync.log import Folded, Log

START_MS = 1_700_000_000_000


class FakeLog:
    """Hands entries to a projector in the order a test wants, as any log would: stored first, then folded."""

    def __init__(self, fold: Projector) -> None:
        self.fold, self.entries = fold, dict[int, Folded]()
        fold.attach(self)  # type: ignore[arg-type]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, for what is in the database."""
        try:
            with self.fold.db.atomic():
                yield
        except BaseException:
            self.fold.forget()
            raise

    def take(self, batch: Sequence[Folded]) -> None:
        """Entries arrive: numbered, stored and folded in one transaction."""
        start = len(self.entries) + 1
        numbered = [entry._replace(n=n) for n, entry in enumerate(batch, start)]
        with self.transaction():
            self.entries.update((entry.n, entry) for entry in numbered)
            self.fold.fold(numbered)

    def get(self, id: bytes) -> Folded | None:
        """An entry by id."""
        return next((entry for entry in self.entries.values() if entry.id == id), None)

    def fetch(self, ns: Sequence[int]) -> list[Folded]:
        """Entries by number, in no useful order."""
        return [self.entries[n] for n in sorted(ns, key=lambda n: (n * 7919) % 101)]

    def folded(self) -> Iterator[list[Folded]]:
        """All entries in order of arrival, a few at a time."""
        entries = iter(self.entries.values())
        while batch := list(itertools.islice(entries, 3)):
            yield batch


@dataclass
class MemoryNode:
    """What recording and reading need of a node, in memory, with a clock that the test turns."""

    db: Any
    log: Log
    fold: Projector
    keys: Keys
    rng: Callable[[int], bytes]
    now: int = START_MS

    def clock(self) -> int:
        """The time that the test has set, in ms."""
        return self.now


def memory_db() -> peewee.SqliteDatabase:
    """An open database in memory."""
    db = peewee.SqliteDatabase(":memory:")
    db.connect()
    return db


def seeded(seed: object) -> Callable[[int], bytes]:
    """Predictable bytes that differ from call to call."""
    calls = itertools.count()
    return lambda n: hashlib.shake_256(f"{seed} {next(calls)}".encode()).digest(n)


def memory_node(seed: object = 1) -> MemoryNode:
    """A node on the real log; equal seeds give equal keys."""
    rng, db = seeded(seed), memory_db()
    fold, keys = Projector(db), Keys.generate(rng)
    node = MemoryNode(db, None, fold, keys, rng)  # type: ignore[arg-type]
    node.log = Log(db, keys, b"test network 123", fold, node.clock, rng, MemoryFence(), redacts=fold)
    fold.attach(node.log)
    return node


def tell(teller: MemoryNode, hearer: MemoryNode) -> None:
    """All that one node holds reaches another, which trusts it."""
    keys, store = teller.keys, teller.log.store
    hearer.log.vouch(keys.node, keys.agree, keys.agree_sig)
    for row, branch in store.branches():
        packed = pack(list(ranges.read(store, 0, branch, branch.base, DEFAULT)))
        taken = hearer.log.ingest([(row.id, item) for item in unpack(packed, DEFAULT)], keys.node)
        assert not taken.refused
