"""The envelope: one sealed and signed form for every message between two nodes, whatever carries it.

    tag u8 | enc 32 | ciphertext, with the 16-byte AEAD tag at its end                       (121 bytes and the body)
    plaintext:  sender hint 8 (first bytes of its node key) | signature 64 | body

`tag` is the format version (1) in the high four bits and the kind in the low four. `enc` and `ciphertext` are one
single-shot HPKE seal (RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305: fast and of
constant time on small boards without AES instructions) to the receiver's agreement key, with

    info = "bucketline envelope\\0" | tag | network 16 | receiver's node key 32            (associated data: empty)

and the signature is the sender's Ed25519 over

    "bucketline signed message\\0" | tag | sender's node key 32 | receiver's node key 32 | network 16
    | bind (length by kind) | SHA-256(body)

| kind | n | bind | what it is |
|---|---|---|---|
| OPEN | 1 | – | a client's first message |
| NEXT | 2 | 16: the nonce from the server's last answer | a client's later message |
| ANSWER | 3 | 32: SHA-256 of the whole envelope that it answers | nonce 16, then the server's message |
| LAST | 4 | 32: likewise | the server's message, after which it expects nothing more |
| PAIR | 5 | – | a joiner shows its invitation |
| PAIRED | 6 | 32: SHA-256 of the PAIR envelope | the inviter's own details |
| BUNDLE | 7 | – | the key of a courier file |

So an answer holds for one request alone, a later request for one answer alone, and neither can be turned round, sent
to another node or carried into another network. An opening can be sent again by whoever recorded it; what comes back
can be read by the right node alone. `bind` is not sent: both sides know it. The signature doesn't cover `enc`, which
one-shot HPKE makes only while it seals; it names the receiver instead, so that a receiver who seals it anew can show
it to nobody but itself. There is no forward secrecy towards a receiver whose agreement key is stolen later.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sync.errors import Malformed, Refused
from sync.identity import Keys, verify

OPEN, NEXT, ANSWER, LAST, PAIR, PAIRED, BUNDLE = range(1, 8)
BIND_BYTES = {OPEN: 0, NEXT: 16, ANSWER: 32, LAST: 32, PAIR: 0, PAIRED: 32, BUNDLE: 0}
NONCE_BYTES = BIND_BYTES[NEXT]
HINT_BYTES = 8
OVERHEAD_BYTES = 1 + 32 + 16 + HINT_BYTES + 64

_VERSION = 1
_INFO = b"bucketline envelope\0"
_SIGNED = b"bucketline signed message\0"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class Party(NamedTuple):
    """Whom a message is for: its node key and its agreement key, 32 bytes each."""

    node: bytes
    agree: bytes


class Opened(NamedTuple):
    """A message that was sealed to us. Nothing of it is to be believed before `proves` says whose it is."""

    kind: int
    hint: bytes
    signature: bytes
    body: bytes


def refusal() -> Refused:
    """The one refusal that every stranger, forger and replayer gets: it says nothing about why."""
    return Refused("This node doesn't take that message.")


def kind_of(data: bytes) -> int:
    """The kind of an envelope; Malformed where these bytes can't be one."""
    if len(data) < OVERHEAD_BYTES or data[0] >> 4 != _VERSION or data[0] & 15 not in BIND_BYTES:
        raise Malformed("This is not an envelope of a version that this node reads.", todo="Update both nodes.")
    return data[0] & 15


def binding(data: bytes) -> bytes:
    """What an answer to this envelope is bound to."""
    return sha256(data).digest()


def seal(keys: Keys, network: bytes, kind: int, to: Party, body: bytes, bind: bytes = b"") -> bytes:
    """An envelope from `keys` to a node; Malformed where its agreement key can't be one."""
    signature = keys.sign(_signed(kind, keys.node, to.node, network, bind, body))
    plaintext = keys.node[:HINT_BYTES] + signature + body
    try:
        public = X25519PublicKey.from_public_bytes(to.agree)
        return _tag(kind) + _SUITE.encrypt(plaintext, public, _info(kind, network, to.node))
    except ValueError:
        raise Malformed("The other node's agreement key is none.", todo="Pair with it anew.") from None


def unseal(keys: Keys, network: bytes, data: bytes) -> Opened:
    """Open what is sealed to us; Malformed where it is no envelope, Refused where it is for someone else."""
    kind = kind_of(data)
    try:
        plaintext = _SUITE.decrypt(data[1:], keys.agreement, _info(kind, network, keys.node))
    except (InvalidTag, ValueError):
        raise refusal() from None
    signature_at, body_at = HINT_BYTES, HINT_BYTES + 64
    return Opened(kind, plaintext[:signature_at], plaintext[signature_at:body_at], plaintext[body_at:])


def proves(opened: Opened, sender: bytes, keys: Keys, network: bytes, bind: bytes = b"") -> bool:
    """Whether this node key sent this message to us, here, bound to this."""
    if opened.hint != sender[:HINT_BYTES]:
        return False
    message = _signed(opened.kind, sender, keys.node, network, bind, opened.body)
    return verify(sender, message, opened.signature)


def open_from(
    keys: Keys, network: bytes, data: bytes, kinds: Sequence[int], sender: bytes, bind: bytes = b""
) -> Opened:
    """A message of one of these kinds from a sender whom we expect; Refused where it isn't."""
    if kind_of(data) not in kinds:
        raise refusal()
    opened = unseal(keys, network, data)
    if not proves(opened, sender, keys, network, bind):
        raise refusal()
    return opened


def _tag(kind: int) -> bytes:
    return bytes([_VERSION << 4 | kind])


def _info(kind: int, network: bytes, receiver: bytes) -> bytes:
    return _INFO + _tag(kind) + network + receiver


def _signed(kind: int, sender: bytes, receiver: bytes, network: bytes, bind: bytes, body: bytes) -> bytes:
    assert len(bind) == BIND_BYTES[kind] and len(network) == 16
    return _SIGNED + _tag(kind) + sender + receiver + network + bind + sha256(body).digest()
