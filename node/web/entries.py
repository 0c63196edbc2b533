"""The log and single entries, with undo for our own."""

from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from node import catalogue, needs, queries, record, redacting
from node.access import gate
from node.events import (
    Arrival,
    Count,
    CountLine,
    Dispatch,
    Distribution,
    Fact,
    Line,
    Loss,
    Need,
    Receipt,
    Redaction,
    Repack,
    Void,
    is_entry_id,
)
from node.requests import RedactIn, VoidIn
from node.units import format_qty
from node.web import choices, context, correcting, news, words
from sync.errors import Problem
from sync.log import Folded

ROWS_SHOWN = 30
MISTAKE = "Entered by mistake"
_FORM_OF: dict[type, str] = {
    Receipt: "record/receive",
    Distribution: "record/drop",
    Loss: "record/loss",
    Count: "record/count",
    Dispatch: "record/send",
    Repack: "repack",
}
MOVABLE = (*_FORM_OF, Arrival)


def show_all() -> str:
    """The latest entries of all, or of this node."""
    own, after = request.args.get("own") == "1", request.args.get("after") or None
    rows = queries.log(context.node(), limit=ROWS_SHOWN + 1, before=after, own=own)
    return context.render(
        "entries.html",
        tab="log",
        json="/api/v1/entries" + ("?own=1" if own else ""),
        rows=rows[:ROWS_SHOWN],
        own=own,
        after=rows[ROWS_SHOWN - 1]["entry"] if len(rows) > ROWS_SHOWN else None,
    )


def show(entry: str) -> str:
    """One entry in full; right after it was recorded, with a word that it was."""
    return _page(entry, fresh=request.args.get("fresh", ""))


def undo(entry: str) -> Response | tuple[str, int]:
    """Undo one of our own entries, with a reason."""
    visitor, why = context.visitor(), request.form.get("why", "")
    assert visitor is not None
    gate().count_write(visitor)
    try:
        record.void(context.node(), entry, VoidIn(why=why))
    except Problem as problem:
        if problem.status >= 429 or problem.status == 404:
            raise
        said = f"{problem.what} {problem.todo}".strip()
        return _page(entry, why=why, undo_error=said), problem.status
    return redirect(f"/entries/{entry}", 303)


def redact(entry: str) -> Response | tuple[str, int]:
    """Take the words out of one of our own entries."""
    visitor = context.visitor()
    assert visitor is not None
    gate().count_write(visitor)
    try:
        redacting.redact(context.node(), entry, RedactIn(why=request.form.get("redact_why") or None))
    except Problem as problem:
        if problem.status >= 429 or problem.status == 404:
            raise
        return _page(entry, redact_error=f"{problem.what} {problem.todo}".strip()), problem.status
    return redirect(f"/entries/{entry}?redacted=1", 303)


def _page(entry: str, fresh: str = "", why: str = "", undo_error: str = "", redact_error: str = "") -> str:
    node = context.node()
    found = record.find_entry(node, entry)
    fact = found.fact
    row = _row(found)
    place = getattr(fact, "place", "")
    movable = type(fact) in MOVABLE
    return context.render(
        "entry.html",
        tab="log",
        entry=found.id.hex(),
        fresh=fresh if fresh in ("new", "again") else "",
        title=_title(row, place),
        author=row["team"] if row else "",
        void=row and row["void"],
        below=news.doubts(node, found, row) if fresh else [],
        coming=news.coming(node, found) if fresh else [],
        lines=_lines(fact),
        counted=isinstance(fact, Count),
        transfer=_transfer(found),
        need=_need(found),
        asks=isinstance(fact, Need) and not (row and row["void"]),
        facts=_facts(found, row),
        place=place if movable else "",
        again=_FORM_OF.get(type(fact)) if found.node == node.keys.node else None,
        can_undo=_ours_to_undo(found) and not (row and row["void"]),
        can_correct=correcting.can(found),
        corrects=row and row["corrects"],
        dependents=row["dependents"] if row else [],
        why=why or (MISTAKE if fresh == "new" else ""),
        undo_error=undo_error,
        can_redact=redacting.has_words(node, found),
        redact_error=redact_error,
        redacted=redacting.LEAVES if request.args.get("redacted") else "",
        key=context.fresh_key(),
    )


