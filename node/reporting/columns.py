"""Columns that many reports have."""

from decimal import Decimal

from node.reporting.model import Column
from node.units import THOUSAND

TEAM = Column("team", "Team", "text", "#org+name")
PLACE = (
    Column("place", "Place id", "id", "#loc+code"),
    Column("place_name", "Place", "text", "#loc+name"),
    TEAM,
)
ITEM = (
    Column("item", "Item id", "id", "#item+code"),
    Column("item_name", "Item", "text", "#item+name"),
    Column("unit", "Unit", "text", "#item+unit"),
)


def thousandths(text: str) -> int:
    """A quantity as our answers tell it, back as thousandths; of any size, since sums may be larger than a line."""
    return int(Decimal(text) * THOUSAND)
