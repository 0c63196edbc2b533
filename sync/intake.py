"""Takes ranges in: checks them against the chain, finds their branch, and gathers rows for one write.

A range that breaks a rule is refused as a whole and leaves nothing behind; what was gathered of other logs stands.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import gt
from typing import NamedTuple, cast

from sync.bulk import GROUP
from sync.chain import START, Before, author_of, link
from sync.entry import Genesis, Vouch
from sync.entry import decode as decode_own
from sync.errors import NotFound, Problem, TooMany
from sync.frame import HINT_BYTES, Range
from sync.limits import Limits
from sync.redacting import Redaction, Redactions, Redacts
from sync.rows import SEQ_MAX, Batch, Branch, LogRow, number, place
from sync.store import Store
from sync.trust import NOTHING

Decode = Callable[[bytes], object | None]
DecodeAll = Callable[[Sequence[bytes]], Sequence[object | None]]


class Folded(NamedTuple):
    """One accepted entry as the application gets it.

    `n` is its number in this store, `node` its author's key, `claimed` the author's clock in ms; `fact` is what the
    application decoded, None where it knows no such type or the payload was redacted.
    """

    n: int
    id: bytes
    node: bytes
    log: bytes
    seq: int
    lamport: int
    claimed: int
    fact: object


class Control(NamedTuple):
    """An entry of replication's own kind: who wrote it, when, and what it says."""

    node: bytes
    fact: Genesis | Vouch
    lamport: int
    id: bytes


class Gap(NotFound):
    """A range follows an entry that isn't here."""

    title = "A part is missing"


class Unwanted(TooMany):
    """These entries are left out on purpose: nothing that this node wants is missing without them."""


class Blocked(Unwanted):
    """These entries are of a node that this one doesn't listen to."""

    title = "Blocked"


class Refusal(NamedTuple):
    """A range that wasn't taken, and why."""

    log: bytes
    start: int
    problem: Problem


@dataclass
class Taken:
    """What came of one transaction: entries stored, entries that were here already, ranges refused."""

    stored: int = 0
    duplicates: int = 0
    refused: list[Refusal] = field(default_factory=list)


