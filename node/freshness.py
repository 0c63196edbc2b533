"""What of the stock has expired: it is still there, and it is told apart from what can be handed out."""

import re
from collections.abc import Sequence

from node.units import days_between

Lot = tuple[str, int, str | None]  # lot, thousandths, expiry (YYYY-MM-DD)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def days_left(expiry: str | None, today: str) -> int | None:
    """Days from today until something expires, below nought if it has; None where no date can be read."""
    if not expiry or not _DATE.fullmatch(expiry):
        return None
    try:
        return days_between(today, expiry)
    except ValueError:
        return None


def has_expired(expiry: str | None, today: str) -> bool:
    """Whether the day it says is over: until then it is good."""
    left = days_left(expiry, today)
    return left is not None and left < 0


def expired(held: Sequence[Lot], today: str) -> int:
    """Thousandths on hand that have expired."""
    return sum(qty for _, qty, expiry in held if qty > 0 and has_expired(expiry, today))


def available(held: Sequence[Lot], today: str) -> int:
    """Thousandths on hand that haven't expired; below nought where more went out than came in."""
    return sum(qty for _, qty, _ in held) - expired(held, today)


def shown(held: Sequence[Lot], lots: bool) -> list[tuple[str | None, int, str | None, Sequence[Lot]]]:
    """Lot, thousandths, expiry and what these are made of: a row for each lot, or one over all of them.

    Used-up lots have no row, but nothing at all has one.
    """
    if lots:
        return [(*row, [row]) for row in held if row[1]] or [("", 0, None, [])]
    dates = [expiry for _, qty, expiry in held if expiry and qty > 0]
    return [(None, sum(qty for _, qty, _ in held), min(dates, default=None), held)]
