"""The history as movements between accounts: what every journal and every table of movements is written from.

Entries are sorted on the disk and not in memory, so that a million lines take no more room than a thousand. Counts
are turned into what they made unexplained, by the same double entry that checks the books (`node.ledger`).
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import chain
from typing import Any, NamedTuple

from node import events, queries
from node.events import Dispatch, Void
from node.fold import Node
from node.ledger import STOCK, Ledger, post
from node.reporting.history_names import Names
from node.reporting.writing.moves import Account, Move
from node.telling import items_of

ON_THE_WAY = " on the way"
_TABLE = "CREATE TABLE fact (at INTEGER, lamport INTEGER, id BLOB, node BLOB, payload BLOB)"
_SORTED = "SELECT id, node, payload FROM fact ORDER BY at, lamport, id"


class Posted(NamedTuple):
    """What a line comes to: a place's column, so many thousandths more or less of a lot, and where they left."""

    column: str
    place: str
    lot: str
    qty: int
    other: str = ""  # of a transfer the place where it left, of a loss its reason


class Posting(Ledger):
    """The ledger of one item that tells what each line comes to; it keeps what lies where, and no sums."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Posted] = []

    def come(self, column: str, place: str, lot: str, qty: int) -> None:
        """So much more is at a place."""
        self._tell(Posted(column, place, lot, qty), qty)

    def go(self, column: str, place: str, lot: str, qty: int) -> None:
        """So much less is at a place."""
        self._tell(Posted(column, place, lot, qty), -qty)

    def send(self, dispatch: str, place: str, lot: str, qty: int) -> None:
        """Goods leave a place and are in transit."""
        self._tell(Posted("transferred_out", place, lot, qty, place), -qty)

    def arrive(self, dispatch: str, origin: str, place: str, line: Any) -> None:
        """Goods of a dispatch end their way: in good order at a place, or lost."""
        self._tell(Posted("transferred_in", place, line.lot, line.qty, origin), line.qty)
        for reason in ("damaged", "missing"):
            self._tell(Posted(reason + ON_THE_WAY, place, line.lot, getattr(line, reason), origin), 0)

    def _tell(self, posted: Posted, more: int) -> None:
        if posted.qty:
            self.told.append(posted)
            if more:
                self.held[posted.place][posted.lot] += more


def moves(node: Node) -> Iterator[Move]:
    """All movements of all entries that stand, in the order (at, lamport, id, line); as of one moment."""
    with closing(sqlite3.connect("")) as sorter, queries.one_moment(node):
        voids, origins, items = _collect(node, sorter)
        names, ledgers = Names(node, items), defaultdict[str, Posting](Posting)
        for entry, author, fact in _standing(sorter, voids):
            post(ledgers, entry, fact, origins)
            yield from _moves(names, ledgers, entry, author, fact)


def _standing(sorter: sqlite3.Connection, voids: set[tuple[str, bytes]]) -> Iterator[tuple[str, bytes, Any]]:
    """Facts that aren't undone, in their order, each with its hex id and who wrote it."""
    for id, author, payload in sorter.execute(_SORTED):
        if (id.hex(), author) not in voids:
            yield id.hex(), author, events.decode(payload)


def _moves(names: Names, ledgers: Mapping[str, Posting], entry: str, author: bytes, fact: Any) -> Iterator[Move]:
    """What one entry has just come to, item by item."""
    line = 0
    for item in dict.fromkeys(items_of(fact)):
        told, ledgers[item].told = ledgers[item].told, []
        about = names.item(item)
        for posted in told:
            line += 1
            source, target = _accounts(names, posted, getattr(fact, "reason", ""))
            yield Move(
                fact.at,
                entry,
                line,
                events.type_of(fact),
                *about,
                *names.lot(item, posted.lot),
                abs(posted.qty),
                *((source, target) if posted.qty > 0 else (target, source)),
                *names.value(item, posted.lot),
                names.team(author),
                (getattr(fact, "source", ""), getattr(fact, "note", "")),
            )


def _accounts(names: Names, posted: Posted, reason: str) -> tuple[Account, Account]:
    """Where goods went from and to."""
    place = names.place("place", posted.place)
    if posted.column == "received":
        return Account("source"), place
    if posted.column == "transferred_out":
        return place, names.place("transit", posted.other)
    if posted.column == "transferred_in":
        return names.place("transit", posted.other), place
    if posted.column.endswith(ON_THE_WAY):
        return names.place("transit", posted.other), Account("lost", posted.column)
    other = {"distributed": Account("people"), "lost": Account("lost", reason)}
    return place, other.get(posted.column, Account(posted.column))


def _collect(node: Node, sorter: sqlite3.Connection) -> tuple[set[tuple[str, bytes]], dict[str, str], list[str]]:
    """Facts of stock to the disk; what is undone and by whom, where dispatches left, and all items."""
    voids, origins, items = set[tuple[str, bytes]](), dict[str, str](), set[str]()

    def facts() -> Iterator[tuple[int, int, bytes, bytes, bytes]]:
        for entry in chain.from_iterable(node.log.folded()):
            fact = entry.fact
            if isinstance(fact, Void):
                voids.add((fact.target, entry.node))
            if isinstance(fact, Dispatch):
                origins[entry.id.hex()] = fact.place
            if isinstance(fact, STOCK):
                items.update(items_of(fact))
                yield fact.at, entry.lamport, entry.id, entry.node, events.encode(fact)

    sorter.execute(_TABLE)
    sorter.executemany("INSERT INTO fact VALUES (?, ?, ?, ?, ?)", facts())
    return voids, origins, sorted(items)
