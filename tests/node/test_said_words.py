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
