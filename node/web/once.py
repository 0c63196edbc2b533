"""A form that is sent twice records once."""

import hashlib
from collections.abc import Callable

from flask import request

from node import idempotency
from node.access import gate
from node.web import context

KEY_CHARS_MAX = 64


def once(asked: bytes, act: Callable[[], str]) -> tuple[str, bool]:
    """(what `act` gave, whether it was done now): `act` is done once for one rendered form with one content."""
    visitor = context.visitor()
    assert visitor is not None
    gate().count_write(visitor)
    key = key_of_form().encode("utf-8", "replace")
    name = "form " + hashlib.sha256(key + b"\0" + asked).hexdigest()
    answer, first = idempotency.once(context.node(), visitor.name, name, asked, lambda: act().encode())
    return answer.decode(), first


def key_of_form() -> str:
    """The key that a rendered form bears."""
    return request.form.get("key", "")[:KEY_CHARS_MAX] or context.fresh_key()
