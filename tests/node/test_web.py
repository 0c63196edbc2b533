"""The pages as a browser without scripts uses them: forms, mistakes, double taps, logins, and strangers."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from node import queries, record, tokens
from node.bootstrap import Node
from node.requests import CountIn, DistributionIn, ItemIn, LineIn, PlaceIn, ReceiptIn, ReceiptLineIn
from node.server import make_app
from tests.node.conftest import Clock

PAGES = [
    "/",
    "/record/drop",
    "/record/receive",
    "/record/count",
    "/record/loss",
    "/nearby",
    "/nearby?item=Blanket&lat=29.9&lon=-90",
    "/entries",
    "/peers",
    "/places/new",
    "/items/new",
    "/about",
    "/record/send",
    "/record/move",
    "/transfers",
    "/alerts",
    "/same",
    "/transfers?all=1",
    "/arrive",
    "/runs",
    "/expiring?within=365",
    "/kits",
    "/repack",
    "/items",
    "/items?q=sheeting",
    "/places",
    "/import",
    "/templates",
    "/templates/free-breakfast",
    "/keeps",
    "/keeps?place=Harvey%20Hub",
    "/count-sheet",
    "/count-sheet?blind=1",
    "/counts?all=1",
    "/reports/check",
    "/closings",
]
HOUR_MS = 3_600_000
PHONE = {"REMOTE_ADDR": "192.168.7.9"}


def hidden(client: FlaskClient, path: str, **more: Any) -> dict[str, str]:
    """The hidden fields of a page's own form."""
    text = client.get(path, **more).text
    return dict(re.findall(r'<input type="hidden" name="(form_token|key)" value="([^"]+)"', text))


def send(client: FlaskClient, path: str, fields: dict[str, Any], **more: Any) -> Any:
    """Fill in the form on a page and send it."""
    origin = {"Origin": "http://localhost"}
    return client.post(path, data=hidden(client, path, **more) | fields, headers=origin, **more)


def drop(**more: Any) -> dict[str, Any]:
    return {"place": "Harvey Hub", "item": ["Blanket", "", ""], "qty": ["24", "", ""]} | more


def on_hand(node: Node, item: str = "Blanket") -> str:
    return str(queries.stock(node, item=item)[0]["qty"])


@pytest.fixture
def busy(node: Node, new_node: Callable[[str], Node], clock: Clock) -> Node:
    """A node with drops, a count, a negative balance, and another team whose news is old."""
    other = new_node("Bayou Wheels")
    record.add_place(other, PlaceIn(name="The Van", kind="vehicle", lat="29.95", lon="-90.0"))
    record.add_item(other, ItemIn(name="Blanket", unit="piece"))
    lines = [ReceiptLineIn(item="Blanket", qty="7")]
    record.receive(other, ReceiptIn(place="The Van", lines=lines))
    node.log.vouch(other.keys.node, other.keys.agree, other.keys.agree_sig)
    from sync.parcel import incoming, outgoing

    incoming(node.log, node.peers, other.keys.node, list(outgoing(other.log, None)))
    clock.ms += 30 * HOUR_MS
    record.distribute(node, DistributionIn(place="Harvey Hub", lines=[LineIn(item="Insulin", qty="45")], people=12))
    record.count(node, CountIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="118")]))
    return node


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_and_reaches_for_nothing_outside(busy: Node, client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    assert re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*"', answer.text) == []
    assert "<script>" not in answer.text and " style=" not in answer.text and " onclick=" not in answer.text
    assert '<html lang="en"' in answer.text and 'name="viewport"' in answer.text


def test_each_label_has_its_field(busy: Node, client: FlaskClient) -> None:
    for path in PAGES:
        text = client.get(path).text
        for target in re.findall(r'<label[^>]* for="([^"]+)"', text):
            assert f'id="{target}"' in text, (path, target)


def test_a_drop_is_recorded_without_any_script_and_can_be_undone(node: Node, client: FlaskClient) -> None:
    answer = send(client, "/record/drop", drop(people="31", qty=["2bale", "", ""]))
    assert answer.status_code in (302, 303)
    assert on_hand(node) == "60"
    shown = client.get(answer.headers["Location"]).text
    entry = re.search(r'action="/entries/([0-9a-f]{64})/undo"', shown)
    assert entry, shown
    path = f"/entries/{entry[1]}"
    fields = hidden(client, path) | {"why": "twice"}
    assert client.post(f"{path}/undo", data=fields, headers={"Origin": "http://localhost"}).status_code in (302, 303)
    assert on_hand(node) == "120"
    assert "twice" in client.get("/entries").text


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"qty": ["many", "", ""]}, "many"),
        ({"qty": ["-3", "", ""]}, "-3"),
        ({"item": ["Blankit", "", ""]}, "Blanket"),
        ({"people": "a few"}, "a few"),
        ({"item": ["", "", ""], "qty": ["", "", ""]}, "item"),
    ],
)
def test_a_mistake_keeps_what_was_typed_and_records_nothing(
    node: Node, client: FlaskClient, wrong: dict[str, Any], said: str
) -> None:
    before = node.digest()
    answer = send(client, "/record/drop", drop(note="rain all day") | wrong)
    assert 400 <= answer.status_code < 500
    text = unescape(answer.text)
    assert said in text
    assert "rain all day" in text
    assert node.digest() == before


