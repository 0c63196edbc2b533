"""What entries say of each other: which was undone and by which, which corrects which, and which name which.

Nothing here blocks anything. An arrival whose dispatch is undone stays what it is, and people are shown both.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from node import catalogue, sameness
from node.events import Count, Dispatch, Need, Void, is_entry_id
from node.fold import Node
from node.tables import stands
from node.units import format_time
from sync.log import Folded

Row = dict[str, Any]
# By which tables and columns an entry of a kind is named, with the word for those that do.
_NAMED_BY: dict[type, tuple[tuple[str, str, str], ...]] = {
    Dispatch: (("arrival", "dispatch", "arrival"),),
    Need: (
        ("renewal", "need", "renewal"),
        ("pledge", "need", "pledge"),
        ("given", "need", "distribution"),
        ("dispatch", "need", "dispatch"),
    ),
}
_LEFT = {"arrival": "it now arrives without one"}


def dependents(node: Node, entries: Sequence[Folded]) -> dict[bytes, list[Row]]:
    """Of each entry the ones that stand and name it: {entry, type, team, at}, the oldest first."""
    teams = catalogue.team_names(node)
    found: dict[bytes, list[Row]] = {}
    for kind, tables in _NAMED_BY.items():
        ids = [entry.id.hex() for entry in entries if isinstance(entry.fact, kind)]
        for table, column, word in tables:
            for name, id, author, at in _naming(node, table, column, ids):
                row = {"entry": id.hex(), "type": word, "team": catalogue.team_name(teams, author)}
                found.setdefault(bytes.fromhex(name), []).append({**row, "at": format_time(at)})
    for rows in found.values():
        rows.sort(key=lambda row: (row["at"], row["entry"]))
    return found


def _naming(node: Node, table: str, column: str, ids: Sequence[str]) -> Iterator[tuple[str, bytes, bytes, int]]:
    for part in _parts(ids):
        marks = ",".join("?" * len(part))
        sql = f"SELECT {column}, id, node, at FROM {table} t WHERE {column} IN ({marks}) AND {stands('t')}"
        yield from catalogue.query(node, sql, *part)


def left_behind(node: Node, target: Folded) -> list[str]:
    """What to know when an entry no longer stands, in sentences: who names it, and what loses its name."""
    rows = dependents(node, [target]).get(target.id, [])
    kind = type(target.fact).__name__.lower()
    return [
        f"{_a(row['type'])} of {row['team']} on {row['at'][:10]} names this {kind}:"
        f" {_LEFT.get(row['type'], 'it now stands without one')}."
        for row in rows
    ]


def beside(node: Node, target: Folded) -> list[Folded]:
    """The counts of noughts under the other ids of a merged place that were written with a count of it, and stand.

    They come right before it in its log, say the same time, and are of places that this team holds to be that one.
    """
    fact = target.fact
    if not isinstance(fact, Count):
        return []
    others = set(sameness.merged(node, "place").all_of(fact.place)) - {fact.place}
    found: list[Folded] = []
    while others and (before := _nought_before(node, found[-1] if found else target, fact)):
        if getattr(before.fact, "place", "") not in others:
            break
        others.discard(getattr(before.fact, "place", ""))
        found.append(before)
    gone = undone(node, found)
    return [entry for entry in found if entry.id not in gone]


def _nought_before(node: Node, entry: Folded, main: Count) -> Folded | None:
    """The entry before one in its log, if it is a count of nothing at the time of the main count."""
    before = next(iter(node.log.fetch([entry.n - 1])), None)
    fact = before.fact if before and before.node == entry.node else None
    if not isinstance(fact, Count) or fact.at != main.at or any(line.qty or line.lot for line in fact.lines):
        return None
    return before


def _a(word: str) -> str:
    return f"An {word}" if word[0] in "aeiou" else f"A {word}"


# undone and corrected


def undone(node: Node, entries: Sequence[Folded]) -> dict[bytes, Row]:
    """Of the entries that are undone: {entry, why, instead}, by the first that did. An undo itself never is."""
    authors = {e.id: e.node for e in entries if not isinstance(e.fact, Void)}
    by_target: dict[bytes, int] = {}
    for part in _parts(list(authors)):
        marks = ",".join("?" * len(part))
        sql = f"SELECT target, node, n FROM voided WHERE target IN ({marks}) ORDER BY lamport DESC, void DESC"
        by_target.update({t: n for t, author, n in catalogue.query(node, sql, *part) if authors[t] == author})
    voids = {entry.n: entry for entry in node.log.fetch(list(by_target.values()))}
    return {target: _void_row(voids[n]) for target, n in by_target.items()}


def _parts(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """As many at a time as one statement takes."""
    return (ids[start : start + 500] for start in range(0, len(ids), 500))


def _void_row(entry: Folded) -> Row:
    instead = getattr(entry.fact, "instead", "")
    return {"entry": entry.id.hex(), "why": getattr(entry.fact, "why", ""), "instead": instead or None}


def corrections(node: Node, entries: Sequence[Folded]) -> dict[bytes, tuple[str, Folded]]:
    """Of the entries that correct another: why, and the one that was corrected.

    A correction is two entries of one log, one right after the other: what is true, and the undo of what was wrong. So
    the second is found by its number.
    """
    undos = _by_number(node, entries, 1)
    found = {}
    for entry in entries:
        undo = undos.get(entry.n + 1)
        if undo and isinstance(undo.fact, Void) and undo.fact.instead == entry.id.hex() and undo.node == entry.node:
            before = _target(node, undo)
            if before:
                found[entry.id] = undo.fact.why, before
    return found


def _target(node: Node, undo: Folded) -> Folded | None:
    """The entry that an undo is about, if it is one of the same node and the undo counts here."""
    target = getattr(undo.fact, "target", "")
    if not is_entry_id(target):
        return None
    id = bytes.fromhex(target)
    counts = catalogue.query(node, "SELECT 1 FROM voided WHERE target = ? AND void = ?", id, undo.id)
    found = node.log.get(id) if counts else None
    return found if found and found.node == undo.node else None


def tells_a_correction(node: Node, entries: Sequence[Folded]) -> set[bytes]:
    """Those among entries that are the second half of a correction: the first half's row tells both."""
    undos = [entry for entry in entries if isinstance(entry.fact, Void) and entry.fact.instead]
    firsts = _by_number(node, undos, -1)
    return {
        undo.id
        for undo in undos
        if (first := firsts.get(undo.n - 1)) and first.id.hex() == getattr(undo.fact, "instead", "")
    }


def _by_number(node: Node, entries: Sequence[Folded], step: int) -> dict[int, Folded]:
    """The neighbours of entries in their logs, by number; those that are at hand aren't read again."""
    at_hand = {entry.n: entry for entry in entries}
    wanted = {entry.n + step for entry in entries}
    found = {n: at_hand[n] for n in wanted if n in at_hand}
    rest = sorted(wanted - found.keys())
    found.update({entry.n: entry for entry in node.log.fetch(rest)} if rest else {})
    return found
