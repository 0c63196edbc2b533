"""Commands for goods on their way: send, arrive, move, waybill, transfers, and supply runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from node import moving, papers, runs, scanning, transfers
from node.cli.base import Call, say, with_json
from node.cli.recording import line_bodies, ours, split_lines, told
from node.cli.words import Row, age, local, short, table
from node.requests import ArrivalIn, ArrivalLineIn, DispatchIn, MoveIn, ReturnIn
from sync.errors import Malformed, Problem

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
_at = click.option("--at", metavar="TIME", help="When it happened, if not now, like 2026-11-24T14:30.")
_note = click.option("--note", metavar="TEXT", help="A few words. Never a person's name.")
_lines = click.argument("lines", metavar="ITEM=QTY...", nargs=-1, required=True)
_some_lines = click.argument("lines", metavar="[ITEM=QTY...]", nargs=-1)


@click.command()
@click.argument("place")
@_lines
@click.option("--to", required=True, metavar="PLACE", help="Where it goes.")
@click.option("--vehicle", metavar="V", help="What carries it, like a number plate.")
@click.option("--driver", metavar="HANDLE", help="What the driver is called on the radio. Never a name.")
@click.option("--seal", metavar="S", help="The number on the seal.")
@click.option("--need", metavar="NEED", help="The need that it answers.")
@click.option("--waybill", metavar="NUMBER", help="The paper's number; one is made up otherwise.")
@_at
@_note
@with_json
def send(call: Call, place: str, lines: Sequence[str], **rest: Any) -> None:
    """Record that goods left for another place; they are in transit until they arrive.

    Example: bucketline send "North depot" blanket=60 water=10case --to "Gym North" --vehicle "white van"
    """
    bodies = line_bodies(lines)
    with call.node() as node:
        done = moving.dispatch(node, DispatchIn(place=ours(node, place, bodies), lines=bodies, **rest))
        if call.json:
            call.answer({"entry": done.entry, "waybill": done.waybill}, "")
            return
        told(call, node, done, "Sent")
    say(f"The paper to print: `bucketline waybill {done.waybill}`, or on the pages.")


@click.command()
@click.argument("dispatch")
@_some_lines
@click.option("--damaged", metavar="ITEM=QTY", multiple=True, help="What came damaged.")
@click.option("--missing", metavar="ITEM=QTY", multiple=True, help="What is given up as missing.")
@click.option("--place", metavar="PLACE", help="Where it came in, if elsewhere than it was sent to.")
@_at
@_note
@with_json
def arrive(
    call: Call, dispatch: str, lines: Sequence[str], damaged: Sequence[str], missing: Sequence[str], **rest: Any
) -> None:
    """Record what came in of a dispatch: without lines all that is still on its way.

    DISPATCH is its id, its waybill's number, or the text of the waybill's code.

    Example: bucketline arrive K3MQ7ZPA blanket=58 --damaged blanket=2
    """
    bodies = [ArrivalLineIn(item=item, qty=qty) for item, qty in split_lines(lines)]
    body = ArrivalIn(
        dispatch=dispatch,
        lines=bodies or None,
        damaged=line_bodies(damaged),
        missing=line_bodies(missing),
        **rest,
    )
    with call.node() as node:
        done = moving.arrive(node, body)
        if call.json:
            call.answer({"entry": done.entry, "missing": done.missing}, "")
            return
        told(call, node, done, "Arrived")
        rows = transfers.row(node, done.dispatch)["lines"]
    for row in rows:
        if row["open"] != "0":
            say(f"{_left_open(row)}.")


def _left_open(line: Row) -> str:
    """What of an item hasn't come, or came beyond what was sent."""
    over = line["open"].startswith("-")
    return f"{line['open'][1:]} {line['item_name']} more than sent" if over else f"Still open: {_due(line)}"


def _due(line: Row) -> str:
    return f"{line['open']} {line['item_name']}"


@click.command()
@click.argument("place")
@_lines
@click.option("--to", required=True, metavar="PLACE", help="Where it went.")
@_at
@_note
@with_json
def move(call: Call, place: str, lines: Sequence[str], to: str, **rest: Any) -> None:
    """Record goods that went from place to place before the eyes of the same people: sent and arrived at once.

    Example: bucketline move "North depot" blanket=60 --to "Gym North"
    """
    bodies = line_bodies(lines)
    with call.node() as node:
        done = moving.move(node, MoveIn(place=ours(node, place, bodies), to=to, lines=bodies, **rest))
        _moved(call, node, done, "Moved")


