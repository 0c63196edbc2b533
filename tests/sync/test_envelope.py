"""Envelopes: what a forger, an eavesdropper or a courier can do to one, and that none of it works."""

import random

import pytest

from sync import envelope
from sync.envelope import ANSWER, BIND_BYTES, BUNDLE, LAST, NEXT, OPEN, OVERHEAD_BYTES, PAIR, Party
from sync.errors import Malformed, Refused
from sync.identity import Keys

NETWORK = b"test network 16b"
BODY = b"what we hold"


def keys_of(seed) -> Keys:
    return Keys.generate(random.Random(seed).randbytes)


ANNA, BELA, CARA = keys_of("anna"), keys_of("bela"), keys_of("cara")


def party(keys: Keys) -> Party:
    return Party(keys.node, keys.agree)


def sealed(kind=OPEN, sender=ANNA, to=BELA, body=BODY, bind=b"", network=NETWORK) -> bytes:
    return envelope.seal(sender, network, kind, party(to), body, bind)


def opened(data, receiver=BELA, kinds=(OPEN,), sender=ANNA, bind=b"", network=NETWORK):
    return envelope.open_from(receiver, network, data, kinds, sender.node, bind)


@pytest.mark.parametrize("kind", BIND_BYTES)
def test_the_receiver_reads_what_the_sender_sealed(kind):
    bind = bytes(BIND_BYTES[kind])
    assert opened(sealed(kind, bind=bind), kinds=(kind,), bind=bind).body == BODY


def test_an_envelope_costs_at_most_125_bytes():
    assert len(sealed()) - len(BODY) == OVERHEAD_BYTES <= 125


def test_the_same_body_is_never_sealed_to_the_same_bytes():
    first, second = sealed(), sealed()
    assert first != second
    assert BODY not in first and ANNA.node[:8] not in first


def test_an_empty_body_travels():
    assert opened(sealed(body=b"")).body == b""


@pytest.mark.parametrize("at", range(OVERHEAD_BYTES + len(BODY)))
def test_a_byte_tampered_with_anywhere_is_noticed(at):
    data = bytearray(sealed())
    data[at] ^= 1
    with pytest.raises((Refused, Malformed)):
        opened(bytes(data))


@pytest.mark.parametrize("flip", [0x80, 0x40, 0xFF])
def test_the_spare_bits_of_the_ephemeral_key_are_no_back_door(flip):
    data = bytearray(sealed())
    data[32] ^= flip
    with pytest.raises(Refused):
        opened(bytes(data))


@pytest.mark.parametrize("size", [0, 1, 33, OVERHEAD_BYTES - 1])
def test_bytes_that_are_too_few_are_malformed(size):
    with pytest.raises(Malformed):
        envelope.unseal(BELA, NETWORK, sealed()[:size])


def test_another_version_is_malformed():
    with pytest.raises(Malformed):
        envelope.kind_of(b"\x21" + sealed()[1:])


def test_a_cut_envelope_is_refused():
    with pytest.raises(Refused):
        opened(sealed()[:-1])


def test_an_ephemeral_key_of_low_order_is_refused():
    data = sealed()
    with pytest.raises(Refused):
        opened(data[:1] + bytes(32) + data[33:])


def test_a_receivers_key_of_low_order_is_told_to_the_sender():
    with pytest.raises(Malformed):
        envelope.seal(ANNA, NETWORK, OPEN, Party(BELA.node, bytes(32)), BODY)


def test_somebody_else_cannot_open_it():
    with pytest.raises(Refused):
        opened(sealed(), receiver=CARA)


def test_a_reflected_request_is_refused_by_its_own_sender():
    with pytest.raises(Refused):
        opened(sealed(), receiver=ANNA, sender=BELA)


def test_a_message_of_another_network_is_refused():
    with pytest.raises(Refused):
        opened(sealed(), network=b"another network!")


def test_a_message_opened_and_sealed_anew_for_a_third_is_refused():
    """Bela can decrypt Anna's message and seal it to Cara, but Anna has signed that it is for Bela."""
    inner = envelope.unseal(BELA, NETWORK, sealed())
    forged = _with_signature(inner.signature, inner.body, to=CARA)
    with pytest.raises(Refused):
        opened(forged, receiver=CARA)


def test_a_message_whose_sender_only_claims_to_be_another_is_refused():
    inner = envelope.unseal(BELA, NETWORK, sealed(sender=CARA))
    forged = _with_signature(inner.signature, inner.body, to=BELA)
    with pytest.raises(Refused):
        opened(forged)


def _with_signature(signature: bytes, body: bytes, to: Keys) -> bytes:
    """An envelope with Anna's hint and a signature that was taken from elsewhere."""

    class Forger:
        node = ANNA.node

        @staticmethod
        def sign(_message: bytes) -> bytes:
            return signature

    return envelope.seal(Forger(), NETWORK, OPEN, party(to), body)


def test_an_opening_cannot_be_passed_off_as_another_kind():
    data = sealed(OPEN)
    for kind in (PAIR, BUNDLE):
        with pytest.raises(Refused):
            opened(bytes([1 << 4 | kind]) + data[1:], kinds=(kind,))


def test_a_replayed_answer_to_another_request_is_refused():
    first, second = sealed(), sealed()
    answer = sealed(LAST, BELA, ANNA, bind=envelope.binding(first))
    assert opened(answer, ANNA, (ANSWER, LAST), BELA, envelope.binding(first)).body == BODY
    with pytest.raises(Refused):
        opened(answer, ANNA, (ANSWER, LAST), BELA, envelope.binding(second))


def test_a_later_request_under_an_old_nonce_is_refused():
    data = sealed(NEXT, bind=b"n" * 16)
    assert opened(data, kinds=(NEXT,), bind=b"n" * 16).body == BODY
    with pytest.raises(Refused):
        opened(data, kinds=(NEXT,), bind=b"m" * 16)


def test_an_envelope_of_a_kind_that_is_not_expected_is_refused_before_it_is_opened():
    with pytest.raises(Refused):
        opened(sealed(PAIR))


def test_every_refusal_says_the_same():
    said = set()
    for attempt in (
        lambda: opened(sealed(), receiver=CARA),
        lambda: opened(sealed(), network=b"another network!"),
        lambda: opened(sealed(sender=CARA)),
        lambda: opened(sealed(PAIR)),
    ):
        with pytest.raises(Refused) as caught:
            attempt()
        said.add(str(caught.value))
    assert len(said) == 1
