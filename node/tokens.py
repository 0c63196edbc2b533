"""API tokens: named secrets that let a program or a phone act for the team. Only their hashes are kept."""

import hashlib
from collections.abc import Sequence
from typing import Any

from node.running import Node
from node.units import format_time
from sync.errors import Conflict, NotFound, OutOfRange
from sync.identity import b32

PREFIX = "bl_"  # lets a scanner for leaked secrets recognise one
TOKEN_BYTES = 32
NAME_CHARS_MAX = 80
_TABLE = """
CREATE TABLE IF NOT EXISTS api_token (
  name TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, created INTEGER NOT NULL, revoked INTEGER)
"""


def prepare(node: Node) -> None:
    """Makes the table where it is missing."""
    node.db.execute_sql(_TABLE)


def digest(secret: str) -> bytes:
    """What is kept of a secret. It holds 256 random bits, so that one plain hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def create(node: Node, name: str) -> str:
    """A new token's text, shown this once. Conflict where the name is taken, by a revoked one too."""
    name = _name(name)
    text = PREFIX + b32(node.rng(TOKEN_BYTES))
    with node.log.transaction():
        prepare(node)
        if _row(node, name):
            raise Conflict(f"There is a token called {name!r} already.", todo="Choose another name.")
        node.db.execute_sql(
            "INSERT INTO api_token (name, hash, created) VALUES (?, ?, ?)", (name, digest(text), node.clock())
        )
    return text


def revoke(node: Node, name: str) -> None:
    """From now on the token and the logins made with it are refused; the name stays taken."""
    with node.log.transaction():
        prepare(node)
        if not _row(node, name):
            raise NotFound(f"There is no token called {name!r}.", todo="`bucketline token list` names them all.")
        node.db.execute_sql("UPDATE api_token SET revoked = coalesce(revoked, ?) WHERE name = ?", (node.clock(), name))


def check(node: Node, text: str) -> str | None:
    """The name of the token with this text, or None where there is none or it was revoked."""
    row = node.db.execute_sql(
        "SELECT name FROM api_token WHERE hash = ? AND revoked IS NULL", (digest(text),)
    ).fetchone()
    return row[0] if row else None


def holds(node: Node, name: str) -> bool:
    """Whether a token of this name is there and not revoked."""
    row = _row(node, name)
    return bool(row) and row[1] is None


def rows(node: Node) -> Sequence[dict[str, Any]]:
    """All tokens by name: `{name, created, revoked}`, times as ISO 8601, `revoked` None while it is good."""
    prepare(node)
    found = node.db.execute_sql("SELECT name, created, revoked FROM api_token ORDER BY name").fetchall()
    return [
        {"name": name, "created": format_time(created), "revoked": revoked and format_time(revoked)}
        for name, created, revoked in found
    ]


list = rows  # `tokens.list(node)` reads best from outside


def _row(node: Node, name: str) -> Any:
    return node.db.execute_sql("SELECT name, revoked FROM api_token WHERE name = ?", (name,)).fetchone()


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_CHARS_MAX or not name.isprintable():
        raise OutOfRange(
            f"A token's name has 1 to {NAME_CHARS_MAX} characters.",
            todo="Name it after the phone or the program that will hold it.",
            fields={"name": f"1 to {NAME_CHARS_MAX} characters"},
        )
    return name
