"""Writing to the log: all or nothing, one unbroken chain, whoever else is writing."""

import sqlite3
import threading

import peewee
import pytest

from sync.errors import DiskFull, Malformed, OutOfRange, TooMany
from sync.limits import DEFAULT, Limits

from .conftest import Notes, all_ranges, give, listen, new_log, say, say_many, state, trust


def chain_is_whole(log) -> bool:
    """Whether the own log runs from 0 on without a gap or a second branch, and every hash holds."""
    row = log.store.logs()[log.own]
    seqs = [e.seq for batch in log.folded() for e in batch if e.log == log.own]
    return log.verify() == [] and len(row.branches) == 1 and sorted(seqs) == list(range(len(seqs)))


def test_an_entry_is_numbered_chained_and_folded(make_log):
    log = make_log()
    one, two = say(log, "one", "two")
    assert (one.seq, two.seq, two.lamport) == (1, 2, one.lamport + 1)
    assert (one.node, one.log, one.claimed) == (log.keys.node, log.own, log.clock.ms)
    assert log.get(two.id) == two and log.app.said() == ["one", "two"]
    assert log.counts() == (3, 1)
    assert chain_is_whole(log)


def test_many_entries_are_written_in_one_go(make_log):
    log = make_log()
    entries = say_many(log, 1000)
    assert [entry.seq for entry in entries] == list(range(1, 1001))
    assert log.append_all([]) == []
    assert chain_is_whole(log)


def test_the_tick_moves_with_each_write_and_not_with_reading(make_log):
    log = make_log()
    ticks = [log.tick()]
    say(log, "one")
    ticks.append(log.tick())
    log.latest(5), log.digest(), log.verify(), log.leaves(), log.heard()
    assert log.tick() == ticks[-1]
    log.reincarnate()
    ticks.append(log.tick())
    log.block(b"n" * 32)
    ticks.append(log.tick())
    assert ticks == sorted(set(ticks))


@pytest.mark.parametrize("payload", [b'{"a":NaN}', b"[]", b"", b"\xff", b'{"a":1,"a":2}', b'{"a":' + b"[" * 40_000])
def test_a_payload_that_is_not_strict_json_is_not_written(make_log, payload):
    log = make_log()
    before = state(log)
    with pytest.raises(Malformed):
        log.append(payload)
    assert state(log) == before


def test_a_payload_that_is_too_large_is_not_written(make_log):
    log = make_log()
    most = b'{"type":"note","text":"%s"}' % (b"x" * (DEFAULT.payload_bytes_max - 25))
    assert len(most) == DEFAULT.payload_bytes_max
    log.append(most)
    before = state(log)
    with pytest.raises(OutOfRange):
        log.append(most + b" ")
    assert state(log) == before


def test_one_bad_payload_among_many_leaves_none_of_them(make_log):
    log = make_log()
    before = state(log)
    with pytest.raises(Malformed):
        log.append_all([b'{"type":"note","text":"good"}', b"bad"])
    assert state(log) == before


# all or nothing


def test_an_entry_that_the_application_cannot_fold_is_not_written(make_log):
    log = make_log()
    say(log, "before")
    before = state(log)
    log.app.fails_on = "poison"
    with pytest.raises(ZeroDivisionError) as caught:
        say(log, "poison")
    assert caught.value.__cause__ is not caught.value, "an error isn't its own cause"
    assert state(log) == before
    log.app.fails_on = None
    assert say(log, "after")[0].seq == 2 and chain_is_whole(log)


def test_what_others_sent_and_the_application_cannot_fold_is_not_stored(make_log):
    log, other = make_log("log"), make_log("other")
    listen(log, other)
    say_many(other, 20)
    say(other, "poison")
    before = state(log)
    log.app.fails_on = "poison"
    with pytest.raises(ZeroDivisionError):
        give(other, log)
    assert state(log) == before
    log.app.fails_on = None
    assert give(other, log).stored == 22 and log.verify() == []


