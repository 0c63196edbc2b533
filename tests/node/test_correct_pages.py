"""The form that corrects an entry, as a browser without scripts uses it: all that the command and the API correct."""

import datetime as dt

import pytest

from node import moving, needing, queries, record, repacking, undoing
from node.requests import (
    ArrivalIn,
    CountIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    LineIn,
    LossIn,
    NeedIn,
    PlaceIn,
    PledgeIn,
    ReceiptIn,
    ReceiptLineIn,
    RepackIn,
    RepackOutIn,
    VoidIn,
)
from tests.node.conftest import NOON
from tests.node.test_care_pages import send, shown_form

HOUR_MS = 3_600_000
KNOWN = {"lot": "L7", "batch": "B1", "expiry": "2027-03-31", "fund": "church", "value": "12.5", "currency": "USD"}


@pytest.fixture
def gym(node):
    """The id of a gym, beside a hub with blankets and insulin; beds are known."""
    record.add_item(node, ItemIn(name="Bed", unit="piece"))
    return record.add_place(node, PlaceIn(name="Gym", kind="site"))


@pytest.fixture
def correct(node, client):
    """Corrects an entry on its page, with these fields (`-` for `_`) instead of those that it shows: its new fact."""

    def act(entry, code=303, **fields):
        typed = shown_form(client, entry) | {"why": "slip"} | {name.replace("_", "-"): v for name, v in fields.items()}
        act.answer = send(client, f"/entries/{entry}/correct", typed)
        assert act.answer.status_code == code, act.answer.text
        if code == 303:
            return record.find_entry(node, act.answer.headers["Location"].split("/")[2].split("?")[0]).fact
        return None

    return act


def lines(qty="20", item="Blanket"):
    return [LineIn(item=item, qty=qty)]


def drop(node, **more):
    return record.distribute(node, DistributionIn(place="Harvey Hub", lines=lines(), **more)).entry


def receive(node, item="Insulin"):
    line = ReceiptLineIn(item=item, qty="10", **KNOWN)
    return record.receive(node, ReceiptIn(place="Harvey Hub", lines=[line], source="clinic")).entry


def id_of(node, name):
    return next(row["item"] for row in queries.items(node) if row["name"] == name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lot", "L8"),
        ("batch", "B2"),
        ("batch", ""),
        ("expiry", "2027-04-30"),
        ("expiry", ""),
        ("fund", "county"),
        ("value", "13"),
        ("currency", "EUR"),
    ],
)
def test_all_that_a_receipt_says_of_its_lot_is_corrected_or_taken_out(node, gym, correct, name, text):
    fact = correct(receive(node), **{f"lines-{name}": [text, ""]})
    (line,) = fact.lines
    assert {key: getattr(line, key) for key in KNOWN} == KNOWN | {name: text}
    assert (line.qty, fact.source) == (10_000, "clinic")


def test_a_lot_that_nobody_named_follows_what_is_known_of_it(node, gym, client, correct):
    line = ReceiptLineIn(item="Insulin", qty="5", expiry="2027-01-01")
    entry = record.receive(node, ReceiptIn(place="Harvey Hub", lines=[line])).entry
    assert shown_form(client, entry)["lines-lot"] == ["", ""]
    right = record.receive(
        node, ReceiptIn(place="Gym", lines=[ReceiptLineIn(item="Insulin", qty="1", expiry="2028-01-01")])
    )
    (line,) = correct(entry, lines_expiry=["2028-01-01", ""]).lines
    assert line.lot == record.find_entry(node, right.entry).fact.lines[0].lot


