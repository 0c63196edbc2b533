"""The answering side: a desk that answers envelopes, and the HTTP server in front of it.

`POST /sync/v1` takes one envelope and gives one. What isn't an envelope gets 400; whatever isn't from a node that we
talk to, isn't for us, or was sent before gets one refusal (403), the same bytes each time. An exchange that goes on is
remembered under the nonce in its last answer, and forgotten when it isn't used.

Successful answers bear no header but type and length: Date and Server would be a quarter of what an idle exchange
costs, and nobody's clock is to be relied on.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from cheroot.server import HTTPConnection, HTTPRequest, KnownLengthRFile
from cheroot.wsgi import Server as WSGIServer
from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from sync import envelope
from sync.envelope import ANSWER, LAST, NEXT, NONCE_BYTES, OPEN, PAIR, Opened, Party
from sync.errors import Malformed, MethodNotAllowed, NotFound, Problem, TooLarge, TooMany, Unsupported
from sync.exchange import Exchange, Memory
from sync.log import Log

PATH = "/sync/v1"
MEDIA_TYPE = "application/octet-stream"
PROBLEM_TYPE = "application/problem+json"
SESSIONS_PER_PEER_MAX = 2
QUIET_MS = 5000  # a full table gives up an exchange that was unused for so long
RETRY_SECONDS = 5
SILENCE_SECONDS_MAX = 10  # within a request
THREADS = 8
HEADER_BYTES_MAX = 8 * 1024
CAP_SLACK_BYTES = 64 * 1024  # cheroot's own bound stands so far above the app's, so that the app answers
DRAIN_BYTES_MAX = 8 * 1024 * 1024
DRAIN_PIECE = 64 * 1024

_log = logging.getLogger(__name__)
_UNREAD = Malformed("This is not HTTP as this node reads it.")
_OUTSIDE: dict[int, Problem] = {  # what Flask and cheroot refuse before the desk is asked
    404: NotFound("Nothing is at this address."),
    405: MethodNotAllowed(f"Only POST is taken at {PATH}."),
    413: TooLarge("The message is larger than this node takes."),
    414: TooLarge("The address is longer than this node takes."),
    415: Unsupported(f"Send {MEDIA_TYPE}."),
}
Pairing = Callable[[bytes], bytes]  # answers a PAIR envelope (`sync.pairing.Inviter.answer`); Refused where it doesn't


@dataclass(eq=False)
class _Session:
    """One exchange that goes on; `nonce` is empty while a message of it is being worked on.

    `confirmed` means that its peer has shown a nonce of ours, so that it isn't somebody's recording.
    """

    exchange: Exchange
    to: Party
    used_at: int
    nonce: bytes = b""
    confirmed: bool = False


class Sessions:
    """The exchanges that go on: bounded in number, and forgotten after a while by the clock handed in."""

    def __init__(self, log: Log) -> None:
        self.clock, self.limits = log.clock, log.limits
        self._open: list[_Session] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, session: _Session) -> None:
        """Give a new exchange its place; TooMany where all are taken by others in use."""
        with self._lock:
            self._expire()
            self._make_room(session)
            self._open.append(session)

    def take(self, proves: Callable[[_Session], bool]) -> _Session | None:
        """The exchange that a message belongs to. Its nonce is used up by that: it is good for one message."""
        with self._lock:
            self._expire()
            found = next((s for s in self._open if s.nonce and proves(s)), None)
            if found:
                found.nonce, found.confirmed = b"", True
            return found

    def renew(self, session: _Session, nonce: bytes) -> None:
        """Expect the next message of an exchange, under a new nonce."""
        with self._lock:
            session.nonce, session.used_at = nonce, self.clock()

    def leave(self, session: _Session) -> None:
        """Forget an exchange."""
        with self._lock:
            self._open = [s for s in self._open if s is not session]

    def _expire(self) -> None:
        unused = self.clock() - 1000 * self.limits.exchange_seconds_max
        self._open = [s for s in self._open if s.used_at > unused or not s.nonce]

    def _make_room(self, new: _Session) -> None:
        """Of one peer's exchanges the oldest gives way, unconfirmed ones first; else the one unused for longest."""
        idle = sorted((s for s in self._open if s.nonce), key=lambda s: (s.confirmed, s.used_at))
        same = [s for s in idle if s.to.node == new.to.node]
        if len(same) >= SESSIONS_PER_PEER_MAX:
            self._open.remove(same[0])
        elif len(self._open) >= self.limits.exchanges_at_once_max:
            oldest = min(idle, key=lambda s: s.used_at, default=None)
            if oldest is None or self.clock() - oldest.used_at < QUIET_MS:
                raise TooMany("This node talks with too many others at once.", retry_after_s=RETRY_SECONDS)
            self._open.remove(oldest)


