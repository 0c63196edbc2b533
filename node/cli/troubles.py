"""What is wrong with the rows of a file: told line by line."""

from pathlib import Path
from typing import Any

from node.cli.base import Call, say

PROBLEMS_SHOWN = 20


def stop_at_problems(call: Call, file: Path, found: dict[str, Any]) -> None:
    """Where rows of a file can't be recorded: say which and why, and end."""
    problems = found["problems"]
    if not problems:
        return
    if call.json:
        call.answer(found, "")
    for problem in problems[:PROBLEMS_SHOWN]:
        say(f"{_where(problem)}: {problem['reason']}.")
    rest = len(problems) - PROBLEMS_SHOWN
    say(f"{f'And {rest} more. ' if rest > 0 else ''}Nothing of {file.name} was recorded. Mend it and try again.")
    raise SystemExit(2)


def tell_warnings(found: dict[str, Any]) -> None:
    """Say which rows hold something odd, which is kept as it is."""
    odd = found["warnings"]
    for one in odd[:PROBLEMS_SHOWN]:
        say(f"{_where(one)}: {one['reason']}. The row is kept.")
    if len(odd) > PROBLEMS_SHOWN:
        say(f"And {len(odd) - PROBLEMS_SHOWN} more like that.")


def _where(problem: dict[str, Any]) -> str:
    return f"Line {problem['line']}" + (f", {problem['column']}" if problem["column"] else "")
