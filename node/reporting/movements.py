"""Keeps the tables of movements up to date: a row a line, from where it stopped in the log, when a report is asked for.

Nothing here is done while entries come in. What arrives late is put where it belongs: an undone entry loses its rows, a
dispatch that is heard of at last gives its arrivals their origin, and what counts left unexplained is found again from
the earliest change on. The tables depend on the entries alone and can be made again at any time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import peewee

from node.events import Arrival, Count, Dispatch, Void, is_entry_id
from node.fold import Node
from node.folding.cells import STOCK
from node.reporting.lines import Lines, Row
from node.reporting.posting import (
    NOWHERE,
    UNEXPLAINED,
    Moved,
    Posting,
    Seen,
    Way,
    postings,
    seen_in,
    sign,
    unexplained,
)
from node.tables.movements import MOVEMENTS
from sync.log import Folded, Log
from sync.rows import place as place_of

VERSION = 2
NAME = "movements"
SLICE = 40_000  # entries taken in one transaction
ROWS_MAX = 200_000  # kept in memory before they are written, sorted
Progress = Callable[[int], None]


@contextmanager
def up_to_date(node: Node, progress: Progress | None = None) -> Iterator[Any]:
    """The connection to tables of movements that lag behind nothing, as of one moment. `progress` is told how many
    entries were taken."""
    while True:
        with node.log.reading(), node.db.atomic():
            if is_current(node):
                yield node.db.connection()
                return
        refresh(node, progress)


def refresh(node: Node, progress: Progress | None = None) -> None:
    """Take what the tables lack, slice by slice, each in a transaction of its own."""
    _check_version(node)
    while not is_current(node) and not _take(node, progress):
        pass


def _take(node: Node, progress: Progress | None) -> bool:
    """Take a slice, in a transaction of its own; whether that was the last."""
    with node.log.transaction():
        taker = Taker(node, node.db.connection())
        done = taker.run(node.log.ends(), SLICE)
    if progress:
        progress(taker.count)
    return done


@contextmanager
def known_then(node: Node, tick: int) -> Iterator[Any]:
    """The same tables as they would be of what was known at a tick, in a database that vanishes afterwards."""
    with node.log.reading():
        ends = node.log.ends(tick)
    with known_up_to(node, ends) as connection:
        yield connection


@contextmanager
def known_up_to(node: Node, ends: Mapping[int, int], folder: Path | None = None) -> Iterator[Any]:
    """The same tables as they would be of what lies within these ends (branch: last sequence number), in a database
    that vanishes afterwards: a file in `folder`, or one without a name, of this use alone."""
    with TemporaryDirectory(prefix="movements", dir=folder) if folder else nullcontext() as inside:
        name = f"file:{Path(inside) / 'anew.db'}" if inside else "file:"
        db = peewee.SqliteDatabase(name, uri=True, pragmas={"synchronous": "off"})
        with closing(db):
            for table in MOVEMENTS:
                peewee.SchemaManager(table, db).create_all()
            with db.atomic():  # others may write meanwhile: what comes after these ends isn't looked at
                Taker(node, db.connection(), ends).run(ends)
                yield db.connection()


def rebuild(node: Node) -> None:
    """Forget the tables; they are made again when they are next asked for."""
    with node.log.transaction():
        for table in reversed(MOVEMENTS):
            peewee.SchemaManager(table, node.db).drop_all()
            peewee.SchemaManager(table, node.db).create_all()
        sql = "INSERT OR REPLACE INTO projection (name, version, position, turn) VALUES (?, ?, 0, 0)"
        node.db.connection().execute(sql, (NAME, VERSION))


def _check_version(node: Node) -> None:
    """Make the tables anew that another version wrote, or of which a part has left the books."""
    taken, ends = _taken(node.db.connection()), node.log.ends()
    shrank = any(seq > ends.get(branch, -1) for branch, seq in taken.items())
    if shrank or not is_of_this_version(node):
        rebuild(node)


def is_of_this_version(node: Node) -> bool:
    """Whether the tables were ever asked for, by this version."""
    sql = "SELECT version FROM projection WHERE name = ?"
    return bool(node.db.connection().execute(sql, (NAME,)).fetchall() == [(VERSION,)])


def is_current(node: Node) -> bool:
    """Whether the tables are of this version and lack nothing that has been folded."""
    is_all_taken = is_of_this_version(node) and _taken(node.db.connection()) == node.log.ends()
    return is_all_taken and not _readable(node.log, node.db.connection())


def _readable(log: Log, connection: Any) -> list[Folded]:
    """Entries that were blank when they were taken, of which it is known by now what they say."""
    ns = [n for (n,) in connection.execute("SELECT n FROM movement_blank").fetchall()]
    return [entry for entry in log.fetch(ns) if entry.fact is not None] if ns else []


def _taken(connection: Any) -> dict[int, int]:
    """How far each branch was taken."""
    return dict(connection.execute("SELECT branch, seq FROM movement_taken").fetchall())


class Taker:
    """Takes entries into tables of movements. With `known` (branch: last sequence number) only what lies within that
    counts as known, of undone entries and dispatches, too."""

    def __init__(self, node: Node, connection: Any, known: Mapping[int, int] | None = None) -> None:
        self.node, self.log, self.connection, self.known = node, node.log, connection, known
        self.lines = Lines(connection)
        self.count = 0
        self._taken_before: dict[int, int] = _taken(connection)
        self._rows: list[Row] = []
        self._counts: list[tuple[str, str, Seen]] = []
        self._touched: dict[tuple[str, str], int] = {}

    def run(self, ends: Mapping[int, int], most: int | None = None) -> bool:
        """Take what is new up to these ends, at most about so many entries; whether that is all of it."""
        taken = dict(self._taken_before)
        for branch, end in ends.items():
            while taken.get(branch, -1) < end:
                if most is not None and self.count >= most:
                    self._flush(taken)
                    return False
                taken[branch] = self._take_next(branch, taken.get(branch, -1), end)
        self._take_blank()
        self._flush(taken)
        self._explain()
        return True

    def _take_next(self, branch: int, after: int, end: int) -> int:
        """Take the next entries of a branch, as of one moment; the sequence number of the last of them."""
        with self.log.reading():
            batch = self.log.stretch(branch, after, end)
            self._take(batch)
        return batch[-1].seq if batch else end

    # entries into rows

    def _take(self, batch: list[Folded]) -> None:
        self.count += len(batch)
        voided = self._voided([entry for entry in batch if isinstance(entry.fact, STOCK)])
        for entry in batch:
            if isinstance(entry.fact, Void):
                self._undo(entry)
            elif isinstance(entry.fact, Dispatch):
                self._give_origin(entry)
            if isinstance(entry.fact, STOCK) and entry.id not in voided:
                self._add(entry)
        unread = [entry.n for entry in batch if entry.fact is None]
        blank = [(n,) for n in self.log.arrivals.blank(unread)]
        self.connection.executemany("INSERT OR IGNORE INTO movement_blank (n) VALUES (?)", blank)
        if len(self._rows) > ROWS_MAX:
            self._write()

    def _take_blank(self) -> None:
        """Entries that came without what they say, if that is known by now."""
        found = _readable(self.log, self.connection)
        self.connection.executemany("DELETE FROM movement_blank WHERE n = ?", [(entry.n,) for entry in found])
        self._take(found)

    def _postings(self, entry: Folded, way: Way | None = None) -> list[Posting]:
        fact = entry.fact
        if isinstance(fact, Arrival):
            return list(postings(fact, self._way(fact.dispatch) if way is None else way))
        return list(postings(fact))

    def _add(self, entry: Folded) -> None:
        at: int = getattr(entry.fact, "at", 0)
        for one in self._postings(entry):
            self._rows.append(self.lines.row(at, entry.n, one))
            self._touch(one.place, one.item, at)
        for place, item, seen in _counted(entry):
            self._counts.append((place, item, seen))
            self._touch(place, item, at)

    def _touch(self, place: str, item: str, at: int) -> None:
        self._touched[place, item] = min(at, self._touched.get((place, item), at))

    def _remove(self, entry: Folded, ways: Iterable[Way | None] = (None,)) -> None:
        """Take away the rows of an entry that was taken before."""
        self._write()
        at: int = getattr(entry.fact, "at", 0)
        for way in ways:
            found = self._postings(entry, way)
            self.lines.erase([self.lines.row(at, entry.n, one) for one in found])
            for one in found:
                self._touch(one.place, one.item, at)
        counts = list(_counted(entry))
        self.lines.erase_counts(counts)
        for place, item, _ in counts:
            self._touch(place, item, at)

    # what is known of other entries

    def _is_known(self, n: int) -> bool:
        if self.known is None:
            return True
        branch, seq = place_of(n)
        return seq <= self.known.get(branch, -1)

    def _voided(self, entries: list[Folded]) -> set[bytes]:
        """Those among entries that are undone."""
        authors, found = {entry.id: entry.node for entry in entries}, set[bytes]()
        ids = list(authors)
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            sql = f"SELECT target, node, n FROM voided WHERE target IN ({','.join('?' * len(part))})"
            rows = self.node.db.connection().execute(sql, part)
            found |= {target for target, node, n in rows if authors[target] == node and self._is_known(n)}
        return found

    def _way(self, dispatch: str) -> Way:
        """The way of a dispatch (hex id), undone or not; NOWHERE if nobody here has heard of it."""
        id = bytes.fromhex(dispatch) if is_entry_id(dispatch) else b""
        rows = self.node.db.connection().execute("SELECT place, dest, n FROM dispatch WHERE id = ?", (id,))
        return next((Way(place, to) for place, to, n in rows if self._is_known(n)), NOWHERE)

    def _give_origin(self, dispatch: Folded) -> None:
        """A dispatch is heard of: what arrived of it before came from nowhere until now."""
        if not self._taken_before:
            return
        sql = "SELECT n FROM arrival WHERE dispatch = ?"
        ns = [n for (n,) in self.node.db.connection().execute(sql, (dispatch.id.hex(),))]
        entries = self.log.fetch([n for n in ns if self._is_taken(n)]) if ns else []
        for entry in entries:
            self._remove(entry, (NOWHERE,))
        voided = self._voided(entries)
        for entry in entries:
            if entry.id not in voided:
                self._add(entry)

    def _is_taken(self, n: int) -> bool:
        """Whether an entry was taken in a run before this one, when its dispatch may not have been known."""
        branch, seq = place_of(n)
        return seq <= self._taken_before.get(branch, -1)

    def _undo(self, void: Folded) -> None:
        """An entry of the same node is undone."""
        target = getattr(void.fact, "target", "")
        found = self.log.get(bytes.fromhex(target)) if is_entry_id(target) else None
        if found and found.node == void.node and isinstance(found.fact, STOCK) and self._is_known(found.n):
            self._remove(found, (None, NOWHERE) if isinstance(found.fact, Arrival) else (None,))

    # rows onto the disk

    def _write(self) -> None:
        self.lines.write(self._rows)
        self.lines.write_counts(self._counts)
        self._rows.clear()
        self._counts.clear()

    def _flush(self, taken: Mapping[int, int]) -> None:
        self._write()
        self.lines.mark((place, item, at) for (place, item), at in self._touched.items())
        self._touched.clear()
        sql = "INSERT OR REPLACE INTO movement_taken (branch, seq) VALUES (?, ?)"
        self.connection.executemany(sql, list(taken.items()))

    # what counts left unexplained

    def _explain(self) -> None:
        for place, item, since in self.lines.stale():
            cells = self.lines.cells(place, item)
            self.lines.erase_unexplained(cells, since)
            counts = self.lines.counts(place, item, since)
            if counts:
                self._explain_cell(place, item, cells, counts)
        self._write()
        self.lines.clear_stale()

    def _explain_cell(self, place: str, item: str, cells: Mapping[int, str], counts: list[Seen]) -> None:
        since = min(seen.at for seen in counts)
        held = {lot: _on_hand(self.lines.sums(no, since)) for no, lot in cells.items()}
        rows = [(lot, row) for no, lot in cells.items() for row in self.lines.since(no, since)]
        with self.log.reading():
            orders = self.log.arrivals.orders(sorted({row[3] for _, row in rows} | {seen.n for seen in counts}))
        moved = [
            Moved((at, *orders[n], line), lot, sign(account) * int(qty))
            for lot, (_, account, at, n, line, qty, _) in rows
        ]
        seen = [((one.at, *orders[one.n], one.line), one) for one in counts]
        for one, lot, missing in unexplained(held, moved, seen):
            posted = Posting(one.line, place, item, lot, UNEXPLAINED, missing)
            self._rows.append(self.lines.row(one.at, one.n, posted))


def _on_hand(sums: Mapping[str, int]) -> int:
    return sum(sign(account) * qty for account, qty in sums.items())


def _counted(entry: Folded) -> Iterator[tuple[str, str, Seen]]:
    if isinstance(entry.fact, Count):
        for item, seen in seen_in(entry.fact):
            yield entry.fact.place, item, seen._replace(n=entry.n)
