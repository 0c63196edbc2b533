"""Pairing: a code works for one node, one time, for a day, in one network; and a stranger learns nothing."""

import random

import msgspec
import pytest

from sync import envelope
from sync.envelope import PAIR, Party
from sync.errors import Conflict, Malformed, NotFound, Refused, Unreachable
from sync.identity import Keys, node_id
from sync.pairing import Invitation, Inviter, invite, join, read_code, write_code
from sync.peers import Peers
from sync.server import Desk
from tests.sync.conftest import NETWORK, give, say, state

ADDRESS = "http://10.0.0.1:8481"
OTHER_NETWORK = b"another network!"


class Side:
    """One node with what pairing needs."""

    def __init__(self, log, name: str) -> None:
        self.log, self.name, self.peers = log, name, Peers(log)
        self.inviter = Inviter(log, self.peers, lambda: name, lambda: [ADDRESS])
        self.desk = Desk(log, self.peers, self.inviter.answer)
        self.heard: list[bytes] = []

    def connect(self, address: str):
        """A transport to this node, which records what it was sent."""

        def carry(request: bytes) -> bytes:
            self.heard.append(request)
            return self.desk.answer(request)

        return carry

    def join(self, code: str, other: "Side", **more):
        return join(
            self.log, self.peers, code, own_addresses=["10.0.0.7"], name=self.name, connect=other.connect, **more
        )

    def state(self) -> tuple:
        return state(self.log), [{**row, "heard": None} for row in self.peers.rows()]


@pytest.fixture
def sides(make_log):
    return [Side(make_log(name), name) for name in ("anna", "bela", "cara")]


def code_of(side: Side) -> str:
    return invite(side.log, [ADDRESS])


def trust(side: Side, other: Side) -> str:
    return side.log.trust_of(other.log.keys.node)


# what happens when all is well


@pytest.mark.parametrize(
    ("reached", "told"),
    [
        ("http://10.0.0.1:8481", ["http://10.0.0.7:8481"]),
        ("http://127.0.0.1:8481", ["http://127.0.0.1:9", "http://10.0.0.7:8481"]),
    ],
)
def test_an_address_that_leads_a_machine_to_itself_is_told_on_that_machine_alone(sides, reached, told):
    anna, bela, _ = sides
    anna.inviter.addresses = lambda: ["http://127.0.0.1:8481", "http://10.0.0.1:8481"]
    own = ["http://127.0.0.1:9", "http://10.0.0.7:8481"]
    code = invite(anna.log, [reached])
    join(bela.log, bela.peers, code, own_addresses=own, name="bela", connect=anna.connect)
    assert anna.peers.find("bela").addresses == told
    theirs = bela.peers.find("anna").addresses
    assert ("http://127.0.0.1:8481" in theirs) is ("127.0.0.1" in reached) and "http://10.0.0.1:8481" in theirs


def test_a_code_makes_two_nodes_trust_each_other(sides):
    anna, bela, _ = sides
    row = bela.join(code_of(anna), anna)
    assert row == {"peer": node_id(anna.log.keys.node), "name": "anna", "addresses": [ADDRESS]}
    assert trust(anna, bela) == trust(bela, anna) == "paired"
    assert anna.peers.find("bela").addresses == ["http://10.0.0.7:8481"]
    assert bela.peers.find("anna").addresses == [ADDRESS]


def test_the_address_that_worked_is_tried_first_from_then_on(sides):
    anna, bela, _ = sides
    bela.join(code_of(anna), anna, address="192.168.1.5")
    assert bela.peers.find("anna").addresses == ["http://192.168.1.5:8481", ADDRESS]


def test_a_joiner_whose_answer_was_lost_may_try_again_with_the_same_code(sides):
    anna, bela, _ = sides
    code = code_of(anna)
    anna.inviter.answer(_pair_request(anna, bela, code))
    assert (trust(anna, bela), trust(bela, anna)) == ("paired", "unknown")
    bela.join(code, anna)
    assert trust(bela, anna) == "paired"


def _pair_request(inviting: Side, joining: Side, code: str) -> bytes:
    """What the joining side would send, with the link cut before the answer."""
    sent = []

    def cut(address):
        def carry(request: bytes) -> bytes:
            sent.append(request)
            raise Unreachable("cut")

        return carry

    with pytest.raises(Unreachable):
        join(joining.log, joining.peers, code, connect=cut)
    return sent[0]


