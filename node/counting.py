"""Counts as evidence: sheets to count by, and how much of what a count found is explained by news that came later.

What a count was recorded with never changes. What the books say by now was there just before it does, as entries of
earlier times come in: that part of the difference is then explained.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from node import catalogue, queries, sameness
from node.catalogue import ItemRow
from node.events import Count, CountLine
from node.fold import Node
from node.folding.cells import by_lot, effects
from node.telling import Words
from node.units import format_qty, format_time
from sync.log import Folded

Row = dict[str, Any]
Lots = dict[str, int]


# sheets


def sheet(
    node: Node, place: str, blind: bool = False, shelf: str | None = None, category: str | None = None
) -> list[Row]:
    """What there may be to count at a place, shelf by shelf, then by name; what has no shelf comes last.

    {place, place_name, item, item_name, unit, category, packs, shelf, expected}; a blind sheet doesn't tell what is
    expected (None): who counts blind can't be led astray.
    """
    with queries.one_moment(node):
        spot = catalogue.find_place(node, place).id
        totals = {
            item: sum(qty for _, qty, _ in cell["lots"])
            for (_, item), cell in queries.stock_cells(node, spot, None).items()
        }
        shelves = _shelves(node, spot)
        items = {row.id: row for row in catalogue.item_rows(node, sorted({*totals, *shelves}))}
        name = Words(node, []).place_name(spot)
    rows = [
        {"place": spot, "place_name": name, **_line(id, items.get(id), shelves.get(id, ""), totals.get(id, 0), blind)}
        for id in {*totals, *shelves}
    ]
    kept = [row for row in rows if _fits(row["shelf"], shelf) and _fits(row["category"], category)]
    return sorted(
        kept, key=lambda row: (not row["shelf"], *_natural(row["shelf"]), *_natural(row["item_name"]), row["item"])
    )


def _shelves(node: Node, place: str) -> dict[str, str]:
    """Where each item is kept at a place; those of which only a minimum is known are kept nowhere yet."""
    items = sameness.merged(node, "item")
    places = sameness.merged(node, "place").all_of(place)
    sql = f"SELECT item, shelf FROM keep WHERE place IN ({','.join('?' * len(places))}) ORDER BY shelf, item"
    found: dict[str, str] = {}
    for item, shelf in catalogue.query(node, sql, *places):
        found[items.head(item)] = shelf or found.get(items.head(item), "")
    return found


def _line(id: str, item: ItemRow | None, shelf: str, qty: int, blind: bool) -> Row:
    row = item or ItemRow(id, "", "", "", {}, {})
    return {
        "item": id,
        "item_name": row.name or id,
        "unit": row.unit,
        "category": row.category,
        "packs": {name: format_qty(size) for name, size in row.packs.items()},
        "shelf": shelf,
        "expected": None if blind else format_qty(qty),
    }


def _fits(text: str, wanted: str | None) -> bool:
    return wanted is None or text.strip().casefold() == wanted.strip().casefold()


def _natural(text: str) -> tuple[str, str]:
    """What sorts A2 before A10: numbers filled up with noughts."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(12), text.casefold()), text


# what counts found


def counts(node: Node, place: str | None = None, raw: bool = False) -> list[Row]:
    """Every line of every count that stands, the newest first.

    {entry, place, place_name, team, item, item_name, unit, lot, at, counted_by, expected, counted, variance, explained,
    unexplained}. The variance is as recorded: counted - expected. `explained` is what the books say by now was there
    just before the count, without it, less what was expected; what is left of the variance is unexplained. What this
    team has merged goes by one name, unless `raw`.
    """
    with queries.one_moment(node):
        places = _places_counted(node, place)
        found = [(spot, *row) for spot in places for row in _compared(iter(node.fold.history(spot)))]
        words = Words(node, [line.item for _, _, line, _ in found], raw)
        rows = [_row(words, *one) for one in found]
    return sorted(rows, key=lambda row: (row["at"], row["entry"]), reverse=True)


def _places_counted(node: Node, place: str | None) -> list[str]:
    if place is not None:
        return sameness.merged(node, "place").all_of(catalogue.find_place(node, place).id)
    sql = (
        "SELECT place FROM cell WHERE counted IS NOT NULL UNION"
        " SELECT place FROM stock WHERE counted IS NOT NULL ORDER BY place"
    )
    return [found for (found,) in catalogue.query(node, sql)]


def _compared(entries: Iterator[Folded]) -> Iterator[tuple[Folded, CountLine, int]]:
    """Each line of each count, with what was there just before it by what is known now."""
    held: dict[str, Lots] = {}
    for entry in entries:
        if isinstance(entry.fact, Count):
            yield from ((entry, *row) for row in _counted(held, entry.fact.lines))
        else:
            _move(held, entry.fact)


def _counted(held: dict[str, Lots], lines: Sequence[CountLine]) -> Iterator[tuple[CountLine, int]]:
    for line in lines:
        lots = held.setdefault(line.item, {})
        if line.lot is None:
            yield line, sum(lots.values())
            held[line.item] = by_lot(line)
        else:
            yield line, lots.get(line.lot, 0)
            lots[line.lot] = line.qty


def _move(held: dict[str, Lots], fact: object) -> None:
    for sign, lines in effects(fact):
        for line in lines:
            lots = held.setdefault(line.item, {})
            lots[line.lot] = lots.get(line.lot, 0) + sign * line.qty


def _row(words: Words, place: str, entry: Folded, line: CountLine, before: int) -> Row:
    variance, explained = line.qty - line.expected, before - line.expected
    return {
        "entry": entry.id.hex(),
        **words.about_place(place),
        **words.about_item(line.item),
        "lot": line.lot,
        "at": format_time(getattr(entry.fact, "at", entry.claimed)),
        "counted_by": catalogue.team_name(words.teams, entry.node),
        "expected": format_qty(line.expected),
        "counted": format_qty(line.qty),
        "variance": format_qty(variance),
        "explained": format_qty(explained),
        "unexplained": format_qty(variance - explained),
    }
