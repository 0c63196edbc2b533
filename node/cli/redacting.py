"""The command that takes words out of an entry: redact."""

import click

from node import redacting
from node.cli.base import Call, with_json
from node.cli.words import short
from node.requests import RedactIn


@click.command()
@click.argument("entry")
@click.option("--why", metavar="TEXT", help="The reason, for everybody to read.")
@with_json
def redact(call: Call, entry: str, why: str | None) -> None:
    """Take the words out of an entry of this team: a name typed by mistake. Quantities and the chain stay.

    Example: bucketline redact 3f9ac2d1 --why "named a person"
    """
    with call.node() as node:
        done = redacting.redact(node, entry, RedactIn(why=why))
    call.answer({"entry": done.entry}, [f"Redacted. Entry {short(done.entry)}.", *done.notices])


COMMANDS = [redact]
