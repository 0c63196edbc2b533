"""Lists in pages: rows in a fixed order, a cursor that survives changes, an ETag of what was sent."""

import base64
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Request, Response

from node.api.endpoints import LIMIT_DEFAULT, LIMIT_MAX, Read
from sync.errors import Malformed, OutOfRange

Row = dict[str, Any]
HALF_EARTH_KM = 20_100
Key = Callable[[Row], list[Any]]


def params(request: Request, read: Read) -> dict[str, str]:
    """The query parameters, each once; Malformed where one is missing, doubled or unknown."""
    wrong = {name: "is not known here" for name in request.args if name not in read.params}
    wrong |= {name: "stands twice" for name, texts in request.args.lists() if len(texts) > 1}
    wrong |= {name: "is missing" for name in read.required if not request.args.get(name)}
    if wrong:
        names = ", ".join(sorted(wrong))
        raise Malformed(f"These parameters are off: {names}.", kept="", todo="See openapi.json.", fields=wrong)
    return request.args.to_dict()


def limit(given: dict[str, str], default: int = LIMIT_DEFAULT) -> int:
    """How many rows are asked for."""
    text = given.get("limit")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise Malformed("The limit is not a whole number.", kept="", fields={"limit": "a whole number"})
    if len(text) > 9 or not 1 <= int(text) <= LIMIT_MAX:
        why = f"1 to {LIMIT_MAX}"
        raise OutOfRange(f"The limit lies outside {why}.", kept="", fields={"limit": why})
    return int(text)


def flag(given: dict[str, str], name: str) -> bool:
    """Whether a yes-or-no parameter says yes."""
    text = given.get(name, "0").lower()
    if text not in ("0", "1", "true", "false"):
        raise Malformed(f"The parameter {name!r} is neither 1 nor 0.", kept="", fields={name: "1 or 0"})
    return text in ("1", "true")


def page(rows: Sequence[Row], key: Key, given: dict[str, str]) -> tuple[list[Row], str | None]:
    """(rows of this page, cursor of the next or None). Rows are sorted by `key`, which must be unique."""
    ordered = sorted(rows, key=key)
    start = bisect_right(ordered, uncursor(given["after"], key, ordered), key=key) if "after" in given else 0
    most = limit(given)
    found = ordered[start : start + most]
    more = len(ordered) > start + most
    return found, cursor(key(found[-1])) if more else None


def cursor(key: Any) -> str:
    """A place in a list as opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def uncursor(text: str, key: Key, rows: Sequence[Row]) -> list[Any]:
    """What `cursor` wrote; Malformed where this can't be from this list."""
    found = decode_cursor(text)
    like = key(rows[0]) if rows else found
    if not isinstance(found, list) or [type(part) for part in found] != [type(part) for part in like]:
        raise bad_cursor()
    return found


def decode_cursor(text: str) -> Any:
    """The value in a cursor."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, msgspec.MsgspecError):
        raise bad_cursor() from None


def bad_cursor() -> Malformed:
    """The one complaint about a cursor."""
    return Malformed(
        "The cursor is not one of this list.",
        kept="",
        todo="Take it from the Link header of a page.",
        fields={"after": "not a cursor of this list"},
    )


def paged(request: Request, given: dict[str, str], rows: list[Row], key: Key) -> Response:
    """One page of rows, answered."""
    found, after = page(rows, key, given)
    return answer(request, found, after)


def kilometres(given: dict[str, str]) -> float | None:
    """The distance asked for with `within`."""
    if "within" not in given:
        return None
    try:
        found = Decimal(given["within"])
    except InvalidOperation:
        raise Malformed("The distance is not a number.", kept="", fields={"within": "kilometres"}) from None
    if not found.is_finite() or not 0 < found <= HALF_EARTH_KM:
        why = f"more than 0 and at most {HALF_EARTH_KM} km"
        raise OutOfRange("The distance can't be.", kept="", fields={"within": why})
    return float(found)


def answer(request: Request, rows: Any, after: str | None = None) -> Response:
    """Rows as JSON with an ETag, a link to the next page if there is one, and 304 where the caller has them."""
    body = msgspec.json.encode(rows)
    response = Response(body, content_type="application/json")
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    if after is not None:
        query = urlencode(request.args.to_dict() | {"after": after})
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    response.make_conditional(request)
    return response
