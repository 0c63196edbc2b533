"""Whom to listen to: a node is blocked, from after an entry or altogether, and accepted again; by some or by all."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sync.errors import DiskFull, NotFound, TooMany
from sync.identity import node_id
from tests.simulator import bookkeeping, happenings, judge, meeting
from tests.simulator.crash import Crash
from tests.simulator.links import Link

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.machine import Machine
    from tests.simulator.world import World


def block(world: World) -> None:
    """Somebody stops listening to a node that was heard of, from after some entry of it or altogether."""
    machine = world.a_machine()
    with machine.safe():
        entries = [entry for entry in judge.folded(machine) if entry.node != machine.keys.node]
    if entries:
        entry = world.rng.choice(entries)
        last = entry if world.rng.random() < 0.7 else None
        if _decide(machine, lambda: machine.node.block(node_id(entry.node), last and last.id.hex())):
            _believes(machine, entries, entry.node, last)
        world.say(f"{machine.name} blocks the node of {entry.id.hex()[:8]} {'from after it' if last else 'altogether'}")


def _believes(machine: Machine, before: list[Any], node: bytes, last: Any) -> None:
    """Of what a machine folded of a node, it believes what that node wrote up to an entry and nothing else."""
    with machine.safe():
        now = {entry.id for entry in judge.folded(machine) if entry.node == node}
    believed = {e.id for e in before if e.node == node and last is not None and e.lamport <= last.lamport}
    assert now == believed, f"{machine.name} believes of a blocked node what it shouldn't, or too little"


def accept(world: World) -> None:
    """Somebody listens to a node again, or to one that nobody vouched for."""
    machine = world.a_machine()
    with machine.safe():
        known = [row["peer"] for row in machine.node.peers.rows() if row["trust"] in ("blocked", "unknown")]
    if known:
        peer = world.rng.choice(known)
        _decide(machine, lambda: machine.node.accept(peer))
        world.say(f"{machine.name} accepts {peer[:8]}")


def _decide(machine: Machine, act: Callable[[], None]) -> bool:
    """Whether a machine did what somebody decided; its reports follow, which had been made before."""
    with machine.safe():
        bookkeeping.kept(machine)
    try:
        with suppress(DiskFull, TooMany, NotFound):  # not found: nobody has heard its keys yet
            act()
            judge.at_this_point(machine)
            with machine.safe():
                bookkeeping.kept(machine)
            return True
    except Crash:
        machine.recover()
    return False


def accept_all(world: World, machine: Machine) -> None:
    """Every block is lifted."""
    for node in sorted(machine.node.log.policy()[0].blocks):
        world.say(f"{machine.name} lifts a block")
        machine.node.accept(node_id(node))


# all of them


def shun(world: World) -> None:
    """All others stop listening to one node, from after the same entry: they agree without it, and later with it."""
    shunned = world.a_machine().keys.node
    others = [machine for machine in world.machines if machine.keys.node != shunned]
    entries = [e for e in judge.folded(others[0]) if e.node == shunned] if others else []
    if not entries:
        return
    last = world.rng.choice([entries[-1], world.rng.choice(entries), None])
    world.say(f"all others block {node_id(shunned)[:8]}{f' after {last.id.hex()[:8]}' if last else ''}")
    heard = [machine for machine in others if machine.node.log.keys_of(shunned)]
    blocking = [machine for machine in heard if last is None or machine.node.log.get(last.id)]
    for machine in blocking:
        before = judge.folded(machine)
        machine.node.log.block(shunned, last.id if last else None)
        _believes(machine, before, shunned, last)
    for machine in world.machines:
        happenings.move_goods(world, machine, machine.main)
    _agree_without(world, shunned, blocking)
    for machine in blocking:
        accept_all(world, machine)


def _agree_without(world: World, shunned: bytes, blocking: list[Machine]) -> None:
    """Those who listen to the same nodes agree, whatever the shunned one goes on recording, and take nothing of it."""
    for one, other in world.edges:
        if shunned in (one.keys.node, other.keys.node) and one.keys.node != other.keys.node:
            if one in blocking or other in blocking:
                result = meeting.exchange(world, one, other, Link(other))
                assert result and not result["ok"], "a blocked node was talked to"
        elif not (meeting.trusts(one, other) and meeting.trusts(other, one)):
            assert meeting.pair(world, one, other)
    for group in world.groups(without=shunned):
        world.meet_until_quiet(group, ("policy", "stock"))
        for machine in group:
            judge.sound(machine)
