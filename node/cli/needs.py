"""Commands for what people need: need add, list, renew and close; and pledge."""

from collections.abc import Sequence
from typing import Any

import click

from node import needing, needs, planning, promises
from node.cli.base import Call, with_json
from node.cli.recording import line_bodies, told
from node.cli.words import Row, age, local, short, table
from node.events import URGENCIES
from node.requests import CloseIn, NeedIn, PledgeIn, RenewIn

_until = click.option("--until", metavar="TIME", help="When it is over by itself.")
_at = click.option("--at", metavar="TIME", help="When it was seen, if not now.")
_note = click.option("--note", metavar="TEXT", help="A few words. Never a person's name.")
_lines = click.argument("lines", metavar="ITEM=QTY...", nargs=-1, required=True)


@click.group()
def need() -> None:
    """What people need, where, and what is still lacking."""


@need.command("add")
@click.argument("place")
@_lines
@click.option("--people", type=int, metavar="N", help="For how many people.")
@click.option("--urgency", type=click.Choice(URGENCIES), default="routine", help="routine, if left out.")
@_until
@_at
@_note
@with_json
def need_add(call: Call, place: str, lines: Sequence[str], **rest: Any) -> None:
    """Record what people need at a place. It is stale after two days, unless somebody renews it.

    Example: bucketline need add "Gym North" insulin=20 --people 12 --urgency critical
    """
    with call.node() as node:
        told(call, node, needing.add(node, NeedIn(place=place, lines=line_bodies(lines), **rest)), "Noted")


@need.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what is met, closed or over.")
@with_json
def need_list(call: Call, everything: bool) -> None:
    """Show what is needed, the oldest first.

    Example: bucketline need list
    """
    with call.node() as node:
        rows, now = needs.rows(node, everything), node.clock()
    columns = [
        ("need", lambda row: short(row["need"])),
        ("place", lambda row: row["place_name"]),
        ("lacking", _lacking),
        ("urgency", lambda row: row["urgency"]),
        ("status", lambda row: row["status"]),
        ("last spoken of", lambda row: age(row["spoken"], now)),
    ]
    call.answer(rows, table(rows, columns, "Nothing is needed, as far as this node has heard."))


def _lacking(row: Row) -> str:
    return ", ".join(f"{line['left']} {line['item_name']}" for line in row["lines"] if line["left"] != "0") or "nothing"


@need.command("renew")
@click.argument("need_id", metavar="NEED")
@_until
@_at
@_note
@with_json
def need_renew(call: Call, need_id: str, **rest: Any) -> None:
    """Say that a need is still there; anyone may.

    Example: bucketline need renew 3f9ac2d1
    """
    with call.node() as node:
        told(call, node, needing.renew(node, need_id, RenewIn(**rest)), "Noted")


@need.command("close")
@click.argument("need_id", metavar="NEED")
@click.option("--why", required=True, metavar="TEXT", help="The reason; it stays visible.")
@_at
@with_json
def need_close(call: Call, need_id: str, **rest: Any) -> None:
    """Say that a need is over; anyone may.

    Example: bucketline need close 3f9ac2d1 --why met
    """
    with call.node() as node:
        told(call, node, needing.close(node, need_id, CloseIn(**rest)), "Noted")


@click.command()
@click.argument("place")
@_lines
@click.option("--need", metavar="NEED", help="The need that it is for; without one it is an offer to anyone.")
@click.option("--until", metavar="TIME", help="When the promise ends: two days from now, if left out.")
@_at
@_note
@with_json
def pledge(call: Call, place: str, lines: Sequence[str], **rest: Any) -> None:
    """Promise goods from a place, for a need or to anyone.

    Example: bucketline pledge "North depot" insulin=10 --need 3f9ac2d1
    """
    with call.node() as node:
        told(call, node, needing.pledge(node, PledgeIn(place=place, lines=line_bodies(lines), **rest)), "Promised")


@click.command()
@click.option("--offers", is_flag=True, help="Only what is for anyone.")
@click.option("--all", "everything", is_flag=True, help="Also what is over.")
@with_json
def pledges(call: Call, offers: bool, everything: bool) -> None:
    """Show what is promised: for needs, or to anyone.

    Example: bucketline pledges --offers
    """
    with call.node() as node:
        rows = promises.rows(node, offers, everything)
    columns = [
        ("pledge", lambda row: short(row["pledge"])),
        ("place", lambda row: row["place_name"]),
        ("team", lambda row: row["team"]),
        ("what", lambda row: ", ".join(f"{line['qty']} {line['item_name']}" for line in row["lines"])),
        ("for", lambda row: f"need {short(row['need'])}" if row["need"] else "anyone"),
        ("until", lambda row: local(row["until"])),
    ]
    call.answer(rows, table(rows, columns, "Nothing is promised, as far as this node has heard."))


@click.command()
@with_json
def plan(call: Call) -> None:
    """Suggest transfers that would meet the known needs with the least distance, the most urgent first.

    They are proposals: nothing is sent, kept or allotted. Needs the extra `plan`.

    Example: bucketline plan
    """
    with call.node() as node:
        rows, now = planning.rows(node), node.clock()
    columns = [
        ("urgency", lambda row: row["urgency"]),
        ("from", lambda row: row["from_name"]),
        ("team", lambda row: row["from_team"]),
        ("to", lambda row: row["to_name"]),
        ("what", lambda row: f"{row['qty']} {row['item_name']}"),
        ("km", lambda row: row["distance_km"]),
        ("expiry", lambda row: row["expiry"]),
        ("heard", lambda row: age(row["heard"], now)),
        ("need", lambda row: short(row["need"])),
    ]
    call.answer(rows, table(rows, columns, "Nothing is lacking that anybody is known to be able to spare."))


COMMANDS = [need, pledge, pledges, plan]
