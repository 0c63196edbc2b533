"""How two nodes come to trust each other: a code that one makes and the other joins with, good for one node, one time.

An invite code is base32 (lower case, in groups of four) of

    version u8 = 1 | node key 32 | agreement key 32 | network 16 | token 16
    | count u8 | count times (length u8, address in ASCII) | check 4, the first bytes of SHA-256 over all before

An address leaves out "http://" and the standard port. The code itself is what the joiner trusts, so that it needs no
signature; it names the whole network because a message can't be sealed to a node of an unknown one.

The joiner sends a PAIR envelope, the inviter answers with PAIRED (`sync.envelope`); their bodies are MessagePack maps:

    PAIR    {"t": token 16, "n": node key 32, "a": agreement key 32, "g": its signature 64, "m": name, "u": [address]}
    PAIRED  {"g": signature of the inviter's agreement key 64, "m": name, "u": [address]}

The inviter checks the token, vouches for the joiner and keeps its addresses in one transaction; then the joiner does
likewise. If the answer is lost, the same joiner may show the same token again. A token is kept as its SHA-256 only.
"""

import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec import Struct, structs

from sync import envelope
from sync.client import PORT, HttpTransport, Transport, leads_here, parse_address
from sync.envelope import PAIR, PAIRED, Party
from sync.errors import Conflict, Malformed, NotFound, Problem, Refused, Unreachable, Untrue
from sync.identity import agreement_holds, b32, node_id, show_id, unb32
from sync.log import Log

VERSION = 1
TOKEN_BYTES = 16
CHECK_BYTES = 4
CODE_ADDRESSES_MAX = 4
CODE_CHARS_MAX = 2000
INVITATIONS_MAX = 100  # open at once; the oldest gives way
HELLO_BYTES_MAX = 4096

Shape = TypeVar("Shape")

_FIXED = 1 + 32 + 32 + 16 + TOKEN_BYTES
_TABLE = (
    "CREATE TABLE IF NOT EXISTS invitation"
    " (token BLOB PRIMARY KEY, expires INTEGER NOT NULL, used_by BLOB) WITHOUT ROWID"
)
_MISREAD = str.maketrans("0189", "olbg")  # no digit of base32, but easily written for one of its letters
_DASHES = re.compile(r"[\s\u00ad\u200b\u2010-\u2015\u2212_.-]+")


class Company(Protocol):
    """Where a new peer is written down (`sync.peers.Peers`)."""

    def add(self, node: bytes, name: str, addresses: Iterable[str]) -> tuple[bytes, str, list[str]]:
        """Keep what a newly paired node says of itself; gives (node, name, addresses) as they are kept."""


class Invitation(NamedTuple):
    """What an invite code says."""

    node: bytes
    agree: bytes
    network: bytes
    token: bytes
    addresses: list[str]


class _Hello(Struct, rename={"token": "t", "node": "n", "agree": "a", "agree_sig": "g", "name": "m", "addresses": "u"}):
    token: bytes
    node: bytes
    agree: bytes
    agree_sig: bytes
    name: str
    addresses: list[str]


class _Welcome(Struct, rename={"agree_sig": "g", "name": "m", "addresses": "u"}):
    agree_sig: bytes
    name: str
    addresses: list[str]


# the code


def write_code(invitation: Invitation) -> str:
    """The code of an invitation, grouped for reading aloud."""
    addresses = [_short(text).encode("ascii") for text in invitation.addresses[:CODE_ADDRESSES_MAX]]
    data = b"".join(
        [
            bytes([VERSION]),
            invitation.node,
            invitation.agree,
            invitation.network,
            invitation.token,
            bytes([len(addresses)]),
            *(bytes([len(text)]) + text for text in addresses),
        ]
    )
    return show_id(b32(data + sha256(data).digest()[:CHECK_BYTES]))


def _short(address: str) -> str:
    return parse_address(address).removeprefix("http://").removesuffix(f":{PORT}")


def read_code(text: str) -> Invitation:
    """The invitation in a code; case, spaces, dashes and line breaks don't matter. Malformed where it is damaged."""
    data = _unwrap(text)
    if data[0] != VERSION:
        raise Malformed("This code was made by a version that this node doesn't know.", todo="Update both nodes.")
    try:
        cuts = (1, 33, 65, 81, _FIXED)
        node, agree, network, token = (data[a:b] for a, b in zip(cuts, cuts[1:], strict=False))
        return Invitation(node, agree, network, token, _read_addresses(data[_FIXED:-CHECK_BYTES]))
    except (IndexError, UnicodeError):
        raise Malformed("This code is cut off.", todo="Copy all of it.") from None


