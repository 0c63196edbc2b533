"""A whole node in one file: its keys, its database and its settings, sealed with a passphrase if one is given.

    magic 8 = "bktlbak" and the byte 1 | 1 if a passphrase was given, else 0 | salt 16
    then pieces:  last u8 | length u32, big-endian | ciphertext

The key is Argon2id (3 passes, 4 lanes, 64 MiB) of the passphrase, which may be empty, and the salt. A piece is sealed
with ChaCha20-Poly1305: its index as a 12-byte nonce, and the 25 bytes of the file's beginning and its own 5 before the
ciphertext as associated data; so none can be changed, moved or cut off unnoticed. The first piece is JSON (see `Told`),
the others are the database.

The copy of the database says that it lies on no machine. Whoever opens it notices that it was moved and goes on in a
new log, so that no number is ever taken twice, even where the old node wrote more after the backup.
"""

import os
import sqlite3
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from node import config, files
from sync.errors import Conflict, Malformed, Refused, Unsupported
from sync.identity import Keys
from sync.placing import OWNER, file_problems, replacing, sync_folder

MAGIC = b"bktlbak\x01"
SALT_BYTES = 16
PIECE_BYTES = 1024 * 1024
TAG_BYTES = 16
NOWHERE = b"a backup"  # what the copy says of the machine that it lies on
_START = struct.Struct(f">8sB{SALT_BYTES}s")
_HEAD = struct.Struct(">BI")
_PASSES, _LANES, _MEMORY_KIB = 3, 4, 64 * 1024  # RFC 9106, the second recommended choice
_DAMAGED = "This backup is damaged or cut off."


class Told(msgspec.Struct):
    """What a backup says of itself: the keys as they lie in the folder, the settings file, when it was made (ms)."""

    keys: bytes
    settings: str
    made: int
    entries: int


# writing


def write(node: Any, path: Path, passphrase: str = "", progress: Callable[[int, int], None] | None = None) -> Told:
    """Write a backup of a node, which may be running; the file appears whole or not at all, readable by its owner only.

    Conflict where the path holds something that isn't a backup. `progress` is told bytes done and in all.
    """
    start = _START.pack(MAGIC, bool(passphrase), node.rng(SALT_BYTES))
    folder = node.config.data
    told = Told((folder / files.KEYS).read_bytes(), _settings(folder), node.clock(), node.log.counts()[0])
    with file_problems(path), TemporaryDirectory(prefix="backup", dir=folder) as inside:
        copy = _copied(node, Path(inside) / files.DATABASE)
        with replacing(path, MAGIC, "backup", OWNER) as file:
            file.write(start)
            _seal(file, _Cipher(start, passphrase), _pieces(told, copy, progress))
    return told


def _settings(folder: Path) -> str:
    path = folder / config.FILE
    return path.read_text("utf-8") if path.exists() else ""


def _copied(node: Any, path: Path) -> Path:
    """The database as it is at one moment."""
    copy = sqlite3.connect(path)
    try:
        node.db.connection().backup(copy)
        copy.execute("UPDATE meta SET value = ? WHERE key = 'machine'", (NOWHERE,))
        copy.commit()
        copy.execute("PRAGMA journal_mode = delete")  # all of it in the one file
    finally:
        copy.close()
    return path


