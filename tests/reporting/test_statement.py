"""Statements: what they say holds for every row, adds up to the whole, and opens down to entries."""

import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from node import accounts, sameness
from node.events import Dispatch, Item, Line, Place, Receipt, ReceiptLine, SameAs, Team, encode
from node.reporting import axes, history
from node.reporting.asked import Scope, days
from node.reporting.behind import behind
from node.reporting.model import Report
from node.reporting.statement import FIGURES, statement
from node.reporting.stock_card import stock_card
from node.reporting.worth import Rates, read_rates
from node.units import format_qty
from sync.errors import Malformed, NotFound, OutOfRange
from tests.fakes import START_MS, MemoryNode, memory_node
from tests.reporting.histories import HOUR, ITEMS, PLACES, World

CAME = ("opening", "opening_in_transit", "received", "transferred_in")
WENT = tuple(name for name in FIGURES if name not in CAME)
BYS = ([], ["place"], ["team"], ["category"], ["fund"], ["place", "lot"], ["team", "fund"])
SEEDS = range(12)


def table(report: Report) -> list[dict[str, Any]]:
    names = [column.name for column in report.columns]
    return [dict(zip(names, row, strict=True)) for row in report.rows()]


@cache
def world(seed: int) -> MemoryNode:
    """A node of a random history, only to be read; every fourth world is a wild one."""
    made = World(seed, wild=seed % 4 == 3)
    for _ in range(90):
        made.step()
    made.tell_all()
    return made.nodes[0]


