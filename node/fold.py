"""Folds the log into tables: stock by place, item and lot, the catalogue, and what was undone.

Equal sets of entries give equal tables, byte for byte, in any order of arrival, by any batches, after any restart. What
one batch brings is kept in memory and its cells are marked as unsettled; `settle` brings them up to date, and is called
before anybody reads. Each change moves a counter, the *turn*: where it isn't what this process left, another process
wrote, and what is kept in memory is dropped.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Any, Protocol, cast

import msgspec

from node import events, tables
from node.events import Count, Movement, Receipt, Repack, Void
from node.folding import books, happenings, wordless
from node.folding.cells import SIGNS, STOCK, Cell, Drain, Gain, count, move, newest, recount, take_back
from node.folding.happenings import Transit
from node.folding.names import NAMING, Names, forget_subject, stamp_of, subject_of
from node.folding.pending import Pending
from sync.log import Folded, Log

VERSION = 4
PENDING_LINES_MAX = 400_000  # about 50 bytes of memory each
NAME = "inventory"


class Node(Protocol):
    """What recording and reading need of a node. `clock` gives ms since 1970 UTC, `rng` random bytes."""

    log: Log
    fold: "Projector"
    keys: Any

    @property
    def db(self) -> Any: ...
    def clock(self) -> int: ...
    def rng(self, n: int, /) -> bytes: ...


class Here:
    """What a batch brought for one place: `touched` is at, n, at, n, … of its entries."""

    __slots__ = ("moves", "touched")

    def __init__(self) -> None:
        self.touched: list[int] = []
        self.moves: list[Movement | Gain | Drain] = []


class Projector:
    """The inventory as an application of the log; one that `reads_only` finds its tables there and up to date."""

    def __init__(self, db: Any, reads_only: bool = False) -> None:
        self.db = db
        self._log: Log | None = None
        self._pending: Pending | None = None
        self._voids: dict[bytes, set[bytes]] = {}
        self._turn = self._position = -1
        if reads_only:
            return
        with db.atomic("IMMEDIATE"):
            outdated = tables.exist(db) and self._version() != VERSION
            if outdated:
                tables.drop(db)
            tables.create(db)
            self._begin(-1 if outdated else VERSION)

    def attach(self, log: Log) -> None:
        """Say where entries are read from; tables of another version are made again from the log."""
        self._log = log
        if self._version() != VERSION:
            with log.transaction():
                self.refold(log.folded())

    def _version(self) -> int:
        rows = self._connection.execute("SELECT version FROM projection WHERE name = ?", (NAME,)).fetchall()
        return int(rows[0][0]) if rows else -1

    def _begin(self, version: int) -> None:
        sql = "INSERT OR IGNORE INTO projection (name, version, position, turn) VALUES (?, ?, -1, 0)"
        self._connection.execute(sql, (NAME, version))

    @property
    def _connection(self) -> Any:
        return self.db.connection()

    @property
    def _entries(self) -> Log:
        if self._log is None:
            raise RuntimeError("attach the log before anything is undone or settled")
        return self._log

    # the log's application

    decode = staticmethod(events.decode)

    def forget(self) -> None:
        """Drop what is kept in memory; cells that were pending will be recounted."""
        self._pending, self._voids, self._turn = None, {}, -1

    def refold(self, batches: Iterable[Sequence[Folded]]) -> None:
        """Clear every table and fold all from scratch."""
        tables.drop(self.db)
        tables.create(self.db)
        self._begin(VERSION)
        self.forget()
        for batch in batches:
            self.fold(batch)

    def fold(self, batch: Sequence[Folded]) -> None:
        """Take in newly folded entries; inside the transaction that stored them."""
        if not batch:
            return
        pending = self._recall()
        connection, transit = self._connection, Transit()
        again = self._take_voids(batch, pending, transit)
        places, names = self._take(batch, pending)
        self._keep(batch, transit)
        books.touch(connection, {place: here.touched for place, here in places.items()})
        for place, here in places.items():
            pending.move(place, here.moves)
        names.write(connection)
        self._name_again(again)
        marks = [(place, msgspec.json.encode(items).decode()) for place, items in pending.take_fresh()]
        connection.executemany("INSERT OR REPLACE INTO unsettled (place, items) VALUES (?, ?)", marks)
        self._moved_on(max(map(itemgetter(0), batch)))
        if pending.lines > PENDING_LINES_MAX:
            self._settle()

    def _recall(self) -> Pending:
        """What is pending in this process, or a fresh start where another process wrote."""
        sql = "SELECT turn, position FROM projection WHERE name = ?"
        turn, self._position = self._connection.execute(sql, (NAME,)).fetchone()
        if self._pending is None or turn != self._turn:
            self._turn = turn
            self._pending = Pending((place, item) for place, items in self._unsettled() for item in items)
            self._voids = {}
            for target, node in self._connection.execute("SELECT target, node FROM voided"):
                self._voids.setdefault(target, set()).add(node)
        return self._pending

    def _moved_on(self, position: int) -> None:
        sql = "UPDATE projection SET position = max(position, ?), turn = turn + 1 WHERE name = ?"
        self._connection.execute(sql, (position, NAME))
        self._turn += 1

    def _take_voids(self, batch: Sequence[Folded], pending: Pending, transit: Transit) -> set[str]:
        """Note what is undone before anything else, so that most of it is never counted in the first place.

        Gives the subjects of the catalogue of which something that was folded before is undone.
        """
        rows, here, again = [], None, set[str]()
        for entry in [entry for entry in batch if type(entry[7]) is Void]:
            target = events.entry_id(cast(Void, entry.fact).target)
            if target is None:
                continue
            rows.append((target, entry.id, entry.node, entry.lamport, entry.n))
            is_first = entry.node not in self._voids.setdefault(target, set())
            self._voids[target].add(entry.node)
            here = here or {entry.id for entry in batch}
            if is_first and target not in here:
                again |= self._undo(target, entry.node, pending, transit)
        if rows:
            sql = "INSERT OR IGNORE INTO voided (target, void, node, lamport, n) VALUES (?, ?, ?, ?, ?)"
            self._connection.executemany(sql, sorted(rows))
        return again

    def _undo(self, target: bytes, node: bytes, pending: Pending, transit: Transit) -> set[str]:
        undone = self._entries.get(target)
        if undone is None or undone.node != node or undone.n > self._position:  # that one is still to come
            return set()
        transit.take(undone.id, undone.fact, -1)
        if isinstance(undone.fact, STOCK):
            pending.undo(undone.fact)
        subject = subject_of(undone)
        return {subject} if subject else set()

    def _stands(self, entry: Folded) -> bool:
        return entry.node not in self._voids.get(entry.id, ())

    def _keep(self, batch: Sequence[Folded], transit: Transit) -> None:
        """Write what is kept as it is, and what is now in transit."""
        kept = [entry for entry in batch if happenings.is_kept(entry.fact)]
        happenings.keep(self._connection, kept)
        for entry in filter(self._stands, kept):
            transit.take(entry.id, entry.fact)
        if transit.changes:
            transit.write(self._connection)

    def _name_again(self, subjects: set[str]) -> None:
        """Make the catalogue's rows of subjects anew, from the entries that stand and the words that are left."""
        names = Names()
        for subject in sorted(subjects):
            forget_subject(self._connection, subject)
            rows = self._connection.execute("SELECT n FROM named WHERE subject = ?", (subject,)).fetchall()
            for entry in filter(self._stands, self._entries.fetch([n for (n,) in rows])):
                names.take(entry)
        names.write(self._connection)

    def _take(self, batch: Sequence[Folded], pending: Pending) -> tuple[dict[str, Here], Names]:
        """Sort a batch by place, keep its counts as pending, and gather the rows of the catalogue."""
        places: defaultdict[str, Here] = defaultdict(Here)
        names, voids = Names(), self._voids
        for entry in batch:
            n, id, node, _, _, lamport, _, fact = entry
            kind = type(fact)
            if kind in SIGNS:
                moved = cast(Movement, fact)
                here = places[moved.place]
                here.touched += (moved.at, n)
                if id not in voids or node not in voids[id]:
                    here.moves.append(moved)
                if kind is Receipt:
                    names.lots_of(cast(Receipt, moved).lines, stamp_of(lamport, id))
            elif isinstance(fact, Repack):
                places[fact.place].touched += (fact.at, n)
                if id not in voids or node not in voids[id]:
                    places[fact.place].moves += (Drain(fact.at, fact.used), Gain(fact.at, fact.made))
                names.lots_of(fact.made, stamp_of(lamport, id))
            elif isinstance(fact, Count):
                places[fact.place].touched += (fact.at, n)
                if id not in voids or node not in voids[id]:
                    pending.count(fact, lamport, id)
            elif kind in NAMING and (id not in voids or node not in voids[id]):
                names.take(entry)
        return places, names

    # words taken out

    redactions = staticmethod(wordless.redactions)
    allows = staticmethod(wordless.allows)

    def reword(self, entries: Sequence[Folded]) -> None:
        """Folded entries have lost words: what is kept of them loses those, too."""
        self._recall()
        happenings.keep(self._connection, [entry for entry in entries if happenings.is_kept(entry.fact)])
        self._name_again({subject for entry in entries if (subject := subject_of(entry))})
        self._moved_on(-1)

    # bringing cells up to date

    def settle(self) -> None:
        """Bring every cell up to date; costs next to nothing where all are."""
        if not self.is_settled():
            with self._entries.transaction():
                self._settle()

    def is_settled(self) -> bool:
        """Whether every cell is up to date."""
        return not self._connection.execute("SELECT 1 FROM unsettled LIMIT 1").fetchone()

    def _settle(self) -> None:
        pending, connection = self._recall(), self._connection
        for place, items in self._unsettled():
            written = books.load(connection, place, items)
            stale = [item for item in items if item in written]
            books.save(connection, place, stale, items, self._settled(pending, place, items, written))
        connection.execute("DELETE FROM unsettled")
        self._moved_on(-1)
        self._pending = Pending(())

    def _unsettled(self) -> list[tuple[str, list[str]]]:
        """The items that lag behind the log, by place."""
        rows = self._connection.execute("SELECT place, items FROM unsettled ORDER BY place").fetchall()
        return [(place, msgspec.json.decode(items, type=list[str])) for place, items in rows]

    def _settled(self, pending: Pending, place: str, items: list[str], cells: dict[str, Cell]) -> dict[str, Cell]:
        """A place's written cells brought up to date: from what is pending where that suffices, else from the log."""
        here = pending.of(place)
        for item in items:
            cells.setdefault(item, Cell())
        spoilt = {item for item, counts in here.counts.items() if not count(cells[item], counts)}
        spoilt |= move(cells, here.gains, 1) | move(cells, here.losses, -1)
        back = take_back(cells, here.undone_gains, 1), take_back(cells, here.undone_losses, -1)
        spoilt |= back[0][0] | back[1][0]
        spoilt |= {item for item in items if (place, item) in pending.lost}
        faded = (back[0][1] | back[1][1]) - spoilt
        if faded:
            self._age(place, faded, cells)
        if spoilt:
            cells = {item: cell for item, cell in cells.items() if item not in spoilt}
            cells.update(recount(self._standing(place), sorted(spoilt)))
        return cells

    def _age(self, place: str, items: set[str], cells: dict[str, Cell]) -> None:
        """Look up when the newest fact of items was, after that one was undone; a cell without any fact vanishes."""
        times = newest(self._standing(place), items)
        for item in items:
            if item in times:
                cells[item].newest = times[item]
            else:
                del cells[item]

    def _standing(self, place: str, until: int | None = None) -> Iterator[Folded]:
        """Entries of a place that aren't undone, newest first."""
        for entry in books.newest_first(self._connection, self._entries.fetch, place, until):
            if self._stands(entry):
                yield entry

    def history(self, place: str) -> list[Folded]:
        """The entries that moved or counted something at a place and stand, in the order in which they took place."""
        self._recall()
        return list(self._standing(place))[::-1]

    def cells(self, place: str, items: Sequence[str]) -> dict[str, Cell]:
        """Items at a place as they stand; those without any fact are left out."""
        self.settle()
        return books.load(self._connection, place, items)

    def cells_at(self, place: str, items: Sequence[str], until: int, without: bytes = b"") -> dict[str, Cell]:
        """The same at a time (ms) by what is known now, as if an entry had never been; inside a transaction."""
        cells = self.cells(place, items)
        later = [item for item, cell in cells.items() if without or cell.newest > until]
        if later:
            self._recall()
            past = recount((entry for entry in self._standing(place, until) if entry.id != without), later)
            cells = {item: cell for item, cell in cells.items() if item not in later} | past
        return cells

    # what it comes to

    def digest(self) -> str:
        """SHA-256 in hex over all that the fold says, the same on every node that folds the same entries."""
        self.settle()
        whole = sha256(b"bucketline inventory\0")
        for table, columns, order in tables.ANSWER:
            whole.update(table.encode() + b"\0")
            for row in self._connection.execute(f"SELECT {columns} FROM {table} ORDER BY {order}"):
                whole.update(msgspec.json.encode(row) + b"\n")
        return whole.hexdigest()
