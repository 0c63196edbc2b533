"""Commands for templates: list, show, apply, export."""

from pathlib import Path

import click
import msgspec

from node import starting
from node.cli.base import Call, say, with_json
from node.cli.words import table
from sync.errors import Problem


@click.group()
def template() -> None:
    """Templates: items, kits, places, minimums and a checklist to start from."""


@template.command("list")
@with_json
def template_list(call: Call) -> None:
    """List the templates that come with the program.

    Example: bucketline template list
    """
    rows = [{"template": found.name, "about": found.about} for found in map(starting.find, starting.names())]
    columns = [("template", lambda r: r["template"]), ("for", lambda r: r["about"])]
    call.answer(rows, table(rows, columns, "There are none."))


@template.command("show")
@click.argument("name", metavar="NAME")
@with_json
def template_show(call: Call, name: str) -> None:
    """Show what a template holds, and its checklist. NAME is one of the list, or a file.

    Example: bucketline template show free-breakfast
    """
    found = starting.find(name)
    kits = [f"{item.name}: {', '.join(f'{q} {n}' for n, q in item.kit.items())}" for item in found.items if item.kit]
    words = [
        f"{found.name}: {found.about}",
        f"Items: {', '.join(f'{item.name} ({item.unit})' for item in found.items)}",
        *(f"Kit {kit}" for kit in kits),
        f"Places: {', '.join(place.name for place in found.places)}",
        *(f"At least {least.minimum} {least.item} at {least.place}" for least in found.minimums),
        *(f"[ ] {line}" for line in found.checklist),
        *found.notes,
    ]
    call.answer(msgspec.to_builtins(found), words)


@template.command("apply")
@click.argument("name", metavar="FILE|NAME")
@with_json
def template_apply(call: Call, name: str) -> None:
    """Add what a template holds and this node doesn't know yet; a second time changes nothing.

    Example: bucketline template apply brake-light-clinic
    """
    found = starting.find(name)
    with call.node() as node:
        entries = starting.apply(node, found)
    words = f"{entries} entries were added." if entries else "All of it was known already; nothing was changed."
    call.answer({"template": found.name, "entries": entries}, [words, *(f"[ ] {line}" for line in found.checklist)])


@template.command("export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", metavar="NAME", help="What it is called; else as the file.")
@click.option("--about", metavar="TEXT", default="", help="What it is for, in a sentence.")
@with_json
def template_export(call: Call, file: Path, name: str | None, about: str) -> None:
    """Write this team's items, kits, places and minimums to a file that others can start from.

    Example: bucketline template export our-clinic.json --about "What we use at our clinic"
    """
    with call.node() as node:
        found = starting.export(node, name or file.stem, about)
    raw = starting.write(found)
    try:
        file.write_bytes(raw)
    except OSError as error:
        raise Problem(f"{file} can't be written: {error.strerror}.", todo="Name another file.") from None
    if spots := sum(1 for place in found.places if place.lat is not None):
        say(f"It tells where {spots} of your places lie. If that must not get about, take lat and lon out of the file.")
    call.answer({"file": str(file), "items": len(found.items), "places": len(found.places)}, f"Written to {file}.")


COMMANDS = [template]
