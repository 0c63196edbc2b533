"""The pages that list items and places, as a browser without scripts uses them."""

import re

import pytest
from flask.testing import FlaskClient

from node import record
from node.bootstrap import Node
from node.requests import ItemIn, KitLineIn, PlaceIn
from node.web import lookup


def names(page: str) -> list[str]:
    return re.findall(r'<span class="name"><strong>([^<]+)</strong>', page)


def test_items_are_listed_with_what_is_known_of_them(client: FlaskClient, node: Node):
    kit = [KitLineIn(item="Blanket", qty="2")]
    record.add_item(node, ItemIn(name="Bed", unit="kit", kit=kit, weight=2400, codes={"ifrc": "KBED"}))
    page = client.get("/items").text
    assert names(page) == ["Bed", "Blanket", "Insulin"]
    for said in ("2 Blanket", "2\u202f400 g", "ifrc KBED", "bale of 30"):
        assert said in page


def test_an_item_is_found_by_a_mistyped_name_and_by_that_of_another_language(client: FlaskClient, node: Node):
    record.add_item(node, ItemIn(name="Rope", unit="metre", names={"es": "Cuerda"}))
    assert names(client.get("/items?q=blonket").text)[0] == "Blanket"
    assert names(client.get("/items?q=cuerda").text)[0] == "Rope"
    assert "No item is called that yet" in client.get("/items?q=qqqqqq").text


def test_what_nobody_wrote_down_yet_is_found_all_the_same(client: FlaskClient):
    assert names(client.get("/items?q=tarpaulin").text)


def test_a_long_list_goes_on_where_it_ended(client: FlaskClient, node: Node):
    for n in range(lookup.ITEMS_SHOWN):
        record.add_item(node, ItemIn(name=f"Thing {n:03}", unit="piece"))
    page = client.get("/items").text
    (more,) = re.findall(r'href="(/items\?after=[^"]+)"', page)
    rest = client.get(more).text
    assert len(names(page)) == lookup.ITEMS_SHOWN and len(names(rest)) == 2
    assert not set(names(page)) & set(names(rest)) and "More items" not in rest


def test_places_are_listed_our_own_first(client: FlaskClient, node: Node):
    record.add_place(node, PlaceIn(name="Annex", kind="site"))
    page = client.get("/places").text
    assert names(page) == ["Annex", "Harvey Hub"] and "29.9, -90.08" in page
    assert names(client.get("/places?q=HARV").text) == ["Harvey Hub"]
    assert "No place is called that" in client.get("/places?q=nowhere").text


def test_they_are_reached_from_the_stock(client: FlaskClient):
    page = client.get("/").text
    assert 'href="/items"' in page and 'href="/places"' in page


@pytest.mark.parametrize("odd", ["\x00", "²", "'\"><b>", "x" * 5000, "%"])
def test_odd_words_bring_no_list_down(client: FlaskClient, odd: str):
    for path in ("/items", "/places"):
        for field in ("q", "after"):
            answer = client.get(path, query_string={field: odd})
            assert answer.status_code < 500 and "<b>" not in answer.text