def _pieces(told: Told, copy: Path, progress: Callable[[int, int], None] | None) -> Iterator[bytes]:
    yield msgspec.json.encode(told)
    done, total = 0, copy.stat().st_size
    with open(copy, "rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
            done += len(piece)
            if progress:
                progress(done, total)


class _Cipher:
    """Seals and opens the pieces of one file, each by its place."""

    def __init__(self, start: bytes, passphrase: str) -> None:
        self.start, salt = start, start[-SALT_BYTES:]
        kdf = Argon2id(salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
        self._cipher, self._index = ChaCha20Poly1305(kdf.derive(passphrase.encode())), 0

    def _next(self) -> bytes:
        self._index += 1
        return (self._index - 1).to_bytes(12, "big")

    def seal(self, head: bytes, piece: bytes) -> bytes:
        """The next piece, sealed."""
        return self._cipher.encrypt(self._next(), piece, self.start + head)

    def open(self, head: bytes, sealed: bytes) -> bytes:
        """The next piece; InvalidTag where it isn't what was sealed."""
        return self._cipher.decrypt(self._next(), sealed, self.start + head)


def _seal(file: BinaryIO, cipher: _Cipher, pieces: Iterator[bytes]) -> None:
    held = next(pieces)
    for piece in pieces:
        _write_piece(file, cipher, 0, held)
        held = piece
    _write_piece(file, cipher, 1, held)


def _write_piece(file: BinaryIO, cipher: _Cipher, last: int, piece: bytes) -> None:
    head = _HEAD.pack(last, len(piece) + TAG_BYTES)
    file.write(head + cipher.seal(head, piece))


# reading


def has_passphrase(path: Path) -> bool:
    """Whether a backup was sealed with a passphrase; Unsupported where the file is no backup."""
    with file_problems(path), open(path, "rb") as file:
        return bool(_START.unpack(_start(file))[1])


def _start(file: BinaryIO) -> bytes:
    start = file.read(_START.size)
    if len(start) < _START.size or not start.startswith(MAGIC):
        raise Unsupported("This file is not a backup of a version that this program reads.")
    return start


def restore(folder: Path, path: Path, passphrase: str = "") -> Told:
    """Put what a backup holds into a folder in which there is no node; all of it or nothing.

    Conflict where there is one, Refused for a wrong passphrase, Malformed where the file is damaged.
    """
    if files.exists(folder):
        raise Conflict(
            f"There is a node in {folder} already.",
            todo="Name another folder with `bucketline --data DIR restore FILE`, or move that one away.",
        )
    with file_problems(path), open(path, "rb") as file:
        start = _start(file)
        pieces = _opened(file, _Cipher(start, passphrase))
        told = _told(next(pieces))
        with file_problems(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with TemporaryDirectory(prefix="restore", dir=folder) as inside:
                _unpack(Path(inside), told, pieces)
                _place(Path(inside), folder)
    return told


def _told(piece: bytes) -> Told:
    try:
        told = msgspec.json.decode(piece, type=Told)
        Keys.from_bytes(told.keys)
    except (msgspec.MsgspecError, ValueError):
        raise Malformed(_DAMAGED, todo="Copy it again, or take another one.") from None
    return told


def _opened(file: BinaryIO, cipher: _Cipher) -> Iterator[bytes]:
    """The pieces, one by one, up to the last; the first tells whether the passphrase is right."""
    is_first, is_last = True, False
    while not is_last:
        head = file.read(_HEAD.size)
        is_last, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (False, -1)
        sealed = file.read(length) if TAG_BYTES <= length <= PIECE_BYTES + TAG_BYTES else b""
        try:
            piece = cipher.open(head, sealed)
        except InvalidTag:
            if is_first and sealed:
                raise Refused(
                    "That isn't the passphrase of this backup, or its beginning is damaged.",
                    todo="Type it as when the backup was made.",
                ) from None
            raise Malformed(_DAMAGED, todo="Copy it again, or take another one.") from None
        is_first = False
        yield piece


def _unpack(inside: Path, told: Told, pieces: Iterator[bytes]) -> None:
    database = inside / files.DATABASE
    with open(os.open(database, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER), "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    files.write_private(inside / files.KEYS, told.keys)
    if told.settings:
        files.write_private(inside / config.FILE, told.settings.encode())


def _place(inside: Path, folder: Path) -> None:
    """Into the folder, the keys last: without them there is no node there yet."""
    for left in ("-wal", "-shm"):  # of a database that is gone
        (folder / (files.DATABASE + left)).unlink(missing_ok=True)
    for name in (files.DATABASE, config.FILE, files.KEYS):
        if (inside / name).exists():
            os.replace(inside / name, folder / name)
    sync_folder(folder)
