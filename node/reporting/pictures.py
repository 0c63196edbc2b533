"""What charts show, added up from the movements: stock over time, distributions by day and by item, flows of teams.

Without an item, things of different units can't be added up; then it is drops and deliveries that are counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from node.reporting.writing import charts
from node.reporting.writing.moves import Move
from node.units import THOUSAND, day_of, format_qty

ITEMS_SHOWN = 12


class Asked(NamedTuple):
    """Of which item and which place, by their ids; "" is any."""

    item: str = ""
    place: str = ""


class Figures:
    """Takes movements in their order and adds up what the charts show."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.unit = ""
        self.steps: list[tuple[int, int]] = []
        self.days: defaultdict[str, int] = defaultdict(int)
        self.items: dict[str, tuple[str, str]] = {}
        self.drops: Counter[str] = Counter()
        self.given: Counter[str] = Counter()
        self.flows: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._seen: set[tuple[str, str]] = set()

    def take(self, move: Move) -> None:
        """Add one movement."""
        if self.asked.item not in ("", move.item):
            return
        self.unit = move.unit if self.asked.item else "drops"
        if self.asked.item and self.asked.place:
            self._step(move)
        if move.target.kind == "people" and self.asked.place in ("", move.source.id):
            self._drop(move)
        if move.source.kind == "transit" and move.target.kind == "place":
            self.flows[move.source.team, move.target.team] += self._counted(move, "arrival")

    def _step(self, move: Move) -> None:
        for account, qty in ((move.target, move.qty), (move.source, -move.qty)):
            if (account.kind, account.id) == ("place", self.asked.place):
                self.steps.append((move.at, (self.steps[-1][1] if self.steps else 0) + qty))

    def _drop(self, move: Move) -> None:
        self.days[day_of(move.at)] += self._counted(move, "drop")
        self.items[move.item] = move.item_name, move.unit
        self.drops[move.item] += 1
        self.given[move.item] += move.qty

    def _counted(self, move: Move, kind: str) -> int:
        """Its quantity, or one for each entry where no item was asked for; in thousandths."""
        if self.asked.item:
            return move.qty
        new = (kind, move.entry) not in self._seen
        self._seen.add((kind, move.entry))
        return THOUSAND * new


def draw(moves: Iterable[Move], asked: Asked, item_name: str = "", place_name: str = "") -> Iterator[str]:
    """The charts as SVG, one after the other; the first of them only of an item at a place."""
    figures = Figures(asked)
    for move in moves:
        figures.take(move)
    what, where = item_name or "Drops", f" at {place_name}" if place_name else ""
    if asked.item and asked.place:
        yield charts.stock_over_time(f"{what}{where}: on hand", figures.unit, figures.steps)
    yield charts.by_day(f"{what}{' distributed' if item_name else ''}{where}, by day", figures.unit, figures.days)
    yield charts.by_name(f"Distributed{where}, by item: number of lines", list(_bars(figures)))
    unit = figures.unit if asked.item else "deliveries"
    yield charts.flow(f"{item_name or 'Deliveries'} from team to team", unit, figures.flows)


def _bars(figures: Figures) -> Iterator[tuple[str, int, str]]:
    ranked = sorted(figures.drops.items(), key=lambda one: (-one[1], figures.items[one[0]], one[0]))
    for item, count in ranked[:ITEMS_SHOWN]:
        name, unit = figures.items[item]
        given = f"{format_qty(figures.given[item])} {unit}".strip()
        yield name, count, f"{count} × ({given})"
