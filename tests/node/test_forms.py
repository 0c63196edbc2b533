"""The forms' finer points: going back, count sheets, several mistakes at once, odd bytes, and pairing two nodes."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from node import catalogue, queries, record
from node.bootstrap import Node
from node.requests import ItemIn
from node.server import make_app
from tests.node.test_redacting import copy

DROP = {"place": "Harvey Hub", "item": "Blanket", "qty": "24"}
ODD = ["", "\x00", "²", "٣", "'\"><b>", "-1", "9" * 40, "0001-01-01T00:00", "Infinity", "1:zz", "x" * 5000]


def guards(client: FlaskClient, path: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="(form_token|key|sheet)" value="([^"]+)"', client.get(path).text)
    return dict(found)


def on_hand(node: Node, item: str = "Blanket") -> str:
    return str(queries.stock(node, item=item)[0]["qty"])


def test_a_form_sent_twice_says_that_it_counts_once(client: FlaskClient, node: Node):
    form = guards(client, "/record/drop") | DROP
    first, second = (client.post("/record/drop", data=form).headers["Location"] for _ in range(2))
    assert first.partition("?")[0] == second.partition("?")[0]
    assert "Recorded already" in client.get(second).text
    assert on_hand(node) == "96"


def test_whoever_goes_back_and_changes_the_form_records_another_drop(client: FlaskClient, node: Node):
    form = guards(client, "/record/drop") | DROP
    client.post("/record/drop", data=form)
    client.post("/record/drop", data=form | {"qty": "6"})
    assert on_hand(node) == "90"


def test_every_mistake_is_told_at_once(client: FlaskClient, node: Node):
    form = guards(client, "/record/drop") | {"place": "", "item": ["Blankit", ""], "qty": ["a lot", "3"], "people": "x"}
    page = unescape(client.post("/record/drop", data=form).text)
    for said in ("Choose the place.", "Which of these?", "is not a quantity", "Which item?", "A whole number"):
        assert said in page


@pytest.mark.parametrize("qty", ["1.2345", "1.2345bale"])
def test_a_quantity_that_is_too_fine_is_told_so_by_the_page_the_api_and_the_command(client, node, api, run, qty):
    said = f"{qty} has 4 decimal places; three are the most."
    assert said in client.post("/record/drop", data=guards(client, "/record/drop") | DROP | {"qty": qty}).text
    assert said in api.post("distributions", {"place": "Harvey Hub", "lines": [{"item": "Blanket", "qty": qty}]}).text
    assert said in run(node, "drop", "Harvey Hub", f"Blanket={qty}", code=2)


def test_one_tap_settles_which_item_was_meant(client: FlaskClient, node: Node):
    item = catalogue.find_item(node, "Blanket")
    form = guards(client, "/record/drop") | {
        "item": "Blankit",
        "qty": "7",
        "note": "still here",
        "pick": f"0:{item.id}",
    }
    page = client.post("/record/drop", data=form).text
    assert 'value="Blanket (piece)"' in page and 'value="7"' in page and "still here" in page
    assert on_hand(node) == "120"


def test_another_line_keeps_what_was_typed_and_records_nothing(client: FlaskClient, node: Node):
    form = guards(client, "/record/drop") | DROP | {"more": "1"}
    page = client.post("/record/drop", data=form).text
    assert page.count('name="item"') > 1 and 'value="24"' in page
    assert on_hand(node) == "120"


def test_a_count_sheet_lists_the_place_and_counts_only_what_was_filled_in(client: FlaskClient, node: Node):
    place = catalogue.find_place(node, "Harvey Hub").id
    path = f"/record/count?place={place}&all=1"
    page = client.get(path).text
    assert "Blanket (piece)" in page and "Insulin (vial)" in page
    form = guards(client, path) | {"place": place, "item": ["Blanket (piece)", "Insulin (vial)", ""]}
    answer = client.post("/record/count", data=form | {"qty": ["118", "", ""]})
    assert answer.status_code == 303
    assert (on_hand(node), on_hand(node, "Insulin")) == ("118", "40")
    shown = client.get(answer.headers["Location"]).text
    assert "120" in shown and "118" in shown and "differs" in shown


def test_a_zero_is_a_count(client: FlaskClient, node: Node):
    form = guards(client, "/record/count") | DROP | {"qty": "0"}
    assert client.post("/record/count", data=form).status_code == 303
    assert on_hand(node) == "0"


def test_a_receipt_carries_its_lot_and_a_loss_its_reason(client: FlaskClient, node: Node):
    lot = {"item": "Insulin", "qty": "5", "lot": "L9", "expiry": "2027-02-28", "value": "12.50", "currency": "usd"}
    form = guards(client, "/record/receive") | DROP | lot
    assert client.post("/record/receive", data=form).status_code == 303
    assert "L9" in [row["lot"] for row in queries.stock(node, item="Insulin", lots=True)]
    loss = guards(client, "/record/loss") | DROP
    assert "Say why it is gone." in client.post("/record/loss", data=loss).text
    assert client.post("/record/loss", data=loss | {"reason": "stolen"}).status_code == 303
    assert on_hand(node) == "96"


def test_a_balance_below_zero_is_recorded_and_pointed_out(client: FlaskClient, node: Node):
    form = guards(client, "/record/drop") | DROP | {"qty": "500"}
    answer = client.post("/record/drop", data=form)
    assert on_hand(node) == "-380"
    assert "more went out than" in client.get(answer.headers["Location"]).text
    assert "More went out than is known" in client.get("/").text


def test_another_teams_entry_offers_no_undo(client: FlaskClient, node: Node, new_node: Callable[[str], Node]):
    other = new_node("Bayou Wheels")
    copy(other, node)
    theirs = next(row["entry"] for row in queries.log(node) if not row["mine"])
    assert "/undo" not in client.get(f"/entries/{theirs}").text
    drop = client.post("/record/drop", data=guards(client, "/record/drop") | DROP).headers["Location"]
    assert "/undo" in client.get(drop).text


def test_items_and_places_are_searched_for_before_they_are_added(client: FlaskClient, node: Node):
    assert "Blanket" in client.get("/items/new?name=blankit").text
    assert "Harvey Hub" in client.get("/places/new?name=harvy").text
    form = guards(client, "/items/new") | {"new_name": "Tarp", "unit": "piece", "pack": "roll", "pack_qty": "10"}
    assert client.post("/items/new", data=form).status_code == 200
    assert catalogue.find_item(node, "tarp").packs == {"roll": 10_000}
    form = guards(client, "/places/new") | {"new_name": "Gym", "kind": "site", "lat": "29.9", "lon": "−90.1"}
    assert client.post("/places/new", data=form).status_code == 200
    assert catalogue.find_place(node, "gym").lon == -90_100_000


def test_two_items_of_one_name_are_told_apart_by_their_units(client: FlaskClient, node: Node):
    record.add_item(node, ItemIn(name="Blanket", unit="bale"))
    form = guards(client, "/record/drop") | DROP
    assert "Which of these?" in client.post("/record/drop", data=form).text
    assert client.post("/record/drop", data=form | {"item": "Blanket (piece)"}).status_code == 303


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/record/drop", "place item qty people households site at note key pick more"),
        ("/record/receive", "lot expiry fund value currency source at"),
        ("/record/loss", "reason"),
        ("/places/new", "new_name kind lat lon"),
        ("/items/new", "new_name unit category pack pack_qty"),
        ("/peers/join", "code address"),
        ("/peers/block", "node"),
        ("/peers/sync", "node"),
    ],
)
def test_nothing_that_can_be_typed_brings_a_form_down(client: FlaskClient, path: str, fields: str, odd: str):
    base = guards(client, "/record/drop") | DROP
    for field in fields.split():
        answer = client.post(path, data=base | {field: odd})
        assert answer.status_code < 500, field
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("odd", [text for text in ODD if text])
def test_nothing_in_an_address_brings_a_page_down(client: FlaskClient, odd: str):
    for path, name in [
        ("/", "place"),
        ("/", "q"),
        ("/", "skip"),
        ("/entries", "after"),
        ("/nearby", "from"),
        ("/nearby", "within"),
        ("/record/count", "place"),
        ("/items/new", "name"),
        ("/login", "next"),
    ]:
        assert client.get(path, query_string={name: odd, "item": "Blanket", "all": "1"}).status_code < 500, (path, name)


def test_two_teams_pair_and_sync_by_their_pages(node: Node, client: FlaskClient, new_node: Callable[[str], Node]):
    other = new_node("Bayou Wheels")
    theirs = make_app(other).test_client()
    node.start_sync_server("127.0.0.1", 0)
    other.start_sync_server("127.0.0.1", 0)
    invited = client.post("/peers/invite", data=guards(client, "/peers")).text
    code = re.search(r'<p class="code big">([^<]+)</p>', invited)[1]  # type: ignore[index]
    joined = theirs.post("/peers/join", data=guards(theirs, "/peers") | {"code": code})
    assert joined.status_code == 200 and "Paired" in joined.text
    synced: Any = theirs.post("/peers/sync", data=guards(theirs, "/peers"))
    assert "in step" in synced.text and "Gulf Coast Mutual Aid" in synced.text
    assert node.digest() == other.digest()
    assert "Harvey Hub" in theirs.get("/").text
    hub = catalogue.find_place(other, "Harvey Hub").id
    assert "heard just now" in re.sub(r"<[^>]+>", "", theirs.get(f"/?place={hub}").text)
