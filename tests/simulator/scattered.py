"""Entries that arrive in any order at all: a team that writes each into a log of its own, and a node that hears them.

Within one log entries come in order. A team that opens a new log for each entry, as after many a restored backup, lets
anything come before anything else, also a redaction before its target.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any, NamedTuple

from node import events
from node.fold import Projector
from sync import ranges
from sync.fence import MemoryFence
from sync.frame import Range, pack, unpack
from sync.limits import DEFAULT
from sync.log import Folded, Log
from tests.fakes import MemoryNode, memory_db, memory_node


class Piece(NamedTuple):
    """One entry as it was written, and the log that brings it."""

    entry: Folded
    log: bytes
    items: list[Range]


class Team:
    """A team whose every entry is a log of its own."""

    def __init__(self, name: str, now: int) -> None:
        self.node = memory_node(name)
        self.node.now = now

    def write(self, fact: Any) -> Piece:
        """One entry, in a new log."""
        log = self.node.log
        log.reincarnate()
        entry = log.append(events.encode(fact))
        branch = log.store.logs()[log.own].branches[0]
        packed = pack(list(ranges.read(log.store, 0, branch, branch.base, DEFAULT)))
        return Piece(entry, log.own, list(unpack(packed, DEFAULT)))


def hear(node: MemoryNode, pieces: Sequence[Piece]) -> None:
    """Entries arrive together."""
    taken = node.log.ingest([(piece.log, item) for piece in pieces for item in piece.items], b"a courier")
    assert not taken.refused


def trust(node: MemoryNode, *teams: Team) -> None:
    """A node listens to these teams."""
    for team in teams:
        keys = team.node.keys
        node.log.vouch(keys.node, keys.agree, keys.agree_sig)


def twin(node: MemoryNode) -> MemoryNode:
    """The same node once more, on a copy of its database."""
    db = memory_db()
    node.db.connection().backup(db.connection())
    made = MemoryNode(db, None, Projector(db), node.keys, node.rng, node.now)  # type: ignore[arg-type]
    made.log = Log(db, node.keys, node.log.network, made.fold, made.clock, node.rng, MemoryFence(), redacts=made.fold)
    made.fold.attach(made.log)
    return made


def _one_by_one(node: MemoryNode, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        hear(node, [piece])


def _looking(node: MemoryNode, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        hear(node, [piece])
        node.fold.settle()


def _restarting(node: MemoryNode, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        hear(node, [piece])
        node.fold.forget()


WAYS = (_one_by_one, _looking, hear, _restarting)


def in_every_order(node: MemoryNode, pieces: Sequence[Piece]) -> Iterator[MemoryNode]:
    """Twins of a node, each of which hears these entries in another order, and in another way."""
    for i, order in enumerate(permutations(pieces)):
        made = twin(node)
        WAYS[i % len(WAYS)](made, order)
        yield made
        made.db.close()
