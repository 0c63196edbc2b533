"""Money as it stands on paper: to the cents of its currency, by ISO 4217. Files to compute with keep it exact."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from node.reporting.model import Column, Values
from node.reporting.writing.cells import EXACT, amount, group_of

USUAL = 2
_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMN TND",
    4: "CLF UYW",
}
PLACES = {currency: places for places, names in _OTHERS.items() for currency in names.split()}
ROUNDED = "Amounts of money are rounded on paper, each by itself; totals are those of the exact amounts."


def rounded(value: Decimal, currency: str) -> str:
    """An amount to its currency's cents, halves away from nothing: 12.5 PHP → "12.50"; no minus before noughts."""
    places = PLACES.get(currency.strip().upper(), USUAL)
    step = Decimal(1).scaleb(-places)
    text = format(value.quantize(step, rounding=ROUND_HALF_UP, context=EXACT), "f")
    return text.removeprefix("-") if not text.strip("-0.") else text


class Cents:
    """The amounts of one report: they are rounded; what one unit is worth stays as it was said."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._amounts = [(at, group_of(columns, one)) for at, one in enumerate(columns) if self._is_amount(one)]
        self.were_rounded = False  # whether any amount had more than its cents

    @staticmethod
    def _is_amount(column: Column) -> bool:
        return column.kind == "money" and "+unit" not in column.hxl

    def told(self, row: Values, texts: list[str]) -> list[str]:
        """The texts of a row with its amounts rounded."""
        for at, group in self._amounts:
            if row[at] is not None:
                texts[at] = self.said(row[at], row[group] if group is not None else "")
        return texts

    def said(self, value: Any, currency: str | None) -> str:
        """One amount."""
        text = rounded(value, currency or "")
        self.were_rounded = self.were_rounded or Decimal(text) != value
        return text

    def total(self, at: int, value: Decimal, currency: str) -> str:
        """A sum of a column: rounded where the column's amounts are."""
        is_amount = any(at == other for other, _ in self._amounts)
        return self.said(value, currency) if is_amount else amount(value)
