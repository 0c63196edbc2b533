"""Finding what people mean by a word: ids, codes, names, and the nearest names where nothing fits."""

import pytest

from node import catalogue, record
from node.requests import ItemIn, PlaceIn, ReceiptIn, ReceiptLineIn
from sync.errors import NotFound, OutOfRange
from tests.fakes import MemoryNode, memory_node, tell


@pytest.fixture
def node() -> MemoryNode:
    """A node with some items, two of them of one name, and two places."""
    node = memory_node()
    for name, unit in [("Rice", "kg"), ("Rice", "bag"), ("Blanket, medium thermal", "piece"), ("Insulin", "vial")]:
        record.add_item(node, ItemIn(name=name, unit=unit))
    record.add_item(node, ItemIn(name="Tarpaulin 4x6", unit="piece", codes={"IFRC": "HSHETARPW406"}))
    record.add_place(node, PlaceIn(name="Gym North", kind="site"))
    record.add_place(node, PlaceIn(name="Town Hall", kind="hub"))
    return node


@pytest.mark.parametrize("text", ["insulin", "  INSULIN ", "Insulin (vial)", "insulin(VIAL)"])
def test_case_and_outer_spaces_do_not_matter(node, text):
    assert catalogue.find_item(node, text).name == "Insulin"


@pytest.mark.parametrize("text", ["HSHETARPW406", "hshetarpw406", "IFRC:HSHETARPW406", "ifrc: hshetarpw406"])
def test_an_item_goes_by_its_code(node, text):
    assert catalogue.find_item(node, text).name == "Tarpaulin 4x6"


def test_a_code_of_another_scheme_is_not_its_code(node):
    with pytest.raises(NotFound):
        catalogue.find_item(node, "WHO:HSHETARPW406")


def test_an_item_goes_by_its_id(node):
    row = catalogue.find_item(node, "insulin")
    assert catalogue.find_item(node, f" {row.id} ") == row


def test_a_name_that_two_items_bear_is_not_guessed_at(node):
    with pytest.raises(OutOfRange) as caught:
        catalogue.find_item(node, "rice")
    assert "Rice (bag), id " in caught.value.detail
    assert "Rice (kg), id " in caught.value.detail


@pytest.mark.parametrize("unit", ["kg", "bag"])
def test_the_unit_tells_items_of_one_name_apart(node, unit):
    assert catalogue.find_item(node, f"rice ({unit})").unit == unit
    assert catalogue.find_item(node, "rice", unit=unit).unit == unit


def test_a_code_that_is_another_items_name_is_not_guessed_at(node):
    record.add_item(node, ItemIn(name="Pen", unit="box", codes={"shop": "insulin"}))
    with pytest.raises(OutOfRange):
        catalogue.find_item(node, "insulin")


@pytest.mark.parametrize(("text", "meant"), [("insuln", "Insulin (vial)"), ("tarpolin", "Tarpaulin 4x6 (piece)")])
def test_a_near_miss_is_answered_with_the_nearest_names(node, text, meant):
    with pytest.raises(NotFound) as caught:
        catalogue.find_item(node, text)
    assert meant in caught.value.todo


def test_a_name_that_nothing_resembles_can_be_added(node):
    with pytest.raises(NotFound) as caught:
        catalogue.find_item(node, "zzzzqqqq")
    assert "`bucketline item list`" in caught.value.todo and "`bucketline item add`" in caught.value.todo


@pytest.mark.parametrize(
    ("text", "first"),
    [("blank", "Blanket, medium thermal"), ("thermal medium", "Blanket, medium thermal"), ("406", "Tarpaulin 4x6")],
)
def test_a_few_letters_find_an_item(node, text, first):
    assert catalogue.search_items(node, text)[0].name == first


def test_a_search_gives_no_more_than_asked_and_none_twice(node):
    found = catalogue.search_items(node, "i", limit=3)
    assert len({row.id for row in found}) == len(found) == 3


@pytest.mark.parametrize("text", ["town hall", "Town  HALL "])
def test_a_place_goes_by_its_name(node, text):
    assert catalogue.find_place(node, text).kind == "hub"


def test_a_place_nearly_named_is_offered(node):
    with pytest.raises(NotFound) as caught:
        catalogue.find_place(node, "gym nrth")
    assert "Gym North" in caught.value.todo


def test_two_places_of_one_name_are_told_apart_by_id(node):
    other = memory_node("other")
    theirs = record.add_place(other, PlaceIn(name="Gym North", kind="warehouse"))
    tell(other, node)
    with pytest.raises(OutOfRange) as caught:
        catalogue.find_place(node, "gym north")
    assert f"id {theirs[:8]}, where nothing lies" in caught.value.detail
    assert "Gym North (site), ours, id" in caught.value.detail
    assert catalogue.find_place(node, theirs).kind == "warehouse"


def test_what_was_moved_before_anybody_named_it_goes_by_its_id(node):
    payload = b'{"type":"receipt","at":1,"place":"somewhere","lines":[{"item":"something","qty":5000}]}'
    node.log.append(payload)
    node.fold.settle()
    assert catalogue.find_item(node, "something").label == "something"
    assert catalogue.find_place(node, "somewhere").name == ""
    record.receive(node, ReceiptIn(place="somewhere", lines=[ReceiptLineIn(item="something", qty="1")]))
    assert node.fold.cells("somewhere", ["something"])["something"].total == 6000


def test_a_code_or_pack_that_was_taken_back_is_gone(node):
    id, _ = record.add_item(node, ItemIn(name="Tarpaulin 4x6", unit="piece", codes={"shop": "T-46"}))
    taken = b'{"type":"item","id":"%s","codes":{"IFRC":"","shop":""},"packs":{"bale":5000}}'
    node.log.append(taken % id.encode())
    assert catalogue.item_rows(node, [id])[0].codes == {}
    assert catalogue.item_rows(node, [id])[0].packs == {"bale": 5000}
    with pytest.raises(NotFound):
        catalogue.find_item(node, "T-46")


def test_a_team_without_a_name_goes_by_the_first_groups_of_its_id():
    shown = catalogue.team_name({}, b"\x01" * 32)
    assert shown == "aeaq-caib-aeaq"
    assert catalogue.team_name({b"\x01" * 32: "Alpha"}, b"\x01" * 32) == "Alpha"
    assert catalogue.team_name({}, b"") == ""