@pytest.mark.parametrize("write", [receive, drop])
def test_source_time_note_and_place_are_corrected(node, gym, correct, write):
    entry = write(node)
    before = record.find_entry(node, entry).fact
    yesterday = dt.datetime.fromtimestamp(NOON // 1000 - 86_400).strftime("%Y-%m-%dT%H:%M")
    fact = correct(entry, at=yesterday, note="from the van", place=gym)
    assert (fact.at // 60_000, fact.note, fact.place) == (NOON // 60_000 - 1440, "from the van", gym)
    assert sum(line.qty for line in fact.lines) == sum(line.qty for line in before.lines)
    if write is receive:
        assert correct(receive(node), source="harbour church").source == "harbour church"


def test_the_item_of_a_line_is_corrected_and_a_line_added(node, gym, correct):
    fact = correct(drop(node), lines_item=["Insulin", "Blanket"], lines_qty=["20", "1bale"])
    blanket, insulin = id_of(node, "Blanket"), id_of(node, "Insulin")
    assert [(line.item, line.qty) for line in fact.lines] == [(insulin, 20_000), (blanket, 30_000)]


def test_another_item_does_not_take_the_lot_of_the_first(node, gym, correct):
    receive(node)
    entry = record.distribute(
        node, DistributionIn(place="Harvey Hub", lines=[LineIn(item="Insulin", qty="2", lot="L7")])
    )
    (line,) = correct(entry.entry, lines_item=["Blanket (piece)", ""]).lines
    assert (line.item, line.lot) == (id_of(node, "Blanket"), "")


def test_an_item_that_is_not_known_is_asked_for_and_a_tap_settles_it(node, gym, client, correct):
    entry = drop(node)
    before = node.digest()
    correct(entry, code=422, lines_item=["Insulim", ""])
    assert "Which of these?" in correct.answer.text and "Insulin (vial)</button>" in correct.answer.text
    assert node.digest() == before
    choice = f"lines:0:{id_of(node, 'Insulin')}"
    answer = send(client, f"/entries/{entry}/correct", shown_form(client, entry) | {"pick": choice})
    assert answer.status_code == 200 and 'value="Insulin (vial)"' in answer.text


def test_the_site_of_a_drop_is_said_and_taken_back(node, gym, correct):
    entry = drop(node)
    assert correct(entry, site=gym, people="7").site == gym
    assert correct(drop(node, site="Gym"), site="").site == ""


def test_papers_ends_and_needs_of_a_dispatch_are_corrected(node, gym, correct):
    annex = record.add_place(node, PlaceIn(name="Annex", kind="site"))
    entry = moving.dispatch(node, DispatchIn(place="Harvey Hub", to="Gym", lines=lines(), vehicle="van")).entry
    need = needing.add(node, NeedIn(place="Annex", lines=lines())).entry
    fact = correct(entry, to=annex, vehicle="", driver="Kite", seal="S-1", waybill="W-1", need=need[:12])
    assert (fact.to, fact.vehicle, fact.driver, fact.seal, fact.waybill) == (annex, "", "Kite", "S-1", "W-1")
    assert fact.need == need


def test_what_is_missing_of_an_arrival_is_corrected(node, gym, correct):
    entry = moving.dispatch(node, DispatchIn(place="Harvey Hub", to="Gym", lines=lines())).entry
    arrival = moving.arrive(node, ArrivalIn(dispatch=entry)).entry
    (line,) = correct(arrival, lines_qty=["", ""], lines_damaged=["2", ""], lines_missing=["18", ""]).lines
    assert (line.qty, line.damaged, line.missing) == (0, 2_000, 18_000)


def test_why_goods_are_gone_is_corrected(node, gym, correct):
    entry = record.lose(node, LossIn(place="Harvey Hub", lines=lines(), reason="other")).entry
    assert correct(entry, reason="stolen").reason == "stolen"
    again = record.lose(node, LossIn(place="Harvey Hub", lines=lines(), reason="other")).entry
    correct(again, code=422, reason="eaten")
    assert "Choose one of these." in correct.answer.text


def test_a_count_of_another_item_is_corrected(node, gym, correct):
    entry = record.count(node, CountIn(place="Harvey Hub", lines=lines("118"))).entry
    (line,) = correct(entry, lines_item=["Insulin", ""], lines_qty=["38", ""]).lines
    assert (line.item, line.qty, line.expected) == (id_of(node, "Insulin"), 38_000, 40_000)


def test_both_sides_of_a_repack_are_corrected(node, gym, client, correct):
    body = RepackIn(place="Harvey Hub", used=lines("30"), made=[RepackOutIn(item="Bed", qty="1", expiry="2027-05-01")])
    entry = repacking.repack(node, body).entry
    fact = correct(entry, in_qty=["28", ""])
    assert ([line.qty for line in fact.used], [line.expiry for line in fact.made]) == ([28_000], ["2027-05-01"])
    again = repacking.repack(node, body).entry
    fact = correct(
        again, out_item=["Insulin", "Bed"], out_qty=["3", "1"], out_lot=["x", ""], out_expiry=["2027-06-01", ""]
    )
    told = [(line.item, line.qty, line.expiry) for line in fact.made]
    assert told == [(id_of(node, "Insulin"), 3_000, "2027-06-01"), (id_of(node, "Bed"), 1_000, "")]
    assert sum(line.qty for line in fact.used) == 30_000


def test_urgency_and_end_of_a_need_and_a_promise_are_corrected(node, gym, correct, clock):
    until = dt.datetime.fromtimestamp((clock.ms + HOUR_MS * 30) // 1000).strftime("%Y-%m-%dT%H:%M")
    need = needing.add(node, NeedIn(place="Gym", lines=lines(), until=until)).entry
    pledge = needing.pledge(node, PledgeIn(place="Harvey Hub", lines=lines(), need=need)).entry
    fact = correct(need, urgency="critical", until="", people="80")
    assert (fact.urgency, fact.until, fact.people) == ("critical", None, 80)
    correct(pledge, code=422, until="")
    assert "Say until when." in correct.answer.text and 'id="until-error"' in correct.answer.text
    assert correct(pledge, until=until).until // 60_000 == (clock.ms + HOUR_MS * 30) // 60_000


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"lines_qty": ["1.2345", ""]}, "three are the most"),
        ({"lines_item": ["Blanket (piece)", "Insulin"], "lines_qty": ["20", ""]}, "How much?"),
        ({"lines_qty": ["", ""]}, "There is no line in it."),
        ({"people": "some"}, "A whole number"),
        ({"people": ""}, "A whole number"),
        ({"at": "soon"}, "is not a time"),
        ({"why": ""}, "An undo needs a reason."),
        ({"note": "x", "place": ""}, "place"),
    ],
)
def test_what_is_off_is_told_where_it_was_typed_and_nothing_recorded(node, gym, correct, fields, said):
    entry = drop(node, people=3)
    before = node.digest()
    correct(entry, code=422, **fields)
    assert said in correct.answer.text and "Not recorded yet." in correct.answer.text
    assert 'class="error"' in correct.answer.text and node.digest() == before


