"""What else than quantities is corrected on an entry's own form: where to, from whom, why, with what, and when."""

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from node import moving, record
from node.bootstrap import Node
from node.requests import DispatchIn, DistributionIn, LineIn, LossIn, PlaceIn, ReceiptIn, ReceiptLineIn
from tests.node.test_web import send

LINES = [LineIn(item="Blanket", qty="10")]


@pytest.fixture
def gym(node: Node) -> str:
    """The id of another place."""
    return record.add_place(node, PlaceIn(name="Gym", kind="site"))


def form(client: FlaskClient, entry: str) -> dict[str, Any]:
    """The form as it is shown."""
    page = unescape(client.get(f"/entries/{entry}/correct").text)
    body = page[page.index("<form") : page.index("</form>")]
    found: dict[str, Any] = dict(re.findall(r'<input id="([a-z]+)" name="[a-z]+"[^>]*? value="([^"]*)"', body))
    for name, options in re.findall(r'<select id="([a-z]+)".*?>(.*?)</select>', body, re.DOTALL):
        found[name] = (re.findall(r'<option value="([^"]*)" selected', options) or [""])[0]
    found |= dict(re.findall(r'type="radio" name="([a-z]+)" value="([a-z]+)" checked', body))
    columns = {name: re.findall(rf'name="{name}"[^>]*? value="([^"]*)"', body) for name in ("item", "lot", "qty")}
    return found | columns | {"why": "a slip"}


def correct(client: FlaskClient, node: Node, entry: str, **more: str) -> Any:
    answer = send(client, f"/entries/{entry}/correct", form(client, entry) | more)
    assert answer.status_code == 303, answer.text
    return record.find_entry(node, answer.location.split("/")[2].partition("?")[0]).fact


def test_a_drop_was_handed_out_elsewhere(client: FlaskClient, node: Node, gym: str):
    drop = record.distribute(node, DistributionIn(place="Harvey Hub", lines=LINES, people=5)).entry
    fact = correct(client, node, drop, site=gym)
    assert (fact.site, fact.people, fact.lines[0].qty) == (gym, 5, 10_000)


def test_a_receipt_came_from_somebody_else(client: FlaskClient, node: Node):
    lines = [ReceiptLineIn(item="Blanket", qty="10")]
    entry = record.receive(node, ReceiptIn(place="Harvey Hub", lines=lines, source="church")).entry
    assert correct(client, node, entry, source="Harbour church").source == "Harbour church"


def test_a_loss_had_another_reason_and_no_other_word_is_taken(client: FlaskClient, node: Node):
    entry = record.lose(node, LossIn(place="Harvey Hub", lines=LINES, reason="stolen")).entry
    answer = send(client, f"/entries/{entry}/correct", form(client, entry) | {"reason": "magic"})
    assert answer.status_code == 422 and 'id="reason-error"' in answer.text
    assert correct(client, node, entry, reason="damaged").reason == "damaged"


def test_a_dispatch_went_elsewhere_in_another_vehicle(client: FlaskClient, node: Node, gym: str):
    record.add_place(node, PlaceIn(name="Annex", kind="site"))
    body = DispatchIn(place="Harvey Hub", to="Annex", lines=LINES, vehicle="white van", driver="Kite")
    fact = correct(client, node, moving.dispatch(node, body).entry, to=gym, vehicle="red van", seal="7")
    assert (fact.to, fact.vehicle, fact.driver, fact.seal) == (gym, "red van", "Kite", "7")


def test_it_took_place_at_another_time(client: FlaskClient, node: Node):
    drop = record.distribute(node, DistributionIn(place="Harvey Hub", lines=LINES, at="2026-11-23T10:00")).entry
    before = record.find_entry(node, drop).fact
    fact = correct(client, node, drop, at="2026-11-22T09:30")
    assert before.at - fact.at == (24 * 60 + 30) * 60_000


def test_the_form_as_it_was_changes_nothing(client: FlaskClient, node: Node):
    drop = record.distribute(node, DistributionIn(place="Harvey Hub", lines=LINES)).entry
    digest = node.digest()
    assert send(client, f"/entries/{drop}/correct", form(client, drop)).status_code == 409
    for at in ("soon", "0001-01-01T00:00"):
        answer = send(client, f"/entries/{drop}/correct", form(client, drop) | {"at": at})
        assert answer.status_code == 422 and 'id="at-error"' in answer.text
    assert node.digest() == digest
