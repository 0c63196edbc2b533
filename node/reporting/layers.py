"""Goods in layers, first in, first out: each piece knows whose gift it is made of, through transfers and repacks.

Pieces wait in pools (an item at a place, or of a dispatch on its way) and end in uses. Who takes more than a pool holds
has a claim on what comes next, since goods are often handed out before their receipt is written down; so no layer is
ever negative. Who names a lot claims that lot, and leaves others alone that lie there: it is what the books by lot say.
What is still claimed in the end is met by what is left, and came else from nowhere that anybody wrote down.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple


class Origin(NamedTuple):
    """Where goods came from: a receipt's line (fund, entry number), or something else by its `source`.

    `unit` is the worth of one unit in 10^-18 of `currency`.
    """

    source: str
    fund: str
    item: str
    lot: str
    n: int
    unit: int
    currency: str


class Grain(NamedTuple):
    """So many thousandths of what came from one origin, in that origin's item."""

    origin: Origin
    qty: int


class Piece(NamedTuple):
    """So many thousandths of the item that it now is, and the grains that it is made of."""

    lot: str
    qty: int
    grains: tuple[Grain, ...]

    def split(self, qty: int) -> tuple["Piece", "Piece"]:
        """So much of it, and the rest. Grains divide in proportion; no thousandth is lost or made."""
        if qty == self.qty:
            return self, Piece(self.lot, 0, ())
        taken, left = [], []
        for origin, whole in self.grains:
            part = whole * qty // self.qty
            if part:
                taken.append(Grain(origin, part))
            if whole > part:
                left.append(Grain(origin, whole - part))
        return Piece(self.lot, qty, tuple(taken)), Piece(self.lot, self.qty - qty, tuple(left))


@dataclass(slots=True)
class End:
    """Where goods end: an account at a place, for an item; each piece with the number of the entry that ended it."""

    account: str
    place: str
    item: str
    pieces: list[tuple[int, Piece]] = field(default_factory=list)


@dataclass(slots=True)
class Claim:
    """So much is owed, by order of `turn`, and goes to its destination when it comes, for entry number `n`."""

    turn: int
    qty: int
    to: "Destination"
    n: int


@dataclass(slots=True)
class Pool:
    """Layers by lot, each with the turn at which it came, and claims on what comes next. `place` and `item` name it;
    a pool on its way has no place, but the dispatch's id."""

    place: str
    item: str
    dispatch: str = ""
    layers: dict[str, deque[tuple[int, Piece]]] = field(default_factory=dict)
    claims: dict[str, deque[Claim]] = field(default_factory=dict)  # by the lot that was named, "" where none was

    def pieces(self) -> Iterator[Piece]:
        """What lies here."""
        return (piece for layers in self.layers.values() for _, piece in layers)

    def claim(self, lot: str, claim: Claim) -> None:
        """Somebody is owed what comes next, of a lot if one is named."""
        self.claims.setdefault(lot, deque()).append(claim)

    def claims_on(self, lot: str) -> deque[Claim] | None:
        """Who is owed what comes of a lot: those who named it, then those who named none."""
        return next((self.claims[name] for name in (lot, "") if self.claims.get(name)), None)

    def claimed(self) -> list[tuple[str, Claim]]:
        """All that is owed, each with the lot that was named, the first first."""
        found = [(lot, claim) for lot, claims in self.claims.items() for claim in claims]
        return sorted(found, key=lambda row: row[1].turn)

    def next_layers(self, lot: str) -> deque[tuple[int, Piece]] | None:
        """Where to take from next: the lot that was named, else what is in no named lot, else what came first."""
        for name in (lot, ""):
            if self.layers.get(name):
                return self.layers[name]
        return min(filter(None, self.layers.values()), key=lambda layers: layers[0][0], default=None)


Destination = Pool | End


