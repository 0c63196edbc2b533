"""Who is asking: a program with a token, a browser that logged in, or the operator at the node's own machine.

A request counts as the operator's only if it comes from a loopback address *and* names a loopback host. The second
half stops DNS rebinding: a page from elsewhere can make a browser send requests here, but under its own host name.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Request, current_app

from node import sessions, tokens
from node.running import Node
from node.throttle import Throttle
from sync.errors import Forbidden, TooMany, Unauthorised

FORM_HEADER = "X-Form-Token"
LOGINS_BURST, LOGIN_REFILL_MS = 20, 3_000  # wrong secrets from one address
WRITES_BURST, WRITE_REFILL_MS = 1_000, 20  # records of one caller
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


@dataclass(frozen=True)
class Visitor:
    """Somebody who may ask: the name of their token (empty for the operator), and the cookie they came with."""

    name: str
    cookie: str | None = None


class Gate:
    """Finds out who is asking, and slows down those who guess."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.guesses = Throttle(node.clock, LOGINS_BURST, LOGIN_REFILL_MS)
        self.writes = Throttle(node.clock, WRITES_BURST, WRITE_REFILL_MS)
        # Cookies don't tell ports apart: two nodes on one machine must not overwrite each other's.
        self.cookie_name = f"bucketline_{node.id[:8]}"

    def by_token(self, request: Request) -> Visitor | None:
        """Who holds the bearer token; None without an Authorization header, Unauthorised where it is no good."""
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorised("This node takes bearer tokens only.", todo="Send Authorization: Bearer TOKEN.")
        return Visitor(self.token_name(request, text.strip()))

    def token_name(self, request: Request, text: str) -> str:
        """The name of a good token; each wrong one counts against the address that sent it."""
        address = request.remote_addr or ""
        self.guesses.check(address)
        name = tokens.check(self.node, text)
        if name is None:
            self.guesses.take(address)
            raise Unauthorised(
                "This token is not known here, or was revoked.",
                todo="Make a new one with `bucketline token new NAME` on the node's machine.",
            )
        return name

    def by_cookie(self, request: Request) -> Visitor | None:
        """Whose browser it is, by the cookie that this node gave it."""
        cookie = request.cookies.get(self.cookie_name, "")
        if not cookie:
            return None
        if is_local(request) and sessions.is_operator_cookie(self.node, cookie):
            return Visitor("", cookie)
        name = sessions.find(self.node, cookie)
        return None if name is None else Visitor(name, cookie)

    def operator(self, request: Request) -> Visitor | None:
        """The operator, where the request is one of this machine to itself."""
        return Visitor("", sessions.operator_cookie(self.node)) if is_local(request) else None

    def check_form(self, request: Request, visitor: Visitor, token: str) -> None:
        """Forbidden unless the request was sent by a page of this node, made for this visitor."""
        check_origin(request)
        if visitor.cookie is None or not sessions.is_form_token(self.node, visitor.cookie, token):
            raise Forbidden(
                "This form was not made for this login.",
                kept="Nothing was recorded.",
                todo="Open the page again; what you typed may be kept by going back.",
            )

    def count_write(self, visitor: Visitor) -> None:
        """TooMany where this caller records faster than any team can."""
        try:
            self.writes.take(visitor.name)
        except TooMany as error:
            error.kept = "This one was not recorded."
            raise


def gate() -> Gate:
    """The gate of the app that answers this request."""
    found: Gate = current_app.extensions["gate"]
    return found


def is_local(request: Request) -> bool:
    """Whether this machine asks itself, by a name that can only mean itself, and no proxy stands between."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    return _loopback(request.remote_addr or "") and _loopback(_host(request.host))


def check_origin(request: Request) -> None:
    """Forbidden where the browser says that a page of another site sent this."""
    said = request.headers.get("Origin") or request.headers.get("Referer")
    if said is not None and _netloc(said) != request.host:
        raise Forbidden("Another site's page sent this.", kept="Nothing was recorded.", todo="Use this node's pages.")


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _host(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
