"""Whether the books balance: the history replayed (`node.ledger`), held against what the tables show.

For every item, at every place, for every team and for the whole network:
*received + transferred in = distributed + transferred out + in transit + lost + unexplained + repacked + on hand*,
in exact integers. Over the network what was transferred in is what was transferred out. Goods in transit are their
sender's; what came damaged or was given up as missing is lost where it should have arrived.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from node import catalogue, ledger, sameness
from node.fold import Node
from node.ledger import CAME, COLUMNS, WENT, Books, Ledger
from node.units import format_qty

COLUMNS_SHOWN = (*COLUMNS, "on_hand")
BY = ("place", "team")


class Shown(NamedTuple):
    """What the fold's tables show of one item: on hand by (place, lot), in transit by (dispatch, lot)."""

    stock: dict[tuple[str, str], int]
    transit: dict[tuple[str, str], int]


def balance(node: Node, by: str | None = None, raw: bool = False) -> dict[str, Any]:
    """What came in and what became of it, item by item over all places, and whether all agrees.

    {items, balanced, problems}. `items` are rows of item, item_name, unit, balanced and all columns: received,
    transferred_in, distributed, transferred_out, in_transit, lost, unexplained, repacked, on_hand as decimal strings.
    `unexplained` is positive for what is missing, `repacked` for what became something else. `problems` are sentences.
    `by` "place" adds `places`, the same rows with place, place_name and team; by "team" adds `teams`, with team. What
    this team has merged is one row, unless `raw`.
    """
    with node.log.transaction():
        books, shown = ledger.replay(node), _shown(node)
        items, places = (sameness.NONE if raw else sameness.merged(node, kind) for kind in ("item", "place"))
        known = sorted(books.ledgers.keys() | shown.keys())
        names = {row.id: row for row in catalogue.item_rows(node, sorted({*known, *map(items.head, known)}))}
        groups = _Groups(node, places)
    merged: dict[str, _Item] = {}
    for item in known:
        found, tables = books.ledgers.get(item, Ledger()), shown.get(item, Shown({}, {}))
        merged.setdefault(items.head(item), _Item()).take(item, found, tables, books)
    rows: dict[str, list[dict[str, Any]]] = {"items": [], **({f"{by}s": []} if by in BY else {})}
    for item, one in merged.items():
        named = _named(names.get(item), item)
        rows["items"].append({**named, **_columns(one.parts.values()), "balanced": not one.wrong})
        if by in BY:
            rows[f"{by}s"] += groups.rows(by, named, one.parts)
    for name, found_rows in rows.items():
        found_rows.sort(key=lambda row: _order(row, name))
    problems = [said for one in merged.values() for said in one.wrong]
    return {**rows, "balanced": not problems, "problems": problems}


class _Item:
    """What the books say of an item, or of several that are one: its columns by place, and what is wrong with them."""

    def __init__(self) -> None:
        self.parts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.wrong: list[str] = []

    def take(self, item: str, found: Ledger, tables: Shown, books: Books) -> None:
        """Add one item's books, checked by themselves."""
        parts = _by_place(found, tables, books)
        self.wrong += [*_differences(item, found, tables), *_uneven(item, parts)]
        for place, part in parts.items():
            self.parts[place].update(part)


