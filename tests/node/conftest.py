"""What the tests of API and pages share: real nodes in their own folders, with a clock and randomness of the test's."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from node import bootstrap, record, tokens
from node.bootstrap import Node, init
from node.cli import cli
from node.config import Config
from node.requests import ItemIn, PlaceIn, ReceiptIn, ReceiptLineIn
from node.server import make_app

NOON = 1_795_518_000_000  # ms since 1970: 2026-11-24, 11:00 UTC


class Clock:
    """A wall clock that moves only when told to; ms since 1970."""

    def __init__(self) -> None:
        self.ms = NOON

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    """The time of every node of a test."""
    return Clock()


@pytest.fixture
def new_node(tmp_path: Path, clock: Clock) -> Iterator[Callable[[str], Node]]:
    """Makes real nodes by the name of their team, each in a folder of its own."""
    made: list[Node] = []

    def make(team: str) -> Node:
        config = Config(tmp_path / f"node{len(made)}")
        node, _ = init(config, team, bytes(16), clock, random.Random(team).randbytes)
        made.append(node)
        return node

    yield make
    for node in made:
        node.close()


@pytest.fixture
def node(new_node: Callable[[str], Node]) -> Node:
    """A node whose hub holds 120 blankets (bales of 30) and 40 vials of insulin."""
    node = new_node("Gulf Coast Mutual Aid")
    record.add_item(node, ItemIn(name="Blanket", unit="piece", packs={"bale": "30"}))
    record.add_item(node, ItemIn(name="Insulin", unit="vial"))
    record.add_place(node, PlaceIn(name="Harvey Hub", kind="hub", lat="29.9", lon="-90.08"))
    lines = [ReceiptLineIn(item="Blanket", qty="120"), ReceiptLineIn(item="Insulin", qty="40", expiry="2027-01-31")]
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=lines))
    return node


@pytest.fixture
def client(node: Node) -> FlaskClient:
    """A caller of the node's app, on the node's own machine and without any login yet."""
    return make_app(node).test_client()


@pytest.fixture
def token(node: Node) -> str:
    """A good API token."""
    return tokens.create(node, "test phone")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command line on a node that is open, with the clock of the test: what it answers, `said` what it says."""

    def line(node: Node, *words: str, code: int = 0) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(bootstrap, "open_node", lambda config: node)
            patch.setattr(node, "close", lambda: None)
            done = CliRunner().invoke(cli, list(words))
        assert done.exit_code == code, done.output
        line.said = done.stderr  # type: ignore[attr-defined]
        return done.output if code else done.stdout

    return line


class Api:
    """A program with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **headers: str) -> Any:
        """GET below /api/v1."""
        return self.client.get(f"/api/v1/{path}", headers=self.headers | _dashed(headers))

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """POST JSON below /api/v1."""
        return self.client.post(f"/api/v1/{path}", json=body, headers=self.headers | _dashed(headers))

    def post_raw(self, path: str, data: bytes, **headers: str) -> Any:
        """POST bytes that claim to be JSON, unless `Content_Type` says otherwise."""
        headers = {"Content_Type": "application/json"} | headers
        return self.client.post(f"/api/v1/{path}", data=data, headers=self.headers | _dashed(headers))


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


@pytest.fixture
def api(client: FlaskClient, token: str) -> Api:
    """A program with a good token."""
    return Api(client, token)
