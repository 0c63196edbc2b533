"""Attacks on the chain, each by its name: it is refused for the right reason, and the store is as it was."""

import random
from hashlib import sha256

import pytest

from sync.chain import START, Before, link
from sync.entry import ZERO, Genesis, Vouch, chain_ids, encode, entry_id, header, make_genesis, signed_bytes
from sync.errors import Malformed, Problem, TooMany, Untrue
from sync.frame import Range
from sync.identity import Keys
from sync.intake import Gap
from sync.limits import DEFAULT, Limits

from .conftest import NETWORK, NOON, all_ranges, give, listen, say, state

MALLORY = Keys.generate(random.Random("mallory").randbytes)


class Forger:
    """Somebody who signs what they like, with keys of their own."""

    def __init__(self, keys: Keys = MALLORY, network: bytes = NETWORK, genesis: bytes | None = None) -> None:
        self.keys, self.network = keys, network
        self.payloads = [genesis or make_genesis(keys, network, b"salt" * 4, [])]
        self.lamports, self.log = [0], b""
        self.log = self.ids()[0]

    def ids(self) -> list[bytes]:
        """The ids of all that was written so far."""
        return chain_ids(self.network, ZERO, 0, ZERO, self.lamports, [NOON] * len(self.lamports), self.hashes())

    def hashes(self) -> list[bytes]:
        return [sha256(p).digest() for p in self.payloads]

    def write(self, payload: bytes, lamport: int | None = None) -> "Forger":
        """One more entry."""
        self.payloads.append(payload)
        self.lamports.append(self.lamports[-1] + 1 if lamport is None else lamport)
        return self

    def range(self, first: int = 0, last: int | None = None, signer: Keys | None = None) -> Range:
        """A signed range of what was written."""
        ids = self.ids()
        last = len(ids) - 1 if last is None else last
        cut = slice(first, last + 1)
        hint = ids[first - 1][:4] if first else bytes(4)
        signature = (signer or self.keys).sign(signed_bytes(ids[last]))
        claims = [NOON] * (last + 1 - first)
        return Range(0, first, hint, self.lamports[cut], claims, self.payloads[cut], self.hashes()[cut], signature)


NOTE = b'{"type":"note","text":"%d"}'


@pytest.fixture
def forger():
    """An author with a genesis and nine notes."""
    author = Forger()
    for n in range(9):
        author.write(NOTE % n)
    return author


@pytest.fixture
def victim(make_log):
    """A node that trusts the forger and has an entry of its own."""
    log = make_log("victim")
    log.vouch(MALLORY.node, MALLORY.agree, MALLORY.agree_sig)
    say(log, "mine")
    return log


def refused(log, forger_log: bytes, item: Range) -> Problem:
    """Why the range was refused; nothing has moved."""
    before = state(log)
    taken = log.ingest([(forger_log, item)])
    assert taken.stored == 0 and len(taken.refused) == 1
    assert state(log) == before
    assert log.verify() == []
    return taken.refused[0].problem


def swap(items, a: int, b: int) -> list:
    """The same with two exchanged."""
    items = list(items)
    items[a], items[b] = items[b], items[a]
    return items


def test_what_is_written_as_it_should_be_is_taken(victim, forger):
    taken = victim.ingest([(forger.log, forger.range())])
    assert (taken.stored, taken.refused) == (10, [])
    assert victim.app.said() == [*"012345678", "mine"]


def test_reordered_entries(victim, forger):
    item = forger.range()
    crossed = item._replace(payloads=swap(item.payloads, 3, 4), hashes=swap(item.hashes, 3, 4))
    assert isinstance(refused(victim, forger.log, crossed), Untrue)


def test_a_dropped_middle(victim, forger):
    item = forger.range()
    short = item._replace(**{name: [*getattr(item, name)[:4], *getattr(item, name)[5:]] for name in COLUMNS})
    assert isinstance(refused(victim, forger.log, short), Untrue)


COLUMNS = ("lamports", "claims", "payloads", "hashes")


def test_a_dropped_end(victim, forger):
    item = forger.range()
    short = item._replace(**{name: getattr(item, name)[:-1] for name in COLUMNS})
    assert isinstance(refused(victim, forger.log, short), Untrue)


def test_a_swapped_payload(victim, forger):
    item = forger.range()
    other = [*item.payloads[:5], b'{"type":"note","text":"forged"}', *item.payloads[6:]]
    forged = item._replace(payloads=other, hashes=[sha256(p).digest() for p in other])
    assert isinstance(refused(victim, forger.log, forged), Untrue)


def test_a_changed_clock(victim, forger):
    item = forger.range()
    assert isinstance(refused(victim, forger.log, item._replace(claims=[NOON + 1, *item.claims[1:]])), Untrue)
    assert isinstance(refused(victim, forger.log, item._replace(claims=[*item.claims[:-1], NOON + 1])), Untrue)


def test_a_changed_lamport_time(victim, forger):
    item = forger.range()
    assert isinstance(refused(victim, forger.log, item._replace(lamports=[*item.lamports[:-1], 5000])), Untrue)