# codes


def test_a_code_is_read_whatever_its_case_its_dashes_and_its_line_breaks():
    keys = Keys.generate(random.Random(1).randbytes)
    invitation = Invitation(keys.node, keys.agree, NETWORK, b"t" * 16, [ADDRESS, "http://[fe80::1]:9000"])
    code = write_code(invitation)
    spoken = code.upper().replace("-", " \u2013\n ").replace("O", "0")
    assert read_code(code) == read_code(spoken) == read_code(code.replace("-", "")) == invitation


@pytest.mark.parametrize("at", range(0, 180, 7))
def test_a_code_with_one_wrong_letter_is_malformed(sides, at):
    code = code_of(sides[0]).replace("-", "")
    wrong = "a" if code[at] != "a" else "b"
    with pytest.raises(Malformed):
        read_code(code[:at] + wrong + code[at + 1 :])


@pytest.mark.parametrize("text", ["", "   ", "hello", "a" * 5000, "\U0001f9fa", "a" * 165, "----"])
def test_what_is_no_code_is_malformed(text):
    with pytest.raises(Malformed) as caught:
        read_code(text)
    assert caught.value.todo


def test_a_code_that_is_cut_off_is_malformed(sides):
    code = code_of(sides[0])
    for size in range(0, len(code), 11):
        with pytest.raises(Malformed):
            read_code(code[:size])


def test_a_code_holds_no_address_that_leads_elsewhere_than_to_a_node(sides):
    with pytest.raises(Malformed):
        invite(sides[0].log, ["http://10.0.0.1/admin?delete=all"])


# attacks


def test_an_invite_that_was_used_is_refused_to_another_node(sides):
    anna, bela, cara = sides
    code = code_of(anna)
    bela.join(code, anna)
    before = anna.state(), cara.state()
    with pytest.raises(Refused) as caught:
        cara.join(code, anna)
    assert "Ask for a new one" in caught.value.todo
    assert (anna.state(), cara.state()) == before
    assert trust(anna, cara) == trust(cara, anna) == "unknown"


def test_an_invite_that_has_expired_is_refused(sides):
    anna, bela, _ = sides
    code = code_of(anna)
    anna.log.clock.ms += 1000 * anna.log.limits.invite_seconds_max
    before = anna.state(), bela.state()
    with pytest.raises(Refused):
        bela.join(code, anna)
    assert (anna.state(), bela.state()) == before


def test_a_guessed_token_is_refused(sides):
    anna, bela, _ = sides
    invitation = read_code(code_of(anna))
    with pytest.raises(Refused):
        bela.join(write_code(invitation._replace(token=b"guess" * 3 + b"!")), anna)
    assert trust(anna, bela) == "unknown"


def test_a_token_is_not_kept_where_a_thief_of_the_disk_could_use_it(sides):
    anna, *_ = sides
    token = read_code(code_of(anna)).token
    kept = [bytes(row[0]) for row in anna.log.store.query("SELECT token FROM invitation")]
    assert kept and token not in kept


def test_a_recorded_pairing_sent_again_does_not_lift_a_block(sides):
    anna, bela, _ = sides
    bela.join(code_of(anna), anna)
    anna.log.block(bela.log.keys.node)
    before = anna.state()
    with pytest.raises(Refused):
        anna.desk.answer(anna.heard[0])
    assert trust(anna, bela) == "blocked"
    assert anna.state() == before


def test_a_blocked_node_does_not_get_back_in_by_a_code_that_it_overheard(sides):
    anna, bela, _ = sides
    anna.log.block(bela.log.keys.node)
    with pytest.raises(Refused):
        bela.join(code_of(anna), anna)
    assert trust(anna, bela) == "blocked"


def test_a_refused_code_is_not_used_up_by_that(sides):
    anna, bela, cara = sides
    code = code_of(anna)
    anna.log.block(bela.log.keys.node)
    with pytest.raises(Refused):
        bela.join(code, anna)
    cara.join(code, anna)
    assert trust(anna, cara) == "paired"


