"""A node that is killed while it writes, at any moment: what it said is safe is there, and it goes on."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from node import accounts, bootstrap, record
from node.bootstrap import Node
from node.config import Config
from node.requests import ItemIn, PlaceIn

ROOT = Path(__file__).resolve().parents[1]
KILLS, CHUNK = 50, 10
SECONDS_MIN, SECONDS_MAX = 0.03, 0.3  # from the first entry to the end


def written_until_killed(folder: Path, seed: int) -> list[str]:
    """A process that writes to the node in a folder is killed: the ids that it had told by then."""
    command = [sys.executable, "-m", "tests.kill_child", str(folder), str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(random.Random(seed).uniform(SECONDS_MIN, SECONDS_MAX))
        child.kill()
        told = [first, *child.stdout]
    return [line.strip() for line in told if line.endswith("\n")]


def a_node(folder: Path, team: str) -> Node:
    """A new node with a place and an item."""
    node, _ = bootstrap.init(Config(folder), team)
    record.add_place(node, PlaceIn(name="Depot", kind="warehouse"))
    record.add_item(node, ItemIn(name="Blanket", unit="piece"))
    return node


def holds(node: Node, told: list[str]) -> None:
    """All that was told is there once, all is sound, and a rebuild comes to the same."""
    assert node.log.verify() == []
    gone = [id for id in told if node.log.get(bytes.fromhex(id)) is None]
    assert not gone
    before = node.digest()
    with node.log.transaction():
        node.fold.refold(node.log.folded())
    assert node.digest() == before
    assert accounts.balance(node)["balanced"]


def written(node: Node) -> int:
    """How many entries of the inventory a node folds."""
    return sum(entry.fact is not None for batch in node.log.folded() for entry in batch)


@pytest.mark.parametrize("first", range(0, KILLS, CHUNK))
def test_what_was_acknowledged_outlives_a_kill(tmp_path, first):
    node = a_node(tmp_path / "a", "Team A")
    start, own, told = written(node), node.log.own, list[str]()
    node.close()
    for kill in range(first, first + CHUNK):
        now = written_until_killed(tmp_path / "a", kill)
        assert now, "it was killed before it wrote anything"
        told += now
        node = bootstrap.open_node(Config(tmp_path / "a"))
        holds(node, told)
        assert len(told) <= written(node) - start <= len(told) + kill - first + 1, "at most one a kill went untold"
        assert node.log.own == own, "a kill is no reason for a new log"
        node.close()
    goes_on(tmp_path, told)


def goes_on(tmp_path: Path, told: list[str]) -> None:
    """The node that was killed pairs and exchanges with another, and both hold all."""
    a, b = bootstrap.open_node(Config(tmp_path / "a")), a_node(tmp_path / "b", "Team B")
    try:
        a.start_sync_server("127.0.0.1", 0)
        b.join(a.invite()["code"])
        assert [done["ok"] for done in b.sync_now()] == [True]
        assert a.digest() == b.digest()
        holds(b, told)
    finally:
        a.close()
        b.close()
