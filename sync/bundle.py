"""Courier files: what a node would tell others, in one file that only they can open.

    magic 8 = "bktlbdl" and the byte 1 | recipients u16 | an envelope of 153 bytes for each
    | check 4, the first bytes of SHA-256 over all before
    then chunks:  mark 8 | index u32 | last u8 | length u32 | ciphertext

All numbers are big-endian. Each envelope is of kind BUNDLE (`sync.envelope`), from the writer to one recipient; its
body is the 32-byte key of this file. Nothing in the clear says for whom an envelope is: a reader tries them all.

A chunk's ciphertext is one body of `sync.parcel` under ChaCha20-Poly1305 with the file's key, the index as a 12-byte
nonce and the chunk's own 17 bytes before the ciphertext as associated data; `length` counts the ciphertext with its
tag. Indices run from 0, `last` is 1 in the last chunk and 0 in others. So chunks can't be exchanged, reordered or left
out unnoticed, and each can be read by itself: after a damaged place the reader goes on at the next mark.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from sync import envelope, frame, messages, parcel
from sync.envelope import BUNDLE, OVERHEAD_BYTES, Party
from sync.errors import Conflict, Malformed, NotFound, Refused, Unsupported
from sync.exchange import Memory
from sync.identity import node_id
from sync.log import Log
from sync.messages import Cursor
from sync.placing import file_problems, replacing

MAGIC = b"bktlbdl\x01"
MARK = b"\xf1bktlpt\x01"
KEY_BYTES = 32
CHECK_BYTES = 4
TAG_BYTES = 16
RECIPIENTS_MAX = 4096
DAMAGED_MAX = 1000  # places that look like a chunk and aren't; more is not an accident
PIECE_BYTES = 64 * 1024

_COUNT = struct.Struct(">H")
_HEAD = struct.Struct(">8sIBI")
_SEALED_BYTES = OVERHEAD_BYTES + KEY_BYTES


class _Chunk(NamedTuple):
    number: int
    last: bool
    body: bytes
    end: int  # where in the file the next one starts


# writing


def write(log: Log, memory: Memory, path: Path, for_node: bytes | None = None) -> dict[str, Any]:
    """Write a bundle for all nodes that we talk to, or for one only what it lacks: {entries, bytes, recipients}.

    The file appears whole or not at all. NotFound for a node that isn't known, Conflict where there is nobody to write
    for or where the path holds something that isn't a bundle, DiskFull.
    """
    recipients, since = _recipients(log, memory, for_node)
    key = log.rng(KEY_BYTES)
    envelopes = list(_sealed(log, recipients, key))
    if not envelopes:
        raise Conflict("There is no node to write a bundle for.", todo="Pair with one first: `bucketline peer invite`.")
    entries = 0
    with file_problems(path), replacing(path, MAGIC, "bundle") as file:
        file.write(_header(envelopes))
        for head, body in _numbered(parcel.outgoing(log, since)):
            entries += _entries(log, body)
            _write_chunk(file, key, *head, body)
        size = file.tell()
    return {"entries": entries, "bytes": size, "recipients": len(envelopes)}


def _recipients(log: Log, memory: Memory, for_node: bytes | None) -> tuple[list[Party], Cursor | None]:
    with log.reading():
        known = log.known_keys()
        if for_node is None:
            return [Party(*pair) for pair in known.items()][:RECIPIENTS_MAX], None
        if for_node not in known:
            raise NotFound(f"This node doesn't talk to {node_id(for_node)}.", todo="Pair with it, or accept it, first.")
        return [Party(for_node, known[for_node])], memory.given(for_node)


def _sealed(log: Log, recipients: list[Party], key: bytes) -> Iterator[bytes]:
    for party in recipients:
        with suppress(Malformed):  # somebody's vouch brought an agreement key that is none: nobody could open it
            yield envelope.seal(log.keys, log.network, BUNDLE, party, key)


def _header(envelopes: list[bytes]) -> bytes:
    header = MAGIC + _COUNT.pack(len(envelopes)) + b"".join(envelopes)
    return header + _check(header)


def _check(header: bytes) -> bytes:
    return sha256(header).digest()[:CHECK_BYTES]


def _numbered(bodies: Iterator[bytes]) -> Iterator[tuple[tuple[int, bool], bytes]]:
    """Each body with its (index, whether it is the last)."""
    index, held = 0, next(bodies)
    for body in bodies:
        yield (index, False), held
        index, held = index + 1, body
    yield (index, True), held


def _entries(log: Log, body: bytes) -> int:
    frames = messages.decode(body, log.limits).frames
    return sum(len(item.payloads) for data in frames for item in frame.unpack(data, log.limits))


def _write_chunk(file: BinaryIO, key: bytes, index: int, last: bool, body: bytes) -> None:
    head = _HEAD.pack(MARK, index, last, len(body) + TAG_BYTES)
    file.write(head + ChaCha20Poly1305(key).encrypt(_nonce(index), body, head))


def _nonce(index: int) -> bytes:
    return index.to_bytes(12, "big")


# reading


def read(log: Log, memory: Memory, path: Path) -> dict[str, Any]:
    """Take in a bundle: {received, duplicates, missing, peer}; `missing` says in words what didn't come.

    Unsupported where it is no bundle, Malformed where its beginning is damaged, Refused where it isn't for this node or
    where its writer is none that we talk to.
    """
    with file_problems(path), open(path, "rb") as file:
        sender, key = _open(log, _envelopes(file))
        bodies = _bodies(file, ChaCha20Poly1305(key), log.limits.message_bytes_max)
        found = parcel.incoming(log, memory, sender, bodies)
    return {
        "received": found.received,
        "duplicates": found.duplicates,
        "missing": found.missing,
        "peer": node_id(sender),
    }


def _envelopes(file: BinaryIO) -> list[bytes]:
    start = file.read(len(MAGIC) + _COUNT.size)
    if not start.startswith(MAGIC):
        raise Unsupported("This file is not a bundle of a version that this node reads.")
    count = _COUNT.unpack(start[len(MAGIC) :].ljust(_COUNT.size, b"\0"))[0]
    sealed = file.read(min(count, RECIPIENTS_MAX) * _SEALED_BYTES)
    if count > RECIPIENTS_MAX or file.read(CHECK_BYTES) != _check(start + sealed):
        raise Malformed(
            "The beginning of this bundle is damaged, so that none of it can be opened.",
            todo="Copy the file again, or ask for a new one.",
        )
    return [sealed[at : at + _SEALED_BYTES] for at in range(0, len(sealed), _SEALED_BYTES)]


def _open(log: Log, envelopes: list[bytes]) -> tuple[bytes, bytes]:
    """(the writer's node key, the file's key)."""
    opened = next(filter(None, (_unsealed(log, data) for data in envelopes)), None)
    if opened is None:
        raise Refused(
            "This bundle isn't for this node.",
            todo="Ask who wrote it for one that is: their node has to know this one.",
        )
    return _writer(log, opened), opened.body


def _unsealed(log: Log, data: bytes) -> envelope.Opened | None:
    with suppress(Refused, Malformed):
        opened = envelope.unseal(log.keys, log.network, data)
        return opened if opened.kind == BUNDLE else None
    return None


def _writer(log: Log, opened: envelope.Opened) -> bytes:
    with log.reading():
        for node in log.known_keys():
            if envelope.proves(opened, node, log.keys, log.network):
                return node
    raise Refused(
        "This bundle was written by a node that is unknown or blocked here.",
        todo="Pair with it first: `bucketline peer invite`.",
    )


def _bodies(file: BinaryIO, cipher: ChaCha20Poly1305, bytes_max: int) -> Iterator[bytes | None]:
    """The bodies in order; None where some are missing."""
    expected = 0
    for chunk in _chunks(file, cipher, bytes_max):
        if chunk.number > expected:
            yield None
        if chunk.number >= expected:
            yield chunk.body
            expected = chunk.number + 1
        if chunk.last:
            return
    yield None


def _chunks(file: BinaryIO, cipher: ChaCha20Poly1305, bytes_max: int) -> Iterator[_Chunk]:
    """All chunks that are intact, from where the file now stands; what lies between is passed over."""
    at, failures = _find(file, file.tell()), 0
    while at is not None and failures <= DAMAGED_MAX:
        chunk = _chunk(file, at, cipher, bytes_max)
        if chunk:
            yield chunk
        failures += chunk is None
        at = _find(file, chunk.end if chunk else at + 1)


def _find(file: BinaryIO, at: int) -> int | None:
    """Where the next mark is, at `at` or after it."""
    while True:
        piece = _read_at(file, at, PIECE_BYTES)
        found = piece.find(MARK)
        if found >= 0:
            return at + found
        if len(piece) < PIECE_BYTES:
            return None
        at += len(piece) - len(MARK) + 1


def _chunk(file: BinaryIO, at: int, cipher: ChaCha20Poly1305, bytes_max: int) -> _Chunk | None:
    head = _read_at(file, at, _HEAD.size)
    if len(head) < _HEAD.size:
        return None
    _, number, last, length = _HEAD.unpack(head)
    if not TAG_BYTES <= length <= bytes_max + TAG_BYTES:
        return None
    start = at + len(head)
    with suppress(InvalidTag):
        body = cipher.decrypt(_nonce(number), _read_at(file, start, length), head)
        return _Chunk(number, bool(last), body, start + length)
    return None


def _read_at(file: BinaryIO, at: int, size: int) -> bytes:
    """So many bytes from there, fewer at the end. Where a worn stick can't be read, the file ends."""
    with suppress(OSError):
        file.seek(at)
        return file.read(size)
    return b""
