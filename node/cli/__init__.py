"""The command line: `bucketline`, and the same as `python -m node`."""

import sys
from pathlib import Path
from typing import Any

import click

from node import __version__
from node.cli import (
    backups,
    care,
    company,
    counting,
    importing,
    moving,
    naming,
    needs,
    packing,
    reading,
    recording,
    redacting,
    reporting,
    running,
    statements,
    templates,
)
from node.cli.base import Call, Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="The node's folder (BUCKETLINE_DATA).")
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")
@click.version_option(__version__, prog_name="bucketline")
@click.pass_context
def cli(context: click.Context, data: Path | None, as_json: bool) -> None:
    """Keep track of relief supplies, team by team, and let the records copy themselves from node to node."""
    context.obj = Call({"data": data}, as_json)
    cli.data = data


for _command in (
    *running.COMMANDS,
    *naming.COMMANDS,
    *recording.COMMANDS,
    *packing.COMMANDS,
    *counting.COMMANDS,
    *moving.COMMANDS,
    *needs.COMMANDS,
    *redacting.COMMANDS,
    *care.COMMANDS,
    *importing.COMMANDS,
    *reading.COMMANDS,
    *statements.COMMANDS,
    *reporting.COMMANDS,
    *company.COMMANDS,
    *backups.COMMANDS,
    *templates.COMMANDS,
):
    cli.add_command(_command)


def main(words: list[str] | None = None) -> Any:
    """Run one command line; ends the process with its exit status."""
    return cli.main(sys.argv[1:] if words is None else words, prog_name="bucketline")
