"""The scheduled rounds: who is due is tried, and one bad peer doesn't keep the others waiting."""

import threading

import pytest

from sync.errors import Unreachable
from sync.peers import Peers
from sync.scheduler import Schedule
from sync.server import Desk
from tests.sync.conftest import Memory, agree, say, trust

DAY_SECONDS = 86_400


@pytest.fixture
def host(make_log, tmp_path):
    return make_log("host", str(tmp_path / "host.db"))


def met(host, other, address) -> Peers:
    trust(host, other)
    peers = Peers(host)
    peers.add(other.keys.node, address, [address])
    return peers


def run_once(host, peers, connect) -> None:
    """A schedule whose first round is over when this returns."""
    over = threading.Event()
    wanted = len(peers.due())

    def watched(address):
        transport = connect(address)

        def carry(request):
            try:
                return transport(request)
            finally:
                tried.add(address)
                if len(tried) == wanted:
                    over.set()

        return carry

    tried: set[str] = set()
    schedule = Schedule(host, peers, DAY_SECONDS, watched)
    assert over.wait(30)
    schedule.stop()


def test_a_round_at_once_brings_what_peers_have(make_log, tmp_path, host):
    other = make_log("other", str(tmp_path / "other.db"))
    peers = met(host, other, "http://other:1")
    say(other, "news")
    desk = Desk(other, Memory())
    run_once(host, peers, lambda address: desk.answer)
    assert host.app.said() == ["news"]
    assert agree(host, other)
    assert peers.rows()[0]["last_ok"] is not None


def test_one_peer_that_fails_badly_does_not_keep_the_others_waiting(make_log, tmp_path, host, caplog):
    other = make_log("other", str(tmp_path / "other.db"))
    met(host, make_log("bad"), "http://bad:1")
    peers = met(host, other, "http://other:1")
    say(other, "news")
    desk = Desk(other, Memory())

    def broken(request):
        raise ZeroDivisionError

    run_once(host, peers, lambda address: broken if "bad" in address else desk.answer)
    assert host.app.said() == ["news"]
    assert peers.find("http://bad:1").node not in [peer.node for peer in peers.due()]
    assert "nobody foresaw" in caplog.text


def test_a_peer_out_of_reach_is_not_due_again_at_once(make_log, host):
    peers = met(host, make_log("other"), "http://other:1")

    def silent(request):
        raise Unreachable("no answer")

    run_once(host, peers, lambda address: silent)
    assert peers.due() == [] and peers.rows()[0]["failures"] == 1
