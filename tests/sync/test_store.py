"""The rows: what is written can be found, and what is damaged on the disk is told by `verify`."""

import pytest

from sync.errors import Malformed
from sync.rows import from_claimed, from_lamport, number, place, to_claimed, to_lamport

from .conftest import give, listen, meet, say, say_many, settle, trust


def damage(log, sql: str, *values: object) -> list[str]:
    """Change rows behind the log's back, and what `verify` says of it."""
    assert log.verify() == []
    log.db.connection().execute(sql, values)
    log.store.forget()
    return log.verify()


@pytest.fixture
def hub(make_log):
    """A node with an own log, a long one that came in bulk, and a fork of it."""
    log, author = make_log("hub"), make_log("author")
    listen(log, author)
    say(log, "mine", "mine too")
    say_many(author, 40)
    give(author, log)
    return log


def test_an_intact_store_verifies(hub):
    assert hub.verify() == []


def test_progress_counts_the_entries(hub):
    told = []
    hub.verify(told.append)
    assert told[-1] == hub.counts()[0] == 1 + 1 + 2 + 41


DAMAGES = {
    "a changed payload": "UPDATE entry SET payload = X'7b7d', chunk = NULL WHERE n = (SELECT min(n) + 2 FROM entry)",
    "a changed clock": "UPDATE entry SET claimed = X'8000000000000001' WHERE n = (SELECT min(n) + 2 FROM entry)",
    "a changed lamport time": "UPDATE entry SET lamport = X'00000000000FFFFF' WHERE n = (SELECT max(n) FROM entry)",
    "a changed id": "UPDATE entry SET id = zeroblob(32) WHERE n = (SELECT max(n) - 3 FROM entry)",
    "a lost entry": "DELETE FROM entry WHERE n = (SELECT max(n) - 3 FROM entry)",
    "a lost end": "DELETE FROM entry WHERE n = (SELECT max(n) FROM entry)",
    "a lost beginning": "DELETE FROM entry WHERE n = (SELECT min(n) FROM entry)",
    "a changed signature": "UPDATE entry SET sig = zeroblob(64) WHERE n = (SELECT max(n) FROM entry)",
    "a lost signature": "UPDATE entry SET sig = NULL WHERE n = (SELECT max(n) FROM entry)",
    "another author": "UPDATE log SET node = zeroblob(32) WHERE no = 2",
    "a changed head": "UPDATE branch SET head = zeroblob(32) WHERE no = 2",
    "a branch said to be longer": "UPDATE branch SET seq = seq + 1 WHERE no = 2",
    "a branch said to be shorter": "UPDATE branch SET seq = seq - 1 WHERE no = 2",
    "a damaged chunk": "UPDATE chunk SET packed = zeroblob(10)",
    "a lost chunk": "DELETE FROM chunk",
}


@pytest.mark.parametrize("sql", DAMAGES.values(), ids=DAMAGES)
def test_damage_on_the_disk_is_told(hub, sql):
    problems = damage(hub, sql)
    assert problems and all(problem.endswith(".") for problem in problems)


def test_damage_in_one_log_does_not_hide_that_in_another(hub):
    sql = "UPDATE entry SET claimed = X'8000000000000001' WHERE n & 4294967295 = 1"
    assert len(damage(hub, sql)) == 2


def test_numbers_and_places_lead_to_each_other():
    for branch, seq in ((1, 0), (1, 2**32 - 1), (20_000, 5)):
        assert place(number(branch, seq)) == (branch, seq)
    assert number(1, 2**32 - 1) < number(2, 0)


def test_stored_times_sort_as_the_numbers_do_and_come_back():
    claims = [-(2**63), -5, -1, 0, 1, 1_795_000_000_000, 2**63 - 1]
    assert [to_claimed(from_claimed(ms)) for ms in claims] == claims
    assert sorted(map(from_claimed, claims)) == [from_claimed(ms) for ms in claims]
    lamports = [0, 1, 255, 256, 2**63 - 1]
    assert [to_lamport(from_lamport(time)) for time in lamports] == lamports
    assert sorted(map(from_lamport, lamports)) == [from_lamport(time) for time in lamports]


# reading


def test_what_is_written_can_be_got_found_and_fetched(hub):
    for entry in hub.latest(100):
        assert hub.get(entry.id) == entry
        assert hub.find(entry.id.hex()[:12].upper()) == [entry]
        assert hub.find(entry.id.hex()) == [entry]
        assert hub.fetch([entry.n]) == [entry]
    assert hub.get(b"x" * 32) is None
    assert hub.find("0" * 64) == []


@pytest.mark.parametrize("prefix", ["", "abc", "abcdefg", "zzzzzzzz", "0" * 65, "12 45678"])
def test_what_is_no_prefix_of_an_id_is_refused(hub, prefix):
    with pytest.raises(Malformed):
        hub.find(prefix)


def test_all_is_fetched_in_parts(hub):
    ns = [entry.n for batch in hub.folded() for entry in batch]
    assert sorted(entry.n for entry in hub.fetch(ns * 20)) and len(hub.fetch(ns)) == len(ns) == 45


def test_the_latest_come_page_by_page_and_none_twice(make_log):
    log, other = make_log("log"), make_log("other")
    listen(log, other)
    for n in range(30):
        for one in (log, other):
            one.clock.ms += 7 if n % 3 else 0
            say(one, n)
    give(other, log)
    pages, before = [], None
    while page := log.latest(7, before):
        pages += page
        before = page[-1].claimed, page[-1].id
    assert [(e.claimed, e.id) for e in pages] == sorted(((e.claimed, e.id) for e in pages), reverse=True)
    assert len({e.id for e in pages}) == len(pages) == log.counts()[0]
    assert {e.node for e in log.latest(500, node=other.keys.node)} == {other.keys.node}


def test_entries_of_one_moment_in_one_log_come_page_by_page(make_log):
    log = make_log()
    say_many(log, 50)
    pages, before = [], None
    while page := log.latest(7, before):
        pages += page
        before = page[-1].claimed, page[-1].id
    assert len({e.id for e in pages}) == len(pages) == 51


def test_an_entry_whose_writers_clock_was_wild_is_still_listed(make_log):
    log = make_log()
    say(log, "before")
    log.clock.ms += 10**11
    say(log, "years ahead")
    log.clock.ms -= 10**11
    say(log, *range(30))
    pages, before = [], None
    while page := log.latest(7, before):
        pages += page
        before = page[-1].claimed, page[-1].id
    assert [e.fact["text"] for e in pages if e.fact][0] == "years ahead"
    assert len({e.id for e in pages}) == len(pages) == 33


def test_news_are_as_old_as_their_newest_entry_or_the_last_contact(make_log):
    a, b, c = (make_log(name) for name in "abc")
    trust(a, b)
    trust(b, c)
    say(c, "old news")
    written = c.clock.ms
    settle(c, b)
    for log in (a, b, c):
        log.clock.ms += 3_600_000
    meet(a, b)
    assert a.heard()[c.keys.node] == written
    assert a.heard()[b.keys.node] == a.clock.ms


def test_a_clock_that_is_ahead_does_not_make_news_younger(make_log):
    a, b = make_log("a"), make_log("b")
    listen(a, b)
    b.clock.ms += 10**10
    say(b, "from the future")
    give(b, a)
    assert a.heard()[b.keys.node] == a.clock.ms
