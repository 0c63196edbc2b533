"""The taking half of an exchange: the heads that the other side announced, which we lack, and what has come of them."""

from collections.abc import Iterable

from sync import frame
from sync.digest import Leaf
from sync.errors import Malformed
from sync.frame import Range
from sync.giving import PREFIX, Want
from sync.log import Log, Taken
from sync.messages import Have
from sync.store import LogRow


class Taker:
    """What we want of one peer in one exchange. Frames are kept until `store` is called: see Exchange.work."""

    def __init__(self, log: Log, peer: bytes) -> None:
        self.log, self.peer = log, peer
        self.announced: list[Leaf] = []
        self.needs: dict[int, list[Have]] = {}
        self.refused: list[str] = []
        self.received = self.duplicates = 0
        self._waiting: list[Range] = []
        self._broken: set[bytes] = set()

    def hear(self, leaves: Iterable[Leaf]) -> None:
        """Note heads that the other side names, and which of them we lack."""
        logs = self.log.store.logs()
        for leaf in leaves:
            ref = len(self.announced)
            self.announced.append(leaf)
            row = logs.get(leaf.log)
            if row is None:
                self.needs[ref] = []
            elif not self._holds(row, leaf) and self.log.trust_of(row.node) != "blocked":
                self.needs[ref] = [(b.seq, b.head[:PREFIX]) for b in row.branches]

    def _holds(self, row: LogRow, leaf: Leaf) -> bool:
        return any(
            b.head == leaf.head or (b.seq > leaf.seq and self.log.store.id_at(b, leaf.seq) == leaf.head)
            for b in row.branches
        )

    def wants(self) -> list[Want]:
        """What to ask for next."""
        return [(ref, haves) for ref, haves in self.needs.items() if self.announced[ref].log not in self._broken][
            : self.log.limits.wants_max
        ]

    def learn(self, samples: Iterable[Want]) -> None:
        """Find the last common entry of a log that has parted, from the ids that the other side gives."""
        for ref, ids in samples:
            if ref in self.needs:
                row = self.log.store.logs().get(self.announced[ref].log)
                common = [have for have in ids if row and self._has(row, *have)]
                self.needs[ref] = [max(common)] if common else []

    def _has(self, row: LogRow, seq: int, prefix: bytes) -> bool:
        ids = (self.log.store.id_at(b, seq) for b in row.branches if b.seq >= seq >= 0)
        return any(id is not None and id.startswith(prefix) for id in ids)

    def take(self, frames: Iterable[bytes]) -> None:
        """Unpack frames; what they bring counts as come, so that the next can be asked for before it is stored."""
        for data in frames:
            for item in frame.unpack(data, self.log.limits):
                self._expect(item)
                self._waiting.append(item)

    def _expect(self, item: Range) -> None:
        if item.ref >= len(self.announced):
            raise Malformed("A peer sent entries of a log that it hadn't announced.")
        last = item.start + len(item.payloads) - 1
        if last >= self.announced[item.ref].seq:
            self.needs.pop(item.ref, None)
        elif item.ref in self.needs:
            self.needs[item.ref] = [(last, b"")]

    def store(self) -> Taken | None:
        """Check and store what has come, in one transaction."""
        if not self._waiting:
            return None
        waiting, self._waiting = self._waiting, []
        taken = self.log.ingest(((self.announced[item.ref].log, item) for item in waiting), self.peer)
        self.received += taken.stored
        self.duplicates += taken.duplicates
        for refusal in taken.refused:
            self._broken.add(refusal.log)
            self.refused.append(refusal.problem.what)
        return taken

    @property
    def idle(self) -> bool:
        """Nothing more to ask for."""
        return not self.wants()
