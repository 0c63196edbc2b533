"""What each line of an entry does to the books: double entry, a posting for each account that it changes.

Accounts are those of `node.ledger`: what came in (`CAME`) less what went out (`WENT`) is on hand. Losses bear their
reason. Goods in transit are their sender's; what came damaged or is given up was transferred in and is lost where it
should have arrived. Counts aren't posted here: what they leave unexplained depends on all that was before.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from node.events import LOSS_REASONS, Arrival, Count, Dispatch, Distribution, Loss, Receipt, Repack

RECEIVED, TRANSFERRED_IN = "received", "transferred_in"
DISTRIBUTED, TRANSFERRED_OUT, IN_TRANSIT = "distributed", "transferred_out", "in_transit"
UNEXPLAINED, REPACKED, LOST = "unexplained", "repacked", "lost:"
CAME = (RECEIVED, TRANSFERRED_IN)
ENDED = "in_transit:ended"  # what arrived or was given up is no longer in transit: less than nothing of it
MISSING = "missing"
LOST_ON_THE_WAY = ("lost:damaged:on the way", "lost:missing:on the way")

OTHER_CHARS_MAX = 64  # of a place at the other end, which stands in each line: ours have 16

Key = tuple[str, str, str]  # place, item, lot


class Posting(NamedTuple):
    """So many thousandths on an account of a place, item and lot; `line` counts an entry's lines from 0."""

    line: int
    place: str
    item: str
    lot: str
    account: str
    qty: int
    other: str = ""

    @property
    def key(self) -> Key:
        """The cell that it is about."""
        return self.place, self.item, self.lot


def sign(account: str) -> int:
    """+1 for accounts that add to what is on hand, -1 for those that take from it."""
    return 1 if account in CAME else -1


def lost(reason: str) -> str:
    """The account of losses for a reason; one that this version doesn't know is another reason."""
    return LOST + (reason if reason in LOSS_REASONS else LOSS_REASONS[-1])


class Way(NamedTuple):
    """Where a dispatch left and where it was sent to, by what is known; "" is a place without a name."""

    origin: str = ""
    to: str = ""


NOWHERE = Way()


def postings(fact: object, way: Way = NOWHERE) -> Iterator[Posting]:
    """All postings of a fact but a count; `way` is that of an arrival's dispatch."""
    if isinstance(fact, Arrival):
        for at, came in enumerate(fact.lines):
            yield from _arrived(fact.place, way, at, came)
    elif isinstance(fact, Repack):
        signed: list[tuple[int, Any]] = [*((1, line) for line in fact.used), *((-1, line) for line in fact.made)]
        for at, (times, line) in enumerate(signed):
            if line.qty:
                yield Posting(at, fact.place, line.item, line.lot, REPACKED, times * line.qty)
    elif isinstance(fact, Receipt):
        yield from _each(fact.place, RECEIVED, fact.lines)
    elif isinstance(fact, Distribution):
        yield from _each(fact.place, DISTRIBUTED, fact.lines, fact.site)
    elif isinstance(fact, Loss):
        yield from _each(fact.place, lost(fact.reason), fact.lines)
    elif isinstance(fact, Dispatch):
        yield from _each(fact.place, IN_TRANSIT, fact.lines, fact.to)


def _each(place: str, account: str, lines: Iterable[Any], other: str = "") -> Iterator[Posting]:
    for at, line in enumerate(lines):
        if line.qty:
            yield Posting(at, place, line.item, line.lot, account, line.qty, other[:OTHER_CHARS_MAX])


def _arrived(place: str, way: Way, at: int, line: Any) -> Iterator[Posting]:
    whole = line.qty + line.damaged + line.missing
    damaged, missing = LOST_ON_THE_WAY
    rows = (
        (place, TRANSFERRED_IN, whole, way.origin),
        (place, damaged, line.damaged, way.origin),
        (place, missing, line.missing, way.origin),
        (way.origin, TRANSFERRED_OUT, whole, place),
        (way.origin, ENDED, -whole, way.to or place),
    )
    for where, account, qty, other in rows:
        if qty:
            yield Posting(at, where, line.item, line.lot, account, qty, other[:OTHER_CHARS_MAX])


class Seen(NamedTuple):
    """One line of a count: of the whole item, if `lot` is None, and then with how it lay in lots."""

    at: int
    n: int
    line: int
    lot: str | None
    qty: int
    split: list[tuple[str, int]]

    def lots(self, held: Iterable[str]) -> dict[str, int]:
        """What was seen of each lot, if those that are held are all that there may be."""
        if self.lot is not None:
            return {self.lot: self.qty}
        seen = dict.fromkeys(held, 0)
        for lot, qty in self.split:
            if lot:
                seen[lot] = seen.get(lot, 0) + qty
        return {**seen, "": self.qty - sum(qty for lot, qty in self.split if lot)}


def seen_in(fact: Count) -> Iterator[tuple[str, Seen]]:
    """The lines of a count, each with its item; their numbers are to be given."""
    for at, line in enumerate(fact.lines):
        yield line.item, Seen(fact.at, 0, at, line.lot, line.qty, line.split)


class Moved(NamedTuple):
    """What moved at one place of one item: so much more of a lot, by an order that decides among all."""

    order: tuple[int, int, bytes, int]  # at, lamport, id, line
    lot: str
    qty: int


def unexplained(
    held: dict[str, int], moved: Iterable[Moved], counts: Iterable[tuple[tuple[int, int, bytes, int], Seen]]
) -> Iterator[tuple[Seen, str, int]]:
    """What each count of an item at a place left unexplained of each lot: positive where it was missing.

    `held` is what was there before all of them, by lot, and afterwards what is there after all.
    """
    steps: list[tuple[Any, Any]] = [*((one.order, one) for one in moved), *counts]
    for _, step in sorted(steps, key=lambda row: row[0]):
        if isinstance(step, Moved):
            held[step.lot] = held.get(step.lot, 0) + step.qty
            continue
        seen = step.lots(held)
        missing = {lot: held.get(lot, 0) - qty for lot, qty in seen.items()}
        held |= seen
        yield from ((step, lot, qty) for lot, qty in missing.items() if qty)
