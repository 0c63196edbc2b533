"""Who a node is: an Ed25519 signing key, and an X25519 agreement key that the first has signed.

A node id is the signing key in base32 with a check character, so that a slip of the pen is noticed before it matters.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync.errors import Malformed

Rng = Callable[[int], bytes]  # so many random bytes
Clock = Callable[[], int]  # milliseconds since 1970 UTC

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_KEY_CHARS = 52  # 32 bytes in base32 without padding
_AGREE_DOMAIN = b"bucketline agreement key\0"


@dataclass(frozen=True)
class Keys:
    """The private keys of one node, with their public halves: `node` signs, `agree` receives sealed messages."""

    signing: Ed25519PrivateKey
    agreement: X25519PrivateKey
    node: bytes
    agree: bytes
    agree_sig: bytes

    @classmethod
    def from_bytes(cls, seeds: bytes) -> "Keys":
        """Keys from their 64 secret bytes: the signing seed, then the agreement seed."""
        if len(seeds) != 64:
            raise Malformed("The key file doesn't hold 64 bytes.", todo="Restore it from a backup.")
        signing = Ed25519PrivateKey.from_private_bytes(seeds[:32])
        agreement = X25519PrivateKey.from_private_bytes(seeds[32:])
        agree = agreement.public_key().public_bytes_raw()
        node = signing.public_key().public_bytes_raw()
        return cls(signing, agreement, node, agree, signing.sign(_AGREE_DOMAIN + agree))

    @classmethod
    def generate(cls, rng: Rng) -> "Keys":
        """New keys out of 64 bytes of the randomness handed in."""
        return cls.from_bytes(rng(64))

    def to_bytes(self) -> bytes:
        """The 64 secret bytes that `from_bytes` reads."""
        return self.signing.private_bytes_raw() + self.agreement.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of a message."""
        return self.signing.sign(message)


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 32-byte node key signed this message."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def agreement_holds(node: bytes, agree: bytes, agree_sig: bytes) -> bool:
    """Whether this node key vouches for this agreement key."""
    return verify(node, _AGREE_DOMAIN + agree, agree_sig)


def b32(data: bytes) -> str:
    """Lower-case base32 without padding."""
    return base64.b32encode(data).decode().rstrip("=").lower()


def unb32(text: str) -> bytes:
    """What `b32` wrote; ValueError where it can't have written this."""
    data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    if b32(data) != text.lower():
        raise ValueError("spare bits are set")
    return data


def check_character(text: str) -> str:
    """Luhn's check character modulo 32: notices any one wrong character and nearly every swap of two."""
    total = 0
    for place, character in enumerate(reversed(text)):
        high, low = divmod(_ALPHABET.index(character) * (1 + (place + 1) % 2), 32)
        total += high + low
    return _ALPHABET[-total % 32]


def node_id(key: bytes) -> str:
    """A node key as people and programs write it: 52 characters of base32 and one check character."""
    text = b32(key)
    return text + check_character(text)


def show_id(text: str) -> str:
    """A node id in groups of four, for reading aloud."""
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def parse_node_id(text: str) -> bytes:
    """The 32-byte key of a node id; spaces, dashes and case don't matter."""
    plain = "".join(text.split()).replace("-", "").lower()
    todo = "Copy it again from the other node's page or from `bucketline peer list`."
    if len(plain) != _KEY_CHARS + 1 or any(c not in _ALPHABET for c in plain):
        raise Malformed("This is not a node id: it needs 53 letters and digits.", todo=todo)
    if check_character(plain[:-1]) != plain[-1]:
        raise Malformed("This node id has a slip in it: its check character doesn't fit.", todo=todo)
    try:
        return unb32(plain[:-1])
    except ValueError:
        raise Malformed("This node id has a slip in it: its last letters can't be.", todo=todo) from None
