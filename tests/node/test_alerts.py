"""Each kind of alert appears when there is something to look at, and vanishes once its own command has been run."""

import json
import shlex
import shutil

import pytest

from node import alerts, bootstrap, keeping, merging, moving, needing, queries, record, undoing
from node.config import Config
from node.requests import (
    ArrivalIn,
    ArrivalLineIn,
    CountIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    KeepIn,
    LineIn,
    LossIn,
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
from sync.errors import Conflict, NotFound, OutOfRange
from tests.node.test_redacting import copy

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
BLANKETS = [LineIn(item="Blanket", qty="20")]


@pytest.fixture
def hub(node):
    """The node with a second place of its own."""
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    return node


@pytest.fixture
def other(hub, new_node):
    """Another team that knows all that the first one does."""
    found = new_node("Bayou Wheels")
    record.add_place(found, PlaceIn(name="The Van", kind="vehicle"))
    meet(hub, found)
    return found


def meet(one, other):
    copy(one, other)
    copy(other, one)


def kinds(node, **more):
    return [row["kind"] for row in alerts.rows(node, **more)]


def the(node, kind, **more):
    """The one alert of a kind."""
    (row,) = alerts.rows(node, kind=kind, **more)
    return row


def filled(row, seen):
    """The words of an alert's command with what people saw in place of each blank."""
    program, *words = shlex.split(row["command"])
    assert program == "bucketline" and bool(row["blanks"]) == (seen is not None)
    for blank in row["blanks"]:
        words = [
            word.replace(f"={blank}", f"={seen}") if "=" in word else seen if word == blank else word for word in words
        ]
    return words


def settles(run, node, kind, seen=None, **more):
    """Run the command of the one alert of a kind, with what was seen in its blanks: there is none afterwards."""
    row = the(node, kind, **more)
    if row["blanks"]:
        before = queries.digest(node)
        run(node, *shlex.split(row["command"])[1:], code=2)
        assert queries.digest(node) == before  # as it stands it records nothing
    run(node, *filled(row, seen))
    assert kinds(node, kind=kind, **more) == []
    return row


def receive(node, item="Blanket", qty="20", place="Harvey Hub", **more):
    at = more.pop("at", None)
    lines = [ReceiptLineIn(item=item, qty=qty, **more)]
    return record.receive(node, ReceiptIn(place=place, lines=lines, at=at)).entry


def drop(node, qty="20", item="Blanket", place="Harvey Hub", **more):
    body = DistributionIn(place=place, lines=[LineIn(item=item, qty=qty)], **more)
    return record.distribute(node, body).entry


def count(node, *lines, place="Harvey Hub"):
    rows = [LineIn(item=item, qty=qty) for item, qty in lines]
    return record.count(node, CountIn(place=place, lines=rows)).entry


def send(node, qty="20", place="Harvey Hub", to="Gym"):
    lines = [LineIn(item="Blanket", qty=qty)]
    return moving.dispatch(node, DispatchIn(place=place, to=to, lines=lines)).entry


def need(node, **more):
    return needing.add(node, NeedIn(place="Gym", lines=BLANKETS, **more)).entry


def test_where_all_is_well_there_is_nothing(hub):
    assert alerts.rows(hub) == []


# stock


def test_low_stock(hub, run):
    keeping.keep(hub, KeepIn(place="Harvey Hub", item="Blanket", minimum="130"))
    row = settles(run, hub, "low", "10")
    assert row["severity"] == "warn"
    assert row["text"] == "Blanket at Harvey Hub is down to 120 piece; there should be at least 130."
    assert (row["place_name"], row["item_name"]) == ("Harvey Hub", "Blanket")


def test_where_nothing_is_left_it_is_urgent(hub, run):
    keeping.keep(hub, KeepIn(place="Gym", item="Blanket", minimum="2bale"))
    assert settles(run, hub, "low", "60")["severity"] == "urgent"


def test_what_has_expired_does_not_count_towards_the_minimum(hub, clock):
    keeping.keep(hub, KeepIn(place="Harvey Hub", item="Insulin", minimum="30"))
    assert kinds(hub, kind="low") == []
    clock.ms += 100 * DAY_MS  # its 40 vials are good until the end of January
    assert the(hub, "low")["text"].startswith("Insulin at Harvey Hub is down to 0")


def test_a_minimum_is_met_by_what_was_merged(hub):
    record.add_item(hub, ItemIn(name="Wool cover", unit="piece"))
    receive(hub, "Wool cover", "30")
    keeping.keep(hub, KeepIn(place="Harvey Hub", item="Blanket", minimum="150"))
    assert kinds(hub) == ["low"]
    merging.same(hub, SameAsIn(kind="item", id="Wool cover", same="Blanket"))
    assert kinds(hub) == []


def test_below_zero(hub, run):
    drop(hub, "130")
    row = settles(run, hub, "below_zero", "0")
    assert "-10 Blanket at Harvey Hub" in row["text"]


def test_expiring_and_expired(hub, run, clock):
    clock.ms += 50 * DAY_MS
    soon = the(hub, "expiring")
    assert (soon["severity"], soon["item_name"]) == ("info", "Insulin")
    clock.ms += 13 * DAY_MS
    assert the(hub, "expiring")["severity"] == "warn"
    settles(run, hub, "expiring", "40")
    receive(hub, "Insulin", "5", lot="old lot", expiry="2027-01-30")
    clock.ms += 10 * DAY_MS
    row = settles(run, hub, "expired", "5")
    assert row["severity"] == "urgent" and "old lot" in row["text"]


def test_two_lots_that_expired_are_two_alerts(hub, run, clock):
    receive(hub, "Insulin", "5", lot="other", expiry="2027-01-20")
    clock.ms += 100 * DAY_MS
    for row in alerts.rows(hub, kind="expired"):
        run(hub, *filled(row, "40" if row["lot"] != "other" else "5"))
    assert kinds(hub, kind="expired") == []
    assert queries.stock(hub, item="Insulin")[0]["qty"] == "0"


def test_stale_counts(hub, run, clock):
    count(hub, ("Blanket", "120"))
    clock.ms += 29 * DAY_MS
    drop(hub, "1")
    assert kinds(hub, kind="stale_count") == []
    clock.ms += 2 * DAY_MS
    row = settles(run, hub, "stale_count", "119")
    assert row["text"] == "Insulin and 1 other item at Harvey Hub have not been counted for 30 days."
    assert queries.stock(hub, item="Blanket")[0]["qty"] == "119"


def test_what_came_lately_needs_no_count_yet_and_what_moved_lately_may(hub, clock):
    clock.ms += 31 * DAY_MS
    count(hub, ("Blanket", "120"))
    drop(hub, "1", "Insulin")
    receive(hub, "Insulin", "9", "Gym")
    assert the(hub, "stale_count")["item_name"] == "Insulin"
    assert the(hub, "stale_count")["place_name"] == "Harvey Hub"


def test_other_teams_shelves_are_theirs_unless_asked_for(hub, other, run):
    keeping.keep(other, KeepIn(place="The Van", item="Blanket", minimum="10"))
    meet(hub, other)
    assert kinds(hub) == []
    assert kinds(hub, everywhere=True) == kinds(hub, place="The Van") == ["low"]
    assert kinds(other) == ["low"]
    assert kinds(hub, place="Gym") == []


# transfers


def test_overdue_transfers(hub, run, clock):
    send(hub)
    clock.ms += 47 * HOUR_MS
    assert kinds(hub) == []
    clock.ms += 2 * HOUR_MS
    row = settles(run, hub, "overdue", "20")
    assert row["severity"] == "warn" and "20 Blanket from Harvey Hub to Gym" in row["text"]
    assert queries.stock(hub, place="Gym")[0]["qty"] == "20"


def test_a_transfer_that_fell_short_is_looked_at_once(hub, run):
    sent = send(hub)
    line = ArrivalLineIn(item="Blanket", qty="18", damaged="2")
    moving.arrive(hub, ArrivalIn(dispatch=sent, lines=[line]))
    settles(run, hub, "short")


def test_more_than_was_sent(hub, run):
    sent = send(hub)
    moving.arrive(hub, ArrivalIn(dispatch=sent, lines=[ArrivalLineIn(item="Blanket", qty="20")]))
    moving.arrive(hub, ArrivalIn(dispatch=sent, lines=[ArrivalLineIn(item="Blanket", qty="20")]))
    settles(run, hub, "over", "it did not come in twice")
    assert queries.stock(hub, place="Gym")[0]["qty"] == "20"


def test_more_came_than_was_sent_in_one_go(hub, run):
    sent = send(hub)
    moving.arrive(hub, ArrivalIn(dispatch=sent, lines=[ArrivalLineIn(item="Blanket", qty="26")]))
    row = settles(run, hub, "over", "18")  # with the blanks filled in: so much was seen when people looked again
    assert "correct" in row["command"] and "26" not in row["command"]
    assert queries.stock(hub, place="Gym")[0]["qty"] == "18"


def test_what_came_beyond_the_paper_and_is_true_can_be_put_by(hub, run):
    sent = send(hub)
    moving.arrive(hub, ArrivalIn(dispatch=sent, lines=[ArrivalLineIn(item="Blanket", qty="26")]))
    alerts.seen(hub, the(hub, "over")["key"])
    assert kinds(hub, kind="over") == []
    assert queries.stock(hub, place="Gym")[0]["qty"] == "26"


def test_goods_of_a_dispatch_that_nobody_knows(hub, run):
    lines = [ArrivalLineIn(item="Blanket", qty="20")]
    moving.arrive(hub, ArrivalIn(dispatch="ee" * 32, place="Gym", lines=lines))
    settles(run, hub, "unmatched")


def test_goods_of_a_dispatch_that_was_undone(hub, run):
    sent = send(hub)
    moving.arrive(hub, ArrivalIn(dispatch=sent, lines=[ArrivalLineIn(item="Blanket", qty="18", damaged="2")]))
    undoing.void(hub, sent, VoidIn(why="slip"))
    told = run(hub, "transfers")
    assert "20 Blanket came" in told and "-20" not in told
    assert "20 Blanket from Harvey Hub" in the(hub, "voided")["text"]
    settles(run, hub, "voided", "it did not come in")


def test_transfers_of_others_are_theirs(hub, other, clock):
    record.add_place(other, PlaceIn(name="Depot", kind="hub"))
    send(other, place="The Van", to="Depot")
    meet(hub, other)
    clock.ms += 3 * DAY_MS
    assert "overdue" not in kinds(hub)
    assert "overdue" in kinds(other) and "overdue" in kinds(hub, everywhere=True)


# needs


def test_needs_that_nobody_answered_in_part_or_in_full(hub):
    wanted = need(hub, urgency="critical")
    row = the(hub, "need_unanswered")
    assert (row["severity"], row["entry"]) == ("urgent", wanted)
    assert row["text"] == "Gym needs 20 Blanket."
    assert row["command"].startswith("bucketline pledge 'Harvey Hub' ") and row["command"].endswith(wanted[:16])
    pledge(hub, wanted, "15")
    assert the(hub, "need")["text"] == "Gym still needs 5 Blanket."
    drop(hub, "15", need=wanted)  # what was promised: it counts once
    assert the(hub, "need_open")["text"] == "Gym still needs 5 Blanket."
    drop(hub, "5", need=wanted)
    assert kinds(hub, kind="need") == []


def pledge(node, wanted, qty="20"):
    body = PledgeIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty=qty)], need=wanted)
    return needing.pledge(node, body).entry


