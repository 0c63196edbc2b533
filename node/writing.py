"""What all recording has in common: an entry written, what is worth a look about it, and the time it bears."""

import re
from dataclasses import dataclass, field

from node import catalogue, events, inputs, sameness
from node.events import AnyFact, Dispatch, Distribution, Loss, Receipt, Repack
from node.fold import Node
from node.inputs import KEPT
from node.units import format_qty
from sync.errors import NotFound, OutOfRange, Problem
from sync.log import Folded

_CURRENCY = re.compile("[A-Z]{3}")
AHEAD_MS_MIN = 600_000  # a time that lies further ahead is perhaps a slip


@dataclass(frozen=True)
class Recorded:
    """What was written: the entry's hex id, a count's variance (item, expected, counted as decimal strings), notices.

    Notices are whole sentences about what is worth a look, such as a balance below zero.
    """

    entry: str
    variance: list[dict[str, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def write(node: Node, fact: AnyFact) -> Recorded:
    """Append, fold and settle; the log refuses what is too long for one entry."""
    try:
        entry = node.log.append(events.encode(fact))
    except Problem as problem:
        problem.kept = KEPT
        raise
    node.fold.settle()
    return Recorded(entry.id.hex(), notices=notices(node, fact))


def notices(node: Node, fact: AnyFact) -> list[str]:
    """What is worth a look about this entry: a time ahead of the clock, balances that it left below zero, odd words."""
    return [*too_early(node, fact), *_below_zero(node, fact), *odd(fact)]


def odd(fact: object) -> list[str]:
    """What can be, but is mostly a slip, in sentences: a worth without a currency that is one, homes without people."""
    found = []
    if isinstance(fact, Receipt):
        worth = [line for line in fact.lines if line.value]
        if any(not line.currency for line in worth):
            found.append("A value has no currency, so that it is added to no other. Say which by correcting the entry.")
        for currency in dict.fromkeys(line.currency for line in worth if line.currency):
            if not _CURRENCY.fullmatch(currency):
                found.append(f"{currency} is no code of a currency, like EUR: rates by code won't convert it.")
    if isinstance(fact, Distribution) and fact.people is not None and (fact.households or 0) > fact.people:
        found.append(f"{fact.households} households with {fact.people} people: is that the other way round?")
    return found


def too_early(node: Node, fact: object) -> list[str]:
    """Whether a fact is said to happen later than now by more than clocks are apart, in a sentence."""
    ahead_ms = getattr(fact, "at", 0) - node.clock()
    if ahead_ms < AHEAD_MS_MIN:
        return []
    return [f"This is said to happen {span(ahead_ms)} from now. If that is a slip, undo it and record it again."]


def span(ms: int) -> str:
    """So much time, as people say it: "40 minutes", "3 hours", "2 days"."""
    hours = ms // 3_600_000
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours" if hours >= 2 else f"{ms // 60_000} minutes"


def _below_zero(node: Node, fact: AnyFact) -> list[str]:
    if not isinstance(fact, (Distribution, Loss, Dispatch, Repack)):
        return []
    items = list(dict.fromkeys(line.item for line in (fact.used if isinstance(fact, Repack) else fact.lines)))
    totals = sameness.totals(node, fact.place, items)
    below = {id: qty for id, qty in totals.items() if qty < 0}
    labels = {row.id: row.label for row in catalogue.item_rows(node, list(below))}
    return [
        f"The books now show {format_qty(qty)} {labels.get(id, id)} there: more went out than they knew of. Count it."
        for id, qty in below.items()
    ]


def when(node: Node, text: str | None) -> int:
    """The effective time in ms: as said, else now, but never before an own entry that was written earlier."""
    if text:
        return inputs.time(text)
    newest = node.log.latest(1, node=node.keys.node)
    return max([node.clock(), *(entry.claimed for entry in newest)])


def find_entry(node: Node, text: str) -> Folded:
    """The one entry that a hex id, or the first 8 digits of one, means."""
    found = node.log.find(text)
    if not found:
        raise NotFound(f"There is no entry {text.strip()!r}.", kept=KEPT, todo="Look it up with `bucketline log`.")
    if len(found) > 1:
        raise OutOfRange(f"{len(found)} entries begin with {text.strip()!r}.", kept=KEPT, todo="Give more of the id.")
    return found[0]
