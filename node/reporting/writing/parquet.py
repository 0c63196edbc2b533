"""Parquet: a report in row groups, with exact decimals, real dates and times; what DuckDB and clusters read.

Needs the extra `parquet`. A date that can't be is empty; a time beyond the years 1 to 9999 is the end of that span.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from node.reporting.model import Column, Values
from node.reporting.writing.cells import exact
from node.reporting.writing.document import Document, Progress, Witness
from node.units import MS_MAX, MS_MIN
from sync.errors import OutOfRange, Problem

if TYPE_CHECKING:
    import pyarrow

BATCH_ROWS = 2048  # in memory at a time as Python knows them
GROUP_BATCHES = 8  # which lie together in the file, and in memory as Arrow has them: a tenth of that
QTY_DIGITS, QTY_PLACES = 24, 3
MONEY_DIGITS, MONEY_PLACES = 38, 12  # nine places of a unit's worth, three of a quantity
KEY = "bucketline"  # under which the proof lies in the file


def write(document: Document, out: IO[bytes], progress: Progress | None = None) -> None:
    """The report as one Parquet file, which holds its proof as metadata."""
    arrow, parquet = _libraries()
    columns, witness = document.report.columns, Witness(document, progress)
    schema = arrow.schema([(column.name, _type(arrow, column)) for column in columns])
    rows = (row for row, _ in witness.passing())
    with _frugal(arrow), parquet.ParquetWriter(out, schema, compression="zstd") as file:
        while batches := list(islice(_batches(arrow, schema, columns, rows), GROUP_BATCHES)):
            file.write_table(arrow.Table.from_batches(batches), row_group_size=GROUP_BATCHES * BATCH_ROWS)
        file.add_key_value_metadata({KEY: json.dumps(_told(document, witness), ensure_ascii=False)})


@contextmanager
def _frugal(arrow: Any) -> Iterator[None]:
    """Memory that is given back when it is no longer needed: Arrow's own way of keeping it costs tens of megabytes."""
    before = arrow.default_memory_pool()
    arrow.set_memory_pool(arrow.system_memory_pool())
    try:
        yield
    finally:
        arrow.set_memory_pool(before)


def _told(document: Document, witness: Witness) -> dict[str, Any]:
    report = document.report
    about = {"title": report.title, "about": dict(report.about), "notes": list(report.notes)}
    return {**about, "proof": witness.proof()}


def _libraries() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        todo = "Run `pip install 'bucketline[parquet]'`, or choose another format."
        raise Problem("Parquet needs a library that isn't installed here.", kept="", todo=todo) from None
    return pyarrow, pyarrow.parquet


def _type(arrow: Any, column: Column) -> Any:
    kinds = {
        "qty": arrow.decimal128(QTY_DIGITS, QTY_PLACES),
        "money": arrow.decimal128(MONEY_DIGITS, MONEY_PLACES),
        "int": arrow.int64(),
        "date": arrow.date32(),
        "time": arrow.timestamp("ms", "UTC"),
    }
    return kinds.get(column.kind, arrow.string())


def _batches(arrow: Any, schema: "pyarrow.Schema", columns: Sequence[Column], rows: Iterator[Values]) -> Iterator[Any]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield _batch(arrow, schema, columns, batch)


def _batch(arrow: Any, schema: "pyarrow.Schema", columns: Sequence[Column], rows: Sequence[Values]) -> Any:
    arrays = []
    for at, column in enumerate(columns):
        way = _WAYS.get(column.kind)
        cells: Iterator[Any] = (row[at] for row in rows)
        values = [cell if cell is None or way is None else way(column, cell) for cell in cells]
        try:
            arrays.append(arrow.array(values, schema.field(at).type))
        except (arrow.ArrowInvalid, OverflowError):
            what = f"A number in the column {column.title!r} is larger than Parquet's numbers can be."
            raise OutOfRange(what, todo="Choose another format, such as csv.") from None
    return arrow.record_batch(arrays, schema=schema)


def _date(column: Column, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _time(column: Column, ms: int) -> int:
    return min(max(ms, MS_MIN), MS_MAX)


_WAYS: dict[str, Callable[[Column, Any], Any]] = {"qty": exact, "money": exact, "date": _date, "time": _time}
