"""The exchange over HTTP and its desk: what travels, what a stranger gets, and what bounds hold."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from cheroot.server import HTTPServer

from sync import client, envelope, server
from sync.client import HttpTransport, parse_address, sync_with
from sync.envelope import NEXT, OPEN, Party
from sync.errors import DiskFull, Malformed, Problem, Refused, TooLarge, TooMany, Unreachable
from sync.exchange import Exchange
from sync.identity import node_id
from sync.limits import Limits
from sync.pairing import Inviter, invite, join
from sync.peers import Peers
from tests.bench.relay import Relay
from tests.sync.conftest import NETWORK, Memory, agree, listen, say, say_many, state, trust

SMALL = Limits(exchanges_at_once_max=2, message_bytes_max=64 * 1024)


@pytest.fixture
def served(make_log, monkeypatch):
    """`serve(log)` starts a node's sync port and gives its address."""
    monkeypatch.setattr(HTTPServer, "expiration_interval", 0.05)  # how long stopping may take
    running = []

    def serve(log, pairing=None, **more):
        port = server.serve(server.make_app(log, Peers(log), pairing), **more)
        running.append(port)
        return "http://{}:{}".format(*port.address)

    yield serve
    for port in running:
        port.stop()


@pytest.fixture
def two(make_log, tmp_path):
    """Two nodes on disk that trust each other."""
    a, b = (make_log(name, str(tmp_path / f"{name}.db")) for name in "ab")
    trust(a, b)
    return a, b


def introduced(log, other, address) -> Peers:
    peers = Peers(log)
    peers.add(other.keys.node, "other", [address])
    return peers


def party(log) -> Party:
    return Party(log.keys.node, log.keys.agree)


def opening(log, to, body=None) -> bytes:
    body = Exchange(log, to.keys.node, Memory()).open() if body is None else body
    return envelope.seal(log.keys, log.network, OPEN, party(to), body)


def raw(address: str, method="POST", path=server.PATH, body=b"", **headers) -> tuple[int, dict, bytes]:
    host = address.split("//")[1]
    connection = http.client.HTTPConnection(host, timeout=20)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Content-Type": server.MEDIA_TYPE} | headers)
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


# what should work


def test_two_nodes_agree_after_an_exchange_over_http(two, served):
    a, b = two
    say(a, "from a")
    say(b, "from b")
    peers = introduced(a, b, served(b))
    result = sync_with(a, peers, b.keys.node)
    assert agree(a, b)
    assert (result["ok"], result["error"], result["peer"]) == (True, None, node_id(b.keys.node))
    assert result["sent"] >= 1 and result["received"] >= 1
    assert peers.rows()[0]["last_ok"] == a.clock.ms


def test_many_entries_travel_while_earlier_ones_are_stored(two, served):
    a, b = two
    say_many(b, 4000)
    result = sync_with(a, introduced(a, b, served(b)), b.keys.node)
    assert result["ok"] and result["round_trips"] > 2
    assert agree(a, b)


def test_nothing_new_costs_one_round_trip_and_600_bytes_at_most_with_headers(two, served):
    a, b = two
    say(a, "one")
    relay = Relay(tuple(_host_and_port(served(b))))
    peers = introduced(a, b, "http://{}:{}".format(*relay.address))
    for _ in range(2):
        assert sync_with(a, peers, b.keys.node)["ok"]
    relay.take()
    result = sync_with(a, peers, b.keys.node)
    measured = relay.take()
    relay.close()
    assert result["round_trips"] == 1
    assert measured <= 600
    assert result["bytes_out"] + result["bytes_in"] == measured


def _host_and_port(address: str) -> tuple[str, int]:
    host, port = address.removeprefix("http://").split(":")
    return host, int(port)


def test_bytes_are_counted_as_they_pass_the_wire(two, served):
    a, b = two
    say_many(b, 2000)
    relay = Relay(_host_and_port(served(b)))
    peers = introduced(a, b, "http://{}:{}".format(*relay.address))
    result = sync_with(a, peers, b.keys.node)
    assert result["bytes_out"] + result["bytes_in"] == relay.take()
    relay.close()


