"""One exchange between two nodes as a machine without sockets: messages in, messages out.

1. The client states its root and the cursor that it durably holds of the server. Equal roots end it.
2. Else the server names the heads that changed since the cursor, or describes all by fingerprints where it has none.
3. Both then ask for ranges and get them. Where roots still differ in the end, fingerprints find the rest.

The client may send its next message before it has stored what the last one brought (`work`), so that both sides
compute at the same time. A cursor moves only after all that it stands for is durably stored.
"""

from dataclasses import dataclass, field
from typing import Protocol

from sync import digest, messages
from sync.deciding import NOTES
from sync.digest import Leaf
from sync.errors import Malformed, TooMany
from sync.giving import Giver
from sync.log import Log
from sync.messages import Cursor, Head, Message
from sync.taking import Taker

ROOT = 16  # bytes of a root on the wire
QUICK_S, SLOW_S = 3.0, 10.0  # round trips that tell a quick link from a poor one
COMPARISONS_MAX = 4  # in one exchange: a side that goes on changing meanwhile is heard out next time


class Memory(Protocol):
    """What is durably remembered of peers."""

    def held(self, node: bytes) -> Cursor | None:
        """How far we durably hold what this peer has."""

    def set_held(self, node: bytes, store: bytes, tick: int) -> None:
        """Remember that."""

    def given(self, node: bytes) -> Cursor | None:
        """How far the peer last said that it holds what we have."""

    def set_given(self, node: bytes, store: bytes, tick: int) -> None:
        """Remember that."""

    def note_skew(self, node: bytes, ms: int) -> None:
        """Remember how far the peer's clock is ahead of ours."""


@dataclass
class Report:
    """What one exchange did: entries each way, the peer's clock minus ours in ms, and what was refused, in words."""

    sent: int = 0
    received: int = 0
    skew_ms: int | None = None
    refused: list[str] = field(default_factory=list)


