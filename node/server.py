"""The web side of a node in one app: the API and the pages, their errors and headers, served by cheroot."""

import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from node import idempotency, problems, sessions, tokens
from node.access import Gate
from node.api import routes as api
from node.api.endpoints import BASE, BODY_BYTES_MAX
from node.hosting import Serving
from node.running import Node
from node.web import errors as web_errors
from node.web import pages

DRAIN_BYTES_MAX = 32 * 1024 * 1024
DRAIN_PIECE = 64 * 1024
_CSP = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers then send `Origin: null` with our own forms, and the check of Origin would be blind.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(), payment=()",
}
_MACHINE_PATHS = (BASE + "/", "/api", "/healthz", "/readyz")


def make_app(node: Node) -> Flask:
    """The app of one node. It creates its own tables where they are missing."""
    for module in (tokens, idempotency, sessions):
        module.prepare(node)
    app = Flask(__name__)
    app.config.update(
        # One more than is taken: a body without a stated length is cut there, and must be seen to be too long.
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX + 1,
        MAX_FORM_MEMORY_SIZE=BODY_BYTES_MAX,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.extensions["node"] = node
    app.extensions["gate"] = Gate(node)
    app.register_blueprint(api.blueprint())
    app.register_blueprint(pages.blueprint())
    app.register_error_handler(Exception, _explain)
    app.after_request(_harden)
    return app


def serve(node: Node, host: str = "127.0.0.1", port: int = 0) -> Serving:
    """Serve a node's pages and API; port 0 takes any free one. DiskFull, or OSError where the port is taken."""
    logging.getLogger("cheroot").setLevel(logging.ERROR)
    return Serving(make_app(node), host, port)


def _explain(error: Exception) -> Response | HTTPException:
    if isinstance(error, HTTPException) and (error.code or 500) < 400:
        return error  # a redirect
    if isinstance(error, RequestEntityTooLarge):
        _drain()
    if request.path.startswith(_MACHINE_PATHS) or not request.accept_mimetypes.accept_html:
        return problems.answer(error)
    return web_errors.answer(error)


def _drain() -> None:
    """Read on for a while: who is still sending would get a reset instead of the answer."""
    stream, left = request.environ["wsgi.input"], min(request.content_length or 0, DRAIN_BYTES_MAX)
    while left > 0 and (piece := stream.read(min(DRAIN_PIECE, left))):
        left -= len(piece)


def _harden(response: Response) -> Response:
    for name, text in _HEADERS.items():
        response.headers.setdefault(name, text)
    if request.endpoint != "static":
        fresh = "private, no-cache" if request.path.startswith(BASE) else "no-store"
        response.headers.setdefault("Cache-Control", fresh)
    return response
