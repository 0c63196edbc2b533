"""What is kept of an entry as it is, a row each: dispatches, arrivals, needs, pledges, merges; and what is in transit.

Rows are never changed by what comes later: who reads leaves out those that are undone. Only `transit` adds up, over
what stands: sums may come in any order, and a row that comes to nothing is no row.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec

from node import events
from node.events import Arrival, Closing, Dispatch, Distribution, Need, Pledge, Redaction, Renewal, SameAs, is_entry_id
from node.folding import papers
from node.folding.books import Connection, fitting
from sync.errors import Malformed
from sync.log import Folded

Key = tuple[str, str, str]  # dispatch (hex), item, lot
Sums = tuple[int, int, int, int]  # sent, arrived, damaged, missing
NOTHING: Sums = (0, 0, 0, 0)


def _lines(fact: Any) -> str:
    rows = [msgspec.structs.astuple(line) for line in fact.lines]
    return msgspec.json.encode(rows).decode()


def _dispatch(fact: Dispatch) -> tuple[Any, ...]:
    papers = fact.waybill, fact.vehicle, fact.driver, fact.seal
    return fact.at, fact.place, fact.to, *papers, fact.need, fact.note, _lines(fact)


def _arrival(fact: Arrival) -> tuple[Any, ...]:
    return fact.at, fact.place, fact.dispatch, fact.note, _lines(fact)


def _need(fact: Need) -> tuple[Any, ...]:
    return fact.at, fact.place, fact.people, fact.urgency, fact.until, fact.note, _lines(fact)


def _renewal(fact: Renewal) -> tuple[Any, ...]:
    return fact.at, fact.need, fact.until, int(fact.closed), fact.note


def _pledge(fact: Pledge) -> tuple[Any, ...]:
    return fact.at, fact.need, fact.place, fact.until, fact.note, _lines(fact)


def _given(fact: Distribution) -> tuple[Any, ...]:
    return fact.at, fact.place, fact.need, _lines(fact)


def _same_as(fact: SameAs) -> tuple[Any, ...]:
    return fact.at, fact.kind, fact.id, fact.same, fact.why


def _redacted(fact: Redaction) -> tuple[Any, ...]:
    return fact.at, fact.target, fact.why


def _closing(fact: Closing) -> tuple[Any, ...]:
    return fact.at, fact.since, fact.until, fact.root, fact.position, fact.note


# Of each kind of fact: its table, the columns after those that every row has, and what fills them.
KINDS: Mapping[type, tuple[str, str, Callable[[Any], tuple[Any, ...]]]] = {
    Dispatch: ("dispatch", "at place dest waybill vehicle driver seal need note lines", _dispatch),
    Arrival: ("arrival", "at place dispatch note lines", _arrival),
    Need: ("need", "at place people urgency until note lines", _need),
    Renewal: ("renewal", "at need until closed note", _renewal),
    Pledge: ("pledge", "at need place until note lines", _pledge),
    Distribution: ("given", "at place need lines", _given),
    SameAs: ("same_as", "at kind one same why", _same_as),
    Closing: ("closing", "at since until root position note", _closing),
    Redaction: ("redacted", "at target why", _redacted),
}


def is_kept(fact: object) -> bool:
    """Whether a fact has a row of its own; of distributions only those that name a need by its entry's id.

    Other text there, such as a reference of an office, is words: whether they were taken out makes no difference.
    """
    return type(fact) in KINDS and (not isinstance(fact, Distribution) or is_entry_id(fact.need))


def keep(connection: Connection, entries: Sequence[Folded]) -> None:
    """Write the rows of entries; what they take the words out of loses them in waybills, too."""
    by_kind: dict[type, list[tuple[Any, ...]]] = {}
    for entry in entries:
        fill = KINDS[type(entry.fact)][2]
        row = (entry.id, entry.n, entry.node, entry.lamport, *fill(entry.fact))
        by_kind.setdefault(type(entry.fact), []).append(row)
    for kind, rows in by_kind.items():
        table, columns, _ = KINDS[kind]
        names = ["id", "n", "node", "lamport", *columns.split()]
        marks = ", ".join("?" * len(names))
        connection.executemany(f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
    papers.silence(connection, [_left(entry) for entry in entries if isinstance(entry.fact, Redaction)])


def _left(entry: Folded) -> papers.Left:
    fact = cast(Redaction, entry.fact)
    try:
        return papers.Left(bytes.fromhex(fact.target), entry.node, events.decode(bytes(fact.fact)))
    except (ValueError, Malformed):
        return papers.Left(b"", entry.node, None)


class Transit:
    """What a batch changes of what is on its way, by dispatch, item and lot."""

    def __init__(self) -> None:
        self.changes: dict[Key, Sums] = {}

    def take(self, id: bytes, fact: object, sign: int = 1) -> None:
        """Add what a dispatch or an arrival says; with sign -1 take it off again."""
        if isinstance(fact, Dispatch):
            for line in fact.lines:
                self._add((id.hex(), line.item, line.lot), (sign * line.qty, 0, 0, 0))
        elif isinstance(fact, Arrival):
            for part in fact.lines:
                found = (0, sign * part.qty, sign * part.damaged, sign * part.missing)
                self._add((fact.dispatch, part.item, part.lot), found)

    def _add(self, key: Key, sums: Sums) -> None:
        self.changes[key] = _plus(self.changes.get(key, NOTHING), sums)

    def write(self, connection: Connection) -> None:
        """Bring the table up to date."""
        keys = sorted(self.changes)
        rows = [(*key, *_plus(_held(connection, key), self.changes[key])) for key in keys]
        connection.executemany("DELETE FROM transit WHERE dispatch = ? AND item = ? AND lot = ?", keys)
        sql = (
            "INSERT INTO transit (dispatch, item, lot, sent, arrived, damaged, missing, open)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        connection.executemany(sql, [_row(row) for row in rows if any(row[3:])])


def _plus(one: Sums, other: Sums) -> Sums:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


def _held(connection: Connection, key: Key) -> Sums:
    sql = "SELECT sent, arrived, damaged, missing FROM transit WHERE dispatch = ? AND item = ? AND lot = ?"
    for sent, arrived, damaged, missing in connection.execute(sql, key):
        return int(sent), int(arrived), int(damaged), int(missing)
    return NOTHING


def _row(row: Sequence[Any]) -> tuple[Any, ...]:
    sent, *came = row[3:]
    return (*row[:3], *map(fitting, row[3:]), int(sent != sum(came)))
