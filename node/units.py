"""Quantities, money, times and coordinates as exact integers, and how people write them."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from sync.errors import Malformed, OutOfRange

THOUSAND = 1000
QTY_MAX = 10**15  # thousandths of a unit: a thousand milliard units in one line
_QTY = re.compile(r"[+-]?\d{1,16}(\.\d{1,3})?")
_TOO_FINE = re.compile(r"[+-]?\d{0,16}\.(\d{4,})\s*[\w -]*")
_LIKE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_MONEY = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+|(?=\.\d))(\.\d*)?")
_PACKED = re.compile(r"([+-]?\d{1,16}(?:\.\d{1,3})?)\s*([^\W\d_][\w -]*)?")
BLANKS = {  # words that stand in proposed commands where only people can tell, and what they stand for
    "COUNTED": "the number that you counted",
    "RECEIVED": "how much came in",
    "ARRIVED": "how much came in good order",
    "HANDED_OUT": "how much was handed out",
    "LOST": "how much is lost",
    "REASON": "the reason",
    "WHEN": "when it took place",
}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MS_MIN = (dt.datetime(1, 1, 1, tzinfo=dt.UTC) - _EPOCH) // dt.timedelta(milliseconds=1)
MS_MAX = (dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC) - _EPOCH) // dt.timedelta(milliseconds=1)


def parse_qty(text: str) -> int:
    """A decimal with at most three places as thousandths of a unit: "2.5" → 2500."""
    text = text.strip()
    refuse_blank(text)
    if not _QTY.fullmatch(text):
        raise Malformed(
            _no_qty(text),
            kept="Nothing was recorded.",
            todo="Write a number with at most three decimal places, like 24 or 2.5.",
        )
    thousandths = int(Decimal(text) * THOUSAND)
    if abs(thousandths) > QTY_MAX:
        raise OutOfRange(f"{text} is more than one line can hold.", kept="Nothing was recorded.")
    return thousandths


def _no_qty(text: str) -> str:
    fine = _TOO_FINE.fullmatch(text)
    return f"{text} has {len(fine[1])} decimal places; three are the most." if fine else f"{text!r} is not a quantity."


def refuse_blank(text: str) -> None:
    """Malformed where a proposed command was sent with its blank as it stood: nobody has seen anything yet."""
    wanted = BLANKS.get(text.strip())
    if wanted:
        raise Malformed(f"Write {wanted} in place of {text.strip()}.", kept="Nothing was recorded.")


def parse_packed(text: str, packs: Mapping[str, int]) -> int:
    """A quantity as people say it, in thousandths: "24", "6case", "6 cases + 4". `packs` maps a name to thousandths."""
    return sum(_one_packed(part, packs) for part in re.split(r"(?<=[^\s+])\s*\+", text.strip()))


def _one_packed(text: str, packs: Mapping[str, int]) -> int:
    match = _PACKED.fullmatch(text.strip())
    if not match:
        return parse_qty(text)
    number, pack = match.groups()
    if pack is None:
        return parse_qty(number)
    size = _pack_size(pack.strip().casefold(), packs)
    if size is None:
        known = ", ".join(sorted(packs)) or "none"
        raise Malformed(f"This item has no pack called {pack!r}; it has: {known}.", kept="Nothing was recorded.")
    total = parse_qty(number) * size
    if total % THOUSAND:
        raise OutOfRange(f"{text} comes to less than a thousandth of a unit.", kept="Nothing was recorded.")
    return parse_qty(format_qty(total // THOUSAND))


def _pack_size(said: str, packs: Mapping[str, int]) -> int | None:
    """What a pack holds; several of them may be said with an s."""
    sizes = {name.casefold(): qty for name, qty in packs.items()}
    names = (said, said.removesuffix("s"), said.removesuffix("es"))
    return next((sizes[name] for name in names if name in sizes), None)


def format_packed(thousandths: int, packs: Mapping[str, int]) -> str:
    """The same quantity in the largest packs that it fills, as people say it: "6 case + 4"; empty if it fills none."""
    parts, left = [], thousandths
    for name, size in sorted(packs.items(), key=lambda pack: (-pack[1], pack[0])):
        if 0 < size <= left and size != THOUSAND:
            parts.append(f"{left // size} {name}")
            left %= size
    return " + ".join([*parts, format_qty(left)] if parts and left else parts)


def may_be_thousands(text: str) -> bool:
    """Whether a quantity such as "1.000" is a thousand to many people, although it is read as one here."""
    return any(_LIKE_THOUSANDS.fullmatch(part.strip()) for part in text.split("+"))


def format_qty(thousandths: int) -> str:
    """Thousandths as the shortest decimal: 24000 → "24", 2500 → "2.5"."""
    sign = "-" if thousandths < 0 else ""
    whole, rest = divmod(abs(thousandths), THOUSAND)
    return f"{sign}{whole}" + (f".{rest:03d}".rstrip("0") if rest else "")


def parse_money(text: str) -> str:
    """A unit value as the canonical decimal string, at most nine places: "12.50" → "12.5"."""
    if not _MONEY.fullmatch(text.strip()):
        raise Malformed(
            f"{text!r} is not an amount.", kept="Nothing was recorded.", todo="Write it like 1250 or 12.50."
        )
    value = Decimal(text.strip().replace(",", ""))
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -9 or abs(value) >= 10**15:
        raise OutOfRange(f"{text!r} is outside what an amount can be (nine decimal places at most).")
    return format(value.normalize() + 0, "f")


def parse_time(text: str, local: dt.tzinfo | None = None) -> int:
    """ISO 8601 as milliseconds since 1970 UTC; without an offset it is the node's local time."""
    refuse_blank(text)
    try:
        moment = dt.datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=local) if local else moment.astimezone()
    except (ValueError, OverflowError, OSError):
        raise Malformed(f"{text!r} is not a time.", todo="Write it like 2026-11-24T14:30.") from None
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)


def format_time(ms: int) -> str:
    """Milliseconds since 1970 as UTC ISO 8601 with Z, to the second where the rest is nought.

    What a wild clock wrote from beyond the years 1 to 9999 shows as the end of that span.
    """
    ms = min(max(ms, MS_MIN), MS_MAX)
    moment = _EPOCH + dt.timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")


def day_of(ms: int) -> str:
    """The calendar date (UTC) of a time, as YYYY-MM-DD; it sorts like the time."""
    return format_time(ms)[:10]


def days_between(one: str, other: str) -> int:
    """How many days the other date comes after the one; both as YYYY-MM-DD."""
    return (dt.date.fromisoformat(other) - dt.date.fromisoformat(one)).days


def parse_date(text: str) -> str:
    """A calendar date as YYYY-MM-DD."""
    try:
        return dt.date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise Malformed(f"{text!r} is not a date.", todo="Write it like 2027-06-30.") from None


def parse_degrees(text: str, most: int) -> int:
    """A latitude (most 90) or longitude (most 180) in decimal degrees as micro-degrees."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise Malformed(f"{text!r} is not a coordinate.", todo="Write decimal degrees, like 29.95.") from None
    if not value.is_finite() or abs(value) > most:
        raise OutOfRange(f"{text} lies outside ±{most} degrees.")
    return int((value * 1_000_000).to_integral_value())


def format_degrees(micro: int) -> str:
    """Micro-degrees as decimal degrees: 29950000 → "29.95"."""
    return format((Decimal(micro) / 1_000_000).normalize() + 0, "f")
