"""What each GET about needs, promises and plans answers."""

from collections.abc import Callable

from flask import Request, Response

from node import filling, needs, planning, promises, units
from node.api import paging
from node.running import Node

Handler = Callable[[Node, Request, dict[str, str]], Response]


def needs_(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What people need, the oldest first."""
    rows = needs.rows(node, paging.flag(given, "all"))
    return paging.paged(request, given, rows, lambda row: [units.parse_time(row["at"]), row["need"]])


def fill(node: Node, request: Request, given: dict[str, str]) -> Response:
    """Who could fill a need."""
    return paging.answer(request, filling.rows(node, given["need"], paging.kilometres(given)))


def pledges(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What is promised, the latest to end first."""
    rows = promises.rows(node, paging.flag(given, "offers"), paging.flag(given, "all"))
    return paging.paged(request, given, rows, lambda row: [-units.parse_time(row["until"]), row["pledge"]])


def plan(node: Node, request: Request, given: dict[str, str]) -> Response:
    """Suggested transfers."""
    return paging.answer(request, planning.rows(node))


HANDLERS: dict[str, Handler] = {
    "needs": needs_,
    "needs/{need}/nearby": fill,
    "pledges": pledges,
    "plan": plan,
}
