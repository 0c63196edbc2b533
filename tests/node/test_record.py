"""Recording: what is written out, what is refused and with which words, and that a refusal leaves nothing behind."""

from typing import Any

import pytest

from node import catalogue, queries, record
from node.events import Count, CountLine, Line, ReceiptLine, Void
from node.requests import (
    CountIn,
    DistributionIn,
    ItemIn,
    LineIn,
    LossIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    VoidIn,
)
from node.units import format_time
from sync.errors import Conflict, Forbidden, Malformed, NotFound, OutOfRange, Problem
from tests.fakes import START_MS, MemoryNode, memory_node, tell

HOUR = 3_600_000


@pytest.fixture
def node() -> MemoryNode:
    """A node with one place and one item, whose bale holds thirty."""
    node = memory_node()
    record.name_team(node, "Alpha")
    record.add_item(node, ItemIn(name="Blanket", unit="piece", packs={"bale": "30"}))
    record.add_place(node, PlaceIn(name="Gym North", kind="site", lat="29.95", lon="-90.07"))
    return node


def blankets(qty: str, lot: str | None = None) -> list[LineIn]:
    return [LineIn(item="blanket", qty=qty, lot=lot)]


def receive(node: MemoryNode, qty: str, **known: Any) -> record.Recorded:
    at = known.pop("at", None)
    line = ReceiptLineIn(item="Blanket", qty=qty, **known)
    return record.receive(node, ReceiptIn(place="Gym North", lines=[line], at=at))


def drop(node: MemoryNode, qty: str, lot: str | None = None, **more: Any) -> record.Recorded:
    return record.distribute(node, DistributionIn(place="gym north", lines=blankets(qty, lot), **more))


def count(node: MemoryNode, qty: str, lot: str | None = None, **more: Any) -> record.Recorded:
    return record.count(node, CountIn(place="Gym North", lines=blankets(qty, lot), **more))


def fact_of(node: MemoryNode, done: record.Recorded) -> Any:
    found = node.log.get(bytes.fromhex(done.entry))
    assert found is not None
    return found.fact


def by_lot(node: MemoryNode) -> dict[str, str]:
    return {row["lot"]: row["qty"] for row in queries.stock(node, lots=True)}


def on_hand(node: MemoryNode) -> str:
    return str(queries.stock(node)[0]["qty"])


# what is written out


def test_goods_of_which_the_same_is_known_share_a_lot(node):
    first = fact_of(node, receive(node, "5", expiry="2027-01-31", fund="ECHO"))
    second = fact_of(node, receive(node, "7", expiry="2027-01-31", fund="ECHO"))
    other = fact_of(node, receive(node, "1", expiry="2027-02-28", fund="ECHO"))
    assert len(first.lines[0].lot) == 8
    assert first.lines[0].lot == second.lines[0].lot != other.lines[0].lot


def test_goods_of_which_nothing_is_known_lie_in_no_lot(node):
    assert fact_of(node, receive(node, "5")).lines == [ReceiptLine(blanket_id(node), 5000)]


def blanket_id(node: MemoryNode) -> str:
    return catalogue.find_item(node, "blanket", "piece").id


def test_a_lot_that_was_named_keeps_its_name(node):
    assert fact_of(node, receive(node, "5", lot=" A7 ", expiry="2027-01-31")).lines[0].lot == "A7"


def test_packs_are_recorded_in_units(node):
    assert fact_of(node, receive(node, "2bale+4")).lines[0].qty == 64_000


def test_a_drop_takes_what_expires_first_and_the_unnamed_last(node):
    receive(node, "3", lot="late", expiry="2028-01-01")
    receive(node, "2", lot="soon", expiry="2027-01-01")
    receive(node, "4", lot="b")
    receive(node, "4", lot="a")
    receive(node, "1")
    item = blanket_id(node)
    assert fact_of(node, drop(node, "12")).lines == [
        Line(item, 2000, "soon"),
        Line(item, 3000, "late"),
        Line(item, 4000, "a"),
        Line(item, 3000, "b"),
    ]
    assert by_lot(node) == {"b": "1", "": "1"}


