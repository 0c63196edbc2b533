"""Movements come to what the books say, whichever way they are added up."""

from collections import Counter
from decimal import Decimal

import pytest

from node import accounts
from node.reporting import history as histories
from node.reporting.writing.moves import KINDS
from node.units import format_qty
from tests.fakes import memory_node
from tests.reporting_formats.histories import PLACES, history

SEEDS = range(6)
COLUMNS = {
    "source": "received",
    "people": "distributed",
    "lost": "lost",
    "unexplained": "unexplained",
    "repacked": "repacked",
}


@pytest.mark.parametrize("seed", SEEDS)
def test_movements_add_up_to_the_balance_of_each_item(seed):
    node = history(seed).node
    sums: Counter[tuple[str, str]] = Counter()
    for move in histories.moves(node):
        assert move.qty > 0 and move.source.kind in KINDS and move.target.kind in KINDS
        sums[move.item, move.source.kind] -= move.qty
        sums[move.item, move.target.kind] += move.qty
    for row in accounts.balance(node)["items"]:
        for kind, column in COLUMNS.items():
            sign = -1 if kind == "source" else 1
            assert format_qty(sign * sums[row["item"], kind]) == row[column], (row["item"], column)
        assert format_qty(sums[row["item"], "place"]) == row["on_hand"]
        assert format_qty(sums[row["item"], "transit"]) == row["in_transit"]


@pytest.mark.parametrize("seed", SEEDS)
def test_movements_come_to_what_is_on_hand_at_each_place(seed):
    node = history(seed).node
    held: Counter[tuple[str, str]] = Counter()
    for move in histories.moves(node):
        for account, qty in ((move.source, -move.qty), (move.target, move.qty)):
            if account.kind == "place":
                held[account.id, move.item] += qty
    for row in accounts.balance(node, "place")["places"]:
        assert format_qty(held[row["place"], row["item"]]) == row["on_hand"]


def test_movements_are_in_the_order_in_which_they_took_place():
    node = history(3).node
    told = [(move.at, move.entry, move.line) for move in histories.moves(node)]
    assert [at for at, _, _ in told] == sorted(at for at, _, _ in told)
    assert len(set(told)) == len(told) > 50


def test_a_movement_is_worth_what_its_lot_is_or_else_its_item():
    node = history(4).node
    worth = {(move.item, move.lot): (move.value, move.currency) for move in histories.moves(node)}
    assert worth["blanket", ""] == (Decimal("7.25"), "PHP")
    assert worth["rice", "B7"] == (Decimal("12.5"), "PHP")
    assert worth["rice", ""] == (None, "")


def test_names_are_those_of_the_catalogue():
    node = history(5).node
    accounts_ = {
        a.id: a.name for move in histories.moves(node) for a in (move.source, move.target) if a.kind == "place"
    }
    assert accounts_.items() <= {id: name or id for id, name in PLACES.items()}.items()


def test_empty_books_have_no_movements():
    assert list(histories.moves(memory_node())) == []
