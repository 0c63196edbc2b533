"""Section `accounts`: what a statement costs beside a single GROUP BY over the same lines, and a stock card in small
and in large books.

The books hold five times `--entries` entries, about a million lines by default, of every kind that moves something.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from node import bootstrap, events
from node.config import Config
from node.reporting import movements
from node.reporting.asked import Scope
from node.reporting.statement import statement
from node.reporting.stock_card import stock_card
from tests.bench import projection, synthetic

SMALL, LARGE = 0.5, 5  # times `--entries`
CARD = 200  # entries of the item whose card is opened
RUNS = 5  # of what is timed; the median counts
BY_LOT = "SELECT cell, account, sum(qty) FROM movement GROUP BY cell, account"
BY_ITEM = (
    "SELECT c.place, c.item, m.account, sum(m.qty) FROM movement m JOIN movement_cell c ON c.no = m.cell"
    " GROUP BY c.place, c.item, m.account"
)


def run(folder: Path, entries: int, seed: int) -> dict[str, float]:
    """All figures of the section."""
    node, _ = bootstrap.init(Config(data=folder / "books"), "Books", rng=random.Random(seed).randbytes)
    try:
        writer = projection.Writer(node, seed)
        writer.catalogue()
        place = writer.maker.places[0]
        node.log.append_all([events.encode(fact) for fact in _of_one_item(place, random.Random(seed))])
        writer.grow(int(SMALL * entries))
        small = _card(node, place)
        writer.grow(LARGE * entries)
        started = time.perf_counter()
        lines = _lines(node)
        built = time.perf_counter() - started
        return {"entries": writer.written, "lines": lines, "lines_per_second": lines / built} | _figures(
            node, place, small
        )
    finally:
        node.close()


def _figures(node: bootstrap.Node, place: str, small: float) -> dict[str, float]:
    noon = synthetic.START + 86_400_000
    by_lot, by_item = (_timed(lambda sql=sql: _query(node, sql)) for sql in (BY_LOT, BY_ITEM))  # type: ignore[misc]
    whole = _timed(lambda: list(statement(node, Scope()).rows()))
    period = _timed(lambda: list(statement(node, Scope(noon, noon + 86_400_000), ["place"]).rows()))
    large = _card(node, place)
    return {
        "statement_vs_group_by": whole / by_item,
        "period_by_place_vs_group_by": period / by_item,
        "statement_vs_group_by_key": whole / by_lot,
        "period_by_place_vs_group_by_key": period / by_lot,
        "card_seconds_small": small,
        "card_seconds_large": large,
        "card_ratio": large / small,
    }


def _of_one_item(place: str, draw: random.Random) -> Iterator[events.AnyFact]:
    """The entries of an item that nobody else has."""
    yield events.Item("only here", name="Only here", unit="piece")
    for n in range(CARD):
        at = synthetic.START + n * 3_600_000
        if n % 20 == 19:
            yield events.Count(at, place, [events.CountLine("only here", 1000 * draw.randrange(50))])
        elif n % 4 == 0:
            yield events.Receipt(at, place, [events.ReceiptLine("only here", 1000 * draw.randrange(1, 90))])
        else:
            yield events.Distribution(at, place, [events.Line("only here", 1000 * draw.randrange(1, 30))])


def _card(node: bootstrap.Node, place: str) -> float:
    """Seconds to open the card, once the books are up to date."""
    _lines(node)
    return _timed(lambda: list(stock_card(node, place, "Only here").rows()))


def _lines(node: bootstrap.Node) -> int:
    with movements.up_to_date(node) as connection:
        return int(connection.execute("SELECT count(*) FROM movement").fetchone()[0])


def _query(node: bootstrap.Node, sql: str) -> list[Any]:
    return list(node.db.connection().execute(sql))


def _timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    took = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return median(took)
