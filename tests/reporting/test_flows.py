"""Who sent what to whom, and what was done from day to day: both come to what the statement says."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from node.events import (
    Arrival,
    ArrivalLine,
    Dispatch,
    Distribution,
    Item,
    Line,
    Place,
    Receipt,
    ReceiptLine,
    Team,
    encode,
)
from node.reporting.activity import FLOW, activity, daily
from node.reporting.asked import Scope
from node.reporting.matrix import matrix
from node.reporting.statement import statement
from sync.errors import OutOfRange
from tests.fakes import START_MS, MemoryNode, memory_node, tell
from tests.reporting.histories import HOUR, World
from tests.reporting.test_statement import table, total, world

SEEDS = (*range(10), 1078)  # the last has transfers that come to nothing in quantity, but not in value
PERIOD = Scope(START_MS + 2 * HOUR, START_MS + 6 * HOUR)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_matrix_sends_what_the_statement_sends(seed: int) -> None:
    node = world(seed)
    said = table(statement(node, PERIOD, ["place"]))
    for between in ("team", "place"):
        pairs = table(matrix(node, PERIOD, between))
        for kind in ("", "_value"):
            ended = total(pairs, f"arrived{kind}") + total(pairs, f"lost_on_the_way{kind}")
            assert ended == total(said, f"transferred_out{kind}"), f"seed {seed}"
            assert total(pairs, f"in_transit{kind}") == total(said, f"in_transit{kind}")
            opened = total(said, f"opening_in_transit{kind}")
            assert opened + total(pairs, f"sent{kind}") - ended == total(said, f"in_transit{kind}")


@pytest.mark.parametrize("seed", SEEDS)
def test_days_add_up_to_the_statement(seed: int) -> None:
    node = world(seed)
    said = table(statement(node, PERIOD))
    days = table(daily(node, PERIOD, ZoneInfo("Asia/Kathmandu")))
    for name in FLOW:
        assert total(days, name) == total(said, name), f"seed {seed}"
        assert total(days, f"{name}_value") == total(said, f"{name}_value")


@pytest.fixture
def teams() -> tuple[MemoryNode, MemoryNode]:
    """Two teams; the first sends 10 rice to the other, of which 7 arrive, 1 came damaged, and 1 is given up."""
    ours, theirs = memory_node(1), memory_node(2)
    for node, facts in (
        (ours, [Team("Depot crew"), Place("depot", "Depot", "hub")]),
        (theirs, [Team("Gym crew"), Place("gym", "Gym", "site"), Place("annex", "Annex", "site")]),
    ):
        for fact in facts:
            node.log.append(encode(fact))
    sent = ours.log.append(encode(Dispatch(START_MS, "depot", "gym", [Line("rice", 10_000)])))
    came = Arrival(START_MS + HOUR, "annex", sent.id.hex(), [ArrivalLine("rice", 7_000, "", 1_000, 1_000)])
    theirs.log.append(encode(came))
    tell(ours, theirs)
    return ours, theirs


def figures(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("sent", "arrived", "lost_on_the_way", "in_transit"))


def test_the_matrix_tells_who_sent_what_to_whom(teams: tuple[MemoryNode, MemoryNode]) -> None:
    _, theirs = teams
    (row,) = table(matrix(theirs, Scope()))
    assert (row["from_team"], row["to_team"]) == ("Depot crew", "Gym crew")
    assert figures(row) == (10_000, 7_000, 2_000, 1_000)
    by_place = {row["to_place"]: figures(row) for row in table(matrix(theirs, Scope(), "place"))}
    assert by_place == {"gym": (10_000, 0, 0, 1_000), "annex": (0, 7_000, 2_000, 0)}
    assert len(table(matrix(theirs, Scope(place="annex"), "place"))) == 1
    with pytest.raises(OutOfRange, match="colour"):
        matrix(theirs, Scope(), "colour")


def test_what_came_of_an_unheard_of_dispatch_came_from_nobody_by_name() -> None:
    node = memory_node()
    node.log.append(encode(Arrival(START_MS, "gym", "ee" * 32, [ArrivalLine("rice", 7_000)])))
    (row,) = table(matrix(node, Scope(), "place"))
    assert (row["from_place"], row["to_place"], figures(row)) == ("", "gym", (0, 7_000, 0, -7_000))


def test_a_day_is_that_of_the_time_zone_and_tells_who_was_served() -> None:
    node, eve = memory_node(), 1_798_741_800_000  # 2026-12-31, 18:30 UTC
    node.log.append(encode(Item("rice", "Rice", "kg")))
    node.log.append(encode(Receipt(eve - 24 * HOUR, "gym", [ReceiptLine("rice", 9_000)])))
    for after in (0, HOUR):
        drop = Distribution(eve + after, "gym", [Line("rice", 1_000), Line("soap", 1_000)], people=30, households=8)
        node.log.append(encode(drop))
    utc = table(activity(node, Scope()))
    assert [(row["date"], row["entries"], row["receipts"], row["drops"], row["people"]) for row in utc] == [
        ("2026-12-30", 1, 1, 0, 0),
        ("2026-12-31", 2, 0, 2, 60),
    ]
    manila = table(activity(node, Scope(item="rice"), ZoneInfo("Asia/Manila")))
    assert [(row["date"], row["households"]) for row in manila] == [("2026-12-31", 0), ("2027-01-01", 16)]
    assert {row["date"] for row in table(daily(node, Scope(), dt.timezone(dt.timedelta(hours=-12))))} == {
        "2026-12-30",
        "2026-12-31",
    }


def test_wild_clocks_and_empty_books_read_well() -> None:
    node = memory_node()
    assert table(activity(node, Scope())) == table(daily(node, Scope())) == table(matrix(node, Scope())) == []
    for at in (-(2**63), 2**63 - 1):
        node.log.append(encode(Receipt(at, "gym", [ReceiptLine("rice", 1_000)])))
    for report in (activity(node, Scope(), ZoneInfo("Asia/Manila")), daily(node, Scope())):
        assert [row["date"] for row in table(report)] == ["0001-01-01", "9999-12-31"]


def test_every_entry_that_moves_or_counts_something_is_active_once() -> None:
    made = World(4)
    for _ in range(60):
        made.step()
    node = made.nodes[0]
    rows = table(activity(node, Scope()))
    kinds = ("receipts", "drops", "dispatches", "arrivals", "losses", "repacks", "counts")
    assert all(row["entries"] == sum(row[kind] for kind in kinds) for row in rows)
    places = {entry.id for place in ("depot", "gym", "hall") for entry in node.fold.history(place)}
    assert total(rows, "entries") == len(places)
