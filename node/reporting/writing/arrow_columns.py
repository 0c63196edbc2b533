"""Columns for Arrow, laid out by hand: bits that say what is there, then the values, as its format describes them.

Arrow would make them of Python's lists itself, but looks for pandas first wherever that is installed, which costs tens
of megabytes and a second; and thousandths are exact decimals as they are.
"""

import datetime as dt
from array import array
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from node.reporting.model import Column
from node.reporting.writing.cells import EXACT
from node.units import MS_MAX, MS_MIN
from sync.errors import OutOfRange

QTY_DIGITS, QTY_PLACES = 24, 3
MONEY_DIGITS, MONEY_PLACES = 38, 12  # nine places of a unit's worth, three of a quantity
DECIMAL_BYTES = 16
_EPOCH = dt.date(1970, 1, 1).toordinal()


def type_of(arrow: Any, column: Column) -> Any:
    """The type that a column has in Arrow."""
    kinds = {
        "qty": arrow.decimal128(QTY_DIGITS, QTY_PLACES),
        "money": arrow.decimal128(MONEY_DIGITS, MONEY_PLACES),
        "int": arrow.int64(),
        "date": arrow.date32(),
        "time": arrow.timestamp("ms", "UTC"),
    }
    return kinds.get(column.kind, arrow.string())


def column_of(arrow: Any, column: Column, cells: Sequence[Any]) -> Any:
    """Cells as an array of that type; OutOfRange where a number is larger than it can hold."""
    values = [None if cell is None else _READ[column.kind](cell) for cell in cells] if column.kind in _READ else cells
    try:
        buffers = [_there(values), *_LAID_OUT.get(column.kind, _strings)(values)]
    except OverflowError:
        what = f"A number in the column {column.title!r} is larger than Parquet's numbers can be."
        raise OutOfRange(what, kept="", todo="Choose another format, such as csv.") from None
    laid = [None if each is None else arrow.py_buffer(each) for each in buffers]
    return arrow.Array.from_buffers(type_of(arrow, column), len(values), laid)


# what cells are, as whole numbers


def _money(value: Decimal) -> int:
    return int(value.scaleb(MONEY_PLACES, EXACT).to_integral_value(context=EXACT))


def _date(text: str) -> int | None:
    """Days since 1970; None for what another program may have written as a date."""
    try:
        return dt.date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        return None


def _time(ms: int) -> int:
    return min(max(ms, MS_MIN), MS_MAX)


_READ: dict[str, Callable[[Any], int | None]] = {"money": _money, "date": _date, "time": _time}


# how they lie in memory


def _there(values: Sequence[Any]) -> bytes | None:
    """A bit for each value that is there, the lowest first; nothing where all are."""
    if None not in values:
        return None
    bits = sum(1 << at for at, value in enumerate(values) if value is not None)
    return bits.to_bytes((len(values) + 7) // 8, "little")


def _strings(values: Sequence[str | None]) -> list[bytes]:
    texts = [(value or "").encode() for value in values]
    ends, end = array("i", [0]), 0
    for text in texts:
        end += len(text)
        ends.append(end)
    return [ends.tobytes(), b"".join(texts)]


def _decimals(digits: int) -> Callable[[Sequence[int | None]], list[bytes]]:
    def lay_out(values: Sequence[int | None]) -> list[bytes]:
        if any(value is not None and abs(value) >= 10**digits for value in values):
            raise OverflowError
        return [b"".join((value or 0).to_bytes(DECIMAL_BYTES, "little", signed=True) for value in values)]

    return lay_out


def _numbers(code: str) -> Callable[[Sequence[int | None]], list[bytes]]:
    return lambda values: [array(code, [value or 0 for value in values]).tobytes()]


_LAID_OUT: dict[str, Callable[[Sequence[Any]], list[bytes]]] = {
    "qty": _decimals(QTY_DIGITS),
    "money": _decimals(MONEY_DIGITS),
    "int": _numbers("q"),
    "date": _numbers("i"),
    "time": _numbers("q"),
}
