"""What commands say when something is recorded: enough that a slip is seen, and never the same for two cases."""

import json

import pytest

from node import record
from node.requests import PlaceIn
from node.server import make_app


@pytest.fixture
def van(node):
    """The id of a van of our own."""
    return record.add_place(node, PlaceIn(name="The Van", kind="vehicle"))


# vehicles


def test_loading_what_is_no_vehicle_is_recorded_and_told(node, van, run):
    done = run(node, "run", "load", "The Van", "Blanket=5", "--from", "Harvey Hub")
    assert "no vehicle" not in done
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    done = run(node, "run", "load", "Gym", "Blanket=5", "--from", "Harvey Hub")
    assert "Gym is a site, no vehicle." in done
    assert "isn't known as a vehicle" not in run(node, "run", "sheet", "The Van") + run.said
    assert json.loads(run(node, "run", "sheet", "Gym", "--json"))["balanced"] is True
    assert "Gym isn't known as a vehicle" in run.said
    assert "no vehicle" in run(node, "run", "return", "Gym", "--to", "Harvey Hub")


def test_the_page_of_a_run_tells_it_too(node, van):
    client = make_app(node).test_client()
    assert "known as a vehicle" not in client.get(f"/runs/{van}").text
    assert "known as a vehicle" in client.get("/runs/Harvey Hub").text


# what came


def test_what_came_damaged_or_is_given_up_says_of_what(node, van, run):
    sent = json.loads(run(node, "send", "Harvey Hub", "Blanket=30", "Insulin=5", "--to", "The Van", "--json"))[
        "waybill"
    ]
    done = run(node, "arrive", sent, "Blanket=20", "--damaged", "Insulin=1", "--missing", "Blanket=2")
    assert "1 Insulin damaged, 2 Blanket missing" in done
    assert run.said == "Still open: 8 Blanket.\nStill open: 4 Insulin.\n"


def test_more_than_was_sent_is_told_as_that(node, van, run):
    sent = json.loads(run(node, "send", "Harvey Hub", "Blanket=30", "--to", "The Van", "--json"))["waybill"]
    run(node, "arrive", sent, "Blanket=35")
    assert run.said == "5 Blanket more than sent.\n"
    told = run(node, "transfers")
    assert "5 Blanket more than sent" in told and "-5" not in told
    shown = make_app(node).test_client().get(f"/transfers/{sent}").text
    assert "5 <small>more than sent" in shown and ">-5" not in shown


def test_what_was_merged_is_named_once(node, van, run):
    run(node, "item", "add", "Wool cover", "--unit", "piece")
    run(node, "receive", "Harvey Hub", "Wool cover=30")
    run(node, "same", "Wool cover", "Blanket")
    assert "Drop recorded: 140 (4 bale + 20) Blanket at Harvey Hub." in run(node, "drop", "Harvey Hub", "Blanket=140")
    sent = json.loads(run(node, "send", "Harvey Hub", "Blanket=10", "--to", "The Van", "--json"))["waybill"]
    assert "8 Blanket came in at The Van, 2 Blanket damaged." in run(node, "arrive", sent, "--damaged", "Blanket=2")


# kits


def test_a_kit_built_of_too_little_says_which_parts_are_short_and_by_how_much(node, run):
    run(node, "item", "add", "Bed", "--unit", "kit", "--kit", "Blanket=50", "--kit", "Insulin=10")
    done = run(node, "kit", "build", "Harvey Hub", "Bed=5")
    assert "For that many Bed the books held too little; short by 130 Blanket, 10 Insulin." in done
    run(node, "count", "Harvey Hub", "Blanket=100", "Insulin=20")
    assert "short by" not in run(node, "kit", "build", "Harvey Hub", "Bed=2")


# who has some


def test_nothing_near_is_told_apart_from_nothing_at_all(node, run):
    record.add_place(node, PlaceIn(name="Gym", kind="site", lat="30.9", lon="-90.08"))
    far = run(node, "nearby", "Blanket", "--at", "30.9,-90.08", "--within", "20")
    assert "Nobody within 20 km has any; the nearest is Harvey Hub, 111.2 km." in far
    run(node, "item", "add", "Stove", "--unit", "piece")
    assert "Nobody that this node has heard of has any." in run(node, "nearby", "Stove", "--at", "30,-90")

    def could_fill(*words):
        need = json.loads(run(node, "need", "add", "Gym", *words, "--json"))["entry"]
        return need, run(node, "nearby", "--need", need, "--within", "20")

    need, said = could_fill("Blanket=10")
    assert said == "Nobody within 20 km can spare any; the nearest is Harvey Hub, 111.2 km.\n"
    assert "Harvey Hub" in run(node, "nearby", "--need", need)
    assert could_fill("Stove=1")[1] == "Nobody that this node has heard of has any.\n"
    run(node, "pledge", "Harvey Hub", "Blanket=120", "--need", need)
    assert run(node, "nearby", "--need", need) == "Nothing of it is lacking any more.\n"
    more, _ = could_fill("Blanket=3")
    assert run(node, "nearby", "--need", more) == "Whoever is known to have some has promised it, or it has expired.\n"
    run(node, "undo", more, "--why", "slip")
    assert run(node, "nearby", "--need", more) == "This need was undone.\n"


def test_where_some_is_may_not_be_known(node, run, van):
    run(node, "move", "Harvey Hub", "Insulin=40", "--to", "The Van")
    need = json.loads(run(node, "need", "add", "Harvey Hub", "Insulin=3", "--json"))["entry"]
    assert "how far they are isn't known" in run(node, "nearby", "--need", need, "--within", "9")


# sheets


@pytest.mark.parametrize(
    ("name", "begins"), [("a.csv", "shelf,place,item"), ("a.txt", "shelf  item"), ("a", "shelf  item")]
)
def test_a_count_sheet_is_written_as_its_name_says(node, run, tmp_path, name, begins):
    said = run(node, "count-sheet", "Harvey Hub", "-o", str(tmp_path / name))
    assert ("as CSV" if "csv" in name else "as a table of text") in said and "2 lines written" in said
    assert (tmp_path / name).read_text().startswith(begins)


def test_a_count_sheet_is_not_written_as_what_it_is_not(node, run, tmp_path):
    said = run(node, "count-sheet", "Harvey Hub", "-o", str(tmp_path / "a.xlsx"), code=2)
    assert "can't be written as .xlsx" in said and list(tmp_path.glob("a*")) == []
    run(node, "count-sheet", "Harvey Hub", "-o", str(tmp_path / "a.xlsx"), "--csv")
    assert (tmp_path / "a.xlsx").read_text().startswith("shelf,place")
