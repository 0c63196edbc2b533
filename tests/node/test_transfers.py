"""Goods on their way between teams: what is open, what doesn't fit, and that nothing of it is ever refused."""

from typing import Any

import pytest

from node import accounts, merging, moving, papers, queries, record, slips, transfers
from node.events import Arrival, ArrivalLine, SameAs
from node.requests import (
    ArrivalIn,
    ArrivalLineIn,
    DispatchIn,
    ItemIn,
    LineIn,
    MoveIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    SameAsIn,
    VoidIn,
)
from sync.errors import Conflict, Malformed, NotFound, OutOfRange
from tests.fakes import MemoryNode, memory_node, tell

HOUR_MS = 3_600_000


@pytest.fixture
def north() -> MemoryNode:
    """A depot with a hundred blankets in two lots, and a school of another team."""
    node = memory_node("north")
    record.name_team(node, "North")
    record.add_item(node, ItemIn(name="Blanket", unit="piece"))
    record.add_place(node, PlaceIn(name="Depot", kind="warehouse"))
    for lot, expiry in (("late", "2029-01-01"), ("soon", "2027-01-31")):
        line = ReceiptLineIn(item="Blanket", qty="50", lot=lot, expiry=expiry)
        record.receive(node, ReceiptIn(place="Depot", lines=[line]))
    return node


@pytest.fixture
def school(north: MemoryNode) -> MemoryNode:
    """The school's node; both have heard of each other."""
    node = memory_node("school")
    record.name_team(node, "School")
    record.add_place(node, PlaceIn(name="School", kind="site"))
    meet(north, node)
    return node


def meet(*nodes: MemoryNode) -> None:
    for _ in nodes:
        for one in nodes:
            for other in nodes:
                if one is not other:
                    tell(one, other)


def send(node: MemoryNode, qty: str = "60", **more: Any) -> str:
    lines = [LineIn(item="Blanket", qty=qty)]
    return moving.dispatch(node, DispatchIn(place="Depot", to="School", lines=lines, **more)).entry


def arrive(node: MemoryNode, dispatch: str, **more: Any) -> moving.Arrived:
    return moving.arrive(node, ArrivalIn(dispatch=dispatch, **more))


def came(qty: str, **more: Any) -> list[ArrivalLineIn]:
    return [ArrivalLineIn(item="Blanket", qty=qty, **more)]


def row(node: MemoryNode, dispatch: str) -> dict[str, Any]:
    return transfers.row(node, dispatch)


