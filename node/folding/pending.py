"""What came in since the cells were last written, kept in memory by place, item and lot.

This is the hot path: a large sync brings hundreds of thousands of lines, so a line costs one look-up and one append
here, and its cell is brought up to date once, when somebody asks. Nothing depends on this memory: each cell with
something pending is marked in the database as unsettled, and without its pending facts it is recounted from the log.
"""

from collections.abc import Iterable

from node.events import Count, Distribution, Loss, Receipt
from node.folding.cells import Move, PlacedCount

Marks = list[tuple[str, str]]  # place, item
LotKey = str | tuple[str, str | None]  # an item, an item with a lot, or an item with None for its counts


class PlacePending:
    """Of one place: movements as at, quantity, at, quantity, … by item and lot, and counts by item."""

    def __init__(self, place: str, fresh: Marks) -> None:
        self.place, self.fresh = place, fresh
        self.moves: dict[LotKey, list[int]] = {}
        self.counts: dict[str, list[PlacedCount]] = {}
        self._marked: set[str] = set()

    def begin(self, key: LotKey) -> list[int]:
        """An empty list for a key that is new here."""
        self.mark(key if isinstance(key, str) else key[0])
        made = self.moves[key] = []
        return made

    def mark(self, item: str) -> None:
        """Note that an item has something pending."""
        if item not in self._marked:
            self._marked.add(item)
            self.fresh.append((self.place, item))


class Pending:
    """Everything pending; `lost` are cells that can only be recounted, `fresh` those not yet marked as unsettled."""

    def __init__(self, lost: Iterable[tuple[str, str]]) -> None:
        self.lost = set(lost)
        self.fresh: Marks = []
        self.lines = 0
        self._places: dict[str, PlacePending] = {}

    def of(self, place: str) -> PlacePending:
        """What is pending at a place."""
        found = self._places.get(place)
        if found is None:
            found = self._places[place] = PlacePending(place, self.fresh)
        return found

    def move(self, place: str, facts: Iterable[Receipt | Distribution | Loss]) -> None:
        """Keep the lines of movements at one place: place by place, so that what is looked up lies close together."""
        here = self.of(place)
        moves, begin = here.moves, here.begin
        for fact in facts:
            at, gain, lines = fact.at, type(fact) is Receipt, fact.lines
            for line in lines:
                key = (line.item, line.lot) if line.lot else line.item
                try:
                    kept = moves[key]
                except KeyError:
                    kept = begin(key)
                kept.append(at)
                kept.append(line.qty if gain else -line.qty)
            self.lines += len(lines)

    def count(self, fact: Count, lamport: int, id: bytes) -> None:
        """Keep a count's lines."""
        here = self.of(fact.place)
        for index, line in enumerate(fact.lines):
            here.mark(line.item)
            here.counts.setdefault(line.item, []).append((fact.at, lamport, id, index, line))
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

    def gather(self, place: str) -> tuple[dict[str, list[Move]], dict[str, list[PlacedCount]]]:
        """(movements, counts) of a place by item."""
        pending = self.of(place)
        moves: dict[str, list[Move]] = {}
        for key, flat in pending.moves.items():
            item, lot = (key, "") if isinstance(key, str) else key
            moves.setdefault(item, []).append((lot or "", flat))
        return moves, pending.counts
