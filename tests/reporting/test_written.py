"""Every report that is offered can be written in every format, twice alike, and is one that libhxl accepts."""

import io
from pathlib import Path

import pytest

from node.reporting import registry
from node.reporting.writing import csv_file, formats
from tests.fakes import MemoryNode
from tests.reporting.test_statement import world

NEEDED = {
    "place": "depot",
    "item": "rice",
    "at": "2023-11-14T22:30Z",
    "figure": "closing",
    "row": "item=rice, currency=USD",
}
NAMES = list(registry.REPORTS)


def asked(name: str) -> dict[str, str]:
    return {word: NEEDED[word] for word in registry.needs(name)}


@pytest.fixture
def node() -> MemoryNode:
    return world(1)


@pytest.mark.parametrize("form", formats.FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_each_report_is_written_in_each_format_twice_alike(node: MemoryNode, name: str, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra parquet")
    out, again = io.BytesIO(), io.BytesIO()
    for file in (out, again):
        with registry.one_moment(node):
            formats.find(form).write(registry.document(node, name, asked(name)), file, None)
    assert len(out.getvalue()) > 300 and out.getvalue() == again.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_libhxl_accepts_each_report(node: MemoryNode, name: str, tmp_path: Path) -> None:
    hxl = pytest.importorskip("hxl", reason="needs libhxl: pip install -e '.[test]'")
    file = tmp_path / "report.csv"
    with file.open("wb") as out, registry.one_moment(node):
        csv_file.write_hxl(registry.document(node, name, asked(name)), out)
    source = hxl.input.InputOptions(allow_local=True)
    tags = [column.display_tag for column in hxl.data(str(file), source).columns]
    shown = [column for column in registry.make(node, name, asked(name)).columns if not column.private]
    assert tags == [column.hxl for column in shown]
    assert len(tags) == len(set(tags)), "two columns with one tag"
    issues = hxl.validate(hxl.data(str(file), source))["issues"]
    assert not [issue for issue in issues if issue["severity"] == "error"]
