"""Reads numbers, dates, kinds and words as people type them into spreadsheets; what could mean two things is refused.

All functions return text in the one form that recording takes, or raise ValueError with the reason in words.
"""

import calendar
import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from node.events import PLACE_KINDS
from node.inputs import WORD_CHARS_MAX
from node.units import QTY_MAX, THOUSAND

POINT, COMMA = ".", ","
QTY_PLACES_MAX, MONEY_PLACES_MAX = 3, 9
MONEY_MAX = 10**15
_GROUPING = re.compile(r"(?<=\d)[\s'’](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_MONTH = re.compile(r"(?:(\d{4})[./-](\d{1,2})|(\d{1,2})[./-](\d{4}))")
_YEAR_FIRST = re.compile(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})(?:[T ]00:00(?::00)?)?")
_KINDS = {
    "warehouse": "warehouse depot store storage storeroom almacen deposito bodega entrepot magasin",
    "hub": "hub distribution_hub staging_area centro_logistico plateforme",
    "vehicle": "vehicle truck van car boat vehiculo camion vehicule bateau",
    "site": "site shelter school church gym camp clinic hospital home_base sitio albergue refugio lieu abri",
}


def mark_of(texts: Iterable[str]) -> str:
    """Which sign the numbers of a sheet use for decimals, where at least one of them leaves no doubt; else empty."""
    found = {_mark(_joined(text)) for text in texts} - {""}
    return found.pop() if len(found) == 1 else ""


def _joined(text: str) -> str:
    """A number without blanks or apostrophes between its thousands."""
    return _GROUPING.sub("", text.strip())


def _mark(text: str) -> str:
    """The decimal sign that this one number can only have, if so."""
    points, commas = text.count(POINT), text.count(COMMA)
    if points and commas:
        return POINT if text.rindex(POINT) > text.rindex(COMMA) else COMMA
    if points > 1 or commas > 1:
        return COMMA if points else POINT
    if points + commas == 0 or _may_be_thousands(text):
        return ""
    return POINT if points else COMMA


def _may_be_thousands(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", text))


def number(text: str, mark: str) -> Decimal:
    """A number; `mark` is the sheet's decimal sign, empty where nothing tells it."""
    joined = _joined(text)
    if not _NUMBER.fullmatch(joined):
        raise ValueError(f"{text!r} is not a number")
    own = _mark(joined) or mark
    if not own and _may_be_thousands(joined):
        one, other = re.sub(r"[.,]", "", joined), joined.replace(",", ".")
        raise ValueError(f"{text!r} may mean {one} or {other}: write it without a sign between the thousands")
    own = own or POINT
    thousands = COMMA if own == POINT else POINT
    whole, *rest = joined.split(own)
    if len(rest) > 1 or any(thousands in part for part in rest) or not _is_grouped(whole, thousands):
        raise ValueError(f"{text!r} is not a number")
    return Decimal(f"{whole.replace(thousands, '')}.{rest[0] if rest else ''}0")


def _is_grouped(whole: str, thousands: str) -> bool:
    first, *groups = whole.lstrip("+-").split(thousands)
    return not groups or (1 <= len(first) <= 3 and all(len(group) == 3 for group in groups))


def quantity(text: str, mark: str) -> str:
    """A quantity that is nought or more, with at most three decimal places."""
    value = number(text, mark)
    if value < 0:
        raise ValueError(f"{text!r} is less than nothing")
    return _decimal(text, value, QTY_PLACES_MAX, Decimal(QTY_MAX) / THOUSAND)


def money(text: str, mark: str) -> str:
    """An amount that is nought or more, with at most nine decimal places."""
    value = number(text, mark)
    if value < 0:
        raise ValueError(f"{text!r} is less than nothing")
    return _decimal(text, value, MONEY_PLACES_MAX, Decimal(MONEY_MAX - 1))


def _decimal(text: str, value: Decimal, places_max: int, most: Decimal) -> str:
    if value != round(value, places_max):
        raise ValueError(f"{text!r} has more than {places_max} decimal places")
    if value > most:
        raise ValueError(f"{text!r} is larger than a record can hold")
    return format(value.normalize() + 0, "f")


def date(text: str) -> str:
    """A day as YYYY-MM-DD; of a month that is named alone, the last day."""
    if match := _YEAR_FIRST.fullmatch(text):
        return _day(text, int(match[1]), int(match[2]), int(match[3]))
    if match := _MONTH.fullmatch(text):
        year, month = int(match[1] or match[4]), int(match[2] or match[3])
        if not 1 <= month <= 12:
            raise ValueError(f"{text!r} is not a date")
        return _day(text, year, month, calendar.monthrange(year, month)[1])
    if match := _DAY_FIRST.fullmatch(text):
        return _either_way(text, int(match[1]), int(match[2]), int(match[3]))
    raise ValueError(f"{text!r} is not a date: write it like 2027-06-30")


def _either_way(text: str, one: int, other: int, year: int) -> str:
    if one <= 12 and other <= 12 and one != other:
        raise ValueError(f"{text!r} may be read day first or month first: write it like 2027-06-30")
    return _day(text, year, *((other, one) if one > 12 or one == other else (one, other)))


def _day(text: str, year: int, month: int, day: int) -> str:
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        raise ValueError(f"{text!r} is not a date") from None


def word(text: str) -> str:
    """A name, unit or the like: line breaks and doubled spaces made single."""
    found = " ".join(text.split())
    if len(found) > WORD_CHARS_MAX:
        raise ValueError(f"it is {len(found)} characters long, and at most {WORD_CHARS_MAX} fit")
    if _CONTROL.search(found):
        raise ValueError("there is a character in it that can't be printed")
    return found


def place_kind(text: str) -> str:
    """What kind of place a word in one of the three languages means."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    wanted = "_".join(bare.casefold().split())
    for kind, names in _KINDS.items():
        if wanted in names.split():
            return kind
    raise ValueError(f"{text!r} is not a kind of place: {', '.join(PLACE_KINDS)}")
