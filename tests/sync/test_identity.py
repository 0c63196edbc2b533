"""A node id survives being written by hand, and a key is what its seeds make of it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import Malformed
from sync.identity import Keys, agreement_holds, b32, check_character, node_id, parse_node_id, show_id, unb32, verify

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
KEYS = Keys.generate(random.Random(7).randbytes)
ID = node_id(KEYS.node)


@given(st.binary(min_size=32, max_size=32))
def test_a_node_id_leads_back_to_its_key(key):
    assert len(node_id(key)) == 53
    assert parse_node_id(node_id(key)) == key


@given(st.binary(min_size=32, max_size=32))
def test_a_node_id_may_be_written_in_groups_in_capitals_and_with_spaces(key):
    shown = show_id(node_id(key))
    assert all(len(group) <= 4 for group in shown.split("-"))
    assert parse_node_id(f"  {shown.upper().replace('-', ' - ')}\n") == key


def test_any_one_wrong_character_is_noticed():
    for place in range(len(ID)):
        for other in ALPHABET.replace(ID[place], ""):
            with pytest.raises(Malformed):
                parse_node_id(ID[:place] + other + ID[place + 1 :])


def test_two_neighbours_swapped_are_noticed_unless_they_are_the_one_pair_that_luhn_cannot_tell():
    for first in ALPHABET:
        for second in ALPHABET.replace(first, ""):
            same = check_character("c" + first + second) == check_character("c" + second + first)
            assert same == ({first, second} == {"a", "7"})


def test_any_wrong_character_is_noticed_by_the_check_character_alone():
    for place in range(10):
        text = list("k3mzy7aq2x")
        found = set()
        for character in ALPHABET:
            text[place] = character
            found.add(check_character("".join(text)))
        assert len(found) == 32


@pytest.mark.parametrize(
    "text", ["", "abc", ID[:-1], ID + "a", ID.replace(ID[3], "1"), "ı" * 53, "0" * 53, "é" + ID[1:], "a" * 5000]
)
def test_what_is_no_node_id_is_refused_with_a_next_step(text):
    with pytest.raises(Malformed) as caught:
        parse_node_id(text)
    assert caught.value.todo


def test_spare_bits_at_the_end_of_an_id_are_refused():
    spare = ID[:51] + ALPHABET[ALPHABET.index(ID[51]) | 1]
    assert spare != ID[:52]
    with pytest.raises(Malformed):
        parse_node_id(spare + check_character(spare))
    with pytest.raises(ValueError):
        unb32(spare)


@given(st.binary(max_size=40))
def test_base32_leads_back(data):
    assert unb32(b32(data)) == data
    assert unb32(b32(data).upper()) == data


def test_keys_are_what_their_seeds_make_of_them():
    again = Keys.from_bytes(KEYS.to_bytes())
    assert (again.node, again.agree, again.agree_sig) == (KEYS.node, KEYS.agree, KEYS.agree_sig)
    assert len(KEYS.to_bytes()) == 64


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_a_key_file_of_another_size_is_refused(size):
    with pytest.raises(Malformed):
        Keys.from_bytes(bytes(size))


def test_a_signature_holds_for_its_message_and_key_alone():
    other = Keys.generate(random.Random(8).randbytes)
    signature = KEYS.sign(b"water")
    assert verify(KEYS.node, b"water", signature)
    assert not verify(KEYS.node, b"waters", signature)
    assert not verify(other.node, b"water", signature)
    assert not verify(KEYS.node, b"water", signature[:-1] + bytes([signature[-1] ^ 1]))


@pytest.mark.parametrize(("key", "signature"), [(b"", bytes(64)), (bytes(31), bytes(64)), (bytes(32), b"")])
def test_keys_and_signatures_of_the_wrong_size_hold_for_nothing(key, signature):
    assert not verify(key, b"water", signature)


def test_an_agreement_key_holds_only_for_the_node_that_signed_it():
    other = Keys.generate(random.Random(8).randbytes)
    assert agreement_holds(KEYS.node, KEYS.agree, KEYS.agree_sig)
    assert not agreement_holds(other.node, KEYS.agree, KEYS.agree_sig)
    assert not agreement_holds(KEYS.node, other.agree, KEYS.agree_sig)
    assert not agreement_holds(KEYS.node, KEYS.agree, KEYS.sign(KEYS.agree)), "the domain must be signed too"
