"""The same request twice is one record: the first answer is kept beside what it recorded, and given again."""

import hashlib
from collections.abc import Callable

from node.running import Node
from sync.errors import Conflict, Malformed

KEEP_MS = 14 * 24 * 3600 * 1000  # a phone that was offline for two weeks may still ask again
KEY_CHARS_MAX = 200
_TABLES = (
    "CREATE TABLE IF NOT EXISTS api_answer (caller TEXT NOT NULL, key TEXT NOT NULL, request BLOB NOT NULL,"
    " at INTEGER NOT NULL, answer BLOB NOT NULL, PRIMARY KEY (caller, key))",
    "CREATE INDEX IF NOT EXISTS api_answer_at ON api_answer (at)",
)


def prepare(node: Node) -> None:
    """Makes the table where it is missing."""
    for statement in _TABLES:
        node.db.execute_sql(statement)


def check_key(key: str) -> str:
    """The key, or Malformed: it is 1 to 200 visible ASCII characters."""
    if not 1 <= len(key) <= KEY_CHARS_MAX or not key.isascii() or not key.isprintable():
        raise Malformed(
            f"The Idempotency-Key is not 1 to {KEY_CHARS_MAX} visible ASCII characters.",
            kept="Nothing was recorded.",
            todo="A random UUID does well.",
        )
    return key


def once(node: Node, caller: str, key: str, request: bytes, act: Callable[[], bytes]) -> tuple[bytes, bool]:
    """(answer, whether it was given for the first time). `act` records and returns its answer.

    The answer is written in the same transaction as the record: there is never one without the other. Conflict where
    the caller has used the key for another request. An error of `act` is not kept, so that it can be tried again.
    """
    fingerprint = hashlib.sha256(request).digest()
    with node.log.transaction():
        node.db.execute_sql("DELETE FROM api_answer WHERE at < ?", (node.clock() - KEEP_MS,))
        known = _known(node, caller, key)
        if known is None:
            answer = act()
            node.db.execute_sql(
                "INSERT INTO api_answer VALUES (?, ?, ?, ?, ?)", (caller, key, fingerprint, node.clock(), answer)
            )
            return answer, True
    if known[0] != fingerprint:
        raise Conflict(
            "This Idempotency-Key was used for another request.",
            kept="What that one recorded stands; nothing else was recorded.",
            todo="Use a new key for a new record.",
        )
    return known[1], False


def _known(node: Node, caller: str, key: str) -> tuple[bytes, bytes] | None:
    row = node.db.execute_sql(
        "SELECT request, answer FROM api_answer WHERE caller = ? AND key = ?", (caller, key)
    ).fetchone()
    return (bytes(row[0]), bytes(row[1])) if row else None


def rehearse(node: Node) -> None:
    """Writes an answer and takes it back: raises what a real record would, and leaves nothing."""
    with node.db.atomic("IMMEDIATE") as attempt:
        node.db.execute_sql("INSERT OR REPLACE INTO api_answer VALUES ('', '', x'', 0, x'')")
        attempt.rollback()
