"""The page of a free repack: several lines of what was used, and of what was made of it."""

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec import structs

from node import catalogue, queries, record
from node.bootstrap import Node
from node.requests import ItemIn
from tests.node.test_web import hidden, send

PATH = "/repack"
ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture(autouse=True)
def bag(node: Node) -> str:
    """What blankets and insulin are put in."""
    return record.add_item(node, ItemIn(name="Bag", unit="piece"))[0]


@pytest.fixture
def hub(node: Node) -> str:
    """The id of the hub."""
    return str(queries.places(node)[0]["place"])


def form(hub: str, **more: Any) -> dict[str, Any]:
    """Ten blankets and four insulin become five bags and three more blankets."""
    used = {"in-item": ["Blanket", "Insulin (vial)", ""], "in-qty": ["10", "4", ""], "in-lot": ["", "", ""]}
    made = {"out-item": ["Bag", "Blanket"], "out-qty": ["5", "3"], "out-lot": ["", ""], "out-batch": ["", ""]}
    return {"place": hub, **used, **made, "out-expiry": ["", ""], **more}


def qtys(node: Node) -> dict[str, str]:
    return {row["item_name"]: row["qty"] for row in queries.stock(node)}


def test_several_things_become_several_others_once_however_often_it_is_sent(client: FlaskClient, node: Node, hub: str):
    fields = hidden(client, f"{PATH}?place={hub}") | form(hub, note="for the clinic")
    for _ in range(2):
        answer = client.post(PATH, data=fields, headers={"Origin": "http://localhost"})
        assert answer.status_code == 303
    assert qtys(node) == {"Bag": "5", "Blanket": "113", "Insulin": "36"}
    page = client.get(answer.location).text
    assert "Recorded already" in page and "for the clinic" in page
    assert page.count(">used<") == 2 and page.count(">made<") == 2


def test_the_page_of_a_repack_leads_to_the_next(client: FlaskClient, hub: str):
    answer = send(client, PATH, form(hub))
    assert f'href="/repack?place={hub}"' in client.get(answer.location).text


@pytest.mark.parametrize(("side", "inputs"), [("in", "in-item"), ("out", "out-item")])
def test_each_side_gets_more_lines_and_keeps_what_was_typed(
    client: FlaskClient, node: Node, hub: str, side: str, inputs: str
):
    page = send(client, PATH, form(hub, more=side)).text
    assert page.count(f'name="{inputs}"') == len(form(hub)[inputs]) + 2
    assert 'value="10"' in page and 'value="Insulin (vial)"' in page
    assert qtys(node) == {"Blanket": "120", "Insulin": "40"}


def test_every_mistake_is_told_at_once_beside_its_line(client: FlaskClient, node: Node, hub: str):
    wrong = form(hub) | {"place": "", "in-qty": ["few", "4", ""], "out-item": ["Bogg", ""], "out-qty": ["", "3"]}
    answer = send(client, PATH, wrong)
    page = unescape(answer.text)
    assert answer.status_code == 422
    for said in ("Choose the place.", "is not a quantity", "Which of these?", "How much?", "Which item?"):
        assert said in page
    for path in ("in.0.qty", "out.0.item", "out.0.qty", "out.1.item"):
        assert f'id="{path}-error"' in page
    assert qtys(node) == {"Blanket": "120", "Insulin": "40"}


@pytest.mark.parametrize(("side", "said"), [("in", "Say what was used."), ("out", "Say what was made.")])
def test_a_side_that_says_nothing_is_asked_for(client: FlaskClient, hub: str, side: str, said: str):
    blank = {f"{side}-item": ["", ""], f"{side}-qty": ["", ""]}
    answer = send(client, PATH, form(hub) | blank)
    assert answer.status_code == 422 and said in answer.text


def test_one_tap_settles_which_item_was_meant(client: FlaskClient, node: Node, hub: str, bag: str):
    page = send(client, PATH, form(hub) | {"out-item": ["Bogg", "Blanket"], "pick": f"out:0:{bag}"}).text
    assert 'value="Bag (piece)"' in page and "Bogg" not in page


@pytest.mark.parametrize("pick", ["", "x", "out", "out:9:x", "up:0:x", "in:-1:x", "out:0:nothing"])
def test_an_odd_choice_changes_nothing(client: FlaskClient, node: Node, hub: str, pick: str):
    answer = send(client, PATH, form(hub, pick=pick, more="out"))
    assert answer.status_code == 200 and 'value="Blanket"' in answer.text


def test_what_the_books_find_odd_stands_at_its_field(client: FlaskClient, node: Node, hub: str):
    answer = send(client, PATH, form(hub, **{"out-expiry": ["soon", ""]}))
    assert answer.status_code == 422
    assert 'id="out.0.expiry-error"' in answer.text
    answer = send(client, PATH, form(hub, at="yesterday"))
    assert answer.status_code == 422 and 'id="at-error"' in answer.text