def _moved(call: Call, node: Any, done: moving.Moved, what: str) -> None:
    if call.json:
        call.answer({"entry": done.entry, "arrival": done.arrival}, "")
        return
    told(call, node, done, what)


# waybills


@click.command()
@click.argument("dispatch", required=False)
@click.option("--text", is_flag=True, help="What the code holds, to send on by any messenger.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the code here.")
@click.option("--read", "given", metavar="TEXT|FILE", help="Read a waybill in: its text, a file with it, or a photo.")
@with_json
def waybill(call: Call, dispatch: str | None, text: bool, svg: Path | None, given: str | None) -> None:
    """Show the waybill of a dispatch; or read one in, so that its goods can arrive before the sender's news does.

    Example: bucketline waybill K3MQ7ZPA --svg code.svg
    """
    if (dispatch is None) == (given is None):
        raise Malformed("Name a dispatch, or give --read.", kept="", todo="See `bucketline waybill --help`.")
    with call.node() as node:
        if given is not None:
            found = papers.read(node, _given(given))
            then = f"Read in: `bucketline arrive {short(found['dispatch'])}` when it comes."
            call.answer(found, [*_paper(found), *found["notices"], then])
            return
        assert dispatch is not None
        if text or svg:
            code = papers.text_of(node, dispatch)
            call.answer(
                {"text": code, "files": _write(svg, code) if svg else []}, code if text else f"Written to {svg}."
            )
            return
        found = papers.paper(node, dispatch)
    call.answer(found, _paper(found))


def _given(text: str) -> str:
    """The text of a waybill, where it may be the name of a file or of a photo."""
    try:
        path = Path(text)
        if not path.is_file():
            return text
        if path.suffix.lower() in PICTURES:
            with open(path, "rb") as file:
                return scanning.read_photo(file)
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"{text} is not a text.", todo="Photos are read if their name ends in .jpg or .png.") from None
    except OSError:  # too long for the name of a file
        return text


def _write(path: Path, text: str) -> list[str]:
    """One file a code: FILE, or FILE-1, FILE-2 and so on."""
    pictures = papers.pictures(text)
    paths = [path] if len(pictures) == 1 else [path.with_stem(f"{path.stem}-{i + 1}") for i in range(len(pictures))]
    try:
        for one, picture in zip(paths, pictures, strict=True):
            one.write_text(picture, "utf-8")
    except OSError as error:
        raise Problem(f"{path} can't be written: {error.strerror}.", todo="Name another file.") from None
    return [str(one) for one in paths]


def _void(found: Row) -> list[str]:
    """That a paper doesn't hold, and which does."""
    void = found["void"]
    if not void:
        return []
    what = "CORRECTED" if void["instead"] else "UNDONE"
    instead = [f"What is right: `bucketline waybill {short(void['instead'])}`."] if void["instead"] else []
    return [f"{what}: this waybill does not hold. Why: {void['why']}", *instead]


def _paper(found: Row) -> list[str]:
    head = [
        *_void(found),
        f"Waybill {found['waybill']}, {local(found['at'])}",
        f"{found['from_name']} -> {found['to_name']}",
    ]
    papers = [f"{name} {found[name]}" for name in ("vehicle", "driver", "seal", "note") if found[name]]
    columns = [
        ("item", lambda r: r["item_name"]),
        ("qty", lambda r: r["qty"]),
        ("unit", lambda r: r["unit"]),
        ("packs", lambda r: r["packs"]),
        ("lot", lambda r: r["lot"]),
        ("expiry", lambda r: r["expiry"]),
        ("kg", lambda r: r["kg"]),
        ("m3", lambda r: r["m3"]),
    ]
    return [*head, f"sent by {found['team']}", *papers, *table(found["lines"], columns, ""), *_load(found["load"])]


def _load(load: Row) -> list[str]:
    told = [f"{load[name]} {unit}" for name, unit in (("kg", "kg"), ("m3", "m³")) if load[name] is not None]
    if not told:
        return []
    return [f"Load: {', '.join(told)}{'' if load['whole'] else ', and what is not known of some items'}."]


