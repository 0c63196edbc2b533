"""One entry: a fixed binary header of 144 bytes and the payload exactly as it was written.

    magic 8 | network 16 | log 32 | seq 8 | prev 32 | lamport 8 | claimed 8 (signed) | SHA-256(payload) 32

Big-endian throughout. The entry id is SHA-256(header); the author signs a domain tag followed by the id. A log's id is
the id of its first entry, its genesis, whose `log` and `prev` are zero.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from sync.errors import Malformed, Untrue
from sync.identity import Keys, agreement_holds

MAGIC = b"bktline\x01"
ZERO = bytes(32)
HEADER = struct.Struct(">8s16s32sQ32sQq32s")
_SIGNED = b"bucketline entry\0"


def header(network: bytes, log: bytes, seq: int, prev: bytes, lamport: int, claimed: int, payload_hash: bytes) -> bytes:
    """The 144 bytes that an entry's id is the hash of."""
    return HEADER.pack(MAGIC, network, log, seq, prev, lamport, claimed, payload_hash)


def entry_id(head: bytes) -> bytes:
    """The id of the entry with this header."""
    return hashlib.sha256(head).digest()


def chain_ids(
    network: bytes,
    log: bytes,
    seq: int,
    prev: bytes,
    lamports: Sequence[int],
    claims: Sequence[int],
    hashes: Iterable[bytes],
) -> list[bytes]:
    """The ids of consecutive entries from `seq` on, after the entry `prev`: each is hashed into the next."""
    pack, sha256 = HEADER.pack, hashlib.sha256
    ids = []
    for at, (lamport, claimed, payload_hash) in enumerate(zip(lamports, claims, hashes, strict=True), seq):
        prev = sha256(pack(MAGIC, network, log, at, prev, lamport, claimed, payload_hash)).digest()
        ids.append(prev)
        if at == 0:
            log = prev
    return ids


def signed_bytes(entry: bytes) -> bytes:
    """What the author signs for an entry id."""
    return _SIGNED + entry


class Superseded(Struct):
    """An earlier log of the same node, as far as its new incarnation knew it (hex ids)."""

    log: str
    seq: int
    head: str


class Genesis(Struct, tag_field="type", tag="sync.genesis"):
    """A log's first payload: whose it is (hex keys), in which network, and which logs it takes over from."""

    node: str
    agree: str
    agree_sig: str
    network: str
    salt: str
    supersedes: list[Superseded] = []


class Vouch(Struct, tag_field="type", tag="sync.vouch"):
    """The writer trusts this node: its logs may be folded by whoever trusts the writer (hex keys)."""

    node: str
    agree: str
    agree_sig: str


_own: msgspec.json.Decoder[Genesis | Vouch] = msgspec.json.Decoder(Genesis | Vouch)
encode = msgspec.json.encode


def decode(payload: bytes) -> Genesis | Vouch | None:
    """The payload, if it is one of replication's own."""
    try:
        return _own.decode(payload)
    except (msgspec.MsgspecError, UnicodeError):
        return None


def make_genesis(keys: Keys, network: bytes, salt: bytes, supersedes: list[Superseded]) -> bytes:
    """The payload that opens a log of these keys."""
    genesis = Genesis(keys.node.hex(), keys.agree.hex(), keys.agree_sig.hex(), network.hex(), salt.hex(), supersedes)
    return encode(genesis)


def open_keys(fact: Genesis | Vouch) -> tuple[bytes, bytes, bytes]:
    """(node, agree, agree_sig) of a genesis or vouch; Untrue where the node didn't sign the agreement key."""
    try:
        node, agree, signature = (bytes.fromhex(t) for t in (fact.node, fact.agree, fact.agree_sig))
    except ValueError:
        raise Malformed("A key in an entry isn't written in hex.") from None
    if len(node) != 32 or len(agree) != 32 or not agreement_holds(node, agree, signature):
        raise Untrue("An agreement key isn't signed by the node that it is said to belong to.")
    return node, agree, signature


def read_genesis(payload: bytes, network: bytes) -> tuple[bytes, bytes, bytes]:
    """(node, agree, agree_sig) that a genesis payload names; it must be of this network."""
    genesis = decode(payload)
    if not isinstance(genesis, Genesis):
        raise Untrue("A log begins with something that isn't a genesis.")
    if genesis.network != network.hex():
        raise Untrue("A log belongs to another network.", todo="Pair only nodes of one network.")
    return open_keys(genesis)
