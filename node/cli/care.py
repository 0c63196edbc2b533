"""Commands that keep the books in good order: correct, same, minimum, shelf, alerts."""

import shlex
from collections.abc import Sequence
from typing import Any

import click

from node import alerts, correcting, keeping, merging, record, sameness
from node.cli.base import Call, with_json
from node.cli.recording import line_bodies, split_lines, split_lots, told
from node.cli.words import short, table
from node.events import LOSS_REASONS, URGENCIES
from node.requests import CorrectIn, CorrectLineIn, KeepIn, RepackOutIn, SameAsIn
from node.units import format_qty
from sync.errors import Malformed

_LOT = ("lot", "batch", "expiry", "fund", "value", "currency")


@click.command()
@click.argument("entry")
@click.argument("lines", metavar="[ITEM=QTY...]", nargs=-1)
@click.option("--why", required=True, metavar="TEXT", help="What was wrong; it stays visible.")
@click.option("--in", "used", multiple=True, metavar="ITEM=QTY", help="What a repack used up, all of it.")
@click.option("--out", "made", multiple=True, metavar="ITEM=QTY", help="What a repack made, all of it.")
@click.option("--lot", metavar="L", help="Of the lines that are named, or of a receipt's one line; so the next five.")
@click.option("--batch", metavar="B")
@click.option("--expiry", metavar="DATE")
@click.option("--fund", metavar="F")
@click.option("--value", metavar="AMOUNT")
@click.option("--currency", metavar="C")
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
def correct(
    call: Call, entry: str, lines: Sequence[str], used: Sequence[str], made: Sequence[str], **rest: Any
) -> None:
    """Correct an entry of this team: say what is to be different. The log shows both as one line of history.

    Lines that you give take the place of all lines; without any they stay. An empty text takes a text away.

    Example: bucketline correct 3f9ac2d1 blanket=42 --people 40 --why "24 was the number of boxes"
    """
    of_lot = {name: text for name in _LOT if (text := rest.pop(name)) is not None}
    out = [RepackOutIn(item=item, qty=qty, lot=lot) for item, qty, lot in split_lots(made)]
    with call.node() as node:
        named = split_lines(lines) or (_its_line(node, entry) if of_lot else [])
        bodies = [CorrectLineIn(item=item, qty=qty, **of_lot) for item, qty in named]
        body = CorrectIn(lines=bodies or None, used=line_bodies(used) or None, made=out or None, **rest)
        done = correcting.correct(node, entry, body)
        told(call, node, done, "Corrected")


def _its_line(node: Any, entry: str) -> list[tuple[str, str]]:
    """The one line of an entry, as it is; Malformed where it has more, and nobody said which is meant."""
    held = getattr(record.find_entry(node, entry).fact, "lines", [])
    if len(held) != 1:
        raise Malformed("Which of its lines?", kept="Nothing was recorded.", todo="Name all of them, like blanket=24.")
    return [(held[0].item, format_qty(held[0].qty))]


@click.command()
@click.argument("one", metavar="ITEM|PLACE|list|suggestions")
@click.argument("other", metavar="[OTHER]", required=False)
@click.option("--kind", type=click.Choice(sameness.KINDS), help="Where the names may mean both.")
@click.option("--why", metavar="TEXT")
@click.option("--anyway", is_flag=True, help="Also where they are counted in different units.")
@with_json
def same(call: Call, one: str, other: str | None, kind: str | None, why: str | None, anyway: bool) -> None:
    """Say that two items, or two places, are one, and go by the second's name in this team's books.

    Others see it as a suggestion. `same suggestions` shows what others say and what is likely, `same list` what this
    team said. `undo` takes it back, with nothing lost.

    Example: bucketline same "blankets wool" Blanket --why "one pile, two names"
    """
    with call.node() as node:
        if other is None:
            _show_same(call, node, one)
            return
        which: Any = kind or merging.kind_of(node, one, other)
        body = SameAsIn(kind=which, id=one, same=other, why=why, anyway=anyway)
        try:
            told(call, node, merging.same(node, body), "Noted")
        except merging.UnitsDiffer as problem:
            problem.todo = "If they are one thing all the same, say so with --anyway."
            raise


