"""Undo and correct: any own entry, at any age, with what rested on it shown and never in the way."""

import json

import pytest
from click.testing import CliRunner

from node import correcting, moving, needing, queries, record, repacking, undoing
from node.cli import cli
from node.events import Item, Keep, SameAs, Void, encode
from node.reporting import closing
from node.requests import (
    ArrivalIn,
    ClosingIn,
    CorrectIn,
    CorrectLineIn,
    CountIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    LineIn,
    NeedIn,
    PlaceIn,
    PledgeIn,
    ReceiptIn,
    ReceiptLineIn,
    RedactIn,
    RepackIn,
    RepackOutIn,
    VoidIn,
)
from sync.errors import Conflict, Forbidden, Malformed, OutOfRange
from tests.node.test_redacting import copy

BLANKETS = [LineIn(item="Blanket", qty="20")]
YEAR_MS = 365 * 86_400_000
SLIP = VoidIn(why="slip")


@pytest.fixture
def gym(node):
    """The node with a second place."""
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    return node


def item_id(node, name="Blanket"):
    return queries.items(node, name)[0]["item"]


def place_id(node, name="Harvey Hub"):
    return next(row["place"] for row in queries.places(node) if row["name"] == name)


def on_hand(node, item="Blanket", place="Harvey Hub", **more):
    rows = queries.stock(node, place=place, item=item, **more)
    return {row["lot"]: row["qty"] for row in rows} if more else rows[0]["qty"]


def drop(node, qty="20", item="Blanket", **more):
    lines = [LineIn(item=item, qty=qty)]
    return record.distribute(node, DistributionIn(place="Harvey Hub", lines=lines, **more)).entry


def send(node):
    return moving.dispatch(node, DispatchIn(place="Harvey Hub", to="Gym", lines=BLANKETS)).entry


def need(node):
    return needing.add(node, NeedIn(place="Gym", lines=BLANKETS)).entry


def repack(node):
    body = {"in": [{"item": "Blanket", "qty": "30"}], "out": [{"item": "Insulin", "qty": "1"}]}
    used, made = [LineIn(**row) for row in body["in"]], [RepackOutIn(**row) for row in body["out"]]
    return repacking.repack(node, RepackIn(place="Harvey Hub", used=used, made=made)).entry


def row_of(node, entry):
    return next(row for row in queries.log(node, 100) if row["entry"] == entry)


def fact(node, entry):
    return node.log.get(bytes.fromhex(entry)).fact


def correct(node, entry, *lines, why="slip", **more):
    rows = [CorrectLineIn(item=item, qty=qty) for item, qty in lines]
    return correcting.correct(node, entry, CorrectIn(why=why, lines=rows or None, **more))


# undo


KINDS = {
    "drop": drop,
    "dispatch": send,
    "arrival": lambda node: moving.arrive(node, ArrivalIn(dispatch=send(node))).entry,
    "repack": repack,
    "need": need,
    "pledge": lambda node: needing.pledge(node, PledgeIn(place="Harvey Hub", lines=BLANKETS, need=need(node))).entry,
    "renewal": lambda node: needing.close(node, need(node), needing.CloseIn(why="met")).entry,
    "item": lambda node: record.add_item(node, ItemIn(name="Cot", unit="piece"))[1].entry,
    "place": lambda node: _entry_of_new_place(node),
    "team": lambda node: record.name_team(node, "Another").entry,
    "keep": lambda node: node.log.append(encode(Keep(place_id(node), item_id(node), minimum=1000))).id.hex(),
    "closing": lambda node: closing.close(node, ClosingIn(until="2020-01-31")).entry,
    "same-as": lambda node: node.log.append(encode(SameAs(1, "item", item_id(node), "other"))).id.hex(),
}


def _entry_of_new_place(node):
    record.add_place(node, PlaceIn(name="Annex", kind="site"))
    return queries.log(node, 1)[0]["entry"]