def test_a_vouch_that_brings_what_cannot_be_folded_is_not_kept(make_log):
    log, other = make_log("log"), make_log("other")
    say(other, "poison")
    give(other, log)
    before = state(log)
    log.app.fails_on = "poison"
    with pytest.raises(ZeroDivisionError):
        log.accept(other.keys.node)
    assert state(log) == before and log.trust_of(other.keys.node) == "unknown"


def test_a_block_after_which_the_rest_cannot_be_folded_is_not_kept(make_log):
    log, bad = make_log("log"), make_log("bad")
    listen(log, bad)
    say(bad, "lie")
    give(bad, log)
    say(log, "poison")
    before = state(log)
    log.app.fails_on = "poison"
    with pytest.raises(ZeroDivisionError):
        log.block(bad.keys.node)
    assert state(log) == before and log.trust_of(bad.keys.node) == "paired"


def test_a_transaction_that_fails_later_takes_its_entries_with_it(make_log):
    log = make_log()
    before = state(log)
    with pytest.raises(KeyError), log.transaction():
        say(log, "one")
        with log.transaction():
            say(log, "two")
        raise KeyError("afterwards")
    assert state(log) == before
    assert say(log, "three")[0].seq == 1 and chain_is_whole(log)


def test_a_transaction_is_one_step_for_others(tmp_path):
    path = str(tmp_path / "node.db")
    log = new_log("a", path)
    other = new_log("a", path, keys=log.keys, fence=log.fence)
    with log.transaction():
        say(log, "one")
        assert other.app.said() == [] and other.latest(9)[0].seq == 0
        say(log, "two")
    assert other.app.said() == ["one", "two"] and other.latest(9)[0].seq > 0
    for one in (log, other):
        one.db.close()


class Failing(peewee.SqliteDatabase):
    """A database that fails with a message when told to."""

    message = ""

    def execute_sql(self, sql, params=None):
        if self.message and "meta" not in sql:
            raise peewee.OperationalError(self.message)
        return super().execute_sql(sql, params)

    def begin(self, lock_type=None):
        if self.message:
            raise sqlite3.OperationalError(self.message)
        super().begin(lock_type)


@pytest.mark.parametrize(
    ("message", "kind"),
    [("database or disk is full", DiskFull), ("database is locked", TooMany)],
    ids=["full", "locked"],
)
def test_errors_of_the_database_are_problems_with_a_next_step(make_log, message, kind):
    db = Failing(":memory:")
    log = make_log(db=db)
    before = state(log)
    db.message = message
    with pytest.raises(kind) as caught:
        say(log, "one")
    assert caught.value.todo
    db.message = ""
    assert state(log) == before
    assert say(log, "one") and chain_is_whole(log)


# others who write


def test_another_process_that_writes_is_noticed(tmp_path):
    path = str(tmp_path / "node.db")
    one = new_log("a", path)
    two = new_log("a", path, keys=one.keys, fence=one.fence)
    friend = new_log("friend")
    say(friend, "hello")
    for turn in range(3):
        say(one, f"one {turn}")
        say(two, f"two {turn}")
    assert one.own == two.own
    one.vouch(friend.keys.node, friend.keys.agree, friend.keys.agree_sig)
    assert two.trust_of(friend.keys.node) == "paired"
    give(friend, two)
    assert "hello" in one.app.said() and one.digest() == two.digest()
    two.block(friend.keys.node)
    assert one.known_keys() == {}
    assert one.trust_of(friend.keys.node) == "blocked"
    two.reincarnate()
    assert say(one, "in the new log")[0].log == two.own
    assert chain_is_whole(one) and chain_is_whole(two)
    for log in (one, two, friend):
        log.db.close()


def test_another_process_that_opens_the_same_database_uses_the_same_log(tmp_path):
    path = str(tmp_path / "node.db")
    one = new_log("a", path)
    two = new_log("another seed", path, keys=one.keys, fence=one.fence)
    assert (one.own, one.store_id) == (two.own, two.store_id)
    for log in (one, two):
        log.db.close()


