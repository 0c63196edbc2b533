"""Courier files by the page: two teams without a link, and a file that goes from one browser to the other."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from node import queries, record
from node.bootstrap import Node
from node.requests import DistributionIn, LineIn
from node.server import make_app
from tests.node.test_redacting import copy
from tests.node.test_web import hidden

ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def other(node: Node, new_node: Callable[[str], Node]) -> Node:
    """A team that this one and itself have vouched for, each knowing the other's first entries."""
    other = new_node("Bayou Wheels")
    copy(other, node)
    copy(node, other)
    return other


def write(client: FlaskClient, **more: str) -> Any:
    return client.post("/peers/bundle", data=hidden(client, "/peers") | more, headers=ORIGIN)


def read(client: FlaskClient, raw: bytes) -> Any:
    fields = hidden(client, "/peers") | {"file": (io.BytesIO(raw), "news.bundle")}
    return client.post("/peers/bundle/read", data=fields, headers=ORIGIN, content_type="multipart/form-data")


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files lie while they are written or read, and nothing may stay."""
    desk = tmp_path / "desk"
    desk.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(desk))
    return desk


@pytest.mark.parametrize("to_one", [False, True])
def test_news_goes_by_a_file_from_one_page_to_the_other(
    client: FlaskClient, node: Node, other: Node, desk: Path, to_one: bool
):
    record.distribute(node, DistributionIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="7")]))
    with write(client, **({"node": other.id} if to_one else {})) as answer:
        raw = answer.data
    assert answer.status_code == 200 and answer.headers["Content-Disposition"] == "attachment; filename=news.bundle"
    theirs = make_app(other).test_client()
    assert "Read: 1 new entry" in read(theirs, raw).text
    assert queries.stock(other, item="Blanket")[0]["qty"] == "113"
    assert "0 new entries" in read(theirs, raw).text
    assert list(desk.iterdir()) == []


@pytest.mark.parametrize("raw", [b"", b"no bundle", b"bktlbdl\x01" + b"x" * 500])
def test_what_is_no_courier_file_is_told_and_changes_nothing(
    client: FlaskClient, node: Node, other: Node, desk: Path, raw: bytes
):
    before = node.digest()
    answer = read(client, raw)
    assert 400 <= answer.status_code < 500 and 'role="alert"' in answer.text
    assert node.digest() == before and list(desk.iterdir()) == []


def test_without_anybody_to_write_for_nothing_is_offered(client: FlaskClient, node: Node):
    assert "Carry a file" not in client.get("/peers").text
    answer = write(client)
    assert answer.status_code == 409 and "no node to write a bundle for" in answer.text


def test_an_unknown_node_is_told(client: FlaskClient, node: Node, other: Node):
    assert 400 <= write(client, node="nobody").status_code < 500


def test_a_form_that_is_not_ours_takes_nothing_out(client: FlaskClient, node: Node, other: Node):
    client.get("/")
    assert client.post("/peers/bundle", data={}).status_code == 403
