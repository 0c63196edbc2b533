"""What goods are worth: one unit by its lot where that is known, else by the item's standard value.

Amounts are integers in 10^-18 of a currency's unit, so that no sum is ever rounded; 10^-21 once multiplied by
thousandths. Currencies aren't mixed. A table of rates, given by whoever asks, makes one of those that it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from node import catalogue
from node.fold import Node
from node.units import parse_money
from sync.errors import Malformed, Problem

PLACES = 18  # decimal places of amounts: nine of a value, nine of a rate
_WHOLE_PLACES = PLACES + 3
NOTHING = Decimal(0)
Unit = tuple[int, str]  # the worth of one unit in 10^-18, and its currency
UNKNOWN: Unit = (0, "")


@dataclass(frozen=True)
class Rates:
    """What one unit of each currency is worth in `currency`, as decimal text with at most nine places."""

    currency: str = ""
    table: Mapping[str, str] = field(default_factory=dict)

    def convert(self, value: str, currency: str) -> Unit:
        """One unit's worth, in the currency that was asked for if there is a rate for its own."""
        amount = _scaled(value)
        if not self.currency or currency == self.currency:
            return amount * 10**9, currency
        rate = self.table.get(currency)
        return (amount * 10**9, currency) if rate is None else (amount * _scaled(rate), self.currency)

    def said(self) -> str:
        """The rates in a sentence, empty where none are given."""
        rates = ", ".join(f"1 {currency} = {rate} {self.currency}" for currency, rate in sorted(self.table.items()))
        return f"Converted at {rates}; what has another currency stays in it." if rates else ""


NO_RATES = Rates()


def read_rates(currency: str, text: str) -> Rates:
    """Rates as people type them, for what they want all in: "PHP=0.0175, EUR=1.08". Malformed says what is off."""
    table = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, parted, rate = part.partition("=")
        if not parted or _scaled(parse_money(rate)) <= 0:
            raise Malformed(f"{part!r} is not a rate.", todo="Write rates like PHP=0.0175, EUR=1.08.")
        table[name.strip().upper()] = parse_money(rate)
    return Rates(currency.strip().upper(), table)


def _scaled(value: str) -> int:
    """Decimal text with at most nine places in milliardths."""
    whole, _, rest = value.strip().lstrip("+-").partition(".")
    amount = int(whole or "0") * 10**9 + int(rest.ljust(9, "0")[:9])
    return -amount if value.strip().startswith("-") else amount


def amount(times: int) -> Decimal:
    """A sum of thousandths times 10^-18 as the exact decimal, without needless noughts."""
    if not times:
        return NOTHING
    places = _WHOLE_PLACES
    while places and not times % 10:
        times, places = times // 10, places - 1
    return Decimal(f"{times}e-{places}" if places else times)


def amounts(sums: Sequence[int], currency: str) -> tuple[Decimal | None, ...]:
    """Sums of thousandths times 10^-18 as decimals; None where nobody said what anything of it is worth."""
    if not currency and not any(sums):
        return (None,) * len(sums)
    return tuple(map(amount, sums))


class Worth:
    """Looks up what one unit of each item's lots is worth, and which fund paid for it; as the catalogue says now."""

    def __init__(self, node: Node, rates: Rates = NO_RATES) -> None:
        lots = catalogue.query(node, "SELECT item, lot, value, currency, fund FROM lot")
        self._lots = {(item, lot): (_unit(rates, value, currency), fund) for item, lot, value, currency, fund in lots}
        items = catalogue.query(node, "SELECT id, value, currency FROM item WHERE value <> ''")
        self._items = {item: _unit(rates, value, currency) for item, value, currency in items}

    def unit(self, item: str, lot: str) -> Unit:
        """What one unit is worth; UNKNOWN where neither lot nor item says."""
        return self.of(item, lot)[0]

    def of(self, item: str, lot: str) -> tuple[Unit, str]:
        """What one unit is worth, and the fund that paid."""
        own, fund = self._lots.get((item, lot), (None, ""))
        return own or self._items.get(item) or UNKNOWN, fund

    def fund(self, item: str, lot: str) -> str:
        """The donor or budget that paid; empty if nobody said."""
        return self.of(item, lot)[1]


def _unit(rates: Rates, value: str, currency: str) -> Unit | None:
    """None where nothing is said, or nothing that can be read: foreign writers may state anything."""
    try:
        return rates.convert(parse_money(value), currency) if value else None
    except Problem:
        return None
