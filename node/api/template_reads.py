"""What each GET about templates answers."""

from collections.abc import Callable

import msgspec
from flask import Request, Response

from node import catalogue, inputs, starting
from node.api import paging
from node.running import Node

Handler = Callable[[Node, Request, dict[str, str]], Response]


def all_shipped(node: Node, request: Request, given: dict[str, str]) -> Response:
    """The templates that come with the program."""
    found = map(starting.shipped, starting.names())
    return paging.answer(request, [{"template": one.name, "about": one.about} for one in found])


def shipped(node: Node, request: Request, given: dict[str, str]) -> Response:
    """One of them, as it is applied."""
    return paging.answer(request, msgspec.to_builtins(starting.shipped(given["template"])))


def own(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What this team uses, as a template for others; without where its places lie unless that is asked for."""
    name, about = inputs.word("name", given.get("name")), inputs.note(given.get("about"), "about")
    found = starting.export(node, name or team(node), about, spots=paging.flag(given, "spots"))
    return paging.answer(request, msgspec.to_builtins(found))


def team(node: Node) -> str:
    """What this node's team calls itself."""
    return catalogue.team_name(catalogue.team_names(node), node.keys.node)


HANDLERS: dict[str, Handler] = {
    "templates": all_shipped,
    "templates/{template}": shipped,
    "own-template": own,
}
