"""Alerts about what comes from elsewhere: entries at our places, clocks that are off, copied nodes, likely merges."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from node import catalogue, merging, traces
from node.alerting.base import DAY_MS, INFO, URGENT, WARN, Alert, Look, looked_at
from node.events import Count, Repack
from node.events import Movement as Moved
from node.telling import Words, items_of, summary
from node.writing import AHEAD_MS_MIN, span
from sync.log import Folded

RECENT_MS = 14 * DAY_MS
READ_MAX, PAGE = 2000, 500  # the latest entries that are looked through
SKEW_MS_MAX = 120_000  # between two clocks, before times mislead


class Recent:
    """The latest entries of all, read once for several kinds of alert."""

    def __init__(self, look: Look) -> None:
        self.look = look

    @cached_property
    def entries(self) -> Sequence[Folded]:
        """Those that stand, of the last two weeks, newest first by their writers' clocks; no more than 2000."""
        found: list[Folded] = []
        before = None
        while len(found) < READ_MAX:
            page = self.look.node.log.latest(PAGE, before)
            found += [entry for entry in page if entry.claimed >= self.look.now - RECENT_MS]
            if len(page) < PAGE or page[-1].claimed < self.look.now - RECENT_MS:
                break
            before = page[-1].claimed, page[-1].id
        undone = traces.undone(self.look.node, found)
        return [entry for entry in found if entry.id not in undone]


def by_others(look: Look, recent: Recent) -> Iterator[Alert]:
    """What other teams recorded at this team's places."""
    own = set(look.own)
    found = [
        entry
        for entry in recent.entries
        if entry.node != look.node.keys.node
        and isinstance(entry.fact, Moved | Count | Repack)
        and look.words.place(entry.fact.place).id in own
        and look.covers(entry.fact.place)
    ]
    words = Words(look.node, [item for entry in found for item in items_of(entry.fact)])
    for entry in found:
        fact: Any = entry.fact
        team, id = _team(look, entry.node), entry.id.hex()
        yield Alert(
            "by_others",
            INFO,
            f"{team} recorded at our place: {summary(words, fact)}.",
            f"If that is right, say that you have seen it; if not, ask {team} to undo it, or count what is there.",
            looked_at(id),
            look.words.place(fact.place).id,
            entry=id,
            since=entry.claimed,
            key=id,
        )


def _team(look: Look, node: bytes) -> str:
    return catalogue.team_name(look.words.teams, node)


# clocks


def clocks(look: Look, recent: Recent) -> Iterator[Alert]:
    """Entries that are further ahead of this node's clock than ten minutes, and peers whose clocks differ."""
    for entry in recent.entries:
        ahead = max(getattr(entry.fact, "at", 0), entry.claimed) - look.now
        here = look.place is None or look.covers(getattr(entry.fact, "place", None))
        if entry.fact is not None and ahead > AHEAD_MS_MIN and here:
            yield _ahead(look, entry, ahead)
    peers = getattr(look.node, "peers", None)
    for row in peers.rows() if peers and look.place is None else ():
        if row["skew_ms"] is not None and abs(row["skew_ms"]) > SKEW_MS_MAX:
            yield _skewed(row)


def _ahead(look: Look, entry: Folded, ahead: int) -> Alert:
    id, own = entry.id.hex(), entry.node == look.node.keys.node
    team = "This node" if own else _team(look, entry.node)
    slip = own and entry.claimed - look.now <= AHEAD_MS_MIN
    what = summary(Words(look.node, items_of(entry.fact)), entry.fact)
    holds = " Until then the stock there is what it says." if isinstance(entry.fact, Count) else ""
    text = f"{team} recorded something that is said to happen {span(ahead)} from now: {what}.{holds}"
    action = "Correct its time." if slip else "Find out whose clock is wrong, and have it set; then say that you did."
    words = ["correct", id[:16], "--at", "WHEN", "--why", "wrong time"] if slip else looked_at(id)
    place = getattr(entry.fact, "place", None) or None
    return Alert("clock", WARN, text, action, words, place, entry=id, since=entry.claimed, key="" if slip else id)


def _skewed(row: Any) -> Alert:
    side = "ahead of" if row["skew_ms"] > 0 else "behind"
    name = row["name"] or row["peer"]
    return Alert(
        "clock",
        WARN,
        f"The clock of {name} is {span(abs(row['skew_ms']))} {side} this node's.",
        "Compare both with a clock that is right, set the wrong one, and exchange again.",
        ["sync", name],
    )


# copies, and names


def forks(look: Look) -> Iterator[Alert]:
    """Logs that run on in two ways: somebody writes with a copy of a node."""
    for log in look.node.log.store.logs().values() if look.place is None else ():
        if len(log.branches) > 1:
            team, key = _team(look, log.node), f"{log.id.hex()[:15]}{len(log.branches)}"
            yield Alert(
                "fork",
                URGENT,
                f"There are two copies of {team}'s node, and both record; or its folder was put back from an old copy."
                " All of it is kept and counted.",
                f"Ask {team} to use only one of them, and `bucketline restore` rather than a copied folder.",
                looked_at(key),
                key=key,
            )


def merges(look: Look) -> Iterator[Alert]:
    """Two names that may mean one thing, by what others say or by the look of them."""
    if look.place is not None:
        return
    for row in merging.suggestions(look.node):
        names = f"{row['name']} and {row['same_name']}"
        anyway, differ = _units(look, row)
        says = f"{row['team']} says that {names} are one {row['kind']}." if row["entry"] else ""
        yield Alert(
            "merge_suggestion",
            INFO,
            (says or f"{names} may be one {row['kind']}: their names are all but equal.") + differ,
            "Say so too if they are; otherwise say that you have seen it.",
            ["same", row["id"], row["same"], "--kind", row["kind"], *anyway],
            place=row["same"] if row["kind"] == "place" else None,
            item=row["same"] if row["kind"] == "item" else None,
            entry=row["entry"],
            key=row["entry"] or "+".join(sorted((row["id"], row["same"]))),
        )


def _units(look: Look, row: Mapping[str, Any]) -> tuple[list[str], str]:
    """What the command needs besides, and a warning, where two items are counted in different units."""
    found = catalogue.item_rows(look.node, [row["id"], row["same"]]) if row["kind"] == "item" else []
    said = merging.units_differ(*found) if len(found) == 2 else ""
    return (["--anyway"], f" {said}") if said else ([], "")
