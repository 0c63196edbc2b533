"""The exchange through a file: each part is complete in itself, and a cursor moves only where nothing was missing."""

import random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sync.errors import Malformed, Problem
from sync.limits import DEFAULT, Limits
from sync.messages import decode
from sync.parcel import incoming, outgoing

from .conftest import agree, clone, give, listen, meet, new_log, restored, say, say_many, settle, snapshot, state, trust

SMALL = Limits(parcel_bytes=1500, range_entries_max=8)


@pytest.fixture
def writer(make_log):
    """A node with much to tell, in many small parts."""
    log = make_log("writer", limits=SMALL)
    say_many(log, 60)
    return log


def reader_of(make_log, *writers):
    """A node that trusts the writers and holds nothing of them."""
    log = make_log("reader")
    for writer in writers:
        listen(log, writer)
    return log


def read(log, writer, bodies):
    """Take a file in."""
    return incoming(log, log.memory, writer.keys.node, bodies)


def test_a_whole_file_brings_all_and_moves_the_cursor(make_log, writer):
    bodies = list(outgoing(writer, None))
    assert len(bodies) > 4
    reader = reader_of(make_log, writer)
    result = read(reader, writer, bodies)
    assert (result.received, result.duplicates, result.missing) == (61, 0, [])
    assert reader.memory.held(writer.keys.node) == (writer.store_id, writer.tick())
    assert len(reader.app.said()) == 60 and reader.verify() == []


def test_reading_a_file_twice_changes_nothing(make_log, writer):
    bodies = list(outgoing(writer, None))
    reader = reader_of(make_log, writer)
    read(reader, writer, bodies)
    before = state(reader)
    result = read(reader, writer, bodies)
    assert (result.received, result.duplicates, result.missing) == (0, 61, [])
    assert state(reader) == before


def test_a_file_since_a_cursor_brings_only_what_is_new(make_log, writer):
    reader = reader_of(make_log, writer)
    read(reader, writer, list(outgoing(writer, None)))
    say(writer, "news")
    bodies = list(outgoing(writer, reader.memory.held(writer.keys.node)))
    assert sum(map(len, bodies)) < 500
    result = read(reader, writer, bodies)
    assert (result.received, result.duplicates, result.missing) == (1, 0, [])
    assert reader.memory.held(writer.keys.node) == (writer.store_id, writer.tick())


def test_a_file_with_nothing_new_says_so(make_log, writer):
    reader = reader_of(make_log, writer)
    read(reader, writer, list(outgoing(writer, None)))
    bodies = list(outgoing(writer, reader.memory.held(writer.keys.node)))
    assert len(bodies) == 1
    assert read(reader, writer, bodies).missing == []


def test_each_lost_part_costs_only_itself_and_keeps_the_cursor_back(make_log, writer):
    bodies = list(outgoing(writer, None))
    for lost in range(len(bodies)):
        reader = new_log(f"reader {lost}")
        listen(reader, writer)
        result = read(reader, writer, [*bodies[:lost], None, *bodies[lost + 1 :]])
        assert result.missing and all("Refused" not in text for text in result.missing)
        assert reader.memory.held(writer.keys.node) is None
        assert reader.verify() == []
        again = read(reader, writer, bodies)
        assert again.received + result.received == 61 and again.missing == []
        reader.db.close()


def test_a_file_that_ends_early_gives_what_is_in_it(make_log, writer):
    bodies = list(outgoing(writer, None))
    reader = reader_of(make_log, writer)
    result = read(reader, writer, bodies[:3])
    assert 0 < result.received < 61 and result.missing
    assert reader.memory.held(writer.keys.node) is None


def test_a_file_of_which_nothing_is_left_is_refused(make_log, writer):
    reader = reader_of(make_log, writer)
    for bodies in ([], [None, None]):
        with pytest.raises(Malformed, match="Nothing of this file"):
            read(reader, writer, bodies)


def test_a_file_that_starts_later_than_the_reader_is_does_not_move_the_cursor(make_log, writer):
    late = (writer.store_id, writer.tick())
    say(writer, "news")
    reader = reader_of(make_log, writer)
    result = read(reader, writer, list(outgoing(writer, late)))
    assert result.missing and result.received == 0
    assert reader.memory.held(writer.keys.node) is None


def test_a_file_that_starts_later_may_bring_other_logs_whole(make_log, writer):
    late = (writer.store_id, writer.tick())
    other = make_log("other")
    listen(writer, other)
    say(other, "hello")
    meet(writer, other)
    reader = reader_of(make_log, writer, other)
    result = read(reader, writer, list(outgoing(writer, late)))
    assert reader.app.said() == ["hello"]
    assert result.missing and reader.memory.held(writer.keys.node) is None


def test_an_old_file_does_not_take_a_cursor_back(make_log, writer):
    reader = reader_of(make_log, writer)
    old = list(outgoing(writer, None))
    say(writer, "news")
    meet(reader, writer)
    cursor = reader.memory.held(writer.keys.node)
    assert cursor is not None
    read(reader, writer, old)
    assert reader.memory.held(writer.keys.node) == cursor


