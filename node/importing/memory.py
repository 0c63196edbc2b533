"""Which files this node has imported, by what was in them, so that none is doubled by accident.

The table is this node's own: it isn't part of the log, and no other node knows of it.
"""

import json
from collections.abc import Iterator, Sequence

from node import catalogue
from node.fold import Node

_TABLE = (
    "CREATE TABLE IF NOT EXISTS imported"
    " (digest TEXT PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL, entries TEXT NOT NULL) WITHOUT ROWID"
)
_KEEP = (
    "INSERT INTO imported VALUES (?, ?, ?, ?) ON CONFLICT (digest)"
    " DO UPDATE SET name = excluded.name, at = excluded.at, entries = excluded.entries"
)


def recall(node: Node, digests: Sequence[str]) -> tuple[str, int] | None:
    """Name and time (ms) of an import with one of these digests that still stands: not all of it was undone."""
    node.db.execute_sql(_TABLE)
    marks = ",".join("?" * len(digests))
    sql = f"SELECT name, at, entries FROM imported WHERE digest IN ({marks}) ORDER BY at DESC"
    for name, at, entries in catalogue.query(node, sql, *digests):
        if any(_stands(node, bytes.fromhex(id)) for id in json.loads(entries)):
            return name, at
    return None


def standing(node: Node) -> Iterator[tuple[str, int, list[str]]]:
    """Name, time (ms) and entries (hex ids) that stand of each import that is remembered, oldest first."""
    node.db.execute_sql(_TABLE)
    sql = "SELECT name, MIN(at), entries FROM imported GROUP BY name, entries ORDER BY MIN(at), name"
    for name, at, entries in catalogue.query(node, sql):
        yield name, at, [id for id in json.loads(entries) if _stands(node, bytes.fromhex(id))]


def _stands(node: Node, entry: bytes) -> bool:
    sql = "SELECT 1 FROM voided WHERE target = ? AND node = ? LIMIT 1"
    return not catalogue.query(node, sql, entry, node.keys.node)


def keep(node: Node, digests: Sequence[str], name: str, entries: Sequence[str]) -> None:
    """Remember an import; inside its transaction."""
    node.db.execute_sql(_TABLE)
    for digest in digests:
        node.db.execute_sql(_KEEP, (digest, name, node.clock(), json.dumps(list(entries))))
