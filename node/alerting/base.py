"""What all alerts have in common: which places are looked at, how an alert is told, and the command that settles it."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from node import catalogue, queries, sameness
from node.fold import Node
from node.telling import Words
from node.units import BLANKS, day_of, format_qty
from sync.errors import Problem

DAY_MS = 86_400_000
INFO, WARN, URGENT = "info", "warn", "urgent"
SEVERITIES = (URGENT, WARN, INFO)
Cells = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Alert:
    """One thing to look at. `since` in ms; `action` is a sentence, `command` the words that settle it.

    Where only eyes can tell a number, the command has a blank in its place: a word of `units.BLANKS`.

    `key` names what can be looked at and be done with; it is empty where only the command settles it.
    """

    kind: str
    severity: str
    text: str
    action: str
    command: Sequence[str]
    place: str | None = None
    item: str | None = None
    entry: str | None = None
    since: int | None = None
    key: str = ""
    lot: str | None = None

    @property
    def blanks(self) -> list[str]:
        """Words of the command that people put what they saw in place of; as they stand they can't be recorded."""
        ends = (word.rpartition("=")[2] for word in self.command)
        return list(dict.fromkeys(end for end in ends if end in BLANKS))


@dataclass
class Look:
    """One look at a node: the time, whose places, and what lies there. Built anew each time, inside one moment."""

    node: Node
    place: str | None = None  # the one place that is asked for
    everywhere: bool = False  # other teams' places too
    names: dict[str, str] = field(default_factory=dict)

    @cached_property
    def now(self) -> int:
        """This node's clock, ms."""
        return self.node.clock()

    @cached_property
    def today(self) -> str:
        """Its day by UTC."""
        return day_of(self.now)

    @cached_property
    def words(self) -> Words:
        """Names of places and teams, and of the items that lie at the places looked at."""
        kept = [item for (item,) in catalogue.query(self.node, "SELECT DISTINCT item FROM keep")]
        return Words(self.node, [*kept, *(item for _, item in self.cells)])

    @cached_property
    def own(self) -> list[str]:
        """This team's places, merged ones once, by name."""
        key = self.node.keys.node
        ids = [row.id for row in catalogue.places_all(self.node) if row.node == key]
        same = sameness.merged(self.node, "place")
        return list(dict.fromkeys(map(same.head, ids)))

    @cached_property
    def places(self) -> list[str]:
        """The places that are looked at."""
        if self.place is not None:
            return [self.place]
        if not self.everywhere:
            return self.own
        return [row["place"] for row in queries.places(self.node)]

    def covers(self, *places: str | None) -> bool:
        """Whether one of these is among the places that are looked at."""
        heads = {self.words.same_places.head(place) for place in places if place}
        return bool(heads.intersection(self.places))

    @cached_property
    def cells(self) -> Cells:
        """What lies at the places looked at, by place and item, as `queries.stock_cells` tells it."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for place in self.places:
            found.update(queries.stock_cells(self.node, place, None))
        return found

    # words of commands

    def place_word(self, id: str) -> str:
        """What to call a place on the command line: its name, or its id where the name may mean another."""
        return self._word(id, self.words.place(id).name, catalogue.find_place)

    def item_word(self, id: str) -> str:
        """What to call an item on the command line."""
        row = self.words.item(id)
        return self._word(id, row.name, catalogue.find_item)

    def _word(self, id: str, name: str, find: Any) -> str:
        if id not in self.names:
            self.names[id] = name if name and self._means(find, name, id) else id
        return self.names[id]

    def _means(self, find: Any, name: str, id: str) -> bool:
        try:
            return bool(find(self.node, name).id == id)
        except Problem:
            return False

    def line(self, item: str, blank: str, name: str = "") -> str:
        """ITEM=QTY of a command, with a blank for what nobody has seen yet; `name` where it is known already."""
        word = self._word(item, name, catalogue.find_item) if name else self.item_word(item)
        return f"{word}={blank}"

    def amount(self, item: str, qty: int) -> str:
        """So much of an item, for people."""
        return f"{format_qty(qty)} {self.words.item_name(item)}"


def total(cell: Mapping[str, Any]) -> int:
    """What lies in a cell, thousandths."""
    return sum(qty for _, qty, _ in cell["lots"])


def command(words: Iterable[str]) -> str:
    """Words as they are typed at a prompt."""
    return shlex.join(["bucketline", *words])


def looked_at(key: str) -> list[str]:
    """The command that says that something was looked at."""
    return ["alerts", "seen", key[:16]]