@pytest.mark.parametrize("kind", KINDS)
def test_any_own_entry_is_undone_a_year_later_and_a_rebuild_agrees(gym, clock, kind):
    before = queries.stock(gym), gym.fold.digest()
    entry = KINDS[kind](gym)
    clock.ms += YEAR_MS
    undoing.void(gym, entry, SLIP)
    assert row_of(gym, entry)["void"]["why"] == "slip"
    live = gym.fold.digest()
    assert live != before[1]  # an undo is an entry, too
    with gym.log.transaction():
        gym.fold.refold(gym.log.folded())
    assert gym.fold.digest() == live
    with pytest.raises(Conflict, match="undone already"):
        undoing.void(gym, entry, SLIP)


SAID = {
    "drop": "Undid: 20 Blanket dropped at Harvey Hub — slip",
    "dispatch": "Undid: 20 Blanket sent from Harvey Hub to Gym, waybill {} — slip",
    "need": "Undid: 20 Blanket needed at Gym, routine — slip",
    "item": "Undid: Item Cot in piece — slip",
}


@pytest.mark.parametrize("kind", SAID)
def test_an_undo_says_what_it_undid_on_every_door(gym, client, api, run, kind):
    entry = KINDS[kind](gym)
    undo = undoing.void(gym, entry, SLIP).entry
    said = SAID[kind].format(getattr(fact(gym, entry), "waybill", ""))
    assert row_of(gym, undo)["summary"] == said
    assert said in client.get("/entries").text and said in run(gym, "log")
    assert said in [row["summary"] for row in api.get("entries").json]


def test_an_undo_of_what_has_not_come_yet_names_it_by_its_id(gym):
    void = gym.log.append(encode(Void("ab" * 32, "slip", 1))).id.hex()
    assert row_of(gym, void)["summary"] == "Undid: abababab — slip"


@pytest.mark.parametrize("kind", ["drop", "dispatch", "repack"])
def test_the_stock_is_as_it_was_before(gym, kind):
    undoing.void(gym, KINDS[kind](gym), SLIP)
    assert on_hand(gym) == "120"


def test_a_name_that_was_stated_wrongly_is_taken_back(gym):
    wrong = gym.log.append(encode(Item(item_id(gym), name="Blankte"))).id.hex()
    assert [row["name"] for row in queries.items(gym) if row["unit"] == "piece"] == ["Blankte"]
    undoing.void(gym, wrong, SLIP)
    assert [row["name"] for row in queries.items(gym) if row["unit"] == "piece"] == ["Blanket"]


def test_a_name_that_goes_while_goods_are_there_is_told(gym):
    stated = next(row["entry"] for row in queries.log(gym, 100) if row["summary"].startswith("Place Harvey Hub"))
    assert "goes by its id" in undoing.void(gym, stated, SLIP).notices[0]
    (row,) = [row for row in queries.stock(gym) if row["qty"] == "120"]
    assert row["place_name"] == row["place"]


def test_an_undo_and_words_taken_out_are_not_undone(gym):
    from node import redacting

    undo = undoing.void(gym, drop(gym), SLIP).entry
    gone = redacting.redact(gym, drop(gym, note="Mrs Smith"), RedactIn()).entry
    for entry in (undo, gone):
        with pytest.raises(Conflict):
            undoing.void(gym, entry, SLIP)


def test_anothers_entry_is_theirs_to_undo(gym, new_node):
    other = new_node("other")
    copy(gym, other)
    entry = drop(gym)
    copy(gym, other)
    with pytest.raises(Forbidden, match="another team's"):
        undoing.void(other, entry, SLIP)


# what rested on it


def test_an_arrival_is_shown_and_does_not_stand_in_the_way(gym, new_node):
    sent = send(gym)
    arrival = moving.arrive(gym, ArrivalIn(dispatch=sent)).entry
    (row,) = row_of(gym, sent)["dependents"]
    assert (row["entry"], row["type"], row["team"]) == (arrival, "arrival", "Gulf Coast Mutual Aid")
    done = undoing.void(gym, sent, SLIP)
    assert done.notices == [
        "An arrival of Gulf Coast Mutual Aid on 2026-11-24 names this dispatch: it now arrives without one."
    ]
    undoing.void(gym, arrival, SLIP)
    assert row_of(gym, sent)["dependents"] == []


