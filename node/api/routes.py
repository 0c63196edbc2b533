"""The API's addresses, made from the table of endpoints; who may use them; and how this node feels."""

import shutil
from collections.abc import Callable
from functools import partial

import msgspec
from flask import Blueprint, Response, current_app, g, request

from node import idempotency, openapi
from node.access import FORM_HEADER, Visitor, gate
from node.api import bodies, handed, paging, reads, writes
from node.api.endpoints import BASE, CHECKS, READS, WRITES
from node.running import Node
from sync.errors import DiskFull, Unauthorised

FREE_BYTES_MIN = 8 * 1024 * 1024
OPEN = ("openapi", "healthz", "readyz")
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def blueprint() -> Blueprint:
    """All addresses under /api/v1, and the two that a watchdog asks."""
    api = Blueprint("api", __name__)
    api.before_request(_admit)
    for name in READS:
        api.add_url_rule(_rule(name), f"get_{name}", partial(_read, name), methods=["GET"])
    for name in writes.ACTS:
        api.add_url_rule(_rule(name), f"post_{name}", partial(_write, name), methods=["POST"])
    for name in writes.ABOUT:
        api.add_url_rule(_rule(name), f"post_{name}", partial(_write_about, name), methods=["POST"])
    for name in CHECKS:
        api.add_url_rule(_rule(name), f"post_{name}", partial(_check, name), methods=["POST"])
    api.add_url_rule(_rule("statement"), "get_statement", _statement, methods=["GET"])
    api.add_url_rule(f"{BASE}/openapi.json", "openapi", _openapi, methods=["GET"])
    api.add_url_rule("/healthz", "healthz", _healthz, methods=["GET"])
    api.add_url_rule("/readyz", "readyz", _readyz, methods=["GET"])
    return api


def _rule(name: str) -> str:
    return f"{BASE}/{name}".replace("{", "<").replace("}", ">")


def _node() -> Node:
    node: Node = current_app.extensions["node"]
    return node


def _admit() -> None:
    """Finds out who is asking; a browser's cookie must come with the token of a page of ours to change anything."""
    if request.endpoint in [f"api.{name}" for name in OPEN]:
        return
    visitor = gate().by_token(request)
    if visitor is None:
        visitor = gate().by_cookie(request)
        if visitor is None:
            raise Unauthorised(
                "This address needs a token.", todo="Make one with `bucketline token new NAME`; send it as Bearer."
            )
        if request.method in _UNSAFE:
            gate().check_form(request, visitor, request.headers.get(FORM_HEADER, ""))
    g.visitor = visitor


def _read(name: str, **address: str) -> Response:
    return reads.HANDLERS[name](_node(), request, paging.params(request, READS[name]) | address)


def _write(name: str) -> Response:
    body = bodies.read(request, WRITES[name].body)
    return _recorded(body, lambda: writes.write(_node(), name, body))


def _write_about(name: str, **address: str) -> Response:
    """A POST whose address names the thing that it is about."""
    body, (about,) = bodies.read(request, WRITES[name].body), address.values()
    return _recorded(body, lambda: writes.write_about(_node(), name, about, body))


def _check(name: str) -> Response:
    return handed.check(_node(), request, name)


def _statement() -> Response:
    return handed.statement(_node(), request)


def _recorded(body: msgspec.Struct, act: Callable[[], object]) -> Response:
    """201 with what `act` recorded; 200 with the first answer to the same Idempotency-Key, or where it only tried."""
    visitor: Visitor = g.visitor
    gate().count_write(visitor)
    if getattr(body, "dry_run", False):
        return _json(msgspec.json.encode(act()))
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return _json(msgspec.json.encode(act()), 201)
    asked = request.path.encode() + b"\0" + msgspec.json.encode(body)
    answer, first = idempotency.once(
        _node(), visitor.name, idempotency.check_key(key), asked, lambda: msgspec.json.encode(act())
    )
    return _json(answer, 201 if first else 200)


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, content_type="application/json")


def _openapi() -> Response:
    return _json(openapi.document())


def _healthz() -> Response:
    return _json(b'{"alive":true}')


def _readyz() -> Response:
    """Whether a record could be written now: room on the disk, and a write transaction that is taken back."""
    node = _node()
    if shutil.disk_usage(node.config.data).free < FREE_BYTES_MIN:
        raise DiskFull("The disk of this node is nearly full.", kept="", todo="Free some space.")
    idempotency.rehearse(node)
    return _json(b'{"ready":true}')
