"""The books replayed from the whole history, by plain double entry: a check that shares nothing with the fold's tables.

Every entry is taken in the order (at, lamport, id), and each line moves a quantity from one account to another: source,
people, loss, unexplained, and one for each place, item and lot. A count moves what differs to or from `unexplained`. So
*received = distributed + lost + unexplained + on hand* for every item, and what this comes to by place and lot must be
what the tables show.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from node import catalogue
from node.events import Count, CountLine, Distribution, Loss, Receipt, Void
from node.fold import Node
from node.units import format_qty
from sync.log import Folded

SOURCE, PEOPLE, LOSS, UNEXPLAINED = "source", "people", "loss", "unexplained"
Fact = Receipt | Distribution | Loss | Count


class Ledger:
    """Balances of one item in thousandths: outside the places by account, at the places by place and lot."""

    def __init__(self) -> None:
        self.outside: defaultdict[str, int] = defaultdict(int)
        self.places: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))

    def post(self, account: str, place: str, lot: str, qty: int) -> None:
        """Move a quantity from an account outside to a place; a negative one goes the other way."""
        self.outside[account] -= qty
        self.places[place][lot] += qty

    def count(self, place: str, line: CountLine) -> None:
        """Bring lots to what was seen; the difference is unexplained."""
        held = self.places[place]
        seen = self._seen(line, held) if line.lot is None else {line.lot: line.qty}
        for lot, qty in seen.items():
            self.post(UNEXPLAINED, place, lot, qty - held[lot])

    @staticmethod
    def _seen(line: CountLine, held: Iterable[str]) -> dict[str, int]:
        seen = dict.fromkeys(held, 0)
        for lot, qty in line.split:
            if lot:
                seen[lot] = seen.get(lot, 0) + qty
        seen[""] = line.qty - sum(qty for lot, qty in line.split if lot)
        return seen

    def on_hand(self) -> dict[tuple[str, str], int]:
        """What is at the places, by (place, lot)."""
        return {(place, lot): qty for place, held in self.places.items() for lot, qty in held.items()}


def replay(node: Node) -> dict[str, Ledger]:
    """The ledger of each item after all entries that stand."""
    ledgers: defaultdict[str, Ledger] = defaultdict(Ledger)
    for fact in _in_order(node):
        _post(ledgers, fact)
    return dict(ledgers)


def _in_order(node: Node) -> Iterator[Fact]:
    facts: list[tuple[int, int, bytes, bytes, Fact]] = []
    voids: set[tuple[str, bytes]] = set()
    for batch in node.log.folded():
        _sort_out(batch, facts, voids)
    for _, _, id, author, fact in sorted(facts, key=lambda row: row[:3]):
        if (id.hex(), author) not in voids:
            yield fact


def _sort_out(batch: Sequence[Folded], facts: list[Any], voids: set[tuple[str, bytes]]) -> None:
    for entry in batch:
        fact = entry.fact
        if isinstance(fact, Void):
            voids.add((fact.target, entry.node))
        elif isinstance(fact, (Receipt, Distribution, Loss, Count)):
            facts.append((fact.at, entry.lamport, entry.id, entry.node, fact))


def _post(ledgers: defaultdict[str, Ledger], fact: Fact) -> None:
    for line in fact.lines:
        ledger = ledgers[line.item]
        if isinstance(line, CountLine):
            ledger.count(fact.place, line)
        elif isinstance(fact, Receipt):
            ledger.post(SOURCE, fact.place, line.lot, line.qty)
        else:
            account = PEOPLE if isinstance(fact, Distribution) else LOSS
            ledger.post(account, fact.place, line.lot, -line.qty)


def balance(node: Node) -> dict[str, Any]:
    """Received, distributed, lost, unexplained and on hand of each item over all places, and whether all agrees.

    {items: [{item, item_name, unit, received, distributed, lost, unexplained, on_hand, balanced}], balanced, problems}:
    quantities as decimal strings, `unexplained` is positive for what is missing, `problems` are sentences.
    """
    with node.log.transaction():
        ledgers, shown = replay(node), _shown(node)
        names = {row.id: row for row in catalogue.item_rows(node, sorted(ledgers))}
    problems: list[str] = []
    rows = []
    for item in sorted(ledgers.keys() | shown.keys()):
        ledger = ledgers.get(item, Ledger())
        found = list(_differences(item, ledger, shown.get(item, {})))
        problems += found
        rows.append({**_named(names.get(item), item), **_sums(ledger), "balanced": not found})
    rows.sort(key=lambda row: (row["item_name"], row["unit"], row["item"]))
    return {"items": rows, "balanced": not problems, "problems": problems}


def _named(row: catalogue.ItemRow | None, item: str) -> dict[str, str]:
    return {"item": item, "item_name": row.name or item if row else item, "unit": row.unit if row else ""}


def _sums(ledger: Ledger) -> dict[str, str]:
    return {
        "received": format_qty(-ledger.outside[SOURCE]),
        "distributed": format_qty(ledger.outside[PEOPLE]),
        "lost": format_qty(ledger.outside[LOSS]),
        "unexplained": format_qty(ledger.outside[UNEXPLAINED]),
        "on_hand": format_qty(sum(ledger.on_hand().values())),
    }


def _shown(node: Node) -> dict[str, dict[tuple[str, str], int]]:
    """What the fold's tables show, by item."""
    node.fold.settle()
    found: dict[str, dict[tuple[str, str], int]] = {}
    for place, item, lot, qty in catalogue.query(node, "SELECT place, item, lot, qty FROM stock"):
        found.setdefault(item, {})[place, lot] = int(qty)
    return found


def _differences(item: str, ledger: Ledger, shown: dict[tuple[str, str], int]) -> Iterator[str]:
    """Where the identity or the tables don't hold, in sentences."""
    out, history = ledger.outside, ledger.on_hand()
    if -out[SOURCE] != out[PEOPLE] + out[LOSS] + out[UNEXPLAINED] + sum(shown.values()):
        yield f"Item {item}: what was received is not what was distributed, lost, unexplained and is on hand."
    for place, lot in sorted(history.keys() | shown.keys()):
        replayed, table = history.get((place, lot), 0), shown.get((place, lot), 0)
        if replayed != table:
            yield (
                f"Item {item}, lot {lot or 'none'} at place {place}: the history comes to {format_qty(replayed)},"
                f" the tables show {format_qty(table)}."
            )
