"""The entries behind a figure of a statement: each line of a row opens down to what was written, and by whom."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from node import catalogue
from node.events import type_of
from node.fold import Node
from node.reporting import axes, movements
from node.reporting.asked import Cell, Scope, View, between
from node.reporting.axes import Axis, Key
from node.reporting.beside import BESIDE, SUMMARY, beside
from node.reporting.model import Column, Report, Values
from node.reporting.posting import IN_TRANSIT, sign
from node.reporting.statement import SLOTS, Books, slot
from node.reporting.worth import NO_RATES, Rates, amount
from node.telling import summary
from sync.errors import NotFound, OutOfRange
from sync.log import Folded

COLUMNS = (
    Column("at", "When", "time", "#date+occurred"),
    Column("entry", "Entry", "id", "#meta+entry"),
    Column("type", "Kind", "text", "#activity+type"),
    Column("recorded_by", "Recorded by", "text", "#org+reporting"),
    Column("place_name", "Place", "text", "#loc+name"),
    Column("item_name", "Item", "text", "#item+name"),
    Column("unit", "Unit", "text", "#item+unit"),
    Column("lot", "Lot", "text", "#item+lot"),
    Column("qty", "Quantity", "qty", "#item+qty+num", True),
    Column("currency", "Currency", "text", "#currency+code"),
    Column("value", "Value", "money", "#value+num", True),
    BESIDE,
    SUMMARY,
)
_CELLS = 400  # in one statement


class Figure(NamedTuple):
    """Which lines a figure is the sum of: accounts, by the sign that each has in it, and between which times (ms)."""

    sign: Callable[[str], int]
    since: int | None
    until: int | None


def figure(name: str, scope: Scope) -> Figure:
    """What a figure of a statement adds up."""
    if name not in SLOTS:
        raise OutOfRange(f"A statement has no figure {name!r}.", todo=f"Choose among {', '.join(SLOTS)}.")
    if name in ("opening", "closing"):
        return Figure(sign, None, _end(name, scope))
    if name in ("opening_in_transit", IN_TRANSIT):
        return Figure(lambda account: int(slot(account) == SLOTS[IN_TRANSIT]), None, _end(name, scope))
    return Figure(lambda account: int(slot(account) == SLOTS[name]), scope.since, scope.until)


def _end(name: str, scope: Scope) -> int | None:
    if not name.startswith("opening"):
        return scope.until
    return scope.since if scope.since is not None else -(2**63)  # before everything nothing was


class Line(NamedTuple):
    """One line behind a figure."""

    cell: Cell
    at: int
    n: int
    line: int
    qty: int


def lines(view: View, cells: Iterable[Cell], asked: Figure) -> Iterator[Line]:
    """The lines of cells that a figure adds up, cell by cell."""
    by_no = {cell.no: cell for cell in cells}
    for no, account, at, n, line, qty in _read(view, list(by_no), asked):
        if step := asked.sign(account):
            yield Line(by_no[no], at, n, line, step * int(qty))


def _read(view: View, nos: Sequence[int], asked: Figure) -> Iterator[tuple[Any, ...]]:
    within, moments = between(asked.since, asked.until)
    for start in range(0, len(nos), _CELLS):
        part = nos[start : start + _CELLS]
        where = f"cell IN ({','.join('?' * len(part))}) AND {within}"
        sql = f"SELECT cell, account, at, n, line, qty FROM movement WHERE {where}"
        yield from view.connection.execute(sql, [*part, *moments])


def behind(
    node: Node,
    scope: Scope,
    by: Sequence[str],
    row: Mapping[str, str],
    name: str,
    rates: Rates = NO_RATES,
    books: Books | None = None,
) -> Report:
    """The entries behind figure `name` of one row of a statement, in the order in which they took place.

    `row` holds what the row says in its first columns, those of ids and of what has none: all that is needed to tell
    it from others; a name will do for an id, and what isn't said may be anything. The quantities and values add up to
    the figure. NotFound where the statement has no such row.
    """
    told, opened = axes.chosen(by), books or (lambda: movements.up_to_date(node))
    asked = figure(name, scope)

    def _rows() -> Iterator[Values]:
        with opened() as connection:
            view = View(node, connection, scope, rates)
            found = list(lines(view, _cells(view, told, row), asked))
            entries = {entry.n: entry for entry in node.log.fetch(sorted({line.n for line in found}))}
            found.sort(key=lambda line: _order(line, entries[line.n]))
            made = [_row(view, line, entries[line.n]) for line in found]
        return iter(made)

    about = {**scope.about(), **row, "figure": name}
    return Report("entries-behind", f"Entries behind {name.replace('_', ' ')}", COLUMNS, _rows, about)


def _order(line: Line, entry: Folded) -> tuple[Any, ...]:
    """The same on every node: by what the entries say, not by numbers of this store."""
    cell = line.cell
    return line.at, entry.lamport, entry.id, line.line, cell.place, cell.item, cell.lot, line.qty


def _cells(view: View, told: Sequence[Axis], row: Mapping[str, str]) -> list[Cell]:
    """The cells of the row that says this."""
    key, held = axes.keys(view, told), view.cells()
    asked = [row.get(axis.columns[0].name) for axis in told]
    found = {one for one in map(key, held) if _is_asked(view, told, one, asked)}
    if held and not found:
        said = ", ".join(f"{name}={text}" for name, text in row.items())
        todo = "Say its item and currency, and what else it is told by, as the statement does: item=Rice, currency=PHP."
        raise NotFound(f"The statement has no row {said!r}.", kept="", todo=todo, fields={"row": "is not there"})
    return [cell for cell in held if key(cell) in found]


def _is_asked(view: View, told: Sequence[Axis], key: Key, asked: Sequence[str | None]) -> bool:
    """Whether a row is the one that is asked for, by ids or names."""
    pairs = zip(told, key, asked, strict=True)
    return all(text in (None, part) or (text and text in axis.say(view, part)[:2]) for axis, part, text in pairs)


def _row(view: View, line: Line, entry: Folded) -> tuple[Any, ...]:
    cell, words = line.cell, view.words
    return (
        line.at,
        entry.id.hex(),
        type_of(entry.fact),
        catalogue.team_name(words.teams, entry.node),
        words.place_name(cell.place),
        words.item_name(cell.item),
        words.item(cell.item).unit,
        cell.lot,
        line.qty,
        cell.unit[1],
        amount(line.qty * cell.unit[0]) if any(cell.unit) else None,
        beside(view.node, words, entry.fact),
        summary(words, entry.fact),
    )
