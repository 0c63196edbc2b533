"""The books in double entry: for each item, place and team, all is accounted for, whatever arrived or was repacked."""

from typing import Any

import pytest

from node import accounts, events
from node.events import (
    Arrival,
    ArrivalLine,
    Count,
    CountLine,
    Dispatch,
    Distribution,
    Item,
    Line,
    Loss,
    Place,
    Receipt,
    ReceiptLine,
    Repack,
    Team,
    Void,
)
from tests.fakes import START_MS, MemoryNode, memory_node, tell

IDENTITY_IN = ("received", "transferred_in")
IDENTITY_OUT = ("distributed", "transferred_out", "in_transit", "lost", "unexplained", "repacked", "on_hand")
NOBODY = "ab" * 32


@pytest.fixture
def node() -> MemoryNode:
    found = memory_node()
    for fact in (
        Team("Depot crew"),
        Place("depot", "Depot", "hub"),
        Place("gym", "Gym", "site"),
        Item("rice", "Rice", "kg"),
        Item("kit", "Family kit", "kit"),
    ):
        write(found, fact)
    return found


def write(node: MemoryNode, fact: Any) -> str:
    node.now += 1000
    return node.log.append(events.encode(fact)).id.hex()


def take_in(node: MemoryNode, qty: int, lot: str = "", place: str = "depot") -> str:
    return write(node, Receipt(node.now, place, [ReceiptLine("rice", qty, lot)]))


def send(node: MemoryNode, qty: int, lot: str = "") -> str:
    return write(node, Dispatch(node.now, "depot", "gym", [Line("rice", qty, lot)]))


def arrive(node: MemoryNode, dispatch: str, qty: int, lot: str = "", damaged: int = 0, missing: int = 0) -> str:
    return write(node, Arrival(node.now, "gym", dispatch, [ArrivalLine("rice", qty, lot, damaged, missing)]))


def row(found: dict[str, Any], kind: str = "items", **where: str) -> dict[str, Any]:
    return next(row for row in found[kind] if all(row[key] == value for key, value in where.items()))


def assert_even(found: dict[str, Any]) -> None:
    """The identity, from what is told."""
    assert found["balanced"], found["problems"]
    for kind in ("items", "places", "teams"):
        for line in found.get(kind, []):
            came, went = (sum(float(line[name]) for name in names) for names in (IDENTITY_IN, IDENTITY_OUT))
            assert came == went and line["balanced"]


def everywhere(node: MemoryNode) -> tuple[dict[str, Any], dict[str, Any]]:
    by_place, by_team = accounts.balance(node, "place"), accounts.balance(node, "team")
    assert_even(by_place)
    assert_even(by_team)
    return by_place, by_team


def test_what_is_on_its_way_is_its_senders(node):
    take_in(node, 50_000)
    send(node, 20_000)
    places, _ = everywhere(node)
    depot = row(places, "places", place="depot")
    assert (depot["place_name"], depot["team"]) == ("Depot", "Depot crew")
    assert (depot["in_transit"], depot["on_hand"], depot["transferred_out"]) == ("20", "30", "0")
    assert row(places)["in_transit"] == "20"


def test_what_arrived_was_transferred_and_what_came_damaged_or_never_is_lost_where_it_should_have_come(node):
    take_in(node, 50_000)
    arrive(node, send(node, 20_000), 15_000, damaged=2_000, missing=1_000)
    places, _ = everywhere(node)
    depot, gym = row(places, "places", place="depot"), row(places, "places", place="gym")
    assert (depot["transferred_out"], depot["in_transit"], depot["lost"]) == ("18", "2", "0")
    assert (gym["transferred_in"], gym["lost"], gym["on_hand"]) == ("18", "3", "15")
    whole = row(places)
    assert (whole["transferred_in"], whole["transferred_out"], whole["lost"]) == ("18", "18", "3")


def test_an_arrival_in_several_goes_and_one_noted_twice_leave_less_than_nothing_in_transit(node):
    take_in(node, 50_000)
    sent = send(node, 10_000)
    for _ in range(3):
        arrive(node, sent, 5_000)
    places, _ = everywhere(node)
    assert row(places, "places", place="depot")["in_transit"] == "-5"
    assert row(places, "places", place="gym")["on_hand"] == "15"