def _order(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    first = {"items": (), "places": ("place_name", "place"), "teams": ("team", "node")}[name]
    return tuple(str(row[key]) for key in (*first, "item_name", "unit", "item"))


def _named(row: catalogue.ItemRow | None, item: str) -> dict[str, str]:
    return {"item": item, "item_name": row.name or item if row else item, "unit": row.unit if row else ""}


# the columns of places, and their sums


def _by_place(found: Ledger, tables: Shown, books: Books) -> dict[str, Counter[str]]:
    """All columns of each place; what is on hand and in transit as the tables show it."""
    parts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for place, sums in found.sums.items():
        parts[place].update({name: qty for name, qty in sums.items() if name != "in_transit"})
    for (place, _), qty in tables.stock.items():
        parts[place]["on_hand"] += qty
    for (dispatch, _), qty in tables.transit.items():
        parts[books.origins.get(dispatch, "")]["in_transit"] += qty
    return dict(parts)


def _columns(parts: Iterable[Counter[str]]) -> dict[str, str]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return {name: format_qty(total[name]) for name in COLUMNS_SHOWN}


def _uneven(item: str, parts: Mapping[str, Counter[str]]) -> Iterator[str]:
    """Where the identity doesn't hold, in sentences."""
    for place, part in parts.items():
        if not _is_even(part):
            yield f"Item {item} at place {place}: what came in is not what went out and is on hand."
    if sum(part["transferred_in"] - part["transferred_out"] for part in parts.values()):
        yield f"Item {item}: what was transferred in is not what was transferred out."


def _is_even(part: Counter[str]) -> bool:
    return sum(part[name] for name in CAME) == sum(part[name] for name in (*WENT, "on_hand"))


class _Groups:
    """Whose places are whose."""

    def __init__(self, node: Node, same: sameness.Same) -> None:
        self.same = same
        self.places = {row.id: row for row in catalogue.places_all(node)}
        self.names = catalogue.team_names(node)

    def rows(self, by: str | None, named: Any, parts: Mapping[str, Counter[str]]) -> Iterator[dict[str, Any]]:
        """The rows of one item, a place or a team each."""
        key, head = (self._same, self._place) if by == "place" else (self._node, self._team)
        groups: defaultdict[str, list[Counter[str]]] = defaultdict(list)
        for place, part in parts.items():
            groups[key(place)].append(part)
        for name, members in groups.items():
            balanced = all(map(_is_even, members))
            yield {**head(name), **named, **_columns(members), "balanced": balanced}

    def _same(self, place: str) -> str:
        return self.same.head(place)

    def _node(self, place: str) -> str:
        row = self.places.get(self.same.head(place))
        return row.node.hex() if row else ""

    def _team(self, node: str) -> dict[str, str]:
        return {"node": node, "team": catalogue.team_name(self.names, bytes.fromhex(node)) if node else ""}

    def _place(self, place: str) -> dict[str, str]:
        row = self.places.get(place)
        name = row.name or place if row else place
        return {"place": place, "place_name": name, "team": self._team(self._node(place))["team"]}


# what the tables show, against the history


def _shown(node: Node) -> dict[str, Shown]:
    """What the fold's tables show, by item."""
    node.fold.settle()
    found: defaultdict[str, Shown] = defaultdict(lambda: Shown({}, {}))
    for place, item, lot, qty in catalogue.query(node, "SELECT place, item, lot, qty FROM stock"):
        found[item].stock[place, lot] = int(qty)
    sql = "SELECT dispatch, item, lot, sent, arrived, damaged, missing FROM transit"
    for dispatch, item, lot, sent, *came in catalogue.query(node, sql):
        found[item].transit[dispatch, lot] = int(sent) - sum(map(int, came))
    return dict(found)


def _differences(item: str, found: Ledger, tables: Shown) -> Iterator[str]:
    """Where history and tables differ, in sentences."""
    yield from _unlike(found.on_hand(), tables.stock, lambda place, lot: f"Item {item}, lot {lot} at place {place}")
    yield from _unlike(found.transit, tables.transit, lambda sent, lot: f"Item {item}, lot {lot} of dispatch {sent}")


def _unlike(
    history: Mapping[tuple[str, str], int], tables: Mapping[tuple[str, str], int], name: Callable[[str, str], str]
) -> Iterator[str]:
    for where, lot in sorted(history.keys() | tables.keys()):
        replayed, table = history.get((where, lot), 0), tables.get((where, lot), 0)
        if replayed != table:
            what = name(where, lot or "none")
            yield f"{what}: the history comes to {format_qty(replayed)}, the tables show {format_qty(table)}."