def test_two_taps_record_one_drop(node: Node, client: FlaskClient) -> None:
    fields = hidden(client, "/record/drop") | drop()
    origin = {"Origin": "http://localhost"}
    first, second = (client.post("/record/drop", data=fields, headers=origin) for _ in range(2))
    assert first.status_code in (302, 303)
    assert second.status_code == first.status_code
    assert on_hand(node) == "96"


def test_a_form_from_elsewhere_records_nothing(node: Node, client: FlaskClient) -> None:
    before, fields = node.digest(), hidden(client, "/record/drop") | drop()
    foreign = client.post("/record/drop", data=fields, headers={"Origin": "http://evil.example"})
    without = client.post("/record/drop", data=drop(), headers={"Origin": "http://localhost"})
    wrong = client.post("/record/drop", data=fields | {"form_token": "x"}, headers={"Origin": "http://localhost"})
    assert [answer.status_code for answer in (foreign, without, wrong)] == [403, 403, 403]
    assert node.digest() == before


def test_a_page_from_elsewhere_that_names_itself_localhost_must_log_in(client: FlaskClient) -> None:
    assert client.get("/", headers={"Host": "rebound.example"}).status_code in (302, 303, 401)
    assert client.get("/", headers={"Host": "localhost:8480"}).status_code == 200


def test_a_phone_logs_in_with_a_code_and_out_again(node: Node) -> None:
    phone = make_app(node).test_client()
    asked = phone.get("/", environ_base=PHONE)
    assert asked.status_code in (302, 303, 401)
    secret = tokens.create(node, "Ana's phone")
    refused = send(phone, "/login", {"token": "guess"}, environ_base=PHONE)
    assert refused.status_code == 401
    inside = send(phone, "/login", {"token": secret}, environ_base=PHONE)
    assert inside.status_code == 200
    cookie = inside.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert phone.get("/", environ_base=PHONE).status_code == 200
    token = hidden(phone, "/about", environ_base=PHONE)
    left = phone.post("/logout", data=token, headers={"Origin": "http://localhost"}, environ_base=PHONE)
    assert left.status_code in (302, 303)
    assert phone.get("/", environ_base=PHONE).status_code in (302, 303, 401)


def test_a_revoked_code_ends_the_login_at_once(node: Node) -> None:
    phone = make_app(node).test_client()
    secret = tokens.create(node, "lost phone")
    send(phone, "/login", {"token": secret}, environ_base=PHONE)
    assert phone.get("/", environ_base=PHONE).status_code == 200
    tokens.revoke(node, "lost phone")
    assert phone.get("/", environ_base=PHONE).status_code in (302, 303, 401)


