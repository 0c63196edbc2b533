"""The benchmark runs and names its figures as scripts expect them; what it counts (never times) stays in bounds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIGURES = {
    "entries",
    "lines",
    "full_vs_sqlite",
    "full_bytes_per_line",
    "full_peak_mb_sender",
    "full_peak_mb_receiver",
    "increment_round_trips",
    "increment_bytes",
    "idle_round_trips",
    "idle_bytes",
}
PROJECTION = {
    "entries",
    "entries_per_second_small",
    "entries_per_second_large",
    "per_entry_ratio",
    "rebuild_equal",
}

ACCOUNTS = {
    "entries",
    "lines",
    "lines_per_second",
    "statement_vs_group_by",
    "period_by_place_vs_group_by",
    "statement_vs_group_by_key",
    "period_by_place_vs_group_by_key",
    "card_seconds_small",
    "card_seconds_large",
    "card_ratio",
}


def figures_of(section: str, entries: int, folder: Path) -> dict[str, float]:
    file = folder / "figures.json"
    command = [sys.executable, "-m", "tests.bench", section, "--entries", str(entries), "--json", str(file)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=240, stdout=subprocess.DEVNULL)
    return json.loads(file.read_text("utf-8"))[section]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    return figures_of("sync", 4000, tmp_path_factory.mktemp("bench"))


def test_the_figures_bear_the_names_that_scripts_expect(figures: dict[str, float]) -> None:
    assert set(figures) == FIGURES
    assert figures["entries"] == 4000
    assert figures["full_vs_sqlite"] > 0


def test_a_line_costs_few_bytes_on_the_wire(figures: dict[str, float]) -> None:
    assert figures["full_bytes_per_line"] <= 20


def test_ten_new_entries_cost_three_round_trips_and_three_kilobytes_at_most(figures: dict[str, float]) -> None:
    assert figures["increment_round_trips"] <= 3
    assert figures["increment_bytes"] <= 3000


def test_nothing_new_costs_one_round_trip_and_few_bytes(figures: dict[str, float]) -> None:
    assert figures["idle_round_trips"] == 1
    assert figures["idle_bytes"] <= 600


def test_books_made_anew_from_the_log_are_the_same(tmp_path: Path) -> None:
    figures = figures_of("projection", 500, tmp_path)
    assert set(figures) == PROJECTION
    assert figures["rebuild_equal"] == 1
    assert figures["per_entry_ratio"] > 0


def test_the_accounts_are_timed_over_the_lines_of_five_times_as_many_entries(tmp_path: Path) -> None:
    figures = figures_of("accounts", 400, tmp_path)
    assert set(figures) == ACCOUNTS
    assert figures["entries"] >= 2000 and figures["lines"] > 2 * figures["entries"]


def test_exports_of_small_books_are_whole(tmp_path: Path) -> None:
    figures = figures_of("exports", 200, tmp_path)
    forms = ("csv", "json", "parquet", "hledger", "beancount", "xlsx")
    kinds = ("lines", "seconds", "peak_mb_over_idle", "mb")
    assert set(figures) == {"entries"} | {f"{form}_{kind}" for form in forms for kind in kinds}
    assert len({figures[f"{form}_lines"] for form in forms}) == 1 and figures["csv_lines"] > 3000


def test_a_section_that_does_not_exist_is_told() -> None:
    command = [sys.executable, "-m", "tests.bench", "nonsense"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "nonsense" in result.stderr
