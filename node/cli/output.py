"""Where commands write files: whole or not at all, or to standard output."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sync.errors import Malformed, Problem


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of an older one when all is written; what failed half-way leaves the old one."""
    fresh = None
    try:
        handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "wb") as file:
            yield file
        os.replace(fresh, path)
        fresh = None
    except OSError as error:
        raise Problem(f"{path} can't be written: {error.strerror}.", todo="Name another file with -o.") from None
    finally:
        if fresh is not None:
            os.unlink(fresh)


@contextmanager
def output_to(path: Path | None, binary: bool) -> Iterator[IO[bytes]]:
    """The file that was named, or standard output; Malformed where bytes would go to a terminal."""
    if path is not None:
        with whole_file(path) as file:
            yield file
        return
    if binary and sys.stdout.isatty():
        raise Malformed("This format is not for reading on a terminal.", kept="", todo="Name a file with -o FILE.")
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
