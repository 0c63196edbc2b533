"""Commands that record what happened: receive, drop, loss, count, undo."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from node import namesakes, queries, record
from node.cli.base import Call, say, with_json
from node.cli.troubles import stop_at_problems
from node.cli.words import short, table
from node.events import LOSS_REASONS
from node.importing import counted
from node.requests import CountIn, DistributionIn, LineIn, LossIn, ReceiptIn, ReceiptLineIn, VoidIn
from node.units import may_be_thousands
from sync.errors import Malformed

_at = click.option("--at", metavar="TIME", help="When it happened, if not now, like 2026-11-24T14:30.")
_note = click.option("--note", metavar="TEXT", help="A few words. Never a person's name.")
_lot = click.option("--lot", metavar="L", help="From this lot, instead of what expires first.")
_WITH_LOT = re.compile(r"(.*\S)\s*=\s*([^=@]*[^=@\s])\s*@\s*(.+)")
_place = click.argument("place")
_lines = click.argument("lines", metavar="ITEM=QTY...", nargs=-1, required=True)


def split_lines(texts: Sequence[str]) -> list[tuple[str, str]]:
    """(item, quantity) of each ITEM=QTY; an item's name may hold spaces and even a = sign."""
    found = []
    for text in texts:
        item, equals, qty = text.rpartition("=")
        if not equals or not item.strip() or not qty.strip():
            raise Malformed(
                f"{text!r} doesn't say how much of what.",
                kept="Nothing was recorded.",
                todo='Write ITEM=QTY, like "blanket=24" or "water=6case".',
            )
        found.append((item.strip(), qty.strip()))
    return found


def split_lots(texts: Sequence[str]) -> list[tuple[str, str, str | None]]:
    """(item, quantity, lot or None) of each ITEM=QTY or ITEM=QTY@LOT; says how it read what may mean a thousand."""
    found: list[tuple[str, str, str | None]] = []
    for text in texts:
        match = _WITH_LOT.fullmatch(text.strip())
        found.append((match[1], match[2], match[3]) if match else (*split_lines([text])[0], None))
        if may_be_thousands(found[-1][1]):
            say(f"{found[-1][1]} is read with a decimal point. For a thousand write 1000.")
    return found


def line_bodies(texts: Sequence[str], lot: str | None = None) -> list[LineIn]:
    """The lines of a movement or count; those that name no lot themselves are of this one."""
    return [LineIn(item=item, qty=qty, lot=own or lot) for item, qty, own in split_lots(texts)]


def ours(node: Any, place: str, bodies: Sequence[Any] = ()) -> str:
    """A place where something comes, goes or is counted: of several of that name our own, if that is safe, and said."""
    found = namesakes.ours(node, place, [body.item for body in bodies])
    if found is None:
        return place
    say(found[1])
    return found[0].id


def told(call: Call, node: Any, done: record.Recorded, what: str) -> None:
    """Answer with the entry as it was written, so that a slip is seen at once, and with what is worth a look."""
    row = queries.entry(node, record.find_entry(node, done.entry))
    summary = row["summary"] if row else ""
    call.answer({"entry": done.entry}, [f"{what}: {summary}.", f"Entry {short(done.entry)}.", *done.notices])


@click.command()
@_place
@_lines
@click.option("--lot", metavar="L", help="The lot or batch mark on the box.")
@click.option("--expiry", metavar="DATE", help="Best before, like 2027-06-30.")
@click.option("--fund", metavar="F", help="Which fund or donor paid.")
@click.option("--value", metavar="AMOUNT", help="What one unit is worth.")
@click.option("--currency", metavar="C", help="Of the value, like USD.")
@click.option("--from", "source", metavar="SOURCE", help="Who brought it.")
@_at
@_note
@with_json
def receive(call: Call, place: str, lines: Sequence[str], source: str | None, at: str | None, **rest: Any) -> None:
    """Record goods that came in.

    Example: bucketline receive "Gym North" blanket=120 water=40case --from "Red Cross"
    """
    note = rest.pop("note")
    lot = rest.pop("lot")
    bodies = [ReceiptLineIn(item=item, qty=qty, lot=own or lot, **rest) for item, qty, own in split_lots(lines)]
    with call.node() as node:
        body = ReceiptIn(place=ours(node, place), lines=bodies, source=source, at=at, note=note)
        told(call, node, record.receive(node, body), "Received")


