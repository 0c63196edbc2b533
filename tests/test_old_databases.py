"""Databases that earlier versions wrote: they open, verify, show the same stock, and go on.

Each is a small node's database, compressed, beside what that version itself said of it. `first` is of version 0.1.0,
whose fold knew receipts, distributions, losses and counts.
"""

import gzip
import json
from pathlib import Path

import pytest

from node import accounts, bootstrap, checks, queries, record
from node.bootstrap import Node
from node.config import Config
from node.requests import DistributionIn, LineIn

KEPT = Path(__file__).parent / "databases"


@pytest.fixture(params=sorted(path.stem for path in KEPT.glob("*.json")))
def old(request, tmp_path):
    """A node's folder as an earlier version left it, and what that version said: (node, told)."""
    told = json.loads((KEPT / f"{request.param}.json").read_text("utf-8"))
    (tmp_path / "bucketline.db").write_bytes(gzip.decompress((KEPT / f"{request.param}.db.gz").read_bytes()))
    for name in ("keys", "fence"):
        (tmp_path / name).write_bytes(bytes.fromhex(told[name]))
    node = bootstrap.open_node(Config(tmp_path))
    yield node, told
    node.close()


def lots(node: Node) -> list[dict]:
    """What is on hand by lot, in the fields that the earlier version told."""
    return queries.stock(node, lots=True)


def test_it_opens_and_shows_the_same_stock(old):
    node, told = old
    assert [{name: row[name] for name in before} for row, before in zip(lots(node), told["stock"], strict=True)] == (
        told["stock"]
    )


def test_it_verifies_and_balances(old):
    node, told = old
    assert node.log.verify() == []
    assert node.log.counts()[0] == told["verify"]["entries"]
    assert accounts.balance(node)["balanced"]
    assert checks.verify(node)["ok"]


def test_every_entry_is_there_as_it_was(old):
    node, told = old
    rows = queries.log(node, limit=100)
    assert [[row["entry"], row["type"], bool(row["void"])] for row in rows] == told["log"]
    assert queries.digest(node)["root"] == told["digest"]["root"]


def test_it_goes_on(old):
    node, _ = old
    place, item = (lots(node)[-1][name] for name in ("place", "item"))
    done = record.distribute(node, DistributionIn(place=place, lines=[LineIn(item=item, qty="1")]))
    assert queries.log(node, limit=1)[0]["entry"] == done.entry
    assert node.log.verify() == []
