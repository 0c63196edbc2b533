"""Bundles: a file in somebody's pocket may be cut, scratched, swapped or found by a stranger."""

import random

import pytest

from sync import bundle
from sync.errors import Conflict, Malformed, NotFound, Problem, Refused, Unsupported
from sync.limits import Limits
from tests.sync.conftest import agree, listen, meet, say, say_many, state, trust

SMALL_PARTS = Limits(parcel_bytes=2000, range_entries_max=8)


@pytest.fixture
def two(make_log):
    """A writer with many small chunks, and a reader."""
    a, b = make_log("a", limits=SMALL_PARTS), make_log("b")
    trust(a, b)
    return a, b


@pytest.fixture
def stick(tmp_path):
    return tmp_path / "stick.bundle"


def take(log, path):
    return bundle.read(log, log.memory, path)


def put(log, path, for_log=None):
    return bundle.write(log, log.memory, path, for_log.keys.node if for_log else None)


def test_what_one_node_wrote_another_reads(two, stick):
    a, b = two
    say_many(a, 40)
    written = put(a, stick)
    assert written == {"entries": a.counts()[0], "bytes": stick.stat().st_size, "recipients": 1}
    found = take(b, stick)
    assert (found["received"], found["missing"]) == (a.counts()[0], [])
    assert len(b.app.said()) == 40


def test_two_nodes_agree_when_a_bundle_went_each_way(two, stick):
    a, b = two
    say(a, "from a")
    say(b, "from b")
    put(a, stick)
    take(b, stick)
    put(b, stick)
    take(a, stick)
    assert agree(a, b)


def test_news_crosses_by_a_bundle_where_the_third_was_never_met(trio, stick):
    a, b, c = trio
    say(a, "from a")
    meet(b, a)
    put(b, stick, c)
    take(c, stick)
    assert c.app.said() == ["from a"]


def test_reading_a_bundle_twice_does_no_harm(two, stick):
    a, b = two
    say_many(a, 40)
    put(a, stick)
    first = take(b, stick)
    before = state(b)
    second = take(b, stick)
    assert (second["received"], second["duplicates"], second["missing"]) == (0, first["received"], [])
    assert state(b) == before


def test_a_bundle_for_one_node_holds_only_what_it_does_not_have(make_log, stick):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    say_many(a, 500)
    meet(b, a)
    meet(b, a)
    say(a, "news")
    written = put(a, stick, b)
    assert written["entries"] < 5
    assert take(b, stick)["received"] == 1
    assert agree(a, b)


def test_an_exchange_after_a_bundle_has_little_left_to_do(two, stick):
    a, b = two
    say_many(a, 200)
    put(a, stick)
    take(b, stick)
    assert meet(b, a).client.received == 0
    assert agree(a, b)


def test_a_bundle_without_a_name_on_it_is_read_by_all_whom_the_writer_knows(make_log, stick):
    a, b, c = (make_log(name) for name in "abc")
    trust(a, b, c)
    say(a, "hello")
    assert put(a, stick)["recipients"] == 2
    assert [take(log, stick)["missing"] for log in (b, c)] == [[], []]
    assert b.app.said() == c.app.said() == ["hello"]


# people whom it is not for


def test_a_bundle_for_one_node_is_refused_to_another(trio, stick):
    a, b, c = trio
    say(a, "for b")
    put(a, stick, b)
    before = state(c)
    with pytest.raises(Refused) as caught:
        take(c, stick)
    assert "isn't for this node" in caught.value.what
    assert state(c) == before


def test_the_writer_itself_is_no_recipient(two, stick):
    a, _ = two
    put(a, stick)
    with pytest.raises(Refused):
        take(a, stick)


def test_a_finder_sees_neither_texts_nor_names(two, stick):
    a, b = two
    say(a, "insulin at the school")
    put(a, stick)
    content = stick.read_bytes()
    for secret in (b"insulin", a.keys.node, b.keys.node, a.keys.node[:8], b.keys.agree, a.network):
        assert secret not in content


