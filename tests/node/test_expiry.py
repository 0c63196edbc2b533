"""Lots and their dates: first expired first out, expired stock told apart, and written off in one action."""

import pytest

from node import accounts, events, expiring, freshness, kits, queries, record
from node.events import Distribution, Receipt, ReceiptLine
from node.folding import lots
from node.requests import (
    CountIn,
    DistributionIn,
    ItemIn,
    LineIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    VoidIn,
    WriteOffIn,
)
from sync.errors import NotFound
from tests.fakes import memory_node, tell

TODAY = "2023-11-14"  # of the test's clock
DAY_MS = 86_400_000


@pytest.fixture
def node():
    """Two places of this team; milk that expired, that expires soon, that keeps, and that nobody knows a date of."""
    node = memory_node()
    for name in ("Depot", "Gym"):
        record.add_place(node, PlaceIn(name=name, kind="hub", lat="29.9", lon="-90"))
    record.add_item(node, ItemIn(name="Milk", unit="litre", packs={"case": "12"}))
    for lot, qty, expiry in (("old", "10", "2023-11-13"), ("soon", "20", "2023-11-20"), ("long", "30", "2025-01-01")):
        receive(node, "Depot", qty, lot, expiry)
    return node


def receive(node, place, qty, lot=None, expiry=None, **more):
    line = ReceiptLineIn(item="Milk", qty=qty, lot=lot, expiry=expiry, **more)
    return record.receive(node, ReceiptIn(place=place, lines=[line]))


def drop(node, qty, lot=None, at=None):
    line = LineIn(item="Milk", qty=qty, lot=lot)
    return record.distribute(node, DistributionIn(place="Depot", lines=[line], at=at))


def held(node, place="Depot"):
    return {row["lot"]: row["qty"] for row in queries.stock(node, place, lots=True)}


# first expired, first out


def test_a_drop_takes_what_expires_first_and_leaves_what_has_expired(node):
    drop(node, "25")
    assert held(node) == {"old": "10", "long": "25"}


def test_what_has_expired_goes_last_but_is_never_refused(node):
    receive(node, "Depot", "5")
    drop(node, "58")
    assert held(node) == {"old": "7"}
    drop(node, "9")
    assert held(node) == {"": "-2"}


def test_a_lot_that_is_named_goes_before_the_rule(node):
    drop(node, "10", "long")
    drop(node, "4", "old")
    assert held(node) == {"old": "6", "soon": "20", "long": "20"}


def test_a_drop_of_an_earlier_day_takes_what_was_good_then(node):
    drop(node, "10", at="2023-11-13T12:00:00Z")
    assert held(node) == {"soon": "20", "long": "30"}


def test_lots_without_a_date_go_in_the_order_in_which_they_came(node):
    record.add_item(node, ItemIn(name="Rope", unit="m"))
    for fund in "ABCDE":
        line = ReceiptLineIn(item="Rope", qty="10", fund=fund)
        record.receive(node, ReceiptIn(place="Depot", lines=[line]))
    line = LineIn(item="Rope", qty="25")
    record.distribute(node, DistributionIn(place="Depot", lines=[line]))
    rows = queries.stock(node, "Depot", "Rope", lots=True)
    sql = "SELECT lot, fund FROM lot WHERE fund <> ''"
    funds = dict(node.db.connection().execute(sql).fetchall())
    assert {funds[row["lot"]]: row["qty"] for row in rows} == {"C": "5", "D": "10", "E": "10"}
    record.count(node, CountIn(place="Depot", lines=[LineIn(item="Rope", qty="12")]))  # what is missing went as a drop
    rows = queries.stock(node, "Depot", "Rope", lots=True)
    assert {funds[row["lot"]]: row["qty"] for row in rows if row["lot"]} == {"D": "2", "E": "10"}


def test_what_a_count_finds_missing_is_taken_as_a_drop_would_take_it(node):
    record.count(node, CountIn(place="Depot", lines=[LineIn(item="Milk", qty="35")]))
    assert held(node) == {"old": "10", "long": "25"}


def test_one_lot_is_taken_in_one_piece():
    stock = {"old": 5, "": 4}
    assert lots.take(stock, {"old": "2020-01-01"}, 12, "2021-01-01") == [("", 7), ("old", 5)]
    assert stock == {"old": 0, "": -3}


# told apart


def test_stock_tells_what_has_expired(node):
    rows = {row["lot"]: (row["expired"], row["expired_qty"]) for row in queries.stock(node, "Depot", lots=True)}
    assert rows == {"old": (True, "10"), "soon": (False, "0"), "long": (False, "0")}
    (row,) = queries.stock(node, "Depot")
    assert (row["qty"], row["expired"], row["expired_qty"], row["packed"]) == ("60", None, "10", "5 case")


