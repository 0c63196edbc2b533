"""What was known at an earlier moment, what is known now, and which late entries made the difference."""

import io
from functools import partial
from typing import Any

import pytest

from node.events import (
    Arrival,
    ArrivalLine,
    Count,
    CountLine,
    Dispatch,
    Distribution,
    Item,
    Line,
    Place,
    Receipt,
    ReceiptLine,
    Team,
    Void,
    encode,
)
from node.reporting import movements, registry
from node.reporting.asked import Scope
from node.reporting.known import changes, late
from node.reporting.statement import FIGURES, statement
from node.reporting.verifying import OWN, Verdict, said, verify
from node.reporting.writing import formats
from node.units import format_time
from tests.fakes import START_MS, MemoryNode, memory_node, tell
from tests.reporting.histories import HOUR, World
from tests.reporting.test_statement import table


def write(node: MemoryNode, *facts: Any) -> str:
    return [node.log.append(encode(fact)).id.hex() for fact in facts][-1]


@pytest.fixture
def teams() -> tuple[MemoryNode, MemoryNode]:
    """A depot that counted 420 of 500 blankets at noon, and a team whose drops it hasn't heard of."""
    ours, theirs = memory_node(1), memory_node(2)
    write(theirs, Team("Gym crew"))
    write(ours, Team("Depot crew"), Place("depot", "Depot", "hub"), Item("blanket", "Blanket", "piece", value="2"))
    write(ours, Receipt(START_MS, "depot", [ReceiptLine("blanket", 500_000)]))
    write(ours, Count(START_MS + 4 * HOUR, "depot", [CountLine("blanket", 420_000, 500_000)]))
    return ours, theirs


def told(node: MemoryNode, at: int) -> dict[str, tuple[int, int, str]]:
    return {row["figure"]: (row["then"], row["now"], row["late"]) for row in table(changes(node, Scope(), at))}


def test_a_late_drop_explains_part_of_a_difference_and_is_named(teams: tuple[MemoryNode, MemoryNode]) -> None:
    ours, theirs = teams
    drop = write(theirs, Distribution(START_MS + 2 * HOUR, "depot", [Line("blanket", 60_000)]))
    noon = ours.now
    ours.now += 3 * HOUR
    tell(theirs, ours)
    assert told(ours, noon) == {
        "distributed": (0, 60_000, drop[:8]),
        "unexplained": (80_000, 20_000, drop[:8]),
    }
    (row,) = table(late(ours, Scope(), noon))
    assert (row["heard"], row["at"], row["entry"], row["recorded_by"]) == (
        noon + 3 * HOUR,
        START_MS + 2 * HOUR,
        drop,
        "Gym crew",
    )
    assert told(ours, ours.now) == {} and table(late(ours, Scope(), ours.now)) == []


def test_an_undo_and_a_dispatch_that_come_late_are_named(teams: tuple[MemoryNode, MemoryNode]) -> None:
    ours, theirs = teams
    sent = write(theirs, Dispatch(START_MS + HOUR, "gym", "depot", [Line("blanket", 9_000)]))
    write(ours, Arrival(START_MS + 5 * HOUR, "depot", sent, [ArrivalLine("blanket", 9_000)]))
    drop = write(ours, Distribution(START_MS + 5 * HOUR, "depot", [Line("blanket", 1_000)]))
    before = ours.now
    ours.now += HOUR
    undo = write(ours, Void(drop, "slip", START_MS + 6 * HOUR))
    tell(theirs, ours)
    rows = table(changes(ours, Scope(), before, ["place"]))
    found = {(row["place"], row["figure"]): (row["change"], row["late"]) for row in rows}
    assert found["depot", "distributed"] == (-1_000, f"{sent[:8]}, {undo[:8]}")
    assert found["gym", "transferred_out"] == (9_000, sent[:8])
    assert found["", "transferred_out"] == (-9_000, sent[:8])


@pytest.mark.parametrize("seed", range(6))
def test_then_and_change_come_to_now_and_then_is_what_was_said_then(seed: int) -> None:
    world, scope = World(seed), Scope(raw=True)  # merges are those of now
    node, said = world.nodes[0], {}
    for _ in range(70):
        world.step()
        node.now += 1
        said[node.now] = node.log.tick(), _by_item(table(statement(node, scope, ["place"])))
    moments = list(said.items())
    for moment, (tick, rows) in moments[10::20]:
        node.now += HOUR
        books = partial(movements.known_then, node, tick)
        assert _by_item(table(statement(node, scope, ["place"], books=books))) == rows, f"seed {seed}"
        now = {(row["place"], row["item"], row["currency"]): row for row in table(statement(node, scope, ["place"]))}
        for row in table(changes(node, scope, moment, ["place"])):
            key = row["place"], row["item"], row["currency"]
            assert row["now"] == row["then"] + row["change"] == now.get(key, {}).get(row["figure"], 0), f"seed {seed}"
            assert row["late"], f"seed {seed}: {row}"


def test_where_no_worth_is_known_none_is_told(teams: tuple[MemoryNode, MemoryNode]) -> None:
    ours, _ = teams
    write(ours, Item("rope", "Rope", "metre"))
    before = ours.now
    ours.now += HOUR
    write(ours, Receipt(START_MS, "depot", [ReceiptLine("rope", 30_000), ReceiptLine("blanket", 1_000)]))
    found = {
        (row["item"], row["figure"]): [row[f"{name}_value"] for name in ("then", "now", "change")]
        for row in table(changes(ours, Scope(), before))
    }
    assert found["rope", "received"] == found["rope", "closing"] == [None] * 3
    assert found["blanket", "received"] == [1000, 1002, 2]


def written(node: MemoryNode, name: str, **asked: str) -> io.BytesIO:
    out = io.BytesIO()
    with registry.one_moment(node) as then:
        formats.FORMATS["csv"].write(registry.document(then, name, asked), out, None)
    out.seek(0)
    return out


def verified(node: MemoryNode, file: io.BytesIO) -> Verdict:
    with registry.one_moment(node) as then:
        return verify(then, file)


@pytest.mark.parametrize("name", ["as-known", "late-entries"])
def test_what_only_one_node_can_know_is_checked_there_and_said_to_be_its_own(
    teams: tuple[MemoryNode, MemoryNode], name: str
) -> None:
    ours, theirs = teams
    write(theirs, Distribution(START_MS + 2 * HOUR, "depot", [Line("blanket", 60_000)]))
    noon = ours.now
    ours.now += HOUR
    tell(theirs, ours)
    file = written(ours, name, at=format_time(noon))
    assert len(file.getvalue().splitlines()) > 9, "something came late"
    write(ours, Receipt(START_MS, "depot", [ReceiptLine("blanket", 5_000)]))  # more is known by now
    found = verified(ours, file)
    assert found == Verdict(name, True, True, None)
    assert said(found)[1] == OWN
    third = memory_node(3)
    third.now = noon + 9 * HOUR
    for node in teams:
        tell(node, third)
    other = verified(third, file)
    assert not other.same and OWN in said(other)
    assert "another one can't check this report" in " ".join(registry.make(ours, name, {"at": format_time(noon)}).notes)


def _by_item(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sums over currencies, since values are those of now."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault((row["place"], row["item"]), {"place": row["place"], "item": row["item"]})
        one |= {name: one.get(name, 0) + row[name] for name in FIGURES}
    kept = [row for row in found.values() if any(row[name] for name in FIGURES)]
    return sorted(kept, key=lambda row: (row["place"], row["item"]))
