"""Parquet: exact in every kind of column, in row groups; and DuckDB comes to what our own books say."""

import io
import json
import re
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from node import accounts, queries
from node.reporting import history as histories
from node.reporting import registry
from node.reporting.moves_report import worth
from node.reporting.writing import parquet as writing
from node.reporting.writing.document import prove
from node.units import THOUSAND
from sync.errors import OutOfRange, Problem
from tests.fakes import MemoryNode
from tests.reporting_formats.histories import history
from tests.reporting_formats.tables import COLUMNS, document, random_rows
from tests.reporting_formats.tables import row as made_row

pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow: pip install -e '.[test]'")
duckdb = pytest.importorskip("duckdb", reason="needs duckdb: pip install -e '.[test]'")

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```sql\n-- ([a-z ]+)\n(.*?)```", (ROOT / "docs" / "duckdb.md").read_text("utf-8"), re.DOTALL)
QUERIES = dict(BLOCKS)
SEEDS = (1, 2, 3)


def written(made) -> bytes:
    out = io.BytesIO()
    writing.write(made, out)
    assert not out.closed
    return out.getvalue()


def table(content: bytes) -> list[dict]:
    return pq.read_table(io.BytesIO(content)).to_pylist()


def test_each_value_comes_back_as_it_was():
    rows = random_rows(5, 300)
    for told, cells in zip(table(written(document(rows))), rows, strict=True):
        values = dict(zip([column.name for column in COLUMNS], cells, strict=True))
        assert told["qty"] == (None if values["qty"] is None else Decimal(values["qty"]) / 1000)
        assert told["value"] == values["value"] and told["people"] == values["people"]
        assert told["expiry"] == (values["expiry"] and date.fromisoformat(values["expiry"]))
        assert told["at"] is None or round(told["at"].timestamp() * 1000) == values["at"]
        assert told["note"] == values["note"] and told["item"] == values["item"]


def test_what_other_programs_wrote_as_dates_and_times_does_not_stop_it():
    rows = [made_row(expiry=text, at=at) for text, at in [("next week", -(10**15)), ("2027-02-30", 10**17)]]
    told = table(written(document(rows)))
    assert [line["expiry"] for line in told] == [None, None]
    assert [line["at"].replace(tzinfo=None) for line in told] == [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)]


def test_a_number_that_is_too_large_is_told_and_not_changed():
    with pytest.raises(OutOfRange, match="'On hand'"):
        written(document([made_row(qty=10**24)]))
    with pytest.raises(OutOfRange, match="'People'"):
        written(document([made_row(people=2**63)]))
    assert table(written(document([made_row(qty=2**63 - 1, people=2**63 - 1)])))[0]["people"] == 2**63 - 1


def test_rows_are_written_in_groups_and_the_file_holds_its_proof(monkeypatch):
    monkeypatch.setattr(writing, "BATCH_ROWS", 25)
    monkeypatch.setattr(writing, "GROUP_BATCHES", 4)
    made = document(random_rows(6, 250))
    file = pq.ParquetFile(io.BytesIO(written(made)))
    assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [100, 100, 50]
    told = json.loads(file.metadata.metadata[b"bucketline"])
    assert told["proof"] == prove(made) and told["title"] == "Stock by lot"


def test_the_same_rows_give_the_same_bytes():
    assert written(document(random_rows(7, 99))) == written(document(random_rows(7, 99)))


def test_who_lacks_the_library_is_told_what_to_do(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(Problem, match=r"\.\[parquet\]"):
        written(document([]))


# in DuckDB


def in_duckdb(node: MemoryNode, folder: Path):
    """A connection that finds the movements under the name that the page uses."""
    with queries.one_moment(node):
        content = written(registry.document(node, "movements", {}))
    (folder / "movements.parquet").write_bytes(content)
    return duckdb.connect(config={"file_search_path": str(folder)})


def rows_of(connection, query: str) -> list[dict]:
    found = connection.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("seed", SEEDS)
def test_duckdb_comes_to_the_balance_of_each_item(seed, tmp_path):
    node = history(seed, 80).node
    found = {row["item"]: row for row in rows_of(in_duckdb(node, tmp_path), QUERIES["balance"])}
    ours = accounts.balance(node)["items"]
    columns = ("received", "distributed", "lost", "unexplained", "repacked", "in_transit", "on_hand")
    assert len(ours) > 4
    for row in ours:
        told = found.pop(row["item"], dict.fromkeys(columns, 0))
        assert {name: Decimal(row[name]) for name in columns} == {name: told[name] for name in columns}
    assert not found


@pytest.mark.parametrize("seed", SEEDS)
def test_duckdb_comes_to_the_stock_by_lot(seed, tmp_path):
    node = history(seed, 80).node
    found = rows_of(in_duckdb(node, tmp_path), QUERIES["on hand"])
    with queries.one_moment(node):
        ours = [row for row in queries.stock(node, lots=True) if row["qty"] != "0"]
    told = {(row["place"], row["item"], row["lot"]): row["qty"] for row in found}
    assert told == {(row["place"], row["item"], row["lot"]): Decimal(row["qty"]) for row in ours}


@pytest.mark.parametrize("seed", SEEDS)
def test_duckdb_comes_to_the_worth_of_all_movements_to_the_last_digit(seed, tmp_path):
    node = history(seed, 80).node
    ours: Counter[tuple[str, str]] = Counter()
    goods: Counter[str] = Counter()
    for move in histories.moves(node):
        goods[move.target.kind] += move.qty
        if (value := worth(move)) is not None:
            ours[move.target.kind, move.currency] += value
    rows = rows_of(in_duckdb(node, tmp_path), QUERIES["statement"])
    told: Counter[tuple[str, str]] = Counter()
    quantities: Counter[str] = Counter()
    for row in rows:
        quantities[row["to_kind"]] += row["qty"] * THOUSAND
        if row["amount"] is not None:
            told[row["to_kind"], row["currency"]] += row["amount"]
    assert told == ours and ours
    assert quantities == goods


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stock_card_ends_with_what_is_on_hand(seed, tmp_path):
    node = history(seed, 150).node
    with queries.one_moment(node):
        (ours,) = queries.stock(node, place="north", item="rice") or [None]
    query = QUERIES["stock card"].replace("= 'Rice'", "= 'Rice' AND unit = 'kg'").replace("to_name", "to_id")
    rows = rows_of(in_duckdb(node, tmp_path), query.replace("from_name", "from_id").replace("North depot", "north"))
    assert ours and rows[-1]["balance"] == Decimal(ours["qty"])


@pytest.mark.parametrize("name", QUERIES)
def test_each_query_of_the_page_runs_and_finds_something(name, tmp_path):
    node = history(8, 200).node
    assert rows_of(in_duckdb(node, tmp_path), QUERIES[name])


def test_the_page_has_every_column():
    page = (ROOT / "docs" / "duckdb.md").read_text("utf-8")
    described = page[: page.index("## The balance")]
    for column in registry.make(history(1, 1).node, "movements", {}).columns:
        name = column.name.replace("to_", "from_", 1) if column.name.startswith("to_") else column.name
        assert column.private or f"`{name}`" in described, column.name
