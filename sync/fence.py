"""The fence: a small file outside the database that holds the last own sequence number made public.

It is raised, and fsynced, before a head of the node's own log leaves the machine. A database that is found to be behind
it was rolled back; going on in the same log would write two entries with one number, so a new log is opened instead.
"""

import errno
import os
from pathlib import Path
from typing import Protocol

from sync.errors import Conflict, DiskFull
from sync.placing import sync_folder


class Fence(Protocol):
    """Remembers (log id, seq) through a rollback of the database."""

    def read(self) -> tuple[bytes, int] | None:
        """What was last made public, if anything was."""

    def write(self, log: bytes, seq: int) -> None:
        """Remember durably that this log is public up to `seq`."""


class FileFence:
    """A fence in one small text file: the log's id in hex and the sequence number."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[bytes, int] | None:
        """See Fence; a file that can't be read counts as none."""
        try:
            log, seq = self.path.read_text("ascii").split()
            return bytes.fromhex(log), int(seq)
        except (FileNotFoundError, ValueError):
            return None

    def write(self, log: bytes, seq: int) -> None:
        """Replace the file so that a power cut leaves the old or the new one whole."""
        try:
            self._replace(f"{log.hex()} {seq}\n")
        except OSError as error:
            kept, todo = "Nothing was sent.", "Free some space, or make the folder writable; then try again."
            if error.errno == errno.ENOSPC:
                raise DiskFull("The disk is full.", kept, todo) from None
            raise Conflict(f"{self.path} can't be written: {error.strerror}.", kept, todo) from None

    def _replace(self, text: str) -> None:
        fresh = self.path.with_suffix(".new")
        with open(fresh, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.path)
        sync_folder(self.path.parent)


class MemoryFence:
    """A fence for nodes that live in memory."""

    def __init__(self) -> None:
        self.held: tuple[bytes, int] | None = None

    def read(self) -> tuple[bytes, int] | None:
        """See Fence."""
        return self.held

    def write(self, log: bytes, seq: int) -> None:
        """See Fence."""
        self.held = log, seq
