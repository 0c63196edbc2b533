"""The pages that keep the books in good order, as a browser without scripts uses them."""

import re
from html import unescape

import pytest

from node import alerts, keeping, merging, moving, queries, record, undoing
from node.requests import (
    ArrivalIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    KeepIn,
    LineIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    SameAsIn,
    VoidIn,
)
from tests.node.test_redacting import copy

ORIGIN = {"Origin": "http://localhost"}


def guards(text):
    """The hidden fields that every form of a page bears."""
    return dict(re.findall(r'<input type="hidden" name="(form_token|key)" value="([^"]+)"', text))


def send(client, page, fields, to=None):
    """Send a form of a page."""
    return client.post(to or page, data=guards(client.get(page).text) | fields, headers=ORIGIN)


def drop(node, qty="20", **more):
    lines = [LineIn(item="Blanket", qty=qty)]
    return record.distribute(node, DistributionIn(place="Harvey Hub", lines=lines, **more)).entry


def on_hand(node, item="Blanket"):
    return queries.stock(node, item=item)[0]["qty"]


# alerts


def test_the_first_page_says_how_much_there_is_to_look_at(node, client):
    assert "to look at" not in client.get("/").text
    drop(node, "130")
    keeping.keep(node, KeepIn(place="Harvey Hub", item="Insulin", minimum="50"))
    assert "<strong>2 things</strong> to look at" in client.get("/").text
    text = client.get("/alerts").text
    assert "-10 Blanket at Harvey Hub" in text and "Insulin at Harvey Hub is down to 40" in text
    assert "bucketline count" in text


@pytest.mark.parametrize("kind", ["low", "below_zero"])
def test_an_alert_leads_to_the_form_that_settles_it(node, client, kind):
    drop(node, "130")
    keeping.keep(node, KeepIn(place="Harvey Hub", item="Blanket", minimum="50"))
    row = next(row for row in alerts.rows(node, kind=kind))
    ways = re.findall(r'class="button primary" href="([^"]+)"', client.get("/alerts").text)
    assert any(row["item"] in way for way in ways)
    for way in ways:
        assert client.get(way.replace("&amp;", "&")).status_code == 200


def test_the_forms_behind_alerts_hold_no_quantity_that_nobody_has_seen(node, client, clock):
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    lines = [ReceiptLineIn(item="Insulin", qty="5", lot="old & cold", expiry="2027-02-20")]
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=lines))
    drop(node, "130")
    moving.dispatch(node, DispatchIn(place="Harvey Hub", to="Gym", lines=[LineIn(item="Blanket", qty="2.5")]))
    clock.ms += 70 * 24 * 3_600_000
    assert {"below_zero", "expired", "expiring", "overdue", "stale_count"} <= {row["kind"] for row in alerts.rows(node)}
    ways = re.findall(r'class="button primary" href="([^"]+)"', client.get("/alerts").text)
    shown = [client.get(way.replace("&amp;", "&")).text for way in ways]
    fields = [field for text in shown for field in re.findall(r'<input id="(?:qty|damaged|missing)-[^>]*>', text)]
    assert len(fields) > 5 and all('value=""' in field or "value=" not in field for field in fields)
    assert any('name="lot" value="old &amp; cold"' in text for text in shown)
    assert any("2.5 piece on the way" in text for text in shown)


def test_what_others_recorded_is_seen_by_a_tap_or_two(node, client, new_node):
    other = new_node("Bayou Wheels")
    copy(node, other)
    copy(other, node)
    entries = [drop(other, "7"), drop(other, "8")]
    copy(other, node)
    assert "Bayou Wheels recorded at our place" in client.get("/alerts").text
    for _ in range(2):
        assert send(client, "/alerts", {"entry": entries[0]}, "/alerts/seen").status_code == 303
    assert len(alerts.rows(node)) == 1
    send(client, "/alerts", {"entry": "all"}, "/alerts/seen")
    assert "There is nothing to look at." in client.get("/alerts").text