def test_two_nodes_pair_over_http_and_then_exchange(make_log, tmp_path, served):
    a, b = (make_log(name, str(tmp_path / f"{name}.db")) for name in "ab")
    say(a, "hello")
    address = served(a, Inviter(a, Peers(a), lambda: "A").answer)
    peers = Peers(b)
    row = join(b, peers, invite(a, [address]), name="B")
    assert row["name"] == "A"
    assert sync_with(b, peers, a.keys.node)["ok"]
    assert b.app.said() == ["hello"]


def test_the_second_address_is_tried_where_the_first_is_dead(two, served):
    a, b = two
    peers = Peers(a)
    good = served(b)
    peers.add(b.keys.node, "b", [f"http://127.0.0.1:{_free_port()}", good])
    assert sync_with(a, peers, b.keys.node)["ok"]
    assert peers.addresses(b.keys.node)[0] == good


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def test_a_node_that_is_off_is_reported_and_tried_again_later(two):
    a, b = two
    peers = introduced(a, b, f"http://127.0.0.1:{_free_port()}")
    before = state(a)
    result = sync_with(a, peers, b.keys.node)
    assert (result["ok"], result["received"]) == (False, 0)
    assert "did not answer" in result["error"]
    assert peers.due() == [] and peers.rows()[0]["failures"] == 1
    assert state(a) == before


def test_a_peer_without_an_address_is_reported(two):
    a, b = two
    assert "No address" in sync_with(a, Peers(a), b.keys.node)["error"]


def test_nobody_talks_to_a_node_that_was_blocked(two, served):
    a, b = two
    address = served(b)
    a.block(b.keys.node)
    result = sync_with(a, introduced(a, b, address), b.keys.node)
    assert not result["ok"] and result["round_trips"] == 0


# strangers, forgers and recordings


def test_every_stranger_gets_the_same_refusal_down_to_the_byte(two, served, make_log):
    a, b = two
    address = served(b, Inviter(b, Peers(b)).answer)
    stranger = make_log("stranger")
    before = state(b)
    attempts = {
        "an unknown sender": opening(stranger, b),
        "sealed to someone else": opening(a, stranger),
        "another network": envelope.seal(a.keys, b"another network!", OPEN, party(b), b""),
        "a request of an exchange that isn't": envelope.seal(a.keys, NETWORK, NEXT, party(b), b"", b"n" * 16),
        "a bad signature": opening(a, b)[:-1] + b"\0",
        "a pairing without a token": envelope.seal(stranger.keys, NETWORK, envelope.PAIR, party(b), b""),
        "an answer that nobody asked for": envelope.seal(a.keys, NETWORK, envelope.LAST, party(b), b"", bytes(32)),
        "a reflected request": opening(b, a),
    }
    answers = {why: raw(address, body=data) for why, data in attempts.items()}
    assert {status for status, _, _ in answers.values()} == {403}
    assert len({body for _, _, body in answers.values()}) == 1
    assert len({tuple(sorted(headers.items())) for _, headers, _ in answers.values()}) == 1
    assert state(b) == before


def test_a_node_that_is_blocked_gets_what_a_stranger_gets(two, served):
    a, b = two
    address = served(b)
    stranger_says = raw(address, body=opening(a, a))
    b.block(a.keys.node)
    assert raw(address, body=opening(a, b))[::2] == stranger_says[::2]


def test_a_later_request_sent_again_is_refused_and_changes_nothing(two):
    a, b = two
    say_many(b, 3000)
    desk, sent = server.Desk(b, Memory()), []

    def carry(request: bytes) -> bytes:
        sent.append(request)
        return desk.answer(request)

    assert sync_with(a, Peers(a), b.keys.node, carry)["ok"]
    assert len(sent) > 2
    before = state(b)
    for request in sent[1:]:
        with pytest.raises(Refused):
            desk.answer(request)
    assert state(b) == before


def test_a_replayed_answer_ends_the_exchange_and_changes_nothing(two):
    a, b = two
    desk, answers = server.Desk(b, Memory()), []

    def record(request: bytes) -> bytes:
        answers.append(desk.answer(request))
        return answers[-1]

    assert sync_with(a, Peers(a), b.keys.node, record)["ok"]
    say(b, "later")
    before = state(a)
    result = sync_with(a, Peers(a), b.keys.node, lambda request: answers[0])
    assert not result["ok"] and "not this node" in result["error"]
    assert state(a) == before


