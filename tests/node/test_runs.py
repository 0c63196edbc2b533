"""Supply runs: a vehicle is loaded, drops along the way, brings back the rest, and its sheet adds up."""

from typing import Any

import pytest

from node import accounts, merging, moving, queries, record, runs
from node.events import Item, Place, encode
from node.requests import (
    CountIn,
    DistributionIn,
    ItemIn,
    LineIn,
    LossIn,
    MoveIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    ReturnIn,
    SameAsIn,
    VoidIn,
)
from node.units import format_time
from sync.errors import Conflict, NotFound
from tests.fakes import MemoryNode, memory_node

MINUTE_MS = 60_000


@pytest.fixture
def node() -> MemoryNode:
    """A depot with goods, a van, and two places to stop at."""
    node = memory_node()
    for name, kind in (("Depot", "warehouse"), ("Van", "vehicle"), ("Gym", "site"), ("Camp", "site")):
        record.add_place(node, PlaceIn(name=name, kind=kind))
    for name in ("Blanket", "Water"):
        record.add_item(node, ItemIn(name=name, unit="piece"))
        lines = [ReceiptLineIn(item=name, qty="100", lot=f"{name} lot")]
        record.receive(node, ReceiptIn(place="Depot", lines=lines))
    return node


def lines(**qtys: int) -> list[LineIn]:
    return [LineIn(item=item, qty=str(qty)) for item, qty in qtys.items()]


def loaded(node: MemoryNode, **qtys: int) -> None:
    node.now += MINUTE_MS
    moving.move(node, MoveIn(place="Depot", to="Van", lines=lines(**qtys)))


def stop(node: MemoryNode, site: str, people: int, **qtys: int) -> record.Recorded:
    node.now += MINUTE_MS
    return record.distribute(node, DistributionIn(place="Van", site=site, people=people, lines=lines(**qtys)))


def back(node: MemoryNode, **more: Any) -> moving.Moved:
    node.now += MINUTE_MS
    return runs.bring_back(node, ReturnIn(vehicle="Van", to="Depot", **more))


def items(sheet: dict[str, Any]) -> dict[str, list[str]]:
    columns = ("carried", "loaded", "dropped", "returned", "lost", "unexplained", "left")
    return {row["item_name"]: [row[name] for name in columns] for row in sheet["items"]}


def test_a_run_is_loaded_stops_and_brings_back_the_rest(node):
    loaded(node, Blanket=40, Water=30)
    stop(node, "Gym", 12, Blanket=15, Water=10)
    stop(node, "Camp", 30, Blanket=20)
    record.lose(node, LossIn(place="Van", lines=lines(Water=2), reason="damaged"))
    back(node)
    sheet = runs.sheet(node, "Van")
    assert items(sheet) == {
        "Blanket": ["0", "40", "35", "5", "0", "0", "0"],
        "Water": ["0", "30", "10", "18", "2", "0", "0"],
    }
    assert [(one["place_name"], one["people"]) for one in sheet["stops"]] == [("Gym", 12), ("Camp", 30)]
    assert [one["place_name"] for one in sheet["loads"]] == ["Depot"] == [one["place_name"] for one in sheet["returns"]]
    assert sheet["people"] == 42 and sheet["balanced"]
    assert accounts.balance(node)["balanced"]
    assert {row["item_name"]: row["qty"] for row in queries.stock(node, place="Depot")} == {
        "Blanket": "65",
        "Water": "88",
    }


def test_lots_ride_along_and_come_back(node):
    loaded(node, Blanket=40)
    back(node)
    assert {row["lot"]: row["qty"] for row in queries.stock(node, place="Depot", item="Blanket", lots=True)} == {
        "Blanket lot": "100"
    }


def test_the_next_run_begins_when_the_vehicle_was_empty(node):
    loaded(node, Blanket=40)
    back(node)
    loaded(node, Water=5)
    assert items(runs.sheet(node, "Van")) == {"Water": ["0", "5", "0", "0", "0", "0", "5"]}
    everything = runs.sheet(node, "Van", format_time(0))
    assert items(everything)["Blanket"] == ["0", "40", "0", "40", "0", "0", "0"]


def test_a_second_load_on_the_way_is_of_the_same_run(node):
    loaded(node, Blanket=40)
    stop(node, "Gym", 1, Blanket=10)
    loaded(node, Blanket=5)
    assert items(runs.sheet(node, "Van"))["Blanket"] == ["0", "45", "10", "0", "0", "0", "35"]