def test_a_drop_beyond_the_books_is_recorded_and_worth_a_notice(node):
    receive(node, "3", lot="a")
    done = drop(node, "10")
    assert fact_of(node, done).lines == [Line(blanket_id(node), 3000, "a"), Line(blanket_id(node), 7000)]
    assert by_lot(node) == {"": "-7"}
    assert done.notices == ["The books now show -7 Blanket (piece) there: more went out than they knew of. Count it."]


def test_a_lot_that_a_drop_names_is_not_given_out_again_by_its_other_lines(node):
    receive(node, "5", lot="a", expiry="2027-01-01")
    receive(node, "5", lot="b")
    lines = [*blankets("6"), *blankets("4", "a")]
    done = record.distribute(node, DistributionIn(place="Gym North", lines=lines))
    taken = [(line.lot, line.qty) for line in fact_of(node, done).lines]
    assert taken == [("a", 1000), ("b", 5000), ("a", 4000)]


def test_a_loss_names_its_reason_and_its_lots(node):
    receive(node, "5", lot="a")
    done = record.lose(node, LossIn(place="Gym North", lines=blankets("2"), reason="stolen", note="at night"))
    assert fact_of(node, done).lines == [Line(blanket_id(node), 2000, "a")]
    assert (fact_of(node, done).reason, fact_of(node, done).note) == ("stolen", "at night")


def test_a_drop_tells_how_many_people_were_served(node):
    receive(node, "5")
    fact = fact_of(node, drop(node, "1", people=0, households=2, site="Gym North", note="rain"))
    assert (fact.people, fact.households, fact.site, fact.note) == (0, 2, fact.place, "rain")


# counts


def test_a_count_tells_what_was_expected(node):
    receive(node, "10", lot="a")
    done = count(node, "8")
    assert done.variance == [{"item": blanket_id(node), "expected": "10", "counted": "8"}]
    assert fact_of(node, done).lines == [CountLine(blanket_id(node), 8000, 10_000, None, [("a", 8000)])]


def test_what_a_count_finds_missing_is_taken_off_what_expires_first(node):
    receive(node, "5", lot="soon", expiry="2027-01-01")
    receive(node, "5", lot="late", expiry="2028-01-01")
    count(node, "6")
    assert by_lot(node) == {"soon": "1", "late": "5"}


def test_what_a_count_finds_beyond_the_books_lies_in_no_lot(node):
    receive(node, "5", lot="a")
    count(node, "9")
    assert by_lot(node) == {"a": "5", "": "4"}


def test_a_count_after_too_many_drops_leaves_no_lot_below_zero(node):
    drop(node, "5")
    receive(node, "10", lot="a")
    assert count(node, "7").variance[0]["expected"] == "5"
    assert by_lot(node) == {"a": "7"}


def test_a_zero_is_a_count(node):
    receive(node, "5", lot="a")
    count(node, "0")
    assert by_lot(node) == {"": "0"}


def test_a_count_of_a_lot_leaves_the_others_alone(node):
    receive(node, "5", lot="a")
    receive(node, "5", lot="b")
    assert count(node, "2", "a").variance[0]["expected"] == "5"
    assert by_lot(node) == {"a": "2", "b": "5"}


def test_a_count_of_yesterday_tells_what_was_expected_then(node):
    receive(node, "10", at=format_time(START_MS - 30 * HOUR))
    receive(node, "5")
    done = count(node, "9", at=format_time(START_MS - 24 * HOUR))
    assert done.variance[0]["expected"] == "10"
    assert on_hand(node) == "14"


@pytest.mark.parametrize("lines", [[*blankets("1"), *blankets("2")], [*blankets("1", "a"), *blankets("2")]])
def test_one_count_does_not_give_two_numbers_for_one_thing(node, lines):
    refused(node, OutOfRange, "lines.1.item", lambda: record.count(node, CountIn(place="Gym North", lines=lines)))