def total(rows: list[dict[str, Any]], name: str) -> Any:
    return sum(row[name] or 0 for row in rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_identity_holds_for_each_row_in_quantity_and_value(seed: int) -> None:
    node, draw = world(seed), random.Random(seed)
    since, until = sorted(draw.choices(range(9), k=2))
    for by in BYS:
        rows = table(statement(node, Scope(START_MS + since * HOUR, START_MS + until * HOUR), by))
        for row in rows:
            for kind in ("", "_value"):
                came, went = (sum(row[name + kind] or 0 for name in names) for names in (CAME, WENT))
                assert came == went, f"seed {seed}"
        everything = table(statement(node, Scope(START_MS + since * HOUR, START_MS + until * HOUR)))
        for name in FIGURES:
            assert total(rows, name) == total(everything, name)
            assert total(rows, f"{name}_value") == total(everything, f"{name}_value")
        assert total(rows, "transferred_in") == total(rows, "transferred_out")


@pytest.mark.parametrize("seed", SEEDS)
def test_from_the_beginning_it_is_what_the_balance_says(seed: int) -> None:
    node = world(seed)
    for raw in (False, True):
        found: dict[tuple[str, str], Counter[str]] = {}
        for row in table(statement(node, Scope(raw=raw), ["place"])):
            sums = found.setdefault((row["place"], row["item"]), Counter())
            for name in FIGURES:
                sums["lost" if name.startswith("lost") else name] += row[name]
        for row in accounts.balance(node, "place", raw)["places"]:
            sums = found.get((row["place"], row["item"]), Counter())
            for name in accounts.COLUMNS_SHOWN:
                assert row[name] == format_qty(sums["closing" if name == "on_hand" else name]), f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_period_closes_where_the_next_one_opens(seed: int) -> None:
    node = world(seed)
    noon = START_MS + 4 * HOUR
    first, second = (table(statement(node, scope, ["place"])) for scope in (Scope(until=noon), Scope(since=noon)))
    closing = {(row["place"], row["item"], row["currency"]): (row["closing"], row["in_transit"]) for row in first}
    for row in second:
        closed = closing.get((row["place"], row["item"], row["currency"]), (0, 0))
        assert (row["opening"], row["opening_in_transit"]) == closed, f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_every_figure_opens_down_to_entries_that_add_up_to_it(seed: int) -> None:
    node, scope = world(seed), Scope(START_MS + 2 * HOUR, START_MS + 6 * HOUR)
    for by in (["place"], ["team", "fund"]):
        for row in table(statement(node, scope, by)):
            for name in FIGURES:
                lines = table(behind(node, scope, by, row, name))
                assert total(lines, "qty") == row[name], f"seed {seed} {by} {name}"
                assert total(lines, "value") == (row[f"{name}_value"] or 0)
                assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_scope_covers_what_its_rows_are_of_the_whole(seed: int) -> None:
    node = world(seed)
    whole = table(statement(node, Scope(), ["place", "team", "fund"]))
    scopes = (("place", Scope(place="gym")), ("item", Scope(item="soap")), ("fund", Scope(fund="ECHO")))
    for name, scope in (*scopes, ("team", Scope(team="team 1"))):
        part = table(statement(node, scope, ["place", "team", "fund"]))
        assert part == [row for row in whole if row[name] in {one[name] for one in part}], f"seed {seed}"
        assert len({row[name] for row in part}) <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stock_card_ends_at_what_the_statement_closes_with(seed: int) -> None:
    node, until = world(seed), START_MS + 7 * HOUR
    rows = table(statement(node, Scope(until=until), ["place"]))
    for since in (None, START_MS + 3 * HOUR):
        for place in PLACES:
            for item in ITEMS:
                cards = table(stock_card(node, place, item, since, until))
                head = node_head(node, place, item)
                closing = sum(row["closing"] for row in rows if (row["place"], row["item"]) == head)
                assert (cards[-1]["balance"] if cards else 0) == closing, f"seed {seed}"


def node_head(node: MemoryNode, place: str, item: str) -> tuple[str, str]:
    return sameness.merged(node, "place").head(place), sameness.merged(node, "item").head(item)


@pytest.fixture
def depot() -> MemoryNode:
    node = memory_node()
    facts: list[Any] = [Team("Crew"), Place("depot", "Depot", "hub"), Item("rice", "Rice", "kg", "food")]
    lines = [ReceiptLine("rice", 10_000, "a", fund="ECHO", value="1.5", currency="PHP"), ReceiptLine("rice", 4_000)]
    facts += [Receipt(START_MS, "depot", lines), Dispatch(START_MS + HOUR, "depot", "gym", [Line("rice", 3_000, "a")])]
    for fact in facts:
        node.log.append(encode(fact))
    return node


def test_currencies_are_rows_of_their_own_and_are_converted_only_at_the_rates_given(depot: MemoryNode) -> None:
    rows = table(statement(depot, Scope()))
    assert [(row["currency"], row["closing"], row["closing_value"]) for row in rows] == [
        ("", 4_000, None),
        ("PHP", 7_000, Decimal("10.5")),
    ]
    converted = statement(depot, Scope(), rates=read_rates("usd", "php = 0.0175, EUR=1.08"))
    assert [(row["currency"], row["received_value"]) for row in table(converted)][1] == ("USD", Decimal("0.2625"))
    assert "1 PHP = 0.0175 USD" in converted.notes[-1]
    left = table(statement(depot, Scope(), rates=Rates("USD", {"EUR": "1.08"})))
    assert [row["currency"] for row in left] == ["", "PHP"]


def test_no_amount_is_ever_rounded(depot: MemoryNode) -> None:
    lines = [ReceiptLine("rice", 10**15 - 1, "b", value="999999999999999.999999999", currency="PHP")]
    depot.log.append(encode(Receipt(START_MS, "depot", lines)))
    row = next(row for row in table(statement(depot, Scope(), ["lot"])) if row["lot"] == "b")
    assert Fraction(row["received_value"]) == Fraction(10**15 - 1, 1000) * Fraction(10**24 - 1, 10**9)


def test_a_card_tells_what_came_and_went_and_who_recorded_it(depot: MemoryNode) -> None:
    rows = table(stock_card(depot, "Depot", "Rice", since=START_MS + 1))
    told = ("type", "beside", "came", "went", "balance", "team", "summary")
    assert [tuple(row[name] for name in told) for row in rows] == [
        ("brought forward", "", None, None, 14_000, "", ""),
        ("dispatch", "to gym", None, 3_000, 11_000, "Crew", "3 Rice sent from Depot to gym"),
    ]


def test_merged_items_are_one_row_unless_raw(depot: MemoryNode) -> None:
    depot.log.append(encode(Receipt(START_MS, "depot", [ReceiptLine("arroz", 1_000)])))
    depot.log.append(encode(SameAs(START_MS, "item", "arroz", "rice")))
    assert {row["item"] for row in table(statement(depot, Scope()))} == {"rice"}
    assert {row["item"] for row in table(statement(depot, Scope(raw=True)))} == {"rice", "arroz"}
    assert len(table(stock_card(depot, "depot", "rice"))) == 3


def test_empty_books_have_no_rows_and_read_well() -> None:
    report = statement(memory_node(), Scope())
    assert list(report.rows()) == [] and report.about == {"period": "from the beginning until the newest entry"}


def test_days_are_those_of_a_time_zone_and_may_cross_a_year() -> None:
    since, until = days("2026-12-31", "2027-01-01", ZoneInfo("Asia/Manila"))
    assert (since, until) == (1_798_646_400_000, 1_798_819_200_000)


def test_what_cannot_be_read_is_told(depot: MemoryNode) -> None:
    with pytest.raises(Malformed, match="not a rate"):
        read_rates("USD", "PHP")
    with pytest.raises(Malformed, match="not a date"):
        days("yesterday", None)
    with pytest.raises(NotFound, match="no team"):
        table(statement(depot, Scope(team="Nobody")))
    with pytest.raises(OutOfRange, match="colour"):
        statement(depot, Scope(), ["colour"])
    with pytest.raises(OutOfRange, match="no figure"):
        behind(depot, Scope(), [], {}, "profit")
    assert set(axes.AXES) == {"place", "team", "category", "fund", "lot"}


def moved(node: MemoryNode) -> Counter[Any]:
    """What the history as movements between accounts comes to at each place, by column: quantities, and exact worth."""
    found: Counter[Any] = Counter()
    for move in history.moves(node):
        worth = Fraction(move.value or 0) * move.qty
        for account, other, step in ((move.target, move.source, 1), (move.source, move.target, -1)):
            key = account.id, move.item, move.currency
            if account.kind == "transit":
                found[(*key, "in transit")] += step * move.qty
                found[(*key, "in transit", "worth")] += step * worth
            if account.kind == "place":
                found[(*key, "closing")] += step * move.qty
                found[(*key, "closing", "worth")] += step * worth
                found[(*key, other.kind)] += step * move.qty
    return Counter({key: qty for key, qty in found.items() if qty})


@pytest.mark.parametrize("seed", SEEDS)
def test_journals_and_statements_come_to_the_same_in_quantity_and_worth(seed: int) -> None:
    node, found = world(seed), Counter[Any]()
    for row in table(statement(node, Scope(raw=True), ["place"])):
        key = row["place"], row["item"], row["currency"]
        found[(*key, "closing")] += row["closing"]
        found[(*key, "closing", "worth")] += Fraction(row["closing_value"] or 0) * 1000
        found[(*key, "in transit")] += row["in_transit"]
        found[(*key, "in transit", "worth")] += Fraction(row["in_transit_value"] or 0) * 1000
        found[(*key, "source")] += row["received"]
        found[(*key, "people")] -= row["distributed"]
        found[(*key, "unexplained")] -= row["unexplained"]
        found[(*key, "repacked")] -= row["repacked"]
    told = {key: qty for key, qty in moved(node).items() if key[3] not in ("transit", "lost")}
    assert told == {key: qty for key, qty in found.items() if qty}, f"seed {seed}"