def test_pledges_drops_and_dispatches_for_a_need_are_shown(gym):
    wanted = need(gym)
    needing.pledge(gym, PledgeIn(place="Harvey Hub", lines=BLANKETS, need=wanted))
    drop(gym, need=wanted)
    moving.dispatch(gym, DispatchIn(place="Harvey Hub", to="Gym", lines=BLANKETS, need=wanted))
    assert {row["type"] for row in row_of(gym, wanted)["dependents"]} == {"pledge", "distribution", "dispatch"}
    assert len(undoing.void(gym, wanted, SLIP).notices) == 3


# correct


def test_a_correction_is_one_line_of_history(gym):
    wrong = drop(gym, people=30)
    done = correct(gym, wrong, ("Blanket", "24"), people=40, why="counted boxes")
    assert on_hand(gym) == "96"
    rows = {row["entry"]: row for row in queries.log(gym, 100)}
    assert "void" not in {row["type"] for row in rows.values()}
    assert rows[done.entry]["corrects"] == {
        "entry": wrong,
        "why": "counted boxes",
        "before": "20 Blanket at Harvey Hub, 30 people",
    }
    assert rows[wrong]["void"]["instead"] == done.entry
    assert rows[wrong]["void"]["why"] == "counted boxes"
    assert fact(gym, done.entry).at == fact(gym, wrong).at


def test_the_other_team_sees_the_same_line(gym, new_node):
    done = correct(gym, drop(gym), ("Blanket", "24"))
    other = new_node("other")
    copy(gym, other)
    copy(other, gym)
    assert row_of(other, done.entry)["corrects"] == row_of(gym, done.entry)["corrects"]
    assert gym.fold.digest() == other.fold.digest()


def test_the_log_pages_on_past_a_correction(gym):
    correct(gym, drop(gym), ("Blanket", "24"))
    whole = [row["entry"] for row in queries.log(gym, 100)]
    paged, after = [], None
    while rows := queries.log(gym, 1, before=after):
        paged += [row["entry"] for row in rows]
        after = paged[-1]
    assert paged == whole


def test_what_is_not_mentioned_stays(gym):
    wrong = drop(gym, people=30, note="by van")
    found = fact(gym, correct(gym, wrong, people=31).entry)
    assert (found.people, found.note, found.lines) == (31, "by van", fact(gym, wrong).lines)


def test_a_correction_can_be_corrected(gym):
    first = correct(gym, drop(gym), ("Blanket", "24")).entry
    second = correct(gym, first, ("Blanket", "25")).entry
    assert on_hand(gym) == "95"
    assert row_of(gym, second)["corrects"]["entry"] == first


def test_lots_are_taken_as_if_the_wrong_entry_had_never_been(gym):
    lines = [ReceiptLineIn(item="Insulin", qty="10", lot=lot, expiry=date) for lot, date in LOTS]
    record.receive(gym, ReceiptIn(place="Harvey Hub", lines=lines))
    wrong = drop(gym, "15", "Insulin")
    assert [(line.lot, line.qty) for line in fact(gym, wrong).lines] == [("soon", 10_000), ("later", 5_000)]
    less = correct(gym, wrong, ("Insulin", "8")).entry
    assert [(line.lot, line.qty) for line in fact(gym, less).lines] == [("soon", 8_000)]
    more = correct(gym, less, ("Insulin", "18")).entry
    assert [(line.lot, line.qty) for line in fact(gym, more).lines] == [("soon", 10_000), ("later", 8_000)]


LOTS = [("soon", "2026-12-01"), ("later", "2026-12-15")]