class Exchange:
    """One side of one exchange with `peer`. The client calls `open`; both sides then `receive` until the client's
    answer is None. The server always has an answer."""

    def __init__(self, log: Log, peer: bytes, memory: Memory) -> None:
        self.log, self.peer, self.memory = log, peer, memory
        self.giver, self.taker = Giver(log), Taker(log, peer)
        self.finished = False
        self._skew: int | None = None
        self._client = False
        self._proven = False  # the other side is there now: it showed a nonce of ours, or opened later than ever before
        self._offered = False  # all that we have was announced, by heads or by fingerprints
        self._comparisons = 0  # how often all was compared by fingerprints
        self._compared_at: tuple[bytes, bytes] | None = None  # both roots when the last comparison began
        self._their_at: Cursor | None = None
        self._their_root = b""
        self._turns = 0
        self._budget = log.limits.frame_bytes_start
        self._heads_max = (log.limits.heads_max - digest.FEW) // 2  # as many again may stand inside spans
        self._later: list[Leaf] = []  # to be named yet

    @property
    def report(self) -> Report:
        """What has been done so far."""
        return Report(self.giver.sent, self.taker.received, self._skew, list(self.taker.refused))

    def open(self) -> bytes:
        """The client's first message."""
        self._client = True
        with self.log.reading():
            root = self._root()
            held, expect = self.memory.held(self.peer), self._settled(root)
            return self._send(Message(root, self.log.opening_clock(), held, self._at(), expect=expect))

    def receive(self, body: bytes) -> bytes | None:
        """The next message to send, or None: the client is done. Stores what earlier messages brought first."""
        message = messages.decode(body, self.log.limits)
        self._turns += 1
        if self._turns > self.log.limits.round_trips_max:
            raise TooMany("An exchange takes too many turns.")
        with self.log.reading():
            self.work()
            if not self._client and self._turns == 1:
                return self._send(self._answer_opening(message))
            self._proven = True
            self._note(message)
            if message.same:
                if not self._client:
                    raise Malformed("Only the side that was asked can say that there is nothing to exchange.")
                self._end()
                return None
            if self._turns == 1:
                self._set_note("settled", b"")
            return self._continue(message)

    def paced(self, seconds: float) -> None:
        """Ask for more at a time over a quick link, for less over a poor one: what a cut costs stays small."""
        limits = self.log.limits
        if not self.taker.asking:
            return
        if seconds < QUICK_S:
            self._budget = min(self._budget * 2, limits.frame_bytes_max)
        elif seconds > SLOW_S:
            self._budget = max(self._budget // 4, limits.frame_bytes_min)

    def work(self) -> None:
        """Store what has come so far."""
        self.taker.store()

    # opening

    def _answer_opening(self, message: Message) -> Message:
        with self.log.transaction():
            self._proven = self.log.note_opening(self.peer, message.clock)
            self._note(message)
            return self._greet(message)

    def _note(self, message: Message) -> None:
        if message.clock:
            self._skew = message.clock - self.log.clock()
        self._their_root = message.root or self._their_root
        self._their_at = self._their_at or message.at
        if not self._proven:
            return  # perhaps somebody's recording: it is answered, and changes nothing
        if message.clock and self._skew is not None:
            self.memory.note_skew(self.peer, self._skew)
        if message.held and message.held[0] == self.log.store_id and message.held[1] <= self.log.tick():
            self.memory.set_given(self.peer, *message.held)

    def _greet(self, message: Message) -> Message:
        """The server's answer to an opening."""
        root = self._root()
        answer = Message(root=root, clock=self.log.clock(), at=self._at())
        if message.root == root or (message.expect == root and self._compared()):
            answer.same = self.finished = True
            if message.root == root and self._proven:
                self._remember()
            return answer
        answer.held = self.memory.held(self.peer)
        if self._proven:
            self._set_note("compared", b"1")
        self._offer(answer, message.held)
        return answer

    def _compared(self) -> bool:
        """Whether we have compared with this peer since we last changed our mind about anybody."""
        return bool(self._note_of("compared"))

    def _offer(self, answer: Message, held: Cursor | None) -> None:
        """Name what the other side can lack: heads since its cursor, or else fingerprints of all."""
        self._offered = True
        if held and held[0] == self.log.store_id and held[1] <= self.log.tick():
            self._later += self.giver.since(held[1], self.peer)
            self._tell(answer)
        else:
            self._describe(answer)

    def _describe(self, answer: Message) -> None:
        self._begin_comparison()
        self._say(answer, digest.describe(self.log.leaves()))

    def _begin_comparison(self) -> None:
        self._comparisons += 1
        self._compared_at = self._root(), self._their_root

    def _unchanged(self) -> bool:
        """Whether neither side has changed since all was compared, so that what differs is meant to."""
        return self._compared_at == (self._root(), self._their_root)

    def _say(self, answer: Message, spans: list[digest.Span]) -> None:
        answer.spans = messages.wire_spans(spans)
        self.giver.note(leaf for span in spans for leaf in span.leaves or ())

    # the middle

    def _continue(self, message: Message) -> bytes | None:
        self.giver.check(message.wants)
        spans = messages.read_spans(message.spans)
        self.taker.hear(Leaf(*head) for head in message.heads)
        self.taker.hear(leaf for span in spans for leaf in span.leaves or ())
        self.taker.answered(message)
        if not self._client:
            self.work()
        answer = Message()
        if spans:
            self._compare(answer, spans)
        elif self._offered:
            self._tell(answer)
        else:
            answer.at = self._at()
            self._offer(answer, message.held)
        self._serve(answer, message)
        answer.wants = self.taker.wants()
        answer.budget = self._budget if answer.wants else 0
        return self._turn(answer, len(message.heads) >= self._heads_max)

    def _compare(self, answer: Message, spans: list[digest.Span]) -> None:
        self._offered = True
        if not self._comparisons:
            self._begin_comparison()
        said, extra = digest.compare(self.log.leaves(), spans, self._heads_max)
        self._later += extra
        self._tell(answer)
        self._say(answer, said)
        answer.at = self._at()

    def _tell(self, answer: Message) -> None:
        """Name heads, as many as fit; the rest waits for the next message."""
        now, self._later = self._later[: self._heads_max], self._later[self._heads_max :]
        answer.heads = [_head(leaf) for leaf in self.giver.announce(now)]

    def _serve(self, answer: Message, message: Message) -> None:
        if message.wants:
            most = min(message.budget or self._budget, self.log.limits.frame_bytes_max)
            frames, samples = self.giver.serve(message.wants, most)
            answer.frames, answer.samples = frames, samples

    def _turn(self, answer: Message, more: bool) -> bytes | None:
        """Send what there is to say; a client with nothing left to say or to hear checks the roots and ends."""
        if not self._client:
            answer.root = self._root()
            if answer.root == self._their_root and self.taker.idle:
                self._remember()
            return self._send(answer)
        if more or self._later or _says(answer):
            answer.root = self._root()
            return self._send(answer)
        self.work()
        answer.wants = self.taker.wants()
        if answer.wants:
            answer.budget, answer.root = self._budget, self._root()
            return self._send(answer)
        if self._root() == self._their_root or self._unchanged() or self._comparisons >= COMPARISONS_MAX:
            self._end()
            return None
        self._describe(answer)
        answer.root = self._root()
        return self._send(answer)

    def _send(self, message: Message) -> bytes:
        self.log.publish()
        return messages.encode(message)

    # the end

    def _end(self) -> None:
        self.finished = True
        root = self._root()
        if self.taker.lacking:
            return
        with self.log.transaction():  # one wait for the disk instead of one for each note
            if root != self._their_root and self._unchanged():
                self._settle(root)
            self._remember()

    def _remember(self) -> None:
        with self.log.transaction():
            if self._their_at:
                self.memory.set_held(self.peer, *self._their_at)
            self.log.note_contact(self.peer)

    def _root(self) -> bytes:
        return self.log.root()[:ROOT]

    def _at(self) -> Cursor:
        return self.log.store_id, self.log.tick()

    # notes on a peer, which `Log` drops when it changes its mind about anybody

    def _settled(self, root: bytes) -> bytes:
        kept = self._note_of("settled")
        return kept[ROOT:] if kept[:ROOT] == root else b""

    def _settle(self, root: bytes) -> None:
        self._set_note("settled", root + self._their_root)

    def _note_of(self, what: str) -> bytes:
        return self.log.store.meta(f"{NOTES}{what} {self.peer.hex()}") or b""

    def _set_note(self, what: str, value: bytes) -> None:
        if self._note_of(what) != value:
            with self.log.transaction():
                self.log.store.set_meta(f"{NOTES}{what} {self.peer.hex()}", value)


def _head(leaf: Leaf) -> Head:
    return leaf.log, leaf.seq, leaf.head


def _says(message: Message) -> bool:
    return bool(message.heads or message.spans or message.wants or message.samples or message.frames)