def test_a_reflected_request_is_no_answer(two):
    a, b = two
    result = sync_with(a, Peers(a), b.keys.node, lambda request: request)
    assert not result["ok"] and result["received"] == 0


def test_an_answer_tampered_with_is_no_answer(two):
    a, b = two
    desk = server.Desk(b, Memory())

    def tamper(request: bytes) -> bytes:
        answer = desk.answer(request)
        return answer[:-1] + bytes([answer[-1] ^ 1])

    result = sync_with(a, Peers(a), b.keys.node, tamper)
    assert not result["ok"]


def test_recorded_openings_do_not_push_out_an_exchange_that_goes_on(two):
    a, b = two
    say_many(b, 3000)
    desk = server.Desk(b, Memory())
    recorded = [opening(a, b) for _ in range(5)]
    turns = []

    def carry(request: bytes) -> bytes:
        answer = desk.answer(request)
        if turns:
            for old in recorded:
                desk.answer(old)
        turns.append(1)
        return answer

    assert sync_with(a, Peers(a), b.keys.node, carry)["ok"]
    assert len(turns) > 2 and len(desk.sessions) <= 2


# bounds


def test_exchanges_at_once_are_bounded_and_a_new_one_is_told_when_to_come_back(make_log):
    host = make_log("host", limits=SMALL)
    guests = [make_log(f"guest {n}") for n in range(3)]
    for guest in guests:
        listen(host, guest)
        listen(guest, host)
        say(guest, "news")
    desk = server.Desk(host, Memory())
    for guest in guests[:2]:
        desk.answer(opening(guest, host))
    with pytest.raises(TooMany) as caught:
        desk.answer(opening(guests[2], host))
    assert caught.value.retry_after_s
    host.clock.ms += 1000 * SMALL.exchange_seconds_max
    desk.answer(opening(guests[2], host))
    assert len(desk.sessions) == 1


def test_a_full_table_gives_up_the_exchange_that_was_unused_for_longest(make_log):
    host = make_log("host", limits=SMALL)
    guests = [make_log(f"guest {n}") for n in range(3)]
    for guest in guests:
        listen(host, guest)
        say(guest, "news")
    desk = server.Desk(host, Memory())
    for guest in guests:
        desk.answer(opening(guest, host))
        host.clock.ms += server.QUIET_MS
    assert len(desk.sessions) == 2


def test_an_exchange_unused_for_long_is_forgotten(two):
    a, b = two
    say_many(b, 3000)
    desk, turns = server.Desk(b, Memory()), []

    def slow(request: bytes) -> bytes:
        if turns:
            b.clock.ms += 1000 * b.limits.exchange_seconds_max
        turns.append(1)
        return desk.answer(request)

    result = sync_with(a, Peers(a), b.keys.node, slow)
    assert not result["ok"] and result["round_trips"] == 2