def test_one_count_may_speak_of_several_lots(node):
    lines = [*blankets("1", "a"), *blankets("2", "b")]
    record.count(node, CountIn(place="Gym North", lines=lines))
    assert by_lot(node) == {"a": "1", "b": "2"}


# times


def test_now_is_when_nothing_is_said(node):
    node.now += HOUR
    assert fact_of(node, receive(node, "1")).at == node.now


def test_times_that_nobody_set_never_run_backwards(node):
    node.now += HOUR
    ahead = fact_of(node, receive(node, "1")).at
    node.now -= 2 * HOUR
    assert fact_of(node, receive(node, "1")).at == ahead
    assert fact_of(node, receive(node, "1")).at == ahead


def test_a_time_that_somebody_set_does_not_pull_later_ones_along(node):
    receive(node, "1", at=format_time(START_MS + 48 * HOUR))
    assert fact_of(node, receive(node, "1")).at == START_MS


# undoing


def test_an_undone_drop_is_back_on_the_shelf(node):
    receive(node, "10")
    done = drop(node, "4")
    undo = record.void(node, done.entry[:8].upper(), VoidIn(why=" counted wrongly "))
    assert on_hand(node) == "10"
    assert isinstance(fact_of(node, undo), Void)
    assert fact_of(node, undo).why == "counted wrongly"


def test_an_undone_count_brings_back_what_it_replaced(node):
    receive(node, "10", lot="a")
    done = count(node, "3")
    drop(node, "1")
    record.void(node, done.entry, VoidIn(why="wrong shelf"))
    assert by_lot(node) == {"a": "9"}


def test_nobody_undoes_twice(node):
    done = receive(node, "10")
    record.void(node, done.entry, VoidIn(why="slip"))
    problem = refused(node, Conflict, None, lambda: record.void(node, done.entry, VoidIn(why="slip")))
    assert "undone already" in problem.detail


def test_an_undo_is_not_undone(node):
    undo = record.void(node, receive(node, "10").entry, VoidIn(why="slip"))
    problem = refused(node, Conflict, None, lambda: record.void(node, undo.entry, VoidIn(why="no")))
    assert "Record again" in problem.todo


def test_a_name_is_undone_like_anything_else(node):
    entry = queries.log(node)[0]["entry"]
    record.void(node, entry, VoidIn(why="typo"))
    assert {row["entry"]: row["void"] for row in queries.log(node)}[entry]["why"] == "typo"


def test_what_another_team_wrote_is_theirs_to_undo(node):
    other = memory_node("other")
    record.name_team(other, "Beta")
    record.add_item(other, ItemIn(name="Blanket", unit="piece"))
    record.add_place(other, PlaceIn(name="Hall", kind="hub"))
    line = ReceiptLineIn(item="Blanket", qty="4")
    theirs = record.receive(other, ReceiptIn(place="Hall", lines=[line])).entry
    tell(other, node)
    problem = refused(node, Forbidden, None, lambda: record.void(node, theirs, VoidIn(why="no")))
    assert "Ask Beta to undo it" in problem.todo


def test_an_entry_that_is_not_there_can_not_be_undone(node):
    refused(node, NotFound, None, lambda: record.void(node, "00" * 32, VoidIn(why="no")))
    refused(node, Malformed, None, lambda: record.void(node, "zz", VoidIn(why="no")))


def test_an_undo_needs_a_reason(node):
    done = receive(node, "1")
    refused(node, Malformed, "why", lambda: record.void(node, done.entry, VoidIn(why="  ")))


# names


def test_an_item_that_is_there_already_is_that_item(node):
    id, done = record.add_item(node, ItemIn(name="  BLANKET ", unit="Piece"))
    assert (id, done) == (blanket_id(node), None)


def test_an_item_in_another_unit_is_another_item(node):
    id, done = record.add_item(node, ItemIn(name="Blanket", unit="bale of 30"))
    assert done is not None
    assert id != blanket_id(node)


