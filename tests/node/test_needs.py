"""Needs: what is lacking, what was promised, sent and given for it, and how long anybody still asks."""

import itertools

import pytest

from node import merging, moving, needing, needs, record, undoing
from node.requests import (
    ArrivalIn,
    CloseIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    LineIn,
    MoveIn,
    NeedIn,
    PlaceIn,
    PledgeIn,
    ReceiptIn,
    ReceiptLineIn,
    RenewIn,
    SameAsIn,
    VoidIn,
)
from node.units import format_time
from sync.errors import Malformed, NotFound, OutOfRange
from tests.sync.conftest import give

HOUR_MS = 3_600_000


def blankets(qty):
    return [LineIn(item="Blanket", qty=qty)]


@pytest.fixture
def hub(node):
    """A hub with blankets, and a gym."""
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    return node


def ask(node, qty="20", **more):
    return needing.add(node, NeedIn(place="Gym", lines=blankets(qty), **more)).entry


def pledge(node, need, qty):
    return needing.pledge(node, PledgeIn(place="Harvey Hub", lines=blankets(qty), need=need)).entry


def drop(node, need, qty):
    body = DistributionIn(place="Harvey Hub", lines=blankets(qty), need=need)
    return record.distribute(node, body).entry


def the(node, everything=True):
    """(status, answered, left) of the one need and its one line."""
    (row,) = needs.rows(node, everything)
    (line,) = row["lines"]
    return row["status"], line["answered"], line["left"]


def test_a_need_is_met_by_what_was_promised_sent_and_given(hub):
    need = ask(hub, people=12, urgency="critical")
    assert the(hub) == ("open", "0", "20")
    pledge(hub, need[:8], "5")
    assert the(hub) == ("open", "5", "15")
    drop(hub, need[:8], "8")  # of it, what was promised
    assert the(hub) == ("open", "8", "12")
    moving.dispatch(hub, DispatchIn(place="Harvey Hub", to="Gym", lines=blankets("12"), need=need))
    assert the(hub) == ("met", "20", "0")
    assert needs.rows(hub) == []


def test_a_promise_runs_out_and_can_be_taken_back(hub, clock):
    need = ask(hub)
    kept = pledge(hub, need, "20")
    undoing.void(hub, kept, VoidIn(why="gone"))
    assert the(hub) == ("open", "0", "20")
    pledge(hub, need, "20")
    clock.ms += 47 * HOUR_MS
    assert the(hub) == ("met", "20", "0")
    clock.ms += 2 * HOUR_MS
    assert the(hub) == ("stale", "0", "20")


def test_a_need_is_renewed_closed_and_over_by_itself(hub, clock):
    need = ask(hub, until=format_time(clock.ms + 100 * HOUR_MS))
    clock.ms += 49 * HOUR_MS
    assert the(hub)[0] == "stale"
    needing.renew(hub, need[:10], RenewIn())
    assert the(hub)[0] == "open"
    clock.ms += HOUR_MS
    needing.close(hub, need, CloseIn(why="met"))
    assert the(hub)[0] == "closed"
    clock.ms += HOUR_MS
    needing.renew(hub, need, RenewIn(until=format_time(clock.ms + HOUR_MS)))
    assert the(hub)[0] == "open"
    clock.ms += HOUR_MS
    assert the(hub)[0] == "expired"


def test_items_that_are_one_are_needed_as_one(hub):
    record.add_item(hub, ItemIn(name="Wool cover", unit="piece"))
    need = needing.add(hub, NeedIn(place="Gym", lines=[LineIn(item="Wool cover", qty="4")])).entry
    merging.same(hub, SameAsIn(kind="item", id="Wool cover", same="Blanket"))
    drop(hub, need, "3")
    assert the(hub) == ("open", "3", "1")


def test_what_is_off_is_refused_in_words(hub):
    need = ask(hub)
    with pytest.raises(NotFound, match="There is no need"):
        needing.renew(hub, "ab" * 32, RenewIn())
    with pytest.raises(OutOfRange, match="before it begins"):
        ask(hub, until="2001-01-01T00:00Z")
    with pytest.raises(Malformed, match="for a reason"):
        needing.close(hub, need, CloseIn(why=" "))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_news_of_a_need_may_come_in_any_order(hub, new_node, clock, order):
    """The need, a promise for it and its renewal lie in three teams' logs."""
    others = [new_node(team) for team in ("one", "two")]
    for other in others:
        meet(hub, other)
    need = ask(hub)
    for other in others:
        meet(hub, other)
    clock.ms += 30 * HOUR_MS
    needing.pledge(others[0], PledgeIn(place="Harvey Hub", lines=blankets("6"), need=need))
    needing.renew(others[1], need, RenewIn())
    clock.ms += 17 * HOUR_MS
    late = new_node("late")
    nodes = [hub, *others]
    for at in order:
        meet(nodes[at], late)
    for one, other in itertools.permutations([*nodes, late], 2):
        meet(one, other)
    assert {the(node) for node in (*nodes, late)} == {("open", "6", "14")}


def meet(one, other):
    """Both trust each other and have all that the other has."""
    for giver, taker in ((one, other), (other, one)):
        taker.log.vouch(giver.keys.node, giver.keys.agree, giver.keys.agree_sig)
        assert not give(giver.log, taker.log).refused


def test_whatever_a_team_gives_keeps_its_promise_from_any_of_its_places(hub):
    need = ask(hub)
    pledge(hub, need, "8")
    record.add_place(hub, PlaceIn(name="White van", kind="vehicle"))
    moving.move(hub, MoveIn(place="Harvey Hub", to="White van", lines=blankets("10")))
    body = DistributionIn(place="White van", lines=blankets("8"), site="Gym", need=need)
    record.distribute(hub, body)
    assert the(hub) == ("open", "8", "12")


def test_what_was_sent_for_a_need_and_then_given_is_counted_once(hub):
    need = ask(hub)
    sent = moving.dispatch(hub, DispatchIn(place="Harvey Hub", to="Gym", lines=blankets("10"), need=need)).entry
    moving.arrive(hub, ArrivalIn(dispatch=sent))
    record.distribute(hub, DistributionIn(place="Gym", lines=blankets("12"), need=need))
    assert the(hub) == ("open", "12", "8")


def test_a_promise_of_more_than_there_is_gets_a_word(hub):
    body = PledgeIn(place="Harvey Hub", lines=blankets("5000"), need=ask(hub))
    assert "only 120 Blanket" in needing.pledge(hub, body).notices[0]
    assert needing.pledge(hub, PledgeIn(place="Harvey Hub", lines=blankets("5"))).notices == []


def test_goods_that_had_expired_before_they_came_get_a_word(hub):
    line = ReceiptLineIn(item="Blanket", qty="1", expiry="2001-01-01")
    assert "Expired before it came: Blanket" in record.receive(hub, ReceiptIn(place="Gym", lines=[line])).notices[0]
