"""The pages of needs, promises and plans, as a browser without scripts uses them."""

import pytest
from flask.testing import FlaskClient

from node import filling, needing, needs, planning, promises, record
from node.bootstrap import Node
from node.requests import DistributionIn, LineIn, NeedIn, PlaceIn, PledgeIn
from tests.node.test_moving_pages import send


@pytest.fixture
def need(node: Node) -> str:
    """The id of a need for 200 blankets at a gym, beside a hub that has 100 of them."""
    record.add_place(node, PlaceIn(name="Gym", kind="site", lat="29.95", lon="-90.07"))
    lines = [LineIn(item="Blanket", qty="200")]
    return needing.add(node, NeedIn(place="Gym", lines=lines, people=80, urgency="critical")).entry


def hub(node: Node) -> str:
    return next(row["place"] for row in filling.queries.places(node) if row["name"] == "Harvey Hub")


def test_a_need_is_noted_by_a_form(node: Node, client: FlaskClient) -> None:
    fields = {"place": hub(node), "item": ["Blanket"], "qty": ["20"], "people": "9", "urgency": "urgent"}
    assert send(client, "/record/need", fields).status_code == 303
    (row,) = needs.rows(node)
    assert (row["people"], row["urgency"], row["lines"][0]["qty"]) == (9, "urgent", "20")
    assert "urgent" in client.get("/needs").text and "20 Blanket" in client.get("/needs").text


def test_a_recorded_need_leads_on_to_itself_to_all_needs_and_to_a_promise(
    node: Node, client: FlaskClient, need: str
) -> None:
    page = client.get(f"/entries/{need}?fresh=new").text
    for way in (f"/needs/{need}", f"/record/pledge?need={need}", "/needs"):
        assert f'href="{way}"' in page and client.get(way).status_code == 200
    body = PledgeIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="60")], need=need)
    page = client.get(f"/entries/{needing.pledge(node, body).entry}").text
    assert f'href="/needs/{need}"' in page and "Promise goods" not in page
    drop = DistributionIn(place="Harvey Hub", lines=body.lines, need="the one by the river")
    assert 'href="/needs' not in client.get(f"/entries/{record.distribute(node, drop).entry}").text


def test_what_is_wrong_with_a_need_stands_beside_it(node: Node, client: FlaskClient) -> None:
    fields = {"place": hub(node), "item": ["Blanket"], "qty": ["20"], "until": "2001-01-01T10:00", "people": "some"}
    answer = send(client, "/record/need", fields)
    assert answer.status_code == 422 and "A whole number" in answer.text
    answer = send(client, "/record/need", fields | {"people": ""})
    assert answer.status_code == 422 and 'id="until-error"' in answer.text
    assert needs.rows(node) == []


def test_the_page_of_a_need_says_who_could_fill_it_and_takes_a_promise(
    node: Node, client: FlaskClient, need: str
) -> None:
    text = client.get(f"/needs/{need}").text
    assert all(word in text for word in ("Gym needs", "critical", "200 lacking", "Harvey Hub", "to spare"))
    path = f"/record/pledge?need={need}&place={hub(node)}"
    shown = client.get(path).text
    assert f'name="need" value="{need}"' in shown and 'value="200"' in shown
    fields = {"place": hub(node), "need": need, "item": ["Blanket"], "qty": ["60"]}
    assert send(client, path, fields, "/record/pledge").status_code == 303
    text = client.get(f"/needs/{need}").text
    assert "140 lacking" in text and "60 more promised" in text


def test_a_drop_and_a_dispatch_answer_a_need(node: Node, client: FlaskClient, need: str) -> None:
    fields = {"place": hub(node), "need": need, "item": ["Blanket"], "qty": ["50"]}
    assert send(client, "/record/drop", fields).status_code == 303
    (gym,) = [row["place"] for row in filling.queries.places(node) if row["name"] == "Gym"]
    assert send(client, "/record/send", fields | {"to": gym, "qty": ["10"]}).status_code == 303
    (row,) = needs.rows(node)
    assert row["lines"][0]["left"] == "140"


def test_a_need_is_renewed_and_closed_for_a_reason(node: Node, client: FlaskClient, need: str) -> None:
    node.clock.ms += 3 * 86_400_000  # type: ignore[attr-defined]
    assert "stale" in client.get("/needs").text
    assert send(client, f"/needs/{need}", {}, f"/needs/{need}/renew").status_code == 303
    assert [row["status"] for row in needs.rows(node)] == ["open"]
    answer = send(client, f"/needs/{need}", {"why": " "}, f"/needs/{need}/close")
    assert answer.status_code == 400 and "Not recorded" in answer.text
    assert send(client, f"/needs/{need}", {"why": "met"}, f"/needs/{need}/close").status_code == 303
    assert needs.rows(node) == []
    assert "Nothing is needed" in client.get("/needs").text and "Gym" in client.get("/needs?all=1").text


def test_offers_and_promises_are_listed_apart(node: Node, client: FlaskClient, need: str) -> None:
    fields = {"place": hub(node), "item": ["Blanket"], "qty": ["5"]}
    assert send(client, "/record/pledge", fields).status_code == 303
    needing.pledge(node, PledgeIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="6")], need=need))
    text = client.get("/pledges").text
    offered, promised = text.index("5 Blanket"), text.index("6 Blanket")
    assert text.index("Offered to anyone") < offered < text.index("Promised for needs") < promised
    assert len(promises.rows(node)) == 2


def test_the_plan_leads_to_a_filled_in_form(node: Node, client: FlaskClient, need: str) -> None:
    pytest.importorskip("ortools")
    text = client.get("/plan").text
    assert "Harvey Hub → Gym" in text
    (row,) = planning.rows(node)
    path = f"/record/send?need={need}&place={row['from']}&to={row['to']}&item={row['item']}&qty={row['qty']}"
    assert path.replace("&", "&amp;") in text
    assert f'value="{row["qty"]}"' in client.get(path).text


def test_without_the_solver_the_page_says_what_to_install(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "is_there", lambda: False)
    answer = client.get("/plan")
    assert answer.status_code < 500 and ".[plan]" in answer.text
    assert "/plan" not in client.get("/needs").text


def test_a_need_that_nobody_knows(client: FlaskClient) -> None:
    assert client.get(f"/needs/{'ab' * 32}").status_code == 404
    assert client.get("/record/drop?need=nonsense").status_code == 200
