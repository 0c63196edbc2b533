"""The rows of cells on disk: read, written, and found to be behind; and a place's entries, newest first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from struct import pack, unpack
from typing import Any, Protocol, TypeVar

from node.folding.cells import NEVER, Cell, Placed

CHUNK = 256  # entries fetched at a time when a place is read backwards
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

    One row a batch and place, packed, instead of one an entry: rows would be a fifth of what a first exchange writes.
    """
    rows = [
        (place, max(flat[::2]), min(flat[1::2]), pack(f"<{len(flat)}q", *flat))
        for place, flat in sorted(touched.items())
    ]
    connection.executemany("INSERT INTO touch (place, newest, n, packed) VALUES (?, ?, ?, ?)", rows)


def newest_first(
    connection: Connection, fetch: Callable[[Sequence[int]], Iterable[P]], place: str, until: int | None = None
) -> Iterator[P]:
    """The entries that moved or counted something at a place, from the time `until` back; fetched in chunks."""
    rows: list[tuple[int, int]] = []
    for (packed,) in connection.execute("SELECT packed FROM touch WHERE place = ?", (place,)):
        flat = unpack(f"<{len(packed) // 8}q", packed)
        rows.extend(zip(flat[::2], flat[1::2], strict=True))
    if until is not None:
        rows = [row for row in rows if row[0] <= until]
    rows.sort(reverse=True)
    chunk: list[int] = []
    for _, together in groupby(rows, key=itemgetter(0)):
        chunk.extend(n for _, n in together)  # equal times stay in one chunk: the log's order decides among them
        if len(chunk) >= CHUNK:
            yield from _in_order(fetch(chunk))
            chunk = []
    if chunk:
        yield from _in_order(fetch(chunk))


def _in_order(entries: Iterable[P]) -> list[P]:
    return sorted(entries, key=_order, reverse=True)


def _order(entry: Placed) -> tuple[int, int, bytes]:
    return getattr(entry.fact, "at", NEVER), entry.lamport, entry.id
