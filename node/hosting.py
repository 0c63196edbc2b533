"""cheroot as this project runs it: bounded in every direction, and its own refusals in the words of all others."""

import threading
from collections.abc import Callable
from typing import Any

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Server as WSGIServer

from node.problems import raw_answer
from sync.errors import Malformed, Problem, TooLarge, TooMany

THREADS = 10
WAITING_MAX = 128  # connections that nobody has taken up yet
HEADER_BYTES_MAX = 32 * 1024
BODY_BYTES_MAX = 32 * 1024 * 1024  # above the app's own bounds, so that nearly all are answered by the app
DRAIN_BYTES_MAX = 16 * 1024 * 1024
DRAIN_PIECE = 64 * 1024
SILENCE_SECONDS_MAX = 10
_SAID: dict[str, Problem] = {
    "413": TooLarge("The request is larger than this node takes.", todo="Send it in smaller parts."),
    "414": TooLarge("The address is longer than this node takes."),
    "503": TooMany("This node is busy.", todo="Try again.", retry_after_s=1),
}
_UNREAD = Malformed("This is not HTTP as this node reads it.", todo="Check what sends it.")


class _Request(HTTPRequest):  # type: ignore[misc,unused-ignore]
    """A request that cheroot refuses before the app sees it is told so as a problem, too."""

    def simple_response(self, status: str, msg: str = "") -> None:
        """Answer and hang up."""
        code = str(status)[:3]
        self.close_connection = True
        if code == "413":
            self._drain()
        self.conn.wfile.write(raw_answer(_SAID.get(code, _UNREAD)))

    def _drain(self) -> None:
        """Read on for a while: who is still sending would get a reset instead of the answer."""
        left = DRAIN_BYTES_MAX
        while left > 0:
            piece = self.conn.rfile.read(min(DRAIN_PIECE, left, self._to_come(DRAIN_BYTES_MAX - left)))
            if not piece:
                return
            left -= len(piece)

    def _to_come(self, drained: int) -> int:
        declared = self.inheaders.get(b"Content-Length", b"0")
        return max(int(declared) - drained, 0) if declared.isdigit() and len(declared) < 20 else 0


class _Connection(HTTPConnection):  # type: ignore[misc,unused-ignore]
    RequestHandlerClass = _Request


class Serving:
    """An app that is being served: `.address` is (host, port) as bound, `.url` for a browser here, `.stop()`."""

    def __init__(self, app: Callable[..., Any], host: str, port: int) -> None:
        self._server = WSGIServer(
            (host, port), app, numthreads=THREADS, timeout=SILENCE_SECONDS_MAX, request_queue_size=WAITING_MAX
        )
        self._server.ConnectionClass = _Connection
        self._server.max_request_header_size = HEADER_BYTES_MAX
        self._server.max_request_body_size = BODY_BYTES_MAX
        self._server.server_name = "bucketline"
        self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, name="web", daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are listened on."""
        host, port = self._server.bind_addr[:2]
        return host, port

    @property
    def url(self) -> str:
        """The address for a browser on this machine, or for others where one host is bound."""
        host, port = self.address
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        return f"http://{host}:{port}/"

    def stop(self) -> None:
        """Finish what is under way and let go of the port."""
        self._server.stop()
        self._thread.join()
