"""Journals for hledger (and programs that read its format): a transaction an entry, two postings a movement.

Goods are commodities. What a unit is worth stands as a price, so that `--cost` gives the books in money.
"""

import itertools
from collections.abc import Iterator
from typing import IO

from node.reporting.writing.cells import amount
from node.reporting.writing.charting import Chart, Dialect, Survey, survey, told
from node.reporting.writing.document import Progress
from node.reporting.writing.moves import Account, Move, Moves
from node.units import day_of, format_qty, format_time

_SWAPPED = str.maketrans({":": "-", ";": ",", '"': "”", "\\": "/", "|": "/"})


def plain(text: str) -> str:
    """Text on one line, without what ends a name or begins a comment, and with single spaces."""
    kept = "".join(char if char.isprintable() else " " for char in text.translate(_SWAPPED))
    return " ".join(kept.split())


DIALECT = Dialect(
    part=lambda name: plain(name) or "-",
    goods=lambda name, unit: plain(f"{name} ({unit})" if unit else name) or "-",
    currency=lambda name: plain(name) or "-",
)


def write(moves: Moves, out: IO[bytes], origin: dict[str, str], progress: Progress | None = None) -> None:
    """A journal of all movements; `origin` are the lines at its head that say where it comes from."""
    found = survey(moves())
    chart = Chart(found, DIALECT)
    for line in itertools.chain(_head(origin), _declared(found, chart), _entries(moves(), chart, progress)):
        out.write(f"{line}\n".encode())


def _head(origin: dict[str, str]) -> Iterator[str]:
    yield from (f"; {plain(name)}: {plain(text)}" for name, text in origin.items())
    yield "decimal-mark ."


def _declared(found: Survey, chart: Chart) -> Iterator[str]:
    yield ""
    for currency, name in sorted(chart.currencies.items()):
        yield f'commodity 1000.{"0" * found.places[currency]} "{name}"'
    for item, name in sorted(chart.goods.items()):
        yield f'commodity 1000.000 "{name}"  ; item:{plain(item)}'
    for account, name in _each_once(chart.accounts):
        yield f"account {name}{f'  ; place:{plain(account.id)}' if account.kind == 'place' else ''}"


def _each_once(accounts: dict[Account, str]) -> Iterator[tuple[Account, str]]:
    named = {name: account for account, name in accounts.items()}
    return ((account, name) for name, account in sorted(named.items()))


def _entries(moves: Iterator[Move], chart: Chart, progress: Progress | None) -> Iterator[str]:
    for move, is_first in told(moves, progress):
        if is_first:
            yield ""
            yield f"{day_of(move.at)} ({move.entry[:8]}) {move.type}  ; entry:{move.entry}, team:{_tag(move.team)}"
            yield f"    ; time:{format_time(move.at)}"
        yield from _postings(move, chart)


def _postings(move: Move, chart: Chart) -> Iterator[str]:
    price = (
        f' @ {amount(move.value)} "{chart.currencies[move.currency]}"'
        if move.value is not None and move.currency
        else ""
    )
    lot = f"  ; lot:{_tag(move.lot)}" if move.lot else ""
    for account, sign in ((move.target, ""), (move.source, "-")):
        yield f'    {chart.accounts[account]}  {sign}{format_qty(move.qty)} "{chart.goods[move.item]}"{price}{lot}'


def _tag(text: str) -> str:
    """The value of a tag, which a comma would end."""
    return plain(text).replace(",", " ")
