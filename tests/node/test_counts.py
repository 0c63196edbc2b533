"""Counts as evidence: what was recorded never changes, and late news explains it; and the sheets to count by."""

import pytest

from node import accounts, counting, events, keeping, queries, record
from node.events import Count, CountLine
from node.requests import CountIn, DistributionIn, ItemIn, KeepIn, LineIn, PlaceIn, ReceiptIn, ReceiptLineIn, VoidIn
from node.units import format_time
from sync.errors import NotFound
from tests.fakes import memory_node, tell

HOUR = 3_600_000


@pytest.fixture
def node():
    """A depot with a hundred blankets."""
    node = memory_node()
    record.add_place(node, PlaceIn(name="Depot", kind="warehouse"))
    record.add_item(node, ItemIn(name="Blanket", unit="piece", category="shelter", packs={"bale": "30"}))
    receive(node, "Blanket", "100")
    node.now += HOUR
    return node


def receive(node, item, qty, **more):
    record.receive(node, ReceiptIn(place="Depot", lines=[ReceiptLineIn(item=item, qty=qty, **more)]))


def drop(node, qty, at=None):
    body = DistributionIn(place="Depot", lines=[LineIn(item="Blanket", qty=qty)], at=at and format_time(at))
    return record.distribute(node, body)


def count(node, qty, lot=None, item="Blanket"):
    done = record.count(node, CountIn(place="Depot", lines=[LineIn(item=item, qty=qty, lot=lot)]))
    node.now += HOUR
    return done


def told(node):
    return [
        (row["expected"], row["counted"], row["variance"], row["explained"], row["unexplained"])
        for row in counting.counts(node)
    ]


def on_hand(node):
    return [row["qty"] for row in queries.stock(node)]


# evidence


def test_a_drop_made_before_a_count_and_told_after_it_explains_it_and_moves_no_stock(node):
    counted_at = node.now
    count(node, "90")
    assert told(node) == [("100", "90", "-10", "0", "-10")]
    drop(node, "10", at=counted_at - 1)
    assert on_hand(node) == ["90"]
    assert told(node) == [("100", "90", "-10", "-10", "0")]
    assert accounts.balance(node)["balanced"]


def test_late_news_of_another_team_explains_part_of_it(node):
    other = memory_node(2)
    tell(node, other)
    count(node, "90")
    other.now = node.now
    drop(other, "4", at=node.now - HOUR - 1)
    drop(other, "50", at=node.now)
    tell(other, node)
    assert told(node) == [("100", "90", "-10", "-4", "-6")]
    assert on_hand(node) == ["40"]


def test_undone_news_explains_nothing_any_more(node):
    count(node, "90")
    done = drop(node, "10", at=node.now - HOUR - 1)
    record.void(node, done.entry, VoidIn(why="it was another place"))
    assert told(node) == [("100", "90", "-10", "0", "-10")]


def test_news_can_make_a_difference_larger(node):
    count(node, "100")
    drop(node, "8", at=node.now - HOUR - 1)
    assert told(node) == [("100", "100", "0", "-8", "8")]


def test_each_count_starts_from_the_one_before_it(node):
    count(node, "90")
    drop(node, "5")
    node.now += HOUR
    count(node, "83")
    assert told(node) == [("85", "83", "-2", "0", "-2"), ("100", "90", "-10", "0", "-10")]
    drop(node, "3", at=node.now - HOUR - 1)
    assert told(node)[0] == ("85", "83", "-2", "-3", "1")


def test_a_count_of_one_lot_is_held_against_that_lot(node):
    receive(node, "Blanket", "20", lot="B7")
    node.now += HOUR
    count(node, "15", lot="B7")
    (row,) = counting.counts(node)
    assert (row["lot"], row["expected"], row["counted"], row["unexplained"]) == ("B7", "20", "15", "-5")


def test_a_zero_is_a_count(node):
    done = count(node, "0")
    fact = record.find_entry(node, done.entry).fact
    assert fact == Count(fact.at, fact.place, [CountLine(fact.lines[0].item, 0, 100_000)])
    assert events.decode(events.encode(fact)) == fact
    assert told(node) == [("100", "0", "-100", "0", "-100")]
    assert [row["counted"] is not None for row in queries.stock(node)] == [True]


def test_a_count_that_is_undone_is_no_evidence(node):
    done = count(node, "90")
    record.void(node, done.entry, VoidIn(why="wrong shelf"))
    assert told(node) == []


def test_counts_of_a_place_alone(node):
    record.add_place(node, PlaceIn(name="Gym", kind="hub"))
    count(node, "90")
    assert counting.counts(node, "Gym") == []
    assert counting.counts(node, "Depot")[0]["counted_by"] == counting.counts(node, "Depot")[0]["team"]
    with pytest.raises(NotFound):
        counting.counts(node, "Nowhere")


def test_what_is_unexplained_is_what_the_books_call_unexplained(node):
    count(node, "90")
    drop(node, "4", at=node.now - HOUR - 1)
    count(node, "91")
    total = sum(int(row["unexplained"]) for row in counting.counts(node))
    assert accounts.balance(node)["items"][0]["unexplained"] == str(-total)


# sheets


@pytest.fixture
def shelved(node):
    """Four items: blankets on A10, soap on a2, cups on no shelf, and mats on A10 of which there were never any."""
    for name, category in (("Bar of soap", "hygiene"), ("Cup", "kitchen"), ("Mat", "shelter")):
        record.add_item(node, ItemIn(name=name, unit="piece", category=category))
    receive(node, "Bar of soap", "7")
    receive(node, "Cup", "5")
    for name, shelf in (("Blanket", "A10"), ("Bar of soap", "a2"), ("Mat", "A10")):
        keeping.keep(node, KeepIn(place="Depot", item=name, shelf=shelf))
    return node


def test_a_sheet_goes_from_shelf_to_shelf_and_then_by_name(shelved):
    rows = counting.sheet(shelved, "Depot")
    assert [(row["shelf"], row["item_name"], row["expected"]) for row in rows] == [
        ("a2", "Bar of soap", "7"),
        ("A10", "Blanket", "100"),
        ("A10", "Mat", "0"),
        ("", "Cup", "5"),
    ]
    assert rows[1]["packs"] == {"bale": "30"}


def test_a_blind_sheet_tells_nobody_what_to_find(shelved):
    rows = counting.sheet(shelved, "Depot", blind=True)
    assert len(rows) == 4 and {row["expected"] for row in rows} == {None}


def test_a_sheet_of_one_shelf_or_category(shelved):
    assert [row["item_name"] for row in counting.sheet(shelved, "Depot", shelf=" a10 ")] == ["Blanket", "Mat"]
    assert [row["item_name"] for row in counting.sheet(shelved, "Depot", category="Hygiene")] == ["Bar of soap"]
    assert counting.sheet(shelved, "Depot", shelf="Z9") == []


def test_a_long_sheet_is_counted_in_one_entry(node):
    lines = []
    for n in range(923):
        item = f"i{n:03}"
        node.log.append(events.encode(events.Item(item, name=f"Thing {n:03}", unit="piece")))
        lines.append(LineIn(item=item, qty="0"))
    record.count(node, CountIn(place="Depot", lines=lines))
    assert len(counting.sheet(node, "Depot")) == 924
    assert len(counting.counts(node)) == 923
