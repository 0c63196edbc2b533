"""The books line by line, as reports read them: of one machine at any time, and of all when they have met."""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING, Any

from node import ledger
from node.reporting import auditing, movements, registry
from node.reporting.verifying import verify
from node.reporting.writing import formats

if TYPE_CHECKING:
    from tests.simulator.machine import Machine

LINES = "SELECT c.place, c.item, m.account, m.qty FROM movement m JOIN movement_cell c ON c.no = m.cell"
BY = {"statement": {"by": "place,lot,fund"}, "transfers": {"between": "place"}}
PLAIN = (
    "balance",
    "statement",
    "stock",
    "distributions",
    "funds",
    "discrepancies",
    "transfers",
    "activity",
    "closings",
)


def kept(machine: Machine) -> None:
    """The tables that reports read, however they came to be, are those that the log gives, and those of the replay."""
    node: Any = machine.node
    assert auditing.agrees(node), f"the movements of {machine.name} are not those that its log gives"
    with movements.up_to_date(node) as connection:
        rows = connection.execute(LINES).fetchall()
    found: Counter[Any] = Counter()
    for place, item, account, qty in rows:
        found[place, item, account.partition(":")[0]] += int(qty)
    told = {key: qty for key, qty in found.items() if qty}
    assert told == _replayed(node), f"the movements of {machine.name} are not those of its history replayed"


def _replayed(node: Any) -> dict[Any, int]:
    return {
        (place, item, column): qty
        for item, one in ledger.replay(node).ledgers.items()
        for place, columns in one.sums.items()
        for column, qty in columns.items()
        if qty
    }


def told_alike(group: list[Machine]) -> None:
    """One report is the same on all machines of a group, byte for byte, and each finds that of the first in order."""
    names = [*PLAIN, *BY]
    name = group[0].world.rng.choice(names)
    asked = BY.get(name, {})
    told = [_written(machine, name, asked) for machine in group]
    assert all(one == told[0] for one in told), f"the report {name} isn't the same on all machines"
    for machine in group:
        with registry.one_moment(machine.node):
            verdict = verify(machine.node, io.BytesIO(told[0]))
        assert verdict.same and verdict.covers, f"{machine.name} doesn't believe the report {name}: {verdict}"


def _written(machine: Machine, name: str, asked: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with registry.one_moment(machine.node):
        formats.FORMATS["csv"].write(registry.document(machine.node, name, asked), out, None)
    return out.getvalue()
