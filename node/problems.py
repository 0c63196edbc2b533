"""Errors as HTTP answers: one translation for the API, the pages and whatever goes wrong below them.

A Problem carries its own status and sentences (RFC 9457). What is not a Problem becomes one here, so that no stack
trace and no server's own wording ever reaches a caller.
"""

import errno
import logging
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Response
from werkzeug.exceptions import HTTPException

from sync.errors import (
    Conflict,
    DiskFull,
    Forbidden,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Problem,
    TooLarge,
    TooMany,
    Unauthorised,
    Unreachable,
    Unsupported,
)

MEDIA_TYPE = "application/problem+json"
BUSY_RETRY_S = 1
_log = logging.getLogger(__name__)
_BY_STATUS: dict[int, type[Problem]] = {
    kind.status: kind
    for kind in (Unauthorised, Forbidden, NotFound, MethodNotAllowed, Conflict, TooLarge, Unsupported, TooMany)
}
_TEXTS = {
    404: ("Nothing is at this address.", "Look at /api/v1/openapi.json for the addresses there are."),
    405: ("This address doesn't take that method.", "The Allow header names those that it takes."),
    413: ("The body is larger than this node takes.", "Send it in smaller parts."),
}


def as_problem(error: BaseException) -> Problem:
    """Whatever was raised, as the Problem that the caller is told; what nobody foresaw is logged in full."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _from_http(error)
    return _from_storage(error) or _unforeseen(error)


def status_of(problem: Problem) -> int:
    """The HTTP status. A peer out of reach is no fault of this server: of the 5xx only a full disk is told as one."""
    return Conflict.status if isinstance(problem, Unreachable) else problem.status


def body_of(problem: Problem) -> dict[str, Any]:
    """The RFC 9457 members of a problem; `errors` maps a field to what is wrong with it."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": status_of(problem),
        "detail": problem.detail,
    }
    return body | ({"errors": problem.fields} if problem.fields else {})


def headers_of(problem: Problem, error: BaseException | None = None) -> dict[str, str]:
    """What the status calls for besides the body: Retry-After, WWW-Authenticate, Allow."""
    headers = {}
    if problem.status == TooMany.status:
        headers["Retry-After"] = str(problem.retry_after_s or BUSY_RETRY_S)
    if problem.status == Unauthorised.status:
        headers["WWW-Authenticate"] = 'Bearer realm="bucketline"'
    methods = getattr(error, "valid_methods", None)
    if methods:
        headers["Allow"] = ", ".join(sorted(methods))
    return headers


def answer(error: BaseException) -> Response:
    """The application/problem+json answer to whatever was raised."""
    problem = as_problem(error)
    body = msgspec.json.encode(body_of(problem))
    return Response(body, status_of(problem), headers_of(problem, error), content_type=MEDIA_TYPE)


def raw_answer(problem: Problem) -> bytes:
    """The same as a whole HTTP/1.1 response that ends the connection, for below the app."""
    status, body = status_of(problem), msgspec.json.encode(body_of(problem))
    headers = headers_of(problem) | {
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"] + [f"{name}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _from_http(error: HTTPException) -> Problem:
    status = error.code or HTTPStatus.BAD_REQUEST
    what, todo = _TEXTS.get(status, (error.description or HTTPStatus(status).phrase, ""))
    return _BY_STATUS.get(status, Malformed)(what, todo=todo)


def _from_storage(error: BaseException) -> Problem | None:
    """SQLite says what happened in words alone; both of its own and the file system's full disk mean the same."""
    text = str(error).lower()
    if "disk is full" in text or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        return DiskFull("The disk of this node is full.", todo="Free some space, then send it again.")
    if "database is locked" in text:
        return TooMany("Another program is writing to this node.", todo="Try again.", retry_after_s=BUSY_RETRY_S)
    return None


def _unforeseen(error: BaseException) -> Problem:
    _log.error("unforeseen error", exc_info=error)
    return Problem(
        "Something went wrong that nobody foresaw.",
        todo="Try again; if it happens again, the node's own log holds the details.",
    )
