"""What came in since the cells were last written, kept in memory by place, item and lot.

This is the hot path: a large sync brings hundreds of thousands of lines, so a line costs one look-up and one append
here, and its cell is brought up to date once, when somebody asks. Nothing depends on this memory: each cell with
something pending is marked in the database as unsettled, and without its pending facts it is recounted from the log.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from node.events import Arrival, Count, Movement, Receipt
from node.folding.cells import Drain, Gain, Moves, PlacedCount, StockFact, effects, items_of

Moved = Movement | Gain | Drain
GAINS = (Receipt, Arrival, Gain)


class PlacePending:
    """Of one place: columns of its movements in and out, those of them that were undone, and counts by item."""

    def __init__(self) -> None:
        self.gains = Moves([], [], [], [])
        self.losses = Moves([], [], [], [])
        self.undone_gains = Moves([], [], [], [])
        self.undone_losses = Moves([], [], [], [])
        self.counts: dict[str, list[PlacedCount]] = {}


class Pending:
    """Everything pending. `lost` are cells that can only be recounted, `marks` all items with something pending by
    place, and `fresh` the places whose marks have grown since they were written.
    """

    def __init__(self, lost: Iterable[tuple[str, str]]) -> None:
        self.lost = set(lost)
        self.fresh: set[str] = set()
        self.lines = 0
        self.marks: defaultdict[str, set[str]] = defaultdict(set)
        for place, item in self.lost:
            self.marks[place].add(item)
        self._places: dict[str, PlacePending] = {}
        self._words: dict[str, str] = {}

    def of(self, place: str) -> PlacePending:
        """What is pending at a place."""
        return self._places.setdefault(place, PlacePending())

    def move(self, place: str, facts: Sequence[Moved]) -> None:
        """Keep the lines of movements at one place, column by column: lines are too many to be looked at singly."""
        here = self.of(place)
        gains = [fact for fact in facts if type(fact) in GAINS]
        self._extend(place, here.gains, gains)
        self._extend(place, here.losses, [fact for fact in facts if type(fact) not in GAINS])

    def _extend(self, place: str, moves: Moves, facts: Sequence[Moved]) -> None:
        lines = [line for fact in facts for line in fact.lines]
        items = [line.item for line in lines]
        fresh = set(items)
        for item in fresh.difference(self._words):
            self._words[item] = item
        moves.items.extend(map(self._words.__getitem__, items))  # each line brings its own copy of an item's id
        moves.lots.extend([line.lot for line in lines])
        moves.times.extend([fact.at for fact in facts for _ in fact.lines])
        moves.qtys.extend([line.qty for line in lines])
        self._mark(place, fresh)
        self.lines += len(lines)

    def _mark(self, place: str, items: set[str]) -> None:
        if not items <= self.marks[place]:
            self.marks[place] |= items
            self.fresh.add(place)

    def count(self, fact: Count, lamport: int, id: bytes) -> None:
        """Keep a count's lines."""
        here = self.of(fact.place)
        for index, line in enumerate(fact.lines):
            here.counts.setdefault(line.item, []).append((fact.at, lamport, id, index, line))
        self._mark(fact.place, {line.item for line in fact.lines})
        self.lines += len(fact.lines)

    def undo(self, fact: StockFact) -> None:
        """A fact that was folded is undone: movements are taken back, the cells of a count have to be recounted."""
        if isinstance(fact, Count):
            items = items_of(fact)
            self.lost.update((fact.place, item) for item in items)
            self._mark(fact.place, items)
            return
        here = self.of(fact.place)
        for sign, lines in effects(fact):
            moves = here.undone_gains if sign > 0 else here.undone_losses
            self._extend(fact.place, moves, [Gain(fact.at, lines)])

    def take_fresh(self) -> list[tuple[str, list[str]]]:
        """The items to mark as unsettled, by place, where that has changed; it is written after this."""
        taken = [(place, sorted(self.marks[place])) for place in sorted(self.fresh)]
        self.fresh.clear()
        return taken
