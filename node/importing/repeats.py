"""Rows of a stock sheet that say what was said before: by a sheet that was imported earlier, or by another row of it.

Rows are the same if place, item, quantity, source and all that is known of the lot are; and the date of the receipt,
where the sheet tells it. What was imported earlier is read from the log, so that what was undone since says nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from node import sameness
from node.events import Receipt
from node.fold import Node
from node.folding.names import search_key
from node.importing import memory
from node.importing.rows import Trouble
from node.units import format_time

RUNS_SHOWN = 8  # of line numbers, "3-12" being one
FILES_SHOWN = 3
Key = tuple[object, ...]
Source = tuple[int, str]  # when (ms) and from which file it came


@dataclass
class Repeats:
    """Of the rows that bring something, by their lines: those known from earlier imports, the others, and twins."""

    known: list[int] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)
    twins: list[Trouble] = field(default_factory=list)
    sources: set[Source] = field(default_factory=set)

    @property
    def nearly_all(self) -> bool:
        """Whether so much was there before that the sheet looks like an old one with a little added."""
        return len(self.known) > len(self.fresh) and len(self.fresh) <= max(1, len(self.known) // 10)

    def sentence(self) -> str:
        """How many rows are known, from where, and on which lines they stand; empty where none is."""
        if not self.known:
            return ""
        total = len(self.known) + len(self.fresh)
        told = sorted(self.sources, reverse=True)
        files = [f"{name} (imported on {format_time(at // 1000 * 1000)})" for at, name in told[:FILES_SHOWN]]
        files += [f"{len(told) - FILES_SHOWN} more files"] if len(told) > FILES_SHOWN else []
        are = f"{len(self.known)} of {total} rows are" if total > 1 else "The one row is"
        new = f" New: {lines(self.fresh)}." if self.fresh and len(self.fresh) < len(self.known) else ""
        return f"{are} the same as in {' and '.join(files)}: {lines(self.known)}.{new}"


def lines(numbers: Sequence[int]) -> str:
    """Line numbers as people say them: "line 7", "lines 2-5, 9 and 12"."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    told = [f"{first}-{last}" if last > first else str(first) for first, last in runs[:RUNS_SHOWN]]
    if len(runs) > RUNS_SHOWN:
        told.append("more")
    *most, end = told
    return f"line{'s' if len(set(numbers)) > 1 else ''} {', '.join(most)}{' and ' if most else ''}{end}"


def find(node: Node, written: Mapping[str, Sequence[int]], dated: bool) -> Repeats:
    """What of the entries just written was there before. `written` has the line in the sheet of each of their lines.

    `dated` says that the sheet tells when goods were received.
    """
    before = _imported(node, dated) if written else {}
    found, seen = Repeats(), dict[Key, int]()
    for entry, numbers in written.items():
        for number, key in zip(numbers, _keys(node, entry, dated), strict=True):
            if key in seen:
                found.twins.append(Trouble(number, "", f"it says the same as line {seen[key]}, so that both count"))
            seen.setdefault(key, number)
            if before.get(key):
                found.sources.add(before[key].pop())
                found.known.append(number)
            else:
                found.fresh.append(number)
    return found


def _imported(node: Node, dated: bool) -> dict[Key, list[Source]]:
    """What earlier imports brought, each row with where it came from; the newest is last."""
    found: defaultdict[Key, list[Source]] = defaultdict(list)
    for name, at, entries in memory.standing(node):
        for entry in entries:
            for key in _keys(node, entry, dated):
                found[key].append((at, name))
    return found


def _keys(node: Node, entry: str, dated: bool) -> Iterator[Key]:
    """What each line of a receipt says, as it can be compared."""
    items, places = sameness.merged(node, "item"), sameness.merged(node, "place")
    told = node.log.get(bytes.fromhex(entry))
    fact = told.fact if told else None
    if not isinstance(fact, Receipt):
        return
    about = places.head(fact.place), search_key(fact.source), fact.at if dated else None
    for line in fact.lines:
        of = line.batch, line.expiry, line.fund, line.value, line.currency
        yield *about, items.head(line.item), line.qty, line.lot, *of
