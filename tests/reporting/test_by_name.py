"""Reports as people ask for them: each by its name, from text, and written as a file that others can check."""

import io
from pathlib import Path

import pytest

from node.reporting import by_name, registry
from node.reporting.writing import csv_file, formats
from sync.errors import Malformed, OutOfRange
from tests.fakes import MemoryNode
from tests.reporting.test_statement import table, world

NEEDED = {"stock-card": {"place": "depot", "item": "rice"}}


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> MemoryNode:
    for name, report in by_name.REPORTS.items():
        monkeypatch.setitem(registry.REPORTS, name, report)
    return world(1)


@pytest.mark.parametrize("form", formats.FORMATS)
@pytest.mark.parametrize("name", by_name.REPORTS)
def test_each_report_can_be_asked_for_and_written_in_each_format(node: MemoryNode, name: str, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra parquet")
    out, again = io.BytesIO(), io.BytesIO()
    for file in (out, again):
        formats.find(form).write(registry.document(node, name, NEEDED.get(name, {})), file, None)
    assert len(out.getvalue()) > 300 and out.getvalue() == again.getvalue()


@pytest.mark.parametrize("name", by_name.REPORTS)
def test_each_report_says_what_it_is_and_what_may_be_asked(node: MemoryNode, name: str) -> None:
    assert registry.about(name).endswith(".")
    assert set(registry.takes(name)) <= {*by_name.ASKED, *registry.ASKED}


@pytest.mark.parametrize("name", by_name.REPORTS)
def test_libhxl_accepts_each_report(node: MemoryNode, name: str, tmp_path: Path) -> None:
    hxl = pytest.importorskip("hxl", reason="needs libhxl: pip install -e '.[test]'")
    file = tmp_path / "report.csv"
    with file.open("wb") as out:
        csv_file.write_hxl(registry.document(node, name, NEEDED.get(name, {})), out)
    source = hxl.input.InputOptions(allow_local=True)
    tags = [column.display_tag for column in hxl.data(str(file), source).columns]
    assert tags == [
        column.hxl for column in registry.make(node, name, NEEDED.get(name, {})).columns if not column.private
    ]
    assert len(tags) == len(set(tags)), "two columns with one tag"
    issues = hxl.validate(hxl.data(str(file), source))["issues"]
    assert not [issue for issue in issues if issue["severity"] == "error"]


def test_what_is_asked_narrows_what_is_told(node: MemoryNode) -> None:
    whole = table(registry.make(node, "statement", {"by": "place, fund"}))
    part = table(registry.make(node, "statement", {"by": "place, fund", "place": "Gym", "until": "2023-11-14"}))
    assert {row["place"] for row in part} == {"gym"} < {row["place"] for row in whole}
    assert all(row["opening"] == 0 for row in part)
    pairs = table(registry.make(node, "transfers", {"between": "place"}))
    assert {row["from_place"] for row in pairs} <= {"depot", "gym", "hall", ""}


def test_values_are_converted_only_with_both_a_currency_and_rates(node: MemoryNode) -> None:
    asked = {"currency": "USD", "rates": "EUR=1.08"}
    rows = table(registry.make(node, "statement", asked))
    assert {row["currency"] for row in rows} == {"USD"}
    with pytest.raises(Malformed, match="both"):
        registry.make(node, "statement", {"currency": "USD"})


def test_what_cannot_be_read_is_told(node: MemoryNode) -> None:
    with pytest.raises(Malformed, match="no time zone"):
        registry.make(node, "activity", {"zone": "Mars/Olympus"})
    with pytest.raises(OutOfRange, match="colour"):
        registry.make(node, "statement", {"by": "colour"})


def test_what_only_this_node_knows_is_asked_for_apart(node: MemoryNode) -> None:
    for name, report in by_name.LOCAL.items():
        assert name not in by_name.REPORTS
        assert table(report(node, at="2026-01-01T00:00")) == []
