"""The formats that a report can be written in, by name."""

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import IO, NamedTuple

from node.reporting.writing import csv_file, json_file, page, parquet, pdf, xlsx
from node.reporting.writing.document import Document, Progress
from sync.errors import Malformed

Write = Callable[[Document, IO[bytes], Progress | None], None]


class Format(NamedTuple):
    """How a format is called on the web and on the disk, and what writes it; `shown` on a terminal if it is text."""

    media: str
    suffix: str
    shown: bool
    write: Write


def _workbook(document: Document, out: IO[bytes], progress: Progress | None) -> None:
    xlsx.write([document], out, progress)


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: dict[str, Format] = {
    "csv": Format("text/csv; charset=utf-8", ".csv", True, csv_file.write),
    "hxl": Format("text/csv; charset=utf-8", ".hxl.csv", True, csv_file.write_hxl),
    "json": Format("application/json", ".json", True, json_file.write),
    "xlsx": Format(_XLSX, ".xlsx", False, _workbook),
    "html": Format("text/html; charset=utf-8", ".html", True, page.write),
    "pdf": Format("application/pdf", ".pdf", False, pdf.write),
    "parquet": Format("application/vnd.apache.parquet", ".parquet", False, parquet.write),
}


def find(name: str) -> Format:
    """A format by its name."""
    if name not in FORMATS:
        todo = f"There are: {', '.join(FORMATS)}."
        raise Malformed(f"There is no format {name!r}.", kept="", todo=todo, fields={"format": todo})
    return FORMATS[name]


def of_file(path: PurePath) -> str:
    """The format that a file's name ends on; the longest ending decides."""
    endings: Sequence[tuple[str, str]] = [(form.suffix, name) for name, form in FORMATS.items()]
    for suffix, name in sorted(endings, key=lambda pair: -len(pair[0])):
        if path.name.lower().endswith(suffix):
            return name
    raise Malformed(f"The name {path.name!r} doesn't say which format is wanted.", kept="", todo="Add --format.")