def test_threads_that_append_at_once_keep_one_unbroken_chain(tmp_path):
    log = new_log("a", str(tmp_path / "node.db"))
    reader_saw, stop = [], threading.Event()

    def write(name: int) -> None:
        for n in range(20):
            say(log, f"{name} {n}")
        log.db.close()

    def read() -> None:
        while not stop.is_set():
            found = log.latest(3)
            reader_saw.append(found[0].seq >= 0 and log.digest()[0] != "")
        log.db.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    reader = threading.Thread(target=read)
    for thread in (*threads, reader):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    reader.join()
    assert all(reader_saw)
    assert len(log.app.said()) == 160 and chain_is_whole(log)
    log.db.close()


def test_processes_and_threads_that_append_at_once_keep_one_unbroken_chain(tmp_path):
    path = str(tmp_path / "node.db")
    first = new_log("a", path)
    logs = [first, new_log("a", path, keys=first.keys, fence=first.fence)]

    def write(name: int) -> None:
        log = logs[name % 2]
        for n in range(10):
            say(log, f"{name} {n}")
        log.db.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for log in logs:
        assert len(log.app.said()) == 40 and chain_is_whole(log)
        log.db.close()


def test_verifying_while_others_write_finds_nothing_wrong(tmp_path):
    log = new_log("a", str(tmp_path / "node.db"))
    say_many(log, 50)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            say(log, "more")
        log.db.close()

    writer = threading.Thread(target=write)
    writer.start()
    found = [log.verify() for _ in range(4)]
    stop.set()
    writer.join()
    assert found == [[]] * 4
    log.db.close()


# order


def test_what_is_written_comes_after_all_that_was_read(make_log):
    log, other = make_log("log"), make_log("other")
    trust(log, other)
    last = say(other, *range(40))[-1]
    give(other, log)
    assert say(log, "answer")[0].lamport == last.lamport + 1


def test_what_lies_in_quarantine_does_not_move_the_clock(make_log):
    log, stranger = make_log("log"), make_log("stranger")
    say(stranger, *range(40))
    give(stranger, log)
    assert say(log, "mine")[0].lamport == 1


def test_a_clock_far_ahead_is_followed_in_bounded_steps(make_log):
    limits = Limits(lamport_jump_max=100)
    log, liar = make_log("log", limits=limits), make_log("liar", limits=limits)
    trust(log, liar)
    liar.lamport = lambda: 10**6
    for n in range(5):
        say(liar, n)
    assert not give(liar, log).refused
    for entry in say(log, 1, 2, 3, 4, 5, 6, 7):
        assert entry.lamport <= 100 * (entry.seq + 1)
    third = make_log("third", limits=limits)
    listen(third, log)
    assert not give(log, third).refused


def test_the_same_entries_make_the_same_digests_in_any_order(make_log):
    authors = [make_log(n) for n in range(4)]
    for n, author in enumerate(authors):
        say(author, *range(n))
    found = set()
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        log = make_log("reader")
        for author in authors:
            listen(log, author)
        for at in order:
            give(authors[at], log)
            give(authors[at], log)
        found.add((log.digest(), log.app.digest()))
    assert len(found) == 1


def test_folding_anew_gives_what_folding_bit_by_bit_gave(make_log):
    log, other = make_log("log"), make_log("other")
    listen(log, other)
    for n in range(10):
        say(log, f"mine {n}")
        say(other, f"theirs {n}")
        give(other, log)
    before = log.app.digest()
    with log.transaction():
        log.app.refold(log.folded())
    assert log.app.digest() == before


def test_an_application_that_joins_late_can_be_filled(make_log):
    log = make_log()
    say(log, "one", "two")
    late = Notes(log.db)
    log.app = late
    assert late.said() == ["one", "two"]


def test_what_comes_twice_is_stored_once(make_log):
    log, other = make_log("log"), make_log("other")
    listen(log, other)
    say(other, "hello")
    give(other, log)
    before = state(log)
    items = all_ranges(other)
    taken = log.ingest(items + items)
    assert (taken.stored, taken.duplicates) == (0, 4)
    assert state(log) == before
