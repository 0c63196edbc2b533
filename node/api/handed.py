"""Files that are handed out or handed in: signed statements, and whether a file that somebody was given holds."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, Any

import msgspec
from flask import Request, Response

from node.api import report_reads
from node.reporting import checking, signed
from node.running import Node
from sync.errors import TooLarge, Unsupported

MEDIA = "application/zip"
PIECE = 64 * 1024


def statement(node: Node, request: Request) -> Response:
    """A signed statement of what the books say by now, as a file."""
    with ExitStack() as kept:
        made = kept.enter_context(tempfile.TemporaryFile())
        signed.write(node, made)
        response = report_reads.sent(request, made, MEDIA)
        response.call_on_close(kept.pop_all().close)
    response.headers["Content-Disposition"] = 'attachment; filename="statement.zip"'
    return response


def check_report(node: Node, file: IO[bytes]) -> dict[str, Any]:
    """Whether a report's figures are what the entries come to."""
    found, told = checking.report(node, file)
    wrong = found.difference
    return found._asdict() | {"difference": wrong and wrong._asdict(), "says": told.says}


def check_statement(node: Node, file: IO[bytes]) -> dict[str, Any]:
    """Whether a signed statement holds."""
    found, told = checking.statement(file)
    about = {name: found[name] if found else None for name in ("signer", "team", "made", "root", "entries")}
    return {"ok": told.holds, **about, "says": told.says}


CHECKS: dict[str, Callable[[Node, IO[bytes]], dict[str, Any]]] = {
    "reports/verify": check_report,
    "statement/verify": check_statement,
}


def check(node: Node, request: Request, name: str) -> Response:
    """What is said of the file that is the body of a POST; TooLarge where it is larger than this node takes."""
    if request.content_encoding not in (None, "", "identity"):
        raise Unsupported("This address takes the file as it is.", kept="", todo="Send it without Content-Encoding.")
    request.max_content_length = checking.FILE_BYTES_MAX + 1
    with tempfile.TemporaryFile() as file:
        while piece := request.stream.read(PIECE):
            file.write(piece)
        if file.tell() > checking.FILE_BYTES_MAX:
            raise TooLarge("The file is larger than this node takes.", kept="", todo="Check it on the command line.")
        file.seek(0)
        body = msgspec.json.encode(CHECKS[name](node, file))
    return Response(body, content_type="application/json")