def test_a_cursor_of_an_earlier_store_brings_all(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    kept = snapshot(a)
    say(a, "lost")
    settle(a, b)
    back = restored(a, kept)
    say(back, "new")
    bodies = list(outgoing(back, b.memory.held(a.keys.node)))
    assert read(b, back, bodies).missing == []
    assert b.app.said() == ["lost", "new"]
    assert b.memory.held(a.keys.node) == (back.store_id, back.tick())


def test_logs_that_came_to_be_shown_since_the_cursor_come_whole(make_log):
    writer, stranger = make_log("writer"), make_log("stranger")
    say_many(stranger, 20)
    give(stranger, writer)
    reader = reader_of(make_log, writer)
    read(reader, writer, list(outgoing(writer, None)))
    assert reader.app.said() == []
    writer.accept(stranger.keys.node)
    result = read(reader, writer, list(outgoing(writer, reader.memory.held(writer.keys.node))))
    assert result.missing == [] and len(reader.app.said()) == 20


def test_forks_travel_in_a_file(make_log):
    hub, author = make_log("hub", limits=SMALL), make_log("author", limits=SMALL)
    trust(hub, author)
    say_many(author, 20)
    copy = clone(author)
    say_many(author, 20, "one")
    say_many(copy, 20, "two")
    meet(hub, author)
    meet(hub, copy)
    reader = reader_of(make_log, hub)
    result = read(reader, hub, list(outgoing(hub, None)))
    assert result.missing == []
    assert reader.app.said() == hub.app.said() and len(reader.app.said()) == 60


def test_a_fork_since_the_cursor_travels_in_a_file(make_log):
    hub, author = make_log("hub"), make_log("author")
    trust(hub, author)
    say_many(author, 20)
    copy = clone(author)
    say_many(author, 5, "one")
    meet(hub, author)
    reader = reader_of(make_log, hub)
    read(reader, hub, list(outgoing(hub, None)))
    say_many(copy, 5, "two")
    meet(hub, copy)
    result = read(reader, hub, list(outgoing(hub, reader.memory.held(hub.keys.node))))
    assert result.missing == [] and reader.app.said() == hub.app.said()


def test_files_both_ways_make_two_nodes_equal(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    for turn in range(3):
        say(a, f"a {turn}")
        say(b, f"b {turn}")
        assert read(b, a, list(outgoing(a, b.memory.held(a.keys.node)))).missing == []
        assert read(a, b, list(outgoing(b, a.memory.held(b.keys.node)))).missing == []
        assert agree(a, b)
    assert meet(a, b).round_trips == 1


def test_a_file_for_a_reader_who_blocks_one_of_its_authors_brings_the_rest(make_log):
    writer, bad = make_log("writer"), make_log("bad")
    listen(writer, bad)
    say(bad, "lie")
    say(writer, "news")
    meet(writer, bad)
    reader = reader_of(make_log, writer)
    reader.block(bad.keys.node)
    read(reader, writer, list(outgoing(writer, None)))
    assert reader.app.said() == ["news"]
    assert reader.memory.held(writer.keys.node) == (writer.store_id, writer.tick()), "nothing that it wants is missing"


def test_what_is_written_while_a_file_is_made_comes_in_it_or_after_its_cursor(make_log, writer):
    parts = outgoing(writer, None)
    bodies = [next(parts)]
    say(writer, "meanwhile")
    bodies += parts
    assert writer.fence.read() == (writer.own, 61)
    reader = reader_of(make_log, writer)
    assert read(reader, writer, bodies).missing == []
    read(reader, writer, list(outgoing(writer, reader.memory.held(writer.keys.node))))
    assert "meanwhile" in reader.app.said() and len(reader.app.said()) == 61


def test_parts_in_another_order_give_what_can_be_had_and_say_what_is_missing(make_log, writer):
    bodies = list(outgoing(writer, None))
    reader = reader_of(make_log, writer)
    parts = bodies[:-1]
    random.Random(3).shuffle(parts)
    result = read(reader, writer, [*parts, bodies[-1]])
    assert result.missing and reader.memory.held(writer.keys.node) is None
    for _ in range(len(bodies)):
        result = read(reader, writer, [*parts, bodies[-1]])
    assert result.missing == [] and len(reader.app.said()) == 60


def test_the_writers_fence_is_raised_before_its_head_leaves(writer):
    writer.fence.held = None
    next(outgoing(writer, None))
    assert writer.fence.read() == (writer.own, 60)


def test_every_part_is_bounded(writer):
    for body in outgoing(writer, None):
        message = decode(body, DEFAULT)
        assert len(message.frames) <= 1 and len(body) < 3000


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=False))
def test_a_damaged_part_is_taken_or_a_problem(rnd):
    writer, reader = new_log("writer"), new_log("reader")
    listen(reader, writer)
    say_many(writer, 10)
    bodies = [bytearray(body) for body in outgoing(writer, None)]
    for _ in range(rnd.randrange(1, 4)):
        body = rnd.choice(bodies)
        body[rnd.randrange(len(body))] = rnd.randrange(256)
    try:
        read(reader, writer, [bytes(body) for body in bodies])
    except Problem as problem:
        assert problem.what
    assert reader.verify() == []
    meet(reader, writer)
    assert len(reader.app.said()) == 10
    for log in (writer, reader):
        log.db.close()


def test_a_file_that_goes_on_from_what_an_old_disk_has_lost_says_so(trio):
    a, b, c = trio
    settle(a, b)
    kept = snapshot(b)
    say(c, "one")
    meet(c, a)
    meet(b, a)
    meet(b, a)
    back = restored(b, kept)
    back.memory.held_of = {}
    found = incoming(back, back.memory, a.keys.node, outgoing(a, a.memory.given(b.keys.node)))
    assert found.missing, "the log of c isn't here, and the file doesn't bring it"
    assert back.memory.held(a.keys.node) is None