def _ours_to_undo(entry: Folded) -> bool:
    fact = entry.fact
    return entry.node == context.node().keys.node and isinstance(fact, Fact) and not isinstance(fact, Void | Redaction)


def _transfer(entry: Folded) -> str:
    """The dispatch (hex id) that an entry is of, or names."""
    if isinstance(entry.fact, Dispatch):
        return entry.id.hex()
    return entry.fact.dispatch if isinstance(entry.fact, Arrival) else ""


def _need(entry: Folded) -> str:
    """The need (hex id) that an entry says, or is for; empty where nothing is known of one."""
    if isinstance(entry.fact, Need):
        return entry.id.hex()
    need = getattr(entry.fact, "need", "")
    return need if is_entry_id(need) and needs.one(context.node(), need) else ""


def _title(row: dict[str, Any] | None, place: str) -> str:
    if row is None:
        return "An entry of the node itself"
    if row["type"] == "dispatch":
        return str(row["summary"])
    if row["type"] in words.VERBS:
        return f"{words.VERBS[row['type']]} at {choices.name_of_place(context.node(), place)}"
    return str(row["summary"])


def _row(entry: Folded) -> dict[str, Any] | None:
    """The entry as the log tells it."""
    return queries.entry(context.node(), entry)


def _lines(fact: object) -> list[dict[str, Any]]:
    """Lines with the items' names and decimal quantities."""
    lines: list[Any] = [*fact.used, *fact.made] if isinstance(fact, Repack) else getattr(fact, "lines", [])
    node = context.node()
    names = {row.id: row.label for row in catalogue.item_rows(node, list({line.item for line in lines}))}
    return [
        {
            "name": names.get(line.item, line.item),
            "qty": format_qty(line.qty),
            "known": _known(line),
            "short": _short(line),
            "side": ("used" if isinstance(line, Line) else "made") if isinstance(fact, Repack) else "",
            "expected": format_qty(line.expected) if isinstance(line, CountLine) else "",
        }
        for line in lines
    ]


def _known(line: Any) -> str:
    """What a line says of its lot, in a few words."""
    said = [("lot", "lot"), ("batch", "batch"), ("expires", "expiry"), ("fund", "fund")]
    parts = [f"{word} {text}" for word, name in said if (text := getattr(line, name, ""))]
    if value := getattr(line, "value", ""):
        parts.append(f"{words.number(value)} {line.currency} each".replace("  ", " "))
    return ", ".join(parts)


def _short(line: Any) -> str:
    """What of a line came damaged or is given up, in a few words."""
    parts = [(name, getattr(line, name, 0)) for name in ("damaged", "missing")]
    return ", ".join(f"{format_qty(qty)} {name}" for name, qty in parts if qty)


def _facts(entry: Folded, row: dict[str, Any] | None) -> list[tuple[str, Any]]:
    """What else the entry says, in the order in which people ask."""
    fact, node = entry.fact, context.node()
    place, site = getattr(fact, "place", ""), getattr(fact, "site", "")
    found = [
        ("Place", choices.name_of_place(node, place) if place else ""),
        ("Handed out at", choices.name_of_place(node, site) if site else ""),
        ("From", getattr(fact, "source", "")),
        ("To", choices.name_of_place(node, fact.to) if isinstance(fact, Dispatch) else ""),
        *((name.capitalize(), getattr(fact, name, "")) for name in ("waybill", "vehicle", "driver", "seal")),
        ("Why", getattr(fact, "reason", "")),
        ("People", getattr(fact, "people", None)),
        ("Households", getattr(fact, "households", None)),
        ("Note", getattr(fact, "note", "")),
    ]
    if row:
        found += [("When", words.moment(row["at"])), ("Written", words.moment(row["recorded"]))]
        if row["void"]:
            found.append(("Undone because", row["void"]["why"]))
    return [(label, value) for label, value in found if value not in ("", None)]