class Intake:
    """What one transaction takes in.

    `judge` gives a node's standing and the lamport time up to which it is believed.
    """

    def __init__(
        self,
        store: Store,
        network: bytes,
        decode: Decode,
        limits: Limits,
        judge: Callable[[bytes], tuple[str, int | None]],
        received: int,
        source: bytes = b"",
        taken: Taken | None = None,
        redactions: Redactions | None = None,
        redacts: Redacts | None = None,
        decode_all: DecodeAll | None = None,
    ) -> None:
        self.store, self.network, self.decode, self.limits = store, network, decode, limits
        self.judge, self.received, self.source = judge, received, source
        self.tick = store.tick()
        self.folded: list[Folded] = []
        self.controls: list[Control] = []
        self.touched: dict[int, Branch] = {}
        self.taken = taken or Taken()
        self.redacted: list[Redaction] = []
        self._redactions, self._redacts, self._decode_all = redactions, redacts, decode_all
        self._batches: list[Batch] = []
        self._bulky: list[Batch] = []
        self._quarantine: list[int] | None = None

    def offer(self, log: bytes, item: Range) -> bool:
        """Take a range if it holds; else remember why not."""
        try:
            self.add(log, item)
        except Problem as problem:
            self.taken.refused.append(Refusal(log, item.start, problem))
            return False
        return True

    def add(self, log: bytes, item: Range) -> None:
        """Check one range and gather its new entries; a Problem leaves all as it was."""
        known = self.store.logs().get(log)
        if known is None and item.start:
            raise Gap("The beginning of a log isn't here yet.")
        keys = (known.node, known.agree, known.agree_sig) if known else author_of(item, self.network)
        self._check_standing(keys, log, item, known is None)
        parent, before, ids = self._link(known, log, keys[0], item)
        facts = self._facts(item.payloads)
        row = known or self.store.add_log(log, *keys)
        branch, skip = self._branch(row, parent, before, item, ids)
        self.taken.duplicates += skip
        if branch is not None:
            sigs: list[bytes | None] = [None] * (len(ids) - 1) + [item.signature]
            self.put(row, branch, skip, item, ids, facts, sigs)

    def _facts(self, payloads: Sequence[bytes | None]) -> Sequence[object | None]:
        if self._decode_all and None not in payloads:
            return self._decode_all(cast(Sequence[bytes], payloads))
        return [self.decode(p) if p is not None else None for p in payloads]

    @property
    def vouches(self) -> bool:
        """Whether something gathered may change whom to listen to."""
        return any(isinstance(control.fact, Vouch) for control in self.controls)

    def put(
        self,
        row: LogRow,
        branch: Branch,
        skip: int,
        item: Range,
        ids: Sequence[bytes],
        facts: Sequence[object | None],
        sigs: Sequence[bytes | None],
    ) -> None:
        """Gather the entries of a checked range from the `skip`th on, at the end of a branch.

        Column by column rather than entry by entry: a first exchange brings tens of thousands.
        """
        count, first = len(ids) - skip, item.start + skip
        ids, facts, sigs = ids[skip:], facts[skip:], sigs[skip:]
        lamports, claims, payloads = item.lamports[skip:], item.claims[skip:], item.payloads[skip:]
        if self._redactions and self._redactions.known:
            payloads, facts = self._without_words(row.node, ids, payloads, facts)
        kept = [h if p is None else None for p, h in zip(payloads, item.hashes[skip:], strict=True)]
        ns = range(number(branch.no, first), number(branch.no, first) + count)
        self._gather(Batch(ns[0], self.tick + 1, ids, lamports, claims, payloads, kept, sigs))
        shown = self.judge(row.node)[1] != NOTHING
        if shown:
            seqs = range(first, first + count)
            columns = zip(ns, ids, repeat(row.node), repeat(row.id), seqs, lamports, claims, facts, strict=False)
            self.folded += map(tuple.__new__, repeat(Folded), columns)  # a third less than calling each
        if self._redacts:
            for at, target, left in self._redacts.redactions(facts):
                self.redacted.append(Redaction(target, row.node, lamports[at], ids[at], left))
        for at, fact in enumerate(facts):
            if fact is None:
                self._control(row.node, payloads[at], lamports[at], ids[at])
        self._advance(branch, item, [*ids], shown)
        self.taken.stored += count
        self.tick += count

    def _without_words(
        self, node: bytes, ids: Sequence[bytes], payloads: Sequence[bytes | None], facts: Sequence[object | None]
    ) -> tuple[list[bytes | None], list[object | None]]:
        """Payloads and facts of entries, without what was redacted before they came."""
        payloads, facts = list(payloads), list(facts)
        for at, id in enumerate(ids):
            left = self._redactions.left_of(id, node) if self._redactions else None
            if left is not None:
                payloads[at], facts[at] = None, self.decode(left)
        return payloads, facts

    def _advance(self, branch: Branch, item: Range, ids: Sequence[bytes], shown: bool) -> None:
        follows = branch.seq == item.start - 1
        branch.wild |= (follows and item.claims[0] < branch.claimed) or any(map(gt, item.claims, item.claims[1:]))
        branch.seq = item.start + len(item.payloads) - 1
        branch.head, branch.lamport, branch.claimed = ids[-1], item.lamports[-1], item.claims[-1]
        branch.received, branch.source = self.received, self.source
        if shown:
            branch.shown = branch.leaf_seq = branch.seq
            branch.leaf_head = branch.head
        self.touched[branch.no] = branch

    def _gather(self, batch: Batch) -> None:
        """Keep a batch to be written; many entries are handed over at once, so that they are written meanwhile."""
        if not batch.bulky:
            self._batches.append(batch)
            return
        self._bulky.append(batch)
        if sum(len(one.ids) for one in self._bulky) >= GROUP:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._bulky:
            self.store.insert_bulky(self._bulky)
            self._bulky = []

    def flush(self) -> None:
        """Write the gathered rows."""
        self._hand_over()
        self.store.insert(self._batches)
        self._batches.clear()
        self.store.save(self.touched.values())

    def _control(self, node: bytes, payload: bytes | None, lamport: int, id: bytes) -> None:
        fact = decode_own(payload) if payload and b"sync." in payload else None
        if fact is not None:
            self.controls.append(Control(node, fact, lamport, id))

    def _check_standing(self, keys: tuple[bytes, bytes, bytes], log: bytes, item: Range, new: bool) -> None:
        if item.start + len(item.payloads) > SEQ_MAX:
            raise TooMany("This log is longer than a node can number.")
        standing, bound = self.judge(keys[0])
        if new and len(self.store.logs()) >= self.limits.logs_max:
            raise TooMany(f"This node keeps at most {self.limits.logs_max} logs.")
        if bound is None:
            return
        if standing == "blocked" and item.lamports[-1] > bound:
            if new:
                self._know(keys, log, item)
            raise Blocked("These entries are of a blocked node, from after the block.")
        if standing == "unknown":
            self._check_quarantine(len(item.payloads), new)

    def _know(self, keys: tuple[bytes, bytes, bytes], log: bytes, item: Range) -> None:
        """Remember whose log it is without an entry of it, so that it isn't asked for again and again."""
        link(item, self.network, log, keys[0], START, self.limits)
        self.store.add_log(log, *keys)
        self.tick += 1

    def _check_quarantine(self, entries: int, new: bool) -> None:
        """Count unknown nodes' entries and logs with those that are to come; TooMany past a quota."""
        if self._quarantine is None:
            held = [(b.seq - b.base, b.parent is None) for log, b in self.store.branches() if self._unknown(log.node)]
            self._quarantine = [sum(size for size, _ in held), sum(first for _, first in held)]
        self._quarantine[0] += entries
        self._quarantine[1] += new
        limits = self.limits
        if self._quarantine[0] > limits.quarantine_entries_max or self._quarantine[1] > limits.quarantine_logs_max:
            self._quarantine = None
            raise TooMany(
                "The quarantine for entries of unknown nodes is full.",
                todo="Accept or block the unknown nodes on the peers page.",
            )

    def _unknown(self, node: bytes) -> bool:
        return self.judge(node)[0] == "unknown"

    def _link(
        self, row: LogRow | None, log: bytes, node: bytes, item: Range
    ) -> tuple[Branch | None, Before, list[bytes]]:
        """The branch and entry that a range follows, and its ids. A hint is short: whom it fits is tried in turn."""
        problem: Problem = Gap(f"Entries before number {item.start} of a log aren't here yet.")
        for parent, before in self._befores(row, item):
            try:
                return parent, before, link(item, self.network, log, node, before, self.limits)
            except Problem as error:
                problem = error
        raise problem

    def _befores(self, row: LogRow | None, item: Range) -> Iterator[tuple[Branch | None, Before]]:
        """Each branch that holds an entry before a range that fits its hint, with that entry; likely ones first."""
        if item.start == 0:
            yield None, START
            return
        branches = row.branches if row else []
        tried = set()
        for branch in branches:
            if branch.seq == item.start - 1 and branch.head[:HINT_BYTES] == item.hint:
                tried.add(branch.head)
                yield branch, Before(branch.head, branch.lamport)
        self.flush()
        for branch in branches:
            id = self.store.id_at(branch, item.start - 1)
            if id is not None and id not in tried and id[:HINT_BYTES] == item.hint:
                tried.add(id)
                found = self.store.by_id(id)
                assert found is not None
                yield self.store.by_branch(place(found[0])[0])[1], Before(id, found[2])

    def _branch(
        self, row: LogRow, parent: Branch | None, before: Before, item: Range, ids: Sequence[bytes]
    ) -> tuple[Branch | None, int]:
        """Where the new entries of a range go, and how many of it are here already."""
        if parent is not None and parent.head == before.id:
            return parent, 0
        if parent is None and not row.branches:
            return self.store.add_branch(row, None, -1, b""), 0
        self.flush()
        skip = 0
        while skip < len(ids) and self.store.locate(ids[skip]):
            skip += 1
        if skip == len(ids):
            return None, skip
        last = ids[skip - 1] if skip else before.id
        held = self.store.locate(last)
        if held is None:
            raise Gap("A log has two beginnings.")
        branch = self.store.by_branch(held[0])[1]
        return (branch if branch.head == last else self._fork(row, branch, held[1], last)), skip

    def _fork(self, row: LogRow, parent: Branch, base: int, base_id: bytes) -> Branch:
        if len(row.branches) >= self.limits.branches_max:
            raise Unwanted(f"This log has forked into more than {self.limits.branches_max} branches.")
        return self.store.add_branch(row, parent, base, base_id)
