"""The command line as people and scripts use it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from node import files
from node.cli import cli

ROOT = Path(__file__).parents[2]


class Line:
    """Runs commands of one node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["--data", str(self.folder), *words])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    def json(self, *words: str) -> object:
        return json.loads(self(*words, "--json").stdout)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    made = Line(tmp_path / "node")
    made("init", "--team", "Canal Street")
    return made


@pytest.fixture
def stocked(line: Line) -> Line:
    line("place", "add", "Gym North", "--kind", "hub", "--at", "29.95,-90.07")
    line("item", "add", "Water", "--unit", "litre", "--pack", "case=12")
    line("item", "add", "blanket", "--unit", "piece")
    line("receive", "Gym North", "blanket=120", "water=40case", "--from", "Red Cross")
    return line


def paths(group: click.Group, before: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += paths(command, f"{before}{name} ")
        else:
            found.append(before + name)
    return found


@pytest.mark.parametrize("path", paths(cli))
def test_every_command_is_documented_with_an_example(path: str) -> None:
    assert f"`{path}" in (ROOT / "docs/command-line.md").read_text("utf-8")
    shown = CliRunner().invoke(cli, [*path.split(), "--help"]).output
    assert f"Example: bucketline {path}" in shown


def test_init_twice_changes_nothing_and_says_so(line: Line) -> None:
    first = line.json("init", "--team", "Canal Street")
    second = line("init", "--team", "Another", "--json")
    assert json.loads(second.stdout) == first
    assert "nothing was changed" in second.stderr


def test_a_folder_without_a_node_says_what_to_do(tmp_path: Path) -> None:
    result = Line(tmp_path / "empty")("stock", code=1)
    assert "bucketline init --team NAME" in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "empty").exists()


def test_a_drop_is_recorded_in_packs_and_shown_in_units(stocked: Line) -> None:
    done = stocked.json("drop", "gym north", "water=6case+4", "blanket=24", "--people", "40")
    rows = {row["item_name"]: row for row in stocked.json("stock")}
    assert rows["Water"]["qty"] == "404"
    assert rows["Blanket"]["qty"] == "96"
    assert list(rows["Water"])[:11] == (
        ["place", "place_name", "team", "item", "item_name", "unit", "qty", "lot", "expiry", "as_of", "heard"]
    )
    newest = stocked.json("log", "--limit", "1")[0]
    assert newest["entry"] == done["entry"]
    assert "40 people" in newest["summary"]


def test_a_count_tells_its_variance_and_a_zero_is_a_count(stocked: Line) -> None:
    done = stocked.json("count", "Gym North", "blanket=0", "water=480")
    assert {(row["expected"], row["counted"]) for row in done["variance"]} == {("120", "0"), ("480", "480")}
    assert "0" in [row["qty"] for row in stocked.json("stock", "--item", "blanket")]


def test_undo_brings_the_stock_back_and_both_stay_visible(stocked: Line) -> None:
    entry = stocked.json("drop", "Gym North", "blanket=24")["entry"]
    stocked("undo", entry[:8], "--why", "twice")
    assert stocked.json("stock", "--item", "blanket")[0]["qty"] == "120"
    voided = {row["entry"]: row["void"] for row in stocked.json("log")}
    assert voided[entry]["why"] == "twice"
    assert "undone already" in stocked("undo", entry, "--why", "again", code=1).stderr


