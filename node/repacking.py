"""Goods that became others: repacked freely, or by the recipe of a kit, built from its parts or broken up into them.

What took place is recorded, also where the books hold too little of a part. What is made keeps of what it is made of,
where nobody says otherwise: it expires with the first of it, and stays with its fund and its value.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from node import catalogue, inputs, kits, record
from node.catalogue import ItemRow
from node.events import Line, ReceiptLine, Repack
from node.fold import Node
from node.record import Recorded, lines_out, when
from node.requests import LineIn, ReceiptLineIn, RepackIn, RepackOutIn
from node.units import THOUSAND, format_qty
from sync.errors import OutOfRange, Problem

Kind = TypeVar("Kind", LineIn, RepackOutIn)
VALUE_PLACES = 10**9  # as many parts of a currency's unit as a value can tell apart


def repack(node: Node, body: RepackIn) -> Recorded:
    """Goods at a place became others. Lots that nobody named are taken first expired, first out."""
    with node.log.transaction():
        place, at = inputs.place(node, body.place), when(node, body.at)
        used = taken(node, place, body.used, at)
        return record.write(node, Repack(at, place, used, made_of(node, used, body.made), inputs.note(body.note)))


def taken(node: Node, place: str, lines: Sequence[LineIn], at: int, without: bytes = b"") -> list[Line]:
    """What was used up, lot by lot, as if the entry `without` had never been."""
    with _called("in"):
        return lines_out(node, place, inputs.rows(node, lines, least=1), at, without=without)


def made_of(node: Node, used: Sequence[Line], lines: Sequence[RepackOutIn]) -> list[ReceiptLine]:
    """What was made of used goods, with what is known of its lots."""
    with _called("out"):
        rows = inputs.rows(node, lines, least=1)
        told = _told(node, used, alone=len(rows) == 1)
        return [_made(node, told, i, *row) for i, row in enumerate(rows)]


@contextmanager
def _called(name: str) -> Iterator[None]:
    """Problems inside name their fields as those of this list."""
    try:
        yield
    except Problem as problem:
        problem.fields = {path.replace("lines", name, 1): why for path, why in problem.fields.items()}
        raise


# what is made keeps of what it is made of


@dataclass(frozen=True)
class _Told:
    """What used goods say of what is made: earliest expiry, common fund, and value in all where each is known.

    `alone` is set where one thing alone is made of them: then all of it is true of that.
    """

    expiry: str
    fund: str
    worth: Fraction | None  # of all, in thousandths of the currency
    currency: str
    alone: bool


def _told(node: Node, used: Sequence[Line], alone: bool) -> _Told:
    known = [_lot(node, line) for line in used]
    funds, currencies = ({lot[name] for lot in known} for name in (1, 3))
    worths = [_worth(line.qty, lot[2]) for line, lot in zip(used, known, strict=True)]
    return _Told(
        min((lot[0] for lot in known if lot[0]), default=""),
        funds.pop() if len(funds) == 1 else "",
        sum(filter(None, worths), Fraction()) if None not in worths and len(currencies) == 1 else None,
        currencies.pop() if len(currencies) == 1 else "",
        alone,
    )


def _lot(node: Node, line: Line) -> tuple[str, str, str, str]:
    """Expiry, fund, value and currency of a used lot, as far as they are known."""
    sql = "SELECT expiry, fund, value, currency FROM lot WHERE item = ? AND lot = ?"
    rows = catalogue.query(node, sql, line.item, line.lot) if line.lot else []
    return (rows or [("", "", "", "")])[0]


def _worth(qty: int, value: str) -> Fraction | None:
    try:
        return qty * Fraction(value)
    except (ValueError, ZeroDivisionError):
        return None


def _made(node: Node, told: _Told, i: int, item: ItemRow, qty: int, line: RepackOutIn) -> ReceiptLine:
    """A line of what was made; where it names a lot, that lot is known or isn't, but no other's."""
    said = ReceiptLineIn(item=line.item, qty=line.qty, lot=line.lot, batch=line.batch, expiry=line.expiry)
    read = inputs.receipt_line(i, item, qty, said)
    if inputs.lot(f"lines.{i}.", line.lot):
        return read
    expiry = read.expiry or (told.expiry if told.alone or _expires(node, item.id) else "")
    value = _value(told, qty)
    known = (read.batch, expiry, told.fund, value, told.currency if value else "")
    return ReceiptLine(item.id, qty, inputs.lot_id(known), *known)


def _expires(node: Node, item: str) -> bool:
    """Whether an item is one that expires: some lot of it does."""
    return bool(catalogue.query(node, "SELECT 1 FROM lot WHERE item = ? AND expiry <> '' LIMIT 1", item))


def _value(told: _Told, qty: int) -> str:
    """The value of one unit where it can be told to the last place: a value is never rounded."""
    if told.worth is None or not told.alone:
        return ""
    parts = told.worth * VALUE_PLACES / qty
    return format((Decimal(parts.numerator) / VALUE_PLACES).normalize() + 0, "f") if parts.denominator == 1 else ""


# kits


def assemble(node: Node, place: str, kit: LineIn, at: str | None = None, note: str | None = None) -> Recorded:
    """Kits were built at a place: from kits inside them that are on hand first, then from parts."""
    with node.log.transaction():
        spot, row, qty = _read(node, place, kit)
        plan = kits.plan_at(node, spot, row.id, qty)
        made = [RepackOutIn(item=row.id, qty=format_qty(qty), lot=kit.lot), *_lines(plan.left.items(), RepackOutIn)]
        return repack(node, RepackIn(place=spot, used=_lines(plan.used, LineIn), made=made, at=at, note=note))


def break_up(node: Node, place: str, kit: LineIn, at: str | None = None, note: str | None = None) -> Recorded:
    """Kits at a place were broken up into what their recipe says; kits inside them stay whole."""
    with node.log.transaction():
        spot, row, qty = _read(node, place, kit)
        parts = {item: part * qty // THOUSAND for item, part in kits.recipe_of(node, row)}
        used = [LineIn(item=row.id, qty=format_qty(qty), lot=kit.lot)]
        return repack(node, RepackIn(place=spot, used=used, made=_lines(parts.items(), RepackOutIn), at=at, note=note))


def _read(node: Node, place: str, kit: LineIn) -> tuple[str, ItemRow, int]:
    """The place, the kit, and how many of it, which is a whole number."""
    spot = inputs.place(node, place)
    with inputs.field("kit"):
        row = inputs.known_item(node, kit.item)
        kits.recipe_of(node, row)
    with inputs.field("qty"):
        qty = inputs.qty(kit.qty, row, least=1)
        if qty % THOUSAND:
            raise OutOfRange(f"{format_qty(qty)} kits can't be.", todo="Write a whole number of kits.")
    return spot, row, qty


def _lines(amounts: Iterable[tuple[str, int]], kind: Callable[..., Kind]) -> list[Kind]:
    return [kind(item=item, qty=format_qty(qty)) for item, qty in amounts]
