"""What movements call the ids in them: places, items, lots with their worth, teams; never merged, as entries say it."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from node import catalogue
from node.fold import Node
from node.reporting.writing.moves import Account
from node.telling import Words
from node.units import parse_money
from sync.errors import Problem

Worth = tuple[Decimal | None, str]  # of one unit, in a currency


class Names:
    """All names that the movements of some items need, read once."""

    def __init__(self, node: Node, items: Sequence[str]) -> None:
        self._words = Words(node, items, raw=True)
        self._lots = {(item, lot): rest for item, lot, *rest in catalogue.query(node, _LOTS)}
        self._standard = {item: worth for item, *worth in catalogue.query(node, _STANDARD)}
        self.place = cache(self._place)
        self.item = cache(self._item)
        self.value = cache(self._value)

    def _place(self, kind: str, id: str) -> Account:
        about = self._words.about_place(id)
        return Account(kind, id, about["place_name"] if id else "", about["team"] if self._words.place(id).node else "")

    def _item(self, id: str) -> tuple[str, str, str, str]:
        row = self._words.item(id)
        return id, row.name or id, row.unit, row.category

    def lot(self, item: str, lot: str) -> tuple[str, str, str]:
        """A lot, its expiry and its fund."""
        expiry, fund, *_ = self._lots.get((item, lot), ("", ""))
        return lot, expiry, fund

    def _value(self, item: str, lot: str) -> Worth:
        _, _, *of_lot = self._lots.get((item, lot), ("", "", "", ""))
        value, currency = of_lot if _worth(*of_lot) else self._standard.get(item, ("", ""))
        return _worth(value, currency) or (None, "")

    def team(self, author: bytes) -> str:
        """The team of the node that wrote an entry."""
        return catalogue.team_name(self._words.teams, author)


def _worth(value: str, currency: str) -> Worth | None:
    """None where nothing is said, or nothing that can be read: other programs may write anything."""
    try:
        return (Decimal(parse_money(value)), currency) if value else None
    except Problem:
        return None


_LOTS = "SELECT item, lot, expiry, fund, value, currency FROM lot"
_STANDARD = "SELECT id, value, currency FROM item WHERE value <> ''"