def _unwrap(text: str) -> bytes:
    """The bytes of a code, its check bytes among them, which fit."""
    plain = _DASHES.sub("", text).lower().translate(_MISREAD)
    try:
        data = unb32(plain) if len(plain) <= CODE_CHARS_MAX else b""
    except (ValueError, binascii.Error):
        data = b""
    if len(data) <= _FIXED + CHECK_BYTES or sha256(data[:-CHECK_BYTES]).digest()[:CHECK_BYTES] != data[-CHECK_BYTES:]:
        raise Malformed(
            "This is not a whole invite code: letters are missing, or some were changed.",
            todo="Copy it again from the other node, from the first letter to the last.",
        )
    return data


def _read_addresses(data: bytes) -> list[str]:
    found, at = [], 1
    for _ in range(data[0]):
        end = at + 1 + data[at]
        found.append(parse_address(data[at + 1 : end].decode("ascii")))
        at = end
    return found


# the inviting side


def invite(log: Log, addresses: Iterable[str]) -> str:
    """A new code that one node can pair with until it expires; `addresses` are those of this node's sync port."""
    token, expires = log.rng(TOKEN_BYTES), log.clock() + 1000 * log.limits.invite_seconds_max
    with log.transaction():
        log.store.run(_TABLE)
        log.store.run("DELETE FROM invitation WHERE expires <= ?", log.clock())
        log.store.run(
            "DELETE FROM invitation WHERE token IN"
            " (SELECT token FROM invitation ORDER BY expires DESC LIMIT -1 OFFSET ?)",
            INVITATIONS_MAX - 1,
        )
        log.store.run("INSERT INTO invitation VALUES (?, ?, NULL)", sha256(token).digest(), expires)
    return write_code(Invitation(log.keys.node, log.keys.agree, log.network, token, list(addresses)))


class Inviter:
    """Answers those who come with a code. `name` and `addresses` give what this node says of itself."""

    def __init__(
        self,
        log: Log,
        company: Company,
        name: Callable[[], str] = str,
        addresses: Callable[[], Iterable[str]] = list,
    ) -> None:
        self.log, self.company, self.name, self.addresses = log, company, name, addresses
        with log.transaction():
            log.store.run(_TABLE)

    def answer(self, data: bytes) -> bytes:
        """The PAIRED envelope for a PAIR envelope; the one refusal where anything is wrong with it."""
        hello = self._read(data)
        with self.log.transaction():
            if not self._redeem(hello):
                raise envelope.refusal()
        body = _Welcome(self.log.keys.agree_sig, self.name(), list(self.addresses()))
        to = Party(hello.node, hello.agree)
        bind = envelope.binding(data)
        return envelope.seal(self.log.keys, self.log.network, PAIRED, to, msgspec.msgpack.encode(body), bind)

    def _read(self, data: bytes) -> _Hello:
        opened = envelope.unseal(self.log.keys, self.log.network, data)
        hello = _decode(opened.body, _Hello)
        if (
            opened.kind != PAIR
            or hello is None
            or len(hello.agree) != 32
            or not envelope.proves(opened, hello.node, self.log.keys, self.log.network)
            or not agreement_holds(hello.node, hello.agree, hello.agree_sig)
        ):
            raise envelope.refusal()
        return hello

    def _redeem(self, hello: _Hello) -> bool:
        """Use a token up and vouch for who brought it; whether that is, or already was, done.

        A block is lifted by the team's own decision alone, never by a code that was overheard.
        """
        token = sha256(hello.token).digest()
        found = self.log.store.query("SELECT expires, used_by FROM invitation WHERE token = ?", token)
        if not found or found[0][0] <= self.log.clock() or hello.node == self.log.keys.node:
            return False
        trust, used_by = self.log.trust_of(hello.node), found[0][1]
        if used_by is not None:
            return bytes(used_by) == hello.node and trust == "paired"
        if trust == "blocked":
            return False
        self.log.store.run("UPDATE invitation SET used_by = ? WHERE token = ?", hello.node, token)
        self.log.vouch(hello.node, hello.agree, hello.agree_sig)
        self.company.add(hello.node, hello.name, hello.addresses)
        return True


