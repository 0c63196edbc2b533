"""Search forgives how people type: in a large catalogue too, and in any language that an item is named in."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node import catalogue, queries, record, searching
from node.cli import cli
from node.requests import ItemIn
from tests.fakes import memory_node

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


@pytest.mark.parametrize(
    ("one", "other"),
    [("Insuln", "Insulin"), ("Tarpalin 4 x 6 m", "tarpaulin, 4 x 6 m"), ("Cobija térmcia", "cobija termica")],
)
def test_a_slip_is_known_for_one(one, other):
    assert searching.same_but_for_a_slip(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Diapers, size 1", "Diapers, size 2"),
        ("Batteries, C", "Batteries, D"),
        ("Bulb, 194", "Bulb, 1941"),
        ("Soap", "Soup"),
        ("Rice", "Rice, brown"),
        ("Rice", ""),
    ],
)
def test_what_differs_on_purpose_is_no_slip(one, other):
    assert not searching.same_but_for_a_slip(one, other)


def test_a_question_without_words_finds_anything_and_nonsense_finds_nothing():
    names = [("1", "Rice"), ("2", "Beans")]
    assert searching.likeliest("", names, 5) == ["1", "2"]
    assert searching.likeliest("zzzzqqqq", names, 5) == []
    assert searching.likeliest("!?", names, 5) == []


def test_the_beginning_of_words_goes_before_their_middle():
    names = [("1", "Jerrican"), ("2", "Rice, brown"), ("3", "Haricots")]
    assert searching.likeliest("ric", names, 5)[0] == "2"


def test_an_item_is_found_by_a_mistyped_code_or_name_through_the_list():
    node = memory_node()
    record.add_item(node, ItemIn(name="Chainsaw oil", unit="litre", codes={"shop": "QX-77"}))
    for like in ("chiansaw oli", "qx-77", "QX 77"):
        assert queries.items(node, like=like)[0]["name"] == "Chainsaw oil"


def test_a_new_name_is_held_against_the_nearest_known_ones():
    node = memory_node()
    record.add_item(node, ItemIn(name="Chainsaw oil", unit="litre"))
    assert [row.name for row in catalogue.slips(node, "Chiansaw oil")] == ["Chainsaw oil"]
    assert [row.name for row in catalogue.slips(node, "Insuln")] == ["Insulin"]
    assert catalogue.slips(node, "Chainsaw oil") == catalogue.slips(node, "Chainsaw chain") == []


def test_the_api_tells_what_a_new_name_may_be_a_slip_for(api):
    added = api.post("items", {"name": "Blnket", "unit": "piece"}).get_json()
    assert [(row["name"], row["unit"]) for row in added["similar"]] == [("Blanket", "piece")]
    assert api.post("items", {"name": "Flux capacitor", "unit": "piece"}).get_json()["similar"] == []


def test_the_command_line_takes_a_near_name_for_a_slip_unless_told_otherwise(tmp_path):
    def item_add(*words: str) -> Result:
        return CliRunner().invoke(cli, ["--data", str(tmp_path), "item", "add", *words])

    CliRunner().invoke(cli, ["--data", str(tmp_path), "init", "--team", "Canal Street"])
    refused = item_add("Insuln", "--unit", "vial")
    assert refused.exit_code == 1
    assert "Insulin (vial)" in refused.output
    assert item_add("Insulin", "--unit", "vial").exit_code == 0
    assert item_add("Insuln", "--unit", "vial", "--new").exit_code == 0
    assert "already" in item_add("Insuln", "--unit", "vial").output
