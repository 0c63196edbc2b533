"""Whether the tables of movements say what the log says: they are made anew beside the live ones, and compared."""

from hashlib import blake2b
from pathlib import Path
from typing import Any

from node.fold import Node
from node.reporting import movements

_LINES = (
    "SELECT c.place, c.item, c.lot, m.account, m.at, m.n, m.line, m.qty, m.other"
    " FROM movement m JOIN movement_cell c ON c.no = m.cell"
)
_COUNTS = "SELECT place, item, at, n, line, lot, qty, split FROM movement_count"
_BYTES = 16


def agrees(node: Node, folder: Path | None = None) -> bool:
    """Whether the tables of movements, brought up to date, are those that the log gives when it is read from its
    beginning. The others are made in `folder`, or in memory, and vanish."""
    with movements.up_to_date(node) as live, movements.known_up_to(node, node.log.ends(), folder) as anew:
        return print_of(live) == print_of(anew)


def print_of(connection: Any) -> tuple[int, int]:
    """A number for all lines and one for all counts, the same for the same rows in whatever order they lie."""
    return _sum(connection, _LINES), _sum(connection, _COUNTS)


def _sum(connection: Any, sql: str) -> int:
    rows = (blake2b(repr(row).encode(), digest_size=_BYTES).digest() for row in connection.execute(sql))
    return sum(int.from_bytes(row, "big") for row in rows) % (1 << 8 * _BYTES)
