"""What came in since the cells were last written, kept in memory by place, item and lot.

This is the hot path: a large sync brings hundreds of thousands of lines, so a line costs one look-up and one append
here, and its cell is brought up to date once, when somebody asks. Nothing depends on this memory: each cell with
something pending is marked in the database as unsettled, and without its pending facts it is recounted from the log.
"""

from collections.abc import Iterable, Sequence

from node.events import Count, Distribution, Loss, Receipt
from node.folding.cells import Moves, PlacedCount

Marks = list[tuple[str, str]]  # place, item


class PlacePending:
    """Of one place: the columns of its movements, counts by item, and the items that have anything pending."""

    def __init__(self) -> None:
        self.moves = Moves([], [], [], [])
        self.counts: dict[str, list[PlacedCount]] = {}
        self.marked: set[str] = set()


class Pending:
    """Everything pending; `lost` are cells that can only be recounted, `fresh` those not yet marked as unsettled."""

    def __init__(self, lost: Iterable[tuple[str, str]]) -> None:
        self.lost = set(lost)
        self.fresh: Marks = []
        self.lines = 0
        self._places: dict[str, PlacePending] = {}
        self._words: dict[str, str] = {}

    def of(self, place: str) -> PlacePending:
        """What is pending at a place."""
        return self._places.setdefault(place, PlacePending())

    def move(self, place: str, facts: Sequence[Receipt | Distribution | Loss]) -> None:
        """Keep the lines of movements at one place, column by column: lines are too many to be looked at singly."""
        lines = [line for fact in facts for line in fact.lines]
        items = self._kept_once([line.item for line in lines])
        here = self.of(place)
        here.moves.items.extend(items)
        here.moves.lots.extend(self._kept_once([line.lot for line in lines]))
        gains = [type(fact) is Receipt for fact in facts for _ in fact.lines]
        here.moves.times.extend([fact.at for fact in facts for _ in fact.lines])
        here.moves.gains.extend([line.qty if gain else -line.qty for gain, line in zip(gains, lines, strict=True)])
        self._mark(place, here, set(items))
        self.lines += len(lines)

    def _kept_once(self, texts: list[str]) -> Iterable[str]:
        """The same texts, but each kept in memory once: every line brings its own copy of an item's id."""
        words = self._words
        for text in set(texts).difference(words):
            words[text] = text
        return list(map(words.__getitem__, texts))

    def _mark(self, place: str, here: PlacePending, items: set[str]) -> None:
        self.fresh.extend((place, item) for item in items - here.marked)
        here.marked |= items

    def count(self, fact: Count, lamport: int, id: bytes) -> None:
        """Keep a count's lines."""
        here = self.of(fact.place)
        for index, line in enumerate(fact.lines):
            here.counts.setdefault(line.item, []).append((fact.at, lamport, id, index, line))
        self._mark(fact.place, here, {line.item for line in fact.lines})
        self.lines += len(fact.lines)

    def lose(self, fact: Receipt | Distribution | Loss | Count) -> None:
        """A fact that was folded is undone: its cells have to be recounted."""
        cells = [(fact.place, line.item) for line in fact.lines]
        self.lost.update(cells)
        self.fresh.extend(cells)

    def take_fresh(self) -> Marks:
        """The cells to mark as unsettled, sorted; they are fresh no longer."""
        taken = sorted(set(self.fresh))
        self.fresh.clear()
        return taken
