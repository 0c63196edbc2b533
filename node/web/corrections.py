"""A correction as it is filled in: an entry as it was recorded, each field to be changed where it is wrong."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from node import catalogue, inputs
from node.events import LOSS_REASONS, URGENCIES, Arrival, Need, Pledge, Receipt, ReceiptLine, Repack
from node.requests import CorrectIn, CorrectLineIn, LineIn, RepackOutIn
from node.running import Node
from node.units import format_qty
from node.web import drafts
from node.web.drafts import COUNT_FIELDS, LOT_FIELDS, DraftLine
from sync.errors import Problem

TEXTS = (  # what an entry may say beside its lines, in the order of the form
    *("place", "to", "site", "source", "reason", "urgency", *COUNT_FIELDS, "until"),
    *("vehicle", "driver", "seal", "waybill", "need", "at", "note"),
)
TIMES = ("at", "until")
RUINED = ("damaged", "missing")
ONE_OF = {"reason": LOSS_REASONS, "urgency": URGENCIES}
_LISTS = {"in": "used", "out": "made", "lines": "lines"}  # the form's and the API's names for a fact's lists


@dataclass
class CorrectLine(DraftLine):
    """One line as typed. `was` is the number of the entry's line that it was, empty for one that is new."""

    damaged: str = ""
    missing: str = ""
    was: str = ""

    @property
    def said(self) -> list[str]:
        """All that a person can change of it."""
        return [self[name].strip() for name in ("item", "qty", *LOT_FIELDS, *RUINED)]

    @property
    def empty(self) -> bool:
        """Whether it is left out: it says nothing, or its quantity was taken out of a line that was there."""
        return not any(self.said) or (bool(self.was) and not any(self[name].strip() for name in ("qty", *RUINED)))


@dataclass
class Correction:
    """The form: a text for each field of the entry, and its lines; a repack's are on two sides, used and made."""

    key: str
    texts: dict[str, str]
    sides: dict[str, list[CorrectLine]]
    why: str = ""
    errors: dict[str, str] = field(default_factory=dict)


def more_of(fact: object, side: str) -> tuple[str, ...]:
    """What a line says besides its item and its quantity."""
    if isinstance(fact, Receipt):
        return ("lot", "batch", "expiry", "value", "currency", "fund")
    if isinstance(fact, Repack):
        return ("lot",) if side == "in" else ("lot", "batch", "expiry")
    if isinstance(fact, Arrival):
        return ("lot", *RUINED)
    return () if isinstance(fact, Need | Pledge) else ("lot",)


# as it was recorded


def recorded(node: Node, key: str, fact: Any) -> Correction:
    """An entry as a form."""
    texts = {name: _text(fact, name) for name in TEXTS if name in fact.__struct_fields__}
    return Correction(key, texts, {side: _lines(node, fact, side) for side in sides_of(fact)})


def sides_of(fact: object) -> tuple[str, ...]:
    """The lists of lines that an entry has, by their names in the form."""
    return ("in", "out") if isinstance(fact, Repack) else ("lines",)


def _text(fact: Any, name: str) -> str:
    value = getattr(fact, name)
    if value is None:
        return ""
    return _clock(value) if name in TIMES else str(value)


