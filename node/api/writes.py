"""What each POST records, and what it answers."""

import base64
from collections.abc import Callable
from typing import Any

import msgspec

from node import (
    alerts,
    catalogue,
    correcting,
    expiring,
    importer,
    keeping,
    merging,
    moving,
    needing,
    papers,
    record,
    redacting,
    repacking,
    runs,
    starting,
)
from node.api.taken import ImportIn, KitsMadeIn
from node.importing import sheets
from node.reporting import closing
from node.requests import Body, LineIn
from node.running import Node
from sync.errors import Malformed, NotFound, OutOfRange, Problem

KEPT = "Nothing was recorded."
IMPORT_INFLATED_BYTES_MAX = 64 * 1024 * 1024  # of a workbook, unpacked
PROBLEMS_SHOWN = 100
Act = Callable[[Node, Any], dict[str, Any]]


def _entry(write: Callable[[Any, Any], Any]) -> Act:
    def act(node: Node, body: Any) -> dict[str, Any]:
        done = write(node, body)
        return {"entry": done.entry} | _noticed(done)

    return act


def _noticed(done: Any) -> dict[str, Any]:
    """Sentences about what is worth a look, where there are any."""
    return {"notices": done.notices} if done.notices else {}


def _count(node: Node, body: Any) -> dict[str, Any]:
    recorded = record.count(node, body)
    return {"entry": recorded.entry, "variance": recorded.variance} | _noticed(recorded)


def _write_off(node: Node, body: Any) -> dict[str, Any]:
    done = expiring.write_off(node, body)
    return {"losses": done.losses, "notices": done.notices}


def _dispatch(node: Node, body: Any) -> dict[str, Any]:
    done = moving.dispatch(node, body)
    return {"entry": done.entry, "waybill": done.waybill} | _noticed(done)


def _arrival(node: Node, body: Any) -> dict[str, Any]:
    done = moving.arrive(node, body)
    return {"entry": done.entry, "missing": done.missing} | _noticed(done)


def _move(write: Callable[[Any, Any], moving.Moved]) -> Act:
    def act(node: Node, body: Any) -> dict[str, Any]:
        done = write(node, body)
        return {"entry": done.entry, "arrival": done.arrival} | _noticed(done)

    return act


def _about(write: Callable[[Any, str, Any], Any]) -> Callable[[Node, str, Any], dict[str, Any]]:
    return lambda node, about, body: {"entry": write(node, about, body).entry}


def _correct(node: Node, entry: str, body: Any) -> dict[str, Any]:
    done = correcting.correct(node, entry, body)
    return {"entry": done.entry, "variance": done.variance, "notices": done.notices}


def _same(node: Node, body: Any) -> dict[str, Any]:
    done = merging.same(node, body)
    return {"entry": done.entry, "notices": done.notices}


def _kit(write: Callable[..., Any]) -> Callable[[Node, str, KitsMadeIn], dict[str, Any]]:
    def act(node: Node, kit: str, body: KitsMadeIn) -> dict[str, Any]:
        with node.log.transaction():
            item = catalogue.find_item(node, kit).id
            line = LineIn(item=item, qty=body.qty, lot=body.lot)
            return {"entry": write(node, body.place, line, body.at, body.note).entry}

    return act


def _item(node: Node, body: Any) -> dict[str, Any]:
    near = [{"item": row.id, "name": row.name, "unit": row.unit} for row in catalogue.slips(node, body.name)]
    item, recorded = record.add_item(node, body)
    similar = near if recorded else []
    return {"entry": recorded.entry if recorded else None, "item": item, "similar": similar}


def _import(node: Node, body: ImportIn) -> dict[str, Any]:
    """Rows that can't be recorded are an error here, each named: nothing of the file was recorded."""
    try:
        data = base64.b64decode(body.data, validate=True)
    except ValueError:
        raise Malformed("The file isn't in base64.", kept=KEPT, fields={"data": "base64"}) from None
    try:
        sheet = sheets.of(body.name, data, IMPORT_INFLATED_BYTES_MAX)
        found = importer.take(node, sheet, body.kind, body.mapping, body.dry_run, body.again)
    except Problem as problem:
        problem.fields = problem.fields or {"data": problem.what}
        raise
    if problems := found["problems"]:
        lines = {f"line {one['line']} {one['column']}".strip(): one["reason"] for one in problems[:PROBLEMS_SHOWN]}
        raise OutOfRange(f"Rows that can't be recorded: {len(problems)}.", kept=KEPT, todo="Mend them.", fields=lines)
    return found


def _place(node: Node, body: Any) -> dict[str, Any]:
    with node.log.transaction():
        before = _head(node)
        place = record.add_place(node, body)
        after = _head(node)
    return {"entry": None if after == before else after.hex(), "place": place}


def _head(node: Node) -> bytes:
    """The id of the newest entry of this node."""
    return node.log.store.logs()[node.log.own].branches[0].head


ACTS: dict[str, Act] = {
    "receipts": _entry(record.receive),
    "distributions": _entry(record.distribute),
    "losses": _entry(record.lose),
    "counts": _count,
    "repacks": _entry(repacking.repack),
    "write-offs": _write_off,
    "dispatches": _dispatch,
    "arrivals": _arrival,
    "waybills": lambda node, body: papers.read(node, body.text),
    "moves": _move(moving.move),
    "returns": _move(runs.bring_back),
    "items": _item,
    "places": _place,
    "same-as": _same,
    "keeps": _entry(keeping.keep),
    "closings": _entry(closing.close),
    "needs": _entry(needing.add),
    "pledges": _entry(needing.pledge),
    "imports": _import,
    "templates": lambda node, body: msgspec.to_builtins(starting.start(node, body)),
    "alerts/seen": lambda node, body: {"seen": alerts.seen(node, body.entry)},
}


# What is written about a thing that the address names, by its id.
ABOUT: dict[str, Callable[[Node, str, Any], dict[str, Any]]] = {
    "entries/{entry}/void": _about(record.void),
    "entries/{entry}/correct": _correct,
    "entries/{entry}/redact": _about(redacting.redact),
    "kits/{kit}/build": _kit(repacking.assemble),
    "kits/{kit}/break": _kit(repacking.break_up),
    "needs/{need}/renew": _about(needing.renew),
    "needs/{need}/close": _about(needing.close),
}


def write(node: Node, name: str, body: Body) -> dict[str, Any]:
    """Records a fact. A name in the body that nothing bears is out of range: it is the address that exists."""
    try:
        return ACTS[name](node, body)
    except NotFound as error:
        raise _off(error, error.fields or {"body": error.what}) from None


def write_about(node: Node, name: str, about: str, body: Body) -> dict[str, Any]:
    """Records what is said about a thing; NotFound where there is none of this id."""
    try:
        return ABOUT[name](node, about, body)
    except NotFound as error:
        if not error.fields:
            raise
        raise _off(error, error.fields) from None


def _off(error: NotFound, fields: dict[str, str]) -> OutOfRange:
    return OutOfRange(error.what, kept=KEPT, todo=error.todo, fields=fields)