def test_a_pledge_that_is_taken_back_or_runs_out_answers_nothing(hub, clock):
    wanted = need(hub)
    first = pledge(hub, wanted)
    assert kinds(hub, kind="need") == []
    undoing.void(hub, first, VoidIn(why="none left"))
    assert kinds(hub, kind="need") == ["need_unanswered"]
    pledge(hub, wanted)
    clock.ms += 49 * HOUR_MS
    needing.renew(hub, wanted, RenewIn())
    assert kinds(hub, kind="need") == ["need_unanswered"]


def test_needs_of_which_nobody_has_spoken_for_two_days(hub, clock):
    wanted = need(hub)
    clock.ms += 49 * HOUR_MS
    assert the(hub, "need_stale")["command"] == f"bucketline need renew {wanted[:16]}"
    needing.renew(hub, wanted, RenewIn())
    assert kinds(hub, kind="need_stale") == []
    needing.close(hub, wanted, needing.CloseIn(why="met"))
    assert kinds(hub, kind="need") == []


def test_the_commands_of_needs_settle_them(hub, run, clock):
    wanted = need(hub)
    settles(run, hub, "need_unanswered")  # by a pledge from here
    clock.ms += 3 * DAY_MS
    settles(run, hub, "need_stale")  # by a renewal; the pledge has run out
    assert the(hub, "need_unanswered")["entry"] == wanted
    run(hub, "need", "close", wanted[:12], "--why", "met")
    assert kinds(hub, kind="need") == []


