"""What comes in bulk is written beside other work, and is as if it hadn't been."""

import peewee
import pytest

from sync.bulk import GROUP, STEPS
from sync.errors import DiskFull
from sync.limits import Limits

from .conftest import give, listen, say, say_many

ROWS = "SELECT n, tick, id, lamport, claimed, payload, hash, sig, chunk FROM entry ORDER BY n"


@pytest.fixture
def author(make_log):
    """A node with enough entries to be handed over several times."""
    log = make_log("author")
    say_many(log, 2 * GROUP + 100)
    return log


def hearer(make_log, author, **more):
    log = make_log("hearer", **more)
    listen(log, author)
    return log


def test_another_thread_writes_what_this_one_would(make_log, author):
    beside = hearer(make_log, author)
    alone = hearer(make_log, author, db=peewee.SqliteDatabase(":memory:"))
    give(author, beside)
    give(author, alone)
    assert beside.store.query(ROWS) == alone.store.query(ROWS)
    assert beside.verify() == alone.verify() == []
    assert beside.app.facts() == author.app.facts()


def test_a_range_that_is_longer_than_one_statement_writes_is_whole(make_log):
    long = Limits(range_entries_max=3 * STEPS)
    author = make_log("author", limits=long)
    log = hearer(make_log, author, limits=long)
    say_many(author, 2 * STEPS + 5)
    give(author, log)
    assert log.verify() == []
    assert log.app.facts() == author.app.facts()


def test_an_application_that_fails_meanwhile_leaves_nothing(make_log, author):
    log = hearer(make_log, author)
    before, said = log.counts(), str(author.app.facts()[0])
    log.app.fails_on = said[:12].replace("'", '"')
    with pytest.raises(ZeroDivisionError):
        give(author, log)
    assert log.counts() == before
    log.app.fails_on = None
    give(author, log)
    assert log.verify() == []
    assert log.app.facts() == author.app.facts()


def test_a_disk_that_is_full_while_the_next_entries_are_checked_leaves_nothing(make_log, author):
    log = hearer(make_log, author)
    before, connection = log.counts(), log.db.connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(DiskFull):
        give(author, log)
    assert log.counts() == before
    say(log, "goes on")
    connection.execute("PRAGMA max_page_count = 100000")
    give(author, log)
    assert log.verify() == []
    assert log.app.facts()[-1:] and log.counts()[0] == before[0] + 1 + author.counts()[0]
