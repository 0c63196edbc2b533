"""The asking side: drive one exchange over any transport, and the transport that speaks HTTP.

A transport carries one envelope there and one back; a simulator hands in a function, the network `HttpTransport`.
"""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from urllib3.util import SKIP_HEADER

from sync import envelope
from sync.envelope import ANSWER, LAST, NEXT, NONCE_BYTES, OPEN, Party
from sync.errors import DiskFull, Malformed, NotFound, Problem, Refused, TooLarge, TooMany, Unreachable
from sync.exchange import Exchange, Memory
from sync.identity import node_id
from sync.limits import DEFAULT, Limits
from sync.log import Log

PATH = "/sync/v1"
MEDIA_TYPE = "application/octet-stream"
PORT = 8481
ADDRESS_CHARS_MAX = 200
CONNECT_SECONDS_MAX = 6
RATE_BYTES_MIN = 1024  # a second: an answer that drips more slowly than this is given up
PIECE_BYTES = 64 * 1024

Transport = Callable[[bytes], bytes]  # one envelope there, one back; a Problem where it can't
Connect = Callable[[str], Transport]  # a transport to an address

_ADDRESS = re.compile(r"(?:(https?)://)?(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)(?::(\d{1,5}))?(?:/|/sync/v1)?")
_BY_STATUS: dict[int, Problem] = {
    403: Refused(
        "The other node refused to talk to this one.",
        todo="If you have paired, see on the other node whether it has blocked this one; otherwise pair anew.",
    ),
    413: TooLarge("The other node takes only smaller messages."),
    429: TooMany("The other node is busy.", todo="It is tried again later."),
    507: DiskFull("The other node's disk is full."),
}


class Book(Memory, Protocol):
    """What is known of peers, as far as syncing needs it (`sync.peers.Peers`)."""

    def addresses(self, node: bytes) -> list[str]:
        """Where to try, best first."""

    def tried(self, node: bytes, ok: bool, address: str | None = None) -> None:
        """Note how an attempt went, and over which address."""


def parse_address(text: str) -> str:
    """A node's address as "http://host:port"; scheme and port may be left out. Malformed where it is none."""
    plain = text.strip().lower()
    match = _ADDRESS.fullmatch(plain) if len(plain) <= ADDRESS_CHARS_MAX else None
    if not match or not 0 < int(match[3] or PORT) < 1 << 16:
        raise Malformed(
            f"{text[:60]!r} is not an address of a node.",
            todo=f"Write it like http://192.168.1.5:{PORT}.",
        )
    scheme = match[1] or "http"
    return f"{scheme}://{match[2]}:{int(match[3] or (443 if scheme == 'https' else PORT))}"


def leads_here(address: str) -> bool:
    """Whether an address leads nowhere but to the machine on which it is used."""
    return urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1")


# one exchange


def sync_with(
    log: Log, book: Book, peer: bytes, transport: Transport | None = None, connect: Connect | None = None
) -> dict[str, Any]:
    """Exchange with one peer and note how it went; what can't be done is told in `error`, not raised.

    Without a transport the peer's addresses are tried one after another, until one answers; `connect` makes transports.
    Gives {peer, ok, sent, received, round_trips, bytes_out, bytes_in, seconds, error, refused}: entries each way, bytes
    as TCP payload where the transport knows them, `refused` what the peer sent and this node didn't take, in words.
    """
    if transport:
        result, reached = _attempt(log, book, peer, transport), None
    else:
        result, reached = _reach(log, book, peer, connect or (lambda address: HttpTransport(address, log.limits)))
    book.tried(peer, result["ok"], reached)
    return result


def _reach(log: Log, book: Book, peer: bytes, connect: Connect) -> tuple[dict[str, Any], str | None]:
    """The exchange over the first address that works, and that address."""
    result = _result(peer, error="No address is known for this node.")
    for address in book.addresses(peer):
        transport = connect(address)
        try:
            result = _attempt(log, book, peer, transport)
        finally:
            getattr(transport, "close", lambda: None)()
        if result["ok"]:
            return result, address
    return result, None


def _attempt(log: Log, book: Book, peer: bytes, transport: Transport) -> dict[str, Any]:
    start, exchange = log.clock(), Exchange(log, peer, book)
    talk, error = _Talk(log, peer, transport), None
    try:
        talk.run(exchange)
    except Problem as problem:
        error = problem.what
    report = exchange.report
    return _result(
        peer,
        ok=error is None,
        sent=report.sent,
        received=report.received,
        round_trips=talk.round_trips,
        bytes_out=getattr(transport, "bytes_out", talk.bytes_out),
        bytes_in=getattr(transport, "bytes_in", talk.bytes_in),
        seconds=max(0, log.clock() - start) / 1000,
        error=error,
        refused=report.refused,
    )


def _result(peer: bytes, **known: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("sent", "received", "round_trips", "bytes_out", "bytes_in", "seconds"), 0)
    return {"peer": node_id(peer), "ok": False, **counts, "error": None, "refused": [], **known}


