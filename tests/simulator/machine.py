"""One simulated computer: a disk, a fence, a wrong clock, and the processes that run a node on it."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from node import bootstrap
from node.bootstrap import Node
from node.config import Config
from sync import pairing
from sync.identity import Keys
from sync.server import Desk
from tests.simulator import judge
from tests.simulator.crash import FAULTS, Crash, Database, Fence, Fuse, new_disk

NETWORK = b"simulated relief"
STATEMENTS_MAX = 250  # before a crash that is due
WRITES_MAX = 25  # before one that fails
BOOT_STATEMENTS_MAX = 40
BOOTS_MAX = 50


class Process:
    """A node that runs: the parts are those of a real one, on the machine's disk. `desk` answers its peers."""

    def __init__(self, machine: "Machine") -> None:
        self.fuse = Fuse()
        self.fuse.left = machine.boot_fuse()
        fence = Fence(machine.fence, self.fuse)
        db = Database(machine.disk, self.fuse)
        where, keys, rng = machine.config, machine.keys, machine.rng.randbytes
        self.node: Node = bootstrap.wire(where, keys, NETWORK, machine.clock, rng, db, fence, machine.mark)
        inviter = pairing.Inviter(self.node.log, self.node.peers, self.node.team_name, self.node.sync_addresses)
        self.desk = Desk(self.node.log, self.node.peers, inviter.answer)


@dataclass
class Snapshot:
    """An old copy of a disk, and which acknowledged entries it holds."""

    disk: sqlite3.Connection
    holds: set[bytes]
    taken: int


@dataclass
class Machine:
    """A computer with a node of its own. `holds` are the ids of the acknowledged entries that its disk must hold.

    `recording` is what somebody is just writing down, if anything.
    """

    name: str
    rng: random.Random
    world: Any
    folder: Path
    keys: Keys
    disk: sqlite3.Connection
    fence: list[tuple[bytes, int] | None] = field(default_factory=lambda: [None])
    mark: str = ""
    skew: int = 0
    holds: set[bytes] = field(default_factory=set)
    snapshots: list[Snapshot] = field(default_factory=list)
    second: Process | None = None
    recording: str = ""
    crashes: int = 0
    fragile_boot: bool = False
    judged: tuple[sqlite3.Connection, int] | None = None  # the disk and the tick at which it was last found in order

    def __post_init__(self) -> None:
        self.config = Config(self.folder / self.name, addresses=(f"http://{self.name}.sim:8481",))
        self.main = self._boot()

    def clock(self) -> int:
        """What this machine believes the time to be, in ms since 1970."""
        return int(self.world.now + self.skew)

    @property
    def node(self) -> Node:
        """The node of the process that serves peers."""
        return self.main.node

    @property
    def processes(self) -> list[Process]:
        """What runs: the server, and perhaps a command beside it."""
        return [self.main, *([self.second] if self.second else [])]

    # starting, crashing

    def boot_fuse(self) -> int | None:
        """After how many statements a start breaks off, if it is to."""
        return self.rng.randint(0, BOOT_STATEMENTS_MAX) if self.fragile_boot else None

    def _boot(self) -> Process:
        for _ in range(BOOTS_MAX):
            try:
                started = Process(self)
            except Crash:
                self._power_off()
                self.fragile_boot = self.rng.random() < 0.5
                continue
            started.fuse.left, self.fragile_boot = None, False
            return started
        raise AssertionError(f"{self.name} doesn't start")

    def _power_off(self) -> None:
        self.crashes += 1
        if self.disk.in_transaction:
            self.disk.rollback()

    def restart(self) -> None:
        """Every process ends in an orderly way, and the node is opened anew."""
        for process in self.processes:
            process.fuse.dead = True
        self.second = None
        self.main = self._boot()

    def start_second(self) -> Process:
        """Another process on the same disk: a command beside the server."""
        self.second = self._boot()
        return self.second

    def arm(self, fragile_boot: bool) -> None:
        """Let a process die some statements from now."""
        self.fragile_boot = fragile_boot
        self.rng.choice(self.processes).fuse.left = self.rng.randint(0, STATEMENTS_MAX)

    def fault(self) -> None:
        """Let one write fail for want of room, or because another program holds the database."""
        left, kind = self.rng.randint(0, WRITES_MAX), self.rng.choice(list(FAULTS))
        self.rng.choice(self.processes).fuse.fault = left, kind

    def recover(self) -> None:
        """What died is started again; all that was acknowledged must be there."""
        dead = "its second process" if self.second and self.second.fuse.dead else "its server"
        self.world.say(f"{self.name} crashes: {dead}{', while recording' if self.recording else ''}")
        self._power_off()
        if self.second and self.second.fuse.dead:
            self.second = None
        if self.main.fuse.dead:
            self.main = self._boot()
        self._note_unacknowledged()
        judge.sound(self)

    def _note_unacknowledged(self) -> None:
        """What was written just before the crash may be there although nobody was told."""
        with self.safe():
            found = [entry for entry in judge.folded(self) if not self.world.knows(entry.id)]
        assert self.recording or not found, f"{len(found)} entries that nobody recorded are on {self.name}"
        judge.one_act(self, found)
        for entry in found:
            self.world.unacknowledged[entry.id] = entry
        self.recording = ""

    @contextmanager
    def safe(self) -> Iterator[None]:
        """Whatever is looked at inside burns no fuse."""
        kept = [(process.fuse, process.fuse.left, process.fuse.fault) for process in self.processes]
        for fuse, _, _ in kept:
            fuse.left = fuse.fault = None
        try:
            yield
        finally:
            for fuse, left, fault in kept:
                fuse.left, fuse.fault = left, fault

    # backups

    def take_snapshot(self) -> None:
        """Keep a copy of the disk."""
        self.snapshots.append(Snapshot(new_disk(self.disk), set(self.holds), self.world.now))

    def restore(self, snapshot: Snapshot) -> None:
        """Come up on an old copy of the disk; keys and fence are those of now."""
        for process in self.processes:
            process.fuse.dead = True
        self.second = None
        self.disk, self.holds = new_disk(snapshot.disk), set(snapshot.holds)
        self.main = self._boot()
