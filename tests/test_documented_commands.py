"""Every command that the documents show is one that the command line takes; README's first steps are played."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from node.cli import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PLAYED = ("init", "place", "item", "receive", "drop", "stock")


def _blocks(page: Path) -> Iterator[str]:
    """Command lines in blocks of code, without their comments."""
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        yield from (line for line in block.splitlines() if line.startswith("bucketline "))


def _inline(page: Path) -> Iterator[str]:
    """Commands named inside sentences; what can be left out stands in brackets there."""
    for text in re.findall(r"`(bucketline [a-z][^`]*)`", page.read_text("utf-8")):
        if not re.search(r"[\[…|]", text):
            yield text


SHOWN = [(page.name, line) for page in PAGES for line in dict.fromkeys([*_blocks(page), *_inline(page)])]


def _words(line: str) -> list[str]:
    return shlex.split(line, comments=True)[1:]


def _parse(words: list[str]) -> None:
    """Let click read a command line without running it."""
    command: click.Command = cli
    path = [words.pop(0) for word in list(words[:2]) if not word.startswith("-")]
    while path and isinstance(command, click.Group):
        name = path.pop(0)
        assert name in command.commands, f"There is no command {name!r}."
        command = command.commands[name]
    command.make_context(command.name, [*path, *words])


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=[f"{page}: {line[:60]}" for page, line in SHOWN])
def test_a_command_that_is_shown_is_one_that_is_taken(page, line):
    try:
        _parse(_words(line))
    except click.MissingParameter:
        pass  # named for short
    except click.BadParameter as error:
        assert "does not exist" in error.message  # a file that isn't here
    except click.exceptions.NoArgsIsHelpError:
        pass  # a group that is named as a whole


def test_the_first_steps_of_the_readme_lead_to_what_it_says(tmp_path):
    lines = [line for line in _blocks(ROOT / "README.md") if _words(line)[0] in PLAYED]
    assert [_words(line)[0] for line in lines] == list(PLAYED)
    for line in lines:
        done = CliRunner().invoke(cli, ["--data", str(tmp_path / "node"), *_words(line)])
        assert done.exit_code == 0, f"{line}: {done.output}"
    shown = CliRunner().invoke(cli, ["--data", str(tmp_path / "node"), "stock", "--json"])
    (row,) = json.loads(shown.stdout)
    assert (row["place_name"], row["item_name"], row["qty"], row["unit"]) == ("North depot", "Blanket", "420", "piece")