def test_the_alerts_of_one_place(node, client):
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    drop(node, "130")
    gym = next(row["place"] for row in queries.places(node) if row["name"] == "Gym")
    assert "There is nothing to look at." in client.get(f"/alerts?place={gym}").text


# merges


@pytest.fixture
def twice(node):
    """Thirty blankets under a second name."""
    record.add_item(node, ItemIn(name="Blankett", unit="piece"))
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=[ReceiptLineIn(item="Blankett", qty="30")]))
    return node


def test_a_suggestion_is_accepted_by_a_tap_and_taken_back_by_another(twice, client):
    text = client.get("/same").text
    fields = dict(re.findall(r'name="(kind|id|same)" value="([^"]+)"', text))
    assert send(client, "/same", fields).status_code == 303
    assert on_hand(twice) == "150"
    (row,) = merging.rows(twice)
    for _ in range(2):
        assert send(client, "/same", {}, f"/same/{row['entry']}/undo").status_code == 303
    assert on_hand(twice) == "120"


def test_two_names_are_typed(twice, client):
    assert send(client, "/same", {"id": "Blankett", "same": "Blanket (piece)", "why": "one pile"}).status_code == 303
    assert on_hand(twice) == "150"
    assert "one pile" in client.get("/same").text


def test_each_door_says_in_its_own_words_how_two_units_are_one(twice, client, api, run):
    fields = {"id": "Blanket", "same": "Insulin"}
    answer = send(client, "/same", fields)
    assert answer.status_code == 422 and "--anyway" not in answer.text
    assert "counted in piece and vial: sums add both as they are. If they are one thing all the same" in answer.text
    assert "choose “they are one” below" in answer.text and "<legend>If they are counted in diff" in answer.text
    assert "say so with --anyway" in run(twice, "same", "Blanket", "Insulin", code=2)
    assert "say so with `anyway`" in api.post("same-as", fields | {"kind": "item"}).json["detail"]
    assert merging.rows(twice) == []
    assert send(client, "/same", fields | {"anyway": "1"}).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": "Blanket"}, "Say which."),
        ({"id": "Blanket", "same": "blanket"}, "one item already"),
        ({"id": "Blanket", "same": "Unobtainium"}, "no item"),
    ],
)
def test_a_slip_is_told_and_nothing_recorded(twice, client, fields, said):
    before = twice.digest()
    answer = send(client, "/same", fields)
    assert answer.status_code == 422
    assert said in answer.text and 'value="Blanket"' in answer.text
    assert twice.digest() == before


# correct, and what rests on an entry


def shown_form(client, entry):
    """What a browser sends of the form that corrects an entry, if nothing is changed."""
    text = client.get(f"/entries/{entry}/correct").text
    assert "Correct an entry" in text
    return sent_by(text.partition('<form method="post"')[2].partition("</form>")[0])


