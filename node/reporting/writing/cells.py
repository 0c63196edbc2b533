"""What stands in a cell, as text and as an exact number; and text that no spreadsheet takes for a formula."""

import re
from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import Any

from node.reporting.model import Column, Values
from node.units import THOUSAND, format_qty, format_time

EXACT = Context(prec=200)  # the usual 28 digits would round sums and products of large amounts
NUMBERS = ("qty", "money", "int")
# What spreadsheets run: the usual signs, the full-width ones that some of them take for the same, and what they skip.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def amount(value: Decimal) -> str:
    """Money as the shortest decimal text: 12.50 → "12.5"; exact at any length."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _plain(value: Any) -> str:
    return str(value)


_TEXTS: dict[str, Callable[[Any], str]] = {"qty": format_qty, "money": amount, "time": format_time, "int": str}


def text_of(column: Column, value: Any) -> str:
    """A cell as text: quantities and money as decimals, times as UTC ISO 8601, nothing as an empty text."""
    return "" if value is None else _TEXTS.get(column.kind, _plain)(value)


def reader(columns: Sequence[Column]) -> Callable[[Values], list[str]]:
    """What turns a row into the texts of its cells."""
    ways = [_TEXTS.get(column.kind, _plain) for column in columns]

    def texts(row: Values) -> list[str]:
        return ["" if value is None else way(value) for way, value in zip(ways, row, strict=True)]

    return texts


def exact(column: Column, value: Any) -> Decimal:
    """The number in a cell of quantity, money or int, exactly; in units, not in thousandths."""
    return EXACT.divide(Decimal(value), Decimal(THOUSAND)) if column.kind == "qty" else Decimal(value)


def harmless(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe; what is but a number stays as it is."""
    return "'" + text if text.startswith(_RUNS) and not _NUMBER.fullmatch(text) else text


def group_of(columns: Sequence[Column], column: Column) -> int | None:
    """Where a row says what its numbers are of: the unit of quantities, the currency of money; None if nowhere."""
    wanted = {"qty": "unit", "money": "currency"}.get(column.kind)
    return next((at for at, other in enumerate(columns) if other.name == wanted), None)