def test_a_lot_that_somebody_named_is_kept(gym):
    lines = [ReceiptLineIn(item="Insulin", qty="10", lot=lot, expiry=date) for lot, date in LOTS]
    record.receive(gym, ReceiptIn(place="Harvey Hub", lines=lines))
    line = LineIn(item="Insulin", qty="5", lot="later")
    wrong = record.distribute(gym, DistributionIn(place="Harvey Hub", lines=[line])).entry
    found = fact(gym, correct(gym, wrong, ("Insulin", "6")).entry)
    assert [(line.lot, line.qty) for line in found.lines] == [("later", 6_000)]


def test_another_place_gives_from_its_own_lots(gym):
    record.receive(gym, ReceiptIn(place="Gym", lines=[ReceiptLineIn(item="Insulin", qty="9", lot="gym lot")]))
    wrong = drop(gym, "4", "Insulin")
    found = fact(gym, correct(gym, wrong, place="Gym").entry)
    assert [(line.lot, line.qty) for line in found.lines] == [("gym lot", 4_000)]
    assert on_hand(gym, "Insulin") == "40"


def test_a_receipt_keeps_what_was_known_of_its_lot(gym):
    line = ReceiptLineIn(item="Insulin", qty="10", lot="L7", expiry="2027-03-31", value="12.50", currency="USD")
    wrong = record.receive(gym, ReceiptIn(place="Harvey Hub", lines=[line], source="clinic")).entry
    found = fact(gym, correct(gym, wrong, ("Insulin", "12")).entry)
    (line,) = found.lines
    assert (line.qty, line.lot, line.expiry, line.value, found.source) == (12_000, "L7", "2027-03-31", "12.5", "clinic")


def test_a_count_is_held_against_what_was_expected_without_the_wrong_one(gym):
    wrong = record.count(gym, CountIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="12")])).entry
    done = correct(gym, wrong, ("Blanket", "118"))
    assert [(row["expected"], row["counted"]) for row in done.variance] == [("120", "118")]
    assert on_hand(gym) == "118"


def test_a_dispatch_that_is_corrected_leaves_its_arrivals_to_be_looked_at(gym):
    sent = send(gym)
    moving.arrive(gym, ArrivalIn(dispatch=sent))
    done = correct(gym, sent, ("Blanket", "25"))
    assert any("names this dispatch" in said for said in done.notices)
    assert fact(gym, done.entry).waybill == fact(gym, sent).waybill


def test_an_arrival_is_corrected_against_what_was_on_its_way(gym):
    sent = send(gym)
    wrong = moving.arrive(gym, ArrivalIn(dispatch=sent)).entry
    line = CorrectLineIn(item="Blanket", qty="17", damaged="2")
    done = correcting.correct(gym, wrong, CorrectIn(why="three were wet", lines=[line]))
    (found,) = fact(gym, done.entry).lines
    assert (found.qty, found.damaged, found.missing) == (17_000, 2_000, 0)
    assert on_hand(gym, place="Gym") == "17"
    again = fact(gym, correct(gym, done.entry, ("Blanket", "18")).entry)
    assert (again.lines[0].qty, again.lines[0].damaged) == (18_000, 2_000)


def test_a_need_that_is_corrected_names_its_pledges(gym):
    wanted = need(gym)
    needing.pledge(gym, PledgeIn(place="Harvey Hub", lines=BLANKETS, need=wanted))
    done = correct(gym, wanted, ("Blanket", "25"), urgency="urgent")
    assert fact(gym, done.entry).urgency == "urgent"
    assert any("A pledge" in said for said in done.notices)


def test_what_falls_out_of_an_entry_is_told(gym):
    lines = [LineIn(item="Blanket", qty="2"), LineIn(item="Insulin", qty="1")]
    wrong = record.distribute(gym, DistributionIn(place="Harvey Hub", lines=lines)).entry
    assert "Not in it any more: Insulin." in correct(gym, wrong, ("Blanket", "3")).notices


def test_a_notice_speaks_of_the_books_after_both_entries(gym):
    wrong = drop(gym, "100")
    assert correct(gym, wrong, ("Blanket", "90")).notices == []
    assert "below" not in str(correct(gym, row_of(gym, wrong)["void"]["instead"], ("Blanket", "120")).notices)


