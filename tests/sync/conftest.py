"""What the tests of replication share: nodes in memory with seeded keys, an application that keeps what it is handed,
and meetings of two nodes that can be cut after any message."""

import json
import random
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import peewee
import pytest

from sync import ranges, strict
from sync.exchange import Exchange, Report
from sync.fence import MemoryFence
from sync.frame import Range, pack, unpack
from sync.identity import Keys
from sync.limits import DEFAULT, Limits
from sync.log import Folded, Log, Taken

NETWORK = b"test network 16b"
NOON = 1_795_000_000_000  # ms since 1970
SHARED = {"timeout": 20, "check_same_thread": False}  # entries that come in bulk are written on another thread
TURNS_MAX = 400  # messages of one meeting: more means that it goes round in circles


class Clock:
    """A wall clock that moves only when told to."""

    def __init__(self, ms: int = NOON) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms


class Notes:
    """An application that keeps what it was handed, in a table of the same database.

    It complains where an entry is handed twice, or before the one that it follows.
    """

    def __init__(self, db: peewee.SqliteDatabase) -> None:
        self.db = db
        self.fails_on: str | None = None
        self.refolds = 0
        db.execute_sql("CREATE TABLE IF NOT EXISTS handed (id BLOB PRIMARY KEY, log BLOB, seq INTEGER, fact TEXT)")

    def decode(self, payload: bytes) -> object | None:
        fact = strict.check(payload)
        return None if str(fact.get("type", "")).startswith("sync.") else fact

    def fold(self, batch: Sequence[Folded]) -> None:
        for entry in batch:
            if entry.seq > 0:
                before = self._rows("SELECT 1 FROM handed WHERE log = ? AND seq = ?", entry.log, entry.seq - 1)
                assert before, f"entry {entry.seq} came before the one that it follows"
            text = json.dumps(entry.fact, sort_keys=True)
            self._rows("INSERT INTO handed VALUES (?, ?, ?, ?)", entry.id, entry.log, entry.seq, text)
            if self.fails_on and self.fails_on in text:
                raise ZeroDivisionError("the application failed")

    def refold(self, batches: Iterable[Sequence[Folded]]) -> None:
        self.refolds += 1
        self._rows("DELETE FROM handed")
        for batch in batches:
            self.fold(batch)

    def forget(self) -> None:
        """Nothing is kept in memory."""

    def _rows(self, sql: str, *values: object) -> list[tuple]:
        return self.db.connection().execute(sql, values).fetchall()

    def facts(self) -> list[object]:
        """All facts of the application's own types, in a fixed order."""
        rows = self._rows("SELECT fact FROM handed WHERE fact <> 'null' ORDER BY id")
        return [json.loads(fact) for (fact,) in rows]

    def said(self) -> list[str]:
        """The texts of all facts that `say` wrote, sorted."""
        return sorted(fact["text"] for fact in self.facts())

    def digest(self) -> str:
        """Over all that was handed, whatever the order."""
        return sha256(repr(self._rows("SELECT id, log, seq, fact FROM handed ORDER BY id")).encode()).hexdigest()


class Memory:
    """What a node remembers of its peers."""

    def __init__(self) -> None:
        self.held_of: dict[bytes, tuple[bytes, int]] = {}
        self.given_to: dict[bytes, tuple[bytes, int]] = {}
        self.skew: dict[bytes, int] = {}

    def held(self, node: bytes) -> tuple[bytes, int] | None:
        return self.held_of.get(node)

    def set_held(self, node: bytes, store: bytes, tick: int) -> None:
        self.held_of[node] = (store, tick)

    def given(self, node: bytes) -> tuple[bytes, int] | None:
        return self.given_to.get(node)

    def set_given(self, node: bytes, store: bytes, tick: int) -> None:
        self.given_to[node] = (store, tick)

    def note_skew(self, node: bytes, ms: int) -> None:
        self.skew[node] = ms


def new_log(seed: int | str, path: str = ":memory:", **more) -> Log:
    """A node's log with seeded keys; `more` goes to Log. The same seed is the same node."""
    rng = random.Random(seed)
    keys = more.pop("keys", None) or Keys.generate(rng.randbytes)
    db = more.pop("db", None) or peewee.SqliteDatabase(path, pragmas={"journal_mode": "wal"}, **SHARED)
    more = {"network": NETWORK, "clock": Clock(), "rng": rng.randbytes, "fence": MemoryFence()} | more
    log = Log(db, keys, app=Notes(db), **more)
    log.memory = Memory()
    return log


def reopen(log: Log, seed: int | str = "again", **more) -> Log:
    """The same database opened anew, as after a restart."""
    same = {"keys": log.keys, "fence": log.fence, "clock": log.clock, "limits": log.limits, "network": log.network}
    again = new_log(seed, db=log.db, **(same | more))
    again.memory = log.memory
    return again


