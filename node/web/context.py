"""What every page needs: the node, the visitor, and templates with the words, the guards of forms, the navigation."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import current_app, g, render_template, request

from node import catalogue, sessions
from node.access import Visitor
from node.running import Node
from node.web import words
from sync.identity import show_id

STATIC = Path(__file__).resolve().parents[1] / "static"
KEY_BYTES = 16


def node() -> Node:
    """The node whose pages these are."""
    found: Node = current_app.extensions["node"]
    return found


def visitor() -> Visitor | None:
    """Who is looking; None on the login page."""
    found: Visitor | None = g.get("visitor")
    return found


def render(template: str, **values: Any) -> str:
    """A page. `json` in the values is the address of the same as JSON."""
    who, here = visitor(), node()
    return render_template(
        template,
        **{"json": None, "here": request.path} | values,
        now=here.clock(),
        words=words,
        visitor=who,
        form_token=sessions.form_token(here, who.cookie) if who and who.cookie else "",
        team=team_name(here),
        short_id=show_id(here.id)[:9],
        static=static,
    )


def fresh_key() -> str:
    """A key for one rendered form: sending it twice records once."""
    return node().rng(KEY_BYTES).hex()


def team_name(here: Node) -> str:
    """What this node's team calls itself."""
    return catalogue.team_name(catalogue.team_names(here), here.keys.node)


def static(name: str) -> str:
    """The address of a static file; it changes with the file, so that a browser may keep it."""
    return f"/static/{name}?v={_version(name)}"


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]
