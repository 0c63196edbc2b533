"""Files that appear whole or not at all, and what goes wrong with files, in words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ENOSPC
from pathlib import Path
from typing import BinaryIO

from sync.errors import Conflict, DiskFull, NotFound, Problem

EVERYBODY, OWNER = 0o666, 0o600  # who may read a new file, as far as the system lets them


@contextmanager
def replacing(path: Path, magic: bytes, kind: str, mode: int = EVERYBODY) -> Iterator[BinaryIO]:
    """A new file that takes the path's place once it is safely on the disk, and is removed if anything goes wrong.

    Conflict where the path holds something that doesn't begin with `magic`, and so is no `kind`: a slip of the pen must
    not cost a spreadsheet.
    """
    _guard(path, magic, kind)
    fresh = path.with_name(path.name + ".part")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        with suppress(OSError):  # not every system or stick can
            sync_folder(path.parent)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _guard(path: Path, magic: bytes, kind: str) -> None:
    if path.exists() and path.stat().st_size:
        with open(path, "rb") as file:
            if file.read(len(magic)) != magic:
                raise Conflict(f"{path.name} exists and is not a {kind}.", todo="Choose another name.")


def sync_folder(folder: Path) -> None:
    """What was renamed in a folder survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def file_problems(path: Path) -> Iterator[None]:
    """What the system says of a file, in words: NotFound, DiskFull, or a Problem."""
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"There is no such file or folder: {path}.") from None
    except OSError as error:
        if error.errno == ENOSPC:
            raise DiskFull(
                f"There is no room for {path.name}.", todo="Free some space, or use another stick."
            ) from None
        raise Problem(f"{path} can't be used: {error.strerror or error}.") from None
