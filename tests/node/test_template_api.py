"""Templates over the API: those that come with the program, the team's own, and starting from one or trying it."""

import json
from typing import Any

import pytest

from node import catalogue, keeping, queries, record, starting
from node.bootstrap import Node
from node.requests import KeepIn, PlaceIn
from tests.node.conftest import Api

ROPE = {"name": "Rope", "unit": "metre", "weight": 80, "names": {"es": "Cuerda"}}
OURS = {"template": {"name": "ours", "items": [ROPE], "places": [{"name": "Loft", "kind": "site"}]}}


def test_those_that_come_with_the_program_are_listed_and_shown(api: Api):
    rows = api.get("templates").json
    assert [row["template"] for row in rows] == starting.names() and all(row["about"] for row in rows)
    shown = api.get("templates/free-breakfast").json
    assert shown["items"][0] == {
        "name": "Eggs",
        "unit": "piece",
        "category": "Food",
        "packs": {"dozen": "12", "case": "360"},
    }
    assert api.get("templates/parade").status_code == 404
    assert api.get("templates/..%2Fstorm").status_code == 404


def test_trying_tells_what_starting_adds_and_leaves_nothing(api: Api, node: Node):
    before = node.digest()
    tried = api.post("templates", OURS | {"dry_run": True}, Idempotency_Key="k")
    assert (tried.status_code, node.digest()) == (200, before)
    assert (tried.json["items"], tried.json["places"], tried.json["entries"]) == (["Rope"], ["Loft"], 2)
    done = api.post("templates", OURS, Idempotency_Key="k")
    assert (done.status_code, done.json) == (201, tried.json)
    assert catalogue.find_item(node, "cuerda").name == "Rope"
    assert api.post("templates", OURS, Idempotency_Key="k").status_code == 200
    assert api.post("templates", OURS).json["entries"] == 0


def test_one_that_comes_with_the_program_is_started_from_by_its_name(api: Api, node: Node):
    done = api.post("templates", {"name": "free-breakfast"}).json
    assert done["template"] == "free-breakfast" and done["checklist"]
    assert done["minimums"] == ["Milk at Kitchen: at least 20"]
    assert [row["minimum"] for row in keeping.rows(node)] == ["20"]


@pytest.mark.parametrize(
    ("template", "field"),
    [
        ({"name": "x", "items": [ROPE, {"name": "Net"}]}, "template.items.1.unit"),
        ({"name": "x", "items": [ROPE | {"weight": "80"}]}, "template.items.0.weight"),
        ({"name": "x", "items": [ROPE | {"kit": {"Unobtainium": "2"}}]}, "items.0.kit.0.item"),
        ({"name": "x", "minimums": [{"place": "Nowhere", "item": "Blanket", "minimum": "2"}]}, "minimums.0.place"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_is_off_names_its_part_and_nothing_is_half_written(
    api: Api, node: Node, template: dict[str, Any], field: str, dry_run: bool
):
    before = node.digest()
    answer = api.post("templates", {"template": template, "dry_run": dry_run})
    assert answer.status_code in (400, 422) and list(answer.json["errors"]) == [field]
    assert node.digest() == before


def test_what_contradicts_is_a_conflict(api: Api, node: Node):
    record.add_place(node, PlaceIn(name="Kitchen", kind="vehicle"))
    before = node.digest()
    assert api.post("templates", {"name": "free-breakfast"}).status_code == 409
    assert node.digest() == before


def test_the_teams_own_is_handed_on_and_started_from_elsewhere(api: Api, node: Node, new_node: Any):
    keeping.keep(node, KeepIn(place="Harvey Hub", item="Blanket", minimum="40"))
    own = api.get("own-template?about=What%20we%20use").json
    assert (own["name"], own["about"]) == ("Gulf Coast Mutual Aid", "What we use")
    assert own["minimums"] == [{"place": "Harvey Hub", "item": "Blanket", "minimum": "40"}]
    other = new_node("Bayou Wheels")
    starting.apply(other, starting.read(json.dumps(own).encode()))
    assert [row["item"] for row in queries.items(other)] == [row["item"] for row in queries.items(node)]


def test_where_places_lie_is_only_told_if_asked_for(api: Api):
    assert api.get("own-template").json["places"] == [{"name": "Harvey Hub", "kind": "hub"}]
    (place,) = api.get("own-template?spots=1&name=us").json["places"]
    assert (place["lat"], place["lon"]) == ("29.9", "-90.08")


def test_an_item_may_be_added_with_its_names_in_other_languages(api: Api, node: Node):
    body = {"name": "Rope", "unit": "metre", "names": {"es": "Cuerda", "fr": "Corde"}}
    item = api.post("items", body).json["item"]
    assert [row["item"] for row in api.get("items?like=corde").json][0] == item
    assert api.post("items", body).json["entry"] is None
    assert api.post("items", body | {"names": {"spanish!": "Cuerda"}}).status_code == 400
