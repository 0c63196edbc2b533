"""The files of a node's folder: keys, database, fence. Private to the user that runs the node."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peewee
from filelock import FileLock, Timeout

from sync.errors import Conflict, Problem
from sync.identity import Keys, Rng

KEYS, DATABASE, FENCE, SERVING = "keys", "bucketline.db", "fence", "serving.lock"
PRAGMAS = {
    "page_size": 8192,  # bytes: entries are large rows, and each commit writes whole pages
    "journal_mode": "wal",
    "synchronous": "full",  # an acknowledged drop must survive a pulled plug
    "cache_size": -16_000,  # KiB
    "foreign_keys": 0,
    "wal_autocheckpoint": 4000,  # pages: 32 MB of log, so that a large exchange is copied once
    "busy_timeout": 30_000,  # ms
    "secure_delete": 1,  # what is freed is overwritten: words that were taken out may have lain there long before
}


class NoNode(Problem):
    """There is no node in this folder yet."""

    title = "No node here"


def exists(folder: Path) -> bool:
    """Whether a node lives in this folder."""
    return (folder / KEYS).exists() and (folder / DATABASE).exists()


def make_keys(folder: Path, rng: Rng) -> Keys:
    """New keys in a new folder, readable by this user alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / KEYS
        if not path.exists():
            write_private(path, rng(64))
    except OSError as error:
        raise Conflict(
            f"The folder {folder} can't be written: {error.strerror}.",
            todo="Name another one with `bucketline --data DIR init`.",
        ) from None
    return read_keys(folder)


def write_private(path: Path, content: bytes) -> None:
    """A new file that this user alone can read, safely on the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_keys(folder: Path) -> Keys:
    """The keys in a node's folder."""
    try:
        return Keys.from_bytes((folder / KEYS).read_bytes())
    except FileNotFoundError:
        raise NoNode(
            f"There is no node in {folder} yet.",
            todo="Make one with `bucketline init --team NAME`, or name its folder with --data.",
        ) from None
    except OSError as error:
        raise Conflict(f"The keys in {folder} can't be read: {error.strerror}.") from None


def open_database(folder: Path) -> peewee.SqliteDatabase:
    """The node's SQLite database, in the mode in which a power cut loses nothing that was acknowledged."""
    return peewee.SqliteDatabase(str(folder / DATABASE), pragmas=PRAGMAS, timeout=30, check_same_thread=False)


@contextmanager
def serving(folder: Path) -> Iterator[None]:
    """Only one program serves a folder at a time; Conflict where another one does."""
    lock = FileLock(folder / SERVING, timeout=0)
    try:
        with lock:
            yield
    except Timeout:
        raise Conflict(
            f"The node in {folder} is being served already, by another `bucketline serve`.",
            kept="That one goes on.",
            todo="Use its pages, or stop it first.",
        ) from None


def machine_mark(path: Path = Path("/etc/machine-id")) -> str:
    """A mark of this machine that says nothing about it, to notice a copied disk; empty where none is to be had."""
    try:
        return hashlib.sha256(b"bucketline machine\0" + path.read_bytes().strip()).hexdigest()[:32]
    except OSError:
        return ""