def sent_by(form):
    """The fields of a form as a browser sends them, each with all its values."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = (re.search(rf'\b{key}="([^"]*)"', tag) for key in ("name", "value"))
        if name and ('type="radio"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name, inside in re.findall(r'<select id="\w+" name="(\w+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', inside) or re.search(r'<option value="([^"]*)"', inside)
        found[name] = [chosen[1]]
    for name, inside in re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = [unescape(inside)]
    return found


def test_an_entry_is_corrected_in_its_own_form(node, client):
    entry = drop(node, people=30)
    fields = shown_form(client, entry) | {"lines-qty": ["24"], "people": "31", "why": "counted boxes"}
    answer = send(client, f"/entries/{entry}/correct", fields)
    assert answer.status_code == 303
    assert on_hand(node) == "96"
    text = client.get(answer.headers["Location"]).text
    assert "counted boxes" in text and "20 Blanket at Harvey Hub, 30 people" in text
    old = client.get(f"/entries/{entry}").text
    assert "This was corrected." in old
    log = client.get("/entries").text
    assert "corrected: counted boxes" in log and "Undid" not in log


def test_the_form_as_it_was_changes_nothing(node, client):
    entry = drop(node, people=30)
    before = node.digest()
    answer = send(client, f"/entries/{entry}/correct", shown_form(client, entry) | {"why": "x"})
    assert answer.status_code == 409 and "says already" in answer.text
    assert (
        send(client, f"/entries/{entry}/correct", shown_form(client, entry) | {"lines-qty": ["5"]}).status_code == 422
    )
    assert node.digest() == before


def test_a_line_is_taken_out_and_lots_stay_what_they_are(node, client):
    lines = [
        ReceiptLineIn(item="Insulin", qty="5", lot=lot, expiry=date)
        for lot, date in (("a", "2027-01-01"), ("b", "2027-02-01"))
    ]
    entry = record.receive(node, ReceiptIn(place="Harvey Hub", lines=lines)).entry
    fields = shown_form(client, entry) | {"lines-qty": ["", "6", ""], "why": "only one box"}
    answer = send(client, f"/entries/{entry}/correct", fields)
    found = record.find_entry(node, re.search(r"/entries/(\w+)", answer.headers["Location"])[1]).fact
    assert [(line.lot, line.qty, line.expiry) for line in found.lines] == [("b", 6_000, "2027-02-01")]


def test_two_taps_correct_once(node, client):
    entry = drop(node)
    page = f"/entries/{entry}/correct"
    fields = guards(client.get(page).text) | shown_form(client, entry) | {"lines-qty": ["24"], "why": "x"}
    answers = [client.post(page, data=fields, headers=ORIGIN) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert on_hand(node) == "96"


def test_an_arrival_is_corrected_and_shown_on_its_dispatch(node, client):
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    lines = [LineIn(item="Blanket", qty="20")]
    sent = moving.dispatch(node, DispatchIn(place="Harvey Hub", to="Gym", lines=lines)).entry
    arrival = moving.arrive(node, ArrivalIn(dispatch=sent)).entry
    assert f"/entries/{arrival}" in client.get(f"/entries/{sent}").text
    fields = shown_form(client, arrival) | {"lines-qty": ["18"], "lines-damaged": ["2"], "why": "wet"}
    assert send(client, f"/entries/{arrival}/correct", fields).status_code == 303
    assert {row["qty"] for row in queries.stock(node, place="Gym")} == {"18"}
    undoing.void(node, sent, VoidIn(why="slip"))
    assert "now rest on nothing" in client.get(f"/entries/{sent}").text


def test_what_is_said_of_the_catalogue_is_undone_on_its_page_too(node, client):
    entry = merging_entry(node)
    text = client.get(f"/entries/{entry}").text
    assert "Undo this" in text and "Correct this" not in text
    assert client.get(f"/entries/{entry}/correct").status_code == 404
    assert send(client, f"/entries/{entry}", {"why": "no"}, f"/entries/{entry}/undo").status_code == 303
    assert merging.rows(node) == []


def merging_entry(node):
    return merging.same(node, SameAsIn(kind="item", id="Blanket", same="Insulin", anyway=True)).entry


# words taken out


def test_a_name_is_taken_out_of_an_entry_by_its_form(node, client):
    entry = drop(node, note="for Mrs Smith")
    assert "for Mrs Smith" in client.get(f"/entries/{entry}").text
    answer = send(client, f"/entries/{entry}", {"redact_why": ""}, f"/entries/{entry}/redact")
    text = client.get(answer.headers["Location"]).text
    assert "The words are gone from this node" in text and "Mrs Smith" not in text
    assert "Take the words out" not in text  # there are none left
    assert on_hand(node) == "100"


def test_an_entry_without_words_and_another_teams_offer_no_such_form(node, client, new_node):
    entry = drop(node)
    assert "Take the words out" not in client.get(f"/entries/{entry}").text
    answer = send(client, f"/entries/{entry}", {}, f"/entries/{entry}/redact")
    assert answer.status_code == 409 and "no words" in answer.text
    other = new_node("Bayou Wheels")
    copy(node, other)
    theirs = drop(other, note="for Mrs Smith")
    copy(other, node)
    assert "Take the words out" not in client.get(f"/entries/{theirs}").text
    answer = send(client, f"/entries/{theirs}", {}, f"/entries/{theirs}/redact")
    assert answer.status_code == 403