class _Talk:
    """The client's side of one exchange on the wire: seals, carries, opens, and counts."""

    def __init__(self, log: Log, peer: bytes, transport: Transport) -> None:
        self.log, self.peer, self.transport = log, peer, transport
        self.nonce = b""
        self.round_trips = self.bytes_out = self.bytes_in = 0

    def run(self, exchange: Exchange) -> None:
        """Drive the exchange to its end. Where the transport can overlap, what came is stored while it waits."""
        to = self._party()
        with ThreadPoolExecutor(1) as pool:
            body: bytes | None = exchange.open()
            while body is not None:
                if self.round_trips and not self.nonce:
                    raise Malformed("The other node ended the exchange too early.")
                request = self._seal(to, body)
                if self.nonce and getattr(self.transport, "overlaps", False):
                    waiting = pool.submit(self._carry, request)
                    exchange.work()
                    reply, seconds = waiting.result()
                else:
                    exchange.work()
                    reply, seconds = self._carry(request)
                exchange.paced(seconds)
                body = exchange.receive(self._open(request, reply))

    def _carry(self, request: bytes) -> tuple[bytes, float]:
        """The answer, and in how many seconds it came."""
        start = self.log.clock()
        return self.transport(request), (self.log.clock() - start) / 1000

    def _party(self) -> Party:
        with self.log.reading():
            keys = self.log.keys_of(self.peer)
            if keys is None:
                raise NotFound("Nothing has been heard of this node yet.", todo="Pair with it.")
            if self.log.trust_of(self.peer) not in ("paired", "vouched"):
                raise Refused(
                    "This node is blocked or unknown here.", todo="Accept it first: `bucketline peer accept`."
                )
            return Party(self.peer, keys[0])

    def _seal(self, to: Party, body: bytes) -> bytes:
        kind = NEXT if self.nonce else OPEN
        request = envelope.seal(self.log.keys, self.log.network, kind, to, body, self.nonce)
        self.round_trips += 1
        self.bytes_out += len(request)
        return request

    def _open(self, request: bytes, reply: bytes) -> bytes:
        self.bytes_in += len(reply)
        try:
            bind = envelope.binding(request)
            opened = envelope.open_from(self.log.keys, self.log.network, reply, (ANSWER, LAST), self.peer, bind)
        except (Refused, Malformed):
            raise Refused("What answered there is not this node, or its answer was tampered with.") from None
        if opened.kind == LAST:
            self.nonce = b""
            return opened.body
        if len(opened.body) < NONCE_BYTES:
            raise Malformed("The other node's answer is too short.")
        self.nonce = opened.body[:NONCE_BYTES]
        return opened.body[NONCE_BYTES:]


# HTTP


class HttpTransport:
    """Carries envelopes to one address over one connection; close it after the exchange.

    Sends the headers that are necessary and no others: they would be most of what an idle exchange costs. Follows no
    redirect and asks no proxy of the environment: a message goes to the address that the team named, or nowhere.
    `bytes_out` and `bytes_in` count TCP payload, headers included.
    """

    overlaps = True

    def __init__(self, address: str, limits: Limits = DEFAULT) -> None:
        self.address, self.limits = parse_address(address), limits
        self.bytes_out = self.bytes_in = 0
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.clear()
        skipped = {"User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER}
        self._session.headers.update({**skipped, "Content-Type": MEDIA_TYPE})

    def __call__(self, request: bytes) -> bytes:
        """The envelope that answers this one; Unreachable, Refused, TooMany or the like where none comes."""
        try:
            return self._post(request)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
            raise Unreachable(
                f"{self.address} did not answer.",
                kept="Nothing is lost.",
                todo="Check that the other node is on and within reach; it is tried again.",
            ) from None

    def _post(self, request: bytes) -> bytes:
        response = self._session.post(
            self.address + PATH,
            data=request,
            stream=True,
            allow_redirects=False,
            timeout=(min(CONNECT_SECONDS_MAX, self.limits.http_seconds_max), self.limits.http_seconds_max),
        )
        self.bytes_out += _request_bytes(response.request) + len(request)
        self.bytes_in += _response_bytes(response)
        if response.status_code != 200:
            response.close()
            raise _problem(response)
        return b"".join(self._pieces(response))

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        start, size = time.monotonic(), 0
        for piece in response.raw.stream(PIECE_BYTES, decode_content=False):
            size += len(piece)
            self.bytes_in += len(piece)
            if size > self.limits.message_bytes_max:
                response.close()
                raise TooLarge("The other node's answer is larger than this node takes.")
            if time.monotonic() - start > self.limits.http_seconds_max + size / RATE_BYTES_MIN:
                response.close()
                raise Unreachable(f"{self.address} answers too slowly.", kept="What had come is kept.")
            yield piece

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()


def _problem(response: requests.Response) -> Problem:
    """What a status means to us. The other side's own words aren't shown: anyone could have written them."""
    known = _BY_STATUS.get(response.status_code)
    if known is None:
        return Malformed(f"What answered there is not a node of this kind (status {response.status_code}).")
    wait = response.headers.get("Retry-After", "")
    seconds = int(wait) if wait.isdecimal() and len(wait) < 6 else None
    return type(known)(known.what, known.kept, known.todo, retry_after_s=seconds)


def _request_bytes(request: requests.PreparedRequest) -> int:
    host = (request.url or "").split("/", 3)[2]
    lines = [f"POST {request.path_url} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items() if value != SKIP_HEADER]
    return sum(len(line) + 2 for line in lines) + 2


def _response_bytes(response: requests.Response) -> int:
    first = f"HTTP/1.1 {response.status_code} {response.reason}"
    return len(first) + 4 + sum(len(name) + len(value) + 4 for name, value in response.raw.headers.items())
