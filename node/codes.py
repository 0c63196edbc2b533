"""Codes of items that can be checked: a GTIN by its check digit, UNSPSC by its length. Other schemes are free."""

import re

from stdnum import ean
from stdnum.exceptions import ValidationError

from sync.errors import OutOfRange

GTIN = ("gtin", "ean", "upc")
_UNSPSC = re.compile(r"\d{8}")


def check(scheme: str, code: str) -> None:
    """Raises OutOfRange for a code that can't be of its scheme; the code stays as people write it."""
    if scheme.casefold() in GTIN and not _is_gtin(code):
        raise OutOfRange(
            f"{code} is not a {scheme.upper()}: its check digit or length is wrong.",
            todo="Look at the digits below the bar code again: there are 8, 12, 13 or 14 of them.",
        )
    if scheme.casefold() == "unspsc" and not _UNSPSC.fullmatch(code):
        raise OutOfRange(f"{code} is not a UNSPSC code.", todo="Write its eight digits.")


def _is_gtin(code: str) -> bool:
    try:
        ean.validate(code)
    except ValidationError:
        return False
    return True
