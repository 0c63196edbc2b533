"""Peers: what is remembered of them, and when they are tried again."""

import pytest

from sync.errors import NotFound, OutOfRange
from sync.identity import node_id
from sync.peers import ADDRESSES_MAX, BACKOFF_MS_MAX, BACKOFF_MS_MIN, Peers, clean_addresses, clean_name
from tests.sync.conftest import give, listen, reopen, say

ADDRESS = "http://10.0.0.2:8481"


@pytest.fixture
def known(make_log):
    """(peers, key): a node that has paired with another."""
    log, other = make_log("a"), make_log("b")
    listen(log, other)
    peers = Peers(log)
    peers.add(other.keys.node, "Depot", [ADDRESS])
    return peers, other.keys.node


def due(peers: Peers) -> list[bytes]:
    return [peer.node for peer in peers.due()]


def test_a_new_peer_is_due_at_once(known):
    peers, node = known
    assert due(peers) == [node]


def test_a_peer_that_fails_is_left_alone_for_longer_and_longer_and_for_an_hour_at_most(known):
    peers, node = known
    clock, waits = peers.log.clock, []
    for _ in range(12):
        peers.tried(node, False)
        waits.append(peers._get(node).next_try - clock.ms)
        assert due(peers) == []
        clock.ms += waits[-1]
        assert due(peers) == [node]
    assert BACKOFF_MS_MIN // 2 <= waits[0] <= BACKOFF_MS_MIN
    assert waits[3] > waits[0] and all(wait <= BACKOFF_MS_MAX for wait in waits)
    assert waits[-1] >= BACKOFF_MS_MAX // 2


def test_two_nodes_that_failed_together_do_not_come_back_together(make_log):
    waits = set()
    for seed in range(8):
        log = make_log(f"jitter {seed}")
        peers = Peers(log)
        peers.tried(b"x" * 32, False)
        waits.add(peers._get(b"x" * 32).next_try - log.clock.ms)
    assert len(waits) > 4


def test_success_ends_the_wait_and_brings_the_address_that_worked_to_the_front(known):
    peers, node = known
    peers.add(node, "Depot", [ADDRESS, "http://10.0.0.3:8481"])
    peers.tried(node, False)
    peers.tried(node, True, "http://10.0.0.3:8481")
    assert due(peers) == [node]
    assert peers.addresses(node) == ["http://10.0.0.3:8481", ADDRESS]
    row = peers.rows()[0]
    assert (row["failures"], row["last_ok"]) == (0, peers.log.clock.ms)


def test_a_clock_that_was_set_back_does_not_silence_a_peer_for_years(known):
    peers, node = known
    peers.tried(node, False)
    peers.log.clock.ms -= 10 * 365 * 24 * 3600 * 1000
    assert due(peers) == [node]


def test_a_blocked_peer_is_never_due(known):
    peers, node = known
    peers.log.block(node)
    assert due(peers) == [] and peers.with_addresses() == []
    assert peers.rows()[0]["trust"] == "blocked"


def test_what_is_remembered_survives_a_restart(known):
    peers, node = known
    peers.set_held(node, b"store id", 7)
    peers.set_given(node, b"other id", 9)
    peers.note_skew(node, -5000)
    again = Peers(reopen(peers.log))
    assert again.held(node) == (b"store id", 7)
    assert again.given(node) == (b"other id", 9)
    assert again.rows()[0]["skew_ms"] == -5000
    assert again.addresses(node) == [ADDRESS]


def test_nothing_is_remembered_of_a_node_that_was_never_met(known):
    peers, _ = known
    stranger = b"s" * 32
    assert peers.held(stranger) is None and peers.given(stranger) is None and peers.addresses(stranger) == []


def test_what_is_rolled_back_is_not_remembered(known):
    peers, node = known
    with pytest.raises(ZeroDivisionError), peers.log.transaction():
        peers.set_held(node, b"store id", 7)
        raise ZeroDivisionError
    assert peers.held(node) is None


def test_a_peer_is_found_by_id_and_by_name(known):
    peers, node = known
    assert peers.find(node_id(node)).node == peers.find(" depot ").node == node


def test_a_name_that_two_peers_bear_is_not_guessed_at(known):
    peers, node = known
    peers.add(b"x" * 32, "depot", [])
    with pytest.raises(OutOfRange) as caught:
        peers.find("Depot")
    assert node_id(node) in str(caught.value)
    with pytest.raises(NotFound):
        peers.find("nobody")


def test_a_peer_cannot_name_itself_over_several_lines_or_without_end():
    assert clean_name("North\x1b[31m\n depot\u202e") == "North [31m depot"
    assert len(clean_name("x" * 1000)) == 80


def test_addresses_that_are_none_are_left_out_and_their_number_is_bounded():
    bad = ["http://user:pw@host", "file:///etc/passwd", "http://h/admin?x=1", "", "http://h:99999", "x" * 500]
    many = [f"10.0.0.{n}" for n in range(50)]
    assert clean_addresses([*bad, "HTTP://Host"]) == ["http://host:8481"]
    assert len(clean_addresses(many)) == ADDRESSES_MAX


def test_a_node_seen_on_the_lan_is_tried_there_first_and_soon(known):
    peers, node = known
    peers.tried(node, False)
    peers.seen(node, "http://10.0.0.9:8481")
    assert due(peers) == [node]
    assert peers.addresses(node) == ["http://10.0.0.9:8481", ADDRESS]


def test_false_sightings_on_the_lan_do_not_push_out_the_addresses_that_are_known(known):
    peers, node = known
    for n in range(50):
        peers.seen(node, f"http://10.6.6.{n}:1")
    assert peers.addresses(node) == ["http://10.6.6.49:1", ADDRESS]
    assert Peers(reopen(peers.log)).addresses(node) == [ADDRESS]


def test_a_sighting_over_which_an_exchange_succeeded_is_remembered(known):
    peers, node = known
    peers.seen(node, "http://10.0.0.9:8481")
    peers.tried(node, True, "http://10.0.0.9:8481")
    assert Peers(reopen(peers.log)).addresses(node)[0] == "http://10.0.0.9:8481"


def test_the_list_shows_unknown_authors_too_after_those_that_are_trusted(known, make_log):
    peers, _ = known
    stranger = make_log("stranger")
    say(stranger, "hello")
    give(stranger, peers.log)
    assert [row["trust"] for row in peers.rows()] == ["paired", "unknown"]
    assert peers.rows()[0]["name"] == "Depot"