def test_two_teams_that_never_met_mean_the_same_item(node):
    other = memory_node("other")
    assert record.add_item(other, ItemIn(name="blanket", unit="PIECE"))[0] == blanket_id(node)


def test_what_is_new_about_an_item_is_added_to_it(node):
    id, done = record.add_item(node, ItemIn(name="Blanket", unit="piece", codes={"IFRC": "H1"}, packs={"bale": "30"}))
    assert done is not None
    assert (fact_of(node, done).codes, fact_of(node, done).packs) == ({"IFRC": "H1"}, {})
    assert queries.items(node)[0]["codes"] == {"IFRC": "H1"}
    assert id == blanket_id(node)


def test_an_item_whose_id_was_renamed_away_leaves_room_for_a_new_one(node):
    id = blanket_id(node)
    payload = b'{"type":"item","id":"%s","name":"Decke"}' % id.encode()
    node.log.append(payload)
    fresh, done = record.add_item(node, ItemIn(name="Blanket", unit="piece"))
    assert done is not None
    assert fresh != id


def test_a_place_that_is_there_already_is_that_place(node):
    before = queries.digest(node)
    place = record.add_place(node, PlaceIn(name="gym  north", kind="site", lat="29.9501", lon="-90.0701"))
    assert place == queries.places(node)[0]["place"]
    assert queries.digest(node) == before


def test_a_place_whose_spot_was_not_known_gets_one(node):
    hall = record.add_place(node, PlaceIn(name="Hall", kind="hub"))
    assert record.add_place(node, PlaceIn(name="Hall", kind="hub", lat="1", lon="2")) == hall
    row = next(row for row in queries.places(node) if row["place"] == hall)
    assert (row["lat"], row["lon"]) == ("1", "2")


@pytest.mark.parametrize(
    "body", [PlaceIn(name="Gym North", kind="hub"), PlaceIn(name="Gym North", kind="site", lat="1", lon="2")]
)
def test_a_place_that_contradicts_one_of_that_name_needs_another_name(node, body):
    refused(node, Conflict, None, lambda: record.add_place(node, body))


# what is refused


def refused(node: MemoryNode, kind: type[Problem], field: str | None, act: Any) -> Problem:
    """The Problem that an act ends in: it names the field, says that nothing was recorded, and that is true."""
    before = queries.digest(node)
    with pytest.raises(kind) as caught:
        act()
    assert "Nothing was " in caught.value.detail
    assert list(caught.value.fields) == ([field] if field else [])
    assert queries.digest(node) == before
    return caught.value


