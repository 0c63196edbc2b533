"""One large JSON object written piece by piece: the bytes that `json.dumps(whole, ensure_ascii=False, indent=1)` gives
and a line feed, of which no more than one row is in memory at a time."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any


def write(parts: Mapping[str, Any], out: IO[bytes]) -> None:
    """The object of these parts, in order. A part that is an iterator becomes a list of what it gives."""
    between = "{\n"
    for name, part in parts.items():
        out.write(f"{between} {_text(name)}: ".encode())
        for piece in _rows(part) if isinstance(part, Iterator) else [_indented(part, 1)]:
            out.write(piece.encode())
        between = ",\n"
    out.write(b"\n}\n")


def _rows(rows: Iterable[Any]) -> Iterator[str]:
    is_empty = True
    for row in rows:
        yield f"{'[' if is_empty else ','}\n  {_indented(row, 2)}"
        is_empty = False
    yield "[]" if is_empty else "\n ]"


def _indented(value: Any, depth: int) -> str:
    """A value as it stands that deep; line feeds within texts are escaped, so that all others are between lines."""
    return json.dumps(value, ensure_ascii=False, indent=1).replace("\n", "\n" + " " * depth)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
