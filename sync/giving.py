"""The giving half of an exchange: the heads that we announced, and the ranges that the other side wants of them."""

from collections.abc import Callable, Iterable, Iterator

from sync import frame, ranges
from sync.digest import Leaf
from sync.errors import Malformed
from sync.frame import Range
from sync.log import Log
from sync.messages import Have
from sync.rows import Branch

PREFIX = 8  # bytes of an id that name it among the few that a log may have at one number
Want = tuple[int, list[Have]]


class Giver:
    """What we offer to one peer in one exchange."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.announced: list[Leaf] = []
        self._named: set[Leaf] = set()
        self._covered: dict[int, int] = {}  # by ref, up to where what was sent leads on its branch
        self.sent = 0

    def announce(self, leaves: Iterable[Leaf]) -> list[Leaf]:
        """Those of these heads that weren't announced yet; each gets the next ref."""
        fresh = [leaf for leaf in dict.fromkeys(leaves) if leaf not in self._named]
        self.note(fresh)
        return fresh

    def note(self, leaves: Iterable[Leaf]) -> None:
        """Give refs to heads that are named inside spans, even where they were announced before."""
        for leaf in leaves:
            self.announced.append(leaf)
            self._named.add(leaf)

    def since(self, tick: int, peer: bytes) -> list[Leaf]:
        """Heads that changed since a tick, but for those that the peer itself has brought; own log first."""
        found = self.log.store.changed_since(tick)
        rank = {node: at for at, node in enumerate(self.log.policy()[1])}
        found.sort(key=lambda pair: (rank.get(pair[0].node, len(rank)), pair[0].id))
        return [Leaf(log.id, b.leaf_seq, b.leaf_head) for log, b in found if b.source != peer]

    def check(self, wants: Iterable[Want]) -> None:
        """Malformed where something is wanted that wasn't announced."""
        for ref, _ in wants:
            self._leaf(ref)

    def serve(self, wants: Iterable[Want], bytes_max: int) -> tuple[list[bytes], list[Want]]:
        """(frames, samples) in answer to wants, of about `bytes_max` before compression; nearest nodes' logs first."""
        samples: list[Want] = []
        found: list[Range] = []
        size = 0
        for item in self._ranges(sorted(wants, key=self._ranks()), samples):
            found.append(item)
            size += item.size
            self.sent += len(item.payloads)
            if size >= bytes_max:
                break
        return [frame.pack(found)] if found else [], samples

    def _ranks(self) -> Callable[[Want], tuple[int, int]]:
        near = {node: at for at, node in enumerate(self.log.policy()[1])}

        def rank(want: Want) -> tuple[int, int]:
            row = self.log.store.logs().get(self._leaf(want[0]).log)
            return near.get(row.node, len(near)) if row else len(near), want[0]

        return rank

    def _leaf(self, ref: int) -> Leaf:
        if not 0 <= ref < len(self.announced):
            raise Malformed("A peer asked for a log that wasn't offered.")
        return self.announced[ref]

    def _ranges(self, wants: Iterable[Want], samples: list[Want]) -> Iterator[Range]:
        for ref, haves in wants:
            branch = self._branch(self._leaf(ref))
            if branch is None:
                continue
            after = self._common(ref, branch, haves)
            if after is None:
                samples.append((ref, self._sample(branch, haves)))
                continue
            for item in ranges.read(self.log.store, ref, branch, after, self.log.limits):
                self._covered[ref] = self._covers(branch, item)
                yield item

    def _covers(self, branch: Branch, item: Range) -> int:
        """The last entry of a range that lies on the way to a branch's end: it may run past a fork."""
        last = next(last for _, first, last in self.log.store.path(branch) if first <= item.start <= last)
        return min(last, item.start + len(item.payloads) - 1)

    def _branch(self, leaf: Leaf) -> Branch | None:
        """The branch that now holds an announced head: it may have grown since."""
        row = self.log.store.logs().get(leaf.log)
        for branch in row.branches if row else []:
            if branch.leaf_seq >= leaf.seq and self.log.store.id_at(branch, leaf.seq) == leaf.head:
                return branch
        return None

    def _common(self, ref: int, branch: Branch, haves: list[Have]) -> int | None:
        """The last entry that both sides have, by what the other says; None where it names none of ours."""
        for seq, prefix in sorted(haves, reverse=True):
            if not prefix:
                return self._covered.get(ref, -1)
            id = self.log.store.id_at(branch, seq) if seq <= branch.seq else None
            if id is not None and id.startswith(prefix):
                return seq
        return None if haves else -1

    def _sample(self, branch: Branch, haves: list[Have]) -> list[Have]:
        """Ids at growing distances back from where the logs may part: the other side finds the last common one."""
        at, step, found = min(max(seq for seq, _ in haves), branch.leaf_seq), 1, list[Have]()
        while at >= 0:
            id = self.log.store.id_at(branch, at)
            if id is not None:
                found.append((at, id[:PREFIX]))
            at, step = (at - step if at == 0 or at > step else 0), step * 2
        return found
