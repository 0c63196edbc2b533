"""The text of a waybill: a whole dispatch in letters and digits, as it stands in the QR code on the paper.

Who reads it has the dispatch, before its sender's log was ever heard: the fields that its entry's id is the hash of,
its payload, and the names of all that it speaks of. The sender's signature covers all of it. Layout, big-endian:

    network's first 4 bytes | log 32 | seq u64 | prev 32 | lamport u64 | claimed i64 | node 32 | payload u16 | payload
    names as JSON | signature 64

compressed with Zstandard, in base32 after "BL1:". What is too long for one code goes in parts, "BL1/2/3:" and so on.
"""

import re
from hashlib import sha256
from struct import Struct, error
from typing import Any, NamedTuple

import msgspec
import zstandard

from node import events
from node.events import Dispatch
from sync.entry import entry_id, header
from sync.errors import Malformed, Problem, Untrue
from sync.frame import inflate
from sync.identity import b32, unb32, verify

PART_CHARS = 1000  # of one QR code: 105 modules wide, which a phone reads from paper
INFLATED_BYTES_MAX = 256 * 1024
TEXT_CHARS_MAX = 400_000
SIGNATURE_BYTES = 64
_HEAD = Struct(">4s32sQ32sQq32sH")
_SIGNED = b"bucketline waybill\0"
_PART = re.compile(r"BL1(?:/(\d{1,3})/(\d{1,3}))?:([A-Z2-7]+)")
_KEPT = "Nothing was recorded."
_TODO = "Copy it again, whole, or take a new photo of the paper."


class Names(msgspec.Struct, omit_defaults=True):
    """What ids mean to the sender: names of places by id; name and unit of items; expiry dates of lots by item.

    `packs` holds thousandths by name, of items whose packs not everybody knows from the start. Who reads papers of
    another version leaves out what it doesn't know, and takes what isn't there for empty.
    """

    team: str = ""
    places: dict[str, str] = {}
    items: dict[str, tuple[str, str]] = {}
    lots: dict[str, dict[str, str]] = {}
    packs: dict[str, dict[str, int]] = {}


class Origin(NamedTuple):
    """Where in its author's log a dispatch stands; times in ms, ids and the author's key as bytes."""

    log: bytes
    seq: int
    prev: bytes
    lamport: int
    claimed: int
    node: bytes


class Slip(NamedTuple):
    """A dispatch as its waybill tells it; `id` is its entry's id in hex, as it will be in the sender's log."""

    id: str
    node: bytes
    log: bytes
    fact: Dispatch
    names: Names


def write(network: bytes, origin: Origin, payload: bytes, names: Names, sign: Any) -> str:
    """The text of a waybill; `sign` is the author's signature over some bytes."""
    log, seq, prev, lamport, claimed, node = origin
    head = _HEAD.pack(network[:4], log, seq, prev, lamport, claimed, node, len(payload))
    content = head + payload + msgspec.json.encode(names)
    packed = zstandard.ZstdCompressor(level=19).compress(content + sign(_SIGNED + network + content))
    return "BL1:" + b32(packed).upper()


def parts(text: str) -> list[str]:
    """The text as QR codes can hold it: itself, or several parts of nearly one length."""
    if len(text) <= PART_CHARS:
        return [text]
    body = text.removeprefix("BL1:")
    count = -(-len(body) // PART_CHARS)
    size = -(-len(body) // count)
    return [f"BL1/{i + 1}/{count}:{body[i * size : (i + 1) * size]}" for i in range(count)]


def is_text(text: str) -> bool:
    """Whether this looks like the text of a waybill, or a part of it."""
    return text.strip().upper().startswith(("BL1:", "BL1/"))


def read(text: str, network: bytes) -> Slip:
    """What a waybill says. Malformed where it can't be read, Untrue where its sender didn't write it so."""
    content, signature = _unpack(_join(text))
    try:
        tag, log, seq, prev, lamport, claimed, node, size = _HEAD.unpack_from(content)
        payload, rest = content[_HEAD.size : _HEAD.size + size], content[_HEAD.size + size :]
        fact, names = events.decode(payload), msgspec.json.decode(rest, type=Names)
    except (error, msgspec.MsgspecError, UnicodeError, RecursionError, Problem):
        raise _unreadable() from None
    if tag != network[:4]:
        raise Untrue("This waybill is of another network, a drill perhaps.", kept=_KEPT)
    if not verify(node, _SIGNED + network + content, signature):
        raise Untrue("This waybill isn't as its sender wrote it: the signature doesn't fit.", kept=_KEPT, todo=_TODO)
    if not isinstance(fact, Dispatch):
        raise _unreadable()
    id = entry_id(header(network, log, seq, prev, lamport, claimed, sha256(payload).digest()))
    return Slip(id.hex(), node, log, fact, names)


def _unreadable() -> Malformed:
    return Malformed("This waybill can't be read: it is damaged, or not whole.", kept=_KEPT, todo=_TODO)


def _join(text: str) -> str:
    """The base32 text of all parts, in whatever order they were pasted."""
    plain = "".join(text[:TEXT_CHARS_MAX].split()).upper()
    found: dict[int, str] = {}
    count = 1
    for at, of, body in _PART.findall(plain.replace("BL1", " BL1")):
        found[int(at or 1)] = body
        count = int(of or 1)
    missing = [str(at) for at in range(1, count + 1) if at not in found]
    if not found:
        raise Malformed("This is not a waybill: its text begins with BL1.", kept=_KEPT, todo=_TODO)
    if missing:
        raise Malformed(
            f"This waybill has {count} codes; of these, {', '.join(missing)} is missing.",
            kept=_KEPT,
            todo="Read all of them in, one after the other in one text.",
        )
    return "".join(found[at] for at in range(1, count + 1))


def _unpack(text: str) -> tuple[bytes, bytes]:
    """What was signed, and the signature."""
    try:
        whole = inflate(unb32(text), INFLATED_BYTES_MAX)
    except (ValueError, Problem):
        raise _unreadable() from None
    return whole[:-SIGNATURE_BYTES], whole[-SIGNATURE_BYTES:]
