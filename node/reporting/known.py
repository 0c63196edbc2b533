"""As known then: what a statement said at an earlier moment on this node, beside what it says now, and which entries
that came in between made the difference.

What was known is what had come by that moment from those whom this node listens to now. Names, values and merges are
those of now, so that nothing but news about goods makes a difference.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import itemgetter

from node import catalogue
from node.events import Arrival, Count, Dispatch, Void, is_entry_id
from node.fold import Node
from node.folding.cells import STOCK
from node.reporting import axes, movements
from node.reporting.asked import Cell, Scope, View
from node.reporting.axes import Axis, Key
from node.reporting.beside import BESIDE, GOODS, KIND, PLACE, SUMMARY, beside, told_of, way_of
from node.reporting.model import Column, Report, Values
from node.reporting.posting import NOWHERE, postings, seen_in
from node.reporting.statement import FIGURES, Row, rows
from node.reporting.worth import NO_RATES, Rates, amounts
from node.telling import summary
from node.units import format_time
from sync.log import Folded

SHOWN = 5  # late entries named in a row
Spot = tuple[str, str]  # place, item
_CHANGE = (
    Column("figure", "Figure", "text", "#indicator+name"),
    Column("then", "Known then", "qty", "#item+qty+then+num"),
    Column("now", "Known now", "qty", "#item+qty+now+num"),
    Column("change", "Change", "qty", "#item+qty+change+num"),
    Column("then_value", "Known then, value", "money", "#value+then+num"),
    Column("now_value", "Known now, value", "money", "#value+now+num"),
    Column("change_value", "Change, value", "money", "#value+change+num"),
    Column("late", "Late entries", "text", "#meta+entry"),
)
LATE_COLUMNS = (
    Column("heard", "Heard", "time", "#date+reported"),
    Column("at", "Took place", "time", "#date+occurred"),
    Column("entry", "Entry", "id", "#meta+entry"),
    KIND,
    Column("recorded_by", "Recorded by", "text", "#org+reporting"),
    PLACE,
    GOODS,
    BESIDE,
    SUMMARY,
)
NOTES = (
    "Known then is what had come to this node by that moment; names, values and merges are those of now.",
    "Late entries are those that came after it and are about the same goods at the same places.",
    "When entries came is known to this node alone: another one can't check this report.",
)


def changes(node: Node, scope: Scope, at: int, by: Sequence[str] = (), rates: Rates = NO_RATES) -> Report:
    """Each figure of a statement that was another as known at a time (ms, by this machine's clock then)."""
    told = axes.chosen(by)

    def _found() -> list[tuple[tuple[Key, int], Values]]:
        tick = _tick_at(node, at)
        with movements.known_then(node, tick) as connection:
            old = View(node, connection, scope, rates)
            then, cells = rows(old, told), old.cells()
        with movements.up_to_date(node) as connection:
            view = View(node, connection, scope, rates)
            late = _by_key(view, told, [*cells, *view.cells()], _late(node, tick))
            return sorted(_changed(view, told, then, rows(view, told), late), key=itemgetter(0))

    def _rows() -> Iterator[Values]:
        return ((*names, *row) for (names, _), row in _found())

    columns = (*(column for axis in told for column in axis.columns), *_CHANGE)
    about = {**scope.about(), "known at": format_time(at)}
    return Report("as-known", "What changed since", columns, _rows, about, NOTES)


def _tick_at(node: Node, at: int) -> int:
    with node.log.reading():
        return node.log.arrivals.tick_at(at)


def _changed(
    view: View, told: Sequence[Axis], then: dict[Key, Row], now: dict[Key, Row], late: dict[Key, list[str]]
) -> Iterator[tuple[tuple[Key, int], Values]]:
    """What changed, each with what it is sorted by: names of the row, and the figure's place."""
    for key in then.keys() | now.keys():
        names, said = axes.said(view, told, key), _named(late.get(key, []))
        for at, row in _figures(then.get(key, Row()), now.get(key, Row()), key[-1]):
            yield (names, at), (*row, said)


def _figures(before: Row, after: Row, currency: str) -> Iterator[tuple[int, Values]]:
    """The figures that differ, by their place: name, then, now and change in quantity and, if known, in value."""
    for at, name in enumerate(FIGURES):
        change, worth = after.qty[at] - before.qty[at], after.worth[at] - before.worth[at]
        if change or worth:
            values = amounts((before.worth[at], after.worth[at], worth), currency)
            yield at, (name, before.qty[at], after.qty[at], change, *values)


def _named(ids: Sequence[str]) -> str:
    shown = ", ".join(id[:8] for id in ids[:SHOWN])
    return f"{shown} and {len(ids) - SHOWN} more" if len(ids) > SHOWN else shown


# which entries came late


def late(node: Node, scope: Scope, at: int) -> Report:
    """The entries about what a scope covers that came after a time (ms), in the order in which they came."""

    def _rows() -> Iterator[Values]:
        tick = _tick_at(node, at)
        with movements.up_to_date(node) as connection:
            view = View(node, connection, scope)
            wanted = {(cell.place, cell.item) for cell in view.cells()}
            found = [entry for entry, spots in _late(node, tick) if _heads(view, spots) & wanted]
            known = node.log.arrivals.known_at([entry.n for entry in found])
            found.sort(key=lambda entry: (known[entry.n][0], entry.n))
            made = [_row(view, entry, known[entry.n][1]) for entry in found]
        return iter(made)

    about = {**scope.about(), "known at": format_time(at)}
    return Report("late-entries", "What came since", LATE_COLUMNS, _rows, about, NOTES[1:])


def _row(view: View, entry: Folded, heard: int | None) -> Values:
    fact, words = entry.fact, view.words
    team = catalogue.team_name(words.teams, entry.node)
    kind, place, goods = told_of(view.node, words, entry)
    words_of = place, goods, beside(view.node, words, fact), summary(words, fact)
    return heard, getattr(fact, "at", None), entry.id.hex(), kind, team, *words_of


def _late(node: Node, tick: int) -> list[tuple[Folded, set[Spot]]]:
    """The entries that came after a tick and change the books, each with the places and items that they are about."""
    known, found = node.log.ends(tick), []
    for branch, end in node.log.ends().items():
        after = known.get(branch, -1)
        while after < end:
            batch = node.log.stretch(branch, after, end)
            after = batch[-1].seq if batch else end
            found += [(entry, spots) for entry in batch if (spots := spots_of(node, entry))]
    return found


def spots_of(node: Node, entry: Folded) -> set[Spot]:
    """The places and items of which an entry changes the books."""
    fact = entry.fact
    if isinstance(fact, Void):
        target = node.log.get(bytes.fromhex(fact.target)) if is_entry_id(fact.target) else None
        is_own = target is not None and target.node == entry.node and isinstance(target.fact, STOCK)
        return spots_of(node, target) if is_own and target else set()
    if isinstance(fact, Count):
        return {(fact.place, item) for item, _ in seen_in(fact)}
    ways = [way_of(node, fact), NOWHERE] if isinstance(fact, Arrival) else [NOWHERE]
    spots = {(one.place, one.item) for way in ways for one in postings(fact, way)}
    if isinstance(fact, Dispatch):  # what arrived of it came from nowhere before
        spots |= {spot for arrival in _arrivals(node, entry) for spot in spots_of(node, arrival)}
    return spots


def _arrivals(node: Node, dispatch: Folded) -> list[Folded]:
    rows = catalogue.query(node, "SELECT n FROM arrival WHERE dispatch = ?", dispatch.id.hex())
    return node.log.fetch([n for (n,) in rows])


def _heads(view: View, spots: set[Spot]) -> set[Spot]:
    place, item = view.words.same_places.head, view.words.same_items.head
    return {(place(one), item(other)) for one, other in spots}


def _by_key(
    view: View, told: Sequence[Axis], cells: Sequence[Cell], found: Sequence[tuple[Folded, set[Spot]]]
) -> dict[Key, list[str]]:
    """The ids of late entries by the rows that they may have changed, in the order in which they took place."""
    spots: defaultdict[Spot, set[Key]] = defaultdict(set)
    key = axes.keys(view, told)
    for cell in cells:
        spots[cell.place, cell.item].add(key(cell))
    late_by: defaultdict[Key, list[str]] = defaultdict(list)
    for entry, about in sorted(found, key=lambda one: (getattr(one[0].fact, "at", 0), one[0].lamport, one[0].id)):
        for row in {row for spot in _heads(view, about) for row in spots.get(spot, ())}:
            late_by[row].append(entry.id.hex())
    return late_by
