"""The command that takes in a team's own spreadsheet: import."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from node import importer
from node.bootstrap import Node
from node.cli.base import Call, progress_bar, say, with_json
from node.cli.naming import pairs
from node.cli.troubles import stop_at_problems, tell_warnings

NEW_SHOWN = 12


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "kind", type=click.Choice(["stock", "places", "items", "kits"]), help="Guessed if left out.")
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Where a field stands in your file.")
@click.option("--dry-run", is_flag=True, help="Read and check, record nothing.")
@click.option("--again", is_flag=True, help="Record a file that was imported before once more.")
@with_json
def import_(call: Call, file: Path, mapping: tuple[str, ...], **wishes: Any) -> None:
    """Record a stock list, a list of places, a catalogue or recipes of kits from CSV or XLSX.

    All of the file is recorded, or nothing. Fields of a stock list: place, item, code, unit, qty, value, currency,
    source, fund, lot, batch, expiry, category, at.

    Example: bucketline import stock.csv --map item="Article" --dry-run
    """
    wishes["mapping"] = pairs(mapping, "=", 'item="Article"')
    with call.node() as node:
        try:
            found = _run(node, file, wishes)
        except importer.ImportedBefore as before:
            if not _may_double(before):
                raise
            found = _run(node, file, {**wishes, "again": True})
    _tell(call, file, found, wishes["dry_run"])


def _run(node: Node, file: Path, wishes: dict[str, Any]) -> dict[str, Any]:
    with progress_bar("Importing") as bar:
        return importer.run(node, file, **wishes, progress=bar)


def _may_double(before: importer.ImportedBefore) -> bool:
    """Whether somebody at a terminal says that the goods did come twice."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return click.confirm(f"{before.what} Record it again?", default=False, err=True)


def _tell(call: Call, file: Path, found: dict[str, Any], rehearsed: bool) -> None:
    stop_at_problems(call, file, found)
    tell_warnings(found)
    for text in [*_asides(found), *(_newcomers(found) if rehearsed else [])]:
        say(text)
    call.answer(found, _summary(file, found, rehearsed))


def _asides(found: dict[str, Any]) -> list[str]:
    unused = [f"Columns left aside: {', '.join(found['unused'])}."] if found["unused"] else []
    return [*found["notices"], *unused]


def _newcomers(found: dict[str, Any]) -> Iterator[str]:
    """What would be new, so that a slip is seen before it is in the catalogue."""
    for what, names in found["new"].items():
        rest = len(names) - NEW_SHOWN
        if names:
            yield f"New {what}: {'; '.join(names[:NEW_SHOWN])}{f'; and {rest} more' if rest > 0 else ''}."


def _summary(file: Path, found: dict[str, Any], rehearsed: bool) -> list[str]:
    counted = f"{found['rows']} rows, {found['items_new']} new items, {found['places_new']} new places"
    worth = "".join(f", worth {amount} {currency}".rstrip() for currency, amount in found["values"].items())
    if rehearsed:
        return [f"{file.name} can be read: {counted}{worth}. Nothing was recorded yet."]
    return [f"{file.name} is recorded in {found['entries']} entries: {counted}{worth}."]


COMMANDS = [import_]
