"""Two nodes meet: whatever is cut, lost, repeated or written meanwhile, they end with the same."""

import msgspec
import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sync import messages
from sync.errors import Malformed, Problem, TooMany
from sync.exchange import Exchange
from sync.frame import pack
from sync.limits import DEFAULT, Limits
from sync.messages import Message, decode, encode

from .conftest import (
    Memory,
    agree,
    clone,
    give,
    listen,
    meet,
    new_log,
    restored,
    say,
    say_many,
    settle,
    snapshot,
    state,
    trust,
)
from .test_frame import make


def sides(a, b) -> tuple[Exchange, Exchange]:
    """Both machines of one exchange."""
    return Exchange(a, b.keys.node, a.memory), Exchange(b, a.keys.node, b.memory)


# the plain cases


def test_two_nodes_that_have_nothing_new_need_one_round_trip(pair):
    a, b = pair
    settle(a, b)
    outcome = meet(a, b)
    assert outcome.round_trips == 1 and outcome.bytes < 250
    assert agree(a, b)


def test_news_flow_both_ways_in_one_exchange(pair):
    a, b = pair
    say(a, "from a")
    say(b, "from b")
    outcome = meet(a, b)
    assert a.app.said() == b.app.said() == ["from a", "from b"]
    assert agree(a, b)
    assert (outcome.client.received, outcome.server.received) == (3, 3)
    assert (outcome.client.sent, outcome.server.sent) == (3, 3)


def test_ten_news_among_many_need_three_round_trips(pair):
    a, b = pair
    say_many(a, 3000)
    say_many(b, 3000)
    settle(a, b)
    say(b, *range(10))
    outcome = meet(a, b)
    assert outcome.round_trips <= 3 and outcome.bytes < 1500
    say(a, *range(10))
    outcome = meet(a, b)
    assert outcome.round_trips <= 3 and outcome.bytes < 1500
    assert agree(a, b)


def test_news_are_relayed_to_those_who_never_meet(make_log):
    a, b, c = (make_log(name) for name in "abc")
    trust(a, b)
    trust(b, c)
    say(a, "from a")
    say(c, "from c")
    for _ in range(2):
        meet(a, b)
        meet(c, b)
    meet(a, b)
    assert agree(a, b, c)
    assert a.app.said() == ["from a", "from c"]
    assert c.trust_of(a.keys.node) == "vouched"


def test_a_newcomer_gets_everything(pair):
    a, b = pair
    say_many(a, 2500)
    outcome = meet(b, a)
    assert agree(a, b)
    assert outcome.client.received == 2502


def test_clocks_are_compared(pair):
    a, b = pair
    b.clock.ms += 90_000
    outcome = meet(a, b)
    assert outcome.client.skew_ms == 90_000 and outcome.server.skew_ms == -90_000
    assert a.memory.skew[b.keys.node] == 90_000


def test_an_exchange_tells_how_old_the_news_are(pair):
    a, b = pair
    say(b, "old")
    a.clock.ms += 3_600_000
    meet(a, b)
    assert a.heard()[b.keys.node] == a.clock.ms, "b itself has just told all that it has"


# cuts


@pytest.mark.parametrize("orderly", [True, False], ids=["stored", "lost"])
@pytest.mark.parametrize("cut", range(1, 12))
def test_after_a_cut_anywhere_the_next_exchange_completes(make_log, cut, orderly):
    limits = Limits(frame_bytes_start=2000, frame_bytes_max=2000, range_entries_max=8)
    a, b = make_log("a", limits=limits), make_log("b", limits=limits)
    trust(a, b)
    say_many(a, 150, "a")
    say_many(b, 150, "b")
    assert meet(a, b, cut=cut, orderly=orderly).cut
    assert a.verify() == b.verify() == []
    meet(a, b)
    assert agree(a, b)
    assert meet(b, a).round_trips == 1