BAD_REQUESTS = {
    "a GET": ({"method": "GET"}, 405),
    "a PUT": ({"method": "PUT"}, 405),
    "another path": ({"path": "/sync/v2"}, 404),
    "JSON": ({"Content_Type": "application/json", "body": b"{}"}, 415),
    "a form": ({"Content_Type": "application/x-www-form-urlencoded", "body": b"a=b"}, 415),
    "nothing": ({"body": b""}, 400),
    "short garbage": ({"body": b"x" * 50}, 400),
    "long garbage": ({"body": b"x" * 5000}, 400),
    "too much": ({"body": b"\x11" * (SMALL.message_bytes_max + 1)}, 413),
    "far too much": ({"body": b"\x11" * (SMALL.message_bytes_max + 2 * server.CAP_SLACK_BYTES)}, 413),
    "a header without end": ({"X": "y" * 20_000}, 413),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_bad_request_gets_its_status_and_a_problem_without_a_stack_trace(make_log, tmp_path, served, name):
    log = make_log("host", str(tmp_path / "host.db"), limits=SMALL)
    address, before = served(log), state(log)
    request, expected = BAD_REQUESTS[name]
    status, headers, body = raw(address, **request)
    assert status == expected
    assert headers["content-type"] == server.PROBLEM_TYPE
    problem = json.loads(body)
    assert (problem["status"], set(problem)) == (expected, {"type", "title", "status", "detail"})
    assert b"Traceback" not in body and b".py" not in body
    assert state(log) == before


def test_bytes_that_are_not_http_get_400(make_log, tmp_path, served):
    address = served(make_log("host", str(tmp_path / "host.db")))
    with socket.create_connection(_host_and_port(address), timeout=20) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00 hello\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"problem+json" in answer


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x80", b"\x81\xa1r\xc4", b"\x93" * 3000, b"\x81\xa1s\xc3"])
def test_garbage_in_a_sealed_message_of_a_peer_is_400_at_most_and_changes_nothing(two, served, body):
    a, b = two
    say(b, "x")
    address, before = served(b), state(b)
    status, _, said = raw(address, body=opening(a, b, body))
    assert status in (200, 400) and b"Traceback" not in said
    assert state(b) == before


def test_answers_say_no_more_than_they_must(two, served):
    a, b = two
    status, headers, _ = raw(served(b), body=opening(a, b))
    assert status == 200
    assert set(headers) == {"content-type", "content-length"}


def test_several_peers_exchange_at_the_same_time(make_log, tmp_path, served):
    host = make_log("host", str(tmp_path / "host.db"))
    guests = [make_log(f"guest {n}", str(tmp_path / f"{n}.db")) for n in range(4)]
    for guest in guests:
        trust(host, guest)
        say_many(guest, 300, str(guest.keys.node[:2]))
    address = served(host)
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda g: sync_with(g, introduced(g, host, address), host.keys.node), guests)
        assert [result["error"] for result in done] == [None] * 4
    assert len(host.app.said()) == 1200
    assert host.verify() == []


# a hostile or broken server


class Fake:
    """A server that answers every request with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.seen = answer, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "http://{}:{}".format(*self.socket.getsockname())
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.seen.append(connection.recv(65536))
                try:
                    connection.sendall(self.answer)
                except OSError:
                    continue


def http_answer(status: str, body: bytes = b"", **headers) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (http_answer("403 Forbidden", b"<script>"), Refused),
        (http_answer("429 Too Many", Retry_After="7"), TooMany),
        (http_answer("413 Too Large"), TooLarge),
        (http_answer("507 Full"), DiskFull),
        (http_answer("500 Oops"), Malformed),
        (http_answer("302 Found", Location="http://127.0.0.1:1/"), Malformed),
        (http_answer("200 OK", b"x" * (SMALL.message_bytes_max + 1)), TooLarge),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort", Unreachable),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Unreachable),
        (b"", Unreachable),
    ],
)
def test_whatever_a_server_answers_becomes_a_problem(answer, problem):
    fake = Fake(answer)
    transport = HttpTransport(fake.address, SMALL)
    with pytest.raises(Problem) as caught:
        transport(b"hello")
    assert type(caught.value) is problem
    assert "<script>" not in str(caught.value)
    if problem is TooMany:
        assert caught.value.retry_after_s == 7
    transport.close()
    fake.socket.close()


def test_a_message_goes_to_no_proxy_of_the_environment(monkeypatch):
    fake = Fake(http_answer("403 Forbidden"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(Refused):
        HttpTransport(fake.address)(b"hello")
    lines = fake.seen[0].split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert {line.split(":")[0] for line in lines[1:]} == {"Host", "Content-Type", "Content-Length"}
    fake.socket.close()


def test_addresses_are_read_forgivingly_and_nothing_else_is():
    assert parse_address(" 192.168.1.5 ") == "http://192.168.1.5:8481"
    assert parse_address("http://Depot.local:9000/sync/v1") == "http://depot.local:9000"
    assert parse_address("https://relief.example") == "https://relief.example:443"
    assert parse_address("[fe80::1]:8481") == "http://[fe80::1]:8481"
    for bad in ("", "http://", "ftp://host", "http://a b", "http://h/x", "http://u@h", "http://h:0", "h:70000", "-x"):
        with pytest.raises(Malformed):
            parse_address(bad)


def test_the_client_and_the_server_mean_the_same_place():
    assert (client.PATH, client.MEDIA_TYPE) == (server.PATH, server.MEDIA_TYPE)
