"""Waybills that were read in: a small table of this node's own, no part of the log nor of any digest.

It lets goods arrive before their sender's log is heard; when that comes, the arrival names the very entry in it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from node import catalogue, events, inputs, waybill
from node.events import Dispatch
from node.fold import Node
from node.folding import papers
from node.waybill import Names, Slip
from sync.errors import Problem, Untrue
from sync.identity import node_id, show_id

KEPT_MAX = 1000  # the newest ones
_TABLE = (
    "CREATE TABLE IF NOT EXISTS slip (dispatch BLOB PRIMARY KEY, waybill TEXT NOT NULL, read INTEGER NOT NULL,"
    " node BLOB NOT NULL, log BLOB NOT NULL, payload BLOB NOT NULL, names BLOB NOT NULL)"
)
_COLUMNS = "dispatch, node, log, payload, names"


def take(node: Node, text: str) -> Slip:
    """Read a waybill's text and keep it; reading it twice does no harm. A Problem where it can't be believed."""
    slip = waybill.read(text, node.log.network)
    with node.log.transaction():
        known = node.log.store.logs().get(slip.log)
        if known is not None and known.node != slip.node:
            raise Untrue("This waybill is forged: it stands in another team's log.", kept="Nothing was recorded.")
        node.db.execute_sql(_TABLE)
        row = (bytes.fromhex(slip.id), slip.fact.waybill, node.clock(), slip.node, slip.log)
        content = (events.encode(slip.fact), msgspec.json.encode(slip.names))
        node.db.execute_sql("INSERT OR REPLACE INTO slip VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, *content))
        papers.silence(node.db.connection(), _taken_out(node))
        node.db.execute_sql(
            "DELETE FROM slip WHERE dispatch NOT IN (SELECT dispatch FROM slip ORDER BY read DESC, dispatch LIMIT ?)",
            (KEPT_MAX,),
        )
    return slip


def doubts(node: Node, slip: Slip) -> list[str]:
    """A warning in a sentence where a waybill is of a node that this one has blocked; what came is recorded anyway."""
    if node.log.trust_of(slip.node) != "blocked":
        return []
    name = catalogue.team_name({slip.node: slip.names.team} if slip.names.team else {}, slip.node)
    short = show_id(node_id(slip.node))[:14]
    return [
        f"This waybill is of a node that you have blocked: {short}, which calls itself {name}."
        " Count what came before you record it; its arrival is recorded as you say."
    ]


def _taken_out(node: Node) -> list[papers.Left]:
    """Words that are known to be gone: paper has them still, and they aren't read in again."""
    known = node.log.redactions.known.items()
    return [papers.Left(entry, author, node.log.app.decode(left)) for (entry, author), (_, _, left) in known]


def every(node: Node) -> list[Slip]:
    """All that were read in and whose dispatch isn't in the log yet, the newest first."""
    unknown = "NOT EXISTS (SELECT 1 FROM dispatch d WHERE d.id = slip.dispatch)"
    return _slips(node, f"{unknown} ORDER BY read DESC, dispatch")


def find(node: Node, text: str) -> list[Slip]:
    """Those that an id, the first 8 digits of one, or a waybill's number means."""
    where = "lower(waybill) = ? AND waybill <> '' OR dispatch BETWEEN ? AND ?"
    return _slips(node, where, text.strip().lower(), *inputs.ids_that_begin(text))


def _slips(node: Node, where: str, *values: Any) -> list[Slip]:
    if not node.db.table_exists("slip"):
        return []
    rows = catalogue.query(node, f"SELECT {_COLUMNS} FROM slip WHERE {where}", *values)
    return [slip for row in rows if (slip := _slip(row))]


def _slip(row: Sequence[Any]) -> Slip | None:
    id, author, log, payload, names = row
    try:
        fact = events.decode(bytes(payload))
    except Problem:
        return None
    if not isinstance(fact, Dispatch):
        return None
    return Slip(bytes(id).hex(), bytes(author), bytes(log), fact, msgspec.json.decode(names, type=Names))
