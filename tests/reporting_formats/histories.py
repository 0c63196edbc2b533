"""Random histories on real nodes in memory: names that are hard to write, two currencies, all kinds of facts."""

import random
from dataclasses import dataclass, field
from typing import Any

from node import events
from node.events import (
    Arrival,
    ArrivalLine,
    Closing,
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
    Repack,
    Team,
    Void,
)
from tests.fakes import MemoryNode, memory_node

PLACES = {
    "north": "North depot",
    "north2": "north Depot",
    "colon": "Gym: hall 2;  east",
    "emoji": "学校 🏫",
    "quote": 'The "old" school\n(annex)',
    "bare": "",
    "lead": "* =North, depot-north",
}
ITEMS = {
    "rice": ("Rice", "kg"),
    "rice2": ("Rice", "sack"),
    "blanket": ('Blanket "warm"; grey', "piece"),
    "emoji": ("毛布", "枚"),
    "true": ("true", ""),
    "long": ("Hygiene kit for a family of five persons, version 3", "kit"),
    "=1": ("=1+1", "piece"),
}
LOTS = ("", "odd", "B7", "lot, with: comma")


@dataclass
class History:
    """A node and what was written to it: `dispatches` are (id, lines)."""

    node: MemoryNode
    draw: random.Random
    dispatches: list[tuple[str, list[Line]]] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)

    def write(self, fact: Any) -> str:
        """One fact, a minute to a few days after the last."""
        self.node.now += self.draw.randrange(60_000, 3 * 86_400_000)
        id = self.node.log.append(events.encode(fact)).id.hex()
        self.entries.append(id)
        return id

    def at(self) -> int:
        """A time about now, sometimes weeks back."""
        return self.node.now - self.draw.choice((0, 0, self.draw.randrange(30 * 86_400_000)))

    def lines(self) -> list[Line]:
        """One to three lines."""
        draw = self.draw
        return [
            Line(draw.choice(list(ITEMS)), draw.randrange(1, 99_999), draw.choice(LOTS))
            for _ in range(draw.randrange(1, 4))
        ]

    def received(self) -> list[ReceiptLine]:
        """Lines whose lots are worth something."""
        worth = {"B7": ("12.5", "PHP"), "lot, with: comma": ("0.333333333", "USD"), "odd": ("much", "=1")}
        return [
            ReceiptLine(line.item, line.qty, line.lot, fund="ECHO" if line.lot else "", value=value, currency=currency)
            for line in self.lines()
            for value, currency in [worth.get(line.lot, ("", ""))]
        ]


def history(seed: int, count: int = 60) -> History:
    """So many random facts of stock after the catalogue."""
    made = History(memory_node(seed), random.Random(seed))
    made.write(Team('Team "A": één'))
    for id, name in PLACES.items():
        made.write(Place(id, name, "hub") if name else Place(id, kind="site"))
    for id, (name, unit) in ITEMS.items():
        made.write(Item(id, name, unit, "relief", value="7.25" if id == "blanket" else "", currency="PHP"))
    made.entries.clear()
    for n in range(count):
        if n == count // 2:
            made.write(Closing(made.node.now, made.node.now, "ab" * 32, "cd" * 32, note="all looked at"))
        one_more(made)
    return made


def one_more(made: History) -> None:
    """One random fact."""
    draw, at = made.draw, made.at()
    place = draw.choice(list(PLACES))
    kind = draw.randrange(9)
    if kind < 2:
        made.write(Receipt(at, place, made.received(), source="Harbour church; = aid", note="rain"))
    elif kind < 4:
        made.write(Distribution(at, place, made.lines(), people=draw.randrange(1, 90), note="Mrs. X"))
    elif kind == 4:
        made.write(Loss(at, place, made.lines(), draw.choice(events.LOSS_REASONS)))
    elif kind == 5:
        made.write(_count(made, at, place))
    elif kind == 6:
        lines = made.lines()
        made.dispatches.append((made.write(Dispatch(at, place, draw.choice(list(PLACES)), lines)), lines))
    elif kind == 7:
        made.write(_arrival(made, at, place))
    elif draw.random() < 0.5:
        made.write(Repack(at, place, made.lines(), made.received()))
    else:
        made.write(Void(draw.choice(made.entries), "wrong", at))


def _count(made: History, at: int, place: str) -> Count:
    draw = made.draw
    item, seen = draw.choice(list(ITEMS)), draw.randrange(0, 50_000)
    lot = draw.choice((None, None, *LOTS))
    split = [("B7", seen // 2)] if lot is None else []
    return Count(at, place, [CountLine(item, seen, 0, lot, split)])


def _arrival(made: History, at: int, place: str) -> Arrival:
    draw = made.draw
    dispatch, sent = draw.choice(made.dispatches) if made.dispatches else ("ab" * 32, made.lines())
    lines = [ArrivalLine(line.item, line.qty // 2, line.lot, line.qty // 10, draw.choice((0, 5))) for line in sent]
    return Arrival(at, place, dispatch, lines)