class Desk:
    """Answers envelopes for one node, whatever brings them."""

    def __init__(self, log: Log, memory: Memory, pairing: Pairing | None = None) -> None:
        self.log, self.memory, self.pairing = log, memory, pairing
        self.sessions = Sessions(log)

    def answer(self, data: bytes) -> bytes:
        """The envelope that answers this one. Malformed, Refused, TooMany and what the exchange finds fault with."""
        kind = envelope.kind_of(data)
        if kind == PAIR and self.pairing:
            return self.pairing(data)
        if kind not in (OPEN, NEXT):
            raise envelope.refusal()
        opened = envelope.unseal(self.log.keys, self.log.network, data)
        session = self._start(opened) if kind == OPEN else self._resume(opened)
        try:
            body = session.exchange.receive(opened.body)
        except BaseException:
            self.sessions.leave(session)
            raise
        assert body is not None  # the serving side always answers
        return self._seal(session, body, envelope.binding(data))

    def _start(self, opened: Opened) -> _Session:
        for node in self._known(opened.hint):
            keys = self.log.keys_of(node)
            if keys and envelope.proves(opened, node, self.log.keys, self.log.network):
                exchange = Exchange(self.log, node, self.memory)
                session = _Session(exchange, Party(node, keys[0]), self.log.clock())
                self.sessions.enter(session)
                return session
        raise envelope.refusal()

    def _resume(self, opened: Opened) -> _Session:
        known = self._known(opened.hint)

        def proves(session: _Session) -> bool:
            node = session.to.node
            return node in known and envelope.proves(opened, node, self.log.keys, self.log.network, session.nonce)

        session = self.sessions.take(proves)
        if session is None:
            raise envelope.refusal()
        return session

    def _known(self, hint: bytes) -> list[bytes]:
        """The nodes that we talk to whose key begins so."""
        with self.log.reading():
            return [node for node, how in self.log.policy()[1].items() if how != "self" and node.startswith(hint)]

    def _seal(self, session: _Session, body: bytes, bind: bytes) -> bytes:
        keys, network = self.log.keys, self.log.network
        if session.exchange.finished:
            self.sessions.leave(session)
            return envelope.seal(keys, network, LAST, session.to, body, bind)
        nonce = self.log.rng(NONCE_BYTES)
        self.sessions.renew(session, nonce)
        return envelope.seal(keys, network, ANSWER, session.to, nonce + body, bind)


# HTTP


def blueprint(desk: Desk) -> Blueprint:
    """The one route of the sync port."""
    routes = Blueprint("sync", __name__)

    @routes.post(PATH)
    def _post() -> Response:
        if request.mimetype != MEDIA_TYPE:
            raise _OUTSIDE[415]
        return Response(desk.answer(request.get_data(cache=False)), content_type=MEDIA_TYPE)

    return routes


