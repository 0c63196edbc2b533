"""Discovery on the LAN: strangers learn nothing and bring nothing."""

import pytest

from sync.discovery import SERVICE, Discovery, lan_name
from sync.peers import Peers
from tests.sync.conftest import NETWORK, trust


@pytest.fixture
def watching(make_log):
    """(discovery without a network, its peers, a trusted node)."""
    log, other = make_log("a"), make_log("b")
    trust(log, other)
    peers = Peers(log)
    peers.add(other.keys.node, "b", [])
    discovery = Discovery.__new__(Discovery)
    discovery.log, discovery.watcher = log, peers
    return discovery, peers, other


def announced(log) -> str:
    return f"{lan_name(log.network, log.keys.node)}.{SERVICE}"


def test_a_paired_node_that_is_near_is_found(watching):
    discovery, peers, other = watching
    discovery.found(announced(other), ["192.168.1.7"], 9000)
    assert peers.addresses(other.keys.node) == ["http://192.168.1.7:9000"]
    assert [peer.node for peer in peers.due()] == [other.keys.node]


def test_a_stranger_that_is_near_is_not_noted(watching, make_log):
    discovery, peers, _ = watching
    before = peers.rows()
    discovery.found(announced(make_log("stranger")), ["192.168.1.8"], 9000)
    discovery.found("anything." + SERVICE, ["192.168.1.8"], 9000)
    assert peers.rows() == before


def test_a_node_that_was_blocked_is_not_noted(watching):
    discovery, peers, other = watching
    discovery.log.block(other.keys.node)
    discovery.found(announced(other), ["192.168.1.7"], 9000)
    assert peers.addresses(other.keys.node) == []


def test_an_announcement_with_nonsense_in_it_is_passed_over(watching):
    discovery, peers, other = watching
    discovery.found(announced(other), ["not an address!", "fe80::1"], 9000)
    assert peers.addresses(other.keys.node) == ["http://[fe80::1]:9000"]
    discovery.found(announced(other), [], 9000)
    discovery.found(announced(other), ["192.168.1.7"], 700_000)
    assert peers.addresses(other.keys.node) == ["http://[fe80::1]:9000"]


def test_an_announcement_does_not_tell_strangers_who_is_here(watching):
    _, _, other = watching
    name = lan_name(NETWORK, other.keys.node)
    assert name not in other.keys.node.hex()
    assert name != lan_name(b"another network!", other.keys.node)
