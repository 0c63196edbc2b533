"""Commands that keep the books in good order: correct, same, minimum, shelf, alerts."""

from collections.abc import Sequence
from typing import Any

import click

from node import correcting
from node.cli.base import Call, with_json
from node.cli.recording import split_lines, told
from node.events import LOSS_REASONS, URGENCIES
from node.requests import CorrectIn, CorrectLineIn


@click.command()
@click.argument("entry")
@click.argument("lines", metavar="[ITEM=QTY...]", nargs=-1)
@click.option("--why", required=True, metavar="TEXT", help="What was wrong; it stays visible.")
@click.option("--people", type=int, metavar="N")
@click.option("--households", type=int, metavar="N")
@click.option("--place", metavar="PLACE", help="Where it happened.")
@click.option("--to", metavar="PLACE", help="Where a dispatch goes.")
@click.option("--site", metavar="PLACE", help="Where a drop was handed out.")
@click.option("--from", "source", metavar="SOURCE", help="Who brought a receipt.")
@click.option("--reason", type=click.Choice(LOSS_REASONS), help="Why it was lost.")
@click.option("--vehicle", metavar="V")
@click.option("--driver", metavar="HANDLE")
@click.option("--seal", metavar="S")
@click.option("--waybill", metavar="NUMBER")
@click.option("--need", metavar="NEED", help="The need that it answers.")
@click.option("--urgency", type=click.Choice(URGENCIES))
@click.option("--until", metavar="TIME")
@click.option("--at", metavar="TIME", help="When it happened.")
@click.option("--note", metavar="TEXT")
@with_json
def correct(call: Call, entry: str, lines: Sequence[str], **rest: Any) -> None:
    """Correct an entry of this team: say what is to be different. The log shows both as one line of history.

    Lines that you give take the place of all lines; without any they stay. An empty text takes a text away.

    Example: bucketline correct 3f9ac2d1 blanket=42 --people 40 --why "24 was the number of boxes"
    """
    bodies = [CorrectLineIn(item=item, qty=qty) for item, qty in split_lines(lines)]
    with call.node() as node:
        done = correcting.correct(node, entry, CorrectIn(lines=bodies or None, **rest))
        told(call, node, done, "Corrected")


COMMANDS = [correct]
