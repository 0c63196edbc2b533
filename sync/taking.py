"""The taking half of an exchange: the heads that the other side announced, which we lack, and what has come of them."""

from collections.abc import Iterable

from sync import frame
from sync.digest import Leaf
from sync.errors import Malformed
from sync.frame import Place
from sync.giving import PREFIX, Want
from sync.intake import Blocked, Unwanted
from sync.log import Log, Taken
from sync.messages import Have, Message
from sync.rows import LogRow

TRIES_MAX = 4  # how often a branch may be said to have come whole without being here


class Taker:
    """What we want of one peer in one exchange. Frames are kept until `store` is called: see Exchange.work."""

    def __init__(self, log: Log, peer: bytes) -> None:
        self.log, self.peer = log, peer
        self.announced: list[Leaf] = []
        self.needs: dict[int, list[Have] | None] = {}  # by ref, what to say that we have; None: look it up when asking
        self.refused: list[str] = []
        self.lacking = False  # something that we want didn't come
        self.received = self.duplicates = 0
        self._asked: set[int] = set()
        self._come: dict[int, int] = {}  # by ref, how often its end was said to have come
        self._waiting: list[Place] = []
        self._broken: set[bytes] = set()

    def hear(self, leaves: Iterable[Leaf]) -> None:
        """Note heads that the other side names, and which of them we lack."""
        logs = self.log.store.logs()
        for ref, leaf in enumerate(leaves, len(self.announced)):
            self.announced.append(leaf)
            row = logs.get(leaf.log)
            if row is None or not (self._holds(row, leaf) or self.log.trust_of(row.node) == "blocked"):
                self.needs[ref] = None

    def _holds(self, row: LogRow, leaf: Leaf) -> bool:
        return any(
            b.head == leaf.head or (b.seq > leaf.seq and self.log.store.id_at(b, leaf.seq) == leaf.head)
            for b in row.branches
        )

    def wants(self) -> list[Want]:
        """What to ask for next: of each log one branch at a time, since branches share their beginning."""
        found: list[Want] = []
        busy = {self.announced[item.ref].log for item in self._waiting}
        for ref, haves in list(self.needs.items()):
            log = self.announced[ref].log
            if log in self._broken or (haves is None and (log in busy or self._settled(ref))):
                continue
            found.append((ref, self.needs[ref] or []))
            busy.add(log)
            if len(found) == self.log.limits.wants_max:
                break
        self._asked = {ref for ref, _ in found}
        return found

    def _settled(self, ref: int) -> bool:
        """Look up what we have of a log; True where nothing of the announced branch is lacking any more."""
        leaf = self.announced[ref]
        row = self.log.store.logs().get(leaf.log)
        if row and self._holds(row, leaf):
            del self.needs[ref]
            return True
        if self._come.get(ref, 0) >= TRIES_MAX:
            self._give_up([ref])
            return True
        self.needs[ref] = [(b.seq, b.head[:PREFIX]) for b in row.branches] if row else []
        return False

    def answered(self, message: Message) -> None:
        """Take in an answer to what was asked for; what the other side brings nothing of isn't asked for again."""
        self.learn(message.samples)
        self.take(message.frames)
        if not message.frames and not message.samples:
            self._give_up(self._asked)

    def _give_up(self, refs: Iterable[int]) -> None:
        for ref in refs:
            if self.needs.pop(ref, ()) != ():
                name = self.announced[ref].log.hex()[:12]
                self.lacking = True
                self.refused.append(f"The peer didn't send what it had announced of log {name}.")

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
        """Inflate frames; what they bring counts as come, so that the next can be asked for before it is stored."""
        for data in frames:
            for item in frame.places(data, self.log.limits):
                self._expect(item)
                self._waiting.append(item)

    def _expect(self, item: Place) -> None:
        if item.ref >= len(self.announced):
            raise Malformed("A peer sent entries of a log that it hadn't announced.")
        if item.ref not in self.needs:
            return
        last = item.start + item.entries - 1
        if last < self.announced[item.ref].seq:
            self.needs[item.ref] = [(last, b"")]
        else:  # what has come may run past a fork: the store will tell
            self.needs[item.ref] = None
            self._come[item.ref] = self._come.get(item.ref, 0) + 1

    def store(self) -> Taken | None:
        """Check and store what has come, in one transaction."""
        if not self._waiting:
            return None
        waiting = self._waiting
        taken = self.log.ingest(((self.announced[item.ref].log, item.read()) for item in waiting), self.peer)
        self._waiting = []
        self.received += taken.stored
        self.duplicates += taken.duplicates
        for refusal in taken.refused:
            self._broken.add(refusal.log)
            self.lacking |= not isinstance(refusal.problem, Unwanted)
            if not isinstance(refusal.problem, Blocked):
                self.refused.append(refusal.problem.what)
        return taken

    @property
    def asking(self) -> bool:
        """Whether entries were asked for in the last message."""
        return bool(self._asked)

    @property
    def idle(self) -> bool:
        """Nothing more to ask for."""
        return not self.wants()
