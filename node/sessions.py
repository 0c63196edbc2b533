"""Browser logins: opaque random cookies, kept as hashes, with an end; and the secrets that guard forms.

A cookie that carries its own contents can't be taken back, so each request looks the session up. The operator, who
sits at the node's own machine, needs no session: their cookie is derived from the node's web secret.
"""

import hmac

from node import tokens
from node.running import Node
from sync.identity import b32

DAY_MS = 24 * 3600 * 1000
SESSION_MS = 30 * DAY_MS
SECRET_BYTES = 32
OPERATOR = "operator"
_TABLES = (
    "CREATE TABLE IF NOT EXISTS web_session (hash BLOB PRIMARY KEY, token TEXT NOT NULL, expires INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS web_session_expires ON web_session (expires)",
    "CREATE TABLE IF NOT EXISTS web_secret (one INTEGER PRIMARY KEY CHECK (one = 1), secret BLOB NOT NULL)",
)


def prepare(node: Node) -> None:
    """Makes the tables and the web secret where they are missing."""
    with node.log.transaction():
        for statement in _TABLES:
            node.db.execute_sql(statement)
        node.db.execute_sql("INSERT OR IGNORE INTO web_secret VALUES (1, ?)", (node.rng(SECRET_BYTES),))


def begin(node: Node, token_name: str) -> str:
    """A new session made with a token: the cookie's text. Old sessions are swept out on the way."""
    cookie = b32(node.rng(SECRET_BYTES))
    now = node.clock()
    with node.log.transaction():
        node.db.execute_sql("DELETE FROM web_session WHERE expires <= ?", (now,))
        node.db.execute_sql(
            "INSERT INTO web_session VALUES (?, ?, ?)", (tokens.digest(cookie), token_name, now + SESSION_MS)
        )
    return cookie


def find(node: Node, cookie: str) -> str | None:
    """The name of the token that the session was made with, or None: unknown, over, or the token is revoked."""
    row = node.db.execute_sql(
        "SELECT token FROM web_session WHERE hash = ? AND expires > ?", (tokens.digest(cookie), node.clock())
    ).fetchone()
    return row[0] if row and tokens.holds(node, row[0]) else None


def end(node: Node, cookie: str) -> None:
    """Revokes a session."""
    with node.log.transaction():
        node.db.execute_sql("DELETE FROM web_session WHERE hash = ?", (tokens.digest(cookie),))


def operator_cookie(node: Node) -> str:
    """The cookie of the operator's browser; worth something from this machine alone."""
    return _derive(node, OPERATOR)


def is_operator_cookie(node: Node, cookie: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(cookie.encode("utf-8", "replace"), operator_cookie(node).encode())


def form_token(node: Node, cookie: str) -> str:
    """What a form must carry so that no other site can send it in the visitor's name."""
    return _derive(node, "form\0" + cookie)


def is_form_token(node: Node, cookie: str, token: str) -> bool:
    """Whether this form was made for this cookie."""
    return hmac.compare_digest(token.encode("utf-8", "replace"), form_token(node, cookie).encode())


def _derive(node: Node, purpose: str) -> str:
    (secret,) = node.db.execute_sql("SELECT secret FROM web_secret").fetchone()
    return b32(hmac.digest(secret, purpose.encode("utf-8", "replace"), "sha256"))
