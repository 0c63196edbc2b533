"""The distribution report: what was handed out where, to how many people, beside what was asked for and what is needed.

A row for each item of each drop. People and households stand in the first row of a drop alone, so that sums are right.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from node import catalogue
from node.events import Distribution
from node.fold import Node
from node.reporting import movements, sphere
from node.reporting.asked import Cell, Scope, View
from node.reporting.behind import Figure, lines
from node.reporting.model import Column, Report, Values
from node.reporting.posting import DISTRIBUTED
from node.reporting.statement import Books
from node.reporting.worth import NO_RATES, Rates, amount
from node.reporting.writing.privacy import SMALL
from node.tables import stands
from sync.log import Folded

COLUMNS = (
    Column("at", "When", "time", "#date+occurred"),
    Column("entry", "Entry", "id", "#meta+entry"),
    Column("site", "Site id", "id", "#loc+code"),
    Column("site_name", "Site", "text", "#loc+name"),
    Column("place_name", "From", "text", "#loc+name+origin"),
    Column("team", "Team", "text", "#org+name"),
    Column("item", "Item id", "id", "#item+code"),
    Column("item_name", "Item", "text", "#item+name"),
    Column("unit", "Unit", "text", "#item+unit"),
    Column("qty", "Quantity", "qty", "#output+distributed+num"),
    Column("currency", "Currency", "text", "#currency"),
    Column("value", "Value", "money", "#value+distributed", True),
    Column("people", "People", "int", "#reached+ind", True, counts_people=True),
    Column("households", "Households", "int", "#reached+hh", True, counts_people=True),
    Column("planned", "Asked for", "qty", "#targeted+qty+num"),
    Column("planned_people", "For people", "int", "#targeted+ind", counts_people=True),
    Column("per_person", "A person got", "qty", "#indicator+perperson+num"),
    Column("ration", "A person needs", "text", "#indicator+ration"),
    Column("ration_days", "Days of ration", "qty", "#indicator+days+num"),
    Column("note", "Note", "text", "#description+note", private=True),
)
NOTES = (
    "People and households stand in the first row of each drop. Asked for is what the need said that the drop answers.",
    "A person got the quantity over the people served, rounded down; where under five were served it isn't told.",
    sphere.NOTE,
)


def distributions(node: Node, scope: Scope, rates: Rates = NO_RATES, books: Books | None = None) -> Report:
    """A row for each item of each drop that a scope covers, in the order in which they took place."""
    opened = books or (lambda: movements.up_to_date(node))

    def _rows() -> Iterator[Values]:
        with opened() as connection:
            view = View(node, connection, scope, rates)
            drops = _drops(view)
            needs = _needs(node)
            made = [row for entry, cells in drops for row in _drop(view, needs, entry, cells)]
        return iter(made)

    return Report("distributions", "Distributions", COLUMNS, _rows, scope.about(), NOTES)


def _drops(view: View) -> list[tuple[Folded, list[tuple[Cell, int]]]]:
    """Each drop with what it took of which cells, in order."""
    asked = Figure(lambda account: int(account == DISTRIBUTED), view.scope.since, view.scope.until)
    taken: dict[int, list[tuple[Cell, int]]] = {}
    for line in lines(view, view.cells(), asked):
        taken.setdefault(line.n, []).append((line.cell, line.qty))
    entries = sorted(view.node.log.fetch(sorted(taken)), key=lambda entry: (_at(entry), entry.lamport, entry.id))
    return [(entry, taken[entry.n]) for entry in entries]


def _at(entry: Folded) -> int:
    return int(getattr(entry.fact, "at", 0))


def _needs(node: Node) -> dict[str, tuple[dict[str, int], int | None]]:
    """What each need asked for, by item, and for how many people."""
    found: dict[str, tuple[dict[str, int], int | None]] = {}
    for id, people, told in catalogue.query(node, f"SELECT id, people, lines FROM need t WHERE {stands('t')}"):
        wanted: dict[str, int] = {}
        for item, qty, *_ in msgspec.json.decode(told):
            wanted[item] = wanted.get(item, 0) + qty
        found[id.hex()] = wanted, people
    return found


def _drop(
    view: View, needs: Mapping[str, tuple[dict[str, int], int | None]], entry: Folded, cells: list[tuple[Cell, int]]
) -> Iterator[Values]:
    fact = entry.fact
    if not isinstance(fact, Distribution):
        return
    sums: dict[tuple[str, str], list[int]] = {}  # quantity and worth by item and currency
    for cell, qty in cells:
        row = sums.setdefault((cell.item, cell.unit[1]), [0, 0])
        row[0] += qty
        row[1] += qty * cell.unit[0]
    for first, ((item, currency), (qty, worth)) in enumerate(sorted(sums.items())):
        served = (None, None) if first else (fact.people, fact.households)
        wanted, people = needs.get(fact.need, ({}, None))
        head = view.words.same_items.head
        planned = sum(asked for of, asked in wanted.items() if head(of) == item) or None
        yield (
            *_where(view, entry, fact),
            *_item(view, item),
            qty,
            currency,
            amount(worth),
            *served,
            planned,
            people if planned is not None else None,
            *_rations(view, item, qty, fact.people),
            fact.note,
        )


def _where(view: View, entry: Folded, fact: Distribution) -> tuple[Any, ...]:
    site, words = fact.site or fact.place, view.words
    team = catalogue.team_name(words.teams, entry.node)
    return fact.at, entry.id.hex(), words.place(site).id, words.place_name(site), words.place_name(fact.place), team


def _item(view: View, item: str) -> tuple[str, str, str]:
    row = view.words.item(item)
    return row.id, row.name or row.id, row.unit


def _rations(view: View, item: str, qty: int, people: int | None) -> tuple[int | None, str | None, int | None]:
    """What a person got, what a person needs, and for how many days that is."""
    served = people if people and people >= SMALL else None  # of so few, what each got would tell how many they were
    each = qty // served if served else None
    known = sphere.ration(view.words.item(item))
    if not known:
        return each, None, None
    kind, content = known
    return each, kind.text, sphere.days(kind, content, qty, served) if served else None
