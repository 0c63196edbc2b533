"""Reads one row of a sheet into what it says of stock, an item or a place, and notes what is wrong with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from msgspec import Struct, structs

from node import codes
from node.importing import values
from node.importing.sheets import Row
from node.recipes import MEASURE_MAX
from node.units import format_degrees, parse_degrees
from sync.errors import Problem

MEASURES = {  # by field: what it tells, and how many of ours one of it is
    "weight_kg": ("weight", 1000),
    "weight_g": ("weight", 1),
    "volume_l": ("volume", 1000),
    "volume_m3": ("volume", 1_000_000),
}
SCHEME = "code"  # of codes whose catalogue a file doesn't name


@dataclass(frozen=True)
class Trouble:
    """Why a row can't be recorded: the line on which it begins, the column's name, the reason in words."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"Line {self.line}{f', {self.column}' if self.column else ''}: {self.reason}"


def by_line(troubles: Sequence[Trouble]) -> list[dict[str, Any]]:
    """Troubles as {line, column, reason}, in the order of the file."""
    return [
        {"line": trouble.line, "column": trouble.column, "reason": trouble.reason}
        for trouble in sorted(troubles, key=lambda trouble: trouble.line)
    ]


class Thing(Struct, frozen=True):
    """An item as a row names it; what the row leaves open is empty."""

    name: str
    unit: str
    codes: tuple[tuple[str, str], ...] = ()  # pairs of scheme and code
    category: str = ""
    told: tuple[tuple[str, int | str], ...] = ()  # of one unit: weight in g, volume in ml, value and its currency

    @property
    def label(self) -> str:
        """Its name, or else its code."""
        return self.name or self.codes[0][1]


class ItemLine(Struct, frozen=True):
    """A row of a file of items."""

    line: int
    thing: Thing


class StockLine(Struct, frozen=True):
    """A row of a file of stock: so much of a thing at a place. `qty` and `value` are decimals, dates YYYY-MM-DD."""

    line: int
    place: str
    thing: Thing
    qty: str
    source: str = ""
    at: str = ""
    lot: str = ""
    batch: str = ""
    expiry: str = ""
    fund: str = ""
    value: str = ""
    currency: str = ""


class PlaceLine(Struct, frozen=True):
    """A row of a file of places; `kind` and coordinates (decimal degrees) may be empty."""

    line: int
    place: str
    kind: str
    lat: str
    lon: str


class KitLine(Struct, frozen=True):
    """A row of a file of kits: so much of a thing goes into one of a kit."""

    line: int
    kit: str
    thing: Thing
    qty: str


Line = ItemLine | StockLine | PlaceLine | KitLine


def decimal_mark(rows: Sequence[Row], found: Mapping[str, int], delimiter: str) -> str:
    """The decimal sign of a sheet's quantities and values; empty where nothing tells it.

    Programs that part cells by commas write points. People's spreadsheets with semicolons may do either.
    """
    numeric = [found[name] for name in ("qty", "value", *MEASURES) if name in found]
    texts = [row.cells[i] for row in rows for i in numeric if i < len(row.cells)]
    by_program = delimiter == "," and not any(values.COMMA in text for text in texts)
    return values.mark_of(texts) or (values.POINT if by_program else "")


class Cells:
    """One row's cells by field; `found` is the column of each field. What can't be read is noted as a trouble.

    What is odd, and kept as it is, is among the `warnings`.
    """

    def __init__(self, row: Row, header: Sequence[str], found: Mapping[str, int], mark: str) -> None:
        self.line, self.mark, self.troubles, self.warnings = row.line, mark, list[Trouble](), list[Trouble]()
        self._header, self._found, self._cells = header, found, row.cells
        if row.flaw:
            self.trouble("", row.flaw)
        elif any(row.cells[len(header) :]):
            self.trouble("", "there are more cells than columns: a comma inside a cell needs quotation marks around it")

    def trouble(self, name: str, reason: str) -> None:
        """Note what is wrong with a field, or with the whole row."""
        self.troubles.append(Trouble(self.line, self._column(name), reason))

    def warn(self, name: str, reason: str) -> None:
        """Note what is odd about a field that is taken as it is."""
        self.warnings.append(Trouble(self.line, self._column(name), reason))

    def _column(self, name: str) -> str:
        return self._header[self._found[name]] if name in self._found else ""

    def has(self, name: str) -> bool:
        """Whether there is anything in a field's cell."""
        return bool(self.raw(name))

    def raw(self, name: str) -> str:
        """A field's cell as it stands; empty where there is none."""
        column = self._found.get(name, len(self._cells))
        return self._cells[column] if column < len(self._cells) else ""

    def get(self, name: str, read: Callable[[str], str] = values.word, empty: str = "") -> str:
        """A field's value; `empty` where its cell is."""
        text = self.raw(name)
        if not text:
            return empty
        try:
            return read(text)
        except ValueError as error:
            self.trouble(name, str(error))
        except Problem as problem:
            self.trouble(name, problem.what.rstrip("."))
        return empty

    def needed(self, name: str, read: Callable[[str], str] = values.word) -> str:
        """The value of a field that can't be left out."""
        if not self.has(name) and name in self._found:
            self.trouble(name, "it is empty")
        return self.get(name, read)