def test_what_arrived_of_an_unheard_of_dispatch_came_from_nowhere_until_it_is_heard_of(node):
    arrive(node, NOBODY, 5_000)
    places, teams = everywhere(node)
    unknown = row(places, "places", place="")
    assert (unknown["in_transit"], unknown["transferred_out"], unknown["team"]) == ("-5", "5", "")
    assert row(teams, "teams", team="")["in_transit"] == "-5"


def test_an_undone_dispatch_leaves_what_arrived_of_it_to_its_senders_account(node):
    take_in(node, 50_000)
    sent = send(node, 10_000)
    arrive(node, sent, 10_000)
    write(node, Void(sent, "slip", node.now))
    places, _ = everywhere(node)
    depot = row(places, "places", place="depot")
    assert (depot["on_hand"], depot["in_transit"], depot["transferred_out"]) == ("50", "-10", "10")


def test_a_lot_that_was_never_sent_arrives_all_the_same(node):
    take_in(node, 50_000, "a")
    arrive(node, send(node, 10_000, "a"), 10_000, "b")
    places, _ = everywhere(node)
    assert row(places)["in_transit"] == "0"


def test_what_was_repacked_left_one_item_for_another(node):
    take_in(node, 50_000)
    write(node, Repack(node.now, "depot", [Line("rice", 30_000)], [ReceiptLine("kit", 3_000)]))
    write(node, Repack(node.now, "depot", [Line("kit", 1_000)], [ReceiptLine("rice", 10_000)]))
    places, _ = everywhere(node)
    rice, kit = row(places, item="rice"), row(places, item="kit")
    assert (rice["repacked"], rice["on_hand"], kit["repacked"], kit["on_hand"]) == ("20", "30", "-2", "2")


def test_a_count_after_a_transfer_explains_nothing_but_its_own_difference(node):
    take_in(node, 50_000)
    arrive(node, send(node, 20_000), 20_000)
    write(node, Count(node.now, "gym", [CountLine("rice", 18_000, 20_000)]))
    write(node, Distribution(node.now, "gym", [Line("rice", 3_000)]))
    write(node, Loss(node.now, "gym", [Line("rice", 500)], "spoiled"))
    places, _ = everywhere(node)
    gym = row(places, "places", place="gym")
    assert (gym["unexplained"], gym["distributed"], gym["lost"], gym["on_hand"]) == ("2", "3", "0.5", "14.5")


def test_books_by_team_put_each_place_with_whoever_declared_it_first(node):
    other = memory_node(2)
    tell(node, other)
    other.now = node.now
    write(other, Team("Gym friends"))
    write(other, Place("hall", "Hall", "hub"))
    write(other, Receipt(other.now, "hall", [ReceiptLine("rice", 7_000)]))
    write(other, Arrival(other.now, "hall", send(node, 2_000), [ArrivalLine("rice", 2_000)]))
    tell(node, other)
    _, teams = everywhere(other)
    assert row(teams, "teams", team="Gym friends")["on_hand"] == "9"
    crew = row(teams, "teams", team="Depot crew")
    assert (crew["on_hand"], crew["transferred_out"]) == ("-2", "2")


def test_sums_beyond_what_a_machine_word_holds_are_exact(node):
    for _ in range(3):
        take_in(node, 2**63 - 1)
    arrive(node, send(node, 2**63 - 1), 1, missing=2**63 - 2)
    found = accounts.balance(node, "place")
    assert found["balanced"]
    assert row(found)["received"] == "27670116110564327.421"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE transit SET sent = sent + 1",
        "UPDATE transit SET missing = 7",
        "DELETE FROM transit",
        "UPDATE stock SET qty = qty - 1 WHERE place = 'gym'",
    ],
)
def test_tables_of_transit_that_do_not_show_the_history_do_not_balance(node, damage):
    take_in(node, 50_000)
    arrive(node, send(node, 20_000), 5_000)
    node.fold.settle()
    node.db.execute_sql(damage)
    found = accounts.balance(node, "place")
    assert not found["balanced"] and found["problems"]
    assert not all(line["balanced"] for line in found["items"])
    assert node.now > START_MS
