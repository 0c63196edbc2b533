"""The bytes of an entry, recomputed here with nothing but struct and hashlib."""

import hashlib
import json
import random
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sync.entry import (
    HEADER,
    ZERO,
    Genesis,
    Vouch,
    chain_ids,
    decode,
    encode,
    entry_id,
    header,
    make_genesis,
    open_keys,
    read_genesis,
    signed_bytes,
)
from sync.errors import Malformed, Untrue
from sync.identity import Keys

from .conftest import NETWORK, NOON, say

KEYS = Keys.generate(random.Random(1).randbytes)
OTHER = Keys.generate(random.Random(2).randbytes)


def by_hand(log: bytes, seq: int, prev: bytes, lamport: int, claimed: int, payload: bytes) -> bytes:
    """The header, field by field."""
    return b"".join(
        [
            b"bktline\x01",
            NETWORK,
            log,
            seq.to_bytes(8, "big"),
            prev,
            lamport.to_bytes(8, "big"),
            struct.pack(">q", claimed),
            hashlib.sha256(payload).digest(),
        ]
    )


def test_a_header_has_144_bytes_in_a_fixed_order():
    made = header(NETWORK, b"L" * 32, 5, b"P" * 32, 9, -1, hashlib.sha256(b"{}").digest())
    assert made == by_hand(b"L" * 32, 5, b"P" * 32, 9, -1, b"{}")
    assert len(made) == HEADER.size == 144


def test_each_field_of_a_header_changes_the_id():
    fields = [NETWORK, b"L" * 32, 5, b"P" * 32, 9, NOON, b"H" * 32]
    others = [b"x" * 16, b"x" * 32, 6, b"x" * 32, 10, NOON + 1, b"x" * 32]
    found = {entry_id(header(*fields))}
    for at, other in enumerate(others):
        found.add(entry_id(header(*fields[:at], other, *fields[at + 1 :])))
    assert len(found) == 8


def test_what_a_node_writes_can_be_checked_with_hashlib_and_a_key_alone(make_log):
    log = make_log()
    say(log, "one", "two")
    (branch,) = log.store.logs()[log.own].branches
    prev = ZERO
    for seq, row in enumerate(log.store.wire_rows(branch.no, 0, 9, 9)):
        _, lamport, claimed, payload, _, signature, id = row
        assert id == hashlib.sha256(by_hand(log.own if seq else ZERO, seq, prev, lamport, claimed, payload)).digest()
        Ed25519PublicKey.from_public_bytes(log.keys.node).verify(signature, b"bucketline entry\0" + id)
        prev = id
    assert prev == branch.head
    first = log.store.wire_rows(branch.no, 0, 0, 1)[0]
    assert first[6] == log.own, "a log's id is its genesis' id"


def test_chained_ids_are_those_of_one_header_after_the_other():
    payloads = [b'{"n":%d}' % n for n in range(5)]
    hashes = [hashlib.sha256(p).digest() for p in payloads]
    ids = chain_ids(NETWORK, ZERO, 0, ZERO, range(5), [NOON] * 5, hashes)
    prev = ZERO
    for seq, payload in enumerate(payloads):
        prev = hashlib.sha256(by_hand(ids[0] if seq else ZERO, seq, prev, seq, NOON, payload)).digest()
        assert ids[seq] == prev


def test_a_chain_goes_on_where_it_was_left():
    hashes = [bytes([n]) * 32 for n in range(6)]
    whole = chain_ids(NETWORK, ZERO, 0, ZERO, range(6), [NOON] * 6, hashes)
    rest = chain_ids(NETWORK, whole[0], 4, whole[3], range(4, 6), [NOON] * 2, hashes[4:])
    assert whole[4:] == rest


def test_a_signature_covers_a_tag_that_says_what_it_is_for():
    assert signed_bytes(b"i" * 32) == b"bucketline entry\0" + b"i" * 32


def test_a_genesis_names_keys_network_and_salt():
    payload = json.loads(make_genesis(KEYS, NETWORK, b"s" * 16, []))
    assert payload["type"] == "sync.genesis"
    assert bytes.fromhex(payload["node"]) == KEYS.node
    assert bytes.fromhex(payload["network"]) == NETWORK
    assert bytes.fromhex(payload["salt"]) == b"s" * 16
    assert read_genesis(make_genesis(KEYS, NETWORK, b"s" * 16, []), NETWORK) == (KEYS.node, KEYS.agree, KEYS.agree_sig)


def test_a_genesis_of_another_network_is_not_ours():
    with pytest.raises(Untrue):
        read_genesis(make_genesis(KEYS, b"o" * 16, b"s" * 16, []), NETWORK)


def test_a_genesis_whose_agreement_key_is_not_signed_by_the_node_is_untrue():
    forged = Genesis(KEYS.node.hex(), OTHER.agree.hex(), KEYS.agree_sig.hex(), NETWORK.hex(), "00" * 16)
    with pytest.raises(Untrue):
        read_genesis(encode(forged), NETWORK)


@pytest.mark.parametrize("payload", [b"", b"{}", b"nonsense", b'{"type":"note"}', b"\xff", b'{"type":"sync.new"}'])
def test_a_log_that_begins_with_anything_else_is_untrue(payload):
    assert decode(payload) is None
    with pytest.raises(Untrue):
        read_genesis(payload, NETWORK)


@pytest.mark.parametrize("node", ["", "zz" * 32, "00" * 31, "00" * 33, "é"])
def test_a_vouch_for_what_is_no_key_is_refused(node):
    with pytest.raises((Malformed, Untrue)):
        open_keys(Vouch(node, KEYS.agree.hex(), KEYS.agree_sig.hex()))


def test_a_vouch_with_keys_of_the_wrong_size_is_refused():
    with pytest.raises(Untrue):
        open_keys(Vouch(KEYS.node.hex(), "00", "00"))