def read(kind: str, cells: Cells) -> Line | None:
    """What a row says; None where it has troubles, which `cells` then holds."""
    if cells.troubles:
        return None
    line = _READ[kind](cells)
    return None if cells.troubles else line


def _thing(cells: Cells) -> Thing:
    if not (cells.has("item") or cells.has("code")):
        cells.trouble("item", "neither a name nor a code says which item this is")
    scheme = cells.get("scheme", empty=SCHEME).casefold()
    given = [(scheme, _code(cells, "code", scheme)), ("gtin", _code(cells, "gtin", "gtin"))]
    told = tuple((name, code) for name, code in given if code)
    return Thing(cells.get("item"), cells.get("unit"), told, cells.get("category"))


def _code(cells: Cells, name: str, scheme: str) -> str:
    """A code as it stands, also where it can't be one of its scheme: that is told, and is for people to look at."""
    code = cells.get(name)
    odd = codes.doubt(scheme, code) if code else ""
    if odd:
        cells.warn(name, odd.rstrip("."))
    return code


def _item(cells: Cells) -> Line:
    value = cells.get("value", partial(values.money, mark=cells.mark))
    worth = [("value", value), ("currency", cells.get("currency").upper())] if Decimal(value or 0) else []
    return ItemLine(cells.line, structs.replace(_thing(cells), told=(*_measures(cells), *worth)))


def _measures(cells: Cells) -> Iterator[tuple[str, int]]:
    """Weight in grams and volume in millilitres, in whole ones; nought means that nobody knows."""
    for name, (of, per) in MEASURES.items():
        try:
            amount = values.number(cells.raw(name), cells.mark) * per if cells.has(name) else Decimal()
        except ValueError as error:
            cells.warn(name, f"{error}, so that the item comes without it")
            continue
        whole = int(amount.to_integral_value(ROUND_HALF_UP)) if 0 < amount <= MEASURE_MAX else 0
        if whole:
            yield of, whole


def _stock(cells: Cells) -> Line:
    value = cells.get("value", partial(values.money, mark=cells.mark))
    return StockLine(
        cells.line,
        cells.needed("place"),
        _thing(cells),
        cells.needed("qty", partial(values.quantity, mark=cells.mark)),
        cells.get("source"),
        cells.get("at", values.date),
        cells.get("lot"),
        cells.get("batch"),
        cells.get("expiry", values.date),
        cells.get("fund"),
        value,
        cells.get("currency").upper() if value else "",
    )


def _place(cells: Cells) -> Line:
    if cells.has("lat") != cells.has("lon"):
        cells.trouble("lat" if cells.has("lon") else "lon", "a spot needs both latitude and longitude")
    return PlaceLine(
        cells.line,
        cells.needed("place"),
        cells.get("kind", values.place_kind),
        cells.get("lat", partial(_degrees, most=90)),
        cells.get("lon", partial(_degrees, most=180)),
    )


def _kit(cells: Cells) -> Line:
    qty = cells.needed("qty", partial(values.quantity, mark=cells.mark))
    if qty == "0":
        cells.trouble("qty", "a kit that holds none of it doesn't hold it")
    return KitLine(cells.line, cells.needed("kit"), _thing(cells), qty)


def _degrees(text: str, most: int) -> str:
    return format_degrees(parse_degrees(text, most))


_READ: dict[str, Callable[[Cells], Line]] = {"stock": _stock, "items": _item, "places": _place, "kits": _kit}
