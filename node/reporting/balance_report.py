"""The balance of the books as a report: the columns of `node.accounts`, replayed from the whole history."""

from collections.abc import Iterator

from node import accounts
from node.fold import Node
from node.reporting.columns import ITEM, PLACE, TEAM, thousandths
from node.reporting.model import Column, Report, Values
from sync.errors import Malformed

TITLES = {
    "received": "Received",
    "transferred_in": "Transferred in",
    "distributed": "Distributed",
    "transferred_out": "Transferred out",
    "in_transit": "In transit",
    "lost": "Lost",
    "unexplained": "Unexplained",
    "repacked": "Repacked",
    "on_hand": "On hand",
}
QTYS = tuple(
    Column(name, TITLES[name], "qty", f"#item+qty+{name.replace('_', '')}+num", adds_up=True)
    for name in accounts.COLUMNS_SHOWN
)
_HEADS = {None: (), "place": PLACE, "team": (TEAM, Column("node", "Node", "id", "#org+code"))}


def balance(node: Node, by: str | None = None) -> Report:
    """What came in of each item and what became of it; a row a place or a team, if `by` says so."""
    if by not in _HEADS:
        raise Malformed(f"Books by {by!r} can't be had.", kept="", todo="Ask by place or team.", fields={"by": "?"})
    found = accounts.balance(node, by, raw=True)
    columns = (*_HEADS[by], *ITEM, *QTYS)
    names = [column.name for column in columns]

    def rows() -> Iterator[Values]:
        for row in found[f"{by}s" if by else "items"]:
            yield tuple(thousandths(row[name]) if name in TITLES else row[name] for name in names)

    verdict = "The books balance." if found["balanced"] else "The books do not balance."
    notes = (verdict, *found["problems"], "Unexplained is positive for what is missing.")
    return Report("balance", "Balance", columns, rows, {"By": by} if by else {}, notes)