def test_a_need_that_is_over_or_undone_is_none(hub, clock):
    need(hub, until=format_time(clock.ms + HOUR_MS))
    gone = need(hub)
    undoing.void(hub, gone, VoidIn(why="slip"))
    assert len(kinds(hub, kind="need")) == 1
    clock.ms += 2 * HOUR_MS
    assert kinds(hub, kind="need") == []


# what comes from elsewhere


def test_what_others_record_at_our_places(hub, other, run):
    entry = drop(other, "7")
    drop(other, "1", place="The Van")
    receive(hub)
    meet(hub, other)
    row = settles(run, hub, "by_others")
    assert (row["entry"], row["place_name"]) == (entry, "Harvey Hub")
    assert row["text"] == "Bayou Wheels recorded at our place: 7 Blanket at Harvey Hub."
    assert kinds(other, kind="by_others") == []


def test_what_they_took_back_or_recorded_long_ago_is_none(hub, other, clock):
    undoing.void(other, drop(other, "7"), VoidIn(why="slip"))
    drop(other, "8")
    meet(hub, other)
    assert len(kinds(hub, kind="by_others")) == 1
    clock.ms += 15 * DAY_MS
    assert kinds(hub, kind="by_others") == []


def test_a_clock_that_is_ahead(hub, other, run, clock):
    clock.ms += 2 * HOUR_MS
    receive(other, place="The Van")
    meet(other, hub)
    clock.ms -= 2 * HOUR_MS
    row = settles(run, hub, "clock")
    assert "2 hours from now" in row["text"]


