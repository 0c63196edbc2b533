"""Commands about signed statements: statement write and verify."""

from pathlib import Path

import click

from node.cli.base import Call, progress_bar, with_json
from node.cli.output import whole_file
from node.reporting import signed


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
    told = signed.check(file)
    found = {name: told[name] for name in ("signer", "team", "made", "root", "entries")} | {"ok": True}
    lines = [
        f"Signed by node {told['signer']}, which calls itself {told['team']!r}, at {told['made']}.",
        f"{told['entries']} entries: every chain is whole, every signature holds.",
        f"The balance of {len(told['balance'])} items follows from them.",
    ]
    call.answer(found, lines)


COMMANDS = [statement]
