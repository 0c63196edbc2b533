"""Commands for what is in packs, kits and lots: repack, kit, expiring, write-off."""

from collections.abc import Sequence
from typing import Any

import click

from node import expiring, kits, queries, record, repacking
from node.cli.base import Call, with_json
from node.cli.recording import line_bodies, ours, split_lots, told
from node.cli.words import short, table
from node.requests import LineIn, RepackIn, RepackOutIn, WriteOffIn

_at = click.option("--at", metavar="TIME", help="When it happened, if not now, like 2026-11-24T14:30.")
_note = click.option("--note", metavar="TEXT", help="A few words. Never a person's name.")
_place = click.argument("place")


def pick(name: str) -> Any:
    """A column that shows a field as it is."""
    return lambda row: row[name]


@click.command()
@_place
@click.option("--in", "used", multiple=True, required=True, metavar="ITEM=QTY", help="What was used up.")
@click.option("--out", "made", multiple=True, required=True, metavar="ITEM=QTY", help="What was made.")
@click.option("--expiry", metavar="DATE", help="Of what was made, if not of what it is made of.")
@_at
@_note
@with_json
def repack(call: Call, place: str, used: Sequence[str], made: Sequence[str], expiry: str | None, **rest: Any) -> None:
    """Record goods that became others: a sack bags, a case its bottles, parts a parcel.

    Example: bucketline repack "Gym North" --in "rice 25 kg"=2 --out "rice bag"=50
    """
    out = [RepackOutIn(item=item, qty=qty, lot=lot, expiry=expiry) for item, qty, lot in split_lots(made)]
    with call.node() as node:
        done = repacking.repack(node, RepackIn(place=ours(node, place), used=line_bodies(used), made=out, **rest))
        told(call, node, done, "Repacked")


_NO_KIT = "There is no kit yet: `bucketline item add NAME --unit kit --kit ITEM=QTY`."


@click.group()
def kit() -> None:
    """Kits: what is in them, how many can be built, and building and breaking them up."""


@kit.command("list")
@with_json
def kit_list(call: Call) -> None:
    """List the kits, and what goes into one of each.

    Example: bucketline kit list
    """
    with call.node() as node:
        rows = kits.kits(node)
    columns = [
        ("kit", pick("kit_name")),
        ("unit", pick("unit")),
        ("holds", lambda r: ", ".join(f"{part['qty']} {part['item_name']}" for part in r["parts"])),
    ]
    call.answer(rows, table(rows, columns, _NO_KIT))


@kit.command("check")
@_place
@click.argument("kit_name", metavar="KIT[=QTY]")
@with_json
def kit_check(call: Call, place: str, kit_name: str) -> None:
    """Show how many of a kit a place can build, and what is short for so many, or for one more.

    Example: bucketline kit check "Gym North" "family kit=40"
    """
    name, qty = _maybe_qty(kit_name)
    with call.node() as node:
        found = kits.check(node, ours(node, place), name, qty)
    columns = [(name.replace("_", " "), pick(name)) for name in _NEEDED]
    head = (
        f"{found['place_name']} can build {found['buildable']} {found['kit_name']}; {found['on_hand']} are there."
        f" {found['wanted']} take:"
    )
    call.answer(found, [head, *table(found["parts"], columns, "Nothing.")])


_NEEDED = ("item_name", "needed", "on_hand", "built", "short", "unit")


def _maybe_qty(text: str) -> tuple[str, str | None]:
    """A kit, and how many where that is said; a name may hold a = sign."""
    name, equals, qty = text.rpartition("=")
    return (name.strip(), qty) if equals and qty.strip()[:1].isdigit() else (text, None)


@kit.command("build")
@_place
@click.argument("kit_name", metavar="KIT=QTY")
@_at
@_note
@with_json
def kit_build(call: Call, place: str, kit_name: str, at: str | None, note: str | None) -> None:
    """Record kits that were built: kits inside them are taken from the shelf first, then parts.

    Example: bucketline kit build "Gym North" "family kit=40"
    """
    with call.node() as node:
        told(call, node, repacking.assemble(node, ours(node, place), _one(kit_name), at, note), "Built")


@kit.command("break")
@_place
@click.argument("kit_name", metavar="KIT=QTY")
@_at
@_note
@with_json
def kit_break(call: Call, place: str, kit_name: str, at: str | None, note: str | None) -> None:
    """Record kits that were broken up into their parts.

    Example: bucketline kit break "Gym North" "family kit=3"
    """
    with call.node() as node:
        told(call, node, repacking.break_up(node, ours(node, place), _one(kit_name), at, note), "Broken up")


def _one(text: str) -> LineIn:
    return line_bodies([text])[0]


# expiry


@click.command("expiring")
@click.option("--within", type=click.IntRange(0, 36_500), default=30, show_default=True, metavar="DAYS")
@click.option("--place", metavar="PLACE")
@click.option("--item", metavar="ITEM")
@with_json
def expiring_(call: Call, within: int, place: str | None, item: str | None) -> None:
    """Show what has expired and what does soon, by lot.

    Example: bucketline expiring --within 60 --place "Gym North"
    """
    with call.node() as node:
        rows = expiring.expiring(node, within, place, item)
    columns = [
        ("expires", pick("expiry")),
        ("", lambda r: "EXPIRED" if r["expired"] else f"in {r['days']} days" if r["days"] else "today"),
        ("place", pick("place_name")),
        ("item", pick("item_name")),
        ("qty", pick("qty")),
        ("unit", pick("unit")),
        ("lot", pick("lot")),
    ]
    call.answer(rows, table(rows, columns, f"Nothing on hand expires within {within} days."))


@click.command("write-off")
@click.argument("place", required=False)
@click.option("--item", metavar="ITEM", help="Of this item only.")
@_at
@_note
@with_json
def write_off(call: Call, place: str | None, item: str | None, at: str | None, note: str | None) -> None:
    """Write off all that has expired, at a place or at all of this team's: one loss for each place.

    Example: bucketline write-off "Gym North"
    """
    with call.node() as node:
        done = expiring.write_off(node, WriteOffIn(place=place, item=item, at=at, note=note))
        names = {loss["entry"]: _summary(node, loss["entry"]) for loss in done.losses}
    words = [f"Written off: {names[loss['entry']]}. Entry {short(loss['entry'])}." for loss in done.losses]
    answer = {"losses": done.losses, "notices": done.notices}
    call.answer(answer, [*(words or ["Nothing on hand has expired."]), *done.notices])


def _summary(node: Any, entry: str) -> str:
    row = queries.entry(node, record.find_entry(node, entry))
    return row["summary"] if row else ""


COMMANDS = [repack, kit, expiring_, write_off]
