"""Log in with a token, typed or in a link, and log out. What was typed before a login ran out is carried along."""

from urllib.parse import urlencode

from flask import Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from node import problems, sessions
from node.access import Visitor, check_origin, gate
from node.web import context
from sync.errors import Problem

KEPT_PREFIX = "kept."
_OWN_FIELDS = ("form_token",)
Carried = list[tuple[str, str]]


def ask() -> Response | AnyResponse:
    """What somebody without a login gets: the login page, with whatever they were sending kept in it."""
    if request.method == "GET":
        where = request.full_path.rstrip("?")
        return redirect("/login" + ("" if where == "/" else "?" + urlencode({"next": where})), 303)
    carried = [pair for pair in request.form.items(multi=True) if pair[0] not in _OWN_FIELDS]
    return _form(request.path, carried, 401)


def show() -> Response:
    """The login page; a link that brings a token logs in at once."""
    key = request.args.get("key")
    return _enter(key, "/", []) if key else _form(_next(request.args.get("next", "/")), [])


def take() -> Response:
    """The token from the login page."""
    check_origin(request)
    carried = [
        (name.removeprefix(KEPT_PREFIX), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(KEPT_PREFIX)
    ]
    return _enter(request.form.get("token", "").strip(), _next(request.form.get("next", "/")), carried)


def leave() -> AnyResponse:
    """Log out: the session is gone from the node, not just from the browser."""
    visitor = context.visitor()
    if visitor and visitor.cookie:
        sessions.end(context.node(), visitor.cookie)
    response = redirect("/login", 303)
    response.delete_cookie(gate().cookie_name)
    return response


def set_cookie(response: AnyResponse, cookie: str) -> None:
    """For this node's pages alone, out of reach of scripts and of other sites' links."""
    response.set_cookie(
        gate().cookie_name, cookie, max_age=sessions.SESSION_MS // 1000, httponly=True, samesite="Strict", path="/"
    )


def _enter(token: str, then: str, carried: Carried) -> Response:
    """A page and no redirect: a browser that came by a link from elsewhere sends the cookie only from our own page."""
    try:
        name = gate().token_name(request, token)
    except Problem as problem:
        return _form(then, carried, problem.status, problem)
    g.visitor = Visitor(name, sessions.begin(context.node(), name))
    response = make_response(context.render("welcome.html", next=then, carried=carried))
    set_cookie(response, g.visitor.cookie)
    return response


def _form(then: str, carried: Carried, status: int = 200, problem: Problem | None = None) -> Response:
    page = context.render("login.html", next=then, carried=carried, problem=problem)
    response = make_response(page, status)
    if problem:
        response.headers.extend(problems.headers_of(problem))
    return response


def _next(path: str) -> str:
    """Where to go on, on this node only."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
