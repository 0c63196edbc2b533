"""One report on a sheet, or on several where it has more rows than a sheet may hold."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Context, Decimal
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from node.reporting.model import Column, Values
from node.reporting.writing.cells import EXACT, NUMBERS, exact
from node.reporting.writing.totals import Total, Totals

ROWS_MAX = 1_000_000  # of a report on one sheet; a sheet ends at 1,048,576
CHARS_MAX = 32_767  # in one cell
MONEY_PLACES = 6  # of sums, which a spreadsheet adds up with some noise beyond
_SPREADSHEET = Context(prec=15)  # the digits that its numbers can tell apart
_HALF_A_CENT = Decimal("0.005")
FIRST_DAY, LAST_DAY = "1900-03-01", "9999-12-31"  # between which spreadsheets agree on dates
_WIDTHS = {"text": 24, "id": 18, "qty": 13, "money": 14, "int": 10, "date": 12, "time": 20}


class Styles:
    """How cells look and what they are."""

    def __init__(self, book: Any) -> None:
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.text = book.add_format({"num_format": "@", "quote_prefix": True})
        self.total = book.add_format({"bold": True, "top": 1, "quote_prefix": True})
        numbers = {"qty": "#,##0.###", "money": "#,##0.00#######", "int": "#,##0"}
        self.kinds = {kind: book.add_format({"num_format": numbers[kind]}) for kind in NUMBERS}
        self.totals = {kind: book.add_format({"num_format": numbers[kind], "bold": True, "top": 1}) for kind in NUMBERS}
        self.kinds["date"] = book.add_format({"num_format": "yyyy-mm-dd"})
        self.kinds["time"] = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})


class ReportSheet:
    """Takes the rows of one report in their order, and writes the totals in the end."""

    def __init__(self, columns: Sequence[Column], styles: Styles, sheets: Iterator[Any]) -> None:
        self._columns, self._styles, self._sheets = columns, styles, sheets
        self._totals = Totals(columns)
        self._parts: list[tuple[Any, int]] = []  # sheets with how many rows each has
        self._begin()

    def _begin(self) -> None:
        sheet = next(self._sheets)
        for at, column in enumerate(self._columns):
            sheet.set_column(at, at, _WIDTHS[column.kind])
            title = f"{column.title} (UTC)" if column.kind == "time" else column.title
            sheet.write_string(0, at, title, self._styles.head)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        self._parts.append((sheet, 0))

    def take(self, row: Values, told: Sequence[str]) -> None:
        """One row, as values and as texts."""
        if self._parts[-1][1] == ROWS_MAX:
            self._begin()
        sheet, count = self._parts[-1]
        self._parts[-1] = sheet, count + 1
        self._totals.take(row)
        for at, column in enumerate(self._columns):
            if row[at] is not None:
                self._cell(sheet, count + 1, at, column, row[at], told[at])

    def _cell(self, sheet: Any, line: int, at: int, column: Column, value: Any, told: str) -> None:
        style = self._styles.kinds.get(column.kind)
        if column.kind in NUMBERS and (number := _held(column, value)) is not None:
            sheet.write_number(line, at, number, style)
        elif column.kind in ("date", "time") and (moment := _moment(told)):
            sheet.write_datetime(line, at, moment, style)
        elif told:
            sheet.write_string(line, at, told[:CHARS_MAX], self._styles.text)

    def finish(self) -> None:
        """The totals, a blank line below the rows."""
        sheet, count = self._parts[-1]
        if count:
            sheet.autofilter(0, 0, count, len(self._columns) - 1)
        for at, total in enumerate(self._totals.lines()):
            self._total(sheet, count + 2 + at, total)

    def _total(self, sheet: Any, line: int, total: Total) -> None:
        label = next((at for at in range(len(self._columns)) if at not in total.sums and at != total.group), None)
        cells: dict[int, Any] = dict(total.sums)
        for at, column in enumerate(self._columns):  # in their order, as constant memory wants it
            if at == label:
                sheet.write_string(line, at, "Total", self._styles.total)
            elif at == total.group and total.of:
                sheet.write_string(line, at, total.of[:CHARS_MAX], self._styles.total)
            elif at in cells:
                sheet.write_formula(line, at, self._sum(line, at, total), self._styles.totals[column.kind], cells[at])

    def _sum(self, line: int, at: int, total: Total) -> str:
        """What adds up a column over all sheets of the report, rounded to what its numbers can have."""
        column, places = xl_col_to_name(at), min(self._totals.places[at], MONEY_PLACES)
        parts = []
        for sheet, count in self._parts:
            numbers = f"{_name(sheet)}!{column}$2:{column}${count + 1}"
            if total.group is None:
                parts.append(f"SUM({numbers})")
            else:
                group = xl_col_to_name(total.group)
                labels = f"{_name(sheet)}!${group}$2:${group}${count + 1}"
                parts.append(f"SUMPRODUCT(--EXACT({labels},${group}{line + 1}),{numbers})")
        return f"=ROUND({'+'.join(parts)},{places})"


def _name(sheet: Any) -> str:
    return "'" + str(sheet.get_name()).replace("'", "''") + "'"


def _held(column: Column, value: Any) -> Decimal | None:
    """The number as a spreadsheet can hold it: as it is, or money within half a cent of it; None where it can't."""
    number = exact(column, value)
    held = _SPREADSHEET.plus(number)
    near = _HALF_A_CENT if column.kind == "money" else Decimal(0)
    return held if abs(EXACT.subtract(number, held)) <= near else None


def _moment(told: str) -> datetime | None:
    """A date or time as spreadsheets know them; None for those that they would get wrong."""
    if not FIRST_DAY <= told[:10] <= LAST_DAY:
        return None
    try:
        return datetime.fromisoformat(told.removesuffix("Z"))
    except ValueError:  # another program may have written anything as a date
        return None
