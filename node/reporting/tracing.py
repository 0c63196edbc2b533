"""The history played once more with layers instead of sums: which gift went where, in the order of events.

Goods of the lot that an entry names are taken first, then what lies in no named lot, then what came first of all; so
that each thousandth that the books move is of some gift. What a count finds beyond the books is what was missing
before, as far as something was.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from node.events import Arrival, Count, Dispatch, Distribution, Loss, Receipt, Repack
from node.fold import Node
from node.reporting.asked import View
from node.reporting.layers import Flow, Grain, Origin, Piece, Pool
from node.reporting.posting import DISTRIBUTED, LOST_ON_THE_WAY, REPACKED, UNEXPLAINED, lost
from sync.log import Folded
from sync.writing import collector_paused

GIVEN, FOUND, MADE, UNRECORDED = "given", "found in a count", "made of nothing recorded", "not recorded"
GIVEN_BACK = "given_back"
_PART = 2000  # entries read at a time
Order = tuple[int, int, bytes]


class Tracer:
    """Plays the entries that stand, up to a time (ms), into a flow of layers."""

    def __init__(self, view: View) -> None:
        self.view, self.node = view, view.node
        self.place, self.item = view.words.same_places.head, view.words.same_items.head
        self.flow = Flow(self._unrecorded)
        self.given: list[Grain] = []  # what came from anywhere, in the order in which it came
        self.owed: list[tuple[Pool, int]] = []  # what pools gave beyond what is known to have come
        self._n = 0

    def run(self) -> "Tracer":
        """Play all, and meet what is claimed in the end."""
        missing = _unexplained(self.view)
        with collector_paused():  # pieces are many and know nothing of each other
            for entry in _in_order(self.node, self.view):
                self._n = entry.n
                self._play(entry, missing)
        self._n = 0
        owed = self.flow.settle()
        self.given += [Grain(self._unrecorded(pool.place, pool.item), qty) for pool, qty in owed]
        self.owed += owed
        return self

    def _play(self, entry: Folded, missing: Mapping[int, dict[tuple[str, str], int]]) -> None:
        fact = entry.fact
        if isinstance(fact, Receipt):
            self._receive(fact)
        elif isinstance(fact, Distribution):
            self._end(DISTRIBUTED, fact.place, fact.lines)
        elif isinstance(fact, Loss):
            self._end(lost(fact.reason), fact.place, fact.lines)
        elif isinstance(fact, Dispatch):
            self._send(entry.id.hex(), fact)
        elif isinstance(fact, Arrival):
            self._arrive(fact)
        elif isinstance(fact, Repack):
            self._repack(fact)
        elif isinstance(fact, Count):
            for (place, item), qty in missing.get(entry.n, {}).items():
                self._miss(self.flow.pool(place, item), qty)

    # where goods come from

    def _origin(self, source: str, item: str, lot: str, head: str) -> Origin:
        worth, is_given = self.view.worth, source == GIVEN
        unit, currency = worth.unit(item, lot)
        return Origin(source, worth.fund(item, lot) if is_given else "", head, lot, self._n, unit, currency)

    def _new(self, source: str, item: str, lot: str, qty: int) -> Piece:
        grain = Grain(self._origin(source, item, lot, self.item(item)), qty)
        self.given.append(grain)
        return Piece(lot, qty, (grain,))

    def _unrecorded(self, place: str, item: str) -> Origin:
        return self._origin(UNRECORDED, item, "", item)

    def _receive(self, fact: Receipt) -> None:
        for line in fact.lines:
            pool = self._pool(fact.place, line.item)
            if line.qty < 0:
                self._take(pool, -line.qty, GIVEN_BACK, line.lot)
            elif line.qty:
                self.flow.put(pool, self._new(GIVEN, line.item, line.lot, line.qty))

    def _pool(self, place: str, item: str) -> Pool:
        return self.flow.pool(self.place(place), self.item(item))

    # where they go

    def _end(self, account: str, place: str, lines: Sequence[Any]) -> None:
        for line in lines:
            self._use(account, self._pool(place, line.item), line.qty, line.lot)

    def _use(self, account: str, pool: Pool, qty: int, lot: str = "") -> None:
        """Goods end on an account; less than nothing comes back from there."""
        if qty < 0:
            left = self.flow.give_back(self.flow.end(account, pool.place, pool.item), pool, -qty)
            if left:
                self.flow.put(pool, self._new(FOUND, pool.item, "", left))
        elif qty:
            self._take(pool, qty, account, lot)

    def _take(self, pool: Pool, qty: int, account: str, lot: str) -> None:
        self.flow.take(pool, qty, self.flow.end(account, pool.place, pool.item), lot, self._n)

    def _miss(self, pool: Pool, qty: int) -> None:
        self._use(UNEXPLAINED, pool, qty)

    def _send(self, id: str, fact: Dispatch) -> None:
        for line in fact.lines:
            self._carry(self._pool(fact.place, line.item), self._way(id, line.item), line.qty, line.lot)

    def _way(self, id: str, item: str) -> Pool:
        return self.flow.pool("", self.item(item), id)

    def _carry(self, origin: Pool, to: Pool, qty: int, lot: str) -> None:
        if qty < 0:
            origin, to = to, origin
        self.flow.take(origin, abs(qty), to, lot)

    def _arrive(self, fact: Arrival) -> None:
        for line in fact.lines:
            way, here = self._way(fact.dispatch, line.item), self._pool(fact.place, line.item)
            self._carry(way, here, line.qty, line.lot)
            for account, qty in zip(LOST_ON_THE_WAY, (line.damaged, line.missing), strict=True):
                self._lose(account, way, here, qty, line.lot)

    def _lose(self, account: str, way: Pool, here: Pool, qty: int, lot: str) -> None:
        """Goods are lost on their way; less than nothing is found again there."""
        if qty > 0:
            self.flow.take(way, qty, self.flow.end(account, here.place, here.item), lot, self._n)
        elif qty:
            self._use(account, here, qty, lot)
            self._carry(way, here, qty, lot)

    # what becomes something else

    def _repack(self, fact: Repack) -> None:
        used = [line for line in fact.used if line.qty > 0]
        made = [line for line in fact.made if line.qty > 0]
        used += [_turned(line) for line in fact.made if line.qty < 0]
        made += [_turned(line) for line in fact.used if line.qty < 0]
        grains = [grain for line in used for grain in self._taken(fact.place, line)]
        shares = _shares(grains, [(self.item(line.item), line.qty) for line in made])
        for line, share in zip(made, shares, strict=True):
            pool = self._pool(fact.place, line.item)
            piece = Piece(line.lot, line.qty, tuple(share))
            self.flow.put(pool, piece if used else self._new(MADE, line.item, line.lot, line.qty))
        if not made and grains:
            end = self.flow.end(REPACKED, self.place(fact.place), "")
            end.pieces.append((self._n, Piece("", 1, tuple(grains))))

    def _taken(self, place: str, line: Any) -> list[Grain]:
        pool = self._pool(place, line.item)
        pieces = self.flow.take_known(pool, line.qty, line.lot)
        grains = [grain for piece in pieces for grain in piece.grains]
        made_up = [grain for grain in grains if grain.origin.source == UNRECORDED and grain.origin.n == self._n]
        self.given += made_up
        self.owed += [(pool, grain.qty) for grain in made_up]
        return grains


def _turned(line: Any) -> Any:
    return type(line)(line.item, -line.qty, line.lot)


def _shares(grains: Sequence[Grain], made: Sequence[tuple[str, int]]) -> list[list[Grain]]:
    """Divide what was used over what was made: to goods of its own item first, then in proportion to quantities."""
    shares: list[list[Grain]] = [[] for _ in made]
    wanted = [qty for _, qty in made]
    rest = []
    for origin, left in grains:
        for at in [at for at, (item, _) in enumerate(made) if item == origin.item]:
            part = min(left, wanted[at])
            shares[at] += [Grain(origin, part)] if part else []
            wanted[at] -= part
            left -= part
        rest.append(Grain(origin, left))
    open_lines = [at for at, qty in enumerate(wanted) if qty] or list(range(len(made)))
    for grain in rest:
        _spread(grain, shares, open_lines, [made[at][1] for at in open_lines])
    return shares


def _spread(grain: Grain, shares: list[list[Grain]], lines: Sequence[int], weights: Sequence[int]) -> None:
    qty, whole = grain.qty, sum(weights)
    for at, weight in zip(lines, weights, strict=True):
        part = qty * weight // whole
        qty, whole = qty - part, whole - weight
        if part:
            shares[at].append(Grain(grain.origin, part))


# the entries, in order


def _unexplained(view: View) -> dict[int, dict[tuple[str, str], int]]:
    """What each count left unexplained, by its number, place and item: over all lots, since goods keep theirs."""
    found: dict[int, dict[tuple[str, str], int]] = {}
    place, item = view.words.same_places.head, view.words.same_items.head
    sql = (
        "SELECT m.n, c.place, c.item, m.qty FROM movement m JOIN movement_cell c ON c.no = m.cell"
        " WHERE m.account = ? ORDER BY m.n, m.line, c.place, c.item, c.lot"
    )
    for n, spot, goods, qty in view.connection.execute(sql, (UNEXPLAINED,)):
        sums, key = found.setdefault(n, {}), (place(spot), item(goods))
        sums[key] = sums.get(key, 0) + int(qty)
    return found


def _in_order(node: Node, view: View) -> Iterator[Folded]:
    """The entries that stand, in the order in which they took place; an arrival never before its dispatch."""
    where, values = view.within
    sql = f"SELECT DISTINCT n, at FROM movement WHERE {where}"
    times = dict(view.connection.execute(sql, values).fetchall())
    orders = {n: (times[n], *order) for n, order in node.log.arrivals.orders(sorted(times)).items()}
    for n, dispatch in _after(view, orders):
        orders[n] = max(orders[n], (*orders[dispatch][:2], orders[dispatch][2] + b"\0"))
    ns = sorted(orders, key=lambda n: orders[n])
    for start in range(0, len(ns), _PART):
        part = ns[start : start + _PART]
        entries = {entry.n: entry for entry in node.log.fetch(part)}
        yield from (entries[n] for n in part)


def _after(view: View, orders: Mapping[int, Order]) -> Iterator[tuple[int, int]]:
    """Arrivals with their dispatches, by number, where both are among these entries."""
    sql = "SELECT a.n, d.n FROM dispatch d CROSS JOIN arrival a ON a.dispatch = lower(hex(d.id))"
    for n, dispatch in view.node.db.connection().execute(sql).fetchall():
        if n in orders and dispatch in orders:
            yield n, dispatch