def make_app(log: Log, memory: Memory, pairing: Pairing | None = None) -> Flask:
    """The app of the sync port: the route, its bounds, and every error as application/problem+json."""
    desk = Desk(log, memory, pairing)
    app = Flask("sync", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=log.limits.message_bytes_max, PROPAGATE_EXCEPTIONS=False)
    app.register_blueprint(blueprint(desk))
    app.register_error_handler(Exception, _explain)
    return app


def _explain(error: Exception) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        _drain(request.environ["wsgi.input"])
    if isinstance(error, HTTPException):
        problem = _OUTSIDE.get(error.code or 400, _UNREAD)
    elif isinstance(error, Problem):
        problem = error
    else:
        _log.error("unforeseen error", exc_info=error)
        problem = Problem("Something went wrong that nobody foresaw.")
    headers, body = _problem(problem)
    return Response(body, problem.status, headers)


def _drain(stream: Any) -> None:
    """Read on for a while: who is still sending would get a reset instead of the answer."""
    left = DRAIN_BYTES_MAX
    with suppress(Exception):  # a stream that ends in an error has ended
        while left > 0 and (piece := stream.read(min(DRAIN_PIECE, left))):
            left -= len(piece)


def _problem(problem: Problem) -> tuple[dict[str, str], bytes]:
    """Headers and body of a problem as RFC 9457 has it."""
    headers = {"Content-Type": PROBLEM_TYPE}
    if problem.status == TooMany.status:
        headers["Retry-After"] = str(problem.retry_after_s or RETRY_SECONDS)
    if problem.status == MethodNotAllowed.status:
        headers["Allow"] = "POST"
    said = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail}
    return headers, msgspec.json.encode(said)


class _Headers(list[tuple[bytes, bytes]]):
    """Answer headers to which cheroot can't add the two that we leave out."""

    def append(self, header: tuple[bytes, bytes]) -> None:
        """Add a header, unless it is one of the two."""
        if header[0] not in (b"Date", b"Server"):
            super().append(header)


class _Request(HTTPRequest):
    """cheroot's request without Date and Server, and with its own refusals told as problems."""

    def send_headers(self) -> None:
        """Send status and headers."""
        self.outheaders = _Headers(self.outheaders)
        super().send_headers()

    def simple_response(self, status: str, msg: str = "") -> None:
        """Refuse what doesn't get as far as the app, and hang up."""
        self.close_connection = True
        code = int(str(status)[:3])
        if code == TooLarge.status:
            self._drain_connection()
        problem = TooMany("This node is busy.") if code == 503 else _OUTSIDE.get(code, _UNREAD)
        headers, body = _problem(problem)
        headers |= {"Content-Length": str(len(body)), "Connection": "close"}
        lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.conn.wfile.write("\r\n".join([*lines, "", ""]).encode("ascii") + body)

    def _drain_connection(self) -> None:
        declared = self.inheaders.get(b"Content-Length", b"")
        if declared.isdigit():
            _drain(KnownLengthRFile(self.conn.rfile, int(declared)))


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request


class Serving:
    """A sync port that is being served: `.address` is (host, port) as bound, `.stop()` ends it."""

    def __init__(self, app: Flask, host: str, port: int, threads: int, body_bytes_max: int) -> None:
        self._server: Any = WSGIServer((host, port), app, numthreads=threads, timeout=SILENCE_SECONDS_MAX)
        self._server.ConnectionClass = _Connection
        self._server.max_request_header_size = HEADER_BYTES_MAX
        self._server.max_request_body_size = body_bytes_max
        self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, name="sync", daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are listened on."""
        host, port = self._server.bind_addr[:2]
        return host, port

    def stop(self) -> None:
        """Finish what is under way and let go of the port."""
        self._server.stop()
        self._thread.join()


def serve(app: Flask, host: str = "127.0.0.1", port: int = 0, threads: int = THREADS) -> Serving:
    """Serve the app of `make_app`; port 0 takes any free one. OSError where the port is taken."""
    return Serving(app, host, port, threads, app.config["MAX_CONTENT_LENGTH"] + CAP_SLACK_BYTES)
