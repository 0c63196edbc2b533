"""Random histories of several teams that hear of each other in any order, from one seed."""

import random
from typing import Any

from node import events
from node.events import (
    Arrival,
    ArrivalLine,
    Count,
    CountLine,
    Dispatch,
    Distribution,
    Item,
    Line,
    Loss,
    Place,
    Receipt,
    ReceiptLine,
    Redaction,
    Repack,
    SameAs,
    Team,
    Void,
)
from node.folding.wordless import without_words
from tests.fakes import START_MS, MemoryNode, memory_node, tell

PLACES = ("depot", "gym", "hall")
ITEMS = ("rice", "soap", "kit")
LOTS = ("", "", "A", "B")
REASONS = ("expired", "damaged", "stolen", "spoiled", "other", "eaten by mice")
FUNDS = ("", "ECHO", "Oxfam")
HOUR = 3_600_000


class World:
    """Three teams. `step` lets one write something, or one hear from another; `seed` decides all.

    A `wild` world's programs write quantities of nothing, or less than nothing, too.
    """

    def __init__(self, seed: int, wild: bool = False) -> None:
        self.random = random.Random(seed)
        self.quantities = (500, 1000, 2000, 2500, 7000, *((-1500, -3000, 0, 1) if wild else ()))
        self.nodes = [memory_node(f"{seed} {team}") for team in range(3)]
        self.dispatches: list[str] = ["ee" * 32]
        self.written: list[list[str]] = [[] for _ in self.nodes]
        for at, node in enumerate(self.nodes):
            node.log.append(events.encode(Team(f"Team {at}")))
            node.log.append(events.encode(Place(PLACES[at], PLACES[at].title(), "hub")))
        for item in ITEMS:
            self.nodes[0].log.append(events.encode(Item(item, item.title(), "kg", value="2.5", currency="USD")))

    def step(self) -> MemoryNode:
        """One thing happens; the node at which it does."""
        node = self.random.choice(self.nodes)
        if self.random.random() < 0.2:
            tell(node, hearer := self.random.choice([other for other in self.nodes if other is not node]))
            return hearer
        node.now += self.random.randrange(HOUR)
        self._write(node, self._fact(node))
        return node

    def tell_all(self) -> None:
        """Everybody hears everything."""
        for _ in range(2):
            for one in self.nodes:
                for other in self.nodes:
                    if one is not other:
                        tell(one, other)

    def _write(self, node: MemoryNode, fact: Any) -> None:
        id = node.log.append(events.encode(fact)).id.hex()
        self.written[self.nodes.index(node)].append(id)
        if isinstance(fact, Dispatch):
            self.dispatches.append(id)

    def _at(self) -> int:
        return START_MS + self.random.randrange(8) * HOUR  # few, so that many are equal

    def _qty(self) -> int:
        return self.random.choice(self.quantities)

    def _line(self) -> Line:
        return Line(self.random.choice(ITEMS), self._qty(), self.random.choice(LOTS))

    def _lines(self) -> list[Line]:
        return [self._line() for _ in range(self.random.randrange(1, 4))]

    def _came(self) -> ReceiptLine:
        draw, line = self.random.choice, self._line()
        value = draw(("", "1.25", "3.333333333"))
        currency = draw(("EUR", "USD")) if value else ""
        return ReceiptLine(line.item, line.qty, line.lot, fund=draw(FUNDS), value=value, currency=currency)

    def _seen(self) -> CountLine:
        lot = self.random.choice((None, None, *LOTS))
        split = [(self.random.choice(LOTS), 500)] if lot is None else []
        return CountLine(self.random.choice(ITEMS), self._qty(), 0, lot, split)

    def _arrived(self) -> ArrivalLine:
        line = self._line()
        return ArrivalLine(line.item, line.qty, line.lot, *self.random.choices((0, 0, 250, 500), k=2))

    def _fact(self, node: MemoryNode) -> Any:
        at, place, draw = self._at(), self.random.choice(PLACES), self.random
        own = self.written[self.nodes.index(node)]
        if own and draw.random() < 0.12:
            return Void(draw.choice(own), "slip", at)
        if own and draw.random() < 0.05 and (fact := self._without_words(node, draw.choice(own))):
            return fact
        makers = (
            lambda: Receipt(at, place, [self._came() for _ in range(3)], note="from the road"),
            lambda: Receipt(at, place, [self._came()]),
            lambda: Distribution(at, place, self._lines(), site=draw.choice(("", *PLACES)), people=4),
            lambda: Loss(at, place, self._lines(), draw.choice(REASONS), note="wet"),
            lambda: Count(at, place, [self._seen() for _ in range(2)]),
            lambda: Dispatch(at, place, draw.choice(PLACES), self._lines(), driver="J"),
            lambda: Arrival(at, place, draw.choice(self.dispatches[-6:]), [self._arrived() for _ in range(2)]),
            lambda: Repack(at, place, self._lines(), [self._came()]),
            lambda: SameAs(at, draw.choice(("item", "place")), *draw.choice((("rice", "soap"), ("gym", "hall")))),
        )
        return draw.choice(makers[:-1] if draw.random() < 0.9 else makers)()

    def _without_words(self, node: MemoryNode, id: str) -> Any:
        entry = node.log.get(bytes.fromhex(id))
        if entry is None or isinstance(entry.fact, Void | Redaction):
            return None
        left: Any = without_words(entry.fact)  # type: ignore[arg-type]
        return Redaction(node.now, id, events.msgspec.Raw(events.encode(left)))
