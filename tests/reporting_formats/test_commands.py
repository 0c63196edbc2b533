"""Reports and exports from the command line: files whole or not at all, answers that say what was done."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from node.cli import cli
from node.reporting.exporting import EXPORTS
from node.reporting.writing import formats
from tests.reporting_formats.tables import PLAIN

FIRST_STEPS = (
    "place add 'Gym North' --kind hub",
    "item add blanket --unit piece",
    "item add Rice --unit kg",
    "receive 'Gym North' blanket=120 rice=2.5 --lot B7 --value 12.50 --currency PHP --fund ECHO --note '=1+1'",
    "drop 'Gym North' blanket=3 --people 4",
)


class Line:
    """A command line with a node in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, words: Any, code: int = 0) -> Any:
        """Run a command line that is to end with this status."""
        import shlex

        words = shlex.split(words) if isinstance(words, str) else words
        done = CliRunner().invoke(cli, ["--data", str(self.folder), *words], catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    def json(self, words: str) -> Any:
        """What it answers with --json."""
        return json.loads(self(words + " --json").stdout)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    made = Line(tmp_path / "node")
    made("init --team 'Canal Street'")
    return made


@pytest.fixture
def stocked(line: Line) -> Line:
    for step in FIRST_STEPS:
        line(step)
    return line


@pytest.mark.parametrize("form", formats.FORMATS)
@pytest.mark.parametrize("name", PLAIN)
def test_every_report_is_written_in_every_format(stocked, name, form, tmp_path):
    file = tmp_path / "report"
    told = stocked.json(f"report {name} --format {form} -o {file}")
    assert told == {"file": str(file), "bytes": file.stat().st_size}
    assert told["bytes"] > 100


@pytest.mark.parametrize("form", formats.FORMATS)
@pytest.mark.parametrize("name", PLAIN)
def test_empty_books_are_written_in_every_format(line, name, form, tmp_path):
    assert line.json(f"report {name} --format {form} -o {tmp_path / 'report'}")["bytes"] > 10


EMPTY = {"discrepancies", "transfers", "closings", "after-closing"}  # after the first steps


@pytest.mark.parametrize("name", sorted(set(PLAIN) - {"balance"}))
def test_a_report_on_the_screen_has_the_rows_of_its_file(stocked, name):
    rows = stocked.json(f"report {name}")
    assert bool(rows) == (name not in EMPTY)
    assert json.loads(stocked(f"report {name} --format json").stdout)["rows"] == rows


def test_the_name_of_a_file_says_its_format(stocked, tmp_path):
    stocked(f"report balance -o {tmp_path / 'b.xlsx'}")
    assert openpyxl.load_workbook(tmp_path / "b.xlsx").sheetnames == ["Balance", "About"]
    stocked(f"report stock -o {tmp_path / 's.HXL.csv'}")
    assert "#item+qty+num" in (tmp_path / "s.HXL.csv").read_text("utf-8")
    assert "--format" in stocked(f"report stock -o {tmp_path / 'noname'}", code=2).stderr


def test_the_balance_of_today_stays_as_it_is(stocked):
    rows = stocked.json("report balance --by place")
    assert isinstance(rows, list)
    assert {"place", "place_name", "team", "item", "received", "on_hand", "balanced"} <= rows[0].keys()
    assert "The books balance." in stocked("report balance").stderr


def test_what_cannot_be_asked_is_told(stocked):
    assert "by place or team" in stocked("report balance --by shelf --format csv", code=2).stderr
    assert "nowhere" in stocked("report stock --place nowhere", code=2).stderr


def test_a_report_of_one_place_holds_that_place_alone(stocked):
    stocked("place add Depot --kind warehouse")
    stocked("receive Depot rice=1")
    rows = stocked.json("report stock --place Depot")
    assert [(row["place_name"], row["item_name"], row["qty"]) for row in rows] == [("Depot", "Rice", "1")]


def test_a_file_that_cannot_be_written_leaves_the_old_one(stocked, tmp_path):
    file = tmp_path / "kept.csv"
    file.write_text("old")
    stocked(f"report balance --by nonsense --format csv -o {file}", code=2)
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("kept")] == ["kept.csv"]
    assert "can't be written" in stocked(f"report balance --format csv -o {tmp_path / 'no' / 'x.csv'}", code=1).stderr


def test_the_csv_export_has_the_columns_that_programs_know(stocked):
    (head, *rows) = list(csv.reader(io.StringIO(stocked("export csv").stdout)))
    assert head == [
        "place",
        "place_name",
        "team",
        "item",
        "item_name",
        "unit",
        "qty",
        "lot",
        "expiry",
        "as_of",
        "heard",
    ]
    assert {(row[4], row[6], row[7]) for row in rows} == {("Blanket", "117", "B7"), ("Rice", "2.5", "B7")}


def test_the_workbook_has_a_sheet_a_report(stocked, tmp_path):
    stocked(f"export xlsx -o {tmp_path / 'books.xlsx'}")
    names = openpyxl.load_workbook(tmp_path / "books.xlsx").sheetnames
    assert {"Balance", "Statement", "Stock by lot", "Distributions", "Funds", "Movements", "About"} <= set(names)
    assert len(names) == len(PLAIN) + 1


@pytest.mark.parametrize("form", EXPORTS)
def test_every_export_is_written_to_a_file_and_the_same_to_standard_output(stocked, form, tmp_path):
    told = stocked.json(f"export {form} -o {tmp_path / 'books'}")
    assert told["bytes"] == (tmp_path / "books").stat().st_size
    assert stocked(f"export {form}").stdout_bytes == (tmp_path / "books").read_bytes()


def test_a_journal_says_what_it_was_made_from(stocked):
    root = stocked.json("digest")["root"]
    assert all(f"; root: {root}\n" in stocked(f"export {form}").stdout for form in ("hledger", "beancount"))


def test_a_report_is_verified_and_an_edited_one_refused(stocked, tmp_path):
    file = tmp_path / "stock.csv"
    stocked(f"report stock -o {file}")
    assert stocked.json(f"report verify {file}") == {
        "report": "stock",
        "same": True,
        "covers": True,
        "difference": None,
    }
    assert "Yes" in stocked(f"report verify {file}").stdout
    file.write_text(file.read_text("utf-8").replace(",117,", ",118,"), "utf-8")
    said = stocked(f"report verify {file}", code=1).stdout
    assert "line 2, qty" in said and "'118'" in said and "'117'" in said
    stocked("receive 'Gym North' rice=1")
    assert "line 2, qty" in stocked(f"report verify {file}", code=1).stdout, "held against the entries of then"
    other = Line(tmp_path / "other")
    other("init --team Others")
    assert "doesn't hold the very entries" in other(f"report verify {file}", code=1).stdout
    assert "no report" in stocked(f"report verify {stocked.folder / 'keys'}", code=2).stderr


def test_notes_stay_in_the_node_unless_they_are_asked_for(stocked, tmp_path):
    assert "1+1" not in stocked("report movements --format csv").stdout
    asked = stocked("report movements --format csv --words").stdout
    assert ",'=1+1" in asked and "# shows: words" in asked
    (tmp_path / "asked.csv").write_text(asked, "utf-8", newline="")
    assert stocked.json(f"report verify {tmp_path / 'asked.csv'}")["same"]