def test_somebody_who_shows_a_token_in_anothers_name_is_refused(sides):
    """Cara overheard the code and wants Anna to vouch for Bela's key with Cara's agreement key."""
    anna, bela, cara = sides
    invitation = read_code(code_of(anna))
    said = {
        "t": invitation.token,
        "n": bela.log.keys.node,
        "a": cara.log.keys.agree,
        "g": cara.log.keys.agree_sig,
        "m": "",
        "u": [],
    }
    body = msgspec.msgpack.encode(said)
    request = envelope.seal(cara.log.keys, NETWORK, PAIR, Party(invitation.node, invitation.agree), body)
    before = anna.state()
    with pytest.raises(Refused):
        anna.desk.answer(request)
    assert anna.state() == before


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x80", b"\x93" * 4000, b"x" * 5000])
def test_garbage_in_a_sealed_pairing_gets_the_uniform_refusal(sides, body):
    anna, bela, _ = sides
    request = envelope.seal(bela.log.keys, NETWORK, PAIR, Party(anna.log.keys.node, anna.log.keys.agree), body)
    with pytest.raises(Refused) as caught:
        anna.desk.answer(request)
    assert str(caught.value) == str(envelope.refusal())


def test_a_node_that_answers_at_the_inviters_address_but_is_another_is_refused(sides):
    anna, bela, cara = sides
    before = bela.state()
    with pytest.raises(Refused):
        bela.join(code_of(anna), cara)
    assert bela.state() == before


def test_the_next_address_is_tried_where_a_stranger_answers_at_the_first(sides):
    anna, bela, cara = sides
    ways = {"http://10.9.9.9:8481": cara, ADDRESS: anna}
    join(bela.log, bela.peers, code_of(anna), "10.9.9.9", connect=lambda address: ways[address].connect(address))
    assert trust(bela, anna) == "paired"


def test_an_inviter_that_nobody_reaches_leaves_the_code_good(sides):
    anna, bela, _ = sides
    code, before = code_of(anna), bela.state()

    def nowhere(address):
        def carry(request):
            raise Unreachable("no answer")

        return carry

    with pytest.raises(Unreachable):
        join(bela.log, bela.peers, code, connect=nowhere)
    assert bela.state() == before
    bela.join(code, anna)


def test_a_node_cannot_pair_with_itself(sides):
    anna, *_ = sides
    with pytest.raises(Conflict):
        anna.join(code_of(anna), anna)


def test_a_code_without_an_address_asks_for_one(sides):
    anna, bela, _ = sides
    code = invite(anna.log, [])
    with pytest.raises(NotFound) as caught:
        bela.join(code, anna)
    assert "--address" in caught.value.todo
    bela.join(code, anna, address="10.0.0.1")
    assert trust(bela, anna) == "paired"


def test_open_invitations_are_bounded_and_the_newest_ones_hold(sides):
    anna, bela, _ = sides
    codes = []
    for _ in range(120):
        anna.log.clock.ms += 1
        codes.append(code_of(anna))
    assert anna.log.store.query("SELECT count(*) FROM invitation")[0][0] == 100
    bela.join(codes[-1], anna)
    with pytest.raises(Refused):
        sides[2].join(codes[0], anna)


# networks


def test_a_node_that_has_written_nothing_moves_into_the_inviters_network(make_log, sides):
    anna = sides[0]
    newcomer = Side(make_log("new", network=OTHER_NETWORK), "new")
    newcomer.join(code_of(anna), anna)
    assert newcomer.log.network == NETWORK
    assert trust(newcomer, anna) == trust(anna, newcomer) == "paired"
    say(anna.log, "hello")
    give(anna.log, newcomer.log)
    assert newcomer.log.app.said() == ["hello"]


def test_a_node_with_records_in_another_network_is_told_so_and_the_code_stays_good(make_log, sides):
    anna, bela, _ = sides
    other = Side(make_log("old", network=OTHER_NETWORK), "old")
    say(other.log, "one", "two")
    code, before = code_of(anna), (anna.state(), other.state())
    with pytest.raises(Conflict) as caught:
        other.join(code, anna)
    assert "another network" in caught.value.what and caught.value.todo
    assert (anna.state(), other.state()) == before
    bela.join(code, anna)
