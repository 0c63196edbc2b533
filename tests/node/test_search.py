"""Search forgives how people type: in a large catalogue too, and in any language that an item is named in."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from node import searching

HERE = Path(__file__).parent
IFRC = HERE.parents[2] / "shared" / "data" / "sahana" / "ifrc_items.csv"
FIRST = 5  # so many are looked at
LEAST = 45  # of 50


@pytest.fixture(scope="module")
def ifrc() -> list[tuple[str, str]]:
    """Code and name of everything in the Red Cross's catalogue."""
    if not IFRC.exists():
        pytest.skip(f"the catalogue is not here: {IFRC}")
    with IFRC.open(encoding="utf-8", errors="replace") as file:
        return [(row["item code"], row["item description"]) for row in csv.DictReader(file)]


def found(names: Sequence[tuple[str, str]], query: str, code: str) -> bool:
    """Whether the first few are what was meant, by code or by an equal name."""
    called = dict(names)
    return called[code] in {called[id] for id in searching.likeliest(query, names, FIRST)}


def test_nine_of_ten_searches_with_two_typing_errors_find_the_item_among_twelve_thousand(ifrc):
    queries = json.loads((HERE / "queries_typos.json").read_text(encoding="utf-8"))
    missed = [q["query"] for q in queries if not found(ifrc, q["query"], q["code"])]
    print(f"{len(queries) - len(missed)} of {len(queries)} found; missed: {missed}")
    assert len(queries) == 50
    assert len(queries) - len(missed) >= LEAST, missed