def test_nearby_counts_only_what_can_be_handed_out_but_shows_the_rest(node):
    receive(node, "Gym", "7", "gone", "2020-01-01")
    rows = {row["place_name"]: (row["qty"], row["expired_qty"]) for row in queries.nearby(node, "Milk", 0, 0)}
    assert rows == {"Depot": ("50", "10"), "Gym": ("0", "7")}


def test_a_day_is_good_until_it_is_over():
    assert not freshness.has_expired(TODAY, TODAY)
    assert freshness.has_expired("2023-11-13", TODAY)
    assert freshness.days_left("2023-11-20", TODAY) == 6


@pytest.mark.parametrize("junk", [None, "", "soon", "2023-13-45", "2023", "0"])
def test_what_is_no_date_never_expires(junk):
    assert not freshness.has_expired(junk, TODAY)


# the list


def test_the_list_has_what_expires_within_days_and_all_that_has(node):
    rows = expiring.expiring(node)
    assert [(row["lot"], row["expired"], row["days"], row["qty"]) for row in rows] == [
        ("old", True, -1, "10"),
        ("soon", False, 6, "20"),
    ]
    assert [row["lot"] for row in expiring.expiring(node, within=5)] == ["old"]
    assert [row["lot"] for row in expiring.expiring(node, within=1000)] == ["old", "soon", "long"]


def test_the_list_is_of_a_place_and_an_item(node):
    receive(node, "Gym", "7", "gone", "2020-01-01")
    assert [row["lot"] for row in expiring.expiring(node, place="Gym")] == ["gone"]
    assert expiring.expiring(node, place="Gym", item="Milk")[0]["days"] < -1000
    with pytest.raises(NotFound):
        expiring.expiring(node, place="Nowhere")


def test_lots_that_are_used_up_are_not_on_the_list(node):
    drop(node, "10", "old")
    assert [row["lot"] for row in expiring.expiring(node)] == ["soon"]


def test_days_pass(node):
    node.now += 7 * DAY_MS
    assert [row["lot"] for row in expiring.expiring(node) if row["expired"]] == ["old", "soon"]


# writing off


def test_writing_off_is_one_loss_a_place_and_the_books_balance(node):
    receive(node, "Gym", "7", "gone", "2020-01-01")
    done = expiring.write_off(node, WriteOffIn(note="checked by two"))
    assert [(loss["place_name"], loss["lines"]) for loss in done.losses] == [("Depot", 1), ("Gym", 1)]
    assert held(node) == {"soon": "20", "long": "30"}
    assert not [row for row in expiring.expiring(node) if row["expired"]]
    told = [row["summary"] for row in queries.log(node) if row["type"] == "loss"]
    assert sorted(told) == ["10 Milk at Depot, expired", "7 Milk at Gym, expired"]
    balance = accounts.balance(node)
    assert balance["balanced"] and balance["items"][0]["lost"] == "17"


def test_writing_off_twice_writes_nothing_more(node):
    expiring.write_off(node, WriteOffIn())
    assert expiring.write_off(node, WriteOffIn()).losses == []


def test_one_place_or_item_is_written_off_alone(node):
    receive(node, "Gym", "7", "gone", "2020-01-01")
    record.add_item(node, ItemIn(name="Bread", unit="loaf"))
    assert [loss["place_name"] for loss in expiring.write_off(node, WriteOffIn(place="Gym")).losses] == ["Gym"]
    assert expiring.write_off(node, WriteOffIn(item="Bread")).losses == []
    assert held(node)["old"] == "10"


def test_the_places_of_others_are_left_to_them_unless_one_is_named(node):
    other = memory_node(2)
    tell(node, other)
    assert expiring.write_off(other, WriteOffIn()).losses == []
    assert [loss["lines"] for loss in expiring.write_off(other, WriteOffIn(place="Depot")).losses] == [1]


def test_a_write_off_is_undone_like_any_loss(node):
    (loss,) = expiring.write_off(node, WriteOffIn()).losses
    record.void(node, loss["entry"], VoidIn(why="the date was misread"))
    assert held(node)["old"] == "10"


# worth


def test_a_value_of_nine_places_is_kept_whole(node):
    receive(node, "Gym", "3", value="0.123456789", currency="usd")
    sql = "SELECT value, currency FROM lot WHERE value <> ''"
    assert node.db.connection().execute(sql).fetchall() == [("0.123456789", "USD")]


def test_dates_that_others_made_up_spoil_no_list(node):
    place, item = (queries.stock(node)[0][name] for name in ("place", "item"))
    line = ReceiptLine(item, 1000, "odd", expiry="when it smells")
    node.log.append(events.encode(Receipt(node.now, place, [line])))
    assert "odd" not in [row["lot"] for row in expiring.expiring(node, 10_000)]
    assert kits.held_at(node, place)[item] == 51_000
    done = drop(node, "1")
    fact = record.find_entry(node, done.entry).fact
    assert isinstance(fact, Distribution)