def test_nothing_half_done_is_left(gym):
    entry = drop(gym)
    before = queries.digest(gym)
    with pytest.raises(Conflict, match="says already"):
        correct(gym, entry, ("Blanket", "20"))
    with pytest.raises(OutOfRange, match="no reason"):
        correct(gym, entry, reason="stolen")
    with pytest.raises(Malformed, match="needs a reason"):
        correct(gym, entry, ("Blanket", "3"), why=" ")
    with pytest.raises(Conflict, match="states a name"):
        correct(gym, record_name(gym), note="x")
    assert queries.digest(gym)["stock"] != before["stock"]  # the name alone
    assert on_hand(gym) == "100"


def record_name(node):
    return record.name_team(node, "Another").entry


# from outside


def test_the_api_corrects_and_tells(api, node):
    body = {"place": "Harvey Hub", "lines": [{"item": "Blanket", "qty": "20"}], "people": 3}
    entry = api.post("distributions", body).json["entry"]
    fixed = {"why": "slip", "lines": [{"item": "Blanket", "qty": "21"}], "people": 4}
    answer = api.post(f"entries/{entry}/correct", fixed)
    assert answer.status_code == 201, answer.json
    (row,) = [row for row in api.get("entries").json if row["entry"] == answer.json["entry"]]
    assert row["corrects"]["entry"] == entry
    assert api.post(f"entries/{entry}/correct", fixed).status_code == 409
    assert api.post(f"entries/{'0' * 64}/correct", fixed).status_code == 404
    right = answer.json["entry"]
    assert api.post(f"entries/{right}/correct", {"why": "x", "place": "Nowhere"}).json["errors"].keys() == {"place"}
    assert api.post(f"entries/{right}/correct", {"why": "x", "reason": "stolen"}).status_code == 422


def test_the_command_line_corrects(tmp_path):
    def line(*words, code=0):
        found = CliRunner().invoke(cli, ["--data", str(tmp_path / "node"), *words])
        assert found.exit_code == code, found.output
        return found

    line("init", "--team", "Canal Street")
    line("place", "add", "Gym", "--kind", "hub")
    line("item", "add", "Blanket", "--unit", "piece")
    line("receive", "Gym", "blanket=120")
    entry = json.loads(line("drop", "Gym", "blanket=24", "--people", "30", "--json").stdout)["entry"]
    said = line("correct", entry[:8], "blanket=42", "--people", "40", "--why", "boxes")
    assert "Corrected: 42 (1 bale + 12) Blanket at Gym, 40 people." in said.stdout
    rows = json.loads(line("log", "--json").stdout)
    assert rows[0]["corrects"]["before"] == "24 Blanket at Gym, 30 people"


def test_a_repack_is_corrected_from_the_lots_that_were_there_before_it(gym):
    used = [LineIn(item="Blanket", qty="30")]
    wrong = repacking.repack(gym, RepackIn(place="Harvey Hub", used=used, made=[RepackOutIn(item="Insulin", qty="1")]))
    before = fact(gym, wrong.entry)
    body = CorrectIn(why="two were left over", used=[LineIn(item="Blanket", qty="28")])
    done = correcting.correct(gym, wrong.entry, body)
    after = fact(gym, done.entry)
    assert sum(line.qty for line in after.used) == 28_000
    assert after.made == before.made
    body = CorrectIn(why="and two made", made=[RepackOutIn(item="Insulin", qty="2")])
    again = fact(gym, correcting.correct(gym, done.entry, body).entry)
    assert (again.used, again.made[0].qty) == (after.used, 2_000)
    assert on_hand(gym) == "92"


def test_a_repack_has_no_lines_and_a_drop_no_in(gym):
    with pytest.raises(OutOfRange, match="has no lines"):
        correct(gym, repack(gym), ("Blanket", "3"))
    with pytest.raises(OutOfRange, match="has no in"):
        correcting.correct(gym, drop(gym), CorrectIn(why="slip", used=[LineIn(item="Blanket", qty="3")]))
