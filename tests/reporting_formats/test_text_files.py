"""CSV, HXL and JSON: every value comes back as it was, none is a formula, and the proof is of the figures."""

import csv
import hashlib
import io
import json
from decimal import Decimal

import pytest

from node.reporting.reading_back import read
from node.reporting.writing import csv_file, json_file
from node.reporting.writing.cells import harmless
from node.reporting.writing.document import Document, Witness, prove
from node.units import format_qty, format_time
from tests.reporting_formats.tables import COLUMNS, NASTY, NOON, document, random_rows, row

SEED = 11
RUNS = "=+-@\t\r\n＝＋－＠"


def written(write, made: Document, **extra) -> str:
    out = io.BytesIO()
    write(made, out, **extra)
    assert not out.closed
    return out.getvalue().decode()


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_csv_holds_each_value_as_it_is():
    rows = random_rows(SEED, 200)
    head, *lines = table(written(csv_file.write, document(rows), proof=False))
    assert head == [column.name for column in COLUMNS]
    assert len(lines) == len(rows)
    for line, cells in zip(lines, rows, strict=True):
        told = dict(zip(head, line, strict=True))
        values = dict(zip(head, cells, strict=True))
        assert told["qty"] == ("" if values["qty"] is None else format_qty(values["qty"]))
        assert (Decimal(told["value"]) if told["value"] else None) == values["value"]
        assert told["at"] == ("" if values["at"] is None else format_time(values["at"]))
        assert told["note"].removeprefix("'") == values["note"].removeprefix("'")


def test_no_text_of_a_csv_is_a_formula():
    rows = [row(place_name=text, item_name=text, note=text) for text in NASTY]
    for write in (csv_file.write, csv_file.write_hxl):
        cells = [cell for line in table(written(write, document(rows))) for cell in line]
        assert [cell for cell in cells if cell[:1] in tuple(RUNS) and not cell.lstrip("+-").isdigit()] == []


@pytest.mark.parametrize("text", ["-5", "+5", "-2.50", "12", "plain", "", "'=1"])
def test_numbers_and_plain_words_stay_as_they_are(text):
    assert harmless(text) == text


@pytest.mark.parametrize("text", ["=1", "+1+1", "-1-1", "@x", "\tx", "\rx", "\n=1", "＝1", "-5 pieces", "+1.2.3"])
def test_what_a_spreadsheet_might_run_gets_an_apostrophe(text):
    assert harmless(text) == "'" + text


def test_the_proof_of_a_csv_stands_in_its_last_lines():
    rows = random_rows(SEED, 20)
    lines = table(written(csv_file.write, document(rows)))
    told = dict(line[0].removeprefix("# ").split(": ", 1) for line in lines[-8:])
    assert told["report"] == "stock" and told["root"] == "ab" * 32 and told["rows"] == "20"
    assert told == prove(document(rows))


def test_the_digest_is_of_the_figures_in_whatever_format():
    rows = random_rows(SEED, 20)
    want = prove(document(rows))
    assert json.loads(written(json_file.write, document(rows)))["proof"] == want
    assert f"# digest: {want['digest']}" in written(csv_file.write_hxl, document(rows))
    assert prove(document([*rows, row(qty=1)]))["digest"] != want["digest"]
    assert prove(document([rows[1], rows[0], *rows[2:]]))["digest"] != want["digest"]


def test_the_digest_is_what_the_page_on_formats_says():
    """Counted once more here, as somebody without the program would."""
    rows = [row(item_name="Ñ", qty=2500, value=Decimal("12.50"), people=3, at=NOON)]
    lines = [[column.name for column in COLUMNS], ["", "", "Ñ", "", "2.5", "12.5", "", "3", "", format_time(NOON), ""]]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    assert prove(document(rows))["digest"] == hashlib.sha256(text.encode()).hexdigest()


def test_json_has_decimal_texts_whole_counts_and_nulls():
    rows = [row(item_name="Rice", qty=-2500, value=Decimal("0.10"), people=3), row()]
    whole = json.loads(written(json_file.write, document(rows)))
    first, second = whole["rows"]
    assert (first["qty"], first["value"], first["people"], first["expiry"]) == ("-2.5", "0.1", 3, None)
    assert set(second.values()) == {None}
    assert whole["about"] == {"Period": "2026-11-01 to 2026-11-30", "Place": "=North"}
    assert [column["name"] for column in whole["columns"]] == [column.name for column in COLUMNS]


def test_each_row_of_json_has_a_line_of_its_own():
    rows = random_rows(SEED, 30)
    lines = written(json_file.write, document(rows)).split("\n")
    for at, (cells, told) in enumerate(Witness(document(rows)).passing()):
        line = lines[json_file.FIRST_ROW - 1 + at].removesuffix(",")
        assert json.loads(line) == json_file.row_of(COLUMNS, cells, told)


@pytest.mark.parametrize("write", [csv_file.write, csv_file.write_hxl, json_file.write])
def test_empty_reports_can_be_read(write):
    text = written(write, document([]))
    assert "place_name" in text or "Place" in text
    if write is json_file.write:
        assert json.loads(text)["rows"] == []


@pytest.mark.parametrize("write", [csv_file.write, csv_file.write_hxl, json_file.write])
def test_progress_is_told_to_the_last_row(write):
    told: list[int] = []
    written(write, document(random_rows(SEED, 2500)), progress=told.append)
    assert told == [1000, 2000, 2500]


def test_libhxl_reads_and_accepts_the_hxl_file(tmp_path):
    hxl = pytest.importorskip("hxl", reason="needs libhxl: pip install -e '.[test]'")
    rows = [row(place_name="Depot", item="i", item_name="Rice", unit="kg", qty=2500, people=12, expiry="2027-01-31")]
    file = tmp_path / "stock.csv"
    file.write_text(written(csv_file.write_hxl, document(rows)), "utf-8")
    source = hxl.data(str(file), hxl.input.InputOptions(allow_local=True))
    assert [column.display_tag for column in source.columns] == [column.hxl for column in COLUMNS]
    (found,) = list(source)
    assert (found.get("#item+name"), found.get("#item+qty"), found.get("#reached")) == ("Rice", "2.5", "12")
    report = hxl.validate(hxl.data(str(file), hxl.input.InputOptions(allow_local=True)))
    assert report["is_valid"], report["issues"]


def test_libhxl_would_notice_a_wrong_date(tmp_path):
    hxl = pytest.importorskip("hxl", reason="needs libhxl: pip install -e '.[test]'")
    file = tmp_path / "stock.csv"
    file.write_text(written(csv_file.write_hxl, document([row(item_name="Rice", expiry="next week")])), "utf-8")
    assert not hxl.validate(hxl.data(str(file), hxl.input.InputOptions(allow_local=True)))["is_valid"]


def test_what_is_too_long_for_a_cell_stands_in_several_lines_and_is_read_back_whole():
    heads = " ".join(f"{at:096d}" for at in range(1000))
    made = document([row(qty=1)], heads=heads)
    for write in (csv_file.write, csv_file.write_hxl):
        text = written(write, made)
        assert all(len(cell) < 32_767 for line in table(text) for cell in line)
        assert sum(line[0].startswith("# heads: ") for line in table(text)) == 4
        assert read(io.BytesIO(text.encode())).proof["heads"] == heads
