"""A simulated relief network: machines, who can reach whom, and the story that one seed tells of them."""

import random
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from node import events
from sync.identity import Keys
from tests.simulator import bookkeeping, happenings, judge, meeting, trusting, wording
from tests.simulator.crash import new_disk
from tests.simulator.links import Link
from tests.simulator.machine import Machine, Process

START_MS = 1_795_000_000_000
MACHINES = (3, 3, 3, 4, 4, 5, 6, 7)
STEPS_MIN, STEPS_MAX = 12, 26
DAY_MS = 86_400_000
PAUSES_MS = (0, 1, 40, 1000, 60_000, 3_600_000, DAY_MS)
CLONES_MAX = 2
AT_A_TIME = (1, 1, 2, 4)  # how much somebody records before something else happens
SHUNNING = 0.2  # how often all others stop listening to one node, in the end
Edge = tuple[Machine, Machine]


def shared_memory() -> str | None:
    """A folder in memory for courier files, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


class World:
    """One schedule. `acknowledged` are all entries that somebody was told are safe, by id, as they were written;
    `lost` those of them that went with a disk before any other machine had them."""

    def __init__(self, seed: int | str, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self.seed, self.folder, self.rng, self._say = seed, folder, random.Random(f"world {seed}"), say
        self.now, self.steps, self.somebodies = START_MS, 0, 0
        self.seldom_read = self.rng.random() < 0.15
        self.acknowledged: dict[bytes, Any] = {}
        self.unacknowledged: dict[bytes, Any] = {}
        self.lost: set[bytes] = set()
        self._named: dict[bytes, list[bytes]] = {}
        self.bundles: list[meeting.Bundle] = []
        self.cloned: dict[bytes, int] = {}  # the last number of a log that two machines took for their own
        self.clones, self.rewound = 0, False  # rewound: some disk is not what its peers take it for
        self.machines = [self._machine(f"n{i}") for i in range(self.rng.choice(MACHINES))]
        self.edges = self._topology()
        self.weights = {act: weight * self.rng.choice([0.3, 1, 1, 2]) for act, weight in ACTIONS.items()}
        self.crash_rate, self.fault_rate = self.rng.choice([0, 0, 0.05, 0.15]), self.rng.choice([0, 0, 0.1])
        for one, other in self.edges:
            if self.rng.random() < 0.6:
                meeting.pair(self, one, other)

    # making it

    def _machine(self, name: str) -> Machine:
        rng = random.Random(f"{self.seed} {name}")
        machine = Machine(name, rng, self, self.folder, Keys.generate(rng.randbytes), new_disk(), mark=name)
        machine.skew = rng.choice([0, 0, rng.randint(-5000, 5000), rng.randint(-400, 400) * DAY_MS])
        happenings.rename_team(self, machine, machine.main)
        if self.rng.random() < 0.7:
            happenings.add_place(self, machine, machine.main)
            happenings.add_place(self, machine, machine.main)
            happenings.add_item(self, machine, machine.main)
            happenings.add_item(self, machine, machine.main)
        return machine

    def _topology(self) -> list[Edge]:
        nodes, shape = self.machines, self.rng.choice(["line", "star", "ring", "pairs"])
        self.shape = shape
        line = list(zip(nodes, nodes[1:], strict=False))
        edges = {
            "line": line,
            "ring": [*line, *([(nodes[-1], nodes[0])] if len(nodes) > 2 else [])],
            "star": [(nodes[0], other) for other in nodes[1:]],
            "pairs": line[::2],
        }[shape]
        self.say(f"{len(nodes)} machines in {'a ' if shape != 'pairs' else ''}{shape}")
        return edges

    # looking at it

    def say(self, text: str) -> None:
        """One line of the story."""
        self._say(f"{self.steps:3} {text}")

    def name_somebody(self) -> str:
        """A name that nobody else bears."""
        self.somebodies += 1
        return f"Mrs {self.somebodies} Smith"

    def all_named(self) -> Iterable[tuple[bytes, list[bytes]]]:
        """Who is named in each entry, by its id."""
        for written in (self.acknowledged, self.unacknowledged):
            for id, entry in written.items():
                if id not in self._named:
                    self._named[id] = wording.SOMEBODY.findall(events.encode(entry.fact))
        return self._named.items()

    def written(self, id: bytes) -> Any:
        """An entry as it was written."""
        return self.acknowledged.get(id) or self.unacknowledged[id]

    def knows(self, id: bytes) -> bool:
        """Whether this entry was recorded by somebody."""
        return id in self.acknowledged or id in self.unacknowledged

    def groups(self, without: bytes = b"") -> list[list[Machine]]:
        """Machines that can hear of each other, however far apart; as if one node weren't there, if it is given."""
        machines = [machine for machine in self.machines if machine.keys.node != without]
        group = {id(machine): {id(machine)} for machine in machines}
        for one, other in self.edges:
            if one in machines and other in machines:
                joined = group[id(one)] | group[id(other)]
                for member in joined:
                    group[member] = joined
        wholes = {min(found): found for found in group.values()}
        return [[m for m in machines if id(m) in whole] for whole in wholes.values()]

    def an_edge(self) -> Edge:
        """Two machines that can reach each other, in any order."""
        one, other = self.rng.choice(self.edges)
        return (one, other) if self.rng.random() < 0.5 else (other, one)

    def a_machine(self) -> Machine:
        """Any machine."""
        return self.rng.choice(self.machines)

    # its story

    def play(self) -> None:
        """Everything that the seed says, and then the end: all links are up, and all must agree."""
        for _ in range(self.rng.randint(STEPS_MIN, STEPS_MAX)):
            self.steps += 1
            self.now += self.rng.choice(PAUSES_MS)
            if self.rng.random() < self.crash_rate:
                self.a_machine().arm(fragile_boot=self.rng.random() < 0.3)
            if self.rng.random() < self.fault_rate:
                self.a_machine().fault()
            act = self.rng.choices(list(self.weights), list(self.weights.values()))[0]
            act(self)
        self.end()

    def end(self) -> None:
        """All links come up; everybody meets until nothing is new."""
        for machine in self.machines:
            machine.restart()
            judge.sound(machine)
            trusting.accept_all(self, machine)
        self._all_pair()
        for group in self.groups():
            self.meet_until_quiet(group)
        if self.rng.random() < SHUNNING:
            trusting.shun(self)
            self._all_pair()
            for group in self.groups():
                self.meet_until_quiet(group)
        for group in self.groups():
            judge.agreed(self, group)

    def _all_pair(self) -> None:
        for one, other in self.edges:
            if not (meeting.trusts(one, other) and meeting.trusts(other, one)):
                assert meeting.pair(self, one, other)

    def meet_until_quiet(self, group: list[Machine], same: Sequence[str] = ("root", "policy", "stock")) -> None:
        """All of a group meet until they agree."""
        edges = [edge for edge in self.edges if edge[0] in group and edge[1] in group]
        for _ in range(2 * len(group) + 2):
            for one, other in edges:
                meeting.exchange(self, one, other, Link(other))
            if len({tuple(map(machine.node.digest().get, same)) for machine in group}) == 1:
                return
        raise AssertionError(f"they don't come to agree: {[(m.name, m.node.digest()) for m in group]}")

    def note_losses(self) -> None:
        """A disk went back in time: what no other disk holds is gone, and only that."""
        kept = {id for machine in self.machines for (id,) in machine.disk.execute("SELECT id FROM entry")}
        self.lost |= self.acknowledged.keys() - kept


