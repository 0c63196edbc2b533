"""Reports of made-up rows, so that each format is tried with what is hard to write."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from node.reporting import registry
from node.reporting.model import Column, Report
from node.reporting.writing.document import Document

COLUMNS = (
    Column("place_name", "Place", "text", "#loc+name"),
    Column("item", "Item id", "id", "#item+code"),
    Column("item_name", "Item", "text", "#item+name"),
    Column("unit", "Unit", "text", "#item+unit"),
    Column("qty", "On hand", "qty", "#item+qty+num", adds_up=True),
    Column("value", "Value", "money", "#value+num", adds_up=True),
    Column("currency", "Currency", "text", "#currency+code"),
    Column("people", "People", "int", "#reached+ind", adds_up=True, counts_people=True),
    Column("expiry", "Expiry", "date", "#date+expiry"),
    Column("at", "When", "time", "#date+occurred"),
    Column("note", "Note", "text", "#description", private=True),
)
ORIGIN = {"asked": "{}", "shows": "", "root": "ab" * 32, "policy": "cd" * 32, "heads": "ef" * 48}
NASTY = (
    *("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "'quoted", '"double"', "semi;colon"),
    *("a,b", "two\nlines", "Ñandú 毛布 🧺", "", " ", "-5", "0012", "1e5", "TRUE", "http://example.org", "Cañón: a  b"),
)
DAY = 86_400_000
NOON = 1_795_518_000_000  # 2026-11-24, 11:00 UTC


def row(**cells: Any) -> tuple[Any, ...]:
    """A row with these cells; the rest are empty."""
    return tuple(cells.get(column.name) for column in COLUMNS)


def random_rows(seed: int, count: int) -> list[tuple[Any, ...]]:
    """Rows of every kind of value, empty and negative ones among them."""
    draw = random.Random(seed)
    return [
        row(
            place_name=draw.choice(NASTY),
            item=f"item{draw.randrange(9)}",
            item_name=draw.choice(NASTY),
            unit=draw.choice(("piece", "Piece", "kg", "*", "")),
            qty=draw.choice((None, draw.randrange(-(10**9), 10**9), draw.randrange(5))),
            value=draw.choice((None, Decimal(draw.randrange(-(10**9), 10**9)) / 100)),
            currency=draw.choice(("PHP", "USD", "")),
            people=draw.choice((None, 0, 3, 4, 5, 700)),
            expiry=draw.choice((None, "2027-02-28", "1899-12-31", "2100-01-01")),
            at=draw.choice((None, NOON + draw.randrange(-(10**12), 10**12))),
            note=draw.choice(NASTY),
        )
        for _ in range(count)
    ]


def document(rows: Sequence[tuple[Any, ...]], name: str = "stock", **origin: str) -> Document:
    """A document of these rows."""
    about = {"Period": "2026-11-01 to 2026-11-30", "Place": "=North"}
    report = Report(name, "Stock by lot", COLUMNS, lambda: iter(rows), about, ("Made from all entries.",))
    return Document(report, ORIGIN | origin)


# Reports that need nothing to be asked, and those that do with what is asked of them in a history of these tests.
PLAIN = [name for name in registry.REPORTS if not registry.needs(name)]
ASKING = {
    "stock-card": {"place": "north", "item": "rice"},
    "entries-behind": {"figure": "received", "row": "item=rice", "by": "place"},
}
