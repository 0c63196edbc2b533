"""A record form as it was filled in: kept whole until it is recorded, with what is wrong beside each field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from werkzeug.datastructures import MultiDict

from node import catalogue
from node.catalogue import ItemRow
from node.events import LOSS_REASONS, URGENCIES
from node.requests import (
    Body,
    CountIn,
    DispatchIn,
    DistributionIn,
    LineIn,
    LossIn,
    MoveIn,
    NeedIn,
    PledgeIn,
    ReceiptIn,
    ReceiptLineIn,
)
from node.running import Node
from node.units import parse_packed
from node.web import choices
from sync.errors import Malformed, Problem

BLANK_LINES = 3
LOT_FIELDS = ("lot", "batch", "expiry", "fund", "value", "currency")
PAPER_FIELDS = ("vehicle", "driver", "seal")
ASKED_FIELDS = ("need", "urgency", "until")
COUNT_FIELDS = ("people", "households")
TEXT_FIELDS = (
    *("place", "to", "source", "reason", "site", "at", "note", "sheet"),
    *(*PAPER_FIELDS, *ASKED_FIELDS, *COUNT_FIELDS),
)
LONG_NAME_CHARS = 18  # more than a narrow field shows


@dataclass
class DraftLine:
    """One line as typed; `picks` are items that it may have meant."""

    item: str = ""
    qty: str = ""
    lot: str = ""
    batch: str = ""
    expiry: str = ""
    fund: str = ""
    value: str = ""
    currency: str = ""
    hint: str = ""
    fixed: bool = False
    picks: list[ItemRow] = field(default_factory=list)

    @classmethod
    def typed(cls, texts: dict[str, Any]) -> "DraftLine":
        """A line from its fields' texts."""
        return cls(**texts)

    def __getitem__(self, name: str) -> str:
        return str(getattr(self, name))

    @property
    def has_lot(self) -> bool:
        """Whether anything but item and quantity was typed."""
        return any(self[name] for name in LOT_FIELDS)

    @property
    def blank(self) -> bool:
        """Whether the line says nothing: it is left out."""
        return not (self.item.strip() or self.qty.strip() or self.has_lot)

    @property
    def packs(self) -> bool:
        """Whether letters are needed in the quantity: "6case"."""
        return " of " in self.hint


@dataclass
class Draft:
    """A whole form. `errors` maps a field, or "form", to a sentence; an empty dict means that all can be recorded."""

    key: str
    lines: list[DraftLine]
    place: str = ""
    to: str = ""
    vehicle: str = ""
    driver: str = ""
    seal: str = ""
    need: str = ""  # the entry id of the need that it is for
    urgency: str = ""
    until: str = ""
    source: str = ""
    reason: str = ""
    site: str = ""
    people: str = ""
    households: str = ""
    at: str = ""
    note: str = ""
    sheet: str = ""  # "1": a count sheet, whose items aren't typed
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_form(cls, form: "MultiDict[str, str]", key: str) -> "Draft":
        """What the browser sent, line by line."""
        columns = {name: form.getlist(name) for name in ("item", "qty", *LOT_FIELDS)}
        count = max(len(column) for column in columns.values())
        rows = [{name: column[i] if i < len(column) else "" for name, column in columns.items()} for i in range(count)]
        texts: dict[str, Any] = {name: form.get(name, "") for name in TEXT_FIELDS}
        return cls(key, [DraftLine.typed(row) for row in rows] or [DraftLine()], **texts)

    def add_lines(self, count: int = BLANK_LINES) -> None:
        """Room for more."""
        self.lines.extend(DraftLine() for _ in range(count))

    def pick(self, node: Node, choice: str) -> None:
        """Settle which item a line means: "LINE:ITEM", from a button beside the line."""
        at, _, item = choice.partition(":")
        rows = catalogue.item_rows(node, [item])
        if at in map(str, range(len(self.lines))) and rows:
            self.lines[int(at)].item = rows[0].label

    def blame(self, problem: Problem) -> None:
        """Say what was wrong where it was typed; what belongs to no field stands at the top."""
        known = {f"lines.{i}.{name}" for i in range(len(self.lines)) for name in ("item", "qty", *LOT_FIELDS)}
        for name, why in problem.fields.items():
            self.errors[name if name in known or name in (*TEXT_FIELDS, "lines") else "form"] = why
        if not problem.fields:
            self.errors["form"] = problem.detail
        if problem.todo and len(self.errors) == 1:
            (name,) = self.errors
            self.errors[name] = f"{problem.what} {problem.todo}".strip()


def show_hints(node: Node, draft: Draft) -> None:
    """Each line's unit and packs, as far as its item is known, and its whole name where the field is too narrow."""
    for line in draft.lines:
        line.fixed = show_hint(node, line) and bool(draft.sheet)


