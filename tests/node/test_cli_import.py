"""`bucketline import` as people and scripts use it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node.cli import cli

ROOT = Path(__file__).parents[2]
HEAD = "Warehouse,Item,Unit,Quantity,GTIN\n"
STOCK = "Warehouse,Item,Unit,Quantity,Bin\nDepot,Rice,kg,5,A1\nDepot,Soap,bar,7,A2\n"


class Desk:
    """Runs commands of one node beside one file."""

    def __init__(self, folder: Path) -> None:
        self.node, self.file = folder / "node", folder / "stock.csv"
        self.file.write_text(STOCK, "utf-8")

    def __call__(self, *words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["--data", str(self.node), *words])
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: str, code: int = 0) -> dict:
        return json.loads(self(*words, "--json", code=code).stdout)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made("init", "--team", "Canal Street")
    return made


def test_an_import_tells_what_it_did(desk: Desk) -> None:
    result = desk("import", str(desk.file))
    assert "2 rows, 2 new items, 1 new places" in result.stdout
    assert "Columns left aside: Bin." in result.stderr
    assert [row["qty"] for row in desk.json("stock")] == ["5", "7"]


def test_json_has_the_fields_that_scripts_rely_on(desk: Desk) -> None:
    found = desk.json("import", str(desk.file), "--as", "stock", "--map", "item=Item")
    assert list(found)[:5] == ["rows", "entries", "items_new", "places_new", "problems"]
    assert (found["rows"], found["entries"], found["problems"]) == (2, 4, [])


def test_a_code_that_is_off_is_told_and_the_row_is_kept(desk: Desk) -> None:
    desk.file.write_text(HEAD + "Depot,Soap,bar,7,4006381333932\n", "utf-8")
    done = desk("import", str(desk.file))
    assert "Line 2, GTIN: 4006381333932 is not a GTIN" in done.stderr and "The row is kept." in done.stderr
    assert "1 rows, 1 new items" in done.stdout
    desk.file.write_text(HEAD + "".join(f"Depot,Soap,bar,{n},4006381333932\n" for n in range(9, 34)), "utf-8")
    assert "And 5 more like that." in desk("import", str(desk.file), "--dry-run").stderr


def test_a_dry_run_records_nothing(desk: Desk) -> None:
    before = desk.json("digest")
    done = desk("import", str(desk.file), "--dry-run")
    assert "Nothing was recorded yet." in done.stdout
    assert "New items: " in done.stderr and "New places: " in done.stderr
    assert desk.json("digest") == before


def test_a_broken_row_ends_with_its_line_and_status_2(desk: Desk) -> None:
    desk.file.write_text(STOCK + "Depot,Tea,box,some,\n", "utf-8")
    before = desk.json("digest")
    result = desk("import", str(desk.file), code=2)
    assert result.stdout == ""
    assert "Line 4, Quantity: 'some' is not a number." in result.stderr
    assert "Nothing of stock.csv was recorded." in result.stderr
    assert desk.json("import", str(desk.file), code=2)["problems"] == [
        {"line": 4, "column": "Quantity", "reason": "'some' is not a number"}
    ]
    assert desk.json("digest") == before


def test_of_many_broken_rows_the_first_are_listed_and_the_rest_counted(desk: Desk) -> None:
    desk.file.write_text(STOCK + "Depot,Tea,box,some,\n" * 25, "utf-8")
    said = desk("import", str(desk.file), code=2).stderr
    assert "Line 23," in said and "Line 24," not in said
    assert "And 5 more." in said


def test_the_same_file_again_needs_a_word(desk: Desk) -> None:
    desk("import", str(desk.file))
    result = desk("import", str(desk.file), code=1)
    assert "--again" in result.stderr and result.stdout == ""
    assert desk.json("import", str(desk.file), "--again")["entries"] == 1
    assert [row["qty"] for row in desk.json("stock")] == ["10", "14"]


@pytest.mark.parametrize(("said", "code", "qty"), [("y\n", 0, "10"), ("n\n", 1, "5")])
def test_at_a_terminal_the_same_file_again_is_a_question(desk: Desk, said: str, code: int, qty: str) -> None:
    desk("import", str(desk.file))
    pty = pytest.importorskip("pty", reason="needs a system with pseudo-terminals")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "node", "--data", str(desk.node), "import", str(desk.file)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(ours, 1000)
    os.write(ours, said.encode())
    while True:
        try:
            seen += os.read(ours, 1000)
        except OSError:  # the other side has hung up
            break
    assert process.wait(30) == code
    assert b"would double its stock" in seen
    assert b"Importing" in seen  # the progress bar, which only a terminal gets
    assert desk.json("stock")[0]["qty"] == qty
    os.close(ours)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere.csv",), 2, "There is no file"),
        (("stock.csv", "--as", "kits"), 2, "There is no column for kit"),
        (("stock.csv", "--as", "boats"), 2, "--as"),
        (("stock.csv", "--map", "item"), 2, 'item="Article"'),
        (("stock.csv", "--map", "item=Nothing"), 2, "Columns are: Warehouse"),
    ],
)
def test_wrong_words_are_told(desk: Desk, words: tuple[str, ...], code: int, said: str) -> None:
    name, *rest = words
    result = desk("import", str(desk.file.parent / name), *rest, code=code)
    assert said in result.stderr and result.stdout == ""
