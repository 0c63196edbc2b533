"""What is on hand by place, item and lot, as a report."""

from collections.abc import Iterator

from node import queries
from node.fold import Node
from node.reporting.columns import ITEM, PLACE, thousandths
from node.reporting.model import Column, Report, Values
from node.units import parse_time

COLUMNS = (
    *PLACE,
    *ITEM,
    Column("qty", "On hand", "qty", "#item+qty+num", adds_up=True),
    Column("lot", "Lot", "text", "#item+lot"),
    Column("expiry", "Expiry", "date", "#date+expiry"),
    Column("as_of", "As of", "time", "#date+updated"),
)


def stock(node: Node, place: str | None = None, item: str | None = None) -> Report:
    """What is on hand, by place, item and lot; at a place or of an item only, if so asked."""
    found = queries.stock(node, place, item, lots=True, raw=True)

    def rows() -> Iterator[Values]:
        for row in found:
            told = row | {"qty": thousandths(row["qty"]), "as_of": parse_time(row["as_of"])}
            yield tuple(told[column.name] for column in COLUMNS)

    about = {name: text for name, text in (("Place", place), ("Item", item)) if text}
    return Report("stock", "Stock by lot", COLUMNS, rows, about)


PLAIN = ("place", "place_name", "team", "item", "item_name", "unit", "qty", "lot", "expiry", "as_of", "heard")


def plain_stock(node: Node) -> Report:
    """The stock by lot as this team sees it, for other programs: what it has merged as one, and how old the news is."""
    found = queries.stock(node, lots=True)
    return Report(
        "stock", "Stock", tuple(Column(n, n) for n in PLAIN), lambda: (tuple(r[n] for n in PLAIN) for r in found)
    )
