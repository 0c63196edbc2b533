"""The log of one node as the inventory sees it: append an entry, take in those of others, decide whom to fold.

All writing goes through `transaction`: one process-wide lock and one immediate transaction, so that a sequence number
is never taken outside the transaction that uses it. What an entry means is the application's business, handed in.
"""

import gc
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Protocol

import peewee

from sync import trust
from sync.audit import Progress, audit
from sync.entry import (
    ZERO,
    Superseded,
    Vouch,
    chain_ids,
    decode,
    encode,
    make_genesis,
    open_keys,
    read_genesis,
    signed_bytes,
)
from sync.errors import Conflict, DiskFull, NotFound, OutOfRange, Problem, TooMany
from sync.fence import Fence
from sync.frame import Range
from sync.identity import Clock, Keys, Rng
from sync.intake import Folded, Intake, Refusal, Taken
from sync.limits import DEFAULT, Limits
from sync.reader import Reader
from sync.store import NONE, Branch, LogRow, Store, place

__all__ = ["Application", "Folded", "Log", "Refusal", "Taken"]


SUPERSEDED_MAX = 100  # of its own logs, the newest that a new one names: all must fit into one entry
NOTES = "peer "  # begins the names of notes on peers that hold as long as nobody is trusted anew or blocked


class Application(Protocol):
    """What folds the entries. Every call but `decode` comes inside the transaction that stored them."""

    def decode(self, payload: bytes) -> object | None:
        """The fact in a payload, None for a type that isn't the application's; Malformed if it isn't strict JSON."""

    def fold(self, batch: Sequence[Folded]) -> None:
        """Take in newly folded entries: any order between logs, in order within one branch of a log."""

    def refold(self, batches: Iterable[Sequence[Folded]]) -> None:
        """Clear everything and fold all entries from scratch: a node was blocked."""

    def forget(self) -> None:
        """Drop what is kept in memory: a transaction was rolled back, or another process wrote."""