def clone(log: Log, seed: int | str = "clone", **more) -> Log:
    """A copy of a node's disk, running elsewhere: same keys, same rows, same memory of peers, a fence of its own."""
    db = peewee.SqliteDatabase(":memory:")
    log.db.connection().backup(db.connection())
    fence = MemoryFence()
    fence.held = log.fence.read()
    copy = new_log(seed, db=db, **({"keys": log.keys, "fence": fence, "limits": log.limits} | more))
    copy.memory.held_of, copy.memory.given_to = dict(log.memory.held_of), dict(log.memory.given_to)
    return copy


def snapshot(log: Log) -> sqlite3.Connection:
    """A backup of a node's database."""
    kept = sqlite3.connect(":memory:")
    log.db.connection().backup(kept)
    return kept


def restored(log: Log, kept: sqlite3.Connection, seed: int | str = "restored", **more) -> Log:
    """The node as it comes up on a backup of its database; its fence and keys are those of now."""
    db = peewee.SqliteDatabase(":memory:")
    kept.backup(db.connection())
    back = new_log(seed, db=db, **({"keys": log.keys, "fence": log.fence, "limits": log.limits} | more))
    back.memory.held_of = dict(log.memory.held_of)
    return back


def say(log: Log, *texts: object) -> list[Folded]:
    """Write one entry for each text."""
    return [log.append(json.dumps({"type": "note", "text": str(text)}).encode()) for text in texts]


def say_many(log: Log, count: int, name: str = "bulk") -> list[Folded]:
    """Write many entries at once."""
    return log.append_all([json.dumps({"type": "note", "text": f"{name} {i}"}).encode() for i in range(count)])


def trust(*logs: Log) -> None:
    """Each trusts each of the others."""
    for log in logs:
        for other in logs:
            if log.keys.node != other.keys.node:
                log.vouch(other.keys.node, other.keys.agree, other.keys.agree_sig)


def listen(log: Log, other: Log) -> None:
    """One side trusts the other."""
    log.vouch(other.keys.node, other.keys.agree, other.keys.agree_sig)


@dataclass
class Meeting:
    """What came of one meeting: requests answered, bytes each way, whether it was cut, and both sides' reports."""

    round_trips: int
    up: int
    down: int
    cut: bool
    client: Report
    server: Report

    @property
    def bytes(self) -> int:
        return self.up + self.down


def meet(a: Log, b: Log, cut: int | None = None, orderly: bool = True, between=None) -> Meeting:
    """One exchange that `a` opens with `b`, message by message.

    `cut` is after how many delivered messages the link breaks: odd loses an answer, even loses a request. Where it
    isn't `orderly`, what a cut side had received and not yet stored is gone. `between(n)` is called before message n.
    """
    client, server = Exchange(a, b.keys.node, a.memory), Exchange(b, a.keys.node, b.memory)
    sizes = [0, 0]
    body, delivered = client.open(), 0
    while body is not None and delivered != cut:
        assert delivered < TURNS_MAX, "this meeting doesn't come to an end"
        if between:
            between(delivered)
        side = delivered % 2
        sizes[side] += len(body)
        body = (server, client)[side].receive(body)
        delivered += 1
    was_cut = body is not None
    if orderly:
        client.work()
        server.work()
    return Meeting((delivered + 1) // 2, *sizes, was_cut, client.report, server.report)


def settle(*logs: Log, rounds: int = 4) -> None:
    """Everybody meets everybody until nothing more is to be told."""
    for _ in range(rounds):
        for a in logs:
            for b in logs:
                if a.keys.node != b.keys.node:
                    meet(a, b)


def agree(*logs: Log) -> bool:
    """Whether all hold the same, fold the same, and came to the same application state; each store is sound."""
    for log in logs:
        assert log.verify() == []
    return len({(*log.digest(), log.app.digest()) for log in logs}) == 1


def state(log: Log) -> tuple:
    """All of a store that must not move when something is refused."""
    return (*log.digest(), log.counts(), log.app.digest(), log.tick())


def all_ranges(log: Log, limits: Limits = DEFAULT) -> list[tuple[bytes, Range]]:
    """All that a node would tell a newcomer, over the wire and back."""
    found = []
    for row, branch in log.store.branches():
        if branch.leaf_seq >= 0:
            read = ranges.read(log.store, 0, branch, branch.base, limits)
            found.extend((row.id, unpack(pack([item]), limits)[0]) for item in read)
    return found


def give(giver: Log, taker: Log) -> Taken:
    """Hand over all without an exchange."""
    return taker.ingest(all_ranges(giver), giver.keys.node)


@pytest.fixture
def make_log():
    """`new_log`, with its databases closed after the test."""
    made = []

    def make(seed: int | str = 1, path: str = ":memory:", **more) -> Log:
        made.append(new_log(seed, path, **more))
        return made[-1]

    yield make
    for log in made:
        log.db.close()


@pytest.fixture
def pair(make_log):
    """Two nodes that trust each other and haven't met."""
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    return a, b


@pytest.fixture
def trio(make_log):
    """Three nodes that trust each other and haven't met."""
    found = [make_log(name) for name in "abc"]
    trust(*found)
    return found
