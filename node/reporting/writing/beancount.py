"""Journals for beancount: a transaction an entry, two postings a movement, with what a unit is worth as its price.

Beancount knows letters, digits and hyphens in the names of accounts, and few capitals in those of commodities; what
people call a thing stands beside it, as metadata.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator
from typing import IO

from node.reporting.writing.cells import amount
from node.reporting.writing.charting import Chart, Dialect, Survey, survey, told
from node.reporting.writing.document import Progress
from node.reporting.writing.moves import Move, Moves
from node.units import day_of, format_qty, format_time

CHARS_MAX = 24  # of a commodity
FIRST_DAY, LAST_DAY = "1700-01-01", "2099-12-31"  # what its dates can be; the true time stands beside it
_COMMODITY = re.compile(r"[A-Z][A-Z0-9'._-]*[A-Z0-9]")
_WORDS = ("TRUE", "FALSE", "NULL")  # which mean something else


def _part(text: str) -> str:
    """A part of an account's name: a capital or a digit, then letters, digits and hyphens."""
    kept = "".join(c if unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "Nd" else "-" for c in text)
    words = [word[:1].upper() + word[1:] for word in kept.split("-") if word]
    name = "-".join(words)
    return name if name and unicodedata.category(name[0]) in ("Lu", "Nd") else f"X-{name}".rstrip("-")


def _commodity(text: str) -> str:
    """A commodity that resembles a text: capitals, digits and hyphens of the Latin alphabet."""
    latin = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    name = "-".join(re.findall(r"[A-Z0-9]+", latin))
    name = name if name and name[0].isalpha() else f"X-{name}".rstrip("-")
    return f"X-{name}" if name in _WORDS or len(name) < 2 else name


DIALECT = Dialect(
    part=_part,
    goods=lambda name, unit: _commodity(f"{name} {unit}"),
    currency=lambda name: name if _COMMODITY.fullmatch(name) and name not in _WORDS else _commodity(name),
    chars_max=CHARS_MAX,
    capitals=True,
)


def write(moves: Moves, out: IO[bytes], origin: dict[str, str], progress: Progress | None = None) -> None:
    """A journal of all movements; `origin` are the lines at its head that say where it comes from."""
    found = survey(moves())
    chart = Chart(found, DIALECT)
    for line in itertools.chain(_head(origin), _declared(found, chart), _entries(moves(), chart, progress)):
        out.write(f"{line}\n".encode())


def _head(origin: dict[str, str]) -> Iterator[str]:
    yield from (f"; {_line(name)}: {_line(text)}" for name, text in origin.items())


def _declared(found: Survey, chart: Chart) -> Iterator[str]:
    day = _day(found.first_day or LAST_DAY)
    yield ""
    yield from (f'option "operating_currency" "{name}"' for name in sorted(chart.currencies.values()))
    for currency, name in sorted(chart.currencies.items()):
        yield f"{day} commodity {name}\n  name: {_text(currency)}"
    for item, name in sorted(chart.goods.items()):
        called, unit = found.items[item]
        yield f"{day} commodity {name}\n  name: {_text(called)}\n  unit: {_text(unit)}\n  item: {_text(item)}"
    named = {name: account for account, name in chart.accounts.items()}
    for name, account in sorted(named.items()):
        yield f"{day} open {name}"
        if account.id:
            yield f"  name: {_text(account.name or account.id)}\n  id: {_text(account.id)}"


def _entries(moves: Iterator[Move], chart: Chart, progress: Progress | None) -> Iterator[str]:
    for move, is_first in told(moves, progress):
        if is_first:
            yield f"\n{_day(day_of(move.at))} * {_text(move.team)} {_text(move.type)}"
            yield f"  entry: {_text(move.entry)}\n  time: {_text(format_time(move.at))}"
        yield from _postings(move, chart)


def _postings(move: Move, chart: Chart) -> Iterator[str]:
    price = (
        f" @ {amount(move.value)} {chart.currencies[move.currency]}" if move.value is not None and move.currency else ""
    )
    for account, sign in ((move.target, ""), (move.source, "-")):
        yield f"  {chart.accounts[account]}  {sign}{format_qty(move.qty)} {chart.goods[move.item]}{price}"
        if move.lot:
            yield f"    lot: {_text(move.lot)}"


def _day(day: str) -> str:
    return min(max(day, FIRST_DAY), LAST_DAY)


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _text(text: str) -> str:
    """A text in quotes, on one line."""
    return '"' + _line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
