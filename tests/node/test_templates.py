"""Templates: one team's way of working as a file, from which another starts."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import structs

from node import catalogue, queries, record, starter, starting
from node.cli import cli
from node.requests import ItemIn, PlaceIn
from sync.errors import Conflict, Malformed, NotFound, Problem, TooLarge
from tests.fakes import MemoryNode, memory_node, tell

SHIPPED = [
    "benevolent-society",
    "brake-light-clinic",
    "bread-for-ed",
    "bus-boycott",
    "free-breakfast",
    "storm",
    "warehouse-pickup",
]


def plain(item: Any) -> Any:
    """An item without what a template may leave to what all know from the start."""
    return structs.replace(item, names={}, weight=None, volume=None)


def run(folder: Path, *words: str) -> Any:
    done = CliRunner().invoke(cli, ["--data", str(folder), *words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_these_templates_come_with_the_program():
    assert starting.names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_each_can_be_used_and_a_second_time_changes_nothing(name):
    node, template = memory_node(), starting.find(name)
    assert template.name == name and template.about and template.checklist and template.items
    assert starting.apply(node, template) > 0
    before = queries.digest(node)
    assert starting.apply(node, template) == 0
    assert queries.digest(node) == before


@pytest.mark.parametrize("name", SHIPPED)
def test_teams_that_never_met_mean_the_same_items(name):
    one, other = memory_node(1), memory_node(2)
    for node in (one, other):
        starting.apply(node, starting.find(name))
    assert [row["item"] for row in queries.items(one)] == [row["item"] for row in queries.items(other)]


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_exported_is_what_was_applied(name):
    node, template = memory_node(), starting.find(name)
    starting.apply(node, template)
    again = starting.read(starting.write(starting.export(node, name, template.about)), toml=False)
    assert {item.name: plain(item) for item in again.items} == {item.name: plain(item) for item in template.items}
    told = {item.name: item for item in template.items}
    for item in again.items:  # what is known of it from the start is exported with it
        common = starter.fact_of(catalogue.find_item(node, f"{item.name} ({item.unit})").id)
        assert item.names == told[item.name].names or (common and item.names == common.names)
    assert {place.name: place.kind for place in again.places} == {place.name: place.kind for place in template.places}
    assert sorted(map(repr, again.minimums)) == sorted(map(repr, template.minimums))


def breakfast(node: MemoryNode) -> Any:
    return catalogue.query(node, "SELECT kit FROM item WHERE name = 'Breakfast'")[0][0]


def test_a_kit_of_a_template_is_a_recipe_and_what_a_team_has_changed_stays():
    node = memory_node()
    starting.apply(node, starting.find("free-breakfast"))
    assert sorted(qty for _, qty in json.loads(breakfast(node))) == [100, 250, 2000, 2000, 2000]
    assert catalogue.query(node, "SELECT minimum FROM keep") == [(20_000,)]


def test_a_template_that_does_not_fit_leaves_nothing_behind():
    node = memory_node()
    record.add_place(node, PlaceIn(name="Kitchen", kind="vehicle"))
    before = queries.digest(node)
    with pytest.raises(Exception, match="already"):
        starting.apply(node, starting.find("free-breakfast"))
    assert queries.digest(node) == before


@pytest.mark.parametrize("heard_first", [True, False])
def test_each_team_that_starts_from_a_template_has_places_of_its_own(heard_first):
    one, other = memory_node(1), memory_node(2)
    starting.apply(one, starting.find("free-breakfast"))
    if heard_first:
        tell(one, other)
    starting.apply(other, starting.find("free-breakfast"))
    if not heard_first:
        tell(one, other)
    assert starting.apply(other, starting.find("free-breakfast")) == 0
    kitchens = {row.node: row.id for row in catalogue.places_named(other, "Kitchen")}
    assert set(kitchens) == {one.keys.node, other.keys.node}
    kept = catalogue.query(other, "SELECT place, minimum FROM keep ORDER BY place")
    assert kept == [(id, 20_000) for id in sorted(kitchens.values())]


def test_where_two_places_bear_a_name_a_team_that_adds_it_means_its_own():
    one, other = memory_node(1), memory_node(2)
    for node in (one, other):
        starting.apply(node, starting.find("free-breakfast"))
    tell(one, other)
    tell(other, one)
    for node in (one, other):
        own = record.add_place(node, PlaceIn(name="Kitchen", kind="hub", lat="29.95", lon="-90.07"))
        assert catalogue.find_place(node, own).node == node.keys.node


def test_a_teams_own_places_are_exported_and_nobody_elses():
    node = memory_node()
    record.add_place(node, PlaceIn(name="Ours", kind="hub", lat="29.95", lon="-90.07"))
    record.add_item(node, ItemIn(name="Rope", unit="metre", packs={"coil": "50"}))
    found = starting.export(node, "us")
    assert [(place.name, place.lat, place.lon) for place in found.places] == [("Ours", "29.95", "-90.07")]
    assert found.items[0].packs == {"coil": "50"}


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"name": 3}', b'{"name": "x", "surprise": 1}', b"\xff\xfe"])
@pytest.mark.parametrize("toml", [True, False])
def test_what_is_no_template_is_refused_in_a_sentence(raw, toml):
    with pytest.raises(Malformed, match="not a template"):
        starting.read(raw, toml)


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(NotFound) as caught:
        starting.find("parade")
    assert "storm" in caught.value.detail


def test_one_team_exports_and_another_starts_from_it(tmp_path):
    one, other, file = tmp_path / "one", tmp_path / "other", tmp_path / "ours.json"
    run(one, "init", "--team", "One", "--template", "brake-light-clinic")
    run(one, "item", "add", "Fuse puller", "--unit", "piece", "--weight", "9", "--called", "es=Sacafusibles")
    assert run(one, "template", "export", str(file), "--about", "Our clinic")["items"] == 8
    run(other, "init", "--team", "Other")
    assert run(other, "template", "apply", str(file))["entries"] > 0
    assert run(other, "template", "apply", str(file))["entries"] == 0
    assert run(one, "item", "list") == run(other, "item", "list")
    assert run(other, "item", "list", "--like", "sacafusibles")[0]["weight"] == 9
    assert run(other, "template", "show", str(file))["name"] == "ours"
    assert [row["template"] for row in run(one, "template", "list")] == SHIPPED


# weights, volumes, names in other languages


ROPE = {"name": "Rope", "unit": "metre", "weight": 80, "volume": 120, "names": {"es": "Cuerda", "fr": "Corde"}}


def made(**parts: Any) -> starting.Template:
    return starting.read(json.dumps({"name": "ours"} | parts).encode())


def test_weights_volumes_and_names_go_with_a_template_from_team_to_team():
    one, other = memory_node(1), memory_node(2)
    starting.apply(one, made(items=[ROPE]))
    exported = starting.export(one, "ours")
    assert starting.read(starting.write(exported)) == exported
    starting.apply(other, exported)
    (item,) = starting.export(other, "ours").items
    assert (item.weight, item.volume, item.names) == (80, 120, ROPE["names"])
    (row,) = queries.items(other)
    assert (row["weight"], row["volume"]) == (80, 120)
    assert catalogue.find_item(other, "cuerda").name == "Rope"


def test_what_a_team_has_stated_of_an_item_stays():
    node = memory_node()
    record.add_item(node, ItemIn(name="Rope", unit="metre", weight=95, names={"es": "Soga"}))
    assert starting.apply(node, made(items=[ROPE])) == 1
    (item,) = starting.export(node, "ours").items
    assert (item.weight, item.volume, item.names) == (95, 120, {"es": "Soga", "fr": "Corde"})


def test_a_template_of_before_is_still_read():
    old = b'{"name":"old","items":[{"name":"Rope","unit":"metre","packs":{"coil":"50"}}],"places":[],"minimums":[]}'
    (item,) = starting.read(old).items
    assert (item.packs, item.names, item.weight) == ({"coil": "50"}, {}, None)


def test_places_are_exported_without_their_spots_if_so_asked():
    node = memory_node()
    record.add_place(node, PlaceIn(name="Ours", kind="hub", lat="29.95", lon="-90.07"))
    (place,) = starting.export(node, "us", spots=False).places
    assert (place.name, place.lat, place.lon) == ("Ours", None, None)


# what it would add


def test_a_preview_tells_what_applying_adds_and_keeps_nothing():
    node, template = memory_node(), starting.find("free-breakfast")
    record.add_item(node, ItemIn(name="Eggs", unit="piece"))
    before, entries = queries.digest(node), node.log.counts()[0]
    told = starting.preview(node, template)
    assert (queries.digest(node), node.log.counts()[0]) == (before, entries)
    done = starting.begin(node, template)
    assert done == told
    assert (done.items, done.items_more) == (["Grits", "Bacon", "Toast", "Milk", "Breakfast"], ["Eggs"])
    assert (done.places, done.minimums) == (["Kitchen"], ["Milk at Kitchen: at least 20"])
    assert node.log.counts()[0] - entries == done.entries
    again = starting.preview(node, template)
    assert (again.entries, again.items, again.items_more, again.places, again.minimums) == (0, [], [], [], [])


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"items": [ROPE, {"name": "Net", "unit": ""}]}, "items.1.unit"),
        ({"items": [ROPE | {"kit": {"Unobtainium": "2"}}]}, "items.0.kit.0.item"),
        ({"items": [ROPE | {"kit": {"Rope": "2"}}]}, "items.0.kit.0.item"),
        ({"items": [ROPE | {"packs": {"coil": "-5"}}]}, "items.0.packs.coil"),
        ({"items": [ROPE | {"weight": -5}]}, "items.0.weight"),
        ({"items": [ROPE | {"names": {"Spanish": "Cuerda"}}]}, "items.0.names.Spanish"),
        ({"items": [ROPE | {"names": {"es": " "}}]}, "items.0.names.es"),
        ({"places": [{"name": "Hall", "kind": "hub", "lat": "95", "lon": "1"}]}, "places.0.lat"),
        ({"places": [{"name": "Hall", "kind": "hub", "lat": "9"}]}, "places.0.lon"),
        ({"items": [ROPE], "minimums": [{"place": "Hall", "item": "Rope", "minimum": "3"}]}, "minimums.0.place"),
        (
            {
                "places": [{"name": "Hall", "kind": "hub"}],
                "minimums": [{"place": "Hall", "item": "Net", "minimum": "3"}],
            },
            "minimums.0.item",
        ),
    ],
)
def test_what_cannot_be_names_its_part_and_leaves_nothing_behind(parts, field):
    node = memory_node()
    before = queries.digest(node)
    with pytest.raises(Problem) as caught:
        starting.apply(node, made(**parts))
    assert list(caught.value.fields) == [field]
    assert (caught.value.what, caught.value.kept) and queries.digest(node) == before


def test_a_place_that_contradicts_names_its_part():
    node = memory_node()
    record.add_place(node, PlaceIn(name="Kitchen", kind="vehicle"))
    with pytest.raises(Conflict) as caught:
        starting.preview(node, starting.find("free-breakfast"))
    assert list(caught.value.fields) == ["places.0"]


# bad bytes


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"name": "x", "items": [{"name": "Rope"}]}', "“unit” is missing in items number 1"),
        (b'{"name": "x", "surprise": 1}', "“surprise” is not known here"),
        (b'{"name": "x", "places": [{"name": "y", "kind": "castle"}]}', "castle"),
        (b'name = "x"\nitems = 5', "in items"),
        (b'{"name": ' + b"[" * 100_000, "in name"),
        (b"name = " + b"[" * 100_000, "neither JSON nor TOML"),
        (b"a" + b".a" * 300_000 + b" = 1", "neither JSON nor TOML"),
        (b'a."b".' * 100_000 + b"c = 1", "neither JSON nor TOML"),
        (b"x" * 900_000, "neither JSON nor TOML"),
        (b"PK\x03\x04\xff\xfe", "not text"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_bad_bytes_are_told_in_words_and_quickly(raw, said):
    began = time.monotonic()
    with pytest.raises(Malformed) as caught:
        starting.read(raw)
    assert said in caught.value.what and len(caught.value.what) < 400
    assert time.monotonic() - began < 3


def test_size_and_number_are_bounded():
    with pytest.raises(TooLarge, match="too large"):
        starting.read(b'{"name": "' + b"x" * starting.BYTES_MAX + b'"}')
    items = [{"name": f"i{n}", "unit": "u"} for n in range(5001)]
    with pytest.raises(TooLarge, match="5001"):
        made(items=items)


@pytest.mark.parametrize(
    "raw", [b'\xef\xbb\xbf {"name": "x"}', b'\n {"name": "x"}', b'name = "x"', b"\xef\xbb\xbfname = 'x'"]
)
def test_what_it_is_written_in_is_found_out(raw):
    assert starting.read(raw).name == "x"


def test_those_that_come_with_the_program_are_found_in_other_languages():
    node = memory_node()
    for name in ("storm", "brake-light-clinic"):
        starting.apply(node, starting.find(name))
    found = {word: catalogue.find_item(node, word).name for word in ("pila d", "Couches", "foco 1157", "Anpoul 7443")}
    assert list(found.values()) == ["Battery D", "Nappies", "Bulb 1157", "Bulb 7443"]
    (battery,) = queries.items(node, like="Battery D", limit=1)
    assert (battery["weight"], battery["volume"]) == (140, 56)
