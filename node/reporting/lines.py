"""The tables of movements on disk: cells by number, rows in and out, exact sums, counts, and what is stale."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec

from node.folding.books import Connection, fitting
from node.reporting.posting import UNEXPLAINED, Key, Posting, Seen

Row = tuple[int, str, int, int, int, Any, str]  # cell, account, at, n, line, qty, other
_INSERT = "INSERT OR REPLACE INTO movement (cell, account, at, n, line, qty, other) VALUES (?, ?, ?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM movement WHERE cell = ? AND account = ? AND at = ? AND n = ? AND line = ?"
_COUNT = (
    "INSERT OR REPLACE INTO movement_count (place, item, at, n, line, lot, qty, split) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_STALE = (
    "INSERT INTO movement_stale (place, item, since) VALUES (?, ?, ?)"
    " ON CONFLICT (place, item) DO UPDATE SET since = min(since, excluded.since)"
)
SPLIT = list[tuple[str, int]]


class Lines:
    """Rows of movements in one database."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._cells: dict[Key, int] = {}

    def cell(self, key: Key) -> int:
        """The number of a cell, a new one if it has none."""
        if key not in self._cells:
            self._cells[key] = self._find(key) or self._add(key)
        return self._cells[key]

    def _find(self, key: Key) -> int:
        sql = "SELECT no FROM movement_cell WHERE place = ? AND item = ? AND lot = ?"
        rows = self.connection.execute(sql, key).fetchall()
        return int(rows[0][0]) if rows else 0

    def _add(self, key: Key) -> int:
        sql = "INSERT INTO movement_cell (place, item, lot) VALUES (?, ?, ?)"
        return int(self.connection.execute(sql, key).lastrowid)

    def row(self, at: int, n: int, one: Posting) -> Row:
        """A posting of an entry (its time in ms and its number) as its row."""
        return self.cell(one.key), one.account, at, n, one.line, fitting(one.qty), one.other

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows, by their order on the disk."""
        self.connection.executemany(_INSERT, sorted(rows, key=itemgetter(0, 1, 2, 3, 4)))

    def erase(self, rows: Iterable[Row]) -> None:
        """Take rows away; those that aren't there don't matter."""
        self.connection.executemany(_DELETE, [row[:5] for row in rows])

    # counts

    def write_counts(self, counts: Iterable[tuple[str, str, Seen]]) -> None:
        """Add lines of counts, each with its place and item."""
        rows = [
            (place, item, *seen[:4], fitting(seen.qty), msgspec.json.encode(seen.split).decode())
            for place, item, seen in counts
        ]
        self.connection.executemany(_COUNT, rows)

    def erase_counts(self, counts: Iterable[tuple[str, str, Seen]]) -> None:
        """Take lines of counts away."""
        sql = "DELETE FROM movement_count WHERE place = ? AND item = ? AND at = ? AND n = ? AND line = ?"
        self.connection.executemany(sql, [(place, item, *seen[:3]) for place, item, seen in counts])

    def counts(self, place: str, item: str, since: int) -> list[Seen]:
        """The lines of counts of an item at a place from a time (ms) on."""
        sql = "SELECT at, n, line, lot, qty, split FROM movement_count WHERE place = ? AND item = ? AND at >= ?"
        rows = self.connection.execute(sql, (place, item, since)).fetchall()
        return [
            Seen(at, n, line, lot, int(qty), msgspec.json.decode(split, type=SPLIT))
            for at, n, line, lot, qty, split in rows
        ]

    # what is stale

    def mark(self, touched: Iterable[tuple[str, str, int]]) -> None:
        """Something changed of items at places, from these times (ms) on."""
        self.connection.executemany(_STALE, touched)

    def stale(self) -> list[tuple[str, str, int]]:
        """Items at places of which the unexplained has to be found again, with the time from which on."""
        return list(self.connection.execute("SELECT place, item, since FROM movement_stale ORDER BY place, item"))

    def clear_stale(self) -> None:
        """Nothing is stale any more."""
        self.connection.execute("DELETE FROM movement_stale")

    # reading an item at a place

    def cells(self, place: str, item: str) -> dict[int, str]:
        """The cells of an item at a place: the lot by the number."""
        sql = "SELECT no, lot FROM movement_cell WHERE place = ? AND item = ?"
        return dict(self.connection.execute(sql, (place, item)).fetchall())

    def erase_unexplained(self, cells: Iterable[int], since: int) -> int:
        """Forget what counts left unexplained from a time (ms) on; how many rows that were."""
        sql = "DELETE FROM movement WHERE cell = ? AND account = ? AND at >= ?"
        return sum(self.connection.execute(sql, (no, UNEXPLAINED, since)).rowcount for no in cells)

    def since(self, cell: int, at: int) -> Iterator[Row]:
        """A cell's rows from a time (ms) on, account by account."""
        yield from self.connection.execute("SELECT * FROM movement WHERE cell = ? AND at >= ?", (cell, at))

    def sums(self, cell: int, before: int) -> dict[str, int]:
        """What each account of a cell came to before a time (ms)."""
        found = exact_sums(self.connection, "account", "cell = ? AND at < ?", (cell, before))
        return {account: qty for account, _, qty in found}


def exact_sums(
    connection: Connection, group: str, where: str, values: Sequence[Any], since: int | None = None
) -> list[tuple[Any, ...]]:
    """The columns to group by, then the sum of quantities before a time (ms; 0 where none is given) and of the rest.

    By the database, where that is exact.
    """
    before, after = "0", "sum(qty)"
    if since is not None:
        before, after = (f"sum(CASE WHEN at {sign} {int(since)} THEN qty ELSE 0 END)" for sign in ("<", ">="))
    try:
        sql = f"SELECT {group}, {before}, {after} FROM movement WHERE {where} GROUP BY {group}"
        rows: list[tuple[Any, ...]] = connection.execute(sql, values).fetchall()
        if float not in {type(qty) for qty in chain(map(itemgetter(-1), rows), map(itemgetter(-2), rows))}:
            return rows
    except sqlite3.OperationalError as error:
        if "overflow" not in str(error):
            raise
    return _sums_beyond(connection, group, where, values, since)


def _sums_beyond(
    connection: Connection, group: str, where: str, values: Sequence[Any], since: int | None
) -> list[tuple[Any, ...]]:
    """The same where sums, or single lines, exceed what the database can add."""
    found: dict[tuple[Any, ...], list[int]] = {}
    rows = connection.execute(f"SELECT {group}, at, qty FROM movement WHERE {where} ORDER BY {group}", values)
    for *key, at, qty in rows:
        found.setdefault(tuple(key), [0, 0])[since is None or at >= since] += int(qty)
    return [(*key, *sums) for key, sums in found.items()]