def test_lots_and_dates_are_kept(client: FlaskClient, node: Node, hub: str):
    lots = {"out-lot": ["B1", ""], "out-expiry": ["2027-05-01", ""], "out-batch": ["mill 7", ""]}
    assert send(client, PATH, form(hub, **lots)).status_code == 303
    (row,) = queries.stock(node, item="Bag", lots=True)
    assert (row["lot"], row["expiry"]) == ("B1", "2027-05-01")


def test_more_may_be_used_than_the_books_know_of_and_that_is_pointed_out(client: FlaskClient, node: Node, hub: str):
    answer = send(client, PATH, form(hub) | {"in-qty": ["500", "4", ""]})
    assert answer.status_code == 303 and qtys(node)["Blanket"] == "-377"
    assert "more went out than" in client.get(answer.location).text


def test_it_is_reached_from_stock_from_kits_and_with_an_item_filled_in(client: FlaskClient, node: Node, hub: str):
    for path in ("/", f"/?place={hub}", f"/kits?place={hub}"):
        assert 'href="/repack' in client.get(path).text, path
    item = catalogue.find_item(node, "Blanket").id
    assert 'value="Blanket (piece)"' in client.get(f"{PATH}?place={hub}&item={item}").text


@pytest.mark.parametrize("odd", ["\x00", "²", "'\"><b>", "-1", "9" * 40, "x" * 5000])
def test_nothing_that_can_be_typed_brings_the_form_down(client: FlaskClient, hub: str, odd: str):
    for field in ("place", "in-item", "in-qty", "in-lot", "out-item", "out-batch", "out-expiry", "at", "note", "key"):
        answer = send(client, PATH, form(hub) | {field: odd})
        assert answer.status_code < 500, field


# corrected on its own form


def corrected(client: FlaskClient, location: str, qty: list[str], **more: str) -> Any:
    """The form of a recorded repack, with other quantities."""
    path = location.partition("?")[0] + "/correct"
    page = client.get(path).text
    assert page.count(">used<") == 2 and page.count(">made<") == 2
    columns = {name: re.findall(rf'name="{name}"[^>]*? value="([^"]*)"', page) for name in ("item", "lot")}
    typed = {"qty": qty, "why": "miscounted", "note": ""} | more
    place = re.findall(r'<option value="([^"]+)" selected>', page)[0]
    return client.post(path, data=hidden(client, path) | columns | {"place": place} | typed, headers=ORIGIN)


@pytest.mark.parametrize(
    ("qty", "stock"),
    [
        (["12", "4", "5", "3"], {"Bag": "5", "Blanket": "111", "Insulin": "36"}),
        (["10", "4", "6", "3"], {"Bag": "6", "Blanket": "113", "Insulin": "36"}),
        (["10", "", "5", "3"], {"Bag": "5", "Blanket": "113", "Insulin": "40"}),
        (["10", "4", "5", ""], {"Bag": "5", "Blanket": "110", "Insulin": "36"}),
    ],
)
def test_quantities_of_both_sides_are_corrected(
    client: FlaskClient, node: Node, hub: str, qty: list[str], stock: dict[str, str]
):
    recorded = send(client, PATH, form(hub)).location
    answer = corrected(client, recorded, qty)
    assert answer.status_code == 303, answer.text
    assert qtys(node) == stock
    assert "This was corrected" in client.get(recorded).text


def test_what_is_known_of_what_was_made_stays(client: FlaskClient, node: Node, hub: str):
    lots = {"out-lot": ["B1", ""], "out-expiry": ["2027-05-01", ""], "out-batch": ["mill 7", ""]}
    recorded = send(client, PATH, form(hub, **lots)).location
    fact = record.find_entry(node, recorded.split("/")[2].partition("?")[0]).fact
    answer = corrected(client, recorded, ["10", "4", "6", "3"])
    again = record.find_entry(node, answer.location.split("/")[2].partition("?")[0]).fact
    assert [structs.replace(line, qty=0) for line in again.made] == [structs.replace(line, qty=0) for line in fact.made]
    assert again.used == fact.used and again.made[0].qty == 6_000


def test_a_correction_that_is_off_keeps_what_was_typed(client: FlaskClient, node: Node, hub: str):
    recorded = send(client, PATH, form(hub)).location
    for qty in (["some", "4", "5", "3"], ["", "", "5", "3"], ["10", "4", "", ""]):
        answer = corrected(client, recorded, qty)
        assert answer.status_code == 422 and 'role="alert"' in answer.text and ">made<" in answer.text
    assert qtys(node) == {"Bag": "5", "Blanket": "113", "Insulin": "36"}