def test_what_was_on_board_at_the_time_asked_for_is_carried(node):
    loaded(node, Blanket=40)
    stop(node, "Gym", 1, Blanket=10)
    since = format_time(node.now + MINUTE_MS)
    node.now += MINUTE_MS
    stop(node, "Camp", 1, Blanket=4)
    sheet = runs.sheet(node, "Van", since)
    assert items(sheet)["Blanket"] == ["30", "0", "4", "0", "0", "0", "26"]
    assert sheet["since"] == since and sheet["balanced"]
    later = runs.sheet(node, "Van", format_time(node.now + MINUTE_MS))
    assert items(later)["Blanket"] == ["26", "0", "0", "0", "0", "0", "26"]


def test_what_a_count_finds_missing_is_unexplained_and_still_balances(node):
    loaded(node, Blanket=40)
    record.count(node, CountIn(place="Van", lines=lines(Blanket=37)))
    sheet = runs.sheet(node, "Van")
    assert items(sheet)["Blanket"] == ["0", "40", "0", "0", "0", "3", "37"]
    assert sheet["balanced"]


def test_what_was_undone_is_not_on_the_sheet(node):
    loaded(node, Blanket=40)
    record.void(node, stop(node, "Gym", 1, Blanket=10).entry, VoidIn(why="twice"))
    assert runs.sheet(node, "Van")["stops"] == []
    assert items(runs.sheet(node, "Van"))["Blanket"][-1] == "40"


def test_more_dropped_than_loaded_is_shown_below_nought(node):
    loaded(node, Blanket=4)
    stop(node, "Gym", 1, Blanket=10)
    assert items(runs.sheet(node, "Van"))["Blanket"][-1] == "-6"
    with pytest.raises(Conflict, match="Nothing is left"):
        back(node)


def test_some_of_it_can_be_brought_back(node):
    loaded(node, Blanket=40, Water=3)
    back(node, lines=lines(Blanket=30))
    assert items(runs.sheet(node, "Van"))["Blanket"][-1] == "10"


def test_the_sheet_weighs_what_was_loaded(node):
    item = queries.items(node, like="Blanket")[0]["item"]
    record.write(node, Item(item, weight=1600, volume=10_000))
    loaded(node, Blanket=10, Water=1)
    assert runs.sheet(node, "Van")["load"] == {"kg": "16", "m3": "0.1", "whole": False}


def test_vehicles_are_listed_with_what_is_on_them(node):
    loaded(node, Blanket=10, Water=1)
    assert [(row["vehicle_name"], row["items"]) for row in runs.vehicles(node)] == [("Van", 2)]


def test_a_vehicle_that_nothing_bears_is_not_found(node):
    with pytest.raises(NotFound):
        runs.sheet(node, "Lorry")


def test_an_empty_vehicle_has_an_empty_sheet(node):
    sheet = runs.sheet(node, "Van")
    assert (sheet["items"], sheet["since"], sheet["balanced"]) == ([], None, True)


# what is no vehicle


def test_a_place_that_is_no_vehicle_is_loaded_all_the_same_and_that_is_said(node: MemoryNode) -> None:
    done = runs.load_up(node, MoveIn(place="Depot", to="Gym", lines=lines(Blanket=9)))
    assert [row["qty"] for row in queries.stock(node, place="Gym")] == ["9"]
    assert done.notices == ["Gym is a site, no vehicle. If another was meant, move it from there."]
    assert runs.load_up(node, MoveIn(place="Depot", to="Van", lines=lines(Blanket=9))).notices == []
    back_again = runs.bring_back(node, ReturnIn(vehicle="Gym", to="Depot"))
    assert back_again.notices == done.notices
    assert back(node).notices == []


def test_what_was_merged_with_a_vehicle_is_one(node: MemoryNode) -> None:
    node.log.append(encode(Place("nowherevan223344", kind="site")))
    assert runs.no_vehicle(node, "nowherevan223344") != []
    merging.same(node, SameAsIn(kind="place", id="nowherevan223344", same="Van"))
    assert runs.no_vehicle(node, "nowherevan223344") == []
    assert runs.no_vehicle(node, "neverheardofplac") == [
        "neverheardofplac isn't known as a vehicle. If another was meant, move it from there."
    ]