@click.command()
@_place
@_lines
@click.option("--site", metavar="PLACE", help="Where it was handed out, if elsewhere.")
@click.option("--people", type=int, metavar="N", help="How many people it served.")
@click.option("--households", type=int, metavar="N", help="How many households.")
@click.option("--need", metavar="NEED", help="The need that it answers.")
@_lot
@_at
@_note
@with_json
def drop(call: Call, place: str, lines: Sequence[str], lot: str | None, **rest: Any) -> None:
    """Record a supply drop: goods handed to people. Counts of people only, never a name.

    Example: bucketline drop "Gym North" blanket=24 "baby formula=6case" --people 40
    """
    bodies = line_bodies(lines, lot)
    with call.node() as node:
        done = record.distribute(node, DistributionIn(place=ours(node, place, bodies), lines=bodies, **rest))
        told(call, node, done, "Drop recorded")


@click.command()
@_place
@_lines
@click.option("--reason", type=click.Choice(LOSS_REASONS), required=True, help="Why it is gone.")
@_lot
@_at
@_note
@with_json
def loss(call: Call, place: str, lines: Sequence[str], lot: str | None, **rest: Any) -> None:
    """Record goods that expired, were damaged or stolen, or spoiled.

    Example: bucketline loss "Gym North" milk=12 --reason spoiled
    """
    bodies = line_bodies(lines, lot)
    with call.node() as node:
        done = record.lose(node, LossIn(place=ours(node, place, bodies), lines=bodies, **rest))
        told(call, node, done, "Loss recorded")


@click.command()
@_place
@click.argument("lines", metavar="[ITEM=QTY...]", nargs=-1)
@click.option("--from", "file", type=click.Path(path_type=Path), metavar="FILE", help="A count sheet, filled in.")
@click.option("--dry-run", is_flag=True, help="Read the file and check it, record nothing.")
@_at
@_note
@with_json
def count(call: Call, place: str, lines: Sequence[str], file: Path | None, dry_run: bool, **said: Any) -> None:
    """Record what you counted; a zero is a count. From a sheet, what is left empty isn't counted.

    Example: bucketline count "Gym North" blanket=94 tarpaulin=0
    """
    if bool(lines) == bool(file) or (dry_run and not file):
        raise click.UsageError("Say what you counted, like blanket=94; or give a filled-in sheet with --from FILE.")
    if file:
        _count_from(call, place, file, dry_run, said)
        return
    bodies = line_bodies(lines)
    with call.node() as node:
        done = record.count(node, CountIn(place=ours(node, place, bodies), lines=bodies, **said))
        shown = _differences(node, done.variance)
    head = f"Count recorded. Entry {short(done.entry)}."
    call.answer({"entry": done.entry, "variance": done.variance}, [head, *shown, *done.notices])


def _count_from(call: Call, place: str, file: Path, dry_run: bool, said: dict[str, Any]) -> None:
    with call.node() as node:
        found = counted.run(node, file, ours(node, place), **said, dry_run=dry_run)
        shown = _differences(node, found["variance"])
    stop_at_problems(call, file, found)
    left = f"{found['rows']} rows were counted, {found['empty']} left empty"
    head = f"Count recorded: {left}. Entry {short(found['entry'])}." if found["entry"] else ""
    head = head or f"{file.name} can be read: {left}. Nothing was recorded yet."
    call.answer(found, [head, *shown, *found["notices"]])


def _differences(node: Any, variance: Sequence[dict[str, str]]) -> list[str]:
    names = _item_names(node)
    rows = [{**row, "name": names(row["item"])} for row in variance]
    return table(rows, [(head, _field(head)) for head in ("name", "expected", "counted")], "")


def _field(name: str) -> Callable[[Any], object]:
    return lambda row: row[name]


def _item_names(node: Any) -> Callable[[str], str]:
    from node import catalogue

    def name(id: str) -> str:
        rows = catalogue.item_rows(node, [id])
        return rows[0].name if rows and rows[0].name else id

    return name


@click.command()
@click.argument("entry")
@click.option("--why", required=True, metavar="TEXT", help="The reason; it stays visible.")
@with_json
def undo(call: Call, entry: str, why: str) -> None:
    """Undo an entry of this team; both stay in the log.

    Example: bucketline undo 3f9ac2d1 --why "recorded twice"
    """
    with call.node() as node:
        done = record.void(node, entry, VoidIn(why=why))
        told(call, node, done, "Undone")


COMMANDS = [receive, drop, loss, count, undo]
