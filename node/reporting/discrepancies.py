"""The discrepancy report: where papers, counts and books differ, and what else a person should know who reads them.

It depends on the entries alone: neither on the reader's clock nor on the order in which they came. So what is on its
way is told as not arrived, however short the time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from node import catalogue, counting
from node.events import Void, is_entry_id, type_of
from node.fold import Node
from node.reporting import movements
from node.reporting.asked import Scope, View
from node.reporting.columns import thousandths
from node.reporting.model import Column, Report, Values
from node.tables import stands
from node.units import parse_time
from sync.log import Folded

LATE_MS = 48 * 3_600_000
AHEAD_MS = 24 * 3_600_000  # as much as time zones differ
BACK_MS = 3_600_000
COLUMNS = (
    Column("kind", "What", "text", "#status+type"),
    Column("at", "When", "time", "#date+occurred"),
    Column("place", "Place id", "id", "#loc+code"),
    Column("place_name", "Place", "text", "#loc+name"),
    Column("team", "Recorded by", "text", "#org+reporting"),
    Column("item", "Item id", "id", "#item+code"),
    Column("item_name", "Item", "text", "#item+name"),
    Column("unit", "Unit", "text", "#item+unit"),
    Column("expected", "By the books", "qty", "#indicator+expected+num"),
    Column("found", "Found", "qty", "#indicator+found+num"),
    Column("difference", "Difference", "qty", "#indicator+difference+num"),
    Column("explained", "Explained since", "qty", "#indicator+explained+num"),
    Column("entry", "Entry", "id", "#meta+entry"),
    Column("about", "About", "text", "#description"),
    Column("why", "Reason given", "text", "#description+reason", private=True),
)
KINDS = (
    *("not arrived", "short", "over", "received twice", "sender unknown", "arrived although undone", "count"),
    *("below zero", "recorded late", "undone", "clock suspect"),
)
NOTES = (
    "Not arrived: what was sent and nobody has recorded as arrived, damaged or missing; it may simply be on its way."
    " Short: what of that which was recorded came damaged or is given up.",
    "Count: what a count found against the books when it was made; explained since is how much of the difference the"
    " entries that came later account for.",
    "Recorded late: written down more than two days after it took place, by the writer's own clock.",
    "Clock suspect: an entry said to take place more than a day after it was written, or a clock that ran backwards by"
    " more than an hour within one log.",
)


class Found(NamedTuple):
    """One discrepancy, with the fields of a row that it has."""

    kind: str
    at: int | None
    place: str
    team: str
    entry: str
    about: str = ""
    why: str = ""
    item: str = ""
    expected: int | None = None
    found: int | None = None
    explained: int | None = None


def discrepancies(node: Node, scope: Scope) -> Report:
    """A row for each discrepancy that a scope covers, kind by kind, each in the order in which they took place."""

    def _rows() -> Iterator[Values]:
        with movements.up_to_date(node) as connection:
            look = _Look(node, View(node, connection, scope))
            found = [one for part in PARTS for one in part(look) if look.covers(one)]
            found.sort(key=lambda one: (KINDS.index(one.kind), one.at or 0, one.entry, one.place, one.item))
            made = [look.row(one) for one in found]
        return iter(made)

    return Report("discrepancies", "Discrepancies", COLUMNS, _rows, scope.about(), NOTES)


@dataclass
class _Look:
    node: Node
    view: View

    def covers(self, one: Found) -> bool:
        """Whether it lies in the period, at a place and about an item that are asked for."""
        scope, view = self.view.scope, self.view
        after = scope.since is None or (one.at is not None and one.at >= scope.since)
        before = scope.until is None or one.at is None or one.at < scope.until
        here = view.places is None or view.words.place(one.place).id in view.places
        return after and before and here and self._wants_item(one.item)

    def _wants_item(self, item: str) -> bool:
        scope = self.view.scope
        if scope.item is None and scope.category is None:
            return True
        head = self.view.words.same_items.head(item)
        named = scope.item is None or head == catalogue.find_item(self.node, scope.item, raw=scope.raw).id
        return named and (scope.category is None or self.view.category(item) == scope.category)

    def row(self, one: Found) -> Values:
        """A discrepancy as a row of the report."""
        words = self.view.words
        place = (words.place(one.place).id, words.place_name(one.place)) if one.place else (None, None)
        item = words.item(one.item) if one.item else None
        named = (item.id, item.name or item.id, item.unit) if item else (None, None, None)
        differs = None if one.expected is None or one.found is None else one.found - one.expected
        figures = (one.expected, one.found, differs, one.explained)
        return one.kind, one.at, *place, one.team, *named, *figures, one.entry, one.about, one.why

    def team(self, node: bytes | None) -> str:
        """What a node calls itself."""
        return catalogue.team_name(self.view.words.teams, node) if node else ""


# transfers


def _transfers(look: _Look) -> Iterator[Found]:
    sql = (
        "SELECT t.dispatch, t.item, t.sent, t.arrived, t.damaged, t.missing, d.node, d.at, d.dest, d.waybill,"
        f" NOT ({stands('d')}) FROM transit t"
        " LEFT JOIN dispatch d ON lower(hex(d.id)) = t.dispatch ORDER BY t.dispatch, t.item"
    )
    head = look.view.words.same_items.head
    sums: dict[tuple[str, str], list[int]] = {}
    ends: dict[str, tuple[Any, ...]] = {}
    for dispatch, item, sent, arrived, damaged, missing, *end in catalogue.query(look.node, sql):
        row = sums.setdefault((dispatch, head(item)), [0, 0, 0])
        for at, qty in enumerate((int(sent), int(arrived), int(damaged) + int(missing))):
            row[at] += qty
        ends[dispatch] = tuple(end)
    arrivals = _arrivals(look.node)
    for (dispatch, item), (sent, came, ruined) in sums.items():
        node, at, dest, waybill, undone = ends[dispatch]
        comers = arrivals.get(dispatch, [])
        place = dest or (comers[0][2] if comers else "")
        when = at if at is not None else (comers[0][1] if comers else None)
        about, told = f"waybill {waybill}" if waybill else "", came + ruined
        teams = len({author for author, *_ in comers})
        if kind := _kind(node is None, bool(undone), sent - told, teams):
            yield Found(kind, when, place, look.team(node), dispatch, about, "", item, sent, told)
        if ruined > 0 and not undone:
            yield Found("short", when, place, look.team(node), dispatch, about, "", item, told, came)


def _kind(unknown: bool, undone: bool, left: int, teams: int) -> str:
    """Where what was told to have come, in whatever state, isn't what was sent."""
    if unknown:
        return "sender unknown"
    if undone:
        return "arrived although undone" if left < 0 else ""
    if left < 0:
        return "received twice" if teams > 1 else "over"
    return "not arrived" if left else ""


