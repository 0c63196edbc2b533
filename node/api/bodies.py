"""A request's bytes as a typed body: strict JSON first, then the type, each error naming the field."""

import re
from typing import TypeVar

import msgspec
from flask import Request

from node.api.endpoints import BODY_BYTES_MAX
from node.requests import Body
from sync import strict
from sync.errors import Malformed, OutOfRange, Problem, Unsupported

Kind = TypeVar("Kind", bound=Body)
_KEPT = "Nothing was recorded."
_WHERE = re.compile(r"(?P<why>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
SHOWN_CHARS_MAX = 200


def read(request: Request, kind: type[Kind]) -> Kind:
    """The body of a POST. Unsupported unless it says that it is JSON, TooLarge, Malformed, or OutOfRange."""
    if request.mimetype != "application/json" or request.content_encoding not in (None, "", "identity"):
        raise Unsupported(
            "This address takes plain JSON.", kept=_KEPT, todo="Send Content-Type: application/json, not compressed."
        )
    found = strict.loads(request.get_data(cache=False), BODY_BYTES_MAX)
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from None


def _explain(message: str) -> Problem:
    """msgspec's sentence as a Problem: a choice that doesn't exist is out of range, all else is malformed."""
    match = _WHERE.fullmatch(message)
    why, path = (match["why"], match["path"] or "") if match else (message, "")
    named = _FIELD.fullmatch(why)
    if named:
        path = ".".join(part for part in (path, named["name"]) if part)
        why = "is missing" if "missing" in why else "is not known here"
    path = path.replace("[", ".").replace("]", "")  # as records name their fields: lines.0.qty
    why, path = why[:SHOWN_CHARS_MAX], path[:SHOWN_CHARS_MAX]
    kind = OutOfRange if why.startswith("Invalid enum value") else Malformed
    return kind(
        f"The field {path!r} is off: {why.rstrip('.')}." if path else f"The body is off: {why.rstrip('.')}.",
        kept=_KEPT,
        todo="/api/v1/openapi.json describes the fields.",
        fields={path or "body": why},
    )
