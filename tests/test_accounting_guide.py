"""docs/accounting.md is played on the real file that it speaks of, and each of its figures held against what comes out.

Its commands run in their order on a fresh node, on the day of its tables; the period is closed when it is over.
"""

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node import bootstrap
from node.cli import cli

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "accounting.md").read_text("utf-8")
FILE = ROOT.parent / "shared" / "data" / "sahana" / "nroc_warehouse_stock.csv"
NUMBER = "6PQFW6NU"  # the waybill's in the guide; each node gives its own
TODAY, MINUTE_MS, DAY_MS = 1_795_500_000_000, 60_000, 86_400_000  # 24 November 2026, 06:00 UTC
FIGURES = {"lost, damaged": "lost_damaged"}  # columns whose heading isn't the figure's name
COLUMNS = {"place": "place_name", "item": "item_name", "by the books": "expected", "in": "came", "out": "went"}

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="needs the files of ../shared/data/sahana")


def section(number: int) -> str:
    """A section of the guide, by its number."""
    return re.split(r"^## \d+\. ", GUIDE, flags=re.MULTILINE)[number]


def commands(number: int) -> list[str]:
    """The command lines that a section shows."""
    blocks = re.findall(r"^```sh\n(.*?)^```", section(number), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def tables(number: int) -> list[list[dict[str, str]]]:
    """The tables of a section: rows by their headings."""
    found = []
    for text in re.findall(r"(?:^\|.*\n)+", section(number), re.MULTILINE):
        heads, _, *rows = ([cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines())
        found.append([dict(zip(heads, row, strict=True)) for row in rows])
    return found


class Player:
    """Plays command lines of the guide on one node."""

    def __init__(self, folder: Path, clock: list[int]) -> None:
        self.folder, self.clock = folder, clock
        self.number = NUMBER
        self.said: dict[str, Result] = {}

    def __call__(self, line: str, code: int = 0) -> Result:
        """Run a line that is to end with this status; a minute goes by."""
        self.clock[0] += MINUTE_MS
        words = [word.replace(NUMBER, self.number) for word in shlex.split(line, comments=True)[1:]]
        done = CliRunner().invoke(cli, ["--data", str(self.folder / "node"), *words], catch_exceptions=False)
        assert done.exit_code == code, f"{line}: {done.output}"
        self.said[line] = done
        return done

    def json(self, line: str) -> Any:
        """What a line answers as JSON."""
        return json.loads(self(f"{line.partition('#')[0]} --json").stdout)

    def play(self, number: int) -> None:
        """All of a section's commands."""
        for line in commands(number):
            if line.startswith("bucketline send "):
                self.number = self.json(line)["waybill"]
            elif line.startswith("bucketline "):
                self(line)


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    """The guide, played up to its fourth section."""
    folder, clock = tmp_path_factory.mktemp("guide"), [TODAY]
    shutil.copy(FILE, folder / FILE.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap.time, "time_ns", lambda: clock[0] * 1_000_000)
        patch.chdir(folder)
        player = Player(folder, clock)
        for number in (1, 2, 3, 4):
            player.play(number)
        yield player


def held(row: dict[str, str], found: dict[str, Any]) -> None:
    """A row of the guide's table against one of a report."""
    for head, cell in row.items():
        name = FIGURES.get(head) or COLUMNS.get(head) or head.replace(" ", "_")
        if head == "when":
            assert f"{int(found['at'][8:10])} Nov" == cell
        elif head in ("what", "kind"):
            assert found["kind" if "kind" in found else "type"] == cell
        elif head == "from, to or why":
            assert found["beside"] == cell
        else:
            assert (found[name] or "") == cell, f"{head} of {row}"


def test_the_file_is_taken_in_as_the_guide_says(play: Player):
    said = play.said[commands(1)[2]].output
    numbers = re.search(r"It says what it recorded: (.*?)\. The same", section(1), re.DOTALL)
    assert numbers
    for number in re.findall(r"\d[\d,.]*\d|\d", numbers[1]):
        assert number.replace(",", "") in said.replace(",", ""), number
    assert "64709651.23" in said and "64,709,651.23" in GUIDE.replace("\n", " ")
    assert "152 rows" in said and "152 rows" in GUIDE
    assert "would double its stock" in play(commands(1)[2], code=1).output


def test_what_does_not_fit_is_what_the_table_shows(play: Player):
    (table,) = tables(3)
    rows = play.json(commands(3)[0])
    assert len(rows) == len(table)
    for row, found in zip(table, rows, strict=True):
        held(row, found)
    *_, arrived, _, _, counted = (play.said[line].output for line in commands(2) if line in play.said)
    assert "775" in counted and "780" in counted and "the books said 780" in section(2)
    assert "1980 Bath Towel" in arrived and "15 Bath Towel damaged" in arrived and "Still open: 5 Bath Towel" in arrived
    assert "1,980 came in good order and 15 wet; of 5 nobody knows" in section(2)


def test_the_statement_is_what_the_table_shows(play: Player):
    table = tables(4)[0]
    line = commands(4)[0]
    found = play.json(line)
    assert [row["place"] for row in table] == [row["place_name"] for row in found]
    for row, told in zip(table, found, strict=True):
        held(row, told)
    shown = play.said[line].stdout.splitlines()[0]
    assert [head for head in table[0] if head not in shown] == [], "the columns that the screen shows"


def test_the_statement_of_a_period_and_in_another_currency_is_had_as_the_guide_says(play: Player):
    found = [words.strip("`") for words in re.findall(r"`--(?:since|currency)[^`]+`", " ".join(section(4).split()))]
    period, rates = found
    assert play.json(f"bucketline report statement {period}") == play.json("bucketline report statement")
    told = play(f'bucketline report statement --item "Bath Towel" --by place {rates}')
    assert "Converted at 1 PHP = 0.0175 USD" in told.stderr
    rows = play.json(f'bucketline report statement --item "Bath Towel" --by place {rates}')
    assert [(row["currency"], row["distributed_value"]) for row in rows] == [("USD", "1995"), ("USD", "0")]


def test_each_row_balances_as_the_guide_says(play: Player):
    came, went = ("opening", "opening_in_transit", "received", "transferred_in"), ("in_transit", "closing")
    for row in play.json(commands(4)[0]):
        gone = [name for name in row if name in ("transferred_out", "distributed", "repacked", "unexplained")]
        gone += [name for name in row if name.startswith("lost_") and not name.endswith("_value")]
        assert sum(Decimal(row[name]) for name in came) == sum(Decimal(row[name]) for name in (*gone, *went))


def test_a_figure_opens_down_to_its_entries_and_the_card_is_as_shown(play: Player):
    behind, card = play.json(commands(4)[1]), play.json(commands(4)[2])
    assert [(row["place_name"], row["qty"]) for row in behind] == [("Barangay Hall", "1200")]
    table = tables(4)[1]
    assert len(card) == len(table)
    for row, found in zip(table, card, strict=True):
        held(row, found)


def test_the_reports_that_are_named_are_there(play: Player):
    for row in tables(5)[0]:
        for report in re.findall(r"`([^`]+)`", row["the report"]):
            play(f"bucketline report {report.replace('TIME', '2026-11-24T06:30Z')}")


def test_what_is_handed_in_is_written(play: Player):
    for line in commands(6):
        if ".pdf" in line and importlib.util.find_spec("fpdf") is None:
            continue  # the extra isn't installed, and the guide says what to do then
        name = re.search(r"-o (\S+)", line)
        assert name
        play(line)
        assert (play.folder / name[1]).stat().st_size > 500


@pytest.mark.skipif(shutil.which("hledger") is None, reason="needs hledger (Debian's package of that name)")
def test_hledger_says_of_the_example_what_the_guide_says(play: Player):
    play("bucketline export hledger -o books.journal")
    done = subprocess.run(
        ["hledger", "-f", "books.journal", "balance", "--cost", "Expenses", "-O", "csv"],
        capture_output=True,
        text=True,
        check=True,
        cwd=play.folder,
    )
    said = re.search(r"says of the example: (.*?); the same as the statement", section(6), re.DOTALL)
    assert said
    figures = {Decimal(number.replace(",", "")) for number in re.findall(r"([\d,.]*\d) PHP", said[1])}
    found = [Decimal(number) for number in re.findall(r'"([\d.]+) PHP"', done.stdout)]
    assert set(found[:-1]) == figures and found[-1] == sum(figures)
    statement = play.json("bucketline report statement")
    worth = {name: sum(Decimal(row[name] or 0) for row in statement) for name in statement[0] if "_value" in name}
    names = ("distributed_value", "lost_damaged_value", "unexplained_value", "lost_spoiled_value")
    assert {worth[name] for name in names} == figures


def test_a_report_that_was_sent_is_checked_with_the_words_of_the_guide(play: Player):
    play("bucketline report balance -o balance.csv")
    (check,) = [line for line in commands(7) if "report verify" in line]
    (yes, no) = re.search(r"^> (Yes: .*?)\n.*?\"(No: .*?)\"", section(7), re.MULTILINE | re.DOTALL).groups()  # type: ignore[union-attr]
    assert play(check).stdout.strip() == yes
    said, real = re.findall(r"'(\d+)'", no)
    path = play.folder / "balance.csv"
    path.write_text(path.read_text("utf-8").replace(f",{real},", f",{said},", 1), "utf-8", newline="")
    assert play(check, code=1).stdout.strip() == no.replace("\n", " ")


def test_the_statement_is_checked_by_its_own_script_with_the_words_of_the_guide(play: Player):
    write, check = [line for line in commands(7) if ".zip" in line]
    play(write)
    with zipfile.ZipFile(play.folder / "november.zip") as file:
        file.extract("verify.py", play.folder)
    words = [sys.executable, "-I", *shlex.split(check, comments=True)[1:]]
    done = subprocess.run(words, capture_output=True, text=True, cwd=play.folder, check=True)
    (quoted,) = re.findall(r"^> (\d+ entries.*?)\n\n", section(7), re.MULTILINE | re.DOTALL)
    for sentence in quoted.replace("\n> ", " ").split("…"):
        assert sentence.strip(". ") in done.stdout.replace("\n", " "), sentence


def test_a_period_is_closed_and_a_late_drop_is_seen(play: Player):
    play.clock[0] = TODAY + 8 * DAY_MS  # 2 December
    play.play(8)
    (row,) = play.json("bucketline report closings")
    assert (row["holds"], row["later"], row["until"]) == ("yes", 0, "2026-11-30T16:00:00Z")
    play('bucketline drop "Barangay Hall" "Bath Towel=3" --people 3 --at 2026-11-29T10:00Z')
    (row,) = play.json("bucketline report closings")
    assert (row["holds"], row["later"]) == ("no", 1) and "*still so: no*" in section(8)
    assert "still so" in play("bucketline report closings").stdout.splitlines()[0]
    (late,) = play.json("bucketline report after-closing")
    assert late["at"] == "2026-11-29T10:00:00Z"
    changed = play.json("bucketline report as-known --at 2026-12-02T00:00Z")
    assert {row["figure"]: row["change"] for row in changed} == {"distributed": "3", "closing": "-3"}