# the joining side


def join(
    log: Log,
    company: Company,
    code: str,
    address: str | None = None,
    own_addresses: Iterable[str] = (),
    name: str = "",
    connect: Callable[[str], Transport] | None = None,
) -> dict[str, Any]:
    """Pair with the node that made a code: {peer, name, addresses} of it.

    `address` is tried before those in the code; `name` and `own_addresses` are what this node says of itself. A node
    that has written nothing yet moves into the code's network; another raises Conflict. Malformed for a damaged code,
    Refused for one that isn't taken, Unreachable where no address answers.
    """
    invitation = read_code(code)
    addresses = list(dict.fromkeys([*([parse_address(address)] if address else []), *invitation.addresses]))
    _check(log, invitation, addresses)
    own = [parse_address(a) for a in own_addresses]
    hello = _Hello(invitation.token, log.keys.node, log.keys.agree, log.keys.agree_sig, name, own)
    reached, welcome = _ask_each(log, invitation, hello, addresses, connect or (lambda a: HttpTransport(a, log.limits)))
    if not agreement_holds(invitation.node, invitation.agree, welcome.agree_sig):
        raise Untrue("The other node's keys don't belong together.", todo="Ask it for a new code.")
    with log.transaction():
        log.vouch(invitation.node, invitation.agree, welcome.agree_sig)
        node, name, known = company.add(invitation.node, welcome.name, [reached, *_of_use(welcome.addresses, reached)])
    return {"peer": node_id(node), "name": name, "addresses": known}


def _check(log: Log, invitation: Invitation, addresses: list[str]) -> None:
    if invitation.node == log.keys.node:
        raise Conflict("This is this node's own code.", todo="Enter it on the other team's node.")
    if not addresses:
        raise NotFound("This code names no address.", todo="Add one: `--address http://HOST:8481`.")
    if log.trust_of(invitation.node) == "blocked":
        raise Conflict("This node has blocked the one that made this code.", todo="Accept it first.")
    if invitation.network != log.network:
        log.adopt_network(invitation.network)


def _ask_each(
    log: Log,
    invitation: Invitation,
    hello: _Hello,
    addresses: list[str],
    connect: Callable[[str], Transport],
) -> tuple[str, _Welcome]:
    """The first address under which the inviting node welcomes us. Behind another one a stranger may answer."""
    problems: list[Problem] = []
    for address in addresses:
        try:
            told = structs.replace(hello, addresses=_of_use(hello.addresses, address))
            return address, _ask(log, invitation, told, connect(address))
        except Problem as problem:
            problems.append(problem)
    if any(isinstance(problem, Refused) for problem in problems):
        raise Refused(
            "The other node didn't take this code: it was used already, has expired, or is another node's.",
            todo="Ask for a new one: `bucketline peer invite`.",
        )
    if all(isinstance(problem, Unreachable) for problem in problems):
        raise Unreachable(
            f"No node answered at {', '.join(addresses)}.",
            todo="Check that it is on and within reach, or give another address with `--address`; the code stays good.",
        )
    raise problems[-1]


def _of_use(addresses: Sequence[str], reached: str) -> list[str]:
    """Those of a node's addresses that mean something on the other machine: "127.0.0.1" would be that one itself."""
    return [address for address in addresses if leads_here(reached) or not leads_here(address)]


def _ask(log: Log, invitation: Invitation, hello: _Hello, transport: Transport) -> _Welcome:
    try:
        party = Party(invitation.node, invitation.agree)
        request = envelope.seal(log.keys, log.network, PAIR, party, msgspec.msgpack.encode(hello))
        reply, bind = transport(request), envelope.binding(request)
        opened = envelope.open_from(log.keys, log.network, reply, (PAIRED,), invitation.node, bind)
    finally:
        getattr(transport, "close", lambda: None)()
    welcome = _decode(opened.body, _Welcome)
    if welcome is None:
        raise Malformed("The other node's answer can't be read.", todo="Update both nodes.")
    return welcome


def _decode(body: bytes, shape: type[Shape]) -> Shape | None:
    if len(body) > HELLO_BYTES_MAX:
        return None
    try:
        return msgspec.msgpack.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
