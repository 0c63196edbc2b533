"""Facts read many at a time are those that are read one by one."""

import pytest

from node import events
from node.bulk import FEW, decode_all
from sync.errors import Malformed

TEAMS = [events.encode(events.Team(f"Team {n}")) for n in range(3 * FEW)]
FOREIGN = {
    "an unknown type": b'{"type":"sync.vouch","node":"00"}',
    "spaces": b'{ "type": "team", "name": "Two" }',
    "an unknown field": b'{"type":"team","name":"Two","more":1}',
    "a line break between tokens": b'{"type":"team",\n"name":"Two"}',
    "a line break after it": TEAMS[0] + b"\n",
}


@pytest.mark.parametrize("payload", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("at", [0, 1, FEW, 3 * FEW])
def test_what_no_encoder_of_ours_wrote_is_read_as_by_itself(payload, at):
    payloads = [*TEAMS[:at], payload, *TEAMS[at:]]
    assert decode_all(payloads) == [events.decode(one) for one in payloads]


TORN = {
    "a fact in two halves": (b'{"type":"team",', b'"name":"Two"}'),
    "two facts in one, and none": (TEAMS[0] + b"\n" + TEAMS[1], b""),
    "a fact in two lines, and another one": (b'{"type":"team"', b',"name":"Two"}\n' + TEAMS[0]),
    "no text": (TEAMS[0], b"\xff"),
    "a name over two": (b'{"type":"team","name":"', b'"}\n' + TEAMS[0]),
}


@pytest.mark.parametrize("pair", TORN.values(), ids=TORN)
@pytest.mark.parametrize("at", [0, 1, FEW, 2 * FEW])
def test_payloads_that_are_facts_only_together_are_none(pair, at):
    with pytest.raises(Malformed):
        decode_all([*TEAMS[:at], *pair, *TEAMS[at:]])


def test_as_many_facts_as_payloads_are_not_taken_for_them():
    with pytest.raises(Malformed):
        decode_all([TEAMS[0] + b"\n" + TEAMS[1], *TEAMS[: 2 * FEW], b""])
