"""Journals are read by the programs that they are for, balance, and come to what our own books say."""

import csv
import io
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import accounts
from node.reporting import history as histories
from node.reporting.moves_report import worth
from node.reporting.writing import beancount, hledger
from node.reporting.writing.charting import ROOTS, Chart, distinct, survey
from node.reporting.writing.moves import Account, Move
from node.units import THOUSAND
from tests.fakes import memory_node
from tests.reporting_formats.histories import history
from tests.reporting_formats.tables import NOON

SEEDS = (1, 2, 3)
HLEDGER = shutil.which("hledger")
needs_hledger = pytest.mark.skipif(HLEDGER is None, reason="needs Debian's hledger")
Sums = dict[str, Counter[Any]]


@cache
def moves_of(seed: int) -> tuple[Move, ...]:
    return tuple(histories.moves(history(seed, 80).node))


def written(write: Any, moves: tuple[Move, ...]) -> str:
    out = io.BytesIO()
    write(lambda: iter(moves), out, {"root": "ab" * 32, "note": "=odd; \n"})
    return out.getvalue().decode()


def own_sums(moves: tuple[Move, ...], dialect: Any) -> tuple[Sums, Sums]:
    """By account: what our own books come to, in goods, and in money where goods have a worth."""
    chart = Chart(survey(moves), dialect)
    goods: Sums = defaultdict(Counter)
    money: Sums = defaultdict(Counter)
    for move in moves:
        value = worth(move)
        for account, sign in ((move.target, 1), (move.source, -1)):
            name = chart.accounts[account]
            goods[name][chart.goods[move.item]] += sign * Decimal(move.qty) / THOUSAND
            if value is not None and move.currency:
                money[name][chart.currencies[move.currency]] += sign * value
            else:
                money[name][chart.goods[move.item]] += sign * Decimal(move.qty) / THOUSAND
    return _without_noughts(goods), _without_noughts(money)


def _without_noughts(sums: Sums) -> Sums:
    kept = {name: Counter({what: qty for what, qty in part.items() if qty}) for name, part in sums.items()}
    return {name: part for name, part in kept.items() if part}


# hledger


def run_hledger(journal: str, folder: Path, *words: str) -> str:
    file = folder / "books.journal"
    file.write_text(journal, "utf-8")
    command = [str(HLEDGER), "-f", str(file), *words]
    env = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, env=env, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def hledger_sums(journal: str, folder: Path, *words: str) -> Sums:
    text = run_hledger(journal, folder, "balance", "--flat", "--no-total", "-O", "csv", *words)
    found: Sums = {}
    for name, told in list(csv.reader(io.StringIO(text)))[1:]:
        parts = re.findall(r'(-?[\d.]+) (?:"([^"]*)"|([^,\s]+))', told)
        found[name] = Counter({quoted or bare: Decimal(number) for number, quoted, bare in parts if Decimal(number)})
    return {name: part for name, part in found.items() if part}


@needs_hledger
@pytest.mark.parametrize("seed", SEEDS)
def test_hledger_comes_to_our_balances_in_goods_and_in_money(seed, tmp_path):
    moves = moves_of(seed)
    journal = written(hledger.write, moves)
    goods, money = own_sums(moves, hledger.DIALECT)
    assert len(goods) > 8
    assert hledger_sums(journal, tmp_path) == goods
    assert hledger_sums(journal, tmp_path, "--cost") == money
    run_hledger(journal, tmp_path, "check", "--strict", "ordereddates")


@needs_hledger
@pytest.mark.parametrize("seed", SEEDS)
def test_hledger_comes_to_the_columns_of_our_statement(seed, tmp_path):
    node = history(seed, 80).node
    moves = tuple(histories.moves(node))
    found = hledger_sums(written(hledger.write, moves), tmp_path, "--depth=2")
    goods = Chart(survey(moves), hledger.DIALECT).goods
    columns = {"place": "on_hand", "transit": "in_transit", "people": "distributed", "lost": "lost"}
    columns |= {"unexplained": "unexplained", "repacked": "repacked", "source": "received"}
    for row in accounts.balance(node)["items"]:
        for kind, column in columns.items():
            told = found.get(ROOTS[kind], Counter())[goods.get(row["item"])] * (-1 if kind == "source" else 1)
            assert told == Decimal(row[column]), (row["item"], column)


# beancount