@pytest.mark.parametrize(
    "words, said",
    [
        (("drop", "Gim Nort", "blanket=1"), "Gym North"),
        (("drop", "Gym North", "blankt=1"), "Blanket (piece)"),
        (("drop", "Gym North", "blanket"), "ITEM=QTY"),
        (("drop", "Gym North", "blanket=1.0001"), "three are the most"),
        (("drop", "Gym North", "blanket=0"), "0"),
        (("drop", "Gym North", "blanket=-3"), "-3"),
        (("drop", "Gym North", "blanket=1", "--people", "-1"), "people"),
        (("drop", "Gym North", "blanket=1", "--at", "yesterday"), "not a time"),
        (("loss", "Gym North", "blanket=1", "--reason", "lost"), "reason"),
        (("receive", "Gym North", "blanket=1", "--expiry", "soon"), "not a date"),
        (("receive", "Gym North", "blanket=1", "--value", "x"), "not an amount"),
        (("receive", "Gym North", "blanket=1", "--value", "NaN"), "amount"),
        (("place", "add", "X", "--kind", "hub", "--at", "north"), "LAT,LON"),
        (("place", "add", "X", "--kind", "hub", "--at", "nan,1"), "nan"),
        (("item", "add", "X", "--unit", "piece", "--code", "nocolon"), "nocolon"),
        (("nearby", "blanket", "--at", "91,0"), "91"),
        (("undo", "zzzz", "--why", "x"), "zzzz"),
        (("peer", "join", "not-a-code"), "code"),
        (("fly",), "No such command"),
    ],
)
def test_wrong_words_are_told_and_nothing_is_recorded(stocked: Line, words: tuple[str, ...], said: str) -> None:
    before = stocked.json("digest")
    result = stocked(*words, code=2)
    assert said.casefold() in result.stderr.casefold()
    assert result.stdout == ""
    assert stocked.json("digest") == before


def test_nearby_tells_distance_and_age(stocked: Line) -> None:
    (row,) = stocked.json("nearby", "blanket", "--at", "29.9,-90.0")
    assert row["distance_km"] == pytest.approx(8.7, abs=0.2)
    assert row["heard"].endswith("Z")
    assert stocked.json("nearby", "blanket", "--at", "29.9,-90.0", "--within", "5") == []


def test_books_balance_and_verify_is_clean(stocked: Line) -> None:
    stocked("drop", "Gym North", "blanket=24")
    stocked("count", "Gym North", "blanket=90")
    row = next(row for row in stocked.json("report", "balance") if row["item_name"] == "Blanket")
    assert (row["received"], row["distributed"], row["unexplained"], row["on_hand"]) == ("120", "24", "6", "90")
    found = stocked.json("verify")
    assert found["ok"] is True
    assert found["problems"] == []
    assert found["entries"] == 8


@pytest.mark.parametrize(
    ("table", "sql"),
    [
        ("stock", "UPDATE stock SET qty = qty + 1000"),
        ("reports", "UPDATE movement SET qty = qty + 1000"),
        ("reports", "DELETE FROM movement WHERE account = 'unexplained'"),
        ("reports", "UPDATE movement_count SET qty = 7"),
    ],
)
def test_verify_notices_a_table_that_was_tampered_with(stocked: Line, table: str, sql: str) -> None:
    import sqlite3

    stocked("count", "Gym North", "blanket=90")
    stocked("report", "statement")
    assert stocked.json("verify")["ok"] is True
    with sqlite3.connect(stocked.folder / "bucketline.db") as db:
        assert db.execute(sql).rowcount
    db.close()
    found = json.loads(stocked("verify", "--json", code=1).stdout)
    assert found["ok"] is False
    assert table in found["problems"][0]
    stocked("doctor", "--rebuild")
    assert stocked.json("verify")["ok"] is True


def test_doctor_finds_a_fresh_node_healthy(line: Line) -> None:
    line("report", "statement")  # its tables have a version of their own
    rows = {row["check"]: row for row in line.json("doctor")}
    assert [name for name, row in rows.items() if not row["ok"]] == []
    os.chmod(line.folder / "keys", 0o644)
    assert not {row["check"]: row["ok"] for row in line.json("doctor")}["keys"]


def test_tokens_are_shown_once_and_can_be_taken_back(line: Line) -> None:
    secret = line.json("token", "new", "phone")["token"]
    assert secret not in line("token", "list").stdout
    line("token", "revoke", "phone")
    line("token", "revoke", "nobody", code=2)


def test_export_neutralises_what_a_spreadsheet_would_run(stocked: Line, tmp_path: Path) -> None:
    stocked("item", "add", "=1+1", "--unit", "piece")
    stocked("receive", "Gym North", "=1+1=5")
    file = tmp_path / "stock.csv"
    stocked("export", "csv", "-o", str(file))
    assert ",'=1+1," in file.read_text("utf-8")
    assert json.loads(stocked("export", "json").stdout)["digest"] == stocked.json("digest")


