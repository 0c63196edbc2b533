"""Commands about other nodes: peer, sync, bundle."""

import sys
from pathlib import Path

import click
import segno

from node.cli.base import Call, say, with_json
from node.cli.words import age, table
from sync.client import leads_here
from sync.identity import show_id


@click.group()
def peer() -> None:
    """The nodes that this one listens to."""


@peer.command()
@with_json
def invite(call: Call) -> None:
    """Make a code that one other team can join with, once, within a day.

    Example: bucketline peer invite
    """
    with call.node() as node:
        found = node.invite()
    where = ", ".join(found["addresses"])
    if not call.json and sys.stdout.isatty():
        segno.make(found["code"], error="l").terminal(compact=True)
    call.answer(found, [found["code"], "", f"Good for one team and one day. This node must be reachable at {where}."])
    if all(leads_here(address) for address in found["addresses"]):
        say("Only this machine can reach that. Let others in with `bucketline serve --lan`, then make a new code.")


@peer.command()
@click.argument("code", nargs=-1, required=True)
@click.option("--address", metavar="URL", help="Where the other node is, if not where its code says.")
@with_json
def join(call: Call, code: tuple[str, ...], address: str | None) -> None:
    """Pair with the team that gave you this code.

    Example: bucketline peer join abcd-efgh-… --address http://192.168.1.5:8481
    """
    with call.node() as node:
        found = node.join(" ".join(code), address)
    call.answer(found, f"Paired with {found['name'] or show_id(found['peer'])}. Now `bucketline sync`.")


@peer.command("list")
@with_json
def peer_list(call: Call) -> None:
    """List the nodes that are known, how far they are trusted, and when they were last heard.

    Example: bucketline peer list
    """
    with call.node() as node:
        rows, now = node.peer_rows(), node.clock()
    columns = [
        ("name", lambda r: r["name"] or "?"),
        ("trust", lambda r: r["trust"]),
        ("heard", lambda r: age(r["heard"], now)),
        ("last sync", lambda r: age(r["last_ok"], now)),
        ("failures", lambda r: r["failures"]),
        ("node", lambda r: r["peer"]),
        ("addresses", lambda r: " ".join(r["addresses"])),
    ]
    call.answer(rows, table(rows, columns, "No other node is known: `bucketline peer invite` makes a code for one."))


@peer.command()
@click.argument("node_name", metavar="NODE")
@click.option("--after", metavar="ENTRY", help="The last of its entries that is still believed.")
@with_json
def block(call: Call, node_name: str, after: str | None) -> None:
    """Stop listening to a node; what it wrote leaves the books, from after an entry on or altogether.

    Example: bucketline peer block "Bayou Wheels" --after 3f9ac2d1
    """
    with call.node() as node:
        node.block(node_name, after)
    call.answer({"blocked": node_name}, f"{node_name} is blocked. `bucketline peer accept` takes it back.")


@peer.command()
@click.argument("node_name", metavar="NODE")
@with_json
def accept(call: Call, node_name: str) -> None:
    """Listen to a node that is unknown or was blocked.

    Example: bucketline peer accept "Bayou Wheels"
    """
    with call.node() as node:
        node.accept(node_name)
    call.answer({"accepted": node_name}, f"This node listens to {node_name} now.")


@click.command()
@click.argument("peer_name", metavar="[PEER]", required=False)
@with_json
def sync(call: Call, peer_name: str | None) -> None:
    """Exchange news now, with one peer or with all.

    Example: bucketline sync
    """
    with call.node() as node:
        rows = node.sync_now(peer_name)
        names = {row["peer"]: row["name"] for row in node.peer_rows()}
    columns = [
        ("peer", lambda r: names.get(r["peer"]) or r["peer"]),
        ("", lambda r: "ok" if r["ok"] else f"not done: {r['error']}"),
        ("received", lambda r: r["received"]),
        ("sent", lambda r: r["sent"]),
    ]
    call.answer(rows, table(rows, columns, "No peer has an address yet: pair with one first."))
    for row in rows:
        for refused in row["refused"]:
            say(f"Not taken from {names.get(row['peer']) or row['peer']}: {refused}")
    if rows and not any(row["ok"] for row in rows):
        raise SystemExit(1)


@click.group()
def bundle() -> None:
    """Courier files: news on a stick, sealed for the nodes that this one trusts."""


@bundle.command("write")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--for", "for_node", metavar="NODE", help="Only what this one lacks, readable by it alone.")
@with_json
def bundle_write(call: Call, file: Path, for_node: str | None) -> None:
    """Write a courier file.

    Example: bucketline bundle write /media/stick/news.bkl
    """
    with call.node() as node:
        found = node.bundle_write(file, for_node)
    call.answer(found, f"{found['entries']} entries written to {file}, {found['bytes']} bytes.")


@bundle.command("read")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@with_json
def bundle_read(call: Call, file: Path) -> None:
    """Take in a courier file; reading it twice does no harm.

    Example: bucketline bundle read /media/stick/news.bkl
    """
    with call.node() as node:
        found = node.bundle_read(file)
    call.answer(found, f"{found['received']} new entries; {found['duplicates']} were known.")
    for missing in found["missing"]:
        say(missing)


COMMANDS = [peer, sync, bundle]
