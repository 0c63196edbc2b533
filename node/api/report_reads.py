"""What each GET of a report answers: a document in any of the formats, written to the disk before it is sent.

So nothing of the node is held up by a phone that reads slowly, and what fails half-way is told as a problem.
"""

import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import IO

from flask import Request, Response

from node.api import paging
from node.reporting import exporting, registry
from node.reporting.writing import formats, page
from node.running import Node

Handler = Callable[[Node, Request, dict[str, str]], Response]
PIECE = 64 * 1024
_STYLE = base64.b64encode(hashlib.sha256(page.STYLE.encode()).digest()).decode()
# A page to be printed brings its own style and nothing else.
_PAGE_CSP = f"default-src 'none'; style-src 'sha256-{_STYLE}'; frame-ancestors 'none'; base-uri 'none'"
_OWN = ("report", "format", "people", "words")


def report(node: Node, request: Request, given: dict[str, str]) -> Response:
    """A report in the format that was asked for, JSON if none was."""
    name, form = given["report"], formats.find(given.get("format") or "json")
    shows = {each: paging.flag(given, each) for each in ("people", "words")}
    asked = {word: text for word, text in given.items() if word not in _OWN and text}
    with ExitStack() as kept:
        made = kept.enter_context(tempfile.TemporaryFile())
        with registry.one_moment(node) as then:
            form.write(registry.document(then, name, asked, **shows), made, None)
        response = sent(request, made, form.media)
        response.call_on_close(kept.pop_all().close)
    shown = form.media.startswith(("text/html", "application/json"))
    response.headers["Content-Disposition"] = f'{"inline" if shown else "attachment"}; filename="{name}{form.suffix}"'
    if form.suffix == ".html":
        response.headers["Content-Security-Policy"] = _PAGE_CSP
    return response


def export(node: Node, request: Request, given: dict[str, str]) -> Response:
    """The books for another program."""
    name = given["export"]
    found = exporting.find(name)
    with ExitStack() as kept:
        made = kept.enter_context(tempfile.TemporaryFile())
        with registry.one_moment(node) as then:
            found.write(then, made, None)
        response = sent(request, made, found.media)
        response.call_on_close(kept.pop_all().close)
    response.headers["Content-Disposition"] = f'attachment; filename="books{found.suffix}"'
    return response


def sent(request: Request, made: IO[bytes], media: str) -> Response:
    """The file in pieces, with an ETag of what it holds; 304 where the caller has it."""
    made.seek(0)
    digest = hashlib.sha256()
    for piece in _pieces(made):
        digest.update(piece)
    response = Response(_pieces(made), content_type=media)
    response.content_length = made.seek(0, 2)
    response.set_etag(digest.hexdigest()[:32])
    response.make_conditional(request)
    return response


def _pieces(made: IO[bytes]) -> Iterator[bytes]:
    made.seek(0)
    while piece := made.read(PIECE):
        yield piece


HANDLERS: dict[str, Handler] = {"reports/{report}": report, "exports/{export}": export}
