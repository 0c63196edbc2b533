"""The log of one node as the inventory sees it: append an entry, take in those of others, say whom to listen to."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import peewee

from sync import trust
from sync.audit import Progress, audit
from sync.deciding import Decider
from sync.entry import (
    ZERO,
    Superseded,
    Vouch,
    chain_ids,
    decode,
    encode,
    make_genesis,
    read_genesis,
    signed_bytes,
)
from sync.errors import Conflict, NotFound, OutOfRange
from sync.fence import Fence
from sync.frame import Range
from sync.identity import Clock, Keys, Rng
from sync.intake import DecodeAll, Folded, Intake, Refusal, Taken
from sync.limits import DEFAULT, Limits
from sync.redacting import Redacts, strip
from sync.rows import Branch, LogRow, place
from sync.writing import Application, collector_paused

__all__ = ["Application", "Folded", "Log", "Refusal", "Taken"]

SUPERSEDED_MAX = 100  # of its own logs, the newest that a new one names: all must fit into one entry


class Log(Decider):
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
        redacts: Redacts | None = None,
        decode_all: DecodeAll | None = None,
    ) -> None:
        super().__init__(db, app, keys, limits)
        self._redacts, self._decode_all = redacts, decode_all
        self.clock, self.rng, self.fence = clock, rng, fence
        self._network: bytes | None = None
        self._opened = 0
        self._open(network, machine)

    # opening, and new incarnations

    def _open(self, network: bytes, machine: str) -> None:
        with self.db.atomic("IMMEDIATE"):
            self.store.create()
            self.redactions.create()
            self.arrivals.create()
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
            for table in ("entry", "chunk", "branch", "log", "vouch", "block", "contact", "opening", "redaction"):
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

    def _forget(self) -> None:
        super()._forget()
        self._network = None

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
        with collector_paused():  # until all that the batch has brought into memory is gone
            return self._ingest(items, source)

    def _ingest(self, items: Iterable[tuple[bytes, Range]], source: bytes) -> Taken:
        with self.transaction():
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
        words = self.redactions, self._redacts, self._decode_all
        rules = self.network, self.app.decode, self.limits, self._judge
        return Intake(self.store, *rules, self.clock(), source, taken, *words)

    def _finish(self, intake: Intake) -> None:
        """Write what was gathered, follow new vouches, fold what is trusted, move the tick on."""
        intake.flush()
        late, reworded = self._strip(intake)
        self._note_controls(intake)
        grown, shrank = self._apply_policy(intake)
        for branch in intake.touched.values():
            branch.changed = intake.tick
            branch.shown_since = branch.shown_since or (intake.tick if branch.shown >= 0 else 0)
        self.store.save(intake.touched.values())
        self.arrivals.note(intake.tick, intake.received)
        self.store.set_tick(intake.tick)
        if shrank:
            self.app.refold(self.folded())
        else:
            self.app.fold([*_with(intake.folded, late), *grown])
        if self._redacts and reworded and not shrank:
            self._redacts.reword(reworded)
        if intake.source and any(self.store.by_branch(no)[0].id == self.own for no in intake.touched):
            self.reincarnate()

    def _strip(self, intake: Intake) -> tuple[list[Folded], list[Folded]]:
        """Take words out as new entries say: entries whose fact is known only now, and those that have lost words."""
        late: list[Folded] = []
        reworded: list[Folded] = []
        for item in intake.redacted:
            found = self._redacts and strip(item, self.store, self.redactions, self.app.decode, self._redacts)
            entries = self.fetch([found.n]) if found else []
            if found and entries and place(found.n)[1] <= self.store.by_branch(place(found.n)[0])[1].shown:
                (reworded if found.was_known else late).extend(entries)
        return late, reworded

    # trust

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

    def verify(self, progress: Progress | None = None) -> list[str]:
        """What doesn't hold among all hashes, chains and signatures, in words; empty where all holds."""
        return audit(self, self.network, progress)

    def opening_clock(self) -> int:
        """The clock to open an exchange with: later than that of every other opening of this process."""
        with self._lock:
            self._opened = max(self.clock(), self._opened + 1)
            return self._opened

    def note_opening(self, node: bytes, clock: int) -> bool:
        """Whether an opening is newer by its writer's clock than all that were noted: no recording of an old one."""
        with self.transaction():
            rows = self.store.query("SELECT clock FROM opening WHERE node = ?", node)
            if rows and rows[0][0] >= clock:
                return False
            self.store.run("INSERT OR REPLACE INTO opening VALUES (?, ?)", node, clock)
            return True

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


def _with(folded: Sequence[Folded], late: Sequence[Folded]) -> Sequence[Folded]:
    """New entries, where their facts are known only by a redaction with those; older ones of that kind after them."""
    if not late:
        return folded
    known = {entry.id: entry for entry in late}
    return [*(known.pop(entry.id, entry) for entry in folded), *known.values()]
