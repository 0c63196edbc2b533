"""Kits, lots, expiry and counts on the command line, and over the API."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.node.conftest import Api
from tests.node.test_cli import Line


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """A gym with cups in cases and pallets, soap of two lots, and a kit of both."""
    line = Line(tmp_path / "node")
    line("init", "--team", "Canal Street")
    line("place", "add", "Gym", "--kind", "hub", "--at", "29.95,-90.07")
    line("item", "add", "Cup", "--unit", "piece", "--pack", "pallet=10case", "--pack", "case=12", "--weight", "80")
    line("item", "add", "Bar", "--unit", "piece", "--new")
    line("item", "add", "Wash kit", "--unit", "kit", "--kit", "Cup=2", "--kit", "Bar=1")
    line("receive", "Gym", "Cup=1pallet+1case")
    line("receive", "Gym", "Bar=20@old", "--expiry", "2001-01-31")
    line("receive", "Gym", "Bar=6@new", "--expiry", "2099-01-31")
    return line


def lots(line: Line) -> dict[str, str]:
    rows: Any = line.json("stock", "--item", "Bar", "--lots")
    return {row["lot"]: row["qty"] for row in rows}


def test_a_lot_on_the_line_goes_before_first_expired_first_out(line: Line):
    line("drop", "Gym", "Bar=2")
    line("drop", "Gym", "Bar=5@old")
    line("loss", "Gym", "Bar = 1 @ old", "--reason", "damaged")
    assert lots(line) == {"old": "14", "new": "4"}
    line("count", "Gym", "Bar=13@old")
    assert lots(line) == {"old": "13", "new": "4"}


@pytest.mark.parametrize("text", ["Bar=3@", "Bar@old", "=3@old", "Bar=@old"])
def test_a_lot_without_quantity_or_name_is_refused(line: Line, text: str):
    line("drop", "Gym", text, code=2)


def test_a_lot_may_hold_an_equals_sign(line: Line):
    line("receive", "Gym", "Bar=3@A=1")
    assert lots(line)["A=1"] == "3"


def test_a_point_that_may_mean_thousands_is_read_back(line: Line):
    said = line("receive", "Gym", "Cup=1.000")
    assert "1 Cup" in said.stdout and "decimal point" in said.stderr


def test_kits_are_checked_built_and_broken_up(line: Line):
    told: Any = line.json("kit", "check", "Gym", "Wash kit")
    assert (told["buildable"], told["wanted"], told["short"][0]["item_name"]) == ("6", "7", "Bar")
    assert line.json("kit", "check", "Gym", "Wash kit=10")["wanted"] == "10"  # type: ignore[index,call-overload]
    assert "Gym can build 6 Wash kit" in line("kit", "check", "Gym", "Wash kit").stdout
    line("kit", "build", "Gym", "Wash kit=4")
    line("kit", "break", "Gym", "Wash kit=1")
    rows: Any = line.json("stock")
    assert {row["item_name"]: row["qty"] for row in rows} == {"Bar": "23", "Cup": "126", "Wash kit": "3"}
    assert "2 Cup, 1 Bar" in line("kit", "list").stdout
    assert "2 Wash kit became" in line("kit", "break", "Gym", "Wash kit=2").stdout


def test_a_circle_of_kits_is_refused_with_a_sentence(line: Line):
    line("item", "add", "Big kit", "--unit", "kit", "--kit", "Wash kit=2", "--new")
    said = line("item", "add", "Wash kit", "--unit", "kit", "--kit", "Big kit=1", code=1).stderr
    assert "Wash kit (kit) holds Big kit (kit) holds Wash kit (kit)" in said


def test_a_repack_is_told_as_it_was_recorded(line: Line):
    said = line("repack", "Gym", "--in", "Cup=1case", "--out", "Bar=3@mixed", "--expiry", "2030-01-01").stdout
    assert "12 (1 case) Cup became 3 Bar at Gym" in said
    assert lots(line)["mixed"] == "3"
    line("repack", "Gym", "--in", "Cup=1case", code=2)


def test_what_has_expired_is_listed_and_written_off(line: Line):
    rows: Any = line.json("expiring")
    assert [(row["lot"], row["qty"], row["expired"]) for row in rows] == [("old", "20", True)]
    assert "EXPIRED" in line("expiring", "--within", "0").stdout
    assert "20 Bar at Gym, expired" in line("write-off").stdout
    assert lots(line) == {"new": "6"}
    assert line.json("write-off", "Gym", "--item", "Bar") == {"losses": [], "notices": []}
    assert "Nothing on hand has expired" in line("write-off", "Gym").stdout


def test_a_count_sheet_on_paper_and_as_a_file(line: Line, tmp_path: Path):
    assert "expected" not in line("count-sheet", "Gym", "--blind").stdout
    rows = list(csv.DictReader(io.StringIO(line("count-sheet", "Gym", "--csv").stdout)))
    assert [(row["item"], row["packs"], row["expected"], row["counted"]) for row in rows] == [
        ("Bar", "", "26", ""),
        ("Cup", "case=12 pallet=120", "132", ""),
    ]
    file = tmp_path / "sheet.csv"
    assert line.json("count-sheet", "Gym", "-o", str(file)) == {"file": str(file), "rows": 2, "format": "csv"}
    assert file.read_text().startswith("shelf,place,item,unit,packs,expected,counted")


def test_counts_are_told_with_what_explains_them(line: Line):
    line("count", "Gym", "Cup=120")
    (row,) = line.json("counts", "--place", "Gym")  # type: ignore[misc,attr-defined]
    assert (row["variance"], row["explained"], row["unexplained"]) == ("-12", "0", "-12")
    assert "-12" in line("counts").stdout


# the API


def test_the_api_builds_a_kit_and_lists_what_it_takes(api: Api):
    api.post("items", {"name": "Bed", "unit": "kit", "kit": [{"item": "Blanket", "qty": "2"}], "weight": 4000})
    told = api.get("kits/Bed?place=Harvey Hub&qty=70").json
    assert (told["buildable"], told["short"][0]["short"]) == ("60", "20")
    body = {
        "place": "Harvey Hub",
        "in": [{"item": "Blanket", "qty": "4"}],
        "out": [{"item": "Bed", "qty": "2", "expiry": "2030-01-31"}],
    }
    assert api.post("repacks", body).status_code == 201
    rows = {row["item_name"]: row for row in api.get("stock").json}
    assert (rows["Bed"]["qty"], rows["Bed"]["expiry"], rows["Blanket"]["packed"]) == ("2", "2030-01-31", "3 bale + 26")
    assert [kit["kit_name"] for kit in api.get("kits").json] == ["Bed"]
    (bed,) = api.get("items?like=Bed").json[:1]
    assert (bed["weight"], bed["volume"], bed["kit"][0]["qty"]) == (4000, None, "2")


def test_the_api_refuses_a_kit_in_itself_and_what_is_no_kit(api: Api):
    answer = api.post("items", {"name": "Bed", "unit": "kit", "kit": [{"item": "Nothing", "qty": "2"}]})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["kit.0.item"])
    assert api.get("kits/Blanket?place=Harvey Hub").status_code == 404
    assert api.get("kits/Blanket").status_code == 400


def test_the_api_lists_what_expires_and_writes_it_off(api: Api):
    (row,) = api.get("expiring?within=100").json
    assert (row["item_name"], row["expiry"], row["expired"]) == ("Insulin", "2027-01-31", False)
    assert api.get("expiring?within=soon").status_code == 400
    assert api.post("write-offs", {}).json == {"losses": [], "notices": []}


def test_the_api_tells_what_counts_found_page_by_page(api: Api):
    for qty in ("119", "118", "117"):
        api.post("counts", {"place": "Harvey Hub", "lines": [{"item": "Blanket", "qty": qty}]})
    first = api.get("counts?limit=2")
    after = first.headers["Link"].partition("after=")[2].partition(">")[0].partition("&")[0]
    rest = api.get(f"counts?limit=2&after={after}")
    assert sorted(row["counted"] for row in [*first.json, *rest.json]) == ["117", "118", "119"]