def test_a_bundle_of_a_stranger_is_refused(make_log, stick):
    a, b = make_log("a"), make_log("b")
    listen(a, b)
    say(a, "hello")
    put(a, stick)
    before = state(b)
    with pytest.raises(Refused) as caught:
        take(b, stick)
    assert "unknown or blocked" in caught.value.what
    assert state(b) == before


def test_a_bundle_of_a_blocked_node_is_refused(two, stick):
    a, b = two
    say(a, "hello")
    put(a, stick)
    b.block(a.keys.node)
    before = state(b)
    with pytest.raises(Refused):
        take(b, stick)
    assert state(b) == before


def test_a_bundle_of_another_network_is_refused(make_log, stick):
    a, b = make_log("a"), make_log("b", network=b"another network!")
    listen(a, b)
    listen(b, a)
    put(a, stick)
    with pytest.raises(Refused):
        take(b, stick)


def test_nobody_to_write_for_is_said_so_and_leaves_no_file(make_log, stick):
    a = make_log("a")
    with pytest.raises(Conflict):
        put(a, stick)
    with pytest.raises(NotFound):
        bundle.write(a, a.memory, stick, b"x" * 32)
    assert list(stick.parent.iterdir()) == []


# accidents


def chunks_of(path) -> list[int]:
    """Where each chunk begins."""
    content, found, at = path.read_bytes(), [], 0
    while (at := content.find(bundle.MARK, at)) >= 0:
        found.append(at)
        at += 1
    return found


def damage(path, at: int, size: int = 3) -> None:
    content = bytearray(path.read_bytes())
    for place in range(at, at + size):
        content[place] ^= 0xFF
    path.write_bytes(bytes(content))