@pytest.mark.parametrize(
    ("kind", "field", "body"),
    [
        (NotFound, "place", {"place": "Gym Nort", "lines": [{"item": "blanket", "qty": "1"}]}),
        (NotFound, "place", {"place": "", "lines": [{"item": "blanket", "qty": "1"}]}),
        (OutOfRange, "lines", {"lines": []}),
        (OutOfRange, "lines", {"lines": [{"item": "blanket", "qty": "1"}] * 1001}),
        (NotFound, "lines.1.item", {"lines": [{"item": "blanket", "qty": "1"}, {"item": "blankit", "qty": "1"}]}),
        (OutOfRange, "lines.0.qty", {"lines": [{"item": "blanket", "qty": "0"}]}),
        (OutOfRange, "lines.0.qty", {"lines": [{"item": "blanket", "qty": "-1"}]}),
        (Malformed, "lines.0.qty", {"lines": [{"item": "blanket", "qty": "some"}]}),
        (Malformed, "lines.0.qty", {"lines": [{"item": "blanket", "qty": "NaN"}]}),
        (Malformed, "lines.0.qty", {"lines": [{"item": "blanket", "qty": "1e3"}]}),
        (Malformed, "lines.0.qty", {"lines": [{"item": "blanket", "qty": "0.0001"}]}),
        (Malformed, "lines.0.qty", {"lines": [{"item": "blanket", "qty": "2crate"}]}),
        (OutOfRange, "lines.0.qty", {"lines": [{"item": "blanket", "qty": "9999999999999999"}]}),
        (Malformed, "lines.0.expiry", {"lines": [{"item": "blanket", "qty": "1", "expiry": "soon"}]}),
        (Malformed, "lines.0.value", {"lines": [{"item": "blanket", "qty": "1", "value": "cheap"}]}),
        (OutOfRange, "lines.0.value", {"lines": [{"item": "blanket", "qty": "1", "value": "-1"}]}),
        (OutOfRange, "lines.0.lot", {"lines": [{"item": "blanket", "qty": "1", "lot": "x" * 201}]}),
        (Malformed, "lines.0.batch", {"lines": [{"item": "blanket", "qty": "1", "batch": "a\x00b"}]}),
        (Malformed, "at", {"at": "yesterday"}),
        (Malformed, "at", {"at": "9999-99-99"}),
        (OutOfRange, "at", {"at": "0202-11-24T10:00Z"}),
        (OutOfRange, "note", {"note": "x" * 4001}),
        (Malformed, "source", {"source": "\ud800"}),
    ],
)
def test_a_receipt_that_can_not_be_meant_is_refused_by_field(node, kind, field, body):
    given = {"place": "Gym North", "lines": [{"item": "blanket", "qty": "1"}], **body}
    lines = [ReceiptLineIn(**line) for line in given.pop("lines")]
    refused(node, kind, field, lambda: record.receive(node, ReceiptIn(lines=lines, **given)))


@pytest.mark.parametrize("field", ["people", "households"])
@pytest.mark.parametrize("number", [-1, 10**12])
def test_a_drop_serves_a_number_of_people_that_can_be(node, field, number):
    refused(node, OutOfRange, field, lambda: drop(node, "1", **{field: number}))


def test_a_drop_at_an_unknown_site_is_refused(node):
    refused(node, NotFound, "site", lambda: drop(node, "1", site="nowhere"))


def test_a_count_below_zero_is_refused(node):
    refused(node, OutOfRange, "lines.0.qty", lambda: count(node, "-1"))


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("name", {"name": " "}),
        ("unit", {"unit": ""}),
        ("packs.bale", {"packs": {"bale": "0"}}),
        ("packs.bale", {"packs": {"bale": "many"}}),
        ("codes.IFRC", {"codes": {"IFRC": " "}}),
    ],
)
def test_an_item_that_can_not_be_is_refused(node, field, body):
    refused(node, Problem, field, lambda: record.add_item(node, ItemIn(**{"name": "Soap", "unit": "bar", **body})))


@pytest.mark.parametrize(
    ("field", "spot"),
    [
        ("lon", {"lat": "1"}),
        ("lat", {"lon": "1"}),
        ("lat", {"lat": "91", "lon": "1"}),
        ("lon", {"lat": "1", "lon": "x"}),
    ],
)
def test_a_spot_that_can_not_be_is_refused(node, field, spot):
    refused(node, Problem, field, lambda: record.add_place(node, PlaceIn(name="Hall", kind="hub", **spot)))


def test_an_entry_too_long_for_the_log_is_refused_whole(node):
    lines = [ReceiptLineIn(item="blanket", qty="1", lot=f"{n:0200}") for n in range(500)]
    problem = refused(node, OutOfRange, None, lambda: record.receive(node, ReceiptIn(place="Gym North", lines=lines)))
    assert "Split it" in problem.todo


def test_what_is_recorded_is_settled_at_once(node):
    receive(node, "5")
    assert node.db.execute_sql("SELECT count(*) FROM unsettled").fetchone() == (0,)


def test_a_count_is_written_as_a_count(node):
    assert isinstance(fact_of(node, count(node, "1")), Count)


def test_a_time_far_ahead_is_recorded_and_pointed_out(node):
    done = receive(node, "1", at=format_time(node.clock() + 365 * 24 * HOUR))
    assert any("365 days from now" in notice for notice in done.notices)
    assert receive(node, "1").notices == []
