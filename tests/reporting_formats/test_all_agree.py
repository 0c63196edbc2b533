"""One month of three teams comes to the same in our statement, hledger, beancount, LibreOffice and DuckDB.

To the last thousandth of every item and to the last digit of every currency; in a spreadsheet to the cent. The month
begins with a real warehouse's stock where its file lies beside the project, and with one like it in any case.
"""

import io
import random
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from node import importer, queries
from node.events import (
    LOSS_REASONS,
    Arrival,
    ArrivalLine,
    Count,
    CountLine,
    Dispatch,
    Distribution,
    Line,
    Loss,
    Place,
    Team,
    Void,
    encode,
)
from node.reporting import history, registry
from node.reporting.writing import beancount, formats, hledger
from node.reporting.writing.charting import ROOTS, Chart, survey
from tests.fakes import MemoryNode, memory_node, tell
from tests.reporting_formats import test_journals, test_parquet, test_xlsx

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "sahana" / "nroc_warehouse_stock.csv"
DAY = 86_400_000
Figures = dict[str, Counter[Any]]  # by figure: by item quantities, or by currency amounts
FIGURES = ("received", "distributed", "lost", "unexplained", "in_transit", "closing")
KINDS = {
    "people": "distributed",
    "lost": "lost",
    "unexplained": "unexplained",
    "transit": "in_transit",
    "place": "closing",
}


def made_up(folder: Path) -> Path:
    """A file like a warehouse's: values in two currencies, fractions, some without a value."""
    draw, file = random.Random(5), folder / "stock.csv"
    rows = ["Warehouse,Item,Unit,Quantity,Unit value,Currency,Donor"]
    for at in range(60):
        value = draw.choice(("", "12.5", "0.333333333", "1499.99"))
        cells = [f"Hall {at % 4}", f"Item {at}", "piece", str(draw.randrange(1, 90_000) / 8), value]
        rows.append(",".join([*cells, draw.choice(("PHP", "USD")) if value else "", f"Donor {at % 3}"]))
    file.write_text("\n".join(rows), "utf-8")
    return file