def test_what_people_type_is_never_run(node: Node, client: FlaskClient) -> None:
    evil = "<script>alert(1)</script>"
    record.add_item(node, ItemIn(name=evil, unit="piece"))
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=[ReceiptLineIn(item=evil, qty="1")], note=evil))
    for path in ("/", "/record/drop", "/entries", "/items/new?like=script"):
        text = client.get(path).text
        assert "<script>alert" not in text
    assert "&lt;script&gt;" in client.get("/").text


def test_pages_tell_how_old_the_news_is_and_what_to_look_at(busy: Node, client: FlaskClient) -> None:
    stock = client.get("/").text
    assert "The Van" in stock and re.search(r"30 h|1 day", stock)
    assert "-5" in stock
    near = client.get("/nearby?item=Blanket&lat=29.9&lon=-90").text
    assert near.index("Harvey Hub") < near.index("The Van")
    assert re.search(r"30 h|1 day", near)
    peers = client.get("/peers").text
    assert "Bayou Wheels" in peers and "heard" in peers


def test_an_invitation_is_shown_as_code_and_picture(node: Node, client: FlaskClient) -> None:
    fields = hidden(client, "/peers")
    answer = client.post("/peers/invite", data=fields, headers={"Origin": "http://localhost"})
    assert answer.status_code == 200
    assert "<svg" in answer.text
    assert re.search(r"([a-z2-7]{4}-){20,}", answer.text)


def test_a_code_that_is_none_is_told_and_kept_in_the_form(node: Node, client: FlaskClient) -> None:
    fields = hidden(client, "/peers") | {"code": "abcd-efgh"}
    answer = client.post("/peers/join", data=fields, headers={"Origin": "http://localhost"})
    assert 400 <= answer.status_code < 500
    assert "abcd-efgh" in answer.text


def test_an_empty_node_welcomes_and_says_what_to_do(new_node: Callable[[str], Node]) -> None:
    client = make_app(new_node("Fresh")).test_client()
    for path in PAGES[:5]:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "/places/new" in answer.text


def test_a_page_that_is_not_there_says_so_as_a_page(client: FlaskClient) -> None:
    answer = client.get("/nothing", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "<html" in answer.text and "Traceback" not in answer.text


def test_a_suggestion_after_a_slip_answers_the_question(node: Node, client: FlaskClient) -> None:
    asked = client.get("/nearby?item=insuln&lat=29.9&lon=-90").text
    pick = re.search(r'<button name="item" value="([^"]+)">Insulin', asked)
    assert pick
    answer = client.get(f"/nearby?item=insuln&item={pick[1]}&lat=29.9&lon=-90").text
    assert "Harvey Hub" in answer and "Which of these?" not in answer
    assert 'value="Insulin' in answer


def test_a_slip_in_the_search_of_the_stock_is_forgiven(node: Node, client: FlaskClient) -> None:
    text = client.get("/?q=insuln").text
    assert "Insulin" in text and "Nothing on hand" not in text


def test_a_year_that_slipped_is_pointed_out(node: Node, client: FlaskClient) -> None:
    answer = send(client, "/record/drop", drop(at="2028-01-01T10:00"))
    assert "days from now" in client.get(answer.headers["Location"]).text


def test_the_entry_of_a_receipt_shows_all_that_is_known_of_its_lots(node: Node, client: FlaskClient) -> None:
    line = {"lot": "L-7", "batch": "B/26", "expiry": "2027-01-31", "fund": "Harbour church", "value": "1250.5"}
    lines = [ReceiptLineIn(item="Insulin", qty="10", currency="usd", **line), ReceiptLineIn(item="Insulin", qty="1")]
    entry = record.receive(node, ReceiptIn(place="Harvey Hub", lines=lines)).entry
    said = "lot L-7, batch B/26, expires 2027-01-31, fund Harbour church, 1\u202f250.5 USD each"
    page = client.get(f"/entries/{entry}").text
    assert f"<small>{said}</small>" in page and page.count("<small>") == 1