# what can happen


def _recording(act: Callable[[World, Machine, Process], None]) -> Callable[[World], None]:
    def do(world: World) -> None:
        machine = world.a_machine()
        for _ in range(world.rng.choice(AT_A_TIME)):
            act(world, machine, world.rng.choice(machine.processes))

    return do


def _pair(world: World) -> None:
    cut = world.rng.randint(0, 2) if world.rng.random() < 0.4 else None
    meeting.pair(world, *world.an_edge(), cut)


def _meet(world: World) -> None:
    meeting.meet(world, *world.an_edge())


def _tangle(world: World) -> None:
    edges = [world.an_edge() for _ in range(world.rng.randint(2, meeting.STRANDS_MAX))]
    meeting.tangle(world, edges, lambda: RECORD(world))


def _write_bundle(world: World) -> None:
    meeting.write_bundle(world, *world.an_edge(), for_one=world.rng.random() < 0.6)


def _courier(world: World) -> None:
    one, other = world.an_edge()
    meeting.courier(world, one, other, lambda: happenings.move_goods(world, one, one.main))


def _read_bundle(world: World) -> None:
    if world.bundles:
        bundled = world.rng.choice(world.bundles)
        meeting.read_bundle(world, bundled.reader if world.rng.random() < 0.7 else world.a_machine(), bundled)


