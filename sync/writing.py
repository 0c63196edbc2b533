"""Writing to the one database of a node: one process-wide lock and one immediate transaction at a time.

A sequence number is never taken outside the transaction that uses it. What an entry means is the business of the
application, which is handed in.
"""

import gc
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import peewee

from sync.errors import DiskFull, Problem, TooMany
from sync.intake import Folded
from sync.reader import Reader
from sync.store import Store


class Application(Protocol):
    """What folds the entries. Every call but `decode` comes inside the transaction that stored them."""

    def decode(self, payload: bytes) -> object | None:
        """The fact in a payload, None for a type that isn't the application's; Malformed if it isn't strict JSON."""

    def fold(self, batch: Sequence[Folded]) -> None:
        """Take in newly folded entries: any order between logs, in order within one branch of a log.

        An entry that came without its payload has no fact; it is handed over again once a redaction says what it is.
        """

    def refold(self, batches: Iterable[Sequence[Folded]]) -> None:
        """Clear everything and fold all entries from scratch: a node was blocked."""

    def forget(self) -> None:
        """Drop what is kept in memory: a transaction was rolled back, or another process wrote."""


class Writer(Reader):
    """A reader that also writes, all or nothing, and tells the application when what it knows may be stale."""

    def __init__(self, db: peewee.SqliteDatabase, app: Application) -> None:
        super().__init__(Store(db), app.decode)
        self.db, self.app = db, app

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one writer at a time, re-entrant. Errors of the database become Problems."""
        with self._lock:
            if self._depth:
                yield
                return
            self._depth = 1
            try:
                with self.db.atomic("IMMEDIATE"), self.store.writing():
                    if self.store.tick() != self._tick_seen:
                        self._forget()
                    yield
                    self._tick_seen = self.store.tick()
            except BaseException as error:
                self._forget()
                problem = _as_problem(error)
                if problem is None:
                    raise
                raise problem from error
            finally:
                self._depth = 0

    def _forget(self) -> None:
        super()._forget()
        self.app.forget()


@contextmanager
def collector_paused() -> Iterator[None]:
    """A batch makes many small objects and no cycles: walking them over and over costs a tenth of a first exchange."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _as_problem(error: BaseException | None) -> Problem | None:
    # SQLite takes back by itself what no longer fits on the disk. The ROLLBACK that follows then fails, too, and would
    # hide why.
    while isinstance(error, (sqlite3.OperationalError, peewee.OperationalError)) and "cannot rollback" in str(error):
        error = error.__context__
    if isinstance(error, (sqlite3.OperationalError, peewee.OperationalError)):
        if "full" in str(error):
            return DiskFull("The disk is full.", kept="Nothing was recorded.", todo="Free some space, then try again.")
        if "locked" in str(error):
            return TooMany("Another program holds the database.", todo="Try again.", retry_after_s=2)
    return None