def _show_same(call: Call, node: Any, what: str) -> None:
    if what not in ("list", "suggestions"):
        raise Malformed(f"The same as what is {what!r}?", kept="Nothing was recorded.", todo="Name both.")
    rows = merging.rows(node) if what == "list" else merging.suggestions(node)
    columns = [
        ("kind", lambda r: r["kind"]),
        ("this", lambda r: r["name"]),
        ("is the same as", lambda r: r["same_name"]),
        ("says", lambda r: r["team"] or "likely"),
        ("why", lambda r: r["why"]),
        ("entry", lambda r: short(r["entry"] or "")),
        ("do it", lambda r: "" if what == "list" else shlex.join(["same", r["id"], r["same"]])),
    ]
    call.answer(rows, table(rows, columns, "Nothing." if what == "list" else "Nothing looks like one thing twice."))


def _keeping(call: Call, place: str | None, lines: Sequence[str], field: str) -> None:
    """State a minimum or a shelf of each item, all or none; without items show what is stated."""
    with call.node() as node:
        if not lines:
            rows = [row for row in keeping.rows(node, place) if row[field]]
            columns = [(head.replace("_", " "), _pick(head)) for head in ("place_name", "item_name", field)]
            call.answer(rows, table(rows, columns, f"No {field} is stated."))
            return
        with node.log.transaction():
            bodies = [KeepIn(place=place or "", item=item, **{field: text}) for item, text in split_lines(lines)]
            entries = [keeping.keep(node, body).entry for body in bodies]
    call.answer({"entries": entries}, f"Noted: the {field} of {len(entries)} item{'s' if len(entries) > 1 else ''}.")


def _pick(name: str) -> Any:
    return lambda row: row[name]


@click.command()
@click.argument("place", required=False)
@click.argument("lines", metavar="[ITEM=QTY...]", nargs=-1)
@with_json
def minimum(call: Call, place: str | None, lines: Sequence[str]) -> None:
    """Say how much of an item a place should have at least; 0 for none. Without items: show what is stated.

    Example: bucketline minimum "Gym North" blanket=40 water=20case
    """
    _keeping(call, place, lines, "minimum")


@click.command()
@click.argument("place", required=False)
@click.argument("lines", metavar="[ITEM=SHELF...]", nargs=-1)
@with_json
def shelf(call: Call, place: str | None, lines: Sequence[str]) -> None:
    """Say on which shelf an item lies. Without items: show what is stated.

    Example: bucketline shelf "Gym North" blanket=A3
    """
    _keeping(call, place, lines, "shelf")


@click.group("alerts", invoke_without_command=True)
@click.option("--place", metavar="PLACE", help="Only this place; otherwise all places of this team.")
@click.option("--kind", type=click.Choice([*alerts.GROUPS, *alerts.KINDS]), metavar="K", help="Only this kind.")
@click.option("--all", "everywhere", is_flag=True, help="Other teams' places too.")
@with_json
def alerts_(call: Call, place: str | None, kind: str | None, everywhere: bool) -> None:
    """Show what somebody should look at, the most urgent first, each with the command that settles it.

    Example: bucketline alerts --place "Gym North"
    """
    if click.get_current_context().invoked_subcommand:
        return
    with call.node() as node:
        rows = alerts.rows(node, place, kind, everywhere)
    lines = [line for row in rows for line in (f"{row['severity']:6} {row['text']}", *_settling(row))]
    call.answer(rows, lines or "There is nothing to look at.")


def _settling(row: Any) -> list[str]:
    return [f"       {row['action']}", f"       $ {row['command']}"]


@alerts_.command("seen")
@click.argument("entry", metavar="ENTRY|all")
@with_json
def alerts_seen(call: Call, entry: str) -> None:
    """Say that you have looked at something that no command settles, such as what others recorded at your place.

    Example: bucketline alerts seen all
    """
    with call.node() as node:
        count = alerts.seen(node, entry)
    call.answer({"seen": count}, f"Seen: {count}.")


COMMANDS = [correct, same, minimum, shelf, alerts_]
