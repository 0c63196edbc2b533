"""Kits built and broken up, and waybills written and read in, over the API."""

import pytest

from node import queries, record
from node.bootstrap import Node
from node.requests import ItemIn, KitLineIn, PlaceIn
from sync.parcel import incoming, outgoing
from tests.node.conftest import Api


@pytest.fixture(autouse=True)
def bed(node: Node) -> str:
    """A bed is two blankets."""
    return record.add_item(node, ItemIn(name="Bed", unit="kit", kit=[KitLineIn(item="Blanket", qty="2")]))[0]


def qtys(node: Node) -> dict[str, str]:
    return {row["item_name"]: row["qty"] for row in queries.stock(node)}


@pytest.mark.parametrize(("act", "beds", "blankets"), [("build", "10", "100"), ("break", "-10", "140")])
def test_kits_are_built_and_broken_up_by_their_recipe(api: Api, node: Node, act: str, beds: str, blankets: str):
    body = {"place": "harvey hub", "qty": "10", "note": "for the gym"}
    first = api.post(f"kits/bed/{act}", body, Idempotency_Key="k")
    assert (first.status_code, api.post(f"kits/bed/{act}", body, Idempotency_Key="k").json) == (201, first.json)
    assert (qtys(node)["Bed"], qtys(node)["Blanket"]) == (beds, blankets)
    fact = record.find_entry(node, first.json["entry"]).fact
    assert (type(fact).__name__, fact.note) == ("Repack", "for the gym")


def test_what_is_no_kit_cannot_be_built(api: Api, node: Node):
    before = node.digest()
    assert api.post("kits/unobtainium/build", {"place": "Harvey Hub", "qty": "1"}).status_code == 404
    answer = api.post("kits/Insulin/build", {"place": "Harvey Hub", "qty": "1"})
    assert 400 <= answer.status_code < 500 and answer.json["detail"]
    assert node.digest() == before


def test_a_waybill_goes_from_the_sender_to_a_team_that_never_heard_of_it(api: Api, node: Node, new_node, token):
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    lines = [{"item": "Blanket", "qty": "30"}]
    sent = api.post("dispatches", {"place": "Harvey Hub", "to": "Gym", "lines": lines, "vehicle": "white van"}).json
    paper = api.get(f"dispatches/{sent['waybill']}/waybill").json
    assert (paper["dispatch"], paper["from_name"], paper["to_name"]) == (sent["entry"], "Harvey Hub", "Gym")
    assert paper["lines"][0]["packs"] == "1 bale"

    from node import tokens
    from node.server import make_app

    other = new_node("Bayou Wheels")
    record.add_place(other, PlaceIn(name="Annex", kind="site"))
    theirs = Api(make_app(other).test_client(), tokens.create(other, "phone"))
    told = theirs.post("waybills", {"text": paper["text"]})
    assert told.status_code == 201 and told.json["lines"][0]["item_name"] == "Blanket"
    assert theirs.post("waybills", {"text": paper["text"]}).status_code == 201  # twice does no harm
    assert theirs.post("arrivals", {"dispatch": sent["entry"], "place": "Annex"}).status_code == 201
    incoming(other.log, other.peers, node.keys.node, list(outgoing(node.log, None)))
    assert theirs.get(f"dispatches/{sent['entry']}/waybill").json["text"] == ""


@pytest.mark.parametrize("text", ["", "BL1:AAAA", "x" * 5000, "BL1/9/2:AAAA"])
def test_what_is_no_waybill_is_refused(api: Api, node: Node, text: str):
    before = node.digest()
    assert api.post("waybills", {"text": text}).status_code in (400, 422)
    assert node.digest() == before
    assert api.get("dispatches/K3MQ7ZPA/waybill").status_code == 404
