"""Recording: an act of somebody, what of it was acknowledged, and what was refused without a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from node import events
from node.units import format_qty, format_time
from sync.errors import DiskFull, Problem, TooMany
from tests.simulator import judge
from tests.simulator.crash import Crash

if TYPE_CHECKING:
    from tests.simulator.machine import Machine, Process
    from tests.simulator.world import World

LOTS = ["L1", "L2", "L3"]
DAY_MS = 86_400_000


class Scene(NamedTuple):
    """Somebody at a machine, with the places and items that it knows of."""

    world: World
    machine: Machine
    process: Process
    places: list[str]
    items: list[str]

    @property
    def node(self) -> Any:
        """The node of the process that is used."""
        return self.process.node

    def place(self) -> str:
        """Some place."""
        return self.world.rng.choice(self.places)

    def elsewhere(self, place: str) -> str:
        """Mostly another place, if there is one."""
        others = [other for other in self.places if other != place]
        return self.world.rng.choice(others) if others and self.world.rng.random() < 0.9 else self.place()

    def item(self) -> str:
        """Some item."""
        return self.world.rng.choice(self.items)

    def some(self) -> list[str]:
        """One to three items, perhaps one of them twice."""
        return [self.item() for _ in range(self.world.rng.randint(1, 3))]

    def do(self, what: str, write: Callable[[], Any], *refusals: type[Problem]) -> Any:
        """Record something; see `acknowledged`."""
        return acknowledged(self.world, self.machine, self.process, write, what, refusals)


def scene(world: World, machine: Machine, process: Process) -> Scene:
    """What a process knows of."""
    with machine.safe():
        places = judge.rows(process.node, "SELECT id FROM place ORDER BY id")
        items = judge.rows(process.node, "SELECT id FROM item ORDER BY id")
    return Scene(world, machine, process, [id for (id,) in places], [id for (id,) in items])


def acknowledged(
    world: World,
    machine: Machine,
    process: Process,
    write: Callable[[], Any],
    what: str,
    refusals: tuple[type[Problem], ...] = (),
) -> Any:
    """Record something and keep what was acknowledged; None where the process died of it, or it was refused.

    A full disk and a busy database may refuse anything. Only what is among `refusals` may be refused besides.
    """
    node = process.node
    with machine.safe():
        before, stood = _head(node), machine.disk.serialize()
    machine.recording = what
    try:
        answer = write()
    except Crash:
        machine.recover()
        return None
    except (DiskFull, TooMany, *refusals) as problem:
        machine.recording = ""
        world.say(f"{machine.name} refuses a {what}: {problem.what}")
        assert machine.disk.serialize() == stood, "a refusal left something behind"
        return None
    machine.recording = ""
    with machine.safe():
        if _head(node) != before:
            _keep(world, machine, node, before, answer)
    judge.at_this_point(machine)
    return answer


def _keep(world: World, machine: Machine, node: Any, before: bytes, answer: Any) -> None:
    """Keep all that one act wrote: an item that was unnamed is named before goods of it are moved."""
    first, last = node.log.get(before), node.log.get(_head(node))
    assert last is not None and last.fact is not None
    since = range(first.n + 1, last.n + 1) if first and first.log == last.log else [last.n]
    written = sorted(node.log.fetch(since), key=lambda entry: entry.n)
    assert getattr(answer, "entry", last.id.hex()) in [entry.id.hex() for entry in written]
    for entry in written:
        world.acknowledged[entry.id] = entry
        world.say(f"{machine.name} records {entry.id.hex()[:8]}: {events.encode(entry.fact).decode()}")
        machine.holds.add(entry.id)


def _head(node: Any) -> bytes:
    with node.log.reading():
        return bytes(node.log.store.logs()[node.log.own].branches[0].head)


# what is said in an act


def at(world: World, process: Process) -> str | None:
    """When it was: mostly now; else set back by up to ten days, or a little into the future."""
    if world.rng.random() < 0.6:
        return None
    back = world.rng.choice([0, 1, 3_600_000, world.rng.randint(0, 10 * DAY_MS), -3_600_000])
    return format_time(process.node.clock() - back)


def until(world: World, process: Process) -> str | None:
    """When something is over by itself, if it is."""
    later = world.rng.choice([None, 15 * DAY_MS, 40 * DAY_MS])
    return None if later is None else format_time(process.node.clock() + later)


def thousandths(world: World) -> int:
    """So much of something."""
    return int(world.rng.choice([1, 500, 1000, 24_000, world.rng.randint(1, 200_000)]))


def qty(world: World) -> str:
    """So much of something, as it is typed."""
    return format_qty(thousandths(world))


def lot(world: World) -> str | None:
    """A lot, if somebody names one."""
    return world.rng.choice(LOTS) if world.rng.random() < 0.4 else None


def note(world: World) -> str | None:
    """Something typed freely: mostly nothing, else a name that nobody else bears and should not have been typed."""
    return world.name_somebody() if world.rng.random() < 0.3 else None