def test_a_time_that_was_set_wrongly_is_corrected(hub, run, clock):
    receive(hub, at=format_time(clock.ms + 3 * DAY_MS))
    assert "20 Blanket at Harvey Hub" in the(hub, "clock", place="Harvey Hub")["text"]
    row = settles(run, hub, "clock", format_time(clock.ms - 60_000))
    assert "correct" in row["command"] and row["blanks"] == ["WHEN"]


def test_a_count_of_a_day_to_come_is_told_as_what_holds_the_stock_where_it_is(hub, run, clock):
    lines = [LineIn(item="Blanket", qty="90")]
    record.count(hub, CountIn(place="Harvey Hub", lines=lines, at=format_time(clock.ms + 188 * DAY_MS)))
    row = the(hub, "clock")
    assert "Until then the stock there is what it says." in row["text"] and "Harvey Hub" in row["text"]
    settles(run, hub, "clock", format_time(clock.ms - 60_000))


def test_a_peer_whose_clock_differs(hub, other):
    hub.peers.note_skew(other.keys.node, 10 * 60_000)
    assert "10 minutes ahead of" in the(hub, "clock")["text"]
    hub.peers.note_skew(other.keys.node, 1_000)
    assert kinds(hub, kind="clock") == []


def test_likely_merges(hub, other, run):
    record.add_item(other, ItemIn(name="Poncho", unit="piece"))
    merging.same(other, SameAsIn(kind="item", id="Poncho", same="Blanket"))
    meet(hub, other)
    row = settles(run, hub, "merge_suggestion")
    assert row["text"] == "Bayou Wheels says that Poncho (piece) and Blanket (piece) are one item."


def test_a_likely_merge_that_is_none_is_seen_once(hub, run):
    record.add_item(hub, ItemIn(name="Blankett", unit="piece"))
    receive(hub, "Blankett")
    row = the(hub, "merge_suggestion")
    assert alerts.seen(hub, row["key"]) == 1
    assert kinds(hub) == []


def test_a_copied_node(hub, other, run, tmp_path):
    other.db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(other.config.data, tmp_path / "copy")
    twin = bootstrap.open_node(Config(tmp_path / "copy"), other.clock, other.rng)
    receive(other, place="The Van")
    receive(twin, "Insulin", place="The Van")
    copy(other, hub)
    copy(twin, hub)
    twin.close()
    assert settles(run, hub, "fork")["severity"] == "urgent"


# the list


def test_the_most_urgent_comes_first(hub, clock):
    drop(hub, "130")
    need(hub, urgency="critical")
    record.add_item(hub, ItemIn(name="Blankett", unit="piece"))
    receive(hub, "Blankett")
    assert kinds(hub) == ["need_unanswered", "below_zero", "merge_suggestion"]