def test_a_bundle_with_a_damaged_chunk_in_the_middle_gives_all_others(make_log, stick):
    """Nine logs, so that what is in other chunks doesn't hang on the damaged one."""
    hub, reader = make_log("hub", limits=SMALL_PARTS), make_log("reader")
    teams = [make_log(f"team {n}", limits=SMALL_PARTS) for n in range(8)]
    trust(hub, reader, *teams)
    for n, team in enumerate(teams):
        say_many(team, 20, f"team {n}")
        meet(hub, team)
    put(hub, stick, reader)
    starts = chunks_of(stick)
    assert len(starts) > 6
    damage(stick, starts[len(starts) // 2] + 60)
    found = take(reader, stick)
    assert 0 < found["received"] < hub.counts()[0]
    assert any("damaged" in text for text in found["missing"])
    assert reader.verify() == []
    assert reader.memory.held(hub.keys.node) is None
    put(hub, stick, reader)
    assert take(reader, stick)["missing"] == []
    assert len(reader.app.said()) == 160


@pytest.mark.parametrize("part", ["mark", "index", "last", "length", "tag"])
def test_damage_to_any_part_of_a_chunk_costs_that_chunk_alone(two, stick, part):
    a, b = two
    say_many(a, 60)
    put(a, stick)
    starts = chunks_of(stick)
    offset = {"mark": 2, "index": 9, "last": 12, "length": 15, "tag": starts[-1] - starts[-2] - 2}[part]
    damage(stick, starts[-2] + offset, 1)
    found = take(b, stick)
    assert found["received"] > 0 and found["missing"]
    assert b.verify() == []


@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_truncated_bundle_gives_what_is_there_and_says_that_something_is_missing(two, stick, tenths):
    a, b = two
    say_many(a, 60)
    put(a, stick)
    content, first = stick.read_bytes(), chunks_of(stick)[0]
    end, ends = first + (len(content) - first) * tenths // 10, [*chunks_of(stick)[1:], len(content)]
    stick.write_bytes(content[:end])
    parts = sum(at <= end for at in ends)
    if parts:
        (said,) = take(b, stick)["missing"]
        assert "damaged or cut off" in said and f"{parts} part" in said
    else:
        with pytest.raises(Malformed, match="Nothing of this file can be read"):
            take(b, stick)
    assert b.memory.held(a.keys.node) is None
    assert b.verify() == []
    stick.write_bytes(content)
    assert take(b, stick)["missing"] == []
    assert len(b.app.said()) == 60


def test_a_bundle_whose_last_chunk_is_cut_off_does_not_pass_for_whole(two, stick):
    a, b = two
    say_many(a, 60)
    put(a, stick)
    stick.write_bytes(stick.read_bytes()[: chunks_of(stick)[-1]])
    assert take(b, stick)["missing"]
    assert b.memory.held(a.keys.node) is None


def test_chunks_in_another_order_or_twice_do_no_harm(two, stick):
    a, b = two
    say_many(a, 60)
    put(a, stick)
    content, starts = stick.read_bytes(), chunks_of(stick)
    ends = [*starts[1:], len(content)]
    pieces = [content[start:end] for start, end in zip(starts, ends, strict=True)]
    stick.write_bytes(content[: starts[0]] + pieces[1] + pieces[0] + pieces[0] + b"".join(pieces[2:]))
    found = take(b, stick)
    assert found["missing"]
    assert b.verify() == []


def test_chunks_of_another_file_are_not_taken_for_this_ones(two, stick):
    a, b = two
    say_many(a, 30)
    put(a, stick)
    first = stick.read_bytes()
    head = chunks_of(stick)[0]
    put(a, stick)
    stick.write_bytes(first[:head] + stick.read_bytes()[head:])
    before = state(b)
    with pytest.raises(Malformed, match="Nothing of this file can be read"):
        take(b, stick)
    assert state(b) == before


@pytest.mark.parametrize("at", [8, 9, 30, 150])
def test_a_damaged_beginning_is_said_so(two, stick, at):
    a, b = two
    put(a, stick)
    damage(stick, at, 1)
    before = state(b)
    with pytest.raises(Malformed):
        take(b, stick)
    assert state(b) == before


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a spreadsheet", b"bktlbdl\x02", bytes(5000)])
def test_what_is_no_bundle_is_unsupported(two, stick, content):
    _, b = two
    stick.write_bytes(content)
    with pytest.raises(Unsupported):
        take(b, stick)


def test_a_file_of_nothing_but_marks_is_given_up(two, stick):
    a, b = two
    put(a, stick)
    content = stick.read_bytes()[: chunks_of(stick)[0]]
    mark = bundle.MARK + (0).to_bytes(4, "big") + b"\0" + (100_000).to_bytes(4, "big")
    stick.write_bytes(content + mark * 20_000)
    before = state(b)
    with pytest.raises(Malformed, match="Nothing of this file can be read"):
        take(b, stick)
    assert state(b) == before


def test_random_damage_never_brings_more_than_a_problem(two, stick):
    a, b = two
    say_many(a, 60)
    put(a, stick)
    whole, rng = stick.read_bytes(), random.Random(7)
    for _ in range(40):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 5)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        stick.write_bytes(bytes(content[: rng.randint(0, len(content))]))
        try:
            take(b, stick)
        except Problem as problem:
            assert problem.status in (400, 403, 415)
    assert b.verify() == []
    assert set(b.app.said()) <= set(a.app.said())


# files


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(two, stick, monkeypatch):
    a, _ = two
    put(a, stick)
    before = stick.read_bytes()

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "_write_chunk", broken)
    with pytest.raises(Problem) as caught:
        put(a, stick)
    assert caught.value.status == 507
    assert stick.read_bytes() == before
    assert list(stick.parent.iterdir()) == [stick]


def test_a_bundle_does_not_replace_a_file_that_is_none(two, stick):
    a, _ = two
    stick.write_bytes(b"the only copy of the stock list")
    with pytest.raises(Conflict):
        put(a, stick)
    assert stick.read_bytes() == b"the only copy of the stock list"


def test_a_file_or_folder_that_is_not_there_is_said_so(two, stick):
    a, _ = two
    with pytest.raises(NotFound):
        take(a, stick)
    with pytest.raises(NotFound):
        put(a, stick.parent / "no such folder" / "x.bundle")
