"""What teams do: every kind of fact, recorded as the pages and commands record it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from node import record
from node.events import Count, Distribution, Loss, Receipt
from node.requests import CountIn, DistributionIn, ItemIn, LineIn, LossIn, PlaceIn, ReceiptIn, ReceiptLineIn, VoidIn
from node.units import format_qty, format_time
from sync.errors import Conflict, DiskFull, TooMany
from tests import model
from tests.simulator import judge
from tests.simulator.crash import Crash

if TYPE_CHECKING:
    from tests.simulator.machine import Machine, Process
    from tests.simulator.world import World

ITEMS = [("Blanket", "piece"), ("Blanket", "bale"), ("Insulin", "vial"), ("Water", "litre"), ("Tarpaulin", "piece")]
PLACES = ["Depot", "Gym", "School", "Ferry", "Truck 7"]
KINDS = ["warehouse", "hub", "vehicle", "site"]
LOTS = ["L1", "L2", "L3"]
EXPIRIES = [None, "2027-01-31", "2027-06-30", "2028-12-31"]
REASONS = ["expired", "damaged", "stolen", "spoiled", "other"]
DAY_MS = 86_400_000


def acknowledged(world: World, machine: Machine, process: Process, write: Callable[[], Any], what: str) -> Any:
    """Record something and keep what was acknowledged; None where the process died of it, or it was refused."""
    node = process.node
    with machine.safe():
        before, stood = _head(node), node.digest()
    machine.recording = True
    try:
        answer = write()
    except Crash:
        machine.recover()
        return None
    except (Conflict, DiskFull, TooMany) as problem:
        machine.recording = False
        assert not isinstance(problem, Conflict) or what in ("place", "void"), f"{what} was refused: {problem}"
        world.say(f"{machine.name} refuses a {what}: {problem.what}")
        with machine.safe():
            assert (_head(node), node.digest()) == (before, stood), "a refusal left something behind"
        return None
    machine.recording = False
    with machine.safe():
        if _head(node) != before:
            _keep(world, machine, node, before, answer)
    return answer


def _keep(world: World, machine: Machine, node: Any, before: bytes, answer: Any) -> None:
    """Keep all that one act wrote: an item that was unnamed is named before goods of it are moved."""
    first, last = node.log.get(before), node.log.get(_head(node))
    assert last is not None and last.fact is not None
    assert getattr(answer, "entry", last.id.hex()) == last.id.hex()
    since = range(first.n + 1, last.n + 1) if first and first.log == last.log else [last.n]
    for entry in sorted(node.log.fetch(since), key=lambda entry: entry.n):
        world.acknowledged[entry.id] = entry
        world.say(f"{machine.name} records {entry.id.hex()[:8]}: {entry.fact}")
        machine.holds.add(entry.id)


def _head(node: Any) -> bytes:
    with node.log.reading():
        return bytes(node.log.store.logs()[node.log.own].branches[0].head)


# catalogue


def add_item(world: World, machine: Machine, process: Process) -> None:
    """An item from a small pool, so that teams that never met mean the same one."""
    rng = world.rng
    name, unit = rng.choice(ITEMS)
    codes = {"unspsc": f"5313161{rng.randint(1, 3)}"} if rng.random() < 0.3 else {}
    packs = {"case": str(rng.choice([6, 12]))} if rng.random() < 0.3 else {}
    body = ItemIn(name=name, unit=unit, codes=codes, packs=packs, category=rng.choice([None, "shelter", "health"]))
    acknowledged(world, machine, process, lambda: record.add_item(process.node, body), "item")


def add_place(world: World, machine: Machine, process: Process) -> None:
    """A place; the name of one that is here already may be refused."""
    rng = world.rng
    spot = {"lat": str(rng.randint(-80, 80)), "lon": str(rng.randint(-170, 170))} if rng.random() < 0.6 else {}
    body = PlaceIn(name=rng.choice(PLACES), kind=rng.choice(KINDS), **spot)
    acknowledged(world, machine, process, lambda: record.add_place(process.node, body), "place")


def rename_team(world: World, machine: Machine, process: Process) -> None:
    """The team takes another name."""
    name = f"Team {machine.name} {world.rng.randint(2, 9)}"
    acknowledged(world, machine, process, lambda: record.name_team(process.node, name), "team")


# goods


def known(machine: Machine, process: Process) -> tuple[list[str], list[str]]:
    """The places and items that a process knows of."""
    with machine.safe():
        places = judge.rows(process.node, "SELECT id FROM place ORDER BY id")
        items = judge.rows(process.node, "SELECT id FROM item ORDER BY id")
    return [id for (id,) in places], [id for (id,) in items]


def move_goods(world: World, machine: Machine, process: Process) -> None:
    """A receipt, drop, loss or count at some known place; first a place and an item where there are none."""
    places, items = known(machine, process)
    if not places:
        add_place(world, machine, process)
    elif not items:
        add_item(world, machine, process)
    else:
        kind = world.rng.choices([receive, distribute, lose, count], [10, 10, 4, 7])[0]
        kind(world, machine, process, world.rng.choice(places), items)


def _at(world: World, process: Process) -> str | None:
    """Mostly now; else set back by up to ten days, or a little into the future."""
    if world.rng.random() < 0.6:
        return None
    back = world.rng.choice([0, 1, 3_600_000, world.rng.randint(0, 10 * DAY_MS), -3_600_000])
    return format_time(process.node.clock() - back)


def _qty(world: World) -> str:
    return format_qty(world.rng.choice([1, 500, 1000, 24_000, world.rng.randint(1, 200_000)]))


def _some(world: World, items: list[str]) -> list[str]:
    return [world.rng.choice(items) for _ in range(world.rng.randint(1, 3))]


def _lot(world: World) -> str | None:
    return world.rng.choice(LOTS) if world.rng.random() < 0.4 else None


def receive(world: World, machine: Machine, process: Process, place: str, items: list[str]) -> None:
    """Goods come, with what is known of their lots."""
    rng = world.rng
    lines = [
        ReceiptLineIn(item=item, qty=_qty(world), lot=_lot(world), expiry=rng.choice(EXPIRIES))
        for item in _some(world, items)
    ]
    body = ReceiptIn(place=place, lines=lines, at=_at(world, process))
    acknowledged(world, machine, process, lambda: record.receive(process.node, body), "receipt")


def _lines(world: World, items: list[str]) -> list[LineIn]:
    return [LineIn(item=item, qty=_qty(world), lot=_lot(world)) for item in _some(world, items)]


def distribute(world: World, machine: Machine, process: Process, place: str, items: list[str]) -> None:
    """A drop, often of more than the books say is there."""
    body = DistributionIn(place=place, lines=_lines(world, items), people=world.rng.randint(0, 90))
    body.at = _at(world, process)
    acknowledged(world, machine, process, lambda: record.distribute(process.node, body), "distribution")


def lose(world: World, machine: Machine, process: Process, place: str, items: list[str]) -> None:
    """Goods are lost."""
    lines, reason = _lines(world, items), world.rng.choice(REASONS)
    body = LossIn(place=place, lines=lines, reason=reason, at=_at(world, process))
    acknowledged(world, machine, process, lambda: record.lose(process.node, body), "loss")


def count(world: World, machine: Machine, process: Process, place: str, items: list[str]) -> None:
    """A count of whole items or of single lots; what was expected is what the model says of that time."""
    chosen = dict.fromkeys(_some(world, items))
    lines = [LineIn(item=item, qty=format_qty(world.rng.randint(0, 60_000)), lot=_lot(world)) for item in chosen]
    body = CountIn(place=place, lines=lines, at=_at(world, process))
    with machine.safe():
        known = judge.folded(machine)
    done = acknowledged(world, machine, process, lambda: record.count(process.node, body), "count")
    if done:
        at = world.acknowledged[bytes.fromhex(done.entry)].fact.at
        cells = model.cells([e for e in known if getattr(e.fact, "at", 0) <= at or hasattr(e.fact, "target")])
        for line, told in zip(lines, done.variance, strict=True):
            lots = cells[place, line.item].lots if (place, line.item) in cells else {}
            expected = lots.get(line.lot, 0) if line.lot else sum(lots.values())
            assert told["expected"] == format_qty(expected), f"a count at {place} expected {told}, not {expected}"


def void(world: World, machine: Machine, process: Process) -> None:
    """An own entry of any age is undone; one that is undone already is refused."""
    with machine.safe():
        own = [e for e in judge.folded(machine) if e.node == machine.keys.node]
        mine = sorted(e.id.hex() for e in own if isinstance(e.fact, (Receipt, Distribution, Loss, Count)))
    if mine:
        target = world.rng.choice(mine)
        body = VoidIn(why="typed twice")
        acknowledged(world, machine, process, lambda: record.void(process.node, target, body), "void")