class Log(Reader):
    """One node's store of logs, its own among them. `machine` names the machine, so that a moved disk is noticed."""

    def __init__(
        self,
        db: peewee.SqliteDatabase,
        keys: Keys,
        network: bytes,
        app: Application,
        clock: Clock,
        rng: Rng,
        fence: Fence,
        limits: Limits = DEFAULT,
        machine: str = "",
    ) -> None:
        super().__init__(Store(db), app.decode)
        self.db, self.keys, self.app = db, keys, app
        self.clock, self.rng, self.fence, self.limits = clock, rng, fence, limits
        self._policy: tuple[trust.Policy, dict[bytes, str]] | None = None
        self._policy_moved = False
        self._network: bytes | None = None
        self._open(network, machine)

    # opening, and new incarnations

    def _open(self, network: bytes, machine: str) -> None:
        with self.db.atomic("IMMEDIATE"):
            self.store.create()
        with self.transaction():
            if self.store.meta("network") is None:
                self.store.set_meta("network", network)
                self._new_store()
            moved = (self.store.meta("machine") or machine.encode()) != machine.encode()
            self.store.set_meta("machine", machine.encode())
            own = self.store.meta("own")
            if own is None or moved or self._behind_fence(own):
                if own is not None:
                    self._new_store()
                self.reincarnate()

    def _behind_fence(self, own: bytes) -> bool:
        public = self.fence.read()
        return public is not None and (public[0] != own or public[1] > self._own_branch().seq)

    def _new_store(self) -> None:
        self.store.set_meta("store", self.rng(8))

    @property
    def network(self) -> bytes:
        """The 16 bytes of the network that this node belongs to; another process may have moved it."""
        if self._network is None:
            self._network = self.store.meta("network")
        assert self._network is not None
        return self._network

    @property
    def own(self) -> bytes:
        """The id of the log that this node writes to now."""
        own = self.store.meta("own")
        assert own is not None
        return own

    def _own_branch(self) -> Branch:
        return self.store.logs()[self.own].branches[0]

    @property
    def store_id(self) -> bytes:
        """8 bytes that change whenever ticks of this store may be told anew: peers' cursors name them."""
        return self.store.meta("store") or bytes(8)

    def reincarnate(self) -> None:
        """Open a new log of this node that takes over from its earlier ones."""
        with self.transaction():
            earlier = [
                Superseded(log.id.hex(), b.seq, b.head.hex())
                for log, b in self.store.branches()
                if log.node == self.keys.node
            ][-SUPERSEDED_MAX:]
            payload = make_genesis(self.keys, self.network, self.rng(16), earlier)
            node, agree, agree_sig = read_genesis(payload, self.network)
            lamport = min(self.lamport() + 1, self.limits.lamport_jump_max - 1)
            claimed, hashes = self.clock(), [sha256(payload).digest()]
            ids = chain_ids(self.network, ZERO, 0, ZERO, [lamport], [claimed], hashes)
            row = self.store.add_log(ids[0], node, agree, agree_sig)
            self.store.set_meta("own", ids[0])
            branch = self.store.add_branch(row, None, -1, b"")
            self._put_own(row, branch, [lamport], [claimed], [payload], hashes, ids)
            self.fence.write(ids[0], 0)  # or each start would find the old log's fence ahead, and open yet another

    def adopt_network(self, network: bytes) -> None:
        """Move a node that has written nothing yet into another network; Conflict where it has."""
        with self.transaction():
            kept = [p for p in self._own_payloads() if decode(p) is None]
            if len(kept) > 1 or len(self.store.logs()) > 1:
                raise Conflict(
                    "This node already has records in another network.",
                    todo="Start a second node for the other network with `bucketline --data DIR init`.",
                )
            for table in ("entry", "chunk", "branch", "log", "vouch", "block", "contact"):
                self.store.run(f"DELETE FROM {table}")
            self.store.set_meta("network", network)
            self._forget()
            self._new_store()
            self.app.refold([])
            self.reincarnate()
            self.append_all(kept)

    def _own_payloads(self) -> list[bytes]:
        branch = self._own_branch()
        rows = self.store.from_branch(branch.no, 0, branch.seq, 10)
        return [bytes(row[4]) for row in rows if row[4] is not None]

    # writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one writer at a time, re-entrant. Errors of the database become Problems."""
        with self._lock:
            if self._depth:
                yield
                return
            self._depth = 1
            try:
                with self.db.atomic("IMMEDIATE"):
                    if self.store.tick() != self._tick_seen:
                        self._forget()
                    yield
                    self._tick_seen = self.store.tick()
            except BaseException as error:
                self._forget()
                problem = _as_problem(error)
                if problem is None:
                    raise
                raise problem from error
            finally:
                self._depth = 0

    def _forget(self) -> None:
        super()._forget()
        self._policy = self._network = None
        self.app.forget()

    def append(self, payload: bytes) -> Folded:
        """Write one entry of this node: number it, chain it, sign it, store it, fold it."""
        return self.append_all([payload])[0]

    def append_all(self, payloads: Sequence[bytes]) -> list[Folded]:
        """Write several entries of this node in one go."""
        for payload in payloads:
            if len(payload) > self.limits.payload_bytes_max:
                raise OutOfRange(
                    f"This entry is {len(payload)} bytes; at most {self.limits.payload_bytes_max} fit.",
                    kept="Nothing was recorded.",
                    todo="Split it into several entries, or shorten the notes.",
                )
        if not payloads:
            return []
        with self.transaction():
            branch, start = self._own_branch(), self._own_branch().seq + 1
            lamport = min(self.lamport() + 1, branch.lamport + self.limits.lamport_jump_max)
            lamports, claims = range(lamport, lamport + len(payloads)), [self.clock()] * len(payloads)
            hashes = [sha256(p).digest() for p in payloads]
            ids = chain_ids(self.network, self.own, start, branch.head, lamports, claims, hashes)
            return self._put_own(self.store.logs()[self.own], branch, lamports, claims, payloads, hashes, ids)

    def _put_own(
        self,
        row: LogRow,
        branch: Branch,
        lamports: Sequence[int],
        claims: Sequence[int],
        payloads: Sequence[bytes],
        hashes: Sequence[bytes],
        ids: Sequence[bytes],
    ) -> list[Folded]:
        facts = [self.app.decode(p) for p in payloads]
        sigs = [self.keys.sign(signed_bytes(id)) for id in ids]
        item = Range(0, branch.seq + 1, b"", lamports, claims, payloads, hashes, sigs[-1])
        intake = self._intake()
        intake.put(row, branch, 0, item, ids, facts, sigs)
        written = list(intake.folded)
        self._finish(intake)
        return written

    def ingest(self, items: Iterable[tuple[bytes, Range]], source: bytes = b"") -> Taken:
        """Check, store and fold ranges of others, each with its log's id, in one transaction; `source` brought them.

        What was refused and why is in the result. A log of ours that runs on without us makes this node open a new one.
        """
        with self.transaction(), _collector_paused():
            intake, broken = self._intake(source), set()
            for log, item in items:
                if log not in broken and not intake.offer(log, item):
                    broken.add(log)
                if intake.vouches:  # whom it names may come next: it must not land in quarantine
                    self._finish(intake)
                    intake = self._intake(source, intake.taken)
            self._finish(intake)
        return intake.taken

    def _intake(self, source: bytes = b"", taken: Taken | None = None) -> Intake:
        return Intake(self.store, self.network, self.app.decode, self.limits, self._judge, self.clock(), source, taken)

    def _finish(self, intake: Intake) -> None:
        """Write what was gathered, follow new vouches, fold what is trusted, move the tick on."""
        intake.flush()
        self._note_controls(intake)
        grown, shrank = self._apply_policy(intake)
        for branch in intake.touched.values():
            branch.changed = intake.tick
            branch.shown_since = branch.shown_since or (intake.tick if branch.shown >= 0 else 0)
        self.store.save(intake.touched.values())
        self.store.set_tick(intake.tick)
        if shrank:
            self.app.refold(self.folded())
        else:
            self.app.fold([*intake.folded, *grown])
        if intake.source and any(self.store.by_branch(no)[0].id == self.own for no in intake.touched):
            self.reincarnate()

    # trust

    def _note_controls(self, intake: Intake) -> None:
        for node, fact, lamport, id in intake.controls:
            if not isinstance(fact, Vouch):
                continue
            try:
                subject, agree, agree_sig = open_keys(fact)
            except Problem:
                continue  # a vouch that doesn't hold says nothing
            sql = "INSERT OR IGNORE INTO vouch VALUES (?, ?, ?, ?, ?, ?)"
            self.store.run(sql, node, subject, agree, agree_sig, lamport, id)
            self._move_policy()

    def _move_policy(self) -> None:
        self._policy, self._policy_moved = None, True

    def policy(self) -> tuple[trust.Policy, dict[bytes, str]]:
        """The vouches and blocks that count now, and whom they reach."""
        if self._policy is None:
            vouches: dict[bytes, list[bytes]] = {}
            for voucher, subject in self.store.query("SELECT voucher, subject FROM vouch ORDER BY lamport, id"):
                vouches.setdefault(voucher, []).append(subject)
            blocks = dict(self.store.query("SELECT node, lamport FROM block"))
            policy = trust.Policy(self.keys.node, vouches, blocks, self.limits.vouches_per_node_max)
            self._policy = policy, trust.reach(policy)
        return self._policy

    def _judge(self, node: bytes) -> tuple[str, int | None]:
        policy = self.policy()
        return trust.standing(*policy, node), trust.believed(*policy, node)

    def _apply_policy(self, intake: Intake) -> tuple[list[Folded], bool]:
        """Show and hide branches as the policy now has it: newly folded entries, and whether any left the books."""
        grown: list[Folded] = []
        shrank = False
        if not self._policy_moved:
            return grown, shrank
        self._policy_moved = False
        self.store.drop_meta(NOTES)
        for log, branch in self.store.branches():
            before = branch.shown
            if not self._show(branch, self._judge(log.node)[1]):
                continue
            intake.touched[branch.no] = branch
            intake.tick += 1
            shrank |= branch.shown < before
            grown.extend(self._between(log, branch, max(before, branch.base) + 1, branch.shown))
        return grown, shrank

    def _show(self, branch: Branch, bound: int | None) -> bool:
        """Set what of a branch is folded and told; whether that changed."""
        shown = leaf = branch.seq
        if bound is not None:
            shown = self.store.last_seq(branch.no, bound, signed=False) if bound >= 0 else NONE
            leaf = self.store.last_seq(branch.no, bound, signed=True) if bound >= 0 else NONE
        if (branch.shown, branch.leaf_seq) == (shown, leaf):
            return False
        branch.shown, branch.leaf_seq = shown, leaf
        branch.leaf_head = (self.store.id_at(branch, leaf) or b"") if leaf >= 0 else b""
        branch.shown_since = 0
        return True

    def _repolicy(self) -> None:
        self._move_policy()
        intake = self._intake()
        intake.tick += 1
        self._finish(intake)

    def vouch(self, node: bytes, agree: bytes, agree_sig: bytes) -> None:
        """Trust a node: written to the own log, for all who trust this one. Lifts a block of our own."""
        with self.transaction():
            self.store.run("DELETE FROM block WHERE node = ?", node)
            self._move_policy()
            if node not in self.policy()[0].vouches.get(self.keys.node, ()):
                self.append(encode(Vouch(node.hex(), agree.hex(), agree_sig.hex())))
            self._repolicy()

    def accept(self, node: bytes) -> None:
        """Trust an unknown or blocked node whose keys have been seen; NotFound where they haven't."""
        keys = self.keys_of(node)
        if keys is None:
            raise NotFound("Nothing has been heard of this node yet.", todo="Pair with it: `bucketline peer invite`.")
        self.vouch(node, *keys)

    def block(self, node: bytes, after: bytes | None = None) -> None:
        """Stop listening to a node; its entries after entry `after` (all of them, if None) leave the books."""
        if node == self.keys.node:
            raise Conflict("A node can't block itself.")
        with self.transaction():
            bound = trust.NOTHING if after is None else self._lamport_of(node, after)
            sql = "INSERT INTO block VALUES (?, ?, ?) ON CONFLICT (node) DO UPDATE SET lamport = excluded.lamport"
            self.store.run(sql, node, bound, self.clock())
            self._repolicy()

    def _lamport_of(self, node: bytes, entry: bytes) -> int:
        row = self.store.by_id(entry)
        if row is None or self.store.by_branch(place(row[0])[0])[0].node != node:
            raise NotFound("This node has no such entry.", todo="Look it up with `bucketline log`.")
        return row[2]

    def trust_of(self, node: bytes) -> str:
        """What a node is to us: "self", "paired", "vouched", "unknown" or "blocked"."""
        self.refresh()
        return trust.standing(*self.policy(), node)

    def keys_of(self, node: bytes) -> tuple[bytes, bytes] | None:
        """(agree, agree_sig) of a node, from its logs or from a vouch."""
        rows = self.store.query(
            "SELECT agree, agree_sig FROM log WHERE node = ? UNION ALL"
            " SELECT agree, agree_sig FROM vouch WHERE subject = ? LIMIT 1",
            node,
            node,
        )
        return (bytes(rows[0][0]), bytes(rows[0][1])) if rows else None

    def known_keys(self) -> dict[bytes, bytes]:
        """Agreement keys of the nodes that we talk to: paired, or reachable through vouches, and not blocked."""
        self.refresh()
        found = {node: self.keys_of(node) for node, how in self.policy()[1].items() if how != "self"}
        return {node: keys[0] for node, keys in found.items() if keys}

    def verify(self, progress: Progress | None = None) -> list[str]:
        """What doesn't hold among all hashes, chains and signatures, in words; empty where all holds."""
        return audit(self, self.network, progress)

    def note_contact(self, node: bytes) -> None:
        """A node has just told us all that it holds: its news is as of now."""
        with self.transaction():
            sql = "INSERT INTO contact VALUES (?, ?) ON CONFLICT (node) DO UPDATE SET at = excluded.at"
            self.store.run(sql, node, self.clock())

    # what peers are told

    def publish(self) -> None:
        """Raise the fence to the own log's end; called before its head leaves the machine."""
        with self.reading():
            own, seq, public = self.own, self._own_branch().seq, self.fence.read()
            if public is None or public[0] != own or public[1] < seq:
                self.fence.write(own, seq)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A batch makes many small objects and no cycles: walking them over and over costs a tenth of a first exchange."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _as_problem(error: BaseException) -> Problem | None:
    if isinstance(error, (sqlite3.OperationalError, peewee.OperationalError)):
        if "full" in str(error):
            return DiskFull("The disk is full.", kept="Nothing was recorded.", todo="Free some space, then try again.")
        if "locked" in str(error):
            return TooMany("Another program holds the database.", todo="Try again.", retry_after_s=2)
    return None
