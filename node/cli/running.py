"""Commands that make, run and check a node: init, serve, demo, verify, doctor, token."""

import signal
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from node import bootstrap, checks, demo, files, scenarios, starting, tokens
from node.cli.base import Call, pass_call, progress_bar, say, with_json
from node.cli.words import table
from sync.errors import Conflict, Malformed
from sync.identity import show_id


@click.command()
@click.option("--team", required=True, metavar="NAME", help="What your team calls itself.")
@click.option("--network", metavar="ID", help="32 hex digits, or `new` for a drill that stays apart.")
@click.option("--template", metavar="FILE|NAME", help="Start from this: see `bucketline template list`.")
@with_json
def init(call: Call, team: str, network: str | None, template: str | None) -> None:
    """Make a node: keys, database, and your team's name.

    Example: bucketline init --team "Canal Street"
    """
    start = starting.find(template) if template else None
    node, created = bootstrap.init(call.config(), team, _network(network))
    try:
        if start and created:
            starting.apply(node, start)
        found = {
            "node": node.id,
            "log": node.log.own.hex(),
            "network": node.network.hex(),
            "team": node.team_name(),
        }
        folder = node.config.data
    finally:
        node.close()
    words = f"{found['team']}'s node is ready in {folder}."
    if not created:
        words = f"There is a node in {folder} already; nothing was changed."
    call.answer(found, [words, f"Its id is {show_id(str(found['node']))}."])
    if call.json and not created:
        say(words)


def _network(text: str | None) -> bytes | None:
    if text is None:
        return None
    if text == "new":
        return bootstrap.new_network()
    try:
        network = bytes.fromhex(text)
    except ValueError:
        network = b""
    if len(network) != bootstrap.NETWORK_BYTES:
        raise Malformed(f"{text!r} is not a network.", todo="Give 32 hex digits, or `new`.")
    return network


@click.command()
@click.option("--host", metavar="H", help="Listen on this address only.")
@click.option("--port", type=int, metavar="P", help="Of the pages and the API (8480).")
@click.option("--sync-port", type=int, metavar="S", help="For other nodes (8481).")
@click.option("--lan", is_flag=True, default=None, help="Let phones and nodes on the local network in.")
@click.option("--announce", is_flag=True, default=None, help="Tell everybody on the local network that a node is here.")
@pass_call
def serve(call: Call, /, **flags: Any) -> None:
    """Run the node: pages, API, and exchange with all peers.

    Example: bucketline serve --lan
    """
    bootstrap.calm_collector()
    stop = _told_to_stop()
    with call.node(**flags) as node, files.serving(node.config.data):
        _start(node)
        while not stop.wait(1):  # timed: a signal that another thread caught would not end an endless wait
            pass
        say("Stopping.")


def _start(node: bootstrap.Node) -> None:
    settings = node.config
    with _port_problems(settings.port):
        web = node.start_web_server(settings.web_host, settings.port)
    with _port_problems(settings.sync_port):
        peers = node.start_sync_server(settings.web_host, settings.sync_port)
    node.start_scheduler()
    say(f"{node.team_name()}: pages on {web.url}")
    say(f"Other nodes reach it at {', '.join(node.sync_addresses())} (port {peers.address[1]}).")
    if settings.announce:
        node.start_discovery()
    if settings.lan:
        hosts = ", ".join(f"http://{host}:{web.address[1]}/" for host in bootstrap.own_addresses())
        say(f"Phones on this network: {hosts} with a code from `bucketline token new NAME`.")


@contextmanager
def _port_problems(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Conflict(
            f"Port {port} can't be used: {error.strerror or error}.",
            todo="Stop what uses it (another `bucketline serve`?), or name another port.",
        ) from None


def _told_to_stop() -> threading.Event:
    """Set once somebody presses Ctrl-C or the machine shuts down."""
    stop = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stop.set())
    return stop


@click.command("demo", epilog=f"\b\nScenarios:\n{textwrap.indent(scenarios.listing(), '  ')}")
@click.argument("scenario", default="storm")
@click.option("--check", is_flag=True, help="Play it to the end, print the balance, and stop.")
@click.option("--scale", type=click.IntRange(1, 100), default=100, metavar="PERCENT", help="Play a large one in part.")
@click.option("--port", type=int, metavar="P", help="First of the ports of the pages (8480).")
@with_json
def demo_(call: Call, scenario: str, check: bool, scale: int, port: int | None) -> None:
    """Play several teams' nodes on this machine, syncing; then keep them up for a browser.

    Example: bucketline demo storm --check
    """
    bootstrap.calm_collector()
    found = demo.run(scenario, check, port, call.flags.get("data"), say, scale=scale)
    if not check:
        return
    heads = ["item_name", "unit", "received", "distributed", "lost", "unexplained", "repacked", "on_hand"]
    balance = found.pop("balance")
    call.answer(found, table(balance, [(head.replace("_", " "), _pick(head)) for head in heads], "Nothing was played."))
    if not found["balanced"]:
        raise SystemExit(1)


@click.command()
@with_json
def verify(call: Call) -> None:
    """Check every hash, chain and signature, and make the tables anew beside the live ones.

    Example: bucketline verify
    """
    with call.node() as node, progress_bar("Verifying") as bar:
        total = node.log.counts()[0]
        found = checks.verify(node, (lambda done: bar(done, total)) if bar else None)
    words = f"{found['entries']} entries in {found['logs']} logs: " + ("all holds." if found["ok"] else "NOT in order.")
    call.answer(found, [words, *found["problems"]])
    if not found["ok"]:
        raise SystemExit(1)


@click.command()
@click.option("--rebuild", is_flag=True, help="First make all tables anew from the log.")
@with_json
def doctor(call: Call, rebuild: bool) -> None:
    """Look whether this node is healthy.

    Example: bucketline doctor
    """
    with call.node() as node:
        if rebuild:
            checks.rebuild(node)
        rows = checks.doctor(node)
    columns = [
        ("", lambda r: "ok" if r["ok"] else "LOOK"),
        ("check", lambda r: r["check"]),
        ("", lambda r: r["detail"]),
    ]
    call.answer(rows, table(rows, columns, ""))


@click.group()
def token() -> None:
    """Codes with which phones and programs log in."""


@token.command("new")
@click.argument("name")
@with_json
def token_new(call: Call, name: str) -> None:
    """Make a code; it is shown once.

    Example: bucketline token new "Ana's phone"
    """
    with call.node() as node:
        tokens.prepare(node)
        secret = tokens.create(node, name)
    call.answer({"token": secret}, [secret, "It is shown only now: log in with it, or send it as a bearer token."])


@token.command("list")
@with_json
def token_list(call: Call) -> None:
    """List the codes by name.

    Example: bucketline token list
    """
    with call.node() as node:
        tokens.prepare(node)
        rows = list(tokens.rows(node))
    heads = list(rows[0]) if rows else []
    call.answer(rows, table(rows, [(head, _pick(head)) for head in heads], "There is no code yet."))


def _pick(name: str) -> Callable[[Any], object]:
    return lambda row: row[name]


@token.command("revoke")
@click.argument("name")
@with_json
def token_revoke(call: Call, name: str) -> None:
    """Take a code back; whoever uses it is logged out at once.

    Example: bucketline token revoke "Ana's phone"
    """
    with call.node() as node:
        tokens.prepare(node)
        tokens.revoke(node, name)
    call.answer({"revoked": name}, f"{name} can't log in any more.")


COMMANDS = [init, serve, demo_, verify, doctor, token]
