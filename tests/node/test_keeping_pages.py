"""The pages of minimums and shelves: listed, set, changed and taken back, as a browser without scripts does it."""

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from node import catalogue, keeping, merging, queries, record
from node.bootstrap import Node
from node.requests import ItemIn, KeepIn, PlaceIn, SameAsIn
from sync.errors import NotFound
from tests.node.test_web import hidden

ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def hub(node: Node) -> str:
    """The id of the hub."""
    return str(queries.places(node)[0]["place"])


def sheet(client: FlaskClient, hub: str, **typed: Any) -> dict[str, Any]:
    """The form of a place as it is shown, with what was typed: `Blanket_qty`, `Insulin_shelf`, `another`."""
    page = unescape(client.get(f"/keeps?place={hub}").text)
    names = re.findall(r"<p><strong>([^<]+)</strong>", page)
    lines = {name: re.findall(rf'name="{name}"[^>]*? value="([^"]*)"', page) for name in keeping_columns()}
    for name, value in typed.items():
        item, _, column = name.rpartition("_")
        if item:
            lines[column][names.index(item)] = value
    fields = hidden(client, f"/keeps?place={hub}") | {"place": hub} | lines
    for column, value in typed.get("another", {}).items():
        fields[column][-1] = value
    return fields


def keeping_columns() -> tuple[str, ...]:
    return ("item", "qty", "shelf", "was_qty", "was_shelf", "known")


def kept(node: Node) -> dict[str, tuple[str | None, str]]:
    return {row["item_name"]: (row["minimum"], row["shelf"]) for row in keeping.rows(node)}


def send(client: FlaskClient, fields: dict[str, Any]) -> Any:
    return client.post("/keeps", data=fields, headers=ORIGIN)


def test_several_are_set_at_once_and_a_double_tap_counts_once(client: FlaskClient, node: Node, hub: str):
    fields = sheet(client, hub, Blanket_qty="5bale", Blanket_shelf="A3", Insulin_shelf="fridge")
    answers = [send(client, fields) for _ in range(2)]
    assert [answer.location for answer in answers] == [f"/keeps?place={hub}&done=2"] * 2
    assert kept(node) == {"Blanket": ("150", "A3"), "Insulin": (None, "fridge")}
    assert [row["type"] for row in queries.log(node)].count("keep") == 2
    page = client.get(answers[0].location).text
    assert "Noted: 2 items" in page and "too little" in page and 'value="150"' in page


def test_what_is_emptied_is_taken_back_and_the_rest_stays(client: FlaskClient, node: Node, hub: str):
    keeping.keep(node, KeepIn(place=hub, item="Blanket", minimum="150", shelf="A3"))
    keeping.keep(node, KeepIn(place=hub, item="Insulin", minimum="9", shelf="B1"))
    send(client, sheet(client, hub, Blanket_qty="", Insulin_shelf=" ", Insulin_qty="12.5"))
    assert kept(node) == {"Blanket": (None, "A3"), "Insulin": ("12.5", "")}
    send(client, sheet(client, hub, Blanket_shelf="", Insulin_qty="0"))
    assert kept(node) == {}


def test_what_nobody_touched_is_not_written_over(client: FlaskClient, node: Node, hub: str):
    fields = sheet(client, hub, Insulin_qty="9")
    keeping.keep(node, KeepIn(place=hub, item="Blanket", minimum="77"))  # meanwhile, from elsewhere
    send(client, fields)
    assert kept(node) == {"Blanket": ("77", ""), "Insulin": ("9", "")}


def test_a_sheet_without_changes_writes_nothing(client: FlaskClient, node: Node, hub: str):
    before = node.digest()
    answer = send(client, sheet(client, hub))
    assert "Nothing was changed" in client.get(answer.location).text
    assert node.digest() == before


def test_an_item_that_is_not_there_yet_is_added(client: FlaskClient, node: Node, hub: str):
    record.add_item(node, ItemIn(name="Tarp", unit="piece"))
    send(client, sheet(client, hub, another={"item": "tarp", "qty": "20"}))
    assert kept(node) == {"Tarp": ("20", "")}
    tarp = catalogue.find_item(node, "Tarp").id
    assert "0 piece on hand" in client.get(f"/keeps?place={hub}").text
    record.add_item(node, ItemIn(name="Rope", unit="metre"))
    rope = catalogue.find_item(node, "Rope").id
    page = client.get(f"/keeps?place={hub}&item={rope}").text
    assert page.index("<strong>Rope") < page.index("<strong>Blanket")
    assert client.get(f"/keeps?place={hub}&item={tarp}").text.count("<strong>Tarp") == 1