def test_two_nodes_pair_and_agree_over_a_courier_file(stocked: Line, tmp_path: Path) -> None:
    other = Line(tmp_path / "other")
    other("init", "--team", "Bayou Wheels")
    key = other.json("init", "--team", "x")["node"]
    assert "Pair with it" in stocked("peer", "accept", key, code=2).stderr
    assert "peer invite" in stocked("bundle", "write", str(tmp_path / "news"), code=1).stderr
    assert not (tmp_path / "news").exists()


def test_sync_with_nobody_says_so(line: Line) -> None:
    assert line.json("sync") == []
    assert "pair" in line("sync").stdout


def test_serve_tells_its_addresses_and_stops_when_told(stocked: Line) -> None:
    command = [sys.executable, "-m", "node", "--data", str(stocked.folder), "serve", "--port", "0", "--sync-port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        first, second = process.stderr.readline(), process.stderr.readline()
        assert "http://127.0.0.1:" in first and ":0/" not in first
        assert "http://127.0.0.1:" in second
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()


def test_a_port_in_use_is_told(stocked: Line) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Port {port} can't be used" in stocked("serve", "--port", port, code=1).stderr


def test_a_folder_is_served_by_one_program_at_a_time(stocked: Line) -> None:
    with files.serving(stocked.folder):
        assert "is being served already" in stocked("serve", "--port", "0", "--sync-port", "0", code=1).stderr
    with files.serving(stocked.folder):
        pass  # and again once the first has stopped


def test_an_item_has_a_standard_value_where_no_lot_says_another(stocked: Line) -> None:
    stocked("item", "add", "Rope", "--unit", "m", "--value", "0.85", "--currency", "eur")
    stocked("receive", "Gym North", "Rope=200")
    stocked("receive", "Gym North", "Rope=10", "--value", "2", "--currency", "EUR")

    def row() -> dict[str, str]:
        return next(row for row in stocked.json("report", "statement") if row["item_name"] == "Rope")

    assert (row()["currency"], row()["received_value"]) == ("EUR", "190")
    stocked("item", "add", "Rope", "--unit", "m", "--value", "1", "--currency", "EUR")
    assert row()["received_value"] == "220"
    told = next(row for row in stocked.json("item", "list") if row["name"] == "Rope")
    assert (told["value"], told["currency"]) == ("1", "EUR")
    assert "below nought" in stocked("item", "add", "Rope", "--unit", "m", "--value", "-1", code=2).stderr


def test_what_was_said_of_a_lot_is_corrected(stocked: Line) -> None:
    entry = stocked.json("receive", "Gym North", "blanket=10", "--fund", "ECHO", "--value", "3", "--currency", "USD")
    stocked("correct", entry["entry"], "--value", "4", "--currency", "EUR", "--why", "euros, not dollars")
    rows = stocked.json("report", "statement", "--by", "fund")
    assert [(row["currency"], row["received_value"]) for row in rows if row["fund"] == "ECHO"] == [("EUR", "40")]
    two = stocked.json("receive", "Gym North", "blanket=5", "insulin=2")["entry"]
    assert "Which of its lines" in stocked("correct", two, "--fund", "Oxfam", "--why", "given", code=2).stderr
    stocked("correct", two, "blanket=5", "insulin=2", "--fund", "Oxfam", "--why", "given")
    rows = stocked.json("report", "statement", "--by", "fund")
    assert sorted(row["received"] for row in rows if row["fund"] == "Oxfam") == ["2", "5"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("receive", "Gym North", "blanket=2", "--value", "3"), "has no currency"),
        (("receive", "Gym North", "blanket=2", "--value", "3", "--currency", "Euro"), "EURO is no code of a currency"),
        (("drop", "Gym North", "blanket=2", "--people", "5", "--households", "900"), "900 households with 5 people"),
    ],
)
def test_what_is_odd_is_recorded_and_told(stocked: Line, words: tuple[str, ...], said: str) -> None:
    assert said in stocked(*words).stdout
    plain = [word for word in words if word not in ("900", "--households", "Euro")]
    assert "900 households" not in stocked(*plain, *(["USD"] if plain[-1] == "--currency" else [])).stdout
