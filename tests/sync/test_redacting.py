"""Words taken out of entries: they leave every store that hears of it, and the chain and all else stay."""

import json
import random

import peewee
import pytest

from sync.fence import MemoryFence
from sync.identity import Keys
from sync.log import Log

from .conftest import NETWORK, Clock, Memory, Notes, give, meet, say, say_many, settle, trust


class Wording(Notes):
    """Notes whose `text` is words and whose `qty` is not; a `redact` names an entry and says what is left of it."""

    def fold(self, batch):
        for entry in batch:
            self._rows("DELETE FROM handed WHERE id = ? AND fact = 'null'", entry.id)
        super().fold(batch)

    def redactions(self, facts):
        found = [(at, fact) for at, fact in enumerate(facts) if isinstance(fact, dict) and "redact" in fact]
        return [(at, bytes.fromhex(fact["redact"]), json.dumps(fact["left"]).encode()) for at, fact in found]

    def allows(self, before, after):
        return before is not None and before.get("qty") == after.get("qty")

    def reword(self, entries):
        for entry in entries:
            fact = json.dumps(entry.fact, sort_keys=True)
            self._rows("UPDATE handed SET fact = ? WHERE id = ?", fact, entry.id)


@pytest.fixture
def nodes():
    """Three nodes that trust each other."""
    logs = []
    for seed in range(3):
        rng = random.Random(seed)
        db = peewee.SqliteDatabase(":memory:")
        app = Wording(db)
        keys = Keys.generate(rng.randbytes)
        log = Log(db, keys, NETWORK, app, Clock(), rng.randbytes, MemoryFence(), redacts=app)
        log.memory = Memory()
        logs.append(log)
    trust(*logs)
    yield logs
    for log in logs:
        log.db.close()


def redact(log, target, qty=None):
    """Take the words out of an entry."""
    left = {"type": "note", "text": ""} | ({} if qty is None else {"qty": qty})
    fact = {"type": "note", "text": "", "redact": target.id.hex(), "left": left}
    return log.append(json.dumps(fact).encode())


def holds(log, word):
    """Whether a word lies anywhere in the rows of a database, in chunks too."""
    branches = [branch.no for _, branch in log.store.branches()]
    payloads = [row[3] or b"" for no in branches for row in log.store.wire_rows(no, 0, 999, 999)]
    handed = " ".join(fact for (fact,) in log.app._rows("SELECT fact FROM handed"))
    return any(word.encode() in payload for payload in payloads) or word in handed


def sound(*logs):
    """All hashes and chains hold, and all nodes agree."""
    assert [log.verify() for log in logs] == [[]] * len(logs)
    return len({(*log.digest(), log.app.digest()) for log in logs}) == 1


def test_words_leave_every_store_and_all_agree(nodes):
    a, b, c = nodes
    (entry,) = say(a, "Mrs Smith")
    settle(*nodes)
    assert all(holds(log, "Smith") for log in nodes)
    redact(a, entry)
    settle(*nodes)
    assert not any(holds(log, "Smith") for log in nodes)
    assert sound(*nodes)


def test_words_leave_a_chunk_and_its_other_payloads_stay(nodes):
    a, b, _ = nodes
    entries = say_many(a, 40, "bulk")
    settle(*nodes)
    redact(a, entries[17])
    settle(*nodes)
    for log in (a, b):
        assert not holds(log, "bulk 17") and holds(log, "bulk 16") and holds(log, "bulk 18")
    assert sound(*nodes)


def test_who_comes_later_gets_no_words_and_the_same_state(nodes):
    a, b, c = nodes
    (entry,) = say(a, "Mrs Smith")
    redact(a, entry)
    meet(b, a)
    assert not holds(b, "Smith")
    meet(c, b)
    settle(*nodes)
    assert not holds(c, "Smith") and sound(*nodes)


def test_an_original_that_comes_after_its_redaction_is_not_kept(nodes):
    a, b, c = nodes
    (entry,) = say(a, "Mrs Smith")
    settle(b, a)
    meet(c, b)
    redact(a, entry)
    settle(a, b)
    give(c, b)
    assert not holds(b, "Smith")
    settle(*nodes)
    assert not holds(c, "Smith") and sound(*nodes)


def test_a_redaction_that_changes_more_than_words_is_left_aside(nodes):
    a, b, _ = nodes
    (entry,) = say(a, "Mrs Smith")
    settle(*nodes)
    redact(a, entry, qty=7)
    settle(*nodes)
    assert holds(b, "Smith") and sound(*nodes)


def test_nobody_takes_words_out_of_anothers_entry(nodes):
    a, b, _ = nodes
    (entry,) = say(a, "Mrs Smith")
    settle(*nodes)
    redact(b, entry)
    settle(*nodes)
    assert holds(a, "Smith") and holds(b, "Smith") and sound(*nodes)


def test_a_redaction_that_is_rolled_back_leaves_the_words(nodes):
    a, _, _ = nodes
    (entry,) = say(a, "Mrs Smith")
    with pytest.raises(ZeroDivisionError), a.transaction():
        redact(a, entry)
        raise ZeroDivisionError
    assert holds(a, "Smith") and a.redactions.known == {}


def test_a_redaction_holds_after_a_restart(nodes):
    a, _, _ = nodes
    (entry,) = say(a, "Mrs Smith")
    redact(a, entry)
    again = Log(a.db, a.keys, NETWORK, a.app, a.clock, a.rng, a.fence, redacts=a.app)
    assert again.get(entry.id).fact == {"type": "note", "text": ""}