def beancount_sums(journal: str, column: str) -> Sums:
    loader = pytest.importorskip("beancount.loader", reason="needs beancount: pip install -e '.[test]'")
    query = pytest.importorskip("beanquery", reason="needs beanquery: pip install -e '.[test]'")
    entries, errors, options = loader.load_string(journal)
    assert not errors, errors[:3]
    connection = query.connect("beancount:", entries=entries, errors=errors, options=options)
    found: Sums = defaultdict(Counter)
    for name, what, number in connection.execute(f"SELECT account, {column}").fetchall():
        found[name][what] += number
    return _without_noughts(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_beancount_comes_to_our_balances_in_goods_and_in_money(seed):
    moves = moves_of(seed)
    journal = written(beancount.write, moves)
    goods, money = own_sums(moves, beancount.DIALECT)
    assert beancount_sums(journal, "currency, number") == goods
    assert beancount_sums(journal, "currency(weight), number(weight)") == money


@pytest.mark.parametrize("seed", SEEDS)
def test_bean_query_adds_up_to_the_same(seed):
    """As an accountant would ask: one line an account."""
    loader = pytest.importorskip("beancount.loader", reason="needs beancount: pip install -e '.[test]'")
    query = pytest.importorskip("beanquery", reason="needs beanquery: pip install -e '.[test]'")
    moves = moves_of(seed)
    entries, errors, options = loader.load_string(written(beancount.write, moves))
    connection = query.connect("beancount:", entries=entries, errors=errors, options=options)
    rows = connection.execute("SELECT account, sum(position) GROUP BY account").fetchall()
    found = {name: Counter({p.units.currency: p.units.number for p in held}) for name, held in rows if len(held)}
    assert found == own_sums(moves, beancount.DIALECT)[0]


# names


AWKWARD = (
    "",
    " ",
    ":",
    "::",
    ";",
    '"',
    "\\",
    "a\nb",
    "a  b",
    "毛布 🧺",
    "=x",
    "*",
    "(x)",
    "[x]",
    "é",
    "٣",
    "_",
    "Unknown",
)


def move(item: str, name: str, unit: str, place: str, place_name: str, team: str = "T", currency: str = "PHP") -> Move:
    here = Account("place", place, place_name, team)
    about = (item, name, unit, "", "", "", "", 2500)
    return Move(NOON, "ab" * 32, 1, "receipt", *about, Account("source"), here, Decimal("1.5"), currency, "=T; \n")


def awkward() -> tuple[Move, ...]:
    names = [*AWKWARD, *(name.upper() for name in AWKWARD), "PHP", "true", "null", "x" * 300, "x" * 299 + "y"]
    return tuple(
        move(f"item{at}", name, unit, f"place{at}", name, name, currency)._replace(entry=f"{at:064x}")
        for at, name in enumerate(names)
        for unit, currency in [(name if at % 2 else "", ("PHP", "₱", "php", "US$", "TRUE", name)[at % 6])]
    )


@needs_hledger
def test_hledger_keeps_apart_whatever_is_called_alike(tmp_path):
    moves = awkward()
    goods, money = own_sums(moves, hledger.DIALECT)
    journal = written(hledger.write, moves)
    assert hledger_sums(journal, tmp_path) == goods and hledger_sums(journal, tmp_path, "--cost") == money
    assert len(goods) == len(moves) + 1, "each place and the source have an account of their own"


def test_beancount_keeps_apart_whatever_is_called_alike():
    moves = awkward()
    goods, money = own_sums(moves, beancount.DIALECT)
    journal = written(beancount.write, moves)
    assert beancount_sums(journal, "currency, number") == goods
    assert beancount_sums(journal, "currency(weight), number(weight)") == money
    assert len(goods) == len(moves) + 1


@given(st.dictionaries(st.text(max_size=6), st.sampled_from(["a", "A", "b", "a-x", "long name", ""])), st.data())
def test_no_two_ids_ever_get_one_name(wanted, data):
    taken = data.draw(st.lists(st.sampled_from(["a", "B", "a-2"])))
    given_ = distinct(wanted, taken, 24)
    folded = [name.casefold() for name in given_.values()]
    assert given_.keys() == wanted.keys()
    assert len(set(folded)) == len(folded) and not set(folded) & {name.casefold() for name in taken}
    assert all(len(name) <= 24 for name in given_.values())


def test_who_alone_wants_a_name_has_it():
    found = distinct({"p1": "Gym", "p2": "gym", "p3": "Depot", "p4": "gym-p2"}, (), 24)
    assert found == {"p1": "Gym-p1", "p2": "gym-p2-2", "p3": "Depot", "p4": "gym-p2"}


@pytest.mark.parametrize("at", [-(10**15), -62_135_596_800_000, -8_000_000_000_000, 0, 10**16])
def test_wild_clocks_are_written_as_days_that_the_programs_know(at, tmp_path):
    moves = (move("i", "Rice", "kg", "p", "Depot")._replace(at=at),)
    assert beancount_sums(written(beancount.write, moves), "currency, number") == own_sums(moves, beancount.DIALECT)[0]
    if HLEDGER:
        assert hledger_sums(written(hledger.write, moves), tmp_path) == own_sums(moves, hledger.DIALECT)[0]


@pytest.mark.parametrize("write", [hledger.write, beancount.write])
def test_empty_books_are_a_journal_without_entries(write, tmp_path):
    journal = written(write, tuple(histories.moves(memory_node())))
    if write is beancount.write:
        assert beancount_sums(journal, "currency, number") == {}
    elif HLEDGER:
        assert hledger_sums(journal, tmp_path) == {}
