"""Distributions beside what was asked for, discrepancies kind by kind, and reports asked for in words."""

import pytest

from node import moving, needing, record, sameness, undoing
from node.merging import same
from node.reporting import registry
from node.requests import (
    ArrivalIn,
    ArrivalLineIn,
    CountIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    LineIn,
    NeedIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    SameAsIn,
    VoidIn,
)
from node.units import format_time
from sync.errors import Malformed, NotFound, OutOfRange
from tests.node.test_redacting import copy
from tests.reporting.test_statement import table

DAY_MS = 86_400_000


def rows(node, name, **asked):
    return table(registry.make(node, name, asked))


def lines(**goods):
    return [LineIn(item=item.replace("_", " "), qty=qty) for item, qty in goods.items()]


@pytest.fixture
def gym(node):
    """The hub with water and soap, and a gym."""
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    record.add_item(node, ItemIn(name="Water", unit="litre"))
    line = ReceiptLineIn(item="Water", qty="3000", value="0.25", currency="USD", fund="City")
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=[line]))
    return node


# distributions


def drop(node, people=None, **more):
    body = DistributionIn(place="Harvey Hub", lines=lines(Water="300", Blanket="20"), people=people, **more)
    return record.distribute(node, body).entry


def test_a_drop_is_set_beside_what_was_asked_for_and_what_a_person_needs(gym):
    need = needing.add(gym, NeedIn(place="Gym", lines=lines(Water="500"), people=25)).entry
    drop(gym, 10, households=6, need=need, site="Gym")
    blanket, water = sorted(rows(gym, "distributions"), key=lambda row: row["item_name"])
    assert (water["qty"], water["site_name"], water["place_name"]) == (300_000, "Gym", "Harvey Hub")
    assert (water["planned"], water["planned_people"]) == (500_000, 25)
    assert (water["per_person"], water["ration"], water["ration_days"]) == (30_000, "15 L of water a day", 2_000)
    assert (str(water["value"]), water["currency"]) == ("75", "USD")
    assert (blanket["planned"], blanket["planned_people"], blanket["ration"]) == (None, None, None)
    assert sorted([water["people"] or 0, blanket["people"] or 0]) == [0, 10]  # so that the sum is right


def test_of_four_people_it_is_not_told_what_each_got(gym):
    drop(gym, 4)
    assert [row["per_person"] for row in rows(gym, "distributions")] == [None, None]
    assert [row["ration_days"] for row in rows(gym, "distributions")] == [None, None]


def test_distributions_of_a_period_a_place_an_item_and_a_fund(gym, clock):
    drop(gym, 10)
    clock.ms += 3 * DAY_MS
    drop(gym, 20)
    day = format_time(clock.ms)[:10]
    assert {row["people"] for row in rows(gym, "distributions", since=day)} == {None, 20}
    assert [row["item_name"] for row in rows(gym, "distributions", item="water", until=day)] == ["Water"] * 2
    assert {row["item_name"] for row in rows(gym, "distributions", fund="City")} == {"Water"}
    assert rows(gym, "distributions", place="Gym") == []


def test_an_undone_drop_is_no_distribution(gym):
    undoing.void(gym, drop(gym, 10), VoidIn(why="twice"))
    assert rows(gym, "distributions") == []


# discrepancies


def send(node, qty="20"):
    body = DispatchIn(place="Harvey Hub", to="Gym", lines=lines(Blanket=qty))
    return moving.dispatch(node, body).entry


def arrive(node, dispatch, qty, **more):
    body = ArrivalIn(dispatch=dispatch, lines=[ArrivalLineIn(item="Blanket", qty=qty, **more)])
    return moving.arrive(node, body).entry


def kinds(node, **asked):
    return [row["kind"] for row in rows(node, "discrepancies", **asked)]


def test_books_in_order_have_none(gym):
    arrive(gym, send(gym), "20")
    drop(gym, 10)
    assert kinds(gym) == []


def test_transfers_that_do_not_add_up(gym, new_node):
    other = new_node("Bayou Wheels")
    send(gym, "5")
    arrive(gym, send(gym, "6"), "4", damaged="1", missing="1")
    arrive(gym, send(gym, "7"), "8")
    twice = send(gym, "3")
    undone = send(gym, "2")
    copy(gym, other)
    arrive(gym, twice, "3")
    arrive(other, twice, "3")
    arrive(other, undone, "2")
    undoing.void(gym, undone, VoidIn(why="wrong van"))
    copy(other, gym)
    found = {row["kind"]: row for row in rows(gym, "discrepancies")}
    transfers = ["not arrived", "short", "over", "received twice", "arrived although undone"]
    assert [kind for kind in found if kind != "undone"] == transfers
    told = {kind: (found[kind]["expected"], found[kind]["found"]) for kind in transfers}
    assert told["not arrived"] == (5_000, 0) and told["short"] == (6_000, 4_000)
    assert told["over"] == (7_000, 8_000) and told["received twice"] == (3_000, 6_000)
    assert found["undone"]["why"] == "wrong van" and found["undone"]["about"].startswith("dispatch ")


def test_goods_of_a_dispatch_that_nobody_knows(gym, new_node):
    other = new_node("Bayou Wheels")
    copy(gym, other)
    sent = send(gym, "5")
    copy(gym, other)
    arrive(other, sent, "5")
    copy(other, gym)
    other.log.block(gym.keys.node)
    assert "sender unknown" in kinds(other)
    assert "sender unknown" not in kinds(gym)


