"""Templates: one team's way of working as a file, from which another starts."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from node import catalogue, queries, record, starting
from node.cli import cli
from node.requests import ItemIn, PlaceIn
from sync.errors import Malformed, NotFound
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
    assert {item.name: item for item in again.items} == {item.name: item for item in template.items}
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
    assert run(one, "template", "export", str(file), "--about", "Our clinic")["items"] == 7
    run(other, "init", "--team", "Other")
    assert run(other, "template", "apply", str(file))["entries"] > 0
    assert run(other, "template", "apply", str(file))["entries"] == 0
    assert run(one, "item", "list") == run(other, "item", "list")
    assert run(other, "template", "show", str(file))["name"] == "ours"
    assert [row["template"] for row in run(one, "template", "list")] == SHIPPED