@pytest.mark.parametrize("orderly", [True, False], ids=["stored", "lost"])
def test_cut_again_and_again_it_still_gets_on(make_log, orderly):
    limits = Limits(frame_bytes_start=1500, frame_bytes_max=1500, range_entries_max=8)
    a, b = make_log("a", limits=limits), make_log("b", limits=limits)
    trust(a, b)
    say_many(a, 60, "a")
    say_many(b, 60, "b")
    for _ in range(60):
        meet(a, b, cut=7, orderly=orderly)
    assert a.app.said() == b.app.said() and len(a.app.said()) == 120


def test_an_exchange_that_was_cut_moved_no_cursor_past_what_is_held(pair):
    a, b = pair
    say_many(b, 30)
    for cut in range(1, 6):
        before = a.memory.held(b.keys.node)
        if meet(a, b, cut=cut, orderly=False).cut:
            assert a.memory.held(b.keys.node) == before
    meet(a, b)
    assert a.memory.held(b.keys.node) == (b.store_id, b.tick())


def test_what_came_but_was_not_stored_before_a_crash_comes_again(pair):
    a, b = pair
    say(b, "water")
    client, server = sides(a, b)
    body = client.open()
    while body is not None and not client.taker._waiting:
        body = client.receive(server.receive(body))
    assert client.taker._waiting, "it is here, and not stored"
    del client
    meet(a, b)
    assert a.app.said() == ["water"] and agree(a, b)


def test_what_could_not_be_stored_is_tried_again(pair, monkeypatch):
    a, b = pair
    say(b, "water")
    client, server = sides(a, b)
    body = client.open()
    while not client.taker._waiting:
        body = client.receive(server.receive(body))
    with monkeypatch.context() as patch:
        patch.setattr(a, "ingest", lambda *_: (_ for _ in ()).throw(TooMany("Another program holds the database.")))
        with pytest.raises(TooMany):
            client.work()
    while body is not None:
        body = client.receive(server.receive(body))
    assert a.app.said() == ["water"] and agree(a, b)


def test_news_that_are_written_in_the_middle_of_an_exchange_come_now_or_next_time(pair):
    a, b = pair
    say_many(a, 20)
    say_many(b, 20)

    def meanwhile(turn: int) -> None:
        say(a, f"a at {turn}")
        say(b, f"b at {turn}")

    meet(a, b, between=meanwhile)
    meet(a, b)
    meet(b, a)
    assert agree(a, b)
    assert meet(a, b).round_trips == 1


@hypothesis_settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_any_schedule_of_writes_meetings_and_cuts_ends_equal(rnd):
    logs = [new_log(f"node {n}") for n in range(4)]
    for one, other in ((0, 1), (1, 2), (2, 3)):
        trust(logs[one], logs[other])
    for _ in range(rnd.randrange(5, 25)):
        one, other = rnd.sample(logs, 2)
        for node in (one, other):
            say(node, *[rnd.randrange(1000) for _ in range(rnd.randrange(3))])
        meet(one, other, cut=rnd.choice([None, None, 1, 2, 3, 4, 5, 6]), orderly=rnd.random() < 0.5)
    settle(*logs)
    assert agree(*logs)
    for log in logs:
        log.db.close()


# cursors and stores