class Month:
    """Three teams, a month of what they do with the stock that the first has imported."""

    def __init__(self, file: Path, seed: int) -> None:
        self.draw = random.Random(seed)
        self.nodes = [memory_node(f"{seed} {at}") for at in range(3)]
        self.sent: list[tuple[str, Dispatch]] = []
        for at, node in enumerate(self.nodes):
            node.log.append(encode(Team(f"Team {at}")))
            node.log.append(encode(Place(f"base{at}", f"Base {at}", "hub")))
        assert importer.run(self.nodes[0], file)["problems"] == []
        self.tell_all()
        for _ in range(150):
            self.step()
        self.tell_all()

    def tell_all(self) -> None:
        for _ in range(2):
            for one in self.nodes:
                for other in self.nodes:
                    if one is not other:
                        tell(one, other)

    def step(self) -> None:
        """One team does something, or hears from another."""
        draw = self.draw
        node = draw.choice(self.nodes)
        node.now += draw.randrange(DAY // 2)
        if draw.random() < 0.15:
            tell(node, draw.choice([other for other in self.nodes if other is not node]))
            return
        with queries.one_moment(node):
            stock = [row for row in queries.stock(node, lots=True) if row["qty"] != "0"]
        id = node.log.append(encode(fact := self.fact(node, draw.choice(stock)))).id.hex()
        if isinstance(fact, Dispatch):
            self.sent.append((id, fact))

    def fact(self, node: MemoryNode, row: dict[str, Any]) -> Any:
        """A fact about goods that are on hand somewhere."""
        draw, at, place, item = self.draw, node.now - self.draw.choice((0, 0, 3 * DAY)), row["place"], row["item"]
        whole = max(1, int(Decimal(row["qty"]) * 1000))
        lines = [Line(item, draw.randrange(1, whole + whole // 8 + 2), row["lot"])]
        kind = draw.randrange(8)
        if kind < 3:
            return Distribution(at, place, lines, people=draw.randrange(1, 99))
        if kind == 3:
            return Loss(at, place, lines, draw.choice(LOSS_REASONS))
        if kind == 4:
            return Count(at, place, [CountLine(item, whole - draw.randrange(-9, 9) * 125, whole, row["lot"])])
        if kind == 5:
            return Dispatch(at, place, f"base{draw.randrange(3)}", lines)
        if kind == 6 and self.sent:
            return self.arrival(at, *draw.choice(self.sent))
        own = [entry for batch in node.log.folded() for entry in batch if entry.node == node.keys.node]
        voidable = [entry for entry in own if isinstance(entry.fact, Distribution | Loss | Count | Dispatch)]
        return Void(draw.choice(voidable).id.hex(), "a slip", at) if voidable else Distribution(at, place, lines)

    def arrival(self, at: int, id: str, sent: Dispatch) -> Arrival:
        """Most of a dispatch, some of it damaged or missing."""
        (line,) = sent.lines
        parts = [line.qty * part // 10 for part in (8, self.draw.choice((0, 1)), self.draw.choice((0, 1)))]
        return Arrival(at, sent.to, id, [ArrivalLine(line.item, parts[0], line.lot, parts[1], parts[2])])


@pytest.fixture(scope="module", params=["real", "made up"])
def month(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Month:
    if request.param == "real" and not REAL.exists():
        pytest.skip("needs the files of ../shared/data/sahana")
    return Month(REAL if request.param == "real" else made_up(tmp_path_factory.mktemp("files")), 7)


def of_statement(node: MemoryNode) -> tuple[Figures, Figures]:
    """Quantities by item and amounts by currency, as our own statement says."""
    goods: Figures = defaultdict(Counter)
    money: Figures = defaultdict(Counter)
    with registry.one_moment(node):
        report = registry.make(node, "statement", {})
        names = [column.name for column in report.columns]
        rows = [dict(zip(names, row, strict=True)) for row in report.rows()]
    for row in rows:
        for name in names:
            figure = "lost" if name.startswith("lost_") else name.removesuffix("_value")
            if figure not in FIGURES or not row[name]:
                continue
            if name.endswith("_value"):
                money[figure][row["currency"]] += row[name]
            else:
                goods[figure][row["item"]] += Decimal(row[name]) / 1000
    return tidy(goods), tidy(money)


def tidy(figures: Figures) -> Figures:
    """Without what comes to nothing."""
    kept = {name: Counter({key: value for key, value in part.items() if value}) for name, part in figures.items()}
    return {name: part for name, part in kept.items() if part}


def of_accounts(sums: dict[str, Counter[str]], keys: dict[str, str]) -> Figures:
    """Sums by account as figures; `keys` says what each commodity is."""
    found: Figures = defaultdict(Counter)
    for kind, root in ROOTS.items():
        figure, sign = ("received", -1) if kind == "source" else (KINDS.get(kind, kind), 1)
        for account, part in sums.items():
            if account == root or account.startswith(root + ":"):
                found[figure].update({keys[what]: sign * value for what, value in part.items() if what in keys})
    return tidy(found)


def charted(node: MemoryNode, dialect: Any) -> tuple[dict[str, str], dict[str, str]]:
    chart = Chart(survey(history.moves(node)), dialect)
    return {name: id for id, name in chart.goods.items()}, {
        name: currency for currency, name in chart.currencies.items()
    }


def journal(node: MemoryNode, write: Any) -> str:
    out = io.BytesIO()
    write(lambda: history.moves(node), out, {})
    return out.getvalue().decode()


def test_the_three_nodes_agree_and_the_month_holds_everything(month):
    assert len({node.log.digest() for node in month.nodes}) == 1
    goods, money = of_statement(month.nodes[0])
    assert set(goods) == set(FIGURES) and set(money) >= {"received", "distributed", "lost", "closing"}
    assert of_statement(month.nodes[2]) == (goods, money)


@test_journals.needs_hledger
def test_hledger_says_the_same(month, tmp_path):
    node = month.nodes[1]
    items, currencies = charted(node, hledger.DIALECT)
    text = journal(node, hledger.write)
    goods = of_accounts(test_journals.hledger_sums(text, tmp_path), items)
    money = of_accounts(test_journals.hledger_sums(text, tmp_path, "--cost"), currencies)
    assert (goods, money) == of_statement(node)


def test_beancount_says_the_same(month):
    node = month.nodes[2]
    items, currencies = charted(node, beancount.DIALECT)
    text = journal(node, beancount.write)
    goods = of_accounts(test_journals.beancount_sums(text, "currency, number"), items)
    money = of_accounts(test_journals.beancount_sums(text, "currency(weight), number(weight)"), currencies)
    assert (goods, money) == of_statement(node)


def test_duckdb_says_the_same(month, tmp_path):
    node = month.nodes[0]
    query = """
        SELECT kind, item, currency, sum(qty) AS qty, sum(amount) AS amount FROM (
            SELECT to_kind AS kind, item, currency, qty, amount FROM 'movements.parquet'
            UNION ALL SELECT from_kind, item, currency, -qty, -amount FROM 'movements.parquet')
        GROUP BY ALL"""
    goods: Figures = defaultdict(Counter)
    money: Figures = defaultdict(Counter)
    for row in test_parquet.rows_of(test_parquet.in_duckdb(node, tmp_path), query):
        figure, sign = ("received", -1) if row["kind"] == "source" else (KINDS.get(row["kind"], row["kind"]), 1)
        goods[figure][row["item"]] += sign * row["qty"]
        money[figure][row["currency"]] += sign * (row["amount"] or 0)
    assert (tidy(goods), tidy(money)) == of_statement(node)


@test_xlsx.needs_soffice
def test_the_workbook_of_the_statement_as_libreoffice_computes_it_says_the_same(month, tmp_path):
    node, out = month.nodes[1], io.BytesIO()
    with registry.one_moment(node):
        formats.FORMATS["xlsx"].write(registry.document(node, "statement", {}), out, None)
        report = registry.make(node, "statement", {})
    names = [column.name for column in report.columns]
    lines = test_xlsx.recomputed(out.getvalue(), tmp_path)
    totals = [dict(zip(names, line, strict=True)) for line in lines if "Total" in line]
    goods, money = of_statement(node)
    at = {name: number for number, name in enumerate(names)}
    units = {row[at["item"]]: row[at["unit"]] for row in report.rows()}
    for figure in FIGURES:
        parts = [name for name in names if name == figure or (figure == "lost" and name.startswith("lost_"))]
        parts = [name for name in parts if not name.endswith("_value")]
        qty, amount = Counter[str](), Counter[str]()
        for total in totals:
            qty[total["unit"]] += sum(Decimal(total[name] or 0) for name in parts)
            amount[total["currency"]] += sum(Decimal(total[f"{name}_value"] or 0) for name in parts)
        wanted = Counter[str]()
        for item, held in goods[figure].items():
            wanted[units[item]] += held
        assert tidy({figure: qty}) == tidy({figure: wanted})
        assert cents(amount) == cents(money.get(figure, Counter()))


def cents(amounts: Counter[str]) -> dict[str, Decimal]:
    return {currency: round(amount, 2) for currency, amount in amounts.items() if round(amount, 2)}
