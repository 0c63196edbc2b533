"""Commands that look: stock, nearby, log, digest."""

from typing import Any

import click

from node import filling, hearsay, queries
from node.cli.base import Call, say, with_json
from node.cli.naming import spot
from node.cli.recording import ours
from node.cli.words import Column, age, local, short, table
from node.units import parse_degrees
from sync.errors import Malformed

_raw = click.option("--raw", is_flag=True, help="What this team has merged is shown apart.")


@click.command()
@click.option("--place", metavar="PLACE")
@click.option("--item", metavar="ITEM")
@click.option("--lots", is_flag=True, help="One row a lot, with its expiry.")
@_raw
@with_json
def stock(call: Call, place: str | None, item: str | None, lots: bool, raw: bool) -> None:
    """Show what is on hand, here and at other teams.

    Example: bucketline stock --item insulin --lots
    """
    with call.node() as node:
        place = ours(node, place) if place and not raw else place
        rows, now = queries.stock(node, place, item, lots, raw), node.clock()
        told = {} if raw else hearsay.places(node)
    columns = [
        ("place", lambda r: r["place_name"]),
        ("team", lambda r: r["team"]),
        ("item", lambda r: r["item_name"]),
        ("qty", lambda r: r["qty"]),
        ("unit", lambda r: r["unit"]),
        ("packs", lambda r: r["packed"]),
        *([("lot", lambda r: r["lot"])] if lots else []),
        ("expiry", lambda r: r["expiry"]),
        ("expired", _expired),
        ("as of", lambda r: age(r["as_of"], now)),
        ("heard", lambda r: age(r["heard"], now)),
    ]
    call.answer(rows, table(rows, columns, "Nothing is on the books here yet."))
    for id in dict.fromkeys(row["place"] for row in rows if row["place"] in told):
        say(f"{hearsay.said(told[id])} Its id is {id}.")


def _expired(row: Any) -> str:
    return "" if row["expired_qty"] == "0" else str(row["expired_qty"])


@click.command()
@click.argument("item", required=False)
@click.option("--at", metavar="LAT,LON", help="Where you are, in decimal degrees.")
@click.option("--need", metavar="NEED", help="In place of item and spot: who could fill this need.")
@click.option("--within", type=float, metavar="KM", help="No further than this.")
@_raw
@with_json
def nearby(call: Call, item: str | None, at: str | None, need: str | None, within: float | None, raw: bool) -> None:
    """Show who has an item, nearest first, and how old that news is; or who could fill a need.

    Example: bucketline nearby insulin --at 29.95,-90.07 --within 20
    """
    if (need is None) == (item is None and at is None):
        raise click.UsageError("Name an item and a spot (--at LAT,LON), or a need (--need NEED).")
    if within is not None and not 0 <= within < 1e6:
        raise Malformed(f"{within} is not a distance.", todo="Write kilometres, like --within 20.")
    if need is not None:
        _could_fill(call, need, within)
    elif item is None or at is None:
        raise click.UsageError("Name both the item and where you are: nearby ITEM --at LAT,LON.")
    else:
        _who_has(call, item, at, within, raw)


def _who_has(call: Call, item: str, at: str, within: float | None, raw: bool) -> None:
    lat, lon = spot(at)
    with call.node() as node:
        rows = queries.nearby(node, item, *_degrees(lat, lon), within, raw)
        now = node.clock()
        far = [] if rows or within is None else queries.nearby(node, item, *_degrees(lat, lon), None, raw)
    columns = [*_near(), ("expired", _expired), *_news(now)]
    none = "Nobody that this node has heard of has any"
    if far and far[0]["distance_km"] is None:
        none = f"{far[0]['place_name']} has some, but where that is isn't known: leave out --within"
    elif far:
        none = f"Nobody within {within:g} km has any; the nearest is {far[0]['place_name']}, {far[0]['distance_km']} km"
    call.answer(rows, table(rows, columns, f"{none}."))


def _degrees(lat: str | None, lon: str | None) -> tuple[int, int]:
    return parse_degrees(lat or "", 90), parse_degrees(lon or "", 180)


def _could_fill(call: Call, need: str, within: float | None) -> None:
    with call.node() as node:
        rows, now = filling.rows(node, need, within), node.clock()
        none = "" if rows else filling.why_none(node, need, within)
    columns = [
        ("item", lambda r: r["item_name"]),
        ("lacking", lambda r: r["left"]),
        *_near(),
        ("pledged", lambda r: "" if r["pledged"] == "0" else r["pledged"]),
        ("offered", lambda r: "" if r["offered"] == "0" else r["offered"]),
        ("expiry", lambda r: r["expiry"]),
        *_news(now),
    ]
    call.answer(rows, table(rows, columns, none))


def _near() -> list[Column]:
    return [
        ("km", lambda r: "?" if r["distance_km"] is None else r["distance_km"]),
        ("place", lambda r: r["place_name"]),
        ("team", lambda r: r["team"]),
        ("qty", lambda r: r["qty"]),
        ("unit", lambda r: r["unit"]),
    ]


def _news(now: int) -> list[Column]:
    return [("as of", lambda r: age(r["as_of"], now)), ("heard", lambda r: age(r["heard"], now))]


@click.command("log")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@_raw
@with_json
def log_(call: Call, limit: int, raw: bool) -> None:
    """Show the latest entries of all teams, newest first.

    Example: bucketline log --limit 50
    """
    with call.node() as node:
        rows = queries.log(node, limit, raw=raw)
    columns = [
        ("entry", lambda r: short(r["entry"])),
        ("recorded", lambda r: local(r["recorded"])),
        ("team", lambda r: r["team"]),
        ("what", lambda r: f"{r['type']}: {r['summary']}{_instead_of(r)}"),
        ("undone", lambda r: r["void"]["why"] if r["void"] else ""),
    ]
    call.answer(rows, table(rows, columns, "Nothing is recorded yet."))


def _instead_of(row: Any) -> str:
    return f" (corrected: {row['corrects']['why']}; it said {row['corrects']['before']})" if row["corrects"] else ""


@click.command()
@with_json
def digest(call: Call) -> None:
    """Show three numbers that are equal on two nodes that know and believe the same.

    Example: bucketline digest
    """
    with call.node() as node:
        found = queries.digest(node)
    call.answer(found, [f"{name:7} {value}" for name, value in found.items()])


COMMANDS = [stock, nearby, log_, digest]
