"""Commands for the catalogue: places and items."""

from collections.abc import Sequence
from typing import Any

import click

from node import catalogue, queries, record
from node.cli.base import Call, with_json
from node.cli.recording import split_lines
from node.cli.words import age, table
from node.events import PLACE_KINDS
from node.fold import Node
from node.requests import ItemIn, KitLineIn, PlaceIn
from sync.errors import Conflict, Malformed


def spot(text: str | None) -> tuple[str | None, str | None]:
    """Latitude and longitude of LAT,LON."""
    if text is None:
        return None, None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2:
        raise Malformed(f"{text!r} is not a spot.", todo="Write LAT,LON in decimal degrees, like 29.95,-90.07.")
    return parts[0], parts[1]


def pairs(texts: Sequence[str], mark: str, example: str) -> dict[str, str]:
    """NAME and value of each text, parted at the first `mark`."""
    found = {}
    for text in texts:
        name, parted, value = text.partition(mark)
        if not parted or not name.strip() or not value.strip():
            raise Malformed(f"{text!r} can't be read.", todo=f"Write it like {example}.")
        found[name.strip()] = value.strip()
    return found


@click.group()
def place() -> None:
    """Places where goods are: warehouses, hubs, vehicles, sites."""


@place.command("add")
@click.argument("name")
@click.option("--kind", type=click.Choice(PLACE_KINDS), required=True)
@click.option("--at", metavar="LAT,LON", help="Where it is, in decimal degrees.")
@with_json
def place_add(call: Call, name: str, kind: str, at: str | None) -> None:
    """Add a place.

    Example: bucketline place add "Gym North" --kind hub --at 29.95,-90.07
    """
    lat, lon = spot(at)
    with call.node() as node:
        id = record.add_place(node, PlaceIn(name=name, kind=kind, lat=lat, lon=lon))  # type: ignore[arg-type]
    call.answer({"place": id}, f"{name} is known as a {kind}.")


@place.command("list")
@with_json
def place_list(call: Call) -> None:
    """List the places of all teams.

    Example: bucketline place list
    """
    with call.node() as node:
        rows, now = queries.places(node), node.clock()
    columns = [
        ("place", lambda r: r["name"]),
        ("kind", lambda r: r["kind"]),
        ("team", lambda r: r["team"]),
        ("at", lambda r: f"{r['lat']},{r['lon']}" if r["lat"] is not None else ""),
        ("heard", lambda r: age(r["heard"], now)),
    ]
    call.answer(rows, table(rows, columns, "No place is known yet: `bucketline place add`."))


@click.group()
def item() -> None:
    """The catalogue of items."""


@item.command("add")
@click.argument("name")
@click.option("--unit", required=True, metavar="U", help="What one of it is: piece, litre, kg.")
@click.option("--category", metavar="C")
@click.option("--code", "codes", multiple=True, metavar="SCHEME:CODE", help="A code, like ifrc:HSHEBLANPMT1.")
@click.option("--pack", "packs", multiple=True, metavar="NAME=QTY", help="How many a pack holds, like case=12.")
@click.option("--kit", "kit", multiple=True, metavar="ITEM=QTY", help="What goes into one of it; again for more.")
@click.option("--weight", type=int, metavar="G", help="Grams of one.")
@click.option("--volume", type=int, metavar="ML", help="Millilitres of one.")
@click.option("--value", metavar="AMOUNT", help="What one is worth where no lot says another.")
@click.option("--currency", metavar="C", help="Of the value, like USD.")
@click.option("--called", multiple=True, metavar="LANG=NAME", help="What it is called elsewhere, like es=Manta.")
@click.option("--new", is_flag=True, help="Add it although an item is called nearly the same.")
@with_json
def item_add(
    call: Call,
    name: str,
    codes: Sequence[str],
    packs: Sequence[str],
    kit: Sequence[str],
    called: Sequence[str],
    new: bool,
    **rest: Any,
) -> None:
    """Add an item; the same name and unit is the same item on every node.

    A pack may be said in others: --pack case=12 --pack pallet=40case. A kit's recipe takes the place of an older one.
    A name that is all but equal to a known one is taken for a slip, unless --new says that it is none.

    Example: bucketline item add "Water" --unit litre --pack case=12
    """
    body = ItemIn(
        name=name,
        codes=pairs(codes, ":", "ifrc:HSHEBLANPMT1"),
        packs=pairs(packs, "=", "case=12"),
        kit=[KitLineIn(item=item, qty=qty) for item, qty in split_lines(kit)] or None,
        names=pairs(called, "=", "es=Manta"),
        **rest,
    )
    with call.node() as node:
        if not new:
            refuse_slip(node, name)
        id, done = record.add_item(node, body)
    call.answer({"item": id}, f"{name} is in the catalogue." if done else f"{name} was in the catalogue already.")


def refuse_slip(node: Node, name: str) -> None:
    """Raises Conflict where a new name is all but equal to that of a known item."""
    known = [row.label for row in catalogue.slips(node, name)]
    if known:
        raise Conflict(
            f"{name!r} looks like a slip for {' or '.join(known)}.",
            kept="Nothing was recorded.",
            todo="If you mean that one, there is nothing to add. If not, add yours with --new.",
        )


@item.command("list")
@click.option("--like", metavar="TEXT", help="Only what this may mean; typing errors are forgiven.")
@with_json
def item_list(call: Call, like: str | None) -> None:
    """List or search the items.

    Example: bucketline item list --like insuln
    """
    with call.node() as node:
        rows = queries.items(node, like)
    columns = [
        ("item", lambda r: r["name"]),
        ("unit", lambda r: r["unit"]),
        ("category", lambda r: r["category"]),
        ("codes", lambda r: " ".join(f"{k}:{v}" for k, v in r["codes"].items())),
        ("packs", lambda r: " ".join(f"{k}={v}" for k, v in r["packs"].items())),
    ]
    call.answer(rows, table(rows, columns, "No such item." if like else "The catalogue is empty."))


COMMANDS = [place, item]
