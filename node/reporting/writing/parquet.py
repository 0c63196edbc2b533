"""Parquet: a report in row groups, with exact decimals, real dates and times; what DuckDB and clusters read.

Needs the extra `parquet`. A date that can't be is empty; a time beyond the years 1 to 9999 is the end of that span.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from node.reporting.model import Column, Values
from node.reporting.writing.arrow_columns import column_of, type_of
from node.reporting.writing.document import Document, Progress, Witness
from sync.errors import Problem

if TYPE_CHECKING:
    import pyarrow

BATCH_ROWS = 2048  # in memory at a time as Python knows them
GROUP_BATCHES = 8  # which lie together in the file, and in memory as Arrow has them: a tenth of that
KEY = "bucketline"  # under which the proof lies in the file


def write(document: Document, out: IO[bytes], progress: Progress | None = None) -> None:
    """The report as one Parquet file, which holds its proof as metadata."""
    arrow, parquet = _libraries()
    columns, witness = document.report.columns, Witness(document, progress)
    schema = arrow.schema([(column.name, type_of(arrow, column)) for column in columns])
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
        todo = "Run `pip install '.[parquet]'` in Bucketline's folder, or choose another format."
        raise Problem("Parquet needs a library that isn't installed here.", kept="", todo=todo) from None
    return pyarrow, pyarrow.parquet


def _batches(arrow: Any, schema: "pyarrow.Schema", columns: Sequence[Column], rows: Iterator[Values]) -> Iterator[Any]:
    while batch := list(islice(rows, BATCH_ROWS)):
        yield _batch(arrow, schema, columns, batch)


def _batch(arrow: Any, schema: "pyarrow.Schema", columns: Sequence[Column], rows: Sequence[Values]) -> Any:
    arrays = [column_of(arrow, column, [row[at] for row in rows]) for at, column in enumerate(columns)]
    return arrow.RecordBatch.from_arrays(arrays, schema=schema)
