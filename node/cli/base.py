"""What all commands share: the node they work on, how they answer, and how errors read."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import click

from node import bootstrap, config
from sync.errors import Problem

LOG = "errors.log"


@dataclass
class Call:
    """One call of the command line: flags given before the command, and whether JSON is wanted."""

    flags: dict[str, Any] = field(default_factory=dict)
    json: bool = False

    def config(self, **flags: Any) -> config.Config:
        """The settings that hold for this call."""
        return config.load({**self.flags, **flags}, os.environ)

    @contextmanager
    def node(self, **flags: Any) -> Iterator[bootstrap.Node]:
        """The node of this call's folder, closed afterwards."""
        node = bootstrap.open_node(self.config(**flags))
        try:
            yield node
        finally:
            node.close()

    def answer(self, value: Any, words: str | Sequence[str]) -> None:
        """The one JSON document, or what a person reads."""
        if self.json:
            click.echo(json.dumps(value, ensure_ascii=False))
        else:
            click.echo(words if isinstance(words, str) else "\n".join(words))


pass_call = click.make_pass_decorator(Call, ensure=True)


def say(text: str) -> None:
    """A message for the person at the keyboard: standard error, so that answers stay clean."""
    click.echo(text, err=True)


def with_json(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take --json, and hand it the call."""

    @wraps(function)
    def wrapped(as_json: bool, **words: Any) -> Any:
        call = click.get_current_context().ensure_object(Call)
        call.json = call.json or as_json
        return function(call, **words)

    return click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")(wrapped)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on a terminal, told (done, total); nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield progress


class Commands(click.Group):
    """The commands; a Problem ends with its sentence and its exit status, never with a traceback."""

    data: Path | None = None  # the folder that was named before the command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run one command line."""
        try:
            return super().main(*args, **extra)
        except Problem as problem:
            _tell(problem)
            sys.exit(problem.exit_code)
        except Exception as error:
            _unforeseen(error, self.data)
            sys.exit(1)


def _tell(problem: Problem) -> None:
    say(problem.detail)
    for name, reason in problem.fields.items():
        if reason not in problem.what:
            say(f"  {name}: {reason}")


def _unforeseen(error: Exception, data: Path | None) -> None:
    if os.environ.get("BUCKETLINE_DEBUG"):
        traceback.print_exception(error)
        return
    kept = _keep(error, data)
    where = f" What it was stands in {kept}." if kept else ""
    say(f"Something went wrong that nobody foresaw ({type(error).__name__}).{where} What was recorded before is kept.")


def _keep(error: Exception, data: Path | None) -> Path | None:
    """Where the details were written, if they could be."""
    try:
        folder = config.load({"data": data}, os.environ).data
        if not folder.is_dir():
            return None
        path = folder / LOG
        with open(path, "a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
    except (OSError, Problem):
        return None
    return path
