"""Supply runs. A vehicle is a place: it is loaded, drops are made from it, and what is left goes back.

The run sheet is the vehicle's own balance: what it carried and loaded is what was dropped, returned, lost and found
missing, and what is left. What is left comes from the tables of stock, all else from the facts, one by one, so that the
one is held against the other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from node import catalogue, inputs, moving, transit
from node.events import Arrival, Count, Dispatch, Distribution, Loss, Receipt, Repack
from node.fold import Node
from node.ledger import Ledger
from node.loads import load, measures
from node.moving import Moved
from node.queries import one_moment
from node.requests import LineIn, MoveIn, ReturnIn
from node.telling import Words
from node.units import format_qty, format_time
from sync.errors import Conflict
from sync.log import Folded

COLUMN_OF: dict[type, tuple[str, int]] = {
    Receipt: ("loaded", 1),
    Arrival: ("loaded", 1),
    Distribution: ("dropped", -1),
    Dispatch: ("returned", -1),
    Loss: ("lost", -1),
}
CAME = ("carried", "loaded")
COLUMNS = ("carried", "loaded", "dropped", "returned", "lost", "unexplained", "repacked", "left")
Row = dict[str, Any]


def no_vehicle(node: Node, place: str) -> list[str]:
    """A doubt in a sentence where a place (id) isn't known as a vehicle: what happened is recorded all the same."""
    words = Words(node, [])
    row, ids = words.place(place), words.same_places.all_of(place)
    if any(words.places[id].kind == "vehicle" for id in ids if id in words.places):
        return []
    what = f"{row.name or row.id} is a {row.kind}, no vehicle" if row.kind else f"{place} isn't known as a vehicle"
    return [f"{what}. If another was meant, move it from there."]


def load_up(node: Node, body: MoveIn) -> Moved:
    """Goods were loaded from a place onto a vehicle, which is where they go `to`."""
    done = moving.move(node, body)
    return replace(done, notices=[*done.notices, *no_vehicle(node, inputs.place(node, body.to, "to"))])


def bring_back(node: Node, body: ReturnIn) -> Moved:
    """What is left on a vehicle goes to a place, all of it unless lines say how much."""
    with node.log.transaction():
        vehicle = inputs.place(node, body.vehicle, "vehicle")
        lines = _left(node, vehicle) if body.lines is None else body.lines
        if not lines:
            raise Conflict(
                "Nothing is left on it.", kept=inputs.KEPT, todo="Count it, if there is something after all."
            )
        done = moving.move(node, MoveIn(place=vehicle, to=body.to, lines=lines, at=body.at, note=body.note))
        return replace(done, notices=[*done.notices, *no_vehicle(node, vehicle)])


def _left(node: Node, vehicle: str) -> list[LineIn]:
    node.fold.settle()
    sql = "SELECT item, lot, qty FROM stock WHERE place = ? ORDER BY item, lot"
    rows = [(item, lot, int(qty)) for item, lot, qty in catalogue.query(node, sql, vehicle)]
    return [LineIn(item=item, qty=format_qty(qty), lot=lot or None) for item, lot, qty in rows if qty > 0]


# the sheet


@dataclass
class _Run:
    """A stretch of a vehicle's history: what it carried when it began and its sums until then, by item; its entries."""

    carried: Counter[str] = field(default_factory=Counter)
    before: dict[str, Counter[str]] = field(default_factory=dict)
    entries: list[Folded] = field(default_factory=list)


def sheet(node: Node, vehicle: str, since: str | None = None) -> Row:
    """The run of a vehicle since a time (ISO 8601), or since it was last empty.

    {vehicle, vehicle_name, since, loads, stops, returns, items, people, households, load, balanced}. `loads` and
    `returns` have {entry, at, place, place_name, lines}, `stops` also {people, households}. `lines` are {item,
    item_name, unit, qty}; `items` have carried, loaded, dropped, returned, lost, unexplained, repacked and left for a
    quantity. `load` is {kg, m3, whole} of what was carried and loaded.
    """
    with one_moment(node):
        place = catalogue.find_place(node, vehicle).id
        account = _Books(place)
        run = account.play(node.fold.history(place), None if since is None else inputs.time(since, "since"))
        told = _Told(node, Words(node, [*account.ledgers]), place)
        stops, items = told.parts(run, Distribution), told.items(run, account)
        return {
            "vehicle": place,
            "vehicle_name": told.words.place_name(place),
            "since": _since(run, since),
            "loads": told.parts(run, Arrival, Receipt),
            "stops": stops,
            "returns": told.parts(run, Dispatch),
            "items": items,
            "people": sum(stop["people"] or 0 for stop in stops),
            "households": sum(stop["households"] or 0 for stop in stops),
            "load": told.load(run, account),
            "balanced": all(item["balanced"] for item in items),
        }


