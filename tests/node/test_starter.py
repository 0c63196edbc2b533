"""The common items that every node knows: the file is sound, its ids hold, and recording one writes it down."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from msgspec import UNSET

from node import catalogue, queries, record, starter
from node.requests import CountIn, ItemIn, LineIn, PlaceIn
from node.searching import folded
from node.units import format_qty
from sync.errors import NotFound, OutOfRange
from tests.fakes import MemoryNode, memory_node, tell

IFRC = Path(__file__).resolve().parents[3] / "shared" / "data" / "sahana" / "ifrc_items.csv"
LEAST = 220
ITEMS = list(starter.facts().values())
CATEGORIES = {"food", "water", "hygiene", "shelter", "medical", "baby", "tools", "energy", "clothing", "vehicle"}


@pytest.fixture
def node() -> MemoryNode:
    """A node with a hub and an empty catalogue."""
    node = memory_node()
    record.add_place(node, PlaceIn(name="Hub", kind="hub"))
    return node


def count(node: MemoryNode, item: str, qty: str) -> record.Recorded:
    """A count at the hub."""
    return record.count(node, CountIn(place="Hub", lines=[LineIn(item=item, qty=qty)]))


def item_facts(node: MemoryNode) -> int:
    """How many entries say something of items."""
    return len(catalogue.query(node, "SELECT 1 FROM named WHERE subject LIKE 'item %'"))


# the file


def test_there_are_enough_and_of_every_kind():
    assert len(ITEMS) >= LEAST
    assert {item.category for item in ITEMS} == CATEGORIES


def test_the_ids_are_those_that_any_team_would_give():
    fresh = memory_node()
    assert [item.id for item in ITEMS] == [catalogue.new_item_id(fresh, i.name, i.unit) for i in ITEMS]
    assert len({item.id for item in ITEMS}) == len(ITEMS)


def test_ids_stay_what_they_are():
    assert starter.called("Rice") == ["zr6ela6x44bpit62"]


def test_each_has_a_name_in_four_languages_that_no_other_bears():
    bearers = defaultdict(set)
    for item in ITEMS:
        assert set(item.names) == {"es", "fr", "ht"} and all([item.name, *item.names.values()]), item
        for name in (item.name, *item.names.values()):
            bearers[folded(name)].add(item.name)
    assert {name: items for name, items in bearers.items() if len(items) > 1} == {}


def test_weights_volumes_and_packs_can_be():
    for item in ITEMS:
        assert all(qty > 1000 for qty in item.packs.values()), item
        assert item.weight is UNSET or 0 < item.weight <= 110_000, item
        assert item.volume is UNSET or 0 < item.volume <= 500_000, item


def test_names_are_written_with_single_spaces():
    assert all(name == " ".join(name.split()) for _, name in starter.names())


def test_the_red_cross_knows_every_code():
    if not IFRC.exists():
        pytest.skip(f"the catalogue is not here: {IFRC}")
    with IFRC.open(encoding="utf-8", errors="replace") as file:
        known = {row["item code"] for row in csv.DictReader(file)}
    told = [item.codes["ifrc"] for item in ITEMS if item.codes]
    assert set(told) <= known
    assert len(set(told)) == len(told) >= 25


# reading


@pytest.mark.parametrize("text", ["Insulin", "insulina", "INSULINE", "ensilin", "Sales de rehidratacion oral", "pates"])
def test_a_common_item_is_found_in_any_language_with_or_without_accents(node, text):
    assert catalogue.find_item(node, text).id in starter.facts()


@pytest.mark.parametrize("text", ["HSHETARPW406", "ifrc:HSHETARPW406"])
def test_a_common_item_is_found_by_its_code(node, text):
    assert catalogue.find_item(node, text).name == "Tarpaulin, 4 x 6 m"


@pytest.mark.parametrize(
    ("text", "name"), [("insuln", "Insulin"), ("tarpalin", "Tarpaulin"), ("cobjia", "Blanket"), ("kouvet", None)]
)
def test_a_search_forgives_typing_errors_in_any_language(node, text, name):
    first = [row.name for row in catalogue.search_items(node, text, 5)]
    assert name is None or name in first


def test_reading_writes_nothing(node):
    catalogue.find_item(node, "insulin")
    catalogue.search_items(node, "blanket")
    assert queries.items(node, like="rice")[0]["name"] == "Rice"
    assert queries.items(node) == []
    assert item_facts(node) == 0


def test_what_the_node_calls_so_itself_goes_before_what_all_know(node):
    id, _ = record.add_item(node, ItemIn(name="Agua", unit="truckload"))
    assert catalogue.find_item(node, "agua").id == id
    assert catalogue.find_item(node, "agua", unit="litre").name == "Water"
    assert catalogue.search_items(node, "agua")[0].id == id


# writing


def test_the_first_record_of_a_common_item_writes_it_down_once(node):
    count(node, "insulina", "3box")
    count(node, "Insulin", "29")
    assert item_facts(node) == 1
    row = queries.items(node)[0]
    assert (row["name"], row["unit"], row["packs"]) == ("Insulin", "vial", {"box": "10"})
    assert [r["qty"] for r in queries.stock(node)] == ["29"]


def test_a_record_that_fails_writes_no_item_down(node):
    with pytest.raises(OutOfRange):
        count(node, "Insulin", "-1")
    assert item_facts(node) == 0


def test_teams_that_never_met_mean_the_same_item(node):
    other = memory_node("other")
    record.add_place(other, PlaceIn(name="Hall", kind="hub"))
    record.count(other, CountIn(place="Hall", lines=[LineIn(item="leche", qty="5")]))
    count(node, "milk", "7")
    tell(other, node)
    assert {row["item_name"] for row in queries.stock(node, item="lèt")} == {"Milk"}
    assert len(queries.stock(node, item="milk")) == 2


def test_adding_a_common_item_takes_what_all_know_and_what_is_said(node):
    id, _ = record.add_item(node, ItemIn(name="EGGS", unit="piece", packs={"tray": "30"}, category="breakfast"))
    row = catalogue.item_rows(node, [id])[0]
    known = starter.fact_of(id)
    assert (row.name, row.category) == ("Eggs", "breakfast")
    assert {name: format_qty(qty) for name, qty in row.packs.items()} == {"tray": "30"}
    names = dict(catalogue.query(node, "SELECT lang, name FROM item_name WHERE item = ?", id))
    assert names == known.names
    assert item_facts(node) == 1
    assert record.add_item(node, ItemIn(name="Eggs", unit="piece")) == (id, None)


def test_a_common_item_that_was_renamed_goes_by_its_new_name(node):
    count(node, "Water", "3")
    id = catalogue.find_item(node, "Water").id
    node.log.append(b'{"type":"item","id":"%s","name":"Drinking water"}' % id.encode())
    node.fold.settle()
    assert catalogue.find_item(node, "drinking water").id == id
    assert catalogue.item_rows(node, [id])[0].name == "Drinking water"


def test_what_nobody_knows_is_not_found(node):
    with pytest.raises(NotFound):
        catalogue.find_item(node, "flux capacitor")


# codes


@pytest.mark.parametrize(("scheme", "code"), [("gtin", "4006381333931"), ("GTIN", "96385074"), ("unspsc", "51181506")])
def test_a_code_that_can_be_is_kept_as_it_was_written(node, scheme, code):
    id, _ = record.add_item(node, ItemIn(name="Pen", unit="piece", codes={scheme: code}))
    assert catalogue.item_rows(node, [id])[0].codes == {scheme: code}


@pytest.mark.parametrize(("scheme", "code"), [("gtin", "4006381333932"), ("gtin", "40063"), ("unspsc", "5118150")])
def test_a_code_with_a_wrong_digit_is_named(node, scheme, code):
    with pytest.raises(OutOfRange) as caught:
        record.add_item(node, ItemIn(name="Pen", unit="piece", codes={scheme: code}))
    assert list(caught.value.fields) == [f"codes.{scheme}"]
    assert item_facts(node) == 0
