"""Errors as pages: the same sentences as the API's, and a way on."""

from flask import Response, make_response, render_template

from node import problems
from node.web import context
from sync.errors import Problem


def answer(error: BaseException) -> Response:
    """The page for whatever was raised."""
    problem = problems.as_problem(error)
    response = make_response(_page(problem), problems.status_of(problem))
    response.headers.extend(problems.headers_of(problem, error))
    return response


def _page(problem: Problem) -> str:
    """With the team's name and navigation where those can still be had."""
    try:
        return context.render("error.html", problem=problem)
    except Exception:  # the database itself may be what is broken
        return render_template("plain_error.html", problem=problem)
