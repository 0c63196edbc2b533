"""What holds of each report that there is, whatever it tells: its tags are HXL, its names are told apart."""

import io
import re

import pytest

from node.reporting import registry
from node.reporting.writing import csv_file
from tests.reporting_formats.histories import history
from tests.reporting_formats.tables import ASKING, PLAIN

ALL = [*((name, {}) for name in PLAIN), *ASKING.items()]
TAG = re.compile(r"#[a-z][a-z0-9_]*(\+[a-z][a-z0-9_]*)*")


@pytest.fixture(scope="module")
def node():
    return history(9, 150).node


@pytest.mark.parametrize(("name", "asked"), ALL)
def test_columns_are_named_titled_and_tagged_apart(node, name, asked):
    with registry.one_moment(node):
        columns = registry.make(node, name, asked).columns
    assert len({column.name for column in columns}) == len(columns)
    assert all(column.title and TAG.fullmatch(column.hxl) for column in columns)
    tags = [frozenset(column.hxl.split("+")) for column in columns]
    assert len(set(tags)) == len(tags), "no two columns bear one tag"


@pytest.mark.parametrize(("name", "asked"), ALL)
def test_libhxl_accepts_each_report(node, name, asked, tmp_path):
    hxl = pytest.importorskip("hxl", reason="needs libhxl: pip install -e '.[test]'")
    out, file = io.BytesIO(), tmp_path / "report.csv"
    with registry.one_moment(node):
        made = registry.document(node, name, asked)
        csv_file.write_hxl(made, out)
        count = sum(1 for _ in made.report.rows())
    file.write_bytes(out.getvalue())

    def opened():
        return hxl.data(str(file), hxl.input.InputOptions(allow_local=True))

    assert [column.display_tag for column in opened().columns] == [column.hxl for column in made.report.columns]
    assert len(list(opened())) == count
    issues = hxl.validate(opened())["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []


@pytest.mark.parametrize(("name", "asked"), ALL)
def test_what_counts_people_or_may_be_free_text_is_marked_as_such(node, name, asked):
    with registry.one_moment(node):
        columns = registry.make(node, name, asked).columns
    for column in columns:
        if column.name in ("people", "households", "served") or column.hxl.startswith("#reached"):
            assert column.counts_people, column.name
        if column.name in ("note", "notes", "why") or column.hxl == "#org+source":
            assert column.private, column.name