def vehicles(node: Node) -> list[Row]:
    """Every vehicle: {vehicle, vehicle_name, team, items}, `items` being how many are on it."""
    with one_moment(node):
        words = Words(node, [])
        counts = dict(
            catalogue.query(node, "SELECT place, count(DISTINCT item) FROM stock WHERE qty <> 0 GROUP BY place")
        )
        return [
            {
                "vehicle": row.id,
                "vehicle_name": row.name or row.id,
                "team": catalogue.team_name(words.teams, row.node),
                "items": counts.get(row.id, 0),
            }
            for row in words.places.values()
            if row.kind == "vehicle"
        ]


def _since(run: _Run, since: str | None) -> str | None:
    if since is not None:
        return format_time(inputs.time(since))
    fact: Any = run.entries[0].fact if run.entries else None
    return format_time(fact.at) if fact else None


class _Books:
    """The ledgers of one vehicle, by item."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.ledgers: defaultdict[str, Ledger] = defaultdict(Ledger)

    def held(self) -> Counter[str]:
        """What is on it now, by item; noughts left out."""
        totals = {item: sum(ledger.held[self.place].values()) for item, ledger in self.ledgers.items()}
        return Counter({item: qty for item, qty in totals.items() if qty})

    def sums(self) -> dict[str, Counter[str]]:
        """Its columns so far, by item."""
        return {item: Counter(ledger.sums[self.place]) for item, ledger in self.ledgers.items()}

    def play(self, history: Iterable[Folded], since: int | None) -> _Run:
        """The run since a time, or since the last entry that found the vehicle empty and left something on it."""
        run, begun = _Run(), since is None
        for entry in history:
            fact: Any = entry.fact
            carried, before = self.held(), self.sums()
            self.post(fact)
            if (not begun and fact.at >= (since or 0)) or (since is None and not carried and self.held()):
                run, begun = _Run(carried, before), True
            if begun:
                run.entries.append(entry)
        return run if begun else _Run(self.held(), self.sums())

    def post(self, fact: Any) -> None:
        """One fact, by its lines."""
        if isinstance(fact, Repack):
            self._lines(fact.used, "repacked", -1)
            self._lines(fact.made, "repacked", 1)
        elif isinstance(fact, Count):
            for line in fact.lines:
                self.ledgers[line.item].count(self.place, line)
        else:
            column, sign = COLUMN_OF[type(fact)]
            self._lines(fact.lines, column, sign)

    def _lines(self, lines: Sequence[Any], column: str, sign: int) -> None:
        for line in lines:
            ledger, out = self.ledgers[line.item], -line.qty if column == "repacked" and sign > 0 else line.qty
            if sign > 0 and column != "repacked":
                ledger.come(column, self.place, line.lot, line.qty)
            else:
                ledger.go(column, self.place, line.lot, out)


class _Told:
    """The parts of a sheet in words."""

    def __init__(self, node: Node, words: Words, place: str) -> None:
        self.node, self.words, self.place = node, words, place
        sql = "SELECT item, qty FROM stock WHERE place = ?"
        self.left: Counter[str] = Counter()
        for item, qty in catalogue.query(node, sql, place):
            self.left[item] += int(qty)

    def parts(self, run: _Run, *kinds: type) -> list[Row]:
        """The entries of these kinds."""
        return [self._part(entry) for entry in run.entries if isinstance(entry.fact, kinds)]

    def _part(self, entry: Folded) -> Row:
        fact: Any = entry.fact
        where = self._where(fact)
        qtys: Counter[str] = Counter()
        for line in fact.lines:
            qtys[line.item] += line.qty
        row: Row = {
            "entry": entry.id.hex(),
            "at": format_time(fact.at),
            "place": where or None,
            "place_name": self.words.place_name(where) if where else None,
            "lines": [{**self.words.about_item(item), "qty": format_qty(qty)} for item, qty in qtys.items()],
        }
        if isinstance(fact, Distribution):
            row |= {"people": fact.people, "households": fact.households}
        return row

    def _where(self, fact: Any) -> str:
        """Where goods came from or went to."""
        if isinstance(fact, Arrival):
            return transit.get(self.node, fact.dispatch).place
        return getattr(fact, "to", "") or getattr(fact, "site", "")

    def items(self, run: _Run, account: _Books) -> list[Row]:
        """The vehicle's balance, item by item."""
        after = account.sums()
        found = []
        for item in sorted(after, key=lambda id: (self.words.item_name(id), id)):
            sums = Counter(after[item])
            sums.subtract(run.before.get(item, Counter()))
            sums["carried"], sums["left"] = run.carried[item], self.left[item]
            if any(sums.values()):
                columns = {name: format_qty(sums[name]) for name in COLUMNS}
                found.append({**self.words.about_item(item), **columns, "balanced": _is_even(sums)})
        return found

    def load(self, run: _Run, account: _Books) -> Row:
        """What all that was carried and loaded weighs."""
        after = account.sums()
        known = measures(self.node, sorted(after))
        loaded = {item: sums["loaded"] - run.before.get(item, Counter())["loaded"] for item, sums in after.items()}
        return load(known, {item: qty + max(run.carried[item], 0) for item, qty in loaded.items()})


def _is_even(sums: Counter[str]) -> bool:
    return sum(sums[name] for name in CAME) == sum(sums[name] for name in COLUMNS if name not in CAME)