def _clock(ms: int) -> str:
    """A time on this node's own clock face, as forms hold it; empty where it is out of all calendars."""
    try:
        return dt.datetime.fromtimestamp(ms // 1000).strftime("%Y-%m-%dT%H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def _lines(node: Node, fact: object, side: str) -> list[CorrectLine]:
    lines: Sequence[Any] = getattr(fact, _LISTS[side])
    labels = {row.id: row.label for row in catalogue.item_rows(node, sorted({line.item for line in lines}))}
    return [_line(labels, more_of(fact, side), i, line) for i, line in enumerate(lines)]


def _line(labels: Mapping[str, str], more: Sequence[str], at: int, line: Any) -> CorrectLine:
    texts: dict[str, Any] = {name: getattr(line, name) or "" for name in more if name not in RUINED}
    if isinstance(line, ReceiptLine) and _is_made_up(line):
        texts["lot"] = ""
    texts |= {name: format_qty(getattr(line, name)) if getattr(line, name) else "" for name in RUINED if name in more}
    return CorrectLine(labels.get(line.item, line.item), format_qty(line.qty), **texts, was=str(at))


def _is_made_up(line: ReceiptLine) -> bool:
    """Whether nobody gave the lot its name: it was made from what is known of it, and follows that."""
    return line.lot == inputs.lot_id([line.batch, line.expiry, line.fund, line.value, line.currency])


# as it was typed


def typed(form: "MultiDict[str, str]", before: Correction) -> Correction:
    """What the browser sent; a field that it didn't send is as it was."""
    texts = {name: form.get(name, text).strip() for name, text in before.texts.items()}
    sides = {side: _columns(form, side) or lines for side, lines in before.sides.items()}
    return Correction(before.key, texts, sides, form.get("why", "").strip())


def _columns(form: "MultiDict[str, str]", side: str) -> list[CorrectLine]:
    columns = {name: form.getlist(f"{side}-{name}") for name in ("item", "qty", *LOT_FIELDS, *RUINED, "was")}
    count = len(columns["item"])
    rows: list[dict[str, Any]] = [
        {name: col[i] if i < len(col) else "" for name, col in columns.items()} for i in range(count)
    ]
    return [CorrectLine(**row) for row in rows]


def body(node: Node, fact: object, before: Correction, now: Correction) -> CorrectIn | None:
    """What is different, to be recorded; None, with `errors`, where something is off."""
    changed: dict[str, Any] = {name: text for name, text in now.texts.items() if text != before.texts[name]}
    for name in COUNT_FIELDS:
        if name in changed:
            changed[name] = _count(now.errors, name, changed[name])
    for name, words in ONE_OF.items():
        if name in changed and changed[name] not in words:
            now.errors[name] = "Choose one of these."
    for side in now.sides:
        changed |= _changed_lines(node, fact, side, before, now)
    return None if now.errors else CorrectIn(why=now.why, **changed)


def _count(errors: dict[str, str], name: str, text: str) -> int:
    plain = "".join(text.split())
    if plain.isascii() and plain.isdigit() and len(plain) <= 9:
        return int(plain)
    errors[name] = "A whole number; nought if it was nobody."
    return 0


def _changed_lines(node: Node, fact: Any, side: str, before: Correction, now: Correction) -> dict[str, Any]:
    """A list of lines where it is another one now; lines that are left out are taken off the form."""
    now.sides[side] = lines = [line for line in now.sides[side] if not line.empty]
    if [line.said for line in lines] == [line.said for line in before.sides[side]]:
        return {}
    found = []
    for i, line in enumerate(lines):
        old = _old(before, side, line)
        same = old is not None and line.item.strip() == old.item
        item = getattr(fact, _LISTS[side])[int(line.was)].item if same else line.item
        meant = DraftLine(item, line.qty if line.qty.strip() else "0" if line.damaged or line.missing else "")
        drafts.check_line(node, now.errors, f"{side}.{i}", meant)
        line.picks = meant.picks
        lot = "" if old and not same and not isinstance(fact, Receipt) and line.lot == old.lot else line.lot.strip()
        found.append(_line_in(fact, side, meant, line, lot))
    return {_LISTS[side]: found}


def _old(before: Correction, side: str, line: CorrectLine) -> CorrectLine | None:
    """The line of the entry that this one was."""
    lines = before.sides[side]
    return lines[int(line.was)] if line.was in map(str, range(len(lines))) else None


def _line_in(fact: object, side: str, meant: DraftLine, line: CorrectLine, lot: str) -> Any:
    """A line for the record. What a receipt says of its lot is said in full: an emptied field takes it out."""
    item, qty = meant.item, meant.qty
    if side == "in":
        return LineIn(item=item, qty=qty, lot=lot or None)
    if side == "out":
        return RepackOutIn(item=item, qty=qty, lot=lot or None, batch=line.batch or None, expiry=line.expiry or None)
    if isinstance(fact, Receipt):
        return CorrectLineIn(item=item, qty=qty, **{name: line[name].strip() for name in LOT_FIELDS})
    ruined = {name: line[name].strip() or "0" for name in RUINED} if isinstance(fact, Arrival) else {}
    return CorrectLineIn(item=item, qty=qty, lot=lot or None, **ruined)


def blame(now: Correction, problem: Problem) -> None:
    """Say what was wrong where it was typed; what belongs to no field stands at the top."""
    names = ("item", "qty", *LOT_FIELDS, *RUINED)
    known = {f"{side}.{i}.{name}" for side, lines in now.sides.items() for i in range(len(lines)) for name in names}
    for name, why in problem.fields.items():
        now.errors[name if name in (*known, *now.texts, *now.sides, "why") else "form"] = why
    now.errors = now.errors or {"form": problem.what}
    if problem.todo and len(now.errors) == 1:
        (name,) = now.errors
        now.errors[name] = f"{problem.what} {problem.todo}"
