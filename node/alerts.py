"""One list of what a person should look at, computed from the tables as they stand, each with what settles it.

Nothing of it is kept, but for what this node's people say they have seen. That is nobody else's business: it is in a
table of its own, and in no entry.
"""

from collections.abc import Iterator
from typing import Any

from node import catalogue
from node.alerting import goods, others, shelves
from node.alerting.base import SEVERITIES, Alert, Look, command
from node.fold import Node
from node.queries import one_moment
from node.telling import Words
from node.units import format_time
from sync.errors import Conflict, NotFound, OutOfRange

Row = dict[str, Any]
# In the order in which they are told, after their severity.
KINDS = (
    "fork",
    "expired",
    "low",
    "below_zero",
    "need_unanswered",
    "need_open",
    "need_stale",
    "overdue",
    "over",
    "twice",
    "short",
    "voided",
    "unmatched",
    "expiring",
    "clock",
    "by_others",
    "stale_count",
    "merge_suggestion",
)
GROUPS = {"need": ("need_unanswered", "need_open", "need_stale")}  # one word for several kinds
_SEEN = "CREATE TABLE IF NOT EXISTS alert_seen (key TEXT PRIMARY KEY, at INTEGER NOT NULL)"


def rows(node: Node, place: str | None = None, kind: str | None = None, everywhere: bool = False) -> list[Row]:
    """What to look at, the most urgent first: at this team's places, at one place (id or name), or `everywhere`.

    {kind, severity, place, place_name, item, item_name, entry, since, text, action, command, key, lot,
    blanks}; `severity` is info, warn or urgent. `key` is what `seen` takes, None where only the command settles it.
    `blanks` are words of the command that people put what they saw in place of.
    """
    kinds = _kinds(kind)
    with one_moment(node):
        found = [one for one in _found(node, place, everywhere) if one.kind in kinds]
        words = Words(node, [one.item for one in found if one.item])
        return [_row(words, one) for one in sorted(found, key=_order)]


def number(node: Node, place: str | None = None) -> int:
    """How many things there are to look at."""
    with one_moment(node):
        return len(_found(node, place, False))


def _found(node: Node, place: str | None, everywhere: bool) -> list[Alert]:
    look = Look(node, catalogue.find_place(node, place).id if place else None, everywhere)
    hidden = _seen(node)
    return [one for one in _all(look) if not (one.key and one.key in hidden)]


def _kinds(kind: str | None) -> tuple[str, ...]:
    if kind is None:
        return KINDS
    if kind not in KINDS and kind not in GROUPS:
        named = ", ".join([*GROUPS, *KINDS])
        raise OutOfRange(f"There is no kind of alert {kind!r}.", todo=f"There are {named}.", fields={"kind": named})
    return GROUPS.get(kind, (kind,))


def _all(look: Look) -> Iterator[Alert]:
    recent = others.Recent(look)
    for find in (shelves.low, shelves.below_zero, shelves.expiring, shelves.stale_count, goods.transit, goods.needs):
        yield from find(look)
    yield from others.by_others(look, recent)
    yield from others.clocks(look, recent)
    yield from others.forks(look)
    yield from others.merges(look)


def _order(one: Alert) -> tuple[Any, ...]:
    return (
        SEVERITIES.index(one.severity),
        KINDS.index(one.kind),
        one.since or 0,
        one.place or "",
        one.item or "",
        one.text,
    )


def _row(words: Words, one: Alert) -> Row:
    return {
        "kind": one.kind,
        "severity": one.severity,
        "place": one.place,
        "place_name": words.place_name(one.place) if one.place else None,
        "item": one.item,
        "item_name": words.item_name(one.item) if one.item else None,
        "entry": one.entry,
        "since": None if one.since is None else format_time(one.since),
        "text": one.text,
        "action": one.action,
        "command": command(one.command),
        "key": one.key or None,
        "lot": one.lot,
        "blanks": one.blanks,
    }


# what was seen


def seen(node: Node, what: str) -> int:
    """Hide an alert that this node's people have looked at, by its key, 8 characters of it, or "all": how many.

    Conflict where only its command settles it.
    """
    with node.log.transaction():
        found = rows(node, everywhere=True)
        keys = {row["key"] for row in found if row["key"]}
        chosen = keys if what == "all" else _chosen(found, keys, what)
        node.db.connection().execute(_SEEN)
        marks = [(key, node.clock()) for key in sorted(chosen)]
        node.db.connection().executemany("INSERT OR IGNORE INTO alert_seen (key, at) VALUES (?, ?)", marks)
    return len(marks)


def _chosen(found: list[Row], keys: set[str], what: str) -> set[str]:
    text = what.strip()
    chosen = {key for key in keys if key == text or (len(text) >= 8 and key.startswith(text))}
    if len(chosen) == 1:
        return chosen
    if chosen:
        raise OutOfRange(f"{len(chosen)} alerts begin with {text!r}.", kept="Nothing was changed.", todo="Give more.")
    for row in found:
        if row["entry"] and len(text) >= 8 and row["entry"].startswith(text):
            raise Conflict("Seeing this isn't enough.", kept="Nothing was changed.", todo=f"{row['action']}")
    raise NotFound(f"There is no alert {text!r}.", kept="Nothing was changed.", todo="`bucketline alerts` lists them.")


def _seen(node: Node) -> set[str]:
    if not catalogue.query(node, "SELECT 1 FROM sqlite_master WHERE name = 'alert_seen'"):
        return set()
    return {key for (key,) in catalogue.query(node, "SELECT key FROM alert_seen")}
