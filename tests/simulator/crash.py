"""A database and a fence that break between any two statements, as a process does that is killed."""

import sqlite3
from collections.abc import Iterable
from typing import Any

import peewee

from node import files

WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "BEGIN")
FAULTS = {"full": "database or disk is full", "locked": "database is locked"}


class Crash(BaseException):
    """A process ended here. Nothing that it would have done next is done: no handler of errors may catch this."""


class Fuse:
    """Counts down the statements that a process has left. A process whose fuse has burnt does nothing more.

    `fault` is one write that fails once, after which the process goes on: (how many writes from now, a key of FAULTS).
    """

    def __init__(self) -> None:
        self.left: int | None = None
        self.fault: tuple[int, str] | None = None
        self.dead = False

    def write(self, sql: str) -> None:
        """A statement that may fail without ending the process."""
        if self.fault is None or not sql.lstrip().startswith(WRITES):
            return
        left, kind = self.fault
        if left or (kind == "locked") != sql.startswith("BEGIN"):
            self.fault = max(0, left - 1), kind
            return
        self.fault = None
        raise sqlite3.OperationalError(FAULTS[kind])

    def burn(self) -> None:
        """One step of the process; Crash where it was its last, and ever after."""
        if self.left is not None and not self.dead:
            self.left -= 1
            self.dead = self.left < 0
        if self.dead:
            raise Crash


class _Cursor(sqlite3.Cursor):
    fuse: Fuse

    def execute(self, sql: str, values: Any = ()) -> "_Cursor":
        self.fuse.burn()
        self.fuse.write(sql)
        super().execute(sql, values)
        if sql == "COMMIT":  # it is on the disk, and nobody has been told
            self.fuse.burn()
        return self

    def executemany(self, sql: str, rows: Iterable[Any]) -> "_Cursor":
        self.fuse.burn()
        self.fuse.write(sql)
        return super().executemany(sql, rows)  # type: ignore[return-value]


class _Connection:
    """One process's view of a disk: several may share it, and each burns its own fuse."""

    def __init__(self, disk: sqlite3.Connection, fuse: Fuse) -> None:
        self._disk, self._fuse = disk, fuse

    def cursor(self) -> _Cursor:
        made = self._disk.cursor(_Cursor)
        made.fuse = self._fuse
        return made

    def execute(self, sql: str, values: Any = ()) -> _Cursor:
        return self.cursor().execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Any]) -> _Cursor:
        return self.cursor().executemany(sql, rows)

    def close(self) -> None:
        """The disk outlives every process."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._disk, name)


class Database(peewee.SqliteDatabase):
    """peewee over a disk in memory that outlives this object, in whatever thread."""

    def __init__(self, disk: sqlite3.Connection, fuse: Fuse) -> None:
        pragmas = {"secure_delete": files.PRAGMAS["secure_delete"]}
        super().__init__(":memory:", pragmas=pragmas, thread_safe=True)
        self._disk, self._fuse = disk, fuse

    def _connect(self) -> _Connection:
        found = _Connection(self._disk, self._fuse)
        self._add_conn_hooks(found)
        return found


class Fence:
    """The fence of one machine, as one process writes it: a process may die just before or just after."""

    def __init__(self, held: list[tuple[bytes, int] | None], fuse: Fuse) -> None:
        self._held, self._fuse = held, fuse

    def read(self) -> tuple[bytes, int] | None:
        """See sync.fence.Fence."""
        return self._held[0]

    def write(self, log: bytes, seq: int) -> None:
        """See sync.fence.Fence."""
        self._fuse.burn()
        self._held[0] = log, seq
        self._fuse.burn()


def new_disk(copy_of: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """An empty database in memory, or a copy of another as it is now."""
    disk = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    disk.execute("PRAGMA secure_delete = OFF")  # as in most builds: what is freed is not overwritten by itself
    if copy_of is not None:
        copy_of.backup(disk)
    return disk
