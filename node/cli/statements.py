"""Commands about what is put one's name to: statement write and verify, period close."""

from pathlib import Path

import click

from node.cli.base import Call, progress_bar, with_json
from node.cli.output import whole_file
from node.cli.words import short
from node.reporting import closing, signed
from node.requests import ClosingIn


@click.group()
def statement() -> None:
    """Signed statements of the books, which anyone can check without a node."""


@statement.command("write")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_json
def statement_write(call: Call, file: Path) -> None:
    """Write what the books say, signed, with all entries that it follows from and a script that checks it.

    Whoever gets it needs Python and its package cryptography, nothing else. It holds every entry with its notes.

    Example: bucketline statement write march.zip
    """
    with call.node() as node, progress_bar("Writing") as progress, whole_file(file) as out:
        done = signed.write(node, out, progress)
    call.answer(done, [f"{done['entries']} entries, {done['items']} items, signed by node {done['signer']}: {file}."])


@statement.command("verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@with_json
def statement_verify(call: Call, file: Path) -> None:
    """Check a statement that somebody gave you: signature, every chain, every figure. Needs no node.

    Example: bucketline statement verify march.zip
    """
    stated = signed.check(file)
    found = {name: stated[name] for name in ("signer", "team", "made", "root", "entries")} | {"ok": True}
    call.answer(found, signed.said(stated))


@click.group()
def period() -> None:
    """Closing the books of a period."""


@period.command("close")
@click.option("--until", required=True, metavar="DATE", help="The last day of the period.")
@click.option("--since", metavar="DATE", help="Its first day; from the start, if left out.")
@click.option("--zone", metavar="ZONE", help="Where days begin, like America/New_York; UTC, if left out.")
@click.option("--note", metavar="TEXT", help="A few words. Never a person's name.")
@with_json
def period_close(call: Call, until: str, since: str | None, zone: str | None, note: str | None) -> None:
    """Say that this team has looked at its books and that this is its position. Nothing is locked by it.

    What is written later about that time stands, and `report after-closing` lists it.

    Example: bucketline period close --until 2027-03-31 --note "counted by two"
    """
    with call.node() as node:
        done = closing.close(node, ClosingIn(until=until, since=since, zone=zone, note=note))
    words = f"The books {f'from {since} on ' if since else ''}until the end of {until} ({zone or 'UTC'}) are closed."
    call.answer({"entry": done.entry}, [words, f"Entry {short(done.entry)}.", *done.notices])


COMMANDS = [statement, period]