def _arrivals(node: Node) -> dict[str, list[tuple[bytes, int, str]]]:
    """Who recorded what came of each dispatch, when, and where, the first first; those that stand."""
    sql = f"SELECT dispatch, node, at, place FROM arrival t WHERE {stands('t')} ORDER BY at, id"
    found: dict[str, list[tuple[bytes, int, str]]] = {}
    for dispatch, author, at, place in catalogue.query(node, sql):
        found.setdefault(dispatch, []).append((author, at, place))
    return found


# counts and balances


def _counts(look: _Look) -> Iterator[Found]:
    for row in counting.counts(look.node, raw=look.view.scope.raw):
        if row["variance"] != "0":
            yield Found(
                "count",
                parse_time(row["at"]),
                row["place"],
                row["counted_by"],
                row["entry"],
                f"lot {row['lot']}" if row["lot"] else "",
                "",
                row["item"],
                thousandths(row["expected"]),
                thousandths(row["counted"]),
                thousandths(row["explained"]),
            )


def _below(look: _Look) -> Iterator[Found]:
    head = look.view.words.same_items.head
    sql = "SELECT s.place, s.item, s.qty, c.at FROM stock s JOIN cell c ON c.place = s.place AND c.item = s.item"
    sums: dict[tuple[str, str], list[int]] = {}
    for place, item, qty, at in catalogue.query(look.node, sql):
        row = sums.setdefault((look.view.words.same_places.head(place), head(item)), [0, at])
        row[0], row[1] = row[0] + int(qty), max(row[1], at)
    for (place, item), (held, at) in sums.items():
        if held < 0:
            yield Found("below zero", at, place, "", "", "more went out than came in", "", item, 0, held)


# single entries


def _entries(look: _Look) -> Iterator[Found]:
    clocks: dict[bytes, int] = {}
    for batch in look.node.log.folded():
        for entry in batch:
            back = clocks.get(entry.log, entry.claimed) - entry.claimed
            clocks[entry.log] = entry.claimed
            yield from _entry(look, entry, back)


def _entry(look: _Look, entry: Folded, back: int) -> Iterator[Found]:
    fact = entry.fact
    at, team, id = getattr(fact, "at", None), look.team(entry.node), entry.id.hex()
    place = str(getattr(fact, "place", ""))
    if isinstance(fact, Void):
        yield _undone(look, entry, fact)
        return
    if at is None:
        return
    if entry.claimed - at > LATE_MS:
        days = f"{(entry.claimed - at) // 86_400_000} days later"
        yield Found("recorded late", at, place, team, id, f"{_said(look, entry)}, {days}")
    if at - entry.claimed > AHEAD_MS or back > BACK_MS:
        yield Found("clock suspect", at, place, team, id, _said(look, entry))


def _undone(look: _Look, entry: Folded, fact: Void) -> Found:
    target = look.node.log.get(bytes.fromhex(fact.target)) if is_entry_id(fact.target) else None
    place = str(getattr(target.fact, "place", "")) if target else ""
    what = _said(look, target) if target else f"entry {fact.target[:12]}"
    about = f"{what}, corrected" if fact.instead else what
    return Found("undone", fact.at, place, look.team(entry.node), entry.id.hex(), about, fact.why)


def _said(look: _Look, entry: Folded) -> str:
    return f"{type_of(entry.fact)} {entry.id.hex()[:12]}" if entry.fact is not None else "an entry"


PARTS: tuple[Callable[[_Look], Iterator[Found]], ...] = (_transfers, _counts, _below, _entries)