def test_a_place_that_nobody_has_named_stays_what_it_is(node, gym, client, correct):
    entry = drop(node, site="Gym")
    stated = next(row["entry"] for row in queries.log(node, 100) if row["summary"].startswith("Place Gym"))
    undoing.void(node, stated, VoidIn(why="typed wrongly"))
    assert correct(entry, people="4").site == gym


def test_another_line_is_there_without_scripts(node, gym, client):
    entry = drop(node)
    typed = shown_form(client, entry) | {"more": "lines", "lines-qty": ["21", ""]}
    answer = send(client, f"/entries/{entry}/correct", typed)
    assert answer.status_code == 200 and answer.text.count('name="lines-item"') == 3 and 'value="21"' in answer.text


def test_what_a_correction_leaves_behind_is_told_on_the_page_that_follows(node, gym, client, correct):
    both = [*lines(), *lines("2", "Insulin")]
    sent = moving.dispatch(node, DispatchIn(place="Harvey Hub", to="Gym", lines=both)).entry
    moving.arrive(node, ArrivalIn(dispatch=sent))
    names = ["Blanket (piece)", "Insulin (vial)"]
    qtys = {"Blanket (piece)": "200", "Insulin (vial)": ""}
    shown = shown_form(client, sent)["lines-item"]
    assert sorted(shown) == sorted([*names, ""])
    correct(sent, lines_qty=[qtys.get(name, "") for name in shown])
    page = client.get(correct.answer.headers["Location"]).text
    for said in (
        "Not in it any more: Insulin.",
        "names this dispatch",
        "The books now show −80 piece of Blanket there",
    ):
        assert said in page
