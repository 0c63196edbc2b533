"""Logging in: by link and by form, for how long, what a stranger's request is answered with, and what isn't lost."""

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from node import queries, sessions, tokens
from node.access import LOGINS_BURST
from node.bootstrap import Node
from node.server import make_app
from tests.node.conftest import Clock

LAN: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "192.168.7.9"}, "base_url": "http://192.168.7.1:8480"}
DROP = {"place": "Harvey Hub", "item": "Blanket", "qty": "24", "note": "two lorries, rain"}


@pytest.fixture
def phone(node: Node) -> FlaskClient:
    """A browser elsewhere on the network."""
    return make_app(node).test_client()


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(text) for name, text in found}


def log_in(phone: FlaskClient, node: Node, name: str = "phone") -> Any:
    return phone.post("/login", data={"token": tokens.create(node, name)}, **LAN)


def on_hand(node: Node) -> str:
    return str(queries.stock(node, item="Blanket")[0]["qty"])


def test_a_link_with_a_token_logs_in(phone: FlaskClient, node: Node):
    secret = tokens.create(node, "phone")
    assert phone.get(f"/login?key={secret}", **LAN).status_code == 200
    assert phone.get("/", **LAN).status_code == 200


def test_whoever_asked_for_a_page_gets_there_after_the_login(phone: FlaskClient, node: Node):
    sent_away = phone.get("/nearby?item=Blanket", **LAN)
    page = phone.get(sent_away.headers["Location"], **LAN).text
    answer = phone.post("/login", data=hidden(page) | {"token": tokens.create(node, "phone")}, **LAN)
    assert 'href="/nearby?item=Blanket"' in answer.text


@pytest.mark.parametrize(
    "address", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_login_leads_nowhere_but_to_this_node(phone: FlaskClient, node: Node, address: str):
    answer = phone.post("/login", data={"token": tokens.create(node, "phone"), "next": address}, **LAN)
    assert "evil" not in answer.text and "javascript" not in answer.text


def test_a_login_ends_after_its_days(phone: FlaskClient, node: Node, clock: Clock):
    log_in(phone, node)
    clock.ms += sessions.SESSION_MS - 1
    assert phone.get("/", **LAN).status_code == 200
    clock.ms += 1
    assert phone.get("/", **LAN).status_code == 303


def test_only_the_hash_of_a_session_is_kept(phone: FlaskClient, node: Node):
    cookie = log_in(phone, node).headers["Set-Cookie"].split(";")[0].partition("=")[2]
    assert cookie not in repr(node.db.execute_sql("SELECT * FROM web_session").fetchall())


def test_what_was_typed_when_the_login_ran_out_is_recorded_after_the_next(phone: FlaskClient, node: Node, clock: Clock):
    log_in(phone, node)
    form = hidden(phone.get("/record/drop", **LAN).text)
    clock.ms += sessions.SESSION_MS
    asked = phone.post("/record/drop", data=form | DROP, **LAN)
    assert (asked.status_code, on_hand(node)) == (401, "120")
    kept = hidden(asked.text)
    welcome = phone.post("/login", data=kept | {"token": tokens.create(node, "phone again")}, **LAN)
    assert "two lorries, rain" in welcome.text
    sent = phone.post("/record/drop", data=hidden(welcome.text), **LAN)
    assert (sent.status_code, on_hand(node)) == (303, "96")


def test_a_form_made_for_one_login_is_no_good_in_another(node: Node):
    one, other = make_app(node).test_client(), make_app(node).test_client()
    log_in(one, node, "one")
    log_in(other, node, "other")
    form = hidden(one.get("/record/drop", **LAN).text)
    assert other.post("/record/drop", data=form | DROP, **LAN).status_code == 403
    assert on_hand(node) == "120"


def test_a_login_opens_the_api_too(phone: FlaskClient, node: Node):
    log_in(phone, node)
    assert phone.get("/api/v1/stock", **LAN).status_code == 200
    assert phone.post("/api/v1/counts", json={"place": "Harvey Hub", "lines": []}, **LAN).status_code == 403


def test_guessing_at_the_login_page_is_slowed_down_for_the_guesser_alone(phone: FlaskClient, node: Node, clock: Clock):
    statuses = [phone.post("/login", data={"token": "guess"}, **LAN).status_code for _ in range(LOGINS_BURST + 1)]
    assert statuses == [401] * LOGINS_BURST + [429]
    elsewhere = LAN | {"environ_base": {"REMOTE_ADDR": "192.168.7.10"}}
    assert phone.post("/login", data={"token": tokens.create(node, "b")}, **elsewhere).status_code == 200
    clock.ms += 60_000
    assert log_in(phone, node).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Host": "192.168.7.1"},
        {"Host": "localhost.evil.example"},
        {"Host": "[::"},
        {"X-Forwarded-For": "192.168.7.9"},
        {"Forwarded": "for=192.168.7.9"},
    ],
)
def test_a_request_to_this_machine_by_another_name_or_through_a_proxy_is_no_operators(
    client: FlaskClient, headers: dict[str, str]
):
    assert client.get("/", headers=headers).status_code in (303, 400)


@pytest.mark.parametrize("host", ["localhost:8480", "127.0.0.1:8480", "[::1]:8480", "127.0.0.1"])
def test_the_operator_needs_no_login_on_the_nodes_own_machine(client: FlaskClient, host: str):
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_two_nodes_on_one_machine_keep_their_cookies_apart(node: Node, new_node: Any):
    names = {make_app(one).extensions["gate"].cookie_name for one in (node, new_node("Bayou Wheels"))}
    assert len(names) == 2
