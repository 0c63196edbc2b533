"""Codes of items that can be checked: a GTIN by its check digit, UNSPSC by its length, IFRC codes by their look.

Other schemes are free. Only the first two have rules that leave no doubt.
"""

import re

from stdnum import ean
from stdnum.exceptions import ValidationError

from sync.errors import OutOfRange

GTIN = ("gtin", "ean", "upc")
_UNSPSC = re.compile(r"\d{8}")
_IFRC = re.compile(r"[A-Z]{4}[A-Z0-9./-]{3,14}")  # a letter for the kind, three for the family, the rest


def check(scheme: str, code: str) -> None:
    """Raises OutOfRange for a code that can't be of its scheme; the code stays as people write it."""
    if scheme.casefold() in GTIN and not _is_gtin(code):
        raise OutOfRange(
            f"{code} is not a {scheme.upper()}: its check digit or length is wrong.",
            todo="Look at the digits below the bar code again: there are 8, 12, 13 or 14 of them.",
        )
    if scheme.casefold() == "unspsc" and not _UNSPSC.fullmatch(code):
        raise OutOfRange(f"{code} is not a UNSPSC code.", todo="Write its eight digits.")


def doubt(scheme: str, code: str) -> str:
    """What is wrong with a code, in a sentence; empty where nothing is, or nobody can tell."""
    try:
        check(scheme, code)
    except OutOfRange as problem:
        return problem.what
    if scheme.casefold() == "ifrc" and not _IFRC.fullmatch("".join(code.split()).upper()):
        return f"{code} doesn't look like an IFRC code, such as HSHEBLANCLT2."
    return ""


def _is_gtin(code: str) -> bool:
    try:
        ean.validate(code)
    except ValidationError:
        return False
    return True
