"""Reads CSV files and workbooks into rows of text, each with the line on which it begins.

Real files are untidy: a UTF-8 file with a few bytes of Windows-1252 in it, inches written as a bare quotation mark
inside a quoted cell, titles above the header, cells of numbers that were stored as floats.
"""

import codecs
import datetime as dt
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from sync.errors import Malformed, NotFound, Problem, TooLarge, Unsupported

KEPT = "Nothing was recorded."
FILE_BYTES_MAX = 64 * 1024 * 1024
INFLATED_BYTES_MAX = 512 * 1024 * 1024  # of a workbook, unpacked
ROWS_MAX = 500_000  # that aren't blank
DELIMITERS = ",;\t|"
_CSV, _BOOK = (".csv", ".tsv", ".tab", ".txt"), (".xlsx", ".xlsm")


@dataclass(frozen=True)
class Row:
    """The cells of a row, without outer spaces; `line` is where it begins in the file, `flaw` what is wrong with it."""

    line: int
    cells: list[str]
    flaw: str = ""


@dataclass(frozen=True)
class Sheet:
    """A file's rows, blank ones left out. `digest` is the SHA-256 of the file, `delimiter` empty for a workbook."""

    name: str
    digest: str
    delimiter: str
    rows: list[Row]


def read(path: Path) -> Sheet:
    """The first sheet of a file that has any rows. NotFound, TooLarge, Unsupported or Malformed where it can't be."""
    return of(path.name, _bytes(path))


def of(name: str, data: bytes, inflated_max: int | None = None) -> Sheet:
    """The same of a file's bytes; `inflated_max` bounds what a workbook may unpack to."""
    ending = Path(name).suffix.lower()
    if ending in _BOOK:
        delimiter, rows = "", _book_rows(name, data, inflated_max or INFLATED_BYTES_MAX)
    elif ending in _CSV:
        text = _decoded(data)
        delimiter = _delimiter(text)
        rows = _text_rows(text, delimiter)
    else:
        raise Unsupported(
            f"{name} is neither CSV nor XLSX.", kept=KEPT, todo="Save the sheet as CSV or XLSX and try again."
        )
    found = list(_bounded(row for row in rows if any(row.cells) or row.flaw))
    if not found:
        raise Malformed(f"{name} is empty.", kept=KEPT, todo="Check that it is the right file.")
    return Sheet(name, sha256(data).hexdigest(), delimiter, found)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise TooLarge(f"{path.name} is larger than {FILE_BYTES_MAX >> 20} MB.", kept=KEPT, todo="Split it.")
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", kept=KEPT, todo="Check the name.") from None
    except OSError as error:
        raise Problem(f"{path} can't be read: {error.strerror}.", kept=KEPT) from None


# CSV


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("bucketline.windows", _as_windows)


def _decoded(data: bytes) -> str:
    """The text of a file: UTF-16 if it says so, else UTF-8, of which bytes that aren't are taken as Windows-1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
    else:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "bucketline.windows")
    if "\0" in text:
        raise Unsupported("This is not a text file.", kept=KEPT, todo="Save the sheet as CSV and try again.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _delimiter(text: str) -> str:
    """What separates the cells: the candidate that is most frequent in the first lines, outside of quotes."""
    head = re.sub(r'"[^"]*"', "", "\n".join(text.lstrip().split("\n", 5)[:5]))
    return max(DELIMITERS, key=head.count)


def _text_rows(text: str, delimiter: str) -> Iterator[Row]:
    end = rf"(?:[{re.escape(delimiter)}\n]|\Z)"
    # A quotation mark closes its cell only where a cell can end; any other stands for itself.
    # No two of the three ways to go on fit the same text, so that nothing is tried twice.
    cell = re.compile(rf' *"((?:[^"]|""|"(?!"| *{end}))*)" *(?={end})|([^{re.escape(delimiter)}\n]*)')
    at, line = 0, 1
    while at < len(text):
        first, cells, flaw = line, list[str](), ""
        while True:
            match = cell.match(text, at)
            assert match
            at, quoted = match.end(), match[1]
            line += match[0].count("\n")
            cells.append((match[2] if quoted is None else quoted.replace('""', '"')).strip())
            flaw = flaw or _flaw(quoted, cells[-1])
            if not text.startswith(delimiter, at) or at >= len(text):
                break
            at += 1
        yield Row(first, cells, flaw)
        at, line = at + 1, line + 1


def _flaw(quoted: str | None, cell: str) -> str:
    """Whether a quotation mark went astray so that rows may have run into each other."""
    if quoted is None:
        return "a quotation mark is opened and not closed" if cell.startswith('"') else ""
    stray = '"' in quoted.replace('""', "")
    return "a quotation mark is opened and not closed on the same line" if stray and "\n" in quoted else ""


def _bounded(rows: Iterable[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if number > ROWS_MAX:
            raise TooLarge(f"The file has more than {ROWS_MAX:,} rows.", kept=KEPT, todo="Split it.")
        yield row


# workbooks


def _book_rows(name: str, data: bytes, inflated_max: int) -> Iterator[Row]:
    import openpyxl  # it takes a third of a second to load, and most commands never read a workbook

    try:
        with zipfile.ZipFile(BytesIO(data)) as parts:
            _refuse_bomb(name, sum(part.file_size for part in parts.infolist()), inflated_max)
        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = (Row(n, [_shown(v) for v in row]) for n, row in enumerate(sheet.iter_rows(values_only=True), 1))
            found = list(_bounded(row for row in rows if any(row.cells)))
            if found:
                yield from found
                return
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, SyntaxError):
        raise Unsupported(
            f"{name} is no workbook that can be read.", kept=KEPT, todo="Save it anew as XLSX or CSV."
        ) from None


def _refuse_bomb(name: str, inflated: int, most: int) -> None:
    if inflated > most:
        raise TooLarge(f"{name} unpacks to more than {most >> 20} MB.", kept=KEPT, todo="Split it.")


def _shown(value: Any) -> str:
    """A cell as its text; floats lose the noise behind the fifteenth digit, as the spreadsheet itself shows them."""
    if value is None:
        return ""
    if isinstance(value, float):
        return format(value, ".15g") if "e" not in format(value, ".15g") else format(value, ".15f").rstrip("0")
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return str(value).strip()
