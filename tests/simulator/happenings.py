"""Everything else that teams write down: transfers, repacks, needs, merges, minimums, statements, corrections.

Facts are written as any node might write them, also such as no page would suggest: an arrival of what was never sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from node import events
from node.events import (
    Arrival,
    ArrivalLine,
    Dispatch,
    Distribution,
    Item,
    Keep,
    Line,
    Need,
    Place,
    Pledge,
    ReceiptLine,
    Renewal,
    Repack,
    SameAs,
    Void,
)
from node.record import Recorded
from tests import model
from tests.simulator import judge
from tests.simulator.recording import DAY_MS, ITEMS, KINDS, LOTS, PLACES, acknowledged, known

if TYPE_CHECKING:
    from tests.simulator.machine import Machine, Process
    from tests.simulator.world import World


def put(node: Any, fact: Any) -> Recorded:
    """Write a fact as it is."""
    with node.log.transaction():
        entry = node.log.append(events.encode(fact))
        node.fold.settle()
        return Recorded(entry.id.hex())


def write(world: World, machine: Machine, process: Process, fact: Any) -> Any:
    """Write a fact, and keep what was acknowledged."""
    what = type(fact).__name__.lower()
    return acknowledged(world, machine, process, lambda: put(process.node, fact), what)


def _time(world: World, process: Process) -> int:
    """Mostly now; else set back by up to ten days, or a little into the future."""
    back = world.rng.choice([0, 0, 0, 1, 3_600_000, world.rng.randint(0, 10 * DAY_MS), -3_600_000])
    return int(process.node.clock() - back)


def _qty(world: World) -> int:
    return int(world.rng.choice([1, 500, 1000, 24_000, world.rng.randint(1, 200_000)]))


def _lines(world: World, items: list[str]) -> list[Line]:
    rng = world.rng
    return [Line(rng.choice(items), _qty(world), rng.choice(["", "", *LOTS])) for _ in range(rng.randint(1, 3))]


def _facts(world: World, machine: Machine, *kinds: type) -> list[Any]:
    """Entries of these kinds on this machine; sometimes those of others too, as papers tell of them."""
    if world.rng.random() < 0.3:
        return [entry for entry in world.acknowledged.values() if isinstance(entry.fact, kinds)]
    with machine.safe():
        return [entry for entry in judge.folded(machine) if isinstance(entry.fact, kinds)]


# transfers


def dispatch(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """Goods leave for another place, or for the one they are at."""
    rng = world.rng
    fact = Dispatch(_time(world, process), rng.choice(places), rng.choice(places), _lines(world, items))
    fact.waybill = rng.choice(["", f"WB-{rng.randint(1, 9)}"])
    write(world, machine, process, fact)


def arrive(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """Goods come in: all or some of a dispatch, more than was sent, a second time, or of what nobody has heard of."""
    sent = _facts(world, machine, Dispatch)
    if sent and world.rng.random() < 0.85:
        entry = world.rng.choice(sent)
        lines, of, place = entry.fact.lines, entry.id.hex(), entry.fact.to
    else:
        lines, of, place = _lines(world, items), world.rng.randbytes(32).hex(), world.rng.choice(places)
    fact = Arrival(_time(world, process), place, of, [_came(world, line) for line in lines])
    write(world, machine, process, fact)


def _came(world: World, line: Line) -> ArrivalLine:
    rng = world.rng
    qty = rng.choice([line.qty, line.qty, line.qty // 2, line.qty + 1, 0])
    lot = line.lot if rng.random() < 0.9 else rng.choice(LOTS)
    rest = max(0, line.qty - qty)
    damaged = rng.choice([0, 0, rest, rest // 2])
    return ArrivalLine(line.item, qty, lot, damaged, rng.choice([0, 0, rest - damaged]))


def repack(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """Some goods become others, perhaps of the same item."""
    made = [ReceiptLine(line.item, line.qty, line.lot) for line in _lines(world, items)]
    fact = Repack(_time(world, process), world.rng.choice(places), _lines(world, items), made)
    write(world, machine, process, fact)


# needs


def need(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """People need something."""
    rng, at = world.rng, _time(world, process)
    until = rng.choice([None, at + DAY_MS])
    fact = Need(at, rng.choice(places), _lines(world, items), rng.choice([None, 40]), "urgent", until)
    write(world, machine, process, fact)


def answer_need(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """A need is renewed or closed, something is pledged, or given, for it; or for anybody."""
    rng, at = world.rng, _time(world, process)
    needs = _facts(world, machine, Need)
    of = rng.choice(needs).id.hex() if needs and rng.random() < 0.9 else ""
    choices: list[Any] = [
        Pledge(at, rng.choice(places), _lines(world, items), at + rng.choice([1, DAY_MS]), of),
        Distribution(at, rng.choice(places), _lines(world, items), need=of),
    ]
    if of:
        choices.append(Renewal(at, of, rng.choice([None, at + DAY_MS]), rng.random() < 0.3))
    write(world, machine, process, rng.choice(choices))


# what is said of items and places


def merge(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """Two ids are said to be one thing, perhaps also the other way round, or of a thing with itself."""
    kind, ids = world.rng.choice([("item", items), ("place", places)])
    write(world, machine, process, SameAs(_time(world, process), kind, world.rng.choice(ids), world.rng.choice(ids)))


def keep(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """The least that there should be of an item at a place, or its shelf."""
    rng = world.rng
    said = rng.choice([{"minimum": _qty(world)}, {"shelf": rng.choice(["A1", "B2"])}, {"minimum": 0, "shelf": "C3"}])
    write(world, machine, process, Keep(rng.choice(places), rng.choice(items), **said))


def state_item(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """Something is said of an item: name, kit, weight, names in other languages, value."""
    rng = world.rng
    said = rng.choice(
        [
            {"name": rng.choice(ITEMS)[0]},
            {"kit": [(rng.choice(items), _qty(world))]},
            {"weight": rng.randint(1, 9000), "volume": rng.randint(1, 9000)},
            {"names": {"fr": rng.choice(["Eau", "Couverture"])}},
            {"value": "1.5", "currency": "USD"},
            {"packs": {"case": rng.choice([0, 6000, 12_000])}, "codes": {"unspsc": rng.choice(["", "7"])}},
        ]
    )
    write(world, machine, process, Item(rng.choice(items), **said))


def state_place(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """Something is said of a place."""
    rng = world.rng
    said = rng.choice([{"name": rng.choice(PLACES)}, {"kind": rng.choice(KINDS)}, {"lat": 1_000_000, "lon": 2_000_000}])
    write(world, machine, process, Place(rng.choice(places), **said))


# taking back


def _own(machine: Machine) -> list[Any]:
    """Own entries that can be undone."""
    with machine.safe():
        entries = judge.folded(machine)
        gone = model.undone(entries)
    return [e for e in entries if e.node == machine.keys.node and not isinstance(e.fact, Void) and e.id not in gone]


def take_back(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """An own entry of any kind and age is undone, though much may rest on it."""
    own = _own(machine)
    if own:
        target = world.rng.choice(own).id.hex()
        write(world, machine, process, Void(target, "a slip", _time(world, process)))


def correct(world: World, machine: Machine, process: Process, places: list[str], items: list[str]) -> None:
    """An own entry of stock is written anew with another first quantity, and the old one is undone."""
    own = [e for e in _own(machine) if isinstance(e.fact, (Dispatch, Distribution)) and e.fact.lines]
    if own:
        entry = world.rng.choice(own)
        fact = events.decode(events.encode(entry.fact))
        fact.lines[0].qty = _qty(world)  # type: ignore[union-attr]
        done = write(world, machine, process, fact)
        if done:
            write(world, machine, process, Void(entry.id.hex(), "a slip", _time(world, process), done.entry))


Happening = Callable[["World", "Machine", "Process", list[str], list[str]], None]
HAPPENINGS: dict[Happening, int] = {
    dispatch: 8,
    arrive: 10,
    repack: 4,
    need: 2,
    answer_need: 5,
    merge: 2,
    keep: 2,
    state_item: 3,
    state_place: 2,
    take_back: 7,
    correct: 2,
}


def happen(world: World, machine: Machine, process: Process) -> None:
    """One of these, where there is a place and an item to write of."""
    places, items = known(machine, process)
    if places and items:
        act = world.rng.choices(list(HAPPENINGS), list(HAPPENINGS.values()))[0]
        act(world, machine, process, places, items)
