"""The books line by line: equal to a rebuild, and to the history replayed by itself, in whatever order news came."""

import random
from collections import Counter
from typing import Any

import pytest

from node import ledger
from node.events import Arrival, ArrivalLine, Dispatch, Distribution, Line, Loss, Receipt, ReceiptLine, Void, encode
from node.reporting import movements
from node.reporting.posting import OTHER_CHARS_MAX, sign
from tests import test_old_databases
from tests.fakes import START_MS, MemoryNode, memory_node, tell
from tests.reporting.histories import World

earlier = test_old_databases.old
DUMP = (
    "SELECT c.place, c.item, c.lot, m.account, m.at, m.n, m.line, m.qty, m.other FROM movement m"
    " JOIN movement_cell c ON c.no = m.cell ORDER BY 1, 2, 3, 4, 5, 6, 7"
)
COUNTS = "SELECT * FROM movement_count ORDER BY 1, 2, 3, 4, 5"
SEEDS = range(20)


def dump(connection: Any) -> list[Any]:
    return [connection.execute(sql).fetchall() for sql in (DUMP, COUNTS)]


def current(node: MemoryNode) -> list[Any]:
    with movements.up_to_date(node) as connection:
        return dump(connection)


def rebuilt(node: MemoryNode) -> list[Any]:
    movements.rebuild(node)
    return current(node)


def sums(rows: list[Any]) -> Counter[Any]:
    """By place, item and column."""
    found: Counter[Any] = Counter()
    for place, item, _, account, *_, qty, _ in rows:
        found[place, item, account.partition(":")[0]] += int(qty)
    return Counter({key: qty for key, qty in found.items() if qty})


def replayed(node: MemoryNode) -> Counter[Any]:
    books = ledger.replay(node).ledgers
    return Counter(
        {
            (place, item, column): qty
            for item, one in books.items()
            for place, columns in one.sums.items()
            for column, qty in columns.items()
            if qty
        }
    )


def on_hand(rows: list[Any]) -> dict[Any, int]:
    found: Counter[Any] = Counter()
    for place, item, lot, account, *_, qty, _ in rows:
        found[place, item, lot] += sign(account) * int(qty)
    return {key: qty for key, qty in found.items() if qty}


def stock(node: MemoryNode) -> dict[Any, int]:
    node.fold.settle()
    rows = node.db.connection().execute("SELECT place, item, lot, qty FROM stock").fetchall()
    return {tuple(key): int(qty) for *key, qty in rows if int(qty)}


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_news_comes_to_the_same_as_a_rebuild_and_as_the_history(seed: int) -> None:
    world, draw = World(seed, wild=seed % 4 == 3), random.Random(seed)
    for _ in range(90):
        node = world.step()
        if draw.random() < 0.3:
            lines = current(node)
            assert sums(lines[0]) == replayed(node), f"seed {seed}"
    world.tell_all()
    for node in world.nodes:
        lines = current(node)
        assert lines == rebuilt(node), f"seed {seed}"
        assert sums(lines[0]) == replayed(node), f"seed {seed}"
        assert on_hand(lines[0]) == stock(node), f"seed {seed}"
    assert len({repr(sorted(sums(current(node)[0]).items())) for node in world.nodes}) == 1


@pytest.mark.parametrize("seed", SEEDS[:8])
def test_a_blocked_team_leaves_the_books_and_comes_back(seed: int) -> None:
    world = World(seed)
    for _ in range(60):
        world.step()
    world.tell_all()
    ours, theirs = world.nodes[:2]
    whole = current(ours)
    ours.log.block(theirs.keys.node)
    without = current(ours)
    assert without != whole
    assert sums(without[0]) == replayed(ours) and without == rebuilt(ours), f"seed {seed}"
    ours.log.accept(theirs.keys.node)
    assert current(ours) == whole


def test_what_was_known_at_a_moment_is_found_again() -> None:
    world = World(3)
    told: list[tuple[MemoryNode, int, Counter[Any]]] = []
    for _ in range(80):
        node = world.step()
        node.now += 1
        told.append((node, node.log.tick(), sums(current(node)[0])))
    for node, tick, then in told[::7]:
        with movements.known_then(node, tick) as connection:
            assert sums(dump(connection)[0]) == then


def test_quantities_beyond_64_bits_add_up() -> None:
    node = memory_node()
    for _ in range(3):
        node.log.append(encode(Receipt(START_MS, "depot", [ReceiptLine("rice", 2**63 - 1)])))
    for lost in (2**63 - 1, 5):
        node.log.append(encode(Arrival(START_MS, "depot", "ee" * 32, [ArrivalLine("rice", 2**63 - 1, "", lost)])))
    assert sums(current(node)[0]) == replayed(node)


def test_a_dispatch_heard_of_at_last_gives_its_arrivals_their_origin() -> None:
    ours, theirs = memory_node(1), memory_node(2)
    sent = theirs.log.append(encode(Dispatch(START_MS, "depot", "gym", [Line("rice", 5000)])))
    came = ours.log.append(encode(Arrival(START_MS + 1, "gym", sent.id.hex(), [ArrivalLine("rice", 4000)])))
    assert sums(current(ours)[0])["", "rice", "transferred_out"] == 4000
    tell(theirs, ours)
    found = sums(current(ours)[0])
    assert found["", "rice", "transferred_out"] == 0
    assert (found["depot", "rice", "transferred_out"], found["depot", "rice", "in_transit"]) == (4000, 1000)
    ours.log.append(encode(Void(came.id.hex(), "slip", START_MS)))
    assert sums(current(ours)[0]) == Counter({("depot", "rice", "in_transit"): 5000})


def test_a_long_reason_or_site_stands_in_no_line() -> None:
    node, long = memory_node(), "x" * 10_000
    node.log.append(encode(Loss(START_MS, "depot", [Line("rice", 1000, str(lot)) for lot in range(50)], long)))
    node.log.append(encode(Distribution(START_MS, "depot", [Line("rice", 1000)], site=long)))
    assert {row[3] for row in current(node)[0]} == {"lost:other", "distributed"}
    assert max(len(row[8]) for row in current(node)[0]) == OTHER_CHARS_MAX


def test_a_database_of_an_earlier_version_has_its_lines_and_was_known_from_the_start(earlier: Any) -> None:
    node, _ = earlier
    with movements.known_then(node, node.log.arrivals.tick_at(START_MS)) as connection:
        then = dump(connection)
    assert then[0] and then == current(node)
    assert sums(then[0]) == replayed(node)
    assert {time for _, time in node.log.arrivals.known_at([row[5] for row in then[0]]).values()} == {None}


def test_nothing_is_written_when_nothing_is_new() -> None:
    node = memory_node()
    node.log.append(encode(Receipt(START_MS, "depot", [ReceiptLine("rice", 5000)])))
    current(node)
    before = node.db.connection().total_changes
    current(node)
    assert node.db.connection().total_changes == before


def test_tables_of_another_version_are_made_anew() -> None:
    node = memory_node()
    node.log.append(encode(Receipt(START_MS, "depot", [ReceiptLine("rice", 5000)])))
    lines = current(node)
    node.db.execute_sql("UPDATE projection SET version = 0 WHERE name = ?", (movements.NAME,))
    node.db.execute_sql("UPDATE movement SET qty = 1")
    assert current(node) == lines
