"""Section `projection`: what it costs to fold new entries onto small books and onto books ten times as large.

One node writes all facts itself, of every kind that moves something, with late ones and undos among them. Only the
fold's own time counts: taking a batch in, and bringing the cells up to date afterwards.
"""

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from node import bootstrap, events
from node.config import Config
from sync.log import Folded
from tests.bench import synthetic

TIMES = 10  # how much larger the large books are
SHARE = 5  # the new entries are this part of the small books
ROUNDS = 3  # of new entries onto each; the median counts
BATCH = 1000  # entries written in one go while books grow
RECENT = 2000  # entries that an arrival or an undo may be about


class Writer:
    """Draws facts as teams in the field write them, some of them about entries that were written before."""

    def __init__(self, node: bootstrap.Node, seed: int) -> None:
        self.node, self.maker = node, synthetic.Maker(seed)
        self.written = 0
        self.sent: list[Folded] = []
        self.recent: list[bytes] = []

    def write(self, count: int) -> None:
        """So many entries, in one transaction."""
        facts = [self._fact(n) for n in range(self.written, self.written + count)]
        entries = self.node.log.append_all([events.encode(fact) for fact in facts])
        self.written += count
        self.sent = [*self.sent, *(entry for entry in entries if isinstance(entry.fact, events.Dispatch))][-RECENT:]
        self.recent = [*self.recent, *(entry.id for entry in entries)][-RECENT:]

    def grow(self, total: int) -> None:
        """As many entries as are missing, in batches, with the cells brought up to date after each."""
        while self.written < total:
            self.write(min(BATCH, total - self.written))
            self.node.fold.settle()

    def catalogue(self) -> None:
        """The items and places."""
        payloads = [events.encode(fact) for fact in self.maker.catalogue()]
        self.written += len(self.node.log.append_all(payloads))

    def _fact(self, n: int) -> events.AnyFact:
        draw, kind = self.maker.random, self.maker.random.random()
        at = synthetic.START + 3_600_000 + n * 5_000 - draw.choice((0, 0, 0, 600_000, 7_200_000))
        if kind < 0.08:
            lines = [self._line() for _ in range(4)]
            return events.Dispatch(at, *draw.sample(self.maker.places, 2), lines, waybill=f"WB-{n}")
        if kind < 0.15 and self.sent:
            return self._arrival(at, draw.choice(self.sent))
        if kind < 0.17 and self.recent:
            return events.Void(draw.choice(self.recent).hex(), "a slip", at)
        if kind < 0.19:
            return events.Repack(at, draw.choice(self.maker.places), [self._line()], [self._line()])
        return self._known(at) if kind < 0.21 else self.maker.fact(at)

    def _line(self) -> events.Line:
        item = self.maker.random.choice(self.maker.items)
        return events.Line(item, 1000 * self.maker.random.randrange(1, 50), self.maker.lots.get(item, ""))

    def _arrival(self, at: int, sent: Folded) -> events.Arrival:
        fact: Any = sent.fact
        lines = [events.ArrivalLine(line.item, line.qty - 1000, line.lot, missing=1000) for line in fact.lines]
        return events.Arrival(max(at, fact.at + 60_000), fact.to, sent.id.hex(), lines)

    def _known(self, at: int) -> events.AnyFact:
        draw = self.maker.random
        if draw.random() < 0.5:
            return events.Item(draw.choice(self.maker.items), category=draw.choice(("relief", "food")))
        return events.Keep(draw.choice(self.maker.places), draw.choice(self.maker.items), minimum=5000)


class Watch:
    """Adds up the time that a node's fold takes."""

    def __init__(self, node: bootstrap.Node) -> None:
        self.took, self._node, self._fold = 0.0, node, node.fold.fold
        node.fold.fold = self._timed  # type: ignore[method-assign]

    def _timed(self, batch: Sequence[Folded]) -> None:
        started = time.perf_counter()
        self._fold(batch)
        self.took += time.perf_counter() - started

    def settle(self) -> None:
        """Bring the cells up to date."""
        started = time.perf_counter()
        self._node.fold.settle()
        self.took += time.perf_counter() - started


def run(folder: Path, entries: int, seed: int) -> dict[str, float]:
    """All figures of the section; `entries` is the size of the small books."""
    node, _ = bootstrap.init(Config(data=folder / "books"), "Books", rng=random.Random(seed).randbytes)
    try:
        writer, watch, new = Writer(node, seed), Watch(node), max(1, entries // SHARE)
        writer.catalogue()
        small, large = (median(_rounds(writer, watch, size, new)) for size in (entries, TIMES * entries))
        return {
            "entries": writer.written,
            "entries_per_second_small": new / small,
            "entries_per_second_large": new / large,
            "per_entry_ratio": large / small,
            "rebuild_equal": float(_rebuilt(node)),
        }
    finally:
        node.close()


def _rounds(writer: Writer, watch: Watch, size: int, new: int) -> Iterator[float]:
    """Grow the books to this size, then time a few rounds of new entries on top: seconds each."""
    writer.grow(size)
    for _ in range(ROUNDS):
        watch.took = 0.0
        writer.write(new)
        watch.settle()
        yield watch.took


def _rebuilt(node: bootstrap.Node) -> bool:
    """Whether the tables made anew from the log say the same."""
    before = node.fold.digest()
    with node.log.transaction():
        node.fold.refold(node.log.folded())
    return node.fold.digest() == before