class Flow:
    """All pools and ends, and goods moving between them. `unknown` names the origin of what nobody wrote down."""

    def __init__(self, unknown: Callable[[str, str], Origin]) -> None:
        self.pools: dict[tuple[str, str, str], Pool] = {}
        self.ends: dict[tuple[str, str, str], End] = {}
        self._unknown = unknown
        self._turns = count()

    def pool(self, place: str, item: str, dispatch: str = "") -> Pool:
        """The pool of an item at a place, or on the way of a dispatch."""
        key = place, item, dispatch
        return self.pools.get(key) or self.pools.setdefault(key, Pool(place, item, dispatch))

    def end(self, account: str, place: str, item: str) -> End:
        """Where goods of an item at a place end on an account."""
        key = account, place, item
        return self.ends.get(key) or self.ends.setdefault(key, End(account, place, item))

    def put(self, to: Destination, piece: Piece, n: int = 0) -> None:
        """Goods come to a pool, where what is claimed goes on at once, or to an end, for entry number `n`."""
        waiting = [(to, piece, n)]
        while waiting:
            to, piece, n = waiting.pop()
            if isinstance(to, End):
                to.pieces.append((n, piece))
                continue
            while piece.qty and (claims := to.claims_on(piece.lot)):
                claim = claims[0]
                part, piece = piece.split(min(claim.qty, piece.qty))
                claim.qty -= part.qty
                if not claim.qty:
                    claims.popleft()
                waiting.append((claim.to, part, claim.n))
            if piece.qty:
                to.layers.setdefault(piece.lot, deque()).append((next(self._turns), piece))

    def take(self, pool: Pool, qty: int, to: Destination, lot: str = "", n: int = 0) -> None:
        """Goods go from a pool: of the lot that was named, else the first that came first; the rest is claimed."""
        left = self._take_from(pool, qty, to, lot, n, only=bool(lot))
        if left:
            pool.claim(lot, Claim(next(self._turns), left, to, n))

    def _take_from(self, pool: Pool, qty: int, to: Destination, lot: str, n: int, only: bool = False) -> int:
        """Take what is there, of a lot `only` or of that before others; how much is still lacking."""
        while qty and (layers := pool.layers.get(lot) if only else pool.next_layers(lot)):
            turn, piece = layers.popleft()
            if piece.qty > qty:
                piece, rest = piece.split(qty)
                layers.appendleft((turn, rest))
            qty -= piece.qty
            self.put(to, piece, n)
        return qty

    def take_known(self, pool: Pool, qty: int, lot: str) -> list[Piece]:
        """Take goods at once; what the pool doesn't hold is made up by what nobody wrote down."""
        end = End("", pool.place, pool.item)
        left = self._take_from(pool, qty, end, lot, 0)
        taken = [piece for _, piece in end.pieces]
        return [*taken, *([self.unknown(pool, left)] if left else [])]

    def unknown(self, pool: Pool, qty: int) -> Piece:
        """Goods of which nobody wrote down where they came from."""
        return Piece("", qty, (Grain(self._unknown(pool.place, pool.item), qty),))

    def give_back(self, end: End, pool: Pool, qty: int) -> int:
        """Goods that had ended come back to a pool, the last first; how much is left to come."""
        qty -= _forgive(pool, end, qty)
        while qty and end.pieces:
            n, piece = end.pieces.pop()
            if piece.qty > qty:
                piece, rest = piece.split(qty)
                end.pieces.append((n, rest))
            qty -= piece.qty
            self.put(pool, piece)
        return qty

    def settle(self) -> list[tuple[Pool, int]]:
        """Meet the claims that are left, the first first: with what lies there of other lots, then with what nobody
        wrote down. How much of that, by pool."""
        claims = [(claim.turn, pool, lot, claim) for pool in self.pools.values() for lot, claim in pool.claimed()]
        made = []
        for _, pool, lot, claim in sorted(claims, key=lambda row: row[0]):
            if not claim.qty:
                continue  # what was found for an earlier one has met it
            qty, claim.qty = claim.qty, 0
            pool.claims[lot].popleft()
            left = self._take_from(pool, qty, claim.to, lot, claim.n)
            if left:
                made.append((pool, left))
                self.put(claim.to, self.unknown(pool, left), claim.n)
        return made


def _forgive(pool: Pool, end: End, qty: int) -> int:
    """Claims that only waited to end there are dropped, the last first: how much of them."""
    before = qty
    for _, claim in reversed(pool.claimed()):
        if claim.to is end:
            part = min(claim.qty, qty)
            claim.qty -= part
            qty -= part
    for lot, claims in pool.claims.items():
        pool.claims[lot] = deque(claim for claim in claims if claim.qty)
    return before - qty
