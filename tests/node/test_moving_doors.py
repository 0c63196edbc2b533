"""Goods on their way through the API and the command line, as programs and people send and receive them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node import record
from node.bootstrap import Node
from node.cli import cli
from node.requests import PlaceIn
from tests.node.conftest import Api

LINE = {"item": "Blanket", "qty": "24"}


class Line:
    """Runs commands of one node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["--data", str(self.folder), *words])
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: str) -> dict[str, object]:
        return json.loads(self(*words, "--json").stdout)


@pytest.fixture
def van(node: Node) -> Node:
    """The node with a van beside its hub."""
    record.add_place(node, PlaceIn(name="The Van", kind="vehicle"))
    return node


def test_a_transfer_over_the_api(van: Node, api: Api) -> None:
    sent = api.post("dispatches", {"place": "Harvey Hub", "to": "The Van", "lines": [LINE], "seal": "S-1"}).json
    (row,) = api.get("transfers").json
    assert (row["dispatch"], row["waybill"], row["status"]) == (sent["entry"], sent["waybill"], "in_transit")
    assert (row["from_name"], row["to_name"], row["ours"], row["mine"]) == ("Harvey Hub", "The Van", True, True)
    lines = [{"item": "Blanket", "qty": "20", "damaged": "1"}]
    came = api.post("arrivals", {"dispatch": sent["waybill"], "lines": lines})
    assert (came.status_code, [one["qty"] for one in came.json["missing"]]) == (201, ["3"])
    assert api.post("arrivals", {"dispatch": sent["entry"]}).json["missing"] == []
    assert [row["status"] for row in api.get("transfers?open=0").json] == ["short"]


def test_a_run_over_the_api(van: Node, api: Api) -> None:
    api.post("moves", {"place": "Harvey Hub", "to": "The Van", "lines": [LINE]})
    api.post("distributions", {"place": "The Van", "lines": [{"item": "Blanket", "qty": "9"}], "people": 9})
    api.post("returns", {"vehicle": "The Van", "to": "Harvey Hub"})
    sheet = api.get("runs/The%20Van").json
    assert [(row["loaded"], row["dropped"], row["returned"], row["left"]) for row in sheet["items"]] == [
        ("24", "9", "15", "0")
    ]
    assert sheet["balanced"] and sheet["people"] == 9
    assert api.get("runs/Nothing").status_code == 404
    assert api.get("runs/The%20Van?since=yesterday").status_code == 400


def test_the_same_arrival_sent_twice_by_a_program_is_one(van: Node, api: Api) -> None:
    sent = api.post("dispatches", {"place": "Harvey Hub", "to": "The Van", "lines": [LINE]}).json
    first = api.post("arrivals", {"dispatch": sent["entry"]}, Idempotency_Key="k")
    again = api.post("arrivals", {"dispatch": sent["entry"]}, Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """A node with a depot that holds blankets, a van, and a hall."""
    made = Line(tmp_path / "depot")
    made("init", "--team", "Canal Street")
    for name, kind in (("Depot", "warehouse"), ("Van", "vehicle"), ("Hall", "site")):
        made("place", "add", name, "--kind", kind)
    made("item", "add", "Blanket", "--unit", "piece", "--pack", "bale=30")
    made("receive", "Depot", "Blanket=120")
    return made


def test_a_transfer_on_the_command_line(line: Line) -> None:
    sent = line.json("send", "Depot", "blanket=2bale", "--to", "Hall", "--driver", "Kite")
    assert "in transit" in line("transfers").stdout
    came = line.json("arrive", str(sent["waybill"]), "blanket=55", "--damaged", "blanket=2")
    assert [one["qty"] for one in came["missing"]] == ["3"]  # type: ignore[index,union-attr]
    assert "Still open" not in line("arrive", str(sent["waybill"]), "--missing", "blanket=3").stderr
    assert "Nothing is on its way" not in line("transfers").stdout
    assert json.loads(line("transfers", "--all", "--json").stdout)[0]["status"] == "short"


def test_damaged_alone_means_that_all_else_arrived(line: Line) -> None:
    sent = line.json("send", "Depot", "blanket=60", "--to", "Hall")
    assert line.json("arrive", str(sent["entry"])[:8], "--damaged", "blanket=4")["missing"] == []
    assert json.loads(line("stock", "--place", "Hall", "--json").stdout)[0]["qty"] == "56"


def test_a_waybill_goes_by_text_to_a_node_that_never_met_the_sender(line: Line, tmp_path: Path) -> None:
    sent = line.json("send", "Depot", "blanket=60", "--to", "Hall")
    text = line("waybill", str(sent["waybill"]), "--text").stdout.strip()
    (tmp_path / "code.txt").write_text(text)
    other = Line(tmp_path / "hall")
    other("init", "--team", "Hall team")
    shown = other("waybill", "--read", str(tmp_path / "code.txt")).stdout
    assert "Depot -> Hall" in shown and "Blanket" in shown
    assert other.json("arrive", str(sent["waybill"]), "--json")["missing"] == []
    assert json.loads(other("stock", "--json").stdout)[0]["qty"] == "60"
    assert "BL1" in other("waybill", "--read", "nonsense", code=2).stderr


def test_the_paper_and_its_code_are_shown_and_written(line: Line, tmp_path: Path) -> None:
    number = str(line.json("send", "Depot", "blanket=60", "--to", "Hall", "--seal", "S-77")["waybill"])
    shown = line("waybill", number).stdout
    assert all(word in shown for word in (number, "Depot -> Hall", "S-77", "2 bale"))
    line("waybill", number, "--svg", str(tmp_path / "code.svg"))
    assert (tmp_path / "code.svg").read_text().startswith("<svg")


def test_a_photo_of_the_paper_is_read(line: Line, tmp_path: Path) -> None:
    pytest.importorskip("zxingcpp", reason="needs the extra `scan`")
    import segno

    number = str(line.json("send", "Depot", "blanket=60", "--to", "Hall")["waybill"])
    segno.make(line("waybill", number, "--text").stdout.strip(), error="m").save(str(tmp_path / "p.png"), scale=4)
    assert "Depot -> Hall" in line("waybill", "--read", str(tmp_path / "p.png")).stdout


def test_a_run_on_the_command_line(line: Line) -> None:
    line("run", "load", "Van", "blanket=40", "--from", "Depot")
    line("drop", "Van", "blanket=30", "--site", "Hall", "--people", "28")
    line("run", "return", "Van", "--to", "Depot")
    shown = line("run", "sheet", "Van").stdout
    assert "dropped 30 Blanket at Hall, 28 people" in shown and "It adds up." in shown
    assert "28 people served" in shown
    assert "Nothing is left" in line("run", "return", "Van", "--to", "Depot", code=1).stderr


def test_a_move_on_the_command_line(line: Line) -> None:
    moved = line.json("move", "Depot", "blanket=20", "--to", "Hall")
    assert set(moved) == {"entry", "arrival"}
    assert "Nothing is on its way." in line("transfers").stdout