def show_hint(node: Node, line: DraftLine) -> bool:
    """The hint of one line; whether its item is known."""
    row = _item(node, line.item) if line.item.strip() else None
    if row:
        long = [row.name] if len(line.item) > LONG_NAME_CHARS else []
        line.hint = " · ".join([*long, choices.hint(row)])
    return row is not None


def read(node: Node, draft: Draft, kind: type[Body]) -> Body | None:
    """The draft as a body to be recorded; None, with `errors`, where something is off.

    Blank lines are left out. Everything wrong is found at once, so that nobody has to send a form five times.
    """
    draft.errors.clear()
    if not draft.place:
        draft.errors["place"] = "Choose the place."
    if kind in (DispatchIn, MoveIn) and not draft.to:
        draft.errors["to"] = "Choose where it goes."
    lines = [(i, line) for i, line in enumerate(draft.lines) if not line.blank]
    if not lines:
        draft.errors["lines.0.item"] = "Say at least one item and how much of it."
    for i, line in lines:
        check_line(node, draft.errors, f"lines.{i}", line)
    counts = {name: _count(draft, name) for name in COUNT_FIELDS}
    if kind is LossIn and draft.reason not in LOSS_REASONS:
        draft.errors["reason"] = "Say why it is gone."
    if draft.errors:
        return None
    draft.lines = [line for _, line in lines]  # errors of the record count the lines that it was given
    return _body(draft, kind, counts)


def check_line(node: Node, errors: dict[str, str], path: str, line: DraftLine) -> None:
    """Find what is wrong with a line's item and quantity; `path` is the line's, such as `lines.0`."""
    item = f"{path}.item"
    row = None
    if not line.item.strip():
        errors[item] = "Which item?"
    else:
        row = _item(node, line.item)
        if row is None:
            line.picks = choices.picks(node, line.item)
            errors[item] = "Which of these?" if line.picks else "No item is called that yet."
    try:
        parse_packed(line.qty, row.packs if row else {})
    except Problem as problem:
        errors[f"{path}.qty"] = problem.what if line.qty.strip() else "How much?"


def _item(node: Node, text: str) -> ItemRow | None:
    try:
        return catalogue.find_item(node, text)
    except Problem:
        return None


def _count(draft: Draft, name: str) -> int | None:
    text = "".join(getattr(draft, name).split())
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    draft.errors[name] = "A whole number, or leave it empty."
    return None


def _body(draft: Draft, kind: type[Body], counts: dict[str, Any]) -> Body:
    common: dict[str, Any] = {"place": draft.place, "at": draft.at or None, "note": draft.note or None}
    if kind is ReceiptIn:
        return ReceiptIn(lines=[_receipt_line(line) for line in draft.lines], source=draft.source or None, **common)
    lines = [LineIn(item=line.item, qty=line.qty, lot=line.lot.strip() or None) for line in draft.lines]
    if kind is DistributionIn:
        return DistributionIn(lines=lines, site=draft.site or None, need=draft.need or None, **counts, **common)
    if kind is LossIn:
        return LossIn(lines=lines, reason=cast(Any, draft.reason), **common)
    if kind is DispatchIn:
        papers: dict[str, Any] = {name: getattr(draft, name) or None for name in PAPER_FIELDS}
        return DispatchIn(to=draft.to, lines=lines, need=draft.need or None, **papers, **common)
    if kind is MoveIn:
        return MoveIn(to=draft.to, lines=lines, **common)
    if kind is CountIn:
        return CountIn(lines=lines, **common)
    until = draft.until or None
    if kind is NeedIn:
        urgency = cast(Any, draft.urgency or URGENCIES[0])
        return NeedIn(lines=lines, people=counts["people"], urgency=urgency, until=until, **common)
    if kind is PledgeIn:
        return PledgeIn(lines=lines, need=draft.need or None, until=until, **common)
    raise Malformed("There is no such form.")


def _receipt_line(line: DraftLine) -> ReceiptLineIn:
    lot = {name: line[name].strip() or None for name in LOT_FIELDS}
    return ReceiptLineIn(item=line.item, qty=line.qty, **lot)


def pick_of_sides(node: Node, sides: Mapping[str, Sequence[DraftLine]], choice: str) -> None:
    """Settle which item a line means, where lines stand on several sides: "SIDE:LINE:ITEM"."""
    side, _, rest = choice.partition(":")
    at, _, item = rest.partition(":")
    lines, rows = sides.get(side, ()), catalogue.item_rows(node, [item])
    if at in map(str, range(len(lines))) and rows:
        lines[int(at)].item = rows[0].label