def _restart(world: World) -> None:
    machine = world.a_machine()
    world.say(f"{machine.name} restarts")
    machine.restart()


def _move_disk(world: World) -> None:
    """A disk is put into another computer: its node goes on in a new log, and its logs travel in any order."""
    machine = world.a_machine()
    machine.mark += "'"
    world.rewound = True  # its store goes by another id, so that what was told to the old one isn't taken for told
    world.say(f"the disk of {machine.name} is put into another computer")
    machine.restart()


def _second(world: World) -> None:
    machine = world.a_machine()
    world.say(f"a second process on {machine.name}")
    machine.start_second()


def _snapshot(world: World) -> None:
    machine = world.a_machine()
    world.say(f"{machine.name} is backed up")
    machine.take_snapshot()


def _restore(world: World) -> None:
    machine = world.a_machine()
    if machine.snapshots:
        with machine.safe():
            was = machine.node.log.own
            if any(other.keys is machine.keys for other in world.machines if other is not machine):
                world.cloned.setdefault(was, -1)  # a clone may hold what the fence doesn't know of
        world.rewound = True
        machine.restore(world.rng.choice(machine.snapshots))
        world.note_losses()
        world.say(f"{machine.name} is restored from an old copy")
        judge.restored(world, machine, was)


def _clone(world: World) -> None:
    """Somebody copies a machine's whole disk and runs it elsewhere: mostly it says that it is another machine."""
    original, _ = world.an_edge()
    if world.clones == CLONES_MAX:
        return
    world.clones, world.rewound = world.clones + 1, True
    name = f"{original.name}x{world.clones}"
    rng, mark = random.Random(f"{world.seed} {name}"), world.rng.choice([original.mark, name])
    world.say(
        f"{original.name} is cloned to {name}{', which takes itself for the original' if mark == original.mark else ''}"
    )
    if mark == original.mark:
        with original.safe():
            log = original.node.log
            world.cloned[log.own] = log.store.logs()[log.own].branches[0].seq
    disk, fence = new_disk(original.disk), list(original.fence)
    copy = Machine(name, rng, world, world.folder, original.keys, disk, fence, mark, original.skew + 1)
    copy.holds = set(original.holds)
    world.machines.append(copy)
    for one, other in list(world.edges):
        if original in (one, other):
            world.edges.append((copy if one is original else one, copy if other is original else other))


def _turn_clock(world: World) -> None:
    machine = world.a_machine()
    machine.skew += world.rng.choice([-DAY_MS, -3_600_000, -1000, 1000, 3_600_000, DAY_MS, 300 * DAY_MS])
    world.say(f"the clock of {machine.name} is turned")


def _look(world: World) -> None:
    machine = world.a_machine()
    world.say(f"somebody looks at {machine.name}")
    with machine.safe():
        for process in world.rng.sample(machine.processes, len(machine.processes)):
            judge.as_told(machine, process)
            judge.as_the_model(machine, process)
        bookkeeping.kept(machine)


RECORD = _recording(happenings.move_goods)
ACTIONS: dict[Callable[[World], None], float] = {
    RECORD: 16,
    _recording(happenings.happen): 36,
    _recording(happenings.add_item): 3,
    _recording(happenings.add_place): 2,
    _recording(happenings.rename_team): 1,
    trusting.block: 4,
    trusting.accept: 3,
    _meet: 14,
    _tangle: 4,
    _pair: 2,
    _courier: 3,
    _write_bundle: 3,
    _read_bundle: 7,
    _restart: 2,
    _move_disk: 3,
    _second: 2,
    _snapshot: 4,
    _restore: 5,
    _clone: 0.5,
    _turn_clock: 2,
    _look: 3,
}


def play(seed: int | str, say: Callable[[str], None] = lambda _: None) -> World:
    """Play one schedule to its end; AssertionError, with the command that plays it again, where something is wrong."""
    with tempfile.TemporaryDirectory(dir=shared_memory()) as folder:
        try:
            world = World(seed, Path(folder), say)
            world.play()
            return world
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            again = f"python -m tests.simulator --seed {seed} --verbose"
            raise AssertionError(f"schedule {seed} failed: {error!r}\nPlay it again: {again}") from error