def test_a_restored_peer_is_not_believed_to_hold_what_it_lost(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    settle(a, b)
    kept = snapshot(b)
    say(a, "lost by b")
    say(b, "told before the loss")
    settle(a, b)
    back = restored(b, kept)
    assert back.store_id != b.store_id and back.own != b.own
    assert back.app.said() == []
    settle(a, back)
    assert a.app.said() == back.app.said() == ["lost by b", "told before the loss"]
    assert agree(a, back)


def test_a_cursor_of_an_earlier_store_is_not_used(pair):
    a, b = pair
    say(b, "water")
    settle(a, b)
    a.memory.held_of[b.keys.node] = (b"formerly", 10_000)
    say(b, "bread")
    meet(a, b)
    assert a.app.said() == ["bread", "water"]
    assert a.memory.held(b.keys.node)[0] == b.store_id


def test_a_cursor_from_the_future_is_not_used(pair):
    a, b = pair
    settle(a, b)
    a.memory.held_of[b.keys.node] = (b.store_id, b.tick() + 10_000)
    say(b, "bread")
    meet(a, b)
    assert a.app.said() == ["bread"]


def test_a_cursor_that_claims_too_much_hides_nothing(pair):
    a, b = pair
    say(b, "water")
    a.memory.held_of[b.keys.node] = (b.store_id, b.tick())
    meet(a, b)
    assert a.app.said() == ["water"] and agree(a, b)


def test_a_peer_that_gave_something_and_lost_it_gets_it_back(make_log):
    a, b, c = (make_log(name) for name in "abc")
    trust(a, b, c)
    settle(a, b, c)
    before = clone(c)
    say(a, "news")
    meet(c, a)
    meet(b, c)
    assert b.app.said() == ["news"]
    lost = clone(before, "lost")
    lost.memory.held_of[b.keys.node] = (b.store_id, b.tick())
    meet(lost, b)
    assert lost.app.said() == ["news"]


# trust that differs


def test_nodes_that_trust_differently_end_and_need_one_round_trip_next_time(make_log):
    a, b, stranger = make_log("a"), make_log("b"), make_log("stranger")
    trust(a, b)
    listen(b, stranger)
    say(stranger, "psst")
    give(stranger, b)
    settle(a, b)
    a.block(stranger.keys.node)
    settle(a, b)
    assert a.digest() != b.digest()
    assert meet(a, b).round_trips == 1
    assert meet(b, a).round_trips == 1
    say(b, "news")
    assert meet(a, b).round_trips <= 4
    assert "news" in a.app.said()
    settle(a, b)
    assert meet(a, b).round_trips == 1


def test_a_blocked_node_that_was_never_heard_of_costs_nothing_for_ever(make_log):
    a, b, bad = make_log("a"), make_log("b"), make_log("bad")
    trust(a, b)
    a.block(bad.keys.node)
    listen(b, bad)
    say_many(bad, 50)
    give(bad, b)
    settle(a, b)
    assert meet(a, b).round_trips == 1
    assert meet(b, a).round_trips == 1
    say(b, "news")
    outcome = meet(a, b)
    assert a.app.said() == ["news"] and outcome.server.sent < 5


def test_a_node_that_is_blocked_while_its_log_is_wanted_does_not_keep_the_others_waiting(make_log):
    limits = Limits(frame_bytes_start=1000, frame_bytes_max=1000, range_entries_max=4)
    a, b, bad = make_log("a", limits=limits), make_log("b", limits=limits), make_log("bad")
    trust(a, b)
    listen(b, bad)
    say_many(bad, 100)
    say_many(b, 30)
    give(bad, b)

    def meanwhile(turn: int) -> None:
        if turn == 5:
            b.block(bad.keys.node)

    outcome = meet(a, b, between=meanwhile)
    assert outcome.round_trips < 30
    settle(a, b)
    assert len([text for text in b.app.said() if "bulk" in text]) == 30
    assert set(b.app.said()) <= set(a.app.said())


# cost


def crowd(count: int) -> tuple:
    """Two nodes that hold the same logs of so many teams."""
    a, b = new_log("a"), new_log("b")
    trust(a, b)
    for n in range(count):
        team = new_log(f"team {n}")
        listen(a, team)
        say(team, n)
        give(team, a)
        team.db.close()
    meet(b, a)
    meet(a, b)
    assert a.digest() == b.digest()
    return a, b


def test_300_logs_with_few_differences_cost_in_proportion_to_the_differences():
    a, b = crowd(300)
    a.memory, b.memory = Memory(), Memory()
    listing = len(encode(Message(heads=[tuple(leaf) for leaf in a.leaves()])))
    costs = []
    for news in (1, 4, 16):
        for n in range(news):
            team = new_log(f"new team {news} {n}")
            listen(b, team)
            give(team, b)
            team.db.close()
        a.memory, b.memory = Memory(), Memory()
        outcome = meet(a, b)
        costs.append(outcome.bytes)
        assert a.digest() == b.digest() and outcome.round_trips <= 7
    assert costs[0] < listing / 4
    assert costs[0] < costs[1] < costs[2] < 16 * costs[0]
    a.memory, b.memory = Memory(), Memory()
    assert meet(a, b).bytes < listing / 50, "nothing new, and no cursor"
    say(b, "one more")
    assert meet(a, b).bytes < listing / 20, "with a cursor"


def test_more_logs_than_fit_into_a_message_come_over_several():
    a, b = crowd(150)
    limits = Limits(heads_max=32, wants_max=16)
    a.limits = limits
    late, early = new_log("late", limits=limits), new_log("early", limits=limits)
    trust(late, a)
    outcome = meet(late, a)
    assert late.counts()[1] == a.counts()[1] and not outcome.client.refused
    assert meet(late, a).round_trips < 4
    for n in range(80):
        team = new_log(f"second {n}")
        listen(early, team)
        give(team, early)
        team.db.close()
    trust(early, late, a)
    assert not meet(early, late).client.refused
    settle(a, early, late)
    assert agree(a, early, late)
    for log in (a, b, late, early):
        log.db.close()


# hostile and broken messages


def machine_at(turn: int):
    """A fresh pair, played up to the message `turn`: (the side that gets it, its log, the message)."""
    a, b = new_log("a"), new_log("b")
    trust(a, b)
    say_many(a, 5)
    say_many(b, 5)
    client, server = sides(a, b)
    body = client.open()
    for n in range(turn):
        body = (server, client)[n % 2].receive(body)
        if body is None:
            return None
    return (server, client)[turn % 2], (b, a)[turn % 2], body


def survives(machine: Exchange, log, body: bytes) -> bool:
    """Feed one message: True where it was taken; a Problem leaves the store as it was. Anything else fails the test."""
    machine.work()
    before = state(log)
    try:
        machine.receive(body)
        machine.work()
    except Problem as problem:
        assert problem.what
        assert state(log) == before
        return False
    assert log.verify() == []
    return True


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.integers(0, 4), st.binary(max_size=200))
def test_random_bytes_are_a_problem_and_change_nothing(turn, body):
    machine, log, _ = machine_at(turn)
    before = state(log)
    if survives(machine, log, body):
        assert isinstance(msgspec.msgpack.decode(body), dict), "only words that mean nothing can be read"
    assert state(log) == before


