"""Whoever holds the same entries tells the same, to the byte, whatever they came by; and long sums stay exact."""

from collections.abc import Iterator

import pytest

from node.events import Arrival, ArrivalLine, Receipt, ReceiptLine, encode
from node.reporting.activity import activity, daily
from node.reporting.asked import Scope
from node.reporting.behind import behind
from node.reporting.funds import funds, trace
from node.reporting.matrix import matrix
from node.reporting.model import Report
from node.reporting.statement import statement
from node.reporting.stock_card import stock_card
from sync.errors import OutOfRange
from tests.fakes import START_MS, MemoryNode, memory_node
from tests.reporting.histories import HOUR, ITEMS, PLACES, World
from tests.reporting.test_statement import table

SCOPE = Scope(START_MS + HOUR, START_MS + 6 * HOUR, raw=True)


def reports(node: MemoryNode) -> Iterator[Report]:
    for by in ([], ["place"], ["team"], ["fund", "lot"]):
        yield statement(node, SCOPE, by)
    for row in table(statement(node, SCOPE, ["place"])):
        yield behind(node, SCOPE, ["place"], row, "closing")
    yield from (stock_card(node, place, item, raw=True) for place in PLACES for item in ITEMS)
    yield from (matrix(node, SCOPE, between) for between in ("team", "place"))
    yield from (activity(node, SCOPE), daily(node, SCOPE), funds(node, SCOPE), trace(node, SCOPE))


@pytest.mark.parametrize("seed", range(4))
def test_nodes_that_hold_the_same_tell_the_same(seed: int) -> None:
    made = World(seed)
    for _ in range(80):
        made.step()
    made.tell_all()
    ours, *others = [[(report.about, list(report.rows())) for report in reports(node)] for node in made.nodes]
    assert others == [ours, ours], f"seed {seed}"


def test_rows_are_given_anew_each_time_and_fit_their_columns() -> None:
    made = World(2)
    for _ in range(60):
        made.step()
    kinds = {"qty": int, "int": int, "time": int, "text": str, "id": str, "date": str}
    for report in reports(made.nodes[0]):
        rows = list(report.rows())
        assert rows == list(report.rows())
        for row in rows:
            for column, value in zip(report.columns, row, strict=True):
                assert value is None or isinstance(value, kinds.get(column.kind, object)), (report.name, column.name)


def test_sums_beyond_64_bits_are_exact() -> None:
    node, most = memory_node(), 2**63 - 1
    for _ in range(3):
        line = ReceiptLine("rice", most, "a", value="1.5", currency="USD")
        node.log.append(encode(Receipt(START_MS, "depot", [line])))
    arrived = [ArrivalLine("rice", most, "", most, 1)]
    node.log.append(encode(Arrival(START_MS + HOUR, "depot", "ee" * 32, arrived)))
    sums = table(statement(node, Scope(), ["lot"]))
    assert [(row["received"], row["transferred_in"], row["closing"]) for row in sums] == [
        (0, 2 * most + 1, most),
        (3 * most, 0, 3 * most),
    ]


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(OutOfRange, match="ends before it begins"):
        Scope(since=2, until=1)