def test_a_foreign_signature(victim, forger):
    stranger = Keys.generate(random.Random("stranger").randbytes)
    assert isinstance(refused(victim, forger.log, forger.range(signer=stranger)), Untrue)
    assert isinstance(refused(victim, forger.log, forger.range(signer=victim.keys)), Untrue)


def test_a_signature_of_another_entry(victim, forger):
    earlier = forger.range(0, 5).signature
    assert isinstance(refused(victim, forger.log, forger.range()._replace(signature=earlier)), Untrue)


def test_an_empty_signature(victim, forger):
    assert isinstance(refused(victim, forger.log, forger.range()._replace(signature=bytes(64))), Untrue)


@pytest.mark.parametrize("lamport", [0, 3, 4])
def test_lamport_times_that_run_backwards_or_stand_still(victim, lamport):
    author = Forger().write(NOTE % 1, 4).write(NOTE % 2, lamport)
    assert isinstance(refused(victim, author.log, author.range()), Malformed)


def test_lamport_times_that_run_backwards_between_two_ranges(victim):
    author = Forger().write(NOTE % 1, 10).write(NOTE % 2, 10)
    assert victim.ingest([(author.log, author.range(0, 1))]).stored == 2
    assert isinstance(refused(victim, author.log, author.range(2)), Malformed)


def test_lamport_times_that_jump_too_far(victim):
    jump = DEFAULT.lamport_jump_max
    author = Forger().write(NOTE % 1, jump + 1)
    assert isinstance(refused(victim, author.log, author.range()), Malformed)
    author = Forger().write(NOTE % 1, jump)
    assert victim.ingest([(author.log, author.range())]).stored == 2
    assert say(victim, "after it")[0].lamport == jump + 1, "the reader follows"


def test_a_genesis_too_far_ahead(victim):
    author = Forger()
    author.lamports = [DEFAULT.lamport_jump_max]
    author.log = author.ids()[0]
    assert isinstance(refused(victim, author.log, author.range()), Malformed)


def test_a_second_genesis_for_a_log(victim, forger):
    assert victim.ingest([(forger.log, forger.range())]).stored == 10
    second = Forger(genesis=make_genesis(MALLORY, NETWORK, b"pepper" + bytes(10), []))
    assert isinstance(refused(victim, forger.log, second.range()), Untrue)


def test_a_genesis_in_the_middle_of_a_log_names_nobody(victim):
    stranger = Keys.generate(random.Random("stranger").randbytes)
    author = Forger().write(make_genesis(stranger, NETWORK, b"salt" * 4, []))
    assert victim.ingest([(author.log, author.range())]).stored == 2
    assert {row.node for row in victim.store.logs().values()} == {victim.keys.node, MALLORY.node}
    assert victim.keys_of(stranger.node) is None


def test_a_log_of_another_network(victim):
    author = Forger(network=b"another network!").write(NOTE % 1)
    assert isinstance(refused(victim, author.log, author.range()), Untrue)


def test_a_genesis_that_names_this_network_in_a_chain_of_another(victim):
    author = Forger(network=b"another network!", genesis=make_genesis(MALLORY, NETWORK, b"salt" * 4, []))
    assert isinstance(refused(victim, author.log, author.range()), Untrue)


def test_an_agreement_key_that_the_node_has_not_signed(victim):
    stolen = Genesis(MALLORY.node.hex(), victim.keys.agree.hex(), MALLORY.agree_sig.hex(), NETWORK.hex(), "00" * 16)
    author = Forger(genesis=encode(stolen))
    assert isinstance(refused(victim, author.log, author.range()), Untrue)


def test_a_log_in_the_name_of_another_node(victim):
    honest = Keys.generate(random.Random("honest").randbytes)
    author = Forger(genesis=make_genesis(honest, NETWORK, b"salt" * 4, []))
    assert isinstance(refused(victim, author.log, author.range()), Untrue)


def test_entries_in_our_own_log_by_somebody_else(victim):
    head = victim.store.logs()[victim.own].branches[0]
    forged = Forger().write(NOTE % 1).range(1)._replace(start=head.seq + 1, hint=head.head[:4])
    assert isinstance(refused(victim, victim.own, forged), Problem)


def test_a_log_under_the_id_of_another(victim, forger):
    assert isinstance(refused(victim, victim.own, forger.range()), Untrue)
    assert isinstance(refused(victim, b"x" * 32, forger.range()), Untrue)


def test_entries_moved_into_another_log_of_the_same_author(victim, forger):
    second = Forger(genesis=make_genesis(MALLORY, NETWORK, b"pepper" + bytes(10), []))
    assert victim.ingest([(forger.log, forger.range()), (second.log, second.range())]).stored == 11
    moved = forger.range(1)._replace(hint=second.log[:4])
    assert isinstance(refused(victim, second.log, moved), Untrue)


def test_a_log_that_begins_in_the_middle(victim, forger):
    assert isinstance(refused(victim, forger.log, forger.range(4)), Gap)


