"""The rows of cells on disk: read, written, and found to be behind; and a place's entries, newest first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import chain, groupby
from operator import itemgetter
from struct import pack, unpack
from typing import Any, Protocol, TypeVar

from node.folding.cells import NEVER, Cell, Placed

CHUNK_MIN, CHUNK_MAX = 32, 512  # entries fetched at a time when a place is read backwards, ever more of them
PAIRS = 128  # entries named in one row of a place's touches
ITEMS_MAX = 100  # named in one statement; for more of them a place is read whole
P = TypeVar("P", bound=Placed)


class Connection(Protocol):
    """What is used of a database connection."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Any: ...
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Any: ...


def load(connection: Connection, place: str, items: Sequence[str]) -> dict[str, Cell]:
    """The written cells of these items at a place."""
    found = {}
    where, values = "place = ?", (place, *items)
    if len(items) <= ITEMS_MAX:
        where += f" AND item IN ({','.join('?' * len(items))})"
    else:
        values = (place,)
    for item, at, counted in connection.execute(f"SELECT item, at, counted FROM cell WHERE {where}", values):
        found[item] = Cell(at, NEVER if counted is None else counted)
    sql = f"SELECT item, lot, qty, counted FROM stock WHERE {where}"
    for item, lot, qty, counted in connection.execute(sql, values):
        cell = found[item]
        cell.lots[lot] = int(qty)
        if counted is not None:
            cell.lot_counted[lot] = counted
    return found


def save(
    connection: Connection, place: str, stale: Sequence[str], items: Sequence[str], cells: dict[str, Cell]
) -> None:
    """Write the cells of these items in place of those on disk (`stale`); those that hold no fact any more vanish."""
    keys = [(place, item) for item in stale]
    connection.executemany("DELETE FROM cell WHERE place = ? AND item = ?", keys)
    connection.executemany("DELETE FROM stock WHERE place = ? AND item = ?", keys)
    kept = [(item, cells[item]) for item in items if item in cells]
    connection.executemany(
        "INSERT INTO cell (place, item, at, counted) VALUES (?, ?, ?, ?)",
        [(place, item, cell.newest, _known(cell.counted)) for item, cell in kept],
    )
    connection.executemany(
        "INSERT INTO stock (place, item, lot, qty, counted) VALUES (?, ?, ?, ?, ?)",
        [
            (place, item, lot, fitting(qty), cell.lot_counted.get(lot))
            for item, cell in kept
            for lot, qty in cell.lots.items()
            if qty or lot in cell.lot_counted
        ],
    )


def _known(at: int) -> int | None:
    return None if at == NEVER else at


def fitting(qty: int) -> int | str:
    """A quantity as SQLite can hold it exactly: beyond 64 bits as text."""
    return qty if -(2**63) <= qty < 2**63 else str(qty)


def touch(connection: Connection, touched: Mapping[str, Sequence[int]]) -> None:
    """Note for each place which entries of a batch moved or counted something there: at, n, at, n, …

    Packed by the hundred instead of one row an entry: rows would be a fifth of what a first exchange writes.
    """
    rows = [row for place, flat in sorted(touched.items()) for row in _packed(place, flat)]
    connection.executemany("INSERT INTO touch (place, newest, n, packed) VALUES (?, ?, ?, ?)", rows)


def _packed(place: str, flat: Sequence[int]) -> Iterator[tuple[str, int, int, bytes]]:
    """The rows of one place, each of a stretch of time, so that who reads back reads no more than it needs."""
    pairs = sorted(zip(flat[::2], flat[1::2], strict=True))
    for start in range(0, len(pairs), PAIRS):
        part = pairs[start : start + PAIRS]
        yield place, part[-1][0], min(n for _, n in part), pack(f"<{2 * len(part)}q", *chain.from_iterable(part))


def newest_first(
    connection: Connection, fetch: Callable[[Sequence[int]], Iterable[P]], place: str, until: int | None = None
) -> Iterator[P]:
    """The entries that moved or counted something at a place, from the time `until` back; fetched in chunks."""
    chunk, size = list[int](), CHUNK_MIN
    for at, together in groupby(_touched(connection, place), key=itemgetter(0)):
        if until is not None and at > until:
            continue
        chunk.extend(n for _, n in together)  # equal times stay in one chunk: the log's order decides among them
        if len(chunk) >= size:
            yield from _in_order(fetch(chunk))
            chunk, size = [], min(2 * size, CHUNK_MAX)
    if chunk:
        yield from _in_order(fetch(chunk))


def _touched(connection: Connection, place: str) -> Iterator[tuple[int, int]]:
    """Pairs of at and n of a place, the newest first; a row is opened only when it can hold the next of them."""
    waiting: list[tuple[int, int]] = []  # a heap, of negative numbers: the newest is on top
    rows = connection.execute("SELECT newest, packed FROM touch WHERE place = ? ORDER BY newest DESC", (place,))
    for newest, packed in rows:
        while waiting and -waiting[0][0] > newest:
            at, n = heappop(waiting)
            yield -at, -n
        flat = unpack(f"<{len(packed) // 8}q", packed)
        for at, n in zip(flat[::2], flat[1::2], strict=True):
            heappush(waiting, (-at, -n))
    yield from ((-at, -n) for at, n in sorted(waiting))


def _in_order(entries: Iterable[P]) -> list[P]:
    return sorted(entries, key=_order, reverse=True)


def _order(entry: Placed) -> tuple[int, int, bytes]:
    return getattr(entry.fact, "at", NEVER), entry.lamport, entry.id