@hypothesis_settings(deadline=None, max_examples=150)
@given(st.integers(0, 5), st.randoms(use_true_random=False))
def test_a_message_with_damaged_bytes_is_taken_or_a_problem(turn, rnd):
    played = machine_at(turn)
    if played is None:
        return
    machine, log, body = played
    damaged = bytearray(body)
    for _ in range(rnd.randrange(1, 4)):
        how = rnd.random()
        at = rnd.randrange(len(damaged))
        if how < 0.6:
            damaged[at] = rnd.randrange(256)
        elif how < 0.8:
            del damaged[at : at + rnd.randrange(1, 20)]
        else:
            damaged[at:at] = rnd.randbytes(rnd.randrange(1, 9))
        damaged = damaged or bytearray(b"\x00")
    survives(machine, log, bytes(damaged))


NUMBERS = st.sampled_from(
    [-(2**63), -1, 0, 1, 2, 3, 7, 2**31, 2**32 - 1, 2**62 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
)
HEADS = st.tuples(st.binary(max_size=2).map(lambda b: b.ljust(32, b"x")) | st.binary(max_size=33), NUMBERS, st.binary())
HAVES = st.lists(st.tuples(NUMBERS, st.binary(max_size=9)), max_size=4)
CURSORS = st.none() | st.tuples(st.binary(min_size=8, max_size=8) | st.binary(max_size=9), NUMBERS)


SPANS = st.tuples(st.binary(max_size=34), st.none() | st.binary(max_size=20) | st.lists(HEADS, max_size=2))


@st.composite
def hostile(draw):
    """Well-formed MessagePack with the right letters and any numbers."""
    return {
        "r": draw(st.binary(max_size=32)),
        "c": draw(NUMBERS),
        "k": draw(CURSORS),
        "a": draw(CURSORS),
        "s": draw(st.booleans()),
        "e": draw(st.binary(max_size=32)),
        "h": draw(st.lists(HEADS, max_size=3)),
        "p": draw(
            st.lists(
                st.tuples(st.binary(max_size=34), st.none() | st.binary(max_size=20) | st.lists(HEADS, max_size=2)),
                max_size=4,
            )
        ),
        "w": draw(st.lists(st.tuples(NUMBERS, HAVES), max_size=3)),
        "m": draw(st.lists(st.tuples(NUMBERS, HAVES), max_size=3)),
        "f": draw(st.lists(st.binary(max_size=60), max_size=2)),
        "b": draw(NUMBERS),
    }


@hypothesis_settings(deadline=None, max_examples=200)
@given(st.integers(0, 4), hostile(), st.sets(st.sampled_from("rckasehpwmfb")))
def test_a_message_with_hostile_values_is_taken_or_a_problem(turn, fields, kept):
    machine, log, _ = machine_at(turn)
    survives(machine, log, msgspec.msgpack.encode({name: fields[name] for name in kept}))


@hypothesis_settings(deadline=None, max_examples=100)
@given(st.integers(1, 5), hostile(), st.sampled_from("rckaehpwmfb"))
def test_an_honest_message_with_one_hostile_field_is_taken_or_a_problem(turn, fields, name):
    played = machine_at(turn)
    if played is None:
        return
    machine, log, body = played
    survives(machine, log, msgspec.msgpack.encode(msgspec.msgpack.decode(body) | {name: fields[name]}))


@pytest.mark.parametrize(
    "fields",
    [
        {"h": [(b"short", 1, b"x" * 32)]},
        {"h": [(b"x" * 32, -1, b"x" * 32)]},
        {"h": [(b"x" * 32, 2**63, b"x" * 32)]},
        {"p": [(b"", None)]},
        {"p": [(b"x" * 34, None)]},
        {"p": [(b"b", b"y"), (b"a", b"z")]},
        {"w": [(5, [])]},
        {"w": [(-1, [])]},
        {"f": [b"nonsense"]},
        {"f": [b""]},
        {"a": (b"short", 1)},
        {"k": (b"8 bytes!", -1)},
        {"a": (b"8 bytes!", 2**63)},
        {"c": 2**64 - 1},
        {"s": True},
        {"f": [b""] * 5},
        {"w": [(0, [(n, b"x") for n in range(65)])]},
        {"h": "text"},
        {"zz": 1, "h": 5},
    ],
    ids=str,
)
def test_a_message_that_breaks_a_rule_is_a_problem_for_a_server(make_log, fields):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    say(b, "water")
    client, server = sides(a, b)
    server.receive(client.open())
    before = state(b)
    with pytest.raises(Problem):
        server.receive(msgspec.msgpack.encode(fields))
    assert state(b) == before


@pytest.mark.parametrize(
    ("message", "limits"),
    [
        (Message(heads=[(b"x" * 32, 0, b"x" * 32)] * 3), Limits(heads_max=2)),
        (Message(spans=[(b"a", [(b"x" * 32, 0, b"x" * 32)] * 3)]), Limits(heads_max=2)),
        (Message(spans=[(bytes([n]), b"p") for n in range(1, 4)]), Limits(spans_max=2)),
        (Message(wants=[(0, [])] * 3), Limits(wants_max=2)),
        (Message(samples=[(0, [])] * 3), Limits(wants_max=2)),
        (Message(frames=[b"f"] * 3), Limits(frames_max=2)),
        (Message(root=b"r" * 100), Limits(message_bytes_max=99)),
    ],
)
def test_a_message_past_a_bound_is_too_large(message, limits):
    assert decode(encode(message), DEFAULT) == message
    with pytest.raises(Problem) as caught:
        decode(encode(message), limits)
    assert caught.value.status == 413


def test_a_deeply_nested_message_is_a_problem():
    with pytest.raises(Malformed):
        decode(b"\x81\xa1h" + b"\x91" * 100_000, DEFAULT)


def test_an_exchange_takes_a_bounded_number_of_turns(make_log):
    a, b = make_log("a", limits=Limits(round_trips_max=5)), make_log("b")
    machine = Exchange(a, b.keys.node, a.memory)
    for _ in range(5):
        machine.receive(encode(Message(root=b"r" * 16)))
    with pytest.raises(TooMany):
        machine.receive(encode(Message(root=b"r" * 16)))


def test_a_server_that_offers_what_it_never_sends_is_given_up(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    client = Exchange(a, b.keys.node, a.memory)
    body, turns = client.open(), 0
    while body is not None:
        turns += 1
        assert turns < 10
        false = [(b"L" * 32, 5, b"H" * 32)] if turns == 1 else []
        body = client.receive(encode(Message(root=b"r" * 16, at=(b"8 bytes!", 7), heads=false)))
    assert client.report.refused
    assert a.memory.held(b.keys.node) is None, "what was offered isn't held"


def test_a_server_that_lies_about_a_head_is_given_up(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    say(b, "water")
    client, server = sides(a, b)
    body = server.receive(client.open())
    honest = decode(body, DEFAULT)
    leaves = [(log, seq, b"F" * 32) for log, seq, _ in (span for _, named in honest.spans for span in named or ())]
    lie = msgspec.structs.replace(honest, spans=[(honest.spans[0][0], leaves)])
    body, turns = client.receive(encode(lie)), 0
    while body is not None:
        turns += 1
        assert turns < 20
        body = client.receive(server.receive(body))
    assert client.report.refused or agree(a, b)


def test_a_bomb_in_a_frame_costs_its_bound_and_changes_nothing(pair):
    a, b = pair
    client, server = sides(a, b)
    server.receive(client.open())
    before = state(b)
    bomb = zstandard.ZstdCompressor().compress(bytes(200 * 1024 * 1024))
    with pytest.raises(Problem) as caught:
        server.receive(encode(Message(frames=[bomb])))
    assert caught.value.status == 413
    assert state(b) == before


def test_the_words_of_a_message_are_single_letters():
    names = msgspec.msgpack.decode(
        encode(Message(b"r", 1, (b"s", 1), (b"s", 1), True, b"e", [], [(b"a", None)], [(0, [])], [(0, [])], [b"f"], 1))
    )
    assert all(len(name) == 1 for name in names)
    assert encode(Message()) == b"\x80"
    assert messages.decode(b"\x80", DEFAULT) == Message()


def test_frames_for_logs_that_were_not_announced_are_refused(pair):
    a, b = pair
    say(a, "water")
    client, server = sides(a, b)
    server.receive(client.open())
    before = state(b)
    with pytest.raises(Malformed):
        server.receive(encode(Message(frames=[pack([make([b"{}"], ref=99)])])))
    assert state(b) == before


def test_a_recorded_opening_that_is_played_again_changes_nothing():
    anna, ben = new_log(1), new_log(2)
    trust(anna, ben)
    settle(anna, ben)
    recording = Exchange(anna, ben.keys.node, anna.memory).open()
    assert Exchange(ben, anna.keys.node, ben.memory).receive(recording)
    noted = ben.heard()[anna.keys.node]
    ben.clock.ms += 3_600_000
    before = state(ben), ben.memory.given(anna.keys.node), ben.heard()
    assert Exchange(ben, anna.keys.node, ben.memory).receive(recording)
    assert (state(ben), ben.memory.given(anna.keys.node), ben.heard()) == before
    assert ben.heard()[anna.keys.node] == noted


def test_a_later_opening_of_a_frozen_clock_still_counts():
    anna, ben = new_log(1), new_log(2)
    trust(anna, ben)
    settle(anna, ben)
    ben.clock.ms += 60_000
    settle(anna, ben)
    assert ben.heard()[anna.keys.node] == ben.clock.ms


@pytest.mark.parametrize("message", range(6))
def test_what_is_written_while_all_is_being_compared_is_not_taken_for_a_settled_difference(pair, message):
    a, b = pair
    settle(a, b)
    say(a, "from a")
    say(b, "from b")
    a.memory.held_of, b.memory.held_of = {}, {}  # nothing but a comparison of all can tell what is new
    meet(a, b, between=lambda n: say(b, "meanwhile") if n == message else None)
    meet(a, b)
    assert a.app.said() == ["from a", "from b", "meanwhile"]
    assert agree(a, b)