def lines_in(node: MemoryNode, done: moving.Arrived) -> list[tuple[str, int, int, int]]:
    fact = node.log.get(bytes.fromhex(done.entry)).fact
    return [(line.lot, line.qty // 1000, line.damaged // 1000, line.missing // 1000) for line in fact.lines]


def test_what_left_is_in_transit_until_it_arrives(north, school):
    sent = send(north)
    meet(north, school)
    (line,) = row(school, sent)["lines"]
    assert (line["item_name"], line["sent"], line["open"]) == ("Blanket", "60", "60")
    assert row(school, sent)["status"] == "in_transit"
    assert arrive(school, sent).missing == []
    meet(north, school)
    assert row(north, sent)["status"] == row(school, sent)["status"] == "arrived"
    assert transfers.rows(north) == [] and len(transfers.rows(north, every=True)) == 1
    assert accounts.balance(north)["balanced"]


def test_lots_that_nobody_named_arrive_first_expired_first(north, school):
    sent = send(north)
    meet(north, school)
    assert lines_in(school, arrive(school, sent, lines=came("55"))) == [("soon", 50, 0, 0), ("late", 5, 0, 0)]


def test_a_lot_that_is_named_is_set_aside_before_the_others(north, school):
    sent = send(north)
    meet(north, school)
    lines = [*came("50"), *came("5", lot="soon")]
    assert sorted(lines_in(school, arrive(school, sent, lines=lines))) == [("late", 5, 0, 0), ("soon", 50, 0, 0)]


def test_a_dispatch_may_arrive_in_several_goes(north, school):
    sent = send(north)
    meet(north, school)
    assert [part["qty"] for part in arrive(school, sent, lines=came("20")).missing] == ["40"]
    assert row(school, sent)["status"] == "in_transit"
    assert [part["qty"] for part in arrive(school, sent, lines=came("15")).missing] == ["25"]
    assert arrive(school, sent).missing == []
    assert row(school, sent)["status"] == "arrived"
    assert len(row(school, sent)["arrivals"]) == 3


def test_what_came_damaged_is_lost_and_all_else_arrived(north, school):
    sent = send(north)
    meet(north, school)
    done = arrive(school, sent, damaged=[LineIn(item="Blanket", qty="4")])
    assert lines_in(school, done) == [("soon", 46, 4, 0), ("late", 10, 0, 0)]
    meet(north, school)
    (line,) = row(north, sent)["lines"]
    assert (line["arrived"], line["damaged"], line["missing"], line["open"]) == ("56", "4", "0", "0")
    assert row(north, sent)["status"] == "short" and "School" not in row(north, sent)["todo"]
    assert accounts.balance(north)["balanced"]


def test_what_is_given_up_as_missing_ends_the_transfer(north, school):
    sent = send(north)
    meet(north, school)
    assert arrive(school, sent, lines=came("58", missing="2")).missing == []
    assert row(school, sent)["status"] == "short"
    school.now += 8 * 24 * HOUR_MS
    assert transfers.rows(school) == []


def test_what_was_given_up_and_comes_after_all_is_missing_no_more(north, school):
    sent = send(north)
    meet(north, school)
    arrive(school, sent, lines=came("50"), missing=came("10"))
    done = arrive(school, sent, lines=came("7", damaged="1"))
    assert lines_in(school, done) == [("late", 7, 1, -8)]
    assert done.notices == ["8 Blanket had been given up as missing, and came after all."]
    told = {row["entry"]: row["summary"] for row in queries.log(school)}
    assert "8 Blanket no longer missing" in told[done.entry]
    assert row(school, sent)["status"] == "short"
    (line,) = row(school, sent)["lines"]
    assert [line[name] for name in ("arrived", "damaged", "missing", "open")] == ["57", "1", "2", "0"]
    done = arrive(school, sent, lines=came("5"))  # and three beyond all that
    assert lines_in(school, done) == [("", 3, 0, 0), ("late", 2, 0, -2)]
    assert row(school, sent)["status"] == "over"
    meet(north, school)
    for node in (north, school):
        assert accounts.balance(node)["balanced"]


def test_more_than_was_sent_is_recorded_and_shown(north, school):
    sent = send(north)
    meet(north, school)
    done = arrive(school, sent, lines=came("65"))
    assert done.notices and "more came in than was sent" in done.notices[0]
    meet(north, school)
    for node in (north, school):
        assert row(node, sent)["status"] == "over"
        assert "5 Blanket more came" in row(node, sent)["todo"]
        assert accounts.balance(node)["balanced"]


def test_the_rest_is_what_is_open_in_sum_also_where_more_came_of_one_lot(north, school):
    sent = send(north)  # fifty of the lot that expires soon, ten of the other
    meet(north, school)
    arrive(school, sent, lines=came("52", lot="soon"))
    done = arrive(school, sent)
    assert row(school, sent)["status"] == "arrived" and done.notices == []
    assert {line["open"] for line in row(school, sent)["lines"]} == {"0"}


def test_the_rest_of_an_item_that_goes_by_another_name_is_found(north, school):
    sent = send(north)
    record.add_item(school, ItemIn(name="Wool cover", unit="piece"))
    meet(north, school)
    merging.same(school, SameAsIn(kind="item", id="Blanket", same="Wool cover"))
    (line,) = row(school, sent)["lines"]
    assert (line["item_name"], line["open"]) == ("Wool cover", "60")
    body = ArrivalIn(dispatch=sent, lines=[])
    with pytest.raises(Conflict, match="in the meantime"):
        moving.arrive(school, body, {line["item"]: "61"})
    moving.arrive(school, body, {line["item"]: "60"})
    assert row(school, sent)["status"] == "arrived"


def test_one_dispatch_received_on_two_nodes_apart_is_shown_to_all_when_they_meet(north, school):
    helpers = memory_node("helpers")
    record.name_team(helpers, "Helpers")
    sent = send(north)
    meet(north, school, helpers)
    arrive(school, sent)
    arrive(helpers, sent)
    assert row(school, sent)["status"] == row(helpers, sent)["status"] == "arrived"
    meet(north, school, helpers)
    for node in (north, school, helpers):
        assert row(node, sent)["status"] == "twice"
        assert "Helpers and School" in row(node, sent)["todo"]
        assert accounts.balance(node)["balanced"]
    (mine,) = [one["entry"] for one in row(helpers, sent)["arrivals"] if one["team"] == "Helpers"]
    record.void(helpers, mine, VoidIn(why="the school has them"))
    meet(north, school, helpers)
    assert {row(node, sent)["status"] for node in (north, school, helpers)} == {"arrived"}
    assert len({queries.digest(node)["stock"] for node in (north, school, helpers)}) == 1


def test_a_dispatch_undone_after_its_goods_arrived_is_shown_not_blocked(north, school):
    sent = send(north)
    meet(north, school)
    arrive(school, sent)
    record.void(north, sent, VoidIn(why="wrong place"))
    meet(north, school)
    for node in (north, school):
        assert row(node, sent)["status"] == "voided"
        assert [one["dispatch"] for one in transfers.rows(node)] == [sent]
        assert accounts.balance(node)["balanced"]


def test_a_dispatch_undone_before_anything_came_is_no_transfer_any_more(north, school):
    sent = send(north)
    record.void(north, sent, VoidIn(why="wrong place"))
    assert transfers.rows(north, every=True) == []


def test_goods_of_a_dispatch_that_nobody_here_heard_of_are_recorded(north, school):
    sent = send(north)
    done = arrive(school, sent, lines=came("60"), place="School")
    assert "isn't known here yet" in done.notices[0]
    assert row(school, sent)["status"] == "unmatched"
    assert row(school, sent)["from"] is None and row(school, sent)["at"] is None
    meet(north, school)
    assert row(school, sent)["status"] == "arrived"
    assert accounts.balance(school)["balanced"]


def test_goods_of_an_unknown_dispatch_need_a_place_and_lines(north, school):
    with pytest.raises(Malformed):
        arrive(school, "ab" * 32, lines=came("1"))
    with pytest.raises(OutOfRange):
        arrive(school, "ab" * 32, place="School")


def test_what_has_been_on_its_way_for_two_days_is_overdue(north):
    record.add_place(north, PlaceIn(name="School", kind="site"))
    sent = send(north)
    north.now += 48 * HOUR_MS
    assert row(north, sent)["status"] == "in_transit"
    north.now += 1
    assert row(north, sent)["status"] == "overdue"


def test_all_arrived_twice_by_one_hand_is_refused_since_nothing_is_left(north, school):
    sent = send(north)
    meet(north, school)
    arrive(school, sent)
    with pytest.raises(Conflict):
        arrive(school, sent)


def test_a_paper_read_in_and_the_log_that_comes_later_double_nothing(north, school):
    sent = send(north)
    text = papers.text_of(north, sent)
    slips.take(school, text)
    waiting = transfers.rows(school)
    assert [(one["dispatch"], one["status"], one["team"]) for one in waiting] == [(sent, "in_transit", "North")]
    assert [part["qty"] for part in arrive(school, sent[:10], lines=came("25")).missing] == ["35"]
    assert row(school, sent)["status"] == "in_transit"
    meet(north, school)
    assert slips.every(school) == []
    assert [(line["sent"], line["arrived"], line["open"]) for line in row(school, sent)["lines"]] == [
        ("60", "25", "35")
    ]
    assert arrive(school, sent).missing == []
    assert accounts.balance(school)["balanced"]


def test_an_undone_dispatch_and_its_correction_may_bear_one_number(north, school):
    record.void(north, send(north, "50", waybill="7"), VoidIn(why="fifty was wrong"))
    right = send(north, "60", waybill="7")
    meet(north, school)
    assert arrive(school, "7").dispatch == right


def test_a_number_that_two_dispatches_bear_is_asked_about(north, school):
    send(north, "1", waybill="7")
    send(north, "2", waybill="7")
    with pytest.raises(OutOfRange, match="several"):
        arrive(north, "7")


def test_a_word_that_no_dispatch_bears_is_refused(north):
    with pytest.raises(NotFound, match="bucketline transfers"):
        arrive(north, "nothing")
    with pytest.raises(OutOfRange, match="isn't a dispatch"):
        arrive(north, queries.log(north)[0]["entry"])


def test_goods_may_come_in_elsewhere_than_they_were_sent_to(north, school):
    sent = send(north)
    record.add_place(north, PlaceIn(name="Church", kind="site"))
    arrive(north, sent, place="Church")
    assert row(north, sent)["status"] == "arrived"
    assert {one["place_name"]: one["qty"] for one in queries.stock(north)}["Church"] == "60"


def test_a_move_is_both_ends_or_neither(north):
    record.add_place(north, PlaceIn(name="Annex", kind="hub"))
    done = moving.move(north, MoveIn(place="Depot", to="Annex", lines=[LineIn(item="Blanket", qty="70")]))
    assert {one["place_name"]: one["qty"] for one in queries.stock(north)} == {"Annex": "70", "Depot": "30"}
    assert row(north, done.entry)["status"] == "arrived"
    before = queries.digest(north)
    with pytest.raises(OutOfRange):
        moving.move(north, MoveIn(place="Depot", to="Depot", lines=[LineIn(item="Blanket", qty="1")]))
    assert queries.digest(north) == before


def test_more_may_leave_than_the_books_know_of(north, school):
    lines = [LineIn(item="Blanket", qty="130")]
    done = moving.dispatch(north, DispatchIn(place="Depot", to="School", lines=lines))
    assert "-30 Blanket" in done.notices[0]


def test_items_that_are_one_in_our_books_arrive_as_what_was_sent(north, school):
    sent = send(north)
    meet(north, school)
    record.add_item(school, ItemIn(name="Cover", unit="piece"))
    sent_as, ours = (queries.items(school, like=name)[0]["item"] for name in ("Blanket", "Cover"))
    record.write(school, SameAs(school.now, "item", sent_as, ours))
    assert arrive(school, sent, lines=[ArrivalLineIn(item="Cover", qty="60")]).missing == []
    meet(north, school)
    assert [row(node, sent)["status"] for node in (north, school)] == ["arrived", "arrived"]


def test_a_load_tells_its_weight_and_volume_as_far_as_known(north, school):
    from node.events import Item

    item = queries.items(north)[0]["item"]
    record.write(north, Item(item, weight=1600, volume=10_000))
    assert row(north, send(north))["load"] == {"kg": "96", "m3": "0.6", "whole": True}


def test_lots_that_differ_between_both_papers_make_no_difference_in_sum(north, school):
    sent = send(north)
    meet(north, school)
    item = queries.items(school)[0]["item"]
    place = row(school, sent)["to"]
    record.write(school, Arrival(school.now, place, sent, [ArrivalLine(item, 60_000)]))
    assert row(school, sent)["status"] == "arrived"
