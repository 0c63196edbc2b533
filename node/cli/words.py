"""Answers as people read them: tables in plain text, ages in words, short ids."""

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], object]]  # heading, what stands in it

_STEPS = ((60, "min"), (3600, "h"), (86_400, "days"))


def table(rows: Sequence[Row], columns: Sequence[Column], empty: str) -> list[str]:
    """Lines of a table; numbers are right-aligned. `empty` is said where there are no rows."""
    if not rows:
        return [empty]
    cells = [[_text(pick(row)) for _, pick in columns] for row in rows]
    heads = [head for head, _ in columns]
    widths = [max(map(_width, column)) for column in zip(heads, *cells, strict=True)]
    right = [all(_is_number(cell) for cell in column) for column in zip(*cells, strict=True)]
    return [_line(line, widths, right) for line in [heads, *cells]]


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return "  ".join(_pad(*one) for one in zip(cells, widths, right, strict=True)).rstrip()


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _width(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _text(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).removeprefix("-").isdigit() or not text


def age(time: str | None, now_ms: int) -> str:
    """How long ago an ISO time was: "just now", "5 min ago", "2 days ago"; "never" for none."""
    if time is None:
        return "never"
    moment = dt.datetime.fromisoformat(time)
    seconds = now_ms // 1000 - int(moment.timestamp())
    if seconds < -120:
        return f"ahead of our clock by {_span(-seconds)}"
    return "just now" if seconds < 60 else f"{_span(seconds)} ago"


def _span(seconds: int) -> str:
    size, unit = next((step for step in reversed(_STEPS) if seconds >= 2 * step[0]), _STEPS[0])
    return f"{seconds // size} {unit}"


def local(time: str) -> str:
    """An ISO time as the node's local time, to the minute."""
    return dt.datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M")


def short(id: str) -> str:
    """As much of an entry's id as is needed to name it."""
    return id[:12]
