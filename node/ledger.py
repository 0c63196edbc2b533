"""The books replayed from the whole history, by plain double entry: what everything else is held against.

Every entry that stands is taken in the order (at, lamport, id), and each line moves a quantity between a place and one
of its accounts: received, distributed, lost, unexplained, repacked, sent and arrived. Nothing here knows the fold's
tables. All quantities are integers in thousandths.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from node.events import Arrival, Count, CountLine, Dispatch, Distribution, Loss, Receipt, Repack, Void
from node.fold import Node
from sync.log import Folded

# What comes in stands on the left of the identity, what it became on the right, with what is on hand.
CAME = ("received", "transferred_in")
WENT = ("distributed", "transferred_out", "in_transit", "lost", "unexplained", "repacked")
COLUMNS = (*CAME, *WENT)
STOCK = (Receipt, Distribution, Loss, Count, Dispatch, Arrival, Repack)
Fact = Receipt | Distribution | Loss | Count | Dispatch | Arrival | Repack
Sums = dict[str, int]  # by column


class Books(NamedTuple):
    """The ledger of each item, and the place that each dispatch (hex id) left, undone ones too."""

    ledgers: dict[str, "Ledger"]
    origins: dict[str, str]


class Ledger:
    """One item. `held` is by place and lot, `sums` by place and column, `transit` by dispatch (hex) and lot.

    What arrived of a dispatch that nobody here has heard of came from place "".
    """

    def __init__(self) -> None:
        self.held: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.transit: defaultdict[tuple[str, str], int] = defaultdict(int)

    def come(self, column: str, place: str, lot: str, qty: int) -> None:
        """So much more is at a place."""
        self.held[place][lot] += qty
        self.sums[place][column] += qty

    def go(self, column: str, place: str, lot: str, qty: int) -> None:
        """So much less is at a place; less than nothing comes back."""
        self.held[place][lot] -= qty
        self.sums[place][column] += qty

    def send(self, dispatch: str, place: str, lot: str, qty: int) -> None:
        """Goods leave a place and are in transit."""
        self.go("in_transit", place, lot, qty)
        self.transit[dispatch, lot] += qty

    def arrive(self, dispatch: str, origin: str, place: str, line: Any) -> None:
        """Goods of a dispatch end their way: in good order at a place, or lost."""
        ruined = line.damaged + line.missing
        self.transit[dispatch, line.lot] -= line.qty + ruined
        self.sums[origin]["in_transit"] -= line.qty + ruined
        self.sums[origin]["transferred_out"] += line.qty + ruined
        self.come("transferred_in", place, line.lot, line.qty)
        self.sums[place]["transferred_in"] += ruined
        self.sums[place]["lost"] += ruined

    def count(self, place: str, line: CountLine) -> None:
        """Bring lots to what was seen; the difference is unexplained."""
        held = self.held[place]
        seen = _seen(line, held) if line.lot is None else {line.lot: line.qty}
        for lot, qty in seen.items():
            self.go("unexplained", place, lot, held[lot] - qty)

    def on_hand(self) -> dict[tuple[str, str], int]:
        """What is at the places, by (place, lot)."""
        return {(place, lot): qty for place, held in self.held.items() for lot, qty in held.items()}


def _seen(line: CountLine, held: Iterable[str]) -> dict[str, int]:
    seen = dict.fromkeys(held, 0)
    for lot, qty in line.split:
        if lot:
            seen[lot] = seen.get(lot, 0) + qty
    seen[""] = line.qty - sum(qty for lot, qty in line.split if lot)
    return seen


def replay(node: Node) -> Books:
    """The books after all entries that stand."""
    facts, origins = _standing(node)
    ledgers: defaultdict[str, Ledger] = defaultdict(Ledger)
    for id, fact in facts:
        post(ledgers, id, fact, origins)
    return Books(dict(ledgers), origins)


def post(ledgers: Mapping[str, Ledger], id: str, fact: Fact, origins: Mapping[str, str]) -> None:
    """Post one fact, by its hex id, to the ledgers of its items: a mapping that makes those that are missing."""
    if isinstance(fact, Arrival):
        for line in fact.lines:
            origin = origins.get(fact.dispatch, "")
            ledgers[line.item].arrive(fact.dispatch, origin, fact.place, line)
    elif isinstance(fact, Dispatch):
        for sent in fact.lines:
            ledgers[sent.item].send(id, fact.place, sent.lot, sent.qty)
    else:
        _post(ledgers, fact)


def _post(ledgers: Mapping[str, Ledger], fact: Receipt | Distribution | Loss | Count | Repack) -> None:
    """A fact that has to do with one place alone."""
    if isinstance(fact, Repack):
        for line in fact.used:
            ledgers[line.item].go("repacked", fact.place, line.lot, line.qty)
        for made in fact.made:
            ledgers[made.item].go("repacked", fact.place, made.lot, -made.qty)
        return
    for row in fact.lines:
        ledger = ledgers[row.item]
        if isinstance(row, CountLine):
            ledger.count(fact.place, row)
        elif isinstance(fact, Receipt):
            ledger.come("received", fact.place, row.lot, row.qty)
        else:
            ledger.go("distributed" if isinstance(fact, Distribution) else "lost", fact.place, row.lot, row.qty)


def _standing(node: Node) -> tuple[Iterator[tuple[str, Fact]], dict[str, str]]:
    """Facts of stock that aren't undone, each with its hex id, in their order; and where dispatches left."""
    facts: list[tuple[int, int, bytes, bytes, Fact]] = []
    voids: set[tuple[str, bytes]] = set()
    for batch in node.log.folded():
        _sort_out(batch, facts, voids)
    origins = {row[2].hex(): row[4].place for row in facts if isinstance(row[4], Dispatch)}
    facts.sort(key=lambda row: row[:3])
    stands = ((id.hex(), fact) for _, _, id, author, fact in facts if (id.hex(), author) not in voids)
    return stands, origins


def _sort_out(batch: Sequence[Folded], facts: list[Any], voids: set[tuple[str, bytes]]) -> None:
    for entry in batch:
        fact = entry.fact
        if isinstance(fact, Void):
            voids.add((fact.target, entry.node))
        elif isinstance(fact, STOCK):
            facts.append((fact.at, entry.lamport, entry.id, entry.node, fact))
