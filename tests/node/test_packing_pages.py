"""Pages about expiry, kits and counts, as a browser without scripts uses them."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from node import queries, record
from node.bootstrap import Node
from node.requests import CountIn, DistributionIn, ItemIn, KitLineIn, LineIn, PlaceIn, ReceiptIn, ReceiptLineIn
from node.units import format_time
from tests.node.conftest import NOON, Clock
from tests.node.test_web import hidden, send

DAY_MS = 86_400_000


@pytest.fixture(autouse=True)
def kit(node: Node) -> str:
    """A bed is two blankets; insulin of the hub expires on 31 January, and some of another lot has."""
    line = ReceiptLineIn(item="Insulin", qty="7", lot="OLD", expiry="2020-01-31")
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=[line]))
    return record.add_item(node, ItemIn(name="Bed", unit="kit", kit=[KitLineIn(item="Blanket", qty="2")]))[0]


@pytest.fixture
def hub(node: Node) -> str:
    """The id of the hub."""
    return str(queries.places(node)[0]["place"])


def qtys(node: Node) -> dict[str, str]:
    return {row["item_name"]: row["qty"] for row in queries.stock(node)}


def test_what_has_expired_is_written_off_with_one_button(client: FlaskClient, node: Node):
    page = client.get("/expiring?within=90").text
    assert "lot OLD" in page and "1 lot has expired" in page and "68 days" in page
    fields = hidden(client, "/expiring") | {"place": ""}
    for _ in range(2):  # a double tap
        answer = client.post("/expiring/write-off", data=fields, headers={"Origin": "http://localhost"})
        assert (answer.status_code, answer.location) == (303, "/expiring?done=1")
    assert qtys(node)["Insulin"] == "40"
    page = client.get("/expiring?done=1").text
    assert "1 lot was written off" in page and "Write off" not in page
    assert [row["type"] for row in queries.log(node)].count("loss") == 1


def test_the_button_writes_off_at_the_place_that_is_shown(client: FlaskClient, node: Node):
    record.add_place(node, PlaceIn(name="Annex", kind="site"))
    annex = next(row["place"] for row in queries.places(node) if row["name"] == "Annex")
    assert "Write off" not in client.get(f"/expiring?place={annex}").text
    fields = hidden(client, "/expiring") | {"place": annex}
    client.post("/expiring/write-off", data=fields, headers={"Origin": "http://localhost"})
    assert qtys(node)["Insulin"] == "47"


@pytest.mark.parametrize("query", ["within=", "within=x", "within=99999999", "within=-3", "place=nowhere"])
def test_a_list_that_is_asked_for_oddly_is_no_accident(client: FlaskClient, query: str):
    assert client.get(f"/expiring?{query}").status_code in (200, 404)


def test_kits_say_how_many_can_be_built_and_what_is_short(client: FlaskClient, kit: str, hub: str):
    assert "60 <small>can be built" in client.get(f"/kits?place={hub}").text
    page = client.get(f"/kits/{kit}?place={hub}").text
    assert "60 can be built here" in page and "2 short" in page
    assert "Everything for that is here" in client.get(f"/kits/{kit}?place={hub}&qty=60").text
    assert "Write a whole number of kits" in client.get(f"/kits/{kit}?place={hub}&qty=1.5").text
    assert client.get("/kits/nothing").status_code == 404


@pytest.mark.parametrize(("act", "beds", "blankets"), [("build", "15", "100"), ("break", "-5", "140")])
def test_kits_are_built_and_broken_up(
    client: FlaskClient, node: Node, kit: str, hub: str, act: str, beds: str, blankets: str
):
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=[ReceiptLineIn(item="Bed", qty="5")]))
    page = f"/kits/{kit}?place={hub}"
    fields = hidden(client, page) | {"place": hub, "qty": "10"}
    for _ in range(2):
        answer = client.post(f"/kits/{kit}/{act}", data=fields, headers={"Origin": "http://localhost"})
        assert answer.status_code == 303
    assert (qtys(node)["Bed"], qtys(node)["Blanket"]) == (beds, blankets)
    said = client.get(answer.location).text
    assert "Recorded already" in said and "Bed" in said


def test_kits_are_built_at_the_place_that_is_asked_for_and_not_where_one_was_last(
    client: FlaskClient, node: Node, kit: str, hub: str
):
    assert "Bed at Harvey Hub</h1>" in client.get(f"/kits/{kit}").text  # there is no other place
    annex = record.add_place(node, PlaceIn(name="Annex", kind="site"))
    record.receive(node, ReceiptIn(place="Annex", lines=[ReceiptLineIn(item="Insulin", qty="1")]))
    asked = client.get(f"/kits/{kit}").text
    assert "At which place?" in asked and "Record what was built" not in asked and " selected" not in asked
    shown = client.get(f"/kits/{kit}?place={annex}").text
    assert "Bed at Annex</h1>" in shown and shown.count("at <strong>Annex</strong>") == 2


def test_parts_below_zero_are_told_where_kits_were_recorded(client: FlaskClient, node: Node, kit: str, hub: str):
    fields = hidden(client, f"/kits/{kit}?place={hub}") | {"place": hub, "qty": "61"}
    answer = client.post(f"/kits/{kit}/build", data=fields, headers={"Origin": "http://localhost"})
    assert "The books now show −2 piece of Blanket there" in client.get(answer.location).text


def test_a_number_of_kits_that_cannot_be_is_told(client: FlaskClient, node: Node, kit: str, hub: str):
    fields = hidden(client, f"/kits/{kit}") | {"place": hub, "qty": "few"}
    answer = client.post(f"/kits/{kit}/build", data=fields, headers={"Origin": "http://localhost"})
    assert answer.status_code == 422 and "Not recorded" in answer.text
    assert qtys(node)["Blanket"] == "120"


def test_a_whole_count_is_entered_from_the_sheet(client: FlaskClient, node: Node, hub: str):
    page = client.get(f"/count-sheet?place={hub}").text
    assert "expected 120" in page
    items = re.findall(r'<input type="hidden" name="item" value="([^"]+)">', page)
    assert items == ["Blanket (piece)", "Insulin (vial)"]
    fields = hidden(client, f"/count-sheet?place={hub}") | {"place": hub, "sheet": "1", "item": items, "qty": ["0", ""]}
    answer = client.post("/record/count", data=fields, headers={"Origin": "http://localhost"})
    assert answer.status_code == 303
    assert qtys(node) == {"Blanket": "0", "Insulin": "47"}


def test_a_blind_sheet_tells_nothing(client: FlaskClient, hub: str):
    page = client.get(f"/count-sheet?place={hub}&blind=1").text
    assert "Blanket" in page and "expected 120" not in page and "120" not in page


def test_a_mistyped_count_keeps_the_sheet(client: FlaskClient, node: Node, hub: str):
    path = f"/count-sheet?place={hub}"
    fields = hidden(client, path) | {
        "place": hub,
        "sheet": "1",
        "item": ["Blanket (piece)", "Insulin (vial)"],
        "qty": ["many", "40"],
    }
    answer = client.post("/record/count", data=fields, headers={"Origin": "http://localhost"})
    assert answer.status_code == 422 and 'value="many"' in answer.text and 'value="40"' in answer.text


def test_counts_are_shown_with_what_explains_them(client: FlaskClient, node: Node, clock: Clock):
    body = CountIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="110")])
    record.count(node, body)
    assert "−10 unexplained" in client.get("/counts").text
    late = DistributionIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="10")], at=format_time(NOON - DAY_MS))
    record.distribute(node, late)
    page = client.get("/counts").text
    assert "explained since" in page and "later news explains −10" in page


def test_a_drop_may_name_its_lot(client: FlaskClient, node: Node, hub: str):
    drop: dict[str, Any] = {"place": hub, "item": ["Insulin"], "qty": ["3"], "lot": ["OLD"]}
    answer = send(client, "/record/drop", drop)
    assert answer.status_code == 303
    rows = {row["lot"]: row["qty"] for row in queries.stock(node, item="Insulin", lots=True)}
    assert rows["OLD"] == "4"


def test_stock_and_nearby_show_packs_and_what_has_expired(client: FlaskClient):
    page = client.get("/").text
    assert "4 bale" in page and "7 expired" in page
    assert "and 7 expired" in client.get("/nearby?item=Insulin&lat=29.9&lon=-90").text


def test_a_kit_is_added_on_the_page_of_items(client: FlaskClient, node: Node):
    form = {"new_name": "Night kit", "unit": "kit", "kit": "Blanket = 2\n\nInsulin=1", "weight": "900"}
    assert "Night kit" in send(client, "/items/new", form).text
    row = next(row for row in queries.items(node) if row["name"] == "Night kit")
    assert ([(part["item_name"], part["qty"]) for part in row["kit"]], row["weight"]) == (
        [("Blanket", "2"), ("Insulin", "1")],
        900,
    )


def test_an_item_is_added_with_what_others_call_it(client: FlaskClient, node: Node):
    form = {"new_name": "Rope", "unit": "metre", "names": "es = Cuerda\n\nFR=Corde"}
    assert "Rope" in send(client, "/items/new", form).text
    assert [queries.items(node, like=name)[0]["name"] for name in ("cuerda", "corde")] == ["Rope", "Rope"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("names", "Manta"),
        ("names", "spanish = Manta"),
        ("kit", "two blankets"),
        ("kit", "Mug=2"),
        ("weight", "heavy"),
        ("kit", "Blanket=0"),
    ],
)
def test_a_kit_that_cannot_be_is_told_beside_its_field(client: FlaskClient, field: str, text: str):
    answer = send(client, "/items/new", {"new_name": "Night kit", "unit": "kit", field: text})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text and text in answer.text