@pytest.mark.parametrize(
    ("typed", "said", "at"),
    [
        ({"Blanket_qty": "plenty"}, "is not a quantity", "lines.0.qty"),
        ({"Insulin_qty": "-3"}, "can't be", "lines.1.qty"),
        ({"Insulin_shelf": "x" * 300}, "at most 200", "lines.1.shelf"),
        ({"another": {"item": "Blonket", "qty": "3"}}, "Which of these?", "lines.2.item"),
        ({"another": {"item": "Blanket"}}, "Say how much there should be", "lines.2.qty"),
        ({"another": {"shelf": "A1"}}, "Which item?", "lines.2.item"),
    ],
)
def test_what_is_off_is_told_beside_it_and_nothing_is_written(
    client: FlaskClient, node: Node, hub: str, typed: dict[str, Any], said: str, at: str
):
    before = node.digest()
    answer = send(client, sheet(client, hub, Blanket_shelf="A3", **typed))
    page = unescape(answer.text)
    assert answer.status_code == 422 and said in page and f'id="{at}-error"' in page
    assert 'value="A3"' in page
    assert node.digest() == before


def test_one_tap_settles_which_item_was_meant(client: FlaskClient, node: Node, hub: str):
    record.add_item(node, ItemIn(name="Tarp", unit="piece"))
    tarp = catalogue.find_item(node, "Tarp").id
    fields = sheet(client, hub, Blanket_shelf="A3", another={"item": "Torp", "qty": "3"}) | {"pick": f"2:{tarp}"}
    page = send(client, fields).text
    assert 'value="Tarp (piece)"' in page and 'value="A3"' in page
    assert kept(node) == {}


def test_another_line_keeps_what_was_typed(client: FlaskClient, node: Node, hub: str):
    page = send(client, sheet(client, hub, Blanket_qty="9") | {"more": "1"}).text
    assert page.count("Another item</label>") == 2 and 'value="9"' in page
    assert kept(node) == {}


def test_they_are_listed_by_place_and_reached_from_where_they_matter(client: FlaskClient, node: Node, hub: str):
    assert "Nothing is stated yet" in client.get("/keeps").text
    keeping.keep(node, KeepIn(place=hub, item="Blanket", minimum="150", shelf="A3"))
    page = client.get("/keeps").text
    assert "shelf A3" in page and "150" in page and f'href="/keeps?place={hub}"' in page
    for path in (f"/?place={hub}", "/alerts", f"/count-sheet?place={hub}"):
        assert 'href="/keeps' in client.get(path).text, path
    blanket = catalogue.find_item(node, "Blanket").id
    assert f"/keeps?place={hub}&amp;item={blanket}" in client.get("/alerts").text


@pytest.mark.parametrize("odd", ["\x00", "²", "'\"><b>", "9" * 40, "x" * 5000, ""])
def test_nothing_that_can_be_typed_brings_the_page_down(client: FlaskClient, hub: str, odd: str):
    for field in (*keeping_columns(), "place", "key", "pick", "more"):
        assert send(client, sheet(client, hub, Blanket_qty="3") | {field: odd}).status_code < 500, field
    for field in ("place", "item", "skip", "done"):
        assert client.get("/keeps", query_string={"place": hub, field: odd}).status_code < 500, field


# stating several, and what is the same


def test_several_are_stated_or_none(node: Node, hub: str):
    good, bad = (KeepIn(place=hub, item=item, minimum="3") for item in ("Blanket", "unobtainium"))
    before = node.digest()
    with pytest.raises(NotFound) as caught:
        keeping.keep_all(node, {0: good, 4: bad})
    assert list(caught.value.fields) == ["lines.4.item"]
    assert node.digest() == before


def test_a_minimum_of_things_that_are_one_can_be_lowered_and_taken_back(node: Node, hub: str):
    record.add_item(node, ItemIn(name="Wool blanket", unit="piece"))
    record.add_place(node, PlaceIn(name="Annex", kind="site"))
    keeping.keep(node, KeepIn(place="Harvey Hub", item="Wool blanket", minimum="90", shelf="C1"))
    keeping.keep(node, KeepIn(place="Annex", item="Blanket", minimum="50", shelf="D4"))
    merging.same(node, SameAsIn(kind="item", id="Wool blanket", same="Blanket"))
    merging.same(node, SameAsIn(kind="place", id="Annex", same="Harvey Hub"))
    assert kept(node)["Blanket"][0] == "90"
    keeping.keep(node, KeepIn(place="Harvey Hub", item="Blanket", minimum="60", shelf="A3"))
    assert kept(node) == {"Blanket": ("60", "A3")}
    keeping.keep(node, KeepIn(place="Harvey Hub", item="Blanket", minimum="0", shelf=""))
    assert kept(node) == {}
