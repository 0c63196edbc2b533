"""What else teams say: needs and answers, items and places, what is one, and what of all that was wrong.

Facts are recorded as pages and commands record them. A few are written as they are: such as another program might
write, and no page would suggest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from node import events, keeping, merging, needing, record, starting
from node.events import Arrival, ArrivalLine, Item, Line, Place, Receipt, ReceiptLine, Redaction, Repack, SameAs, Void
from node.folding import wordless
from node.record import Recorded
from node.reporting import closing, movements
from node.requests import (
    CloseIn,
    ClosingIn,
    ItemIn,
    KeepIn,
    KitLineIn,
    LineIn,
    NeedIn,
    PlaceIn,
    PledgeIn,
    RenewIn,
    SameAsIn,
)
from node.units import format_time
from sync.errors import Conflict, OutOfRange
from tests.simulator import goods, wording
from tests.simulator.recording import DAY_MS, LOTS, Scene, acknowledged, at, note, qty, scene, thousandths, until

if TYPE_CHECKING:
    from tests.simulator.machine import Machine, Process
    from tests.simulator.world import World

ITEMS = [("Blanket", "piece"), ("Blanket", "bale"), ("Insulin", "vial"), ("Water", "litre"), ("Tarpaulin", "piece")]
PLACES = ["Depot", "Gym", "School", "Ferry", "Truck 7"]
KINDS = ["warehouse", "hub", "vehicle", "site"]


# catalogue


def add_item(world: World, machine: Machine, process: Process) -> None:
    """An item from a small pool, so that teams that never met mean the same one; perhaps a kit of others."""
    rng, items = world.rng, scene(world, machine, process).items
    name, unit = rng.choice(ITEMS)
    body = ItemIn(name=name, unit=unit, category=rng.choice([None, "shelter", "health"]))
    body.codes = {"unspsc": f"5313161{rng.randint(1, 3)}"} if rng.random() < 0.3 else {}
    body.packs = {"case": str(rng.choice([6, 12]))} if rng.random() < 0.3 else {}
    body.weight = rng.randint(1, 9000) if rng.random() < 0.2 else None
    if items and rng.random() < 0.3:
        body.kit = [KitLineIn(item=rng.choice(items), qty=qty(world))]
    acknowledged(world, machine, process, lambda: record.add_item(process.node, body), "item", (Conflict,))


def add_place(world: World, machine: Machine, process: Process) -> None:
    """A place; the name of one that is here already may be refused."""
    rng = world.rng
    spot = {"lat": str(rng.randint(-80, 80)), "lon": str(rng.randint(-170, 170))} if rng.random() < 0.6 else {}
    body = PlaceIn(name=rng.choice(PLACES), kind=rng.choice(KINDS), **spot)
    acknowledged(world, machine, process, lambda: record.add_place(process.node, body), "place", (Conflict,))


def rename_team(world: World, machine: Machine, process: Process) -> None:
    """The team takes another name."""
    name = f"Team {machine.name} {world.rng.randint(2, 9)}"
    acknowledged(world, machine, process, lambda: record.name_team(process.node, name), "team")


def keep(here: Scene) -> None:
    """The least that there should be of an item at a place, or its shelf."""
    said = here.world.rng.choice([{"minimum": qty(here.world)}, {"shelf": "A1"}, {"minimum": "0", "shelf": "C3"}])
    if here.world.rng.random() < 0.3:
        said["shelf"] = here.world.name_somebody()
    body = KeepIn(place=here.place(), item=here.item(), **said)
    here.do("keep", lambda: keeping.keep(here.node, body))


def merge(here: Scene) -> None:
    """Two ids are said to be one thing, perhaps also the other way round; a thing and itself are one already."""
    kind, ids = here.world.rng.choice([("item", here.items), ("place", here.places)])
    one, other = here.world.rng.choice([here.world.rng.sample(ids, 2) if len(ids) > 1 else ids * 2, ids[:1] * 2])
    body = SameAsIn(kind=kind, id=one, same=other, why=note(here.world), anyway=True)
    here.do("merge", lambda: merging.same(here.node, body), OutOfRange)


def close_period(here: Scene) -> None:
    """The team says that its books are as they are until the end of a day that is over."""
    day = format_time(here.node.clock() - DAY_MS * here.world.rng.randint(1, 3))[:10]
    body = ClosingIn(until=day, note=note(here.world))
    with here.machine.safe():  # what the tables of the books lack is written first, and no part of what may be refused
        movements.refresh(here.node)
    here.do("closing", lambda: closing.close(here.node, body), OutOfRange)


def start_from_template(here: Scene) -> None:
    """A template that comes with its places, items and minimums is applied."""
    (name, unit), place = here.world.rng.choice(ITEMS), here.world.rng.choice(PLACES)
    items = [starting.ItemOf("Hygiene kit", "kit", kit={name: "2"}), starting.ItemOf(name, unit)]
    least = [starting.Minimum(place, name, "5")]
    template = starting.Template("a", items=items, places=[starting.PlaceOf(place, "hub")], minimums=least)
    here.do("template", lambda: starting.apply(here.node, template), Conflict, OutOfRange)


# needs


def need(here: Scene) -> None:
    """People need something."""
    rng = here.world.rng
    body = NeedIn(place=here.place(), lines=_asked(here), people=rng.choice([None, 40]))
    body.urgency, body.note = rng.choice(["routine", "urgent", "critical"]), note(here.world)
    body.at, body.until = at(here.world, here.process), until(here.world, here.process)
    here.do("need", lambda: needing.add(here.node, body), OutOfRange)


def _asked(here: Scene) -> list[LineIn]:
    return [LineIn(item=item, qty=qty(here.world)) for item in here.some()]


def answer_need(here: Scene) -> None:
    """A need is renewed or closed, something is pledged, or given, for it; or pledged to anybody."""
    world, of, node = here.world, goods.need_of(here), here.node
    if of is None and world.rng.random() < 0.7:
        need(here)
        return
    when = {"at": at(world, here.process), "note": note(world)}
    pledged = PledgeIn(place=here.place(), lines=_asked(here), need=of, until=until(world, here.process), **when)
    renewed = RenewIn(until=until(world, here.process), **when)
    acts: list[Callable[[], Any]] = [lambda: here.do("pledge", lambda: needing.pledge(node, pledged), OutOfRange)]
    if of:
        why = note(world) or "met"
        acts += [
            lambda: here.do("renewal", lambda: needing.renew(node, of, renewed), OutOfRange),
            lambda: here.do("closing", lambda: needing.close(node, of, CloseIn(why=why))),
            lambda: goods.distribute(here, of),
        ]
    world.rng.choice(acts)()


# such as another program might write


def write(here: Scene, fact: Any) -> None:
    """Write a fact as it is, and keep what was acknowledged."""
    here.do(type(fact).__name__.lower(), lambda: _put(here.node, fact))


def _put(node: Any, fact: Any) -> Recorded:
    with node.log.transaction():
        entry = node.log.append(events.encode(fact))
        node.fold.settle()
        return Recorded(entry.id.hex())


def say_of_an_item(here: Scene) -> None:
    """Something is said of an item that no page of this version says: a new name, other languages, a value."""
    rng = here.world.rng
    said = rng.choice(
        [
            {"name": rng.choice([rng.choice(ITEMS)[0], here.world.name_somebody()])},
            {"kit": [(here.item(), thousandths(here.world))]},
            {"names": {"fr": rng.choice(["Eau", here.world.name_somebody()])}},
            {"value": "1.5", "currency": "USD"},
            {"packs": {"case": rng.choice([0, 6000])}, "codes": {"unspsc": ""}},
        ]
    )
    write(here, Item(here.item(), **said))


def say_of_a_place(here: Scene) -> None:
    """A place gets another name, kind or spot."""
    rng = here.world.rng
    named = {"name": rng.choice([rng.choice(PLACES), here.world.name_somebody()])}
    write(here, Place(here.place(), **rng.choice([named, {"kind": rng.choice(KINDS)}, {"lat": 10**6, "lon": 2}])))


def write_something_odd(here: Scene) -> None:
    """What is not to be written, and can be: it comes to the same on every node."""
    rng, item, place = here.world.rng, here.item(), here.place()
    now, amount, lot = here.node.clock(), thousandths(here.world), rng.choice(["", *LOTS])
    choices: list[Any] = [
        Arrival(now, place, rng.randbytes(32).hex(), [ArrivalLine(item, amount, lot, 1, 2)]),
        Repack(now, place, [Line(item, amount, lot)], [ReceiptLine(item, amount, lot)]),
        SameAs(now, "item", item, item),
        events.Dispatch(now, place, place, [Line(item, amount, lot)]),
        Receipt(now + 400 * DAY_MS, place, [ReceiptLine(item, amount, lot)]),
    ]
    write(here, rng.choice(choices))


def meddle(here: Scene) -> None:
    """What another wrote is undone, or its words are taken out, which neither undoes nor silences anything."""
    rng, own = here.world.rng, here.machine.keys.node
    others = [entry for entry in goods.told_of(here, events.Fact) if entry.node != own]
    others = [entry for entry in others if not isinstance(entry.fact, (Void, Redaction))]
    if others:
        entry, now = rng.choice(others), here.node.clock()
        left = msgspec.Raw(events.encode(wordless.without_words(entry.fact)))
        target = entry.id.hex()
        write(here, rng.choice([Void(target, "not mine", now), Redaction(now, target, left)]))


# what happens

Happening = Callable[[Scene], None]
MOVES: dict[Happening, int] = {goods.receive: 10, goods.distribute: 10, goods.lose: 4, goods.count: 7}
HAPPENINGS: dict[Happening, int] = {
    goods.dispatch: 9,
    goods.arrive: 10,
    goods.move: 2,
    goods.bring_back: 1,
    goods.repack: 3,
    goods.build_kits: 2,
    goods.write_off: 1,
    need: 4,
    answer_need: 8,
    merge: 5,
    close_period: 2,
    keep: 3,
    start_from_template: 1,
    say_of_an_item: 3,
    say_of_a_place: 2,
    write_something_odd: 2,
    meddle: 4,
    wording.undo: 7,
    wording.correct: 3,
    wording.redact: 12,
}


def move_goods(world: World, machine: Machine, process: Process) -> None:
    """A receipt, drop, loss or count at some known place; first a place and an item where there are none."""
    _one_of(world, machine, process, MOVES)


def happen(world: World, machine: Machine, process: Process) -> None:
    """One of all the others."""
    _one_of(world, machine, process, HAPPENINGS)


def _one_of(world: World, machine: Machine, process: Process, acts: dict[Happening, int]) -> None:
    here = scene(world, machine, process)
    if not here.places:
        add_place(world, machine, process)
    elif not here.items:
        add_item(world, machine, process)
    else:
        world.rng.choices(list(acts), list(acts.values()))[0](here)
