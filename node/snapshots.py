"""A node as of one moment, on a connection of its own: it holds up nobody who writes, however long it is read.

SQLite in WAL mode lets one transaction read what was there when it began, while others go on writing. A report that
takes minutes is made from such a snapshot; what it lacks is caught up with before, in transactions of their own.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, cast

import peewee

from node import events
from node.fold import Node, Projector
from sync.log import Log
from sync.reader import Reader
from sync.store import Store

_PRAGMAS = {"query_only": 1, "cache_size": -16_000}  # KiB
_BUSY_SECONDS = 30


class SnapshotLog(Reader):
    """The log as it was: what can be read of it."""

    def __init__(self, db: Any, network: bytes) -> None:
        super().__init__(Store(db), events.decode)
        self.db, self.network = db, network

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several reads together: all of a snapshot are as of one moment anyway."""
        with self._lock:
            yield


class Snapshot:
    """What reading needs of a node, as it was at one moment. Its keys and its clock are the node's own."""

    def __init__(self, node: Node, db: Any) -> None:
        self.db, self.keys, self.clock, self.rng = db, node.keys, node.clock, node.rng
        self.log = cast(Log, SnapshotLog(db, node.log.network))
        self.fold = Projector(db, reads_only=True)
        self.fold.attach(self.log)


@contextmanager
def taken(
    node: Node,
    catch_up: Callable[[Node], None] = lambda _: None,
    is_current: Callable[[Node], bool] = lambda _: True,
) -> Iterator[Node]:
    """A node as of a moment at which its stock, and whatever `catch_up` writes, lagged behind nothing.

    A node that is a snapshot itself, or has no file of its own, is read as it is, under its lock.
    """
    if not _has_file(node):
        with _held(node, catch_up, is_current):
            yield node
        return
    while True:
        catch_up(node)  # piece by piece, with others writing in between
        with ExitStack() as kept:
            then = kept.enter_context(_begun(node, catch_up))
            if then.fold.is_settled() and is_current(then):  # else another process wrote just then
                yield then
                return


@contextmanager
def _begun(node: Node, catch_up: Callable[[Node], None]) -> Iterator[Node]:
    """A snapshot of what there is when the last of it has been caught up with."""
    db = peewee.SqliteDatabase(node.db.database, pragmas=_PRAGMAS, timeout=_BUSY_SECONDS, check_same_thread=False)
    with closing(db), ExitStack() as kept:
        with node.log.reading():  # so that nothing of this process comes in between
            catch_up(node)
            node.fold.settle()
            db.connect()
            kept.enter_context(db.atomic())
            then = Snapshot(node, db)
            then.log.tick()  # the first read: from here on it stands still
        yield cast(Node, then)


@contextmanager
def _held(node: Node, catch_up: Callable[[Node], None], is_current: Callable[[Node], bool]) -> Iterator[None]:
    """The same without a connection of its own: who writes waits."""
    while True:
        catch_up(node)
        node.fold.settle()
        with node.log.reading(), node.db.atomic():
            if is_current(node):
                yield
                return


def _has_file(node: Node) -> bool:
    name = str(node.db.database)
    return not isinstance(node, Snapshot) and name not in ("", ":memory:") and not name.startswith("file:")
