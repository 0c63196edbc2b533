"""A file that somebody gave this team: whether it holds, in words that every door tells alike."""

import zipfile
from typing import IO, Any, NamedTuple

from node.fold import Node
from node.reporting import registry, signed, verifying
from sync.errors import Untrue

FILE_BYTES_MAX = 16 * 1024 * 1024  # of a file that is sent here to be checked
INFLATED_BYTES_MAX = 128 * 1024 * 1024  # of a signed statement that is sent here: all of it is held in memory


class Checked(NamedTuple):
    """Whether a file holds, and what is said of it, sentence by sentence; the first is yes or no."""

    holds: bool
    says: list[str]


def report(node: Node, file: IO[bytes]) -> tuple[verifying.Verdict, Checked]:
    """A report in CSV, HXL or JSON, held against this node's entries; Malformed or Untrue where it can't be."""
    with registry.one_moment(node) as then:
        found = verifying.verify(then, file)
    return found, Checked(found.difference is None, verifying.said(found))


def statement(file: IO[bytes]) -> tuple[dict[str, Any] | None, Checked]:
    """A signed statement, by what stands in it alone: what it says if all of it holds, else None."""
    try:
        told = signed.check(file, INFLATED_BYTES_MAX)
    except Untrue as problem:
        return None, Checked(False, [f"No: {problem.what}"])
    return told, Checked(True, ["Yes: all of it holds.", *signed.said(told)])


def any_of_both(node: Node, file: IO[bytes]) -> Checked:
    """Whichever of the two a file is."""
    if _is_statement(file):
        return statement(file)[1]
    file.seek(0)
    return report(node, file)[1]


def _is_statement(file: IO[bytes]) -> bool:
    try:
        with zipfile.ZipFile(file) as parts:
            return "statement.json" in parts.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