@click.command("transfers")
@click.option("--open/--all", "is_open", default=True, help="What is on its way or doesn't fit; or all.")
@with_json
def transfers_(call: Call, is_open: bool) -> None:
    """List what is on its way, and where sender and receiver don't agree.

    Example: bucketline transfers --all
    """
    with call.node() as node:
        rows, now = transfers.rows(node, every=not is_open), node.clock()
    columns = [
        ("dispatch", lambda r: short(r["dispatch"])),
        ("waybill", lambda r: r["waybill"]),
        ("from", lambda r: r["from_name"] or "?"),
        ("to", lambda r: r["to_name"] or "?"),
        ("sent", lambda r: age(r["at"], now)),
        ("status", lambda r: r["status"].replace("_", " ")),
        ("open", _open),
        ("what to do", lambda r: r["todo"]),
    ]
    call.answer(rows, table(rows, columns, "Nothing is on its way."))


def _open(row: Row) -> str:
    """What of a transfer is still on its way, or came beyond what was sent."""
    lines = [line for line in row["lines"] if line["open"] != "0"]
    if row["status"] == "voided":
        return ", ".join(f"{line['open'].removeprefix('-')} {line['item_name']} came" for line in lines)
    return ", ".join(_due(line) if transfers.is_due(line) else _left_open(line) for line in lines)


# supply runs


@click.group()
def run() -> None:
    """Supply runs: load a vehicle, drop along the way, bring back the rest."""


@run.command("load")
@click.argument("vehicle")
@_lines
@click.option("--from", "place", required=True, metavar="PLACE", help="Where it is loaded.")
@_at
@_note
@with_json
def load(call: Call, vehicle: str, lines: Sequence[str], place: str, **rest: Any) -> None:
    """Load a vehicle. Stops are drops from it: `bucketline drop VEHICLE ITEM=QTY --site PLACE`.

    Example: bucketline run load "White van" blanket=60 water=10case --from "North depot"
    """
    bodies = line_bodies(lines)
    with call.node() as node:
        body = MoveIn(place=ours(node, place, bodies), to=ours(node, vehicle), lines=bodies, **rest)
        _moved(call, node, runs.load_up(node, body), "Loaded")


@run.command("return")
@click.argument("vehicle")
@_some_lines
@click.option("--to", required=True, metavar="PLACE", help="Where it is unloaded.")
@_at
@_note
@with_json
def return_(call: Call, vehicle: str, lines: Sequence[str], to: str, **rest: Any) -> None:
    """Bring back what is left on a vehicle, or some of it.

    Example: bucketline run return "White van" --to "North depot"
    """
    with call.node() as node:
        body = ReturnIn(vehicle=ours(node, vehicle), to=to, lines=line_bodies(lines) or None, **rest)
        _moved(call, node, runs.bring_back(node, body), "Brought back")


@run.command("sheet")
@click.argument("vehicle")
@click.option("--since", metavar="TIME", help="From when on; otherwise since it was last empty.")
@with_json
def sheet(call: Call, vehicle: str, since: str | None) -> None:
    """Show what a vehicle loaded, dropped, brought back and has left, and whether that adds up.

    Example: bucketline run sheet "White van"
    """
    with call.node() as node:
        found = runs.sheet(node, ours(node, vehicle), since)
        if runs.no_vehicle(node, found["vehicle"]):
            say(f"{found['vehicle_name']} isn't known as a vehicle; this is what came and went there all the same.")
    call.answer(found, _sheet(found))


def _sheet(found: Row) -> list[str]:
    happened = [(part["at"], word, part) for key, word in _PARTS for part in found[key]]
    lines = [_happened(*one) for one in sorted(happened, key=lambda one: one[0])]
    heads: list[Any] = [("item", lambda r: r["item_name"]), ("unit", lambda r: r["unit"])]
    heads += [(name, _field(name)) for name in runs.COLUMNS]
    since = f", since {local(found['since'])}" if found["since"] else ""
    served = f"{found['people']} people served." if found["people"] else ""
    return [
        f"{found['vehicle_name']}{since}",
        *lines,
        *table(found["items"], heads, "It carried nothing."),
        *filter(None, [served, *_load(found["load"])]),
        "It adds up." if found["balanced"] else "It does not add up: run `bucketline doctor`.",
    ]


_PARTS = (("loads", "loaded"), ("stops", "dropped"), ("returns", "returned"))


def _happened(at: str, word: str, part: Row) -> str:
    goods = ", ".join(f"{line['qty']} {line['item_name']}" for line in part["lines"])
    where = {"loaded": " from ", "dropped": " at ", "returned": " to "}[word] + (part["place_name"] or "")
    people = f", {part['people']} people" if part.get("people") is not None else ""
    return f"{local(at)}  {word} {goods}{where if part['place_name'] else ''}{people}"


def _field(name: str) -> Any:
    return lambda row: row[name]


COMMANDS = [send, arrive, move, waybill, transfers_, run]
