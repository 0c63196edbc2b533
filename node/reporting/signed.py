"""A statement for somebody without a node: what the books say, all entries that they follow from, and a verifier.

A ZIP file with `statement.json` (what is stated, and of what it speaks), `signature.txt` (by this node's key),
`entries.jsonl` (see `sync.extract`) and `verify.py`, which needs Python and `cryptography` alone. It holds every entry,
with its notes: it is no less private than the node's own database.
"""

import zipfile
from collections.abc import Callable
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import IO, Any

import msgspec

from node import accounts, catalogue, queries, snapshots
from node.fold import Node
from node.reporting import verifier
from node.units import format_time
from sync import extract
from sync.errors import Problem, TooLarge, Untrue
from sync.identity import node_id

FORMAT = "bucketline statement 1"
DATE = (1980, 1, 1, 0, 0, 0)  # of every part: the file depends on nothing but what it says
STEP = 1000  # entries between two signs of progress
Progress = Callable[[int, int], None]
_DOMAIN = b"bucketline statement\0"
_HOW = b"""This is a signed statement of stock books kept with Bucketline.

To check it you need Python and its package cryptography, nothing else:

    pip install cryptography
    python verify.py THIS-FILE.zip

It says whether all of it holds, or what does not. entries.jsonl holds every record, with its notes: keep it as
you would keep the books.
"""


def write(node: Node, out: IO[bytes], progress: Progress | None = None) -> dict[str, Any]:
    """Write a signed statement of all that this node believes to a seekable stream: {signer, root, entries, items}."""
    with snapshots.taken(node) as then, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        raw = msgspec.json.format(msgspec.json.encode(_stated(then)), indent=1)
        signature = node.keys.sign(_DOMAIN + sha256(raw).digest())
        _add(file, "README.txt", _HOW)
        _add(file, "statement.json", raw)
        _add(file, "signature.txt", signature.hex().encode() + b"\n")
        _add(file, "verify.py", resources.files("node.reporting").joinpath("verifier.py").read_bytes())
        total = extract.count(then.log)
        with file.open(_part("entries.jsonl"), "w", force_zip64=True) as entries:
            for done, line in enumerate(extract.lines(then.log)):
                entries.write(line)
                if progress and done % STEP == 0:
                    progress(min(done, total), total)
    told = msgspec.json.decode(raw)
    return {"signer": told["signer"], "root": told["root"], "entries": told["entries"], "items": len(told["balance"])}


def _stated(node: Node) -> dict[str, Any]:
    books = accounts.balance(node, raw=True)
    digests = queries.digest(node)
    return {
        "format": FORMAT,
        "network": node.log.network.hex(),
        "signer": node_id(node.keys.node),
        "team": catalogue.team_name(catalogue.team_names(node), node.keys.node),
        "made": format_time(node.clock()),
        **digests,
        "entries": extract.count(node.log),
        "balanced": books["balanced"],
        "balance": books["items"],
    }


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    with file.open(_part(name), "w") as out:
        out.write(content)


def _part(name: str) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name, DATE)
    part.compress_type = zipfile.ZIP_DEFLATED
    part.external_attr = 0o644 << 16
    return part


def check(file: Path | IO[bytes], inflated_bytes_max: int | None = None) -> dict[str, Any]:
    """What a statement says, if all of it holds: {signer, team, made, root, entries, balance, …}; else Untrue.

    TooLarge where its parts are larger than `inflated_bytes_max`, before any of them is read.
    """
    try:
        if inflated_bytes_max is not None:
            _measure(file, inflated_bytes_max)
        return dict(verifier.check(file))
    except verifier.Untrue as problem:
        raise Untrue(f"This statement doesn't hold. {problem}", kept="") from None
    except Problem:
        raise
    except Exception as problem:  # whatever it is that a stranger's file breaks
        raise Untrue(f"This file can't be read as a statement: {problem}.", kept="") from None


def _measure(file: Path | IO[bytes], most: int) -> None:
    with zipfile.ZipFile(file) as parts:
        if sum(part.file_size for part in parts.infolist()) > most:
            todo = "Check it on the command line: bucketline statement verify FILE."
            raise TooLarge("This statement is larger than this node checks over the network.", kept="", todo=todo)


def said(told: dict[str, Any]) -> list[str]:
    """What a statement that holds says of itself, in sentences."""
    return [
        f"Signed by node {told['signer']}, which calls itself {told['team']!r}, at {told['made']}.",
        f"{told['entries']} entries: every chain is whole, every signature holds.",
        f"The balance of {len(told['balance'])} items follows from them.",
    ]
