"""The rules for JSON that this project signs or accepts: strict enough that every reader reads the same.

UTF-8, objects at the top, no floats, no NaN, no duplicate keys, no lone surrogates, a bounded depth, integers within
int64. Numbers with a fraction travel as strings.
"""

import json
import re
from typing import Any

from sync.errors import Malformed, TooLarge
from sync.limits import DEFAULT

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# An unclosed string runs to the end: retrying from each of its quotes would cost the square of the length.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
_KEPT = "Nothing was recorded."


def check(payload: bytes) -> dict[str, Any]:
    """The object in an entry's payload, or Malformed; the bounds are those of every entry."""
    return loads(payload, DEFAULT.payload_bytes_max, DEFAULT.payload_depth_max)


def loads(data: bytes, bytes_max: int, depth_max: int = DEFAULT.payload_depth_max) -> dict[str, Any]:
    """One strict JSON object from bytes; Malformed says which rule was broken, TooLarge which bound."""
    if len(data) > bytes_max:
        raise TooLarge(f"This is {len(data)} bytes; at most {bytes_max} are taken.", kept=_KEPT)
    text = _text(data)
    _check_depth(text, depth_max)
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float, parse_int=_int64
        )
    except json.JSONDecodeError as error:
        raise _malformed(f"This is not JSON: {error.msg} at character {error.pos + 1}.") from None
    if not isinstance(value, dict):
        raise _malformed("This is JSON, but not an object.")
    if "\\u" in text:
        _no_surrogates(value)
    return value


def _malformed(what: str) -> Malformed:
    return Malformed(what, kept=_KEPT, todo="Send strict JSON: quantities as strings, each key once.")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"This is not UTF-8 from byte {error.start + 1} on.") from None


def _check_depth(text: str, depth_max: int) -> None:
    """Count brackets outside strings first: the parser itself would run out of stack."""
    depth = 0
    for character in re.sub(r"[^][}{]", "", _STRING.sub("", text)):
        depth += 1 if character in "[{" else -1
        if depth > depth_max:
            raise _malformed(f"This is nested deeper than {depth_max}.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _malformed("A key stands twice in one object.")
    return found


def _no_float(text: str) -> Any:
    raise _malformed(f"{text[:20]} is a number that readers may round differently.")


def _int64(text: str) -> int:
    if len(text) > 20 or not INT64_MIN <= int(text) <= INT64_MAX:
        raise _malformed(f"{text[:24]} is outside the 64-bit integers.")
    return int(text)


def _no_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise _malformed("A lone surrogate stands in a text.") from None
