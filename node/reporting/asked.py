"""What a report is asked to cover: a period, and places, teams, items, categories or funds; and what rows are made of.

A period begins with a moment and ends before another (ms since 1970 UTC); it goes by when things took place.
"""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from node import catalogue
from node.fold import Node
from node.folding.books import Connection
from node.folding.names import search_key
from node.reporting.worth import NO_RATES, Rates, Unit, Worth
from node.reporting.writing.moments import ZONE
from node.telling import Words
from node.units import format_time
from sync.errors import Malformed, NotFound, OutOfRange

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Scope:
    """What to cover; None is everything. `place` and `item` are ids, codes or names, `team` a name or a node's key in
    hex. Merged items and places are one, unless `raw`. `zone` is where the period's days begin, if not in UTC."""

    since: int | None = None
    until: int | None = None
    place: str | None = None
    team: str | None = None
    item: str | None = None
    category: str | None = None
    fund: str | None = None
    raw: bool = False
    zone: str | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since > self.until:
            raise OutOfRange("The period ends before it begins.", todo="Give the earlier day first.")

    @property
    def period(self) -> str:
        """The period in words, on the clocks of its zone."""
        first = self._said(self.since) if self.since is not None else "the beginning"
        return f"from {first} until {self._said(self.until) if self.until is not None else 'the newest entry'}"

    def _said(self, moment: int) -> str:
        try:
            there = dt.datetime.fromtimestamp(moment // 1000, zone_of(self.zone))
        except (ValueError, OverflowError, OSError):
            return format_time(moment)
        return there.isoformat(" ", "minutes")[:16] if self.zone else format_time(moment)

    def about(self) -> dict[str, str]:
        """What is covered, as reports tell it."""
        named = {name: getattr(self, name) for name in ("place", "team", "item", "category", "fund")}
        named[ZONE] = self.zone
        return {"period": self.period, **{name: text for name, text in named.items() if text is not None}}


def days(first: str | None, last: str | None, zone: dt.tzinfo = dt.UTC) -> tuple[int | None, int | None]:
    """The period (since, until) from the beginning of a day to the end of another (YYYY-MM-DD), in a time zone."""
    return (_midnight(first, 0, zone) if first else None), (_midnight(last, 1, zone) if last else None)


def zone_of(name: str | None) -> dt.tzinfo:
    """A time zone by its name, UTC where there is none."""
    try:
        return ZoneInfo(name.strip()) if name and name.strip() else dt.UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fields, todo = {"zone": "not a time zone"}, "Write it like America/New_York."
        raise Malformed(f"{name!r} is no time zone.", kept="", todo=todo, fields=fields) from None


def _midnight(date: str, after: int, zone: dt.tzinfo) -> int:
    try:
        day = dt.date.fromisoformat(date.strip()) + dt.timedelta(days=after)
    except (ValueError, OverflowError):
        raise Malformed(f"{date!r} is not a date.", todo="Write it like 2027-06-30.") from None
    moment = dt.datetime.combine(day, dt.time(), zone)
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)


def between(since: int | None, until: int | None) -> tuple[str, list[int]]:
    """A period as a condition on the column `at`, and its values."""
    bounds = [(">=", since), ("<", until)]
    asked = [(sense, moment) for sense, moment in bounds if moment is not None]
    return " AND ".join(["1", *(f"at {sense} ?" for sense, _ in asked)]), [moment for _, moment in asked]


class Cell(NamedTuple):
    """A place, item and lot as a report sees them: merged ids by their head, and what is known of the goods."""

    no: int
    place: str
    item: str
    lot: str
    unit: Unit
    fund: str


class View:
    """What a scope means on a node: the cells of tables of movements that it covers, and words for them.

    `places` are the ids of those that it is about, None if it is about all.
    """

    def __init__(self, node: Node, connection: Connection, scope: Scope, rates: Rates = NO_RATES) -> None:
        self.node, self.connection, self.scope = node, connection, scope
        items = [item for (item,) in connection.execute("SELECT DISTINCT item FROM movement_cell")]
        self.words = Words(node, items, scope.raw)
        self.worth = Worth(node, rates)
        self.places = self._only_places()
        self._item = catalogue.find_item(node, scope.item, raw=scope.raw).id if scope.item else None

    def _only_places(self) -> set[str] | None:
        scope, found = self.scope, None
        if scope.place is not None:
            found = {catalogue.find_place(self.node, scope.place, scope.raw).id}
        if scope.team is not None:
            teams = self._teams(scope.team)
            owned = {row.id for row in self.words.places.values() if self.words.place(row.id).node in teams}
            found = owned if found is None else found & owned
        return found

    def _teams(self, team: str) -> set[bytes]:
        key = search_key(team)
        found = {node for node, name in self.words.teams.items() if key in (search_key(name), node.hex())}
        if not found:
            raise NotFound(f"There is no team {team!r}.", todo="Look up the names with `bucketline place list`.")
        return found

    def wants(self, cell: Cell) -> bool:
        """Whether a cell is covered."""
        scope = self.scope
        return (
            (self.places is None or cell.place in self.places)
            and (self._item is None or cell.item == self._item)
            and (scope.fund is None or cell.fund == scope.fund)
            and (scope.category is None or search_key(self.category(cell.item)) == search_key(scope.category))
        )

    def category(self, item: str) -> str:
        """An item's category."""
        return self.words.item(item).category

    def cells(self) -> list[Cell]:
        """The cells that are covered."""
        rows = self.connection.execute("SELECT no, place, item, lot FROM movement_cell").fetchall()
        places, items, of = self.words.same_places.heads, self.words.same_items.heads, self.worth.of
        found = [Cell(no, places.get(p, p), items.get(i, i), lot, *of(i, lot)) for no, p, i, lot in rows]
        return found if self.covers_all else [cell for cell in found if self.wants(cell)]

    @property
    def within(self) -> tuple[str, list[int]]:
        """The scope's period as a condition on `at`, and its values."""
        return between(self.scope.since, self.scope.until)

    @property
    def covers_all(self) -> bool:
        """Whether no cell is left out."""
        asked = (self.places, self._item, self.scope.fund, self.scope.category)
        return all(one is None for one in asked)
