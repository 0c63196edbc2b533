"""What came in since the cells were last written, kept in memory by place, item and lot.

This is the hot path: a large sync brings hundreds of thousands of lines, so a line costs one look-up and one append
here, and its cell is brought up to date once, when somebody asks. Nothing depends on this memory: each cell with
something pending is marked in the database as unsettled, and without its pending facts it is recounted from the log.
"""

from collections.abc import Iterable

from node.events import Count, Distribution, Loss, Receipt
from node.folding.cells import SIGNS, Move, PlacedCount

Marks = list[tuple[str, str]]  # place, item
LotKey = str | tuple[str, str | None]  # an item, an item with a lot, or an item with None for its counts


class PlacePending(dict[LotKey, list[int]]):
    """Of one place: movements as at, quantity, at, quantity, …; a key used first is noted in `fresh`."""

    def __init__(self, place: str, fresh: Marks) -> None:
        super().__init__()
        self.place, self.fresh = place, fresh
        self.counts: dict[str, list[PlacedCount]] = {}

    def __missing__(self, key: LotKey) -> list[int]:
        self.fresh.append((self.place, key if isinstance(key, str) else key[0]))
        made: list[int] = []
        self[key] = made
        return made


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
        pending = self.of(place)
        for fact in facts:
            at, sign = fact.at, SIGNS[type(fact)]
            for line in fact.lines:
                kept = pending[(line.item, line.lot) if line.lot else line.item]
                kept.append(at)
                kept.append(sign * line.qty)
            self.lines += len(fact.lines)

    def count(self, fact: Count, lamport: int, id: bytes) -> None:
        """Keep a count's lines."""
        pending = self.of(fact.place)
        for index, line in enumerate(fact.lines):
            pending.counts.setdefault(line.item, []).append((fact.at, lamport, id, index, line))
            self.fresh.append((fact.place, line.item))
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
        for key, flat in pending.items():
            item, lot = (key, "") if isinstance(key, str) else key
            moves.setdefault(item, []).append((lot or "", flat))
        return moves, pending.counts
