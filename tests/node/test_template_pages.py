"""Pages of templates: look at one, start from it, hand in a file or a text, and download the team's own."""

import io
import json
import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from node import catalogue, keeping, queries, record, starting
from node.bootstrap import Node
from node.requests import PlaceIn
from tests.node.conftest import Api
from tests.node.test_web import hidden

ORIGIN = {"Origin": "http://localhost"}
ROPE = {"name": "Rope", "unit": "metre", "weight": 80, "names": {"es": "Cuerda"}}
OURS = json.dumps({"name": "ours & theirs", "about": "A <b>try</b>", "items": [ROPE], "checklist": ["Look."]})


def post(client: FlaskClient, path: str, fields: dict[str, Any], form: str = "/templates") -> Any:
    sent = hidden(client, form) | fields
    return client.post(path, data=sent, headers=ORIGIN, content_type="multipart/form-data")


def upload(client: FlaskClient, raw: bytes, name: str = "ours.json") -> Any:
    return post(client, "/templates/read", {"file": (io.BytesIO(raw), name)})


def kept_fields(page: str) -> dict[str, str]:
    """The hidden fields of the form that starts from what is shown."""
    names = "form_token|key|text|name"
    return {k: unescape(v) for k, v in re.findall(rf'<input type="hidden" name="({names})" value="([^"]*)"', page)}


def test_those_that_come_with_the_program_are_offered(client: FlaskClient, node: Node):
    page = client.get("/templates").text
    for name in starting.names():
        assert f'href="/templates/{name}"' in page
    for path in ("/about", "/kits"):
        assert 'href="/templates"' in client.get(path).text, path
    assert client.get("/templates/parade").status_code == 404


def test_looking_at_one_writes_nothing_and_starting_from_it_does_once(client: FlaskClient, node: Node):
    before = node.digest()
    page = client.get("/templates/free-breakfast").text
    assert "It would add" in page and "Milk at Kitchen: at least 20" in page and "Count the milk on Friday." in page
    assert node.digest() == before
    fields = kept_fields(page)
    answers = [client.post("/templates/apply", data=fields, headers=ORIGIN) for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 200 and "It added" in answer.text and "Breakfast" in answer.text
    assert [row["minimum"] for row in keeping.rows(node)] == ["20"]
    assert "it would add nothing" in client.get("/templates/free-breakfast").text
    assert "Start from this" not in client.get("/templates/free-breakfast").text


@pytest.mark.parametrize("way", ["file", "paste", "toml"])
def test_a_file_or_a_text_is_shown_first_and_then_started_from(client: FlaskClient, node: Node, way: str):
    before = node.digest()
    if way == "file":
        answer = upload(client, OURS.encode())
    elif way == "paste":
        answer = post(client, "/templates/read", {"text": OURS})
    else:
        answer = upload(client, b'name = "ours & theirs"\nitems = [{name = "Rope", unit = "metre"}]\n', "ours.toml")
    assert answer.status_code == 200 and "Rope" in answer.text and "<b>try" not in answer.text
    assert node.digest() == before
    done = client.post(
        "/templates/apply", data=kept_fields(answer.text), headers=ORIGIN, content_type="multipart/form-data"
    )
    assert done.status_code == 200 and "1 entry written" in done.text or "2 entries written" in done.text
    assert catalogue.find_item(node, "Rope").unit == "metre"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"PK\x03\x04\xff\xfe", "not text"),
        (b"Blanket,12\n", "neither JSON nor TOML"),
        (b'{"name": "x", "items": [{"name": "Rope"}]}', "“unit” is missing in items number 1"),
        (b"x" * (starting.BYTES_MAX + 1), "too large for a template"),
        (b"", "Choose a file"),
    ],
)
def test_what_is_no_template_is_told_in_words_and_nothing_is_written(
    client: FlaskClient, node: Node, raw: bytes, said: str
):
    before = node.digest()
    answer = upload(client, raw) if raw else post(client, "/templates/read", {"text": " "})
    assert answer.status_code == 422 and said in unescape(answer.text)
    assert node.digest() == before


def test_a_pasted_text_that_is_off_is_still_there(client: FlaskClient):
    answer = post(client, "/templates/read", {"text": '{"name": "mine", "surprise": 1}'})
    assert answer.status_code == 422 and "“surprise” is not known here" in answer.text
    assert "&#34;surprise&#34;: 1" in answer.text


def test_a_file_of_any_size_gets_an_answer(client: FlaskClient, node: Node):
    before = node.digest()
    assert upload(client, b"x" * 3_000_000).status_code == 413
    assert node.digest() == before


def test_a_large_template_goes_through_both_steps(client: FlaskClient, node: Node):
    items = [{"name": f"Thing {n} \N{SNOWMAN}", "unit": "piece", "names": {"fr": "é" * 60}} for n in range(3000)]
    raw = json.dumps({"name": "large", "items": items}, ensure_ascii=False).encode()
    assert 500_000 < len(raw) < starting.BYTES_MAX
    page = upload(client, raw).text
    assert "and 2\u202f960 more" in page
    done = client.post("/templates/apply", data=kept_fields(page), headers=ORIGIN, content_type="multipart/form-data")
    assert "Done" in done.text and len(queries.items(node, limit=5000)) == 3002


def test_what_contradicts_is_told_before_anything_is_written(client: FlaskClient, node: Node):
    fields = kept_fields(client.get("/templates/free-breakfast").text)
    record.add_place(node, PlaceIn(name="Kitchen", kind="vehicle"))
    before = node.digest()
    shown = client.get("/templates/free-breakfast")
    assert shown.status_code == 422 and "already" in shown.text and "Start from this" not in shown.text
    assert client.post("/templates/apply", data=fields, headers=ORIGIN).status_code == 422
    assert node.digest() == before


def test_the_teams_own_is_downloaded_with_or_without_where_places_lie(client: FlaskClient, node: Node):
    client.get("/")
    answer = client.get("/templates/own.json?name=Our%20Hub!&about=for%20you&spots=0")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="our-hub.json"'
    found = starting.read(answer.data)
    assert (found.name, found.about, found.places[0].lat) == ("Our Hub!", "for you", None)
    assert starting.read(client.get("/templates/own.json?spots=1").data).places[0].lat == "29.9"
    assert client.get("/templates/own.json?name=%00").status_code == 400
    assert client.get("/templates/own.json?name=%22%0d%0aX:1").status_code in (200, 400)


def test_a_form_that_is_not_ours_starts_nothing(client: FlaskClient, node: Node):
    client.get("/")
    before = node.digest()
    for path in ("/templates/read", "/templates/apply"):
        assert client.post(path, data={"name": "storm", "text": OURS}).status_code == 403
    assert node.digest() == before


def test_the_page_and_the_api_offer_the_same(client: FlaskClient, api: Api):
    rows = api.get("templates").json
    page = unescape(client.get("/templates").text)
    assert all(row["about"] in page for row in rows)
