"""Commands for the whole node in one file: backup, restore."""

import sys
from pathlib import Path
from typing import TextIO

import click

from node import backup as backups
from node.cli.base import Call, progress_bar, say, with_json
from node.units import format_time
from sync.errors import Malformed

_PASSPHRASE = click.option(
    "--passphrase-file",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="The passphrase is the first line of this file, or of standard input (-).",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_PASSPHRASE
@with_json
def backup(call: Call, file: Path, passphrase_file: TextIO | None) -> None:
    """Write the whole node to one file: records, keys and settings. The node may go on running.

    On a terminal it asks for a passphrase. Without one, keep the file as you keep the node.

    Example: bucketline backup /media/stick/depot.bak
    """
    with call.node() as node, progress_bar("Writing") as bar:
        passphrase = _read(passphrase_file) if passphrase_file else _asked("Passphrase (empty for none)", twice=True)
        told = backups.write(node, file, passphrase, bar)
    size = file.stat().st_size
    found = {"file": str(file), "bytes": size, "entries": told.entries, "passphrase": bool(passphrase)}
    words = [f"{told.entries} entries, the keys and the settings are in {file} ({size / 1e6:.1f} MB)."]
    if not passphrase:
        words.append("It has no passphrase: whoever has this file can speak for your team. Keep it safe.")
    call.answer(found, words)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_PASSPHRASE
@with_json
def restore(call: Call, file: Path, passphrase_file: TextIO | None) -> None:
    """Make a node out of a backup, in a folder in which there is none.

    It goes on in a new log, and fetches from its peers what was recorded after the backup as far as they have it.

    Example: bucketline restore /media/stick/depot.bak
    """
    needed = backups.has_passphrase(file)
    passphrase = _read(passphrase_file) if passphrase_file else _asked("Passphrase") if needed else ""
    if needed and not passphrase:
        raise Malformed("This backup has a passphrase.", todo="Give it with --passphrase-file, or on a terminal.")
    told = backups.restore(call.config().data, file, passphrase)
    with call.node() as node:
        found = {"node": node.id, "log": node.log.own.hex(), "team": node.team_name(), "entries": told.entries}
        folder = node.config.data
    words = f"{found['team']}'s node is back in {folder}, as it was at {format_time(told.made)}."
    call.answer(found, [words, f"{told.entries} entries. Run `bucketline sync` to fetch what came after."])
    say("Don't run the old node any more, if it still exists: two that bear one name confuse their peers.")


def _asked(words: str, twice: bool = False) -> str:
    """What is typed on a terminal; empty where there is none."""
    if not sys.stdin.isatty():
        return ""
    typed: str = click.prompt(
        words, default="", show_default=False, hide_input=True, confirmation_prompt=twice, err=True
    )
    return typed


def _read(file: TextIO) -> str:
    with file as lines:
        found: str = lines.readline().rstrip("\r\n")
    if not found:
        raise Malformed("The passphrase file is empty.", todo="Write the passphrase in its first line.")
    return found


COMMANDS = [backup, restore]