def test_only_what_no_command_settles_can_be_seen(hub, other):
    drop(other, "7")
    drop(other, "8")
    wanted = need(hub)
    meet(hub, other)
    with pytest.raises(Conflict):
        alerts.seen(hub, wanted[:16])
    with pytest.raises(NotFound):
        alerts.seen(hub, "0" * 16)
    with pytest.raises(OutOfRange, match="no kind"):
        alerts.rows(hub, kind="nonsense")
    assert alerts.seen(hub, "all") == 2
    assert kinds(hub) == ["need_unanswered"]


def test_what_was_seen_is_nobody_elses_business(hub, other):
    drop(other, "7")
    meet(hub, other)
    before = queries.digest(hub)
    alerts.seen(hub, "all")
    assert queries.digest(hub) == before


def test_every_alert_says_what_to_do(hub, other, clock):
    drop(hub, "130")
    need(hub)
    send(hub, "1")
    drop(other, "7")
    meet(hub, other)
    clock.ms += 63 * DAY_MS
    for row in alerts.rows(hub):
        assert set(row) == FIELDS
        assert row["text"].endswith(".") and row["action"].endswith(".") and row["text"] != row["action"]
        assert row["command"].startswith("bucketline ")
        assert row["severity"] in ("info", "warn", "urgent")


FIELDS = {
    *("kind", "severity", "place", "place_name", "item", "item_name", "entry", "since", "text", "action", "command"),
    *("key", "lot", "blanks"),
}


def test_the_whole_history_is_never_replayed(hub, monkeypatch, clock):
    for day in range(30):
        drop(hub, "1", at=format_time(clock.ms - day * DAY_MS))
    monkeypatch.setattr(hub.log, "folded", lambda: pytest.fail("replayed"))
    read = []
    fetch = hub.log.fetch
    monkeypatch.setattr(hub.log, "fetch", lambda ns: (read.extend(ns), fetch(ns))[1])
    alerts.rows(hub)
    assert len(read) <= 30


def test_what_nobody_has_seen_cannot_be_recorded_as_it_is_pasted(hub, run, clock):
    """No command of an alert about goods holds a number, and each blank is answered in words."""
    drop(hub, "130")
    keeping.keep(hub, KeepIn(place="Harvey Hub", item="Insulin", minimum="50"))
    receive(hub, "Insulin", "5", lot="old lot", expiry="2026-12-01")
    send(hub, "1")
    clock.ms += 50 * DAY_MS
    before, said = queries.digest(hub), {}
    for row in alerts.rows(hub):
        program, *words = shlex.split(row["command"])
        for word in words:
            assert not word.rpartition("=")[2].isdigit(), row["command"]
        said[row["kind"]] = run(hub, *words, code=2)
    assert queries.digest(hub) == before
    assert "Write the number that you counted in place of COUNTED." in said["below_zero"]
    assert {"low", "expired", "expiring", "overdue", "stale_count"} < said.keys()


# from outside


def test_the_api_lists_alerts_and_takes_what_was_seen(api, node, new_node):
    other = new_node("Bayou Wheels")
    meet(node, other)
    entry = drop(other, "7")
    meet(node, other)
    (row,) = api.get("alerts").json
    assert (row["kind"], row["key"]) == ("by_others", entry)
    assert api.get("alerts?kind=low&place=harvey hub").json == []
    assert api.get("alerts?kind=nonsense").status_code == 422
    assert api.post("alerts/seen", {"entry": entry[:12]}).json == {"seen": 1}
    assert api.get("alerts?all=1").json == []
    assert api.post("alerts/seen", {"entry": entry}).status_code == 422


def test_the_command_line_tells_them(hub, run):
    assert "nothing to look at" in run(hub, "alerts")
    drop(hub, "130")
    said = run(hub, "alerts", "--place", "harvey hub")
    assert "$ bucketline count 'Harvey Hub' Blanket=COUNTED" in said
    assert [row["kind"] for row in json.loads(run(hub, "alerts", "--kind", "below_zero", "--json"))] == ["below_zero"]
    assert json.loads(run(hub, "alerts", "seen", "all", "--json")) == {"seen": 0}


def test_a_loss_of_a_named_lot(hub):
    receive(hub, "Insulin", "5", lot="L9", expiry="2027-05-01")
    record.lose(hub, LossIn(place="Harvey Hub", lines=[LineIn(item="Insulin", qty="5", lot="L9")], reason="damaged"))
    assert {row["lot"]: row["qty"] for row in queries.stock(hub, item="Insulin", lots=True)}.get("L9") is None