def test_a_range_that_follows_what_is_not_here(victim, forger):
    assert victim.ingest([(forger.log, forger.range(0, 3))]).stored == 4
    assert isinstance(refused(victim, forger.log, forger.range(6)), Gap)


def test_a_false_hint(victim, forger):
    assert victim.ingest([(forger.log, forger.range(0, 3))]).stored == 4
    assert isinstance(refused(victim, forger.log, forger.range(4)._replace(hint=b"nope")), Gap)


def test_a_genesis_without_its_payload(victim, forger):
    item = forger.range()
    assert isinstance(refused(victim, forger.log, item._replace(payloads=[None, *item.payloads[1:]])), Untrue)


@pytest.mark.parametrize("payload", [b'{"a":NaN}', b'{"a":1,"a":2}', b'{"a":1.5}', b"[]", b"\xff", b""])
def test_a_payload_that_is_not_strict_json(victim, payload):
    author = Forger().write(NOTE % 1).write(payload).write(NOTE % 2)
    assert isinstance(refused(victim, author.log, author.range()), Malformed)


def test_a_range_that_breaks_a_rule_after_entries_that_are_held_moves_nothing(victim, forger):
    assert victim.ingest([(forger.log, forger.range(0, 5))]).stored == 6
    bad = forger.range(3)
    assert isinstance(refused(victim, forger.log, bad._replace(signature=bytes(64))), Untrue)


def test_a_vouch_whose_agreement_key_is_not_signed_says_nothing(victim):
    stranger = Keys.generate(random.Random("stranger").randbytes)
    author = Forger().write(encode(Vouch(stranger.node.hex(), MALLORY.agree.hex(), stranger.agree_sig.hex())))
    assert victim.ingest([(author.log, author.range())]).stored == 2
    assert victim.trust_of(stranger.node) == "unknown"


def test_two_branches_whose_hints_are_the_same(victim):
    seen: dict[bytes, int] = {}
    author = Forger()
    for n in range(10**6):  # a birthday takes about 80,000
        hint = entry_id(header(NETWORK, author.log, 1, author.log, 1, NOON, sha256(NOTE % n).digest()))[:4]
        if hint in seen:
            break
        seen[hint] = n
    one, two = (Forger().write(NOTE % m).write(NOTE % (m + 10**7)) for m in (seen[hint], n))
    assert one.ids()[1][:4] == two.ids()[1][:4] and one.ids()[1] != two.ids()[1]
    for author in (one, two):
        assert victim.ingest([(author.log, author.range(0, 1))]).refused == []
    for author in (one, two):
        assert victim.ingest([(author.log, author.range(2))]).refused == []
    assert victim.verify() == [] and len(victim.app.said()) == 5


def test_one_bad_log_does_not_stop_the_others(victim, forger, make_log):
    honest = make_log("honest")
    say(honest, "bread")
    listen(victim, honest)
    bad = forger.range()._replace(signature=bytes(64))
    taken = victim.ingest([(forger.log, bad), *all_ranges(honest)])
    assert [r.log for r in taken.refused] == [forger.log]
    assert "bread" in victim.app.said()
    assert victim.verify() == []


def test_after_a_refused_range_the_rest_of_that_log_waits_and_comes_whole_later(victim, forger):
    bad = forger.range(0, 3)._replace(signature=bytes(64))
    taken = victim.ingest([(forger.log, bad), (forger.log, forger.range(4))])
    assert taken.stored == 0 and len(taken.refused) == 1
    assert victim.ingest([(forger.log, forger.range(0, 3)), (forger.log, forger.range(4))]).stored == 10


def test_a_redacted_payload_is_known_by_its_hash_and_the_chain_still_holds(victim, forger):
    item = forger.range()
    redacted = item._replace(payloads=[*item.payloads[:4], None, *item.payloads[5:]])
    assert victim.ingest([(forger.log, redacted)]).stored == 10
    assert victim.app.said() == [*"01245678", "mine"]
    assert victim.verify() == []
    whole, without = forger.ids(), victim.store.logs()[forger.log].branches[0].head
    assert without == whole[-1]


def test_a_redacted_entry_travels_on(victim, forger, make_log):
    item = forger.range()
    victim.ingest([(forger.log, item._replace(payloads=[*item.payloads[:4], None, *item.payloads[5:]]))])
    third = make_log("third")
    listen(third, victim)
    assert give(victim, third).refused == []
    assert third.app.said() == victim.app.said() == [*"01245678", "mine"]


def test_the_number_of_logs_is_bounded(make_log, forger):
    log = make_log("small", limits=Limits(logs_max=1))
    assert isinstance(refused(log, forger.log, forger.range()), TooMany)


def test_link_is_a_pure_function_of_what_comes_before(forger):
    whole = link(forger.range(), NETWORK, forger.log, MALLORY.node, START, DEFAULT)
    assert whole == forger.ids()
    rest = link(forger.range(4), NETWORK, forger.log, MALLORY.node, Before(whole[3], 3), DEFAULT)
    assert rest == whole[4:]
    with pytest.raises(Untrue):
        link(forger.range(4), NETWORK, forger.log, MALLORY.node, Before(whole[2], 3), DEFAULT)