def test_a_count_that_later_news_explains_in_part(gym, clock):
    before = clock.ms
    clock.ms += DAY_MS
    record.count(gym, CountIn(place="Harvey Hub", lines=lines(Blanket="100")))
    record.distribute(gym, DistributionIn(place="Harvey Hub", lines=lines(Blanket="15"), at=format_time(before)))
    (row,) = rows(gym, "discrepancies", item="Blanket")
    assert (row["kind"], row["expected"], row["found"]) == ("count", 120_000, 100_000)
    assert (row["difference"], row["explained"]) == (-20_000, -15_000)


def test_what_is_below_zero_late_and_ahead(gym, clock):
    record.distribute(gym, DistributionIn(place="Harvey Hub", lines=lines(Blanket="130")))
    late, ahead = format_time(clock.ms - 4 * DAY_MS), format_time(clock.ms + 2 * DAY_MS)
    record.distribute(gym, DistributionIn(place="Harvey Hub", lines=lines(Water="1"), at=late))
    record.distribute(gym, DistributionIn(place="Harvey Hub", lines=lines(Water="1"), at=ahead))
    found = {row["kind"]: row for row in rows(gym, "discrepancies")}
    assert list(found) == ["below zero", "recorded late", "clock suspect"]
    assert found["below zero"]["found"] == -10_000 and found["below zero"]["item_name"] == "Blanket"
    assert "4 days later" in found["recorded late"]["about"]
    assert kinds(gym, until=late[:10]) == ["recorded late"]


def test_a_clock_that_ran_backwards_is_told(gym, clock):
    clock.ms += DAY_MS
    drop(gym, 10)
    clock.ms -= DAY_MS
    drop(gym, 10, at=format_time(clock.ms))
    assert kinds(gym) == ["clock suspect"]


def test_a_reason_is_told_only_where_free_text_is_asked_for(gym):
    undoing.void(gym, drop(gym, 10), VoidIn(why="Mrs Smith had none"))
    out = registry.document(gym, "discrepancies", {}).report
    assert "why" not in [column.name for column in out.columns]
    shown = registry.document(gym, "discrepancies", {}, words=True).report
    assert next(iter(shown.rows()))[-1] == "Mrs Smith had none"


# asking


def test_merged_items_are_one_only_where_that_is_asked_for(gym):
    record.add_item(gym, ItemIn(name="Coverlet", unit="piece"))
    record.receive(gym, ReceiptIn(place="Gym", lines=[ReceiptLineIn(item="Coverlet", qty="5")]))
    same(gym, SameAsIn(kind="item", id="Coverlet", same="Blanket"))
    assert sameness.merged(gym, "item").heads
    apart, together = rows(gym, "statement"), rows(gym, "statement", merged="1")
    assert len(apart) == len(together) + 1
    assert {row["item_name"]: row["closing"] for row in together}["Blanket"] == 125_000


def test_values_in_one_currency(gym):
    (row,) = [
        row
        for row in rows(gym, "statement", currency="EUR", rates="USD=0.9", item="water")
        if row["item_name"] == "Water"
    ]
    assert (row["currency"], str(row["closing_value"])) == ("EUR", "675")


def test_a_day_begins_where_the_zone_says(gym, clock):
    at = "2023-11-01T03:00:00Z"  # still the last of October in New Orleans
    record.distribute(gym, DistributionIn(place="Harvey Hub", lines=lines(Water="1"), at=at))
    asked = {"since": "2023-10-31", "until": "2023-10-31"}
    assert rows(gym, "distributions", **asked) == []
    assert len(rows(gym, "distributions", **asked, zone="America/Chicago")) == 1


@pytest.mark.parametrize(
    ("name", "asked", "problem", "said"),
    [
        ("statement", {"since": "yesterday"}, Malformed, "date"),
        ("statement", {"zone": "Nowhere/Else"}, Malformed, "time zone"),
        ("statement", {"zone": "../../etc/passwd"}, Malformed, "time zone"),
        ("statement", {"by": "colour"}, OutOfRange, "colour"),
        ("statement", {"currency": "EUR"}, Malformed, "rates"),
        ("statement", {"currency": "EUR", "rates": "USD:2"}, Malformed, "not a rate"),
        ("statement", {"team": "Nobody"}, NotFound, "Nobody"),
        ("statement", {"item": "Unobtainium"}, NotFound, "Unobtainium"),
        ("statement", {"shelf": "A3"}, Malformed, "takes no shelf"),
        ("transfers", {"between": "planets"}, OutOfRange, "planets"),
        ("stock-card", {"place": "Harvey Hub"}, Malformed, "needs item"),
        ("as-known", {"at": "then"}, Malformed, "then"),
        ("entries-behind", {"figure": "hope", "row": "item=x"}, OutOfRange, "hope"),
        ("entries-behind", {"figure": "received", "row": "all"}, Malformed, "no row"),
        ("entries-behind", {"figure": "received", "row": "item=Marzipan"}, NotFound, "no row"),
        ("hopes", {}, NotFound, "There is no report"),
    ],
)
def test_what_cannot_be_asked_is_told_in_words(gym, name, asked, problem, said):
    with pytest.raises(problem, match=said):
        rows(gym, name, **asked)


def test_every_word_that_may_be_asked_has_a_meaning_and_every_needed_one_may_be_asked():
    for name in registry.REPORTS:
        assert set(registry.takes(name)) <= set(registry.ASKED), name
        assert set(registry.needs(name)) <= set(registry.takes(name)), name
