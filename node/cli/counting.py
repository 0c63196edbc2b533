"""Commands about counting: count-sheet and counts."""

from pathlib import Path
from typing import Any

import click

from node import counting
from node.cli.base import Call, with_json
from node.cli.output import whole_file
from node.cli.packing import pick
from node.cli.recording import ours
from node.cli.words import local, table
from node.importing import counted
from sync.errors import Malformed

_BLANK = "______"


@click.command("count-sheet")
@click.argument("place")
@click.option("--blind", is_flag=True, help="Don't say what is expected, so that nobody counts to that.")
@click.option("--shelf", metavar="S", help="Only this shelf.")
@click.option("--category", metavar="C", help="Only items of this category.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV, to be filled in.")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: .csv or .txt, by its name.",
)
@with_json
def count_sheet(call: Call, place: str, as_csv: bool, output: Path | None, **wishes: Any) -> None:
    """Show what there may be to count at a place, shelf by shelf.

    Example: bucketline count-sheet "Gym North" --blind --shelf A2
    """
    with call.node() as node:
        rows = counting.sheet(node, ours(node, place), **wishes)
    if output is not None:
        kind = "csv" if as_csv else _kind(output)
        text = (
            counted.blank(rows, wishes["blind"]) if kind == "csv" else "\n".join([*_table(rows, wishes["blind"]), ""])
        )
        with whole_file(output) as file:
            file.write(text.encode())
        said = f"{len(rows)} lines written to {output} {_KINDS[kind]}."
        call.answer({"file": str(output), "rows": len(rows), "format": kind}, said)
    elif as_csv and not call.json:
        click.echo(counted.blank(rows, wishes["blind"]), nl=False)
    else:
        call.answer(rows, _table(rows, wishes["blind"]))


_KINDS = {"csv": "as CSV, to be filled in with a spreadsheet", "text": "as a table of text, to be printed"}


def _kind(file: Path) -> str:
    """What a file is to be by the ending of its name; Malformed where that says something else than it would be."""
    kinds = {".csv": "csv", ".txt": "text", ".text": "text", "": "text"}
    if file.suffix.lower() not in kinds:
        raise Malformed(
            f"A count sheet can't be written as {file.suffix}.",
            kept="",
            todo="End the name in .csv or .txt, or give --csv.",
        )
    return kinds[file.suffix.lower()]


def _table(rows: list[dict[str, Any]], blind: bool) -> list[str]:
    expected = [] if blind else [("expected", pick("expected"))]
    heads = [("shelf", pick("shelf")), ("item", pick("item_name")), ("unit", pick("unit")), ("packs", counted.packs)]
    columns = [*heads, *expected, ("counted", lambda _: _BLANK)]
    return table(rows, columns, "There is nothing to count.")


@click.command()
@click.option("--place", metavar="PLACE")
@with_json
def counts(call: Call, place: str | None) -> None:
    """Show what counts found, and how much of each difference is explained by what was heard later.

    Example: bucketline counts --place "Gym North"
    """
    with call.node() as node:
        rows = counting.counts(node, place)
    names = ("expected", "counted", "variance", "explained", "unexplained")
    columns = [
        ("counted on", lambda r: local(r["at"])),
        ("place", pick("place_name")),
        ("item", pick("item_name")),
        ("lot", lambda r: r["lot"] or ""),
        *((name, pick(name)) for name in names),
    ]
    call.answer(rows, table(rows, columns, "Nobody has counted yet."))


COMMANDS = [count_sheet, counts]
