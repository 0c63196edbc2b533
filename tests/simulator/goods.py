"""Goods that come, go, are counted, are sent from place to place and become others, as pages and commands record it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from node import expiring, moving, papers, record, repacking, runs, sameness
from node.events import Dispatch, Item
from node.requests import (
    ArrivalIn,
    ArrivalLineIn,
    CountIn,
    DispatchIn,
    DistributionIn,
    LineIn,
    LossIn,
    MoveIn,
    ReceiptIn,
    ReceiptLineIn,
    RepackIn,
    RepackOutIn,
    ReturnIn,
    WriteOffIn,
)
from node.units import format_qty
from sync.errors import Conflict, NotFound, OutOfRange, Problem
from tests import model
from tests.simulator import judge
from tests.simulator.recording import Scene, at, lot, note, qty

if TYPE_CHECKING:
    from tests.simulator.world import World

EXPIRIES = [None, "2026-11-01", "2027-01-31", "2027-06-30", "2028-12-31"]
REASONS = ["expired", "damaged", "stolen", "spoiled", "other"]


def lines(here: Scene) -> list[LineIn]:
    """Some items, of lots if somebody names them."""
    return [LineIn(item=item, qty=qty(here.world), lot=lot(here.world)) for item in here.some()]


# at one place


def receive(here: Scene) -> None:
    """Goods come, with what is known of their lots."""
    world, rng = here.world, here.world.rng
    came = [
        ReceiptLineIn(item=item, qty=qty(world), lot=lot(world), expiry=rng.choice(EXPIRIES)) for item in here.some()
    ]
    body = ReceiptIn(place=here.place(), lines=came, source=note(world), at=at(world, here.process), note=note(world))
    here.do("receipt", lambda: record.receive(here.node, body))


def distribute(here: Scene, need: str | None = None) -> None:
    """A drop, often of more than the books say is there; sometimes elsewhere than at the place it comes from."""
    world = here.world
    body = DistributionIn(place=here.place(), lines=lines(here), people=world.rng.randint(0, 90), need=need)
    body.site, body.at, body.note = world.rng.choice([None, None, here.place()]), at(world, here.process), note(world)
    here.do("distribution", lambda: record.distribute(here.node, body))


def lose(here: Scene) -> None:
    """Goods are lost."""
    world = here.world
    body = LossIn(place=here.place(), lines=lines(here), reason=world.rng.choice(REASONS))
    body.at, body.note = at(world, here.process), note(world)
    here.do("loss", lambda: record.lose(here.node, body))


def write_off(here: Scene) -> None:
    """All that has expired is lost: at a place, or at all of the team's."""
    body = WriteOffIn(place=here.world.rng.choice([None, here.place()]), note=note(here.world))
    here.do("write-off", lambda: expiring.write_off(here.node, body))


def count(here: Scene) -> None:
    """A count of whole items or of single lots; what was expected is what the model says of that time."""
    world, place = here.world, here.place()
    seen = [
        LineIn(item=item, qty=format_qty(world.rng.randint(0, 60_000)), lot=lot(world))
        for item in dict.fromkeys(here.some())
    ]
    body = CountIn(place=place, lines=seen, at=at(world, here.process), note=note(world))
    with here.machine.safe():
        known = judge.folded(here.machine)
    with here.machine.safe():
        merged = sameness.merged(here.node, "item").heads
    refusals = (OutOfRange,) if merged else ()  # of one item's two names one may be counted by lots, one as a whole
    done = here.do("count", lambda: record.count(here.node, body), *refusals)
    if done:
        with here.machine.safe():
            _expected_rightly(here, place, seen, known, done)


def _expected_rightly(here: Scene, place: str, seen: list[LineIn], known: list[Any], done: Any) -> None:
    """What a count told of its lines is what the model says of what was known before it."""
    when = here.world.acknowledged[bytes.fromhex(done.entry)].fact.at
    cells = model.cells([e for e in known if getattr(e.fact, "at", 0) <= when or hasattr(e.fact, "target")])
    told_of = dict[tuple[str, str | None], Any]()
    for line in seen:
        told_of.setdefault((sameness.merged(here.node, "item").head(line.item), line.lot), line)
    for line, told in zip(told_of.values(), done.variance, strict=True):
        expected = _expected(here.node, cells, place, line)
        assert told["expected"] == format_qty(expected), f"a count at {place} expected {told}, not {expected}"


def _expected(node: Any, cells: Any, place: str, line: LineIn) -> int:
    """What the model says is there of an item, or of a lot of it: of all that are one, at all places that are one."""
    items = sameness.merged(node, "item").all_of(line.item)
    places = sameness.merged(node, "place").all_of(place)
    if line.lot:
        held = [cells[places[0], item].lots.get(line.lot, 0) for item in items if (places[0], item) in cells]
        return next(filter(None, held), 0)
    return sum(sum(cells[spot, item].lots.values()) for spot in places for item in items if (spot, item) in cells)


# from place to place


def dispatch(here: Scene) -> None:
    """Goods leave for another place, or, so it is typed, for the one they are at, which is refused."""
    world, rng = here.world, here.world.rng
    place = here.place()
    body = DispatchIn(place=place, to=here.elsewhere(place), lines=lines(here), at=at(world, here.process))
    body.waybill = rng.choice([None, f"WB-{rng.randint(1, 9)}"])
    body.vehicle, body.driver, body.seal, body.note = note(world), note(world), rng.choice([None, "S7"]), note(world)
    body.need = rng.choice([None, need_of(here)])
    here.do("dispatch", lambda: moving.dispatch(here.node, body), OutOfRange)


def move(here: Scene) -> None:
    """Both ends of a transfer before the eyes of the same people."""
    place = here.place()
    body = MoveIn(place=place, to=here.elsewhere(place), lines=lines(here), at=at(here.world, here.process))
    body.note = note(here.world)
    here.do("move", lambda: moving.move(here.node, body), OutOfRange)


def bring_back(here: Scene) -> None:
    """What is left on a vehicle goes back."""
    vehicle = here.place()
    body = ReturnIn(vehicle=vehicle, to=here.elsewhere(vehicle), at=at(here.world, here.process))
    here.do("move", lambda: runs.bring_back(here.node, body), OutOfRange, Conflict)


def arrive(here: Scene) -> None:
    """Goods come in: all or some of a dispatch, more than was sent, a second time, or of what nobody has heard of."""
    world, rng = here.world, here.world.rng
    sent = told_of(here, Dispatch)
    if sent and rng.random() < 0.85:
        entry = rng.choice(sent)
        body = ArrivalIn(dispatch=entry.id.hex(), place=rng.choice([None, here.place()]))
        if rng.random() < 0.6:
            body.lines = [_came(world, line) for line in entry.fact.lines if line.item in here.items]
        if rng.random() < 0.5:
            body.dispatch = paper_of(world, entry) or body.dispatch
    else:
        body = ArrivalIn(dispatch=rng.randbytes(32).hex(), place=here.place(), lines=[])
    body.lines = [_came(world, line) for line in lines(here)] if body.lines == [] else body.lines
    body.place = body.place or (None if _knows(here, body.dispatch) else here.place())
    body.at, body.note = at(world, here.process), note(world)
    here.do("arrival", lambda: moving.arrive(here.node, body), OutOfRange, Conflict, NotFound)


def _knows(here: Scene, dispatch: str) -> bool:
    with here.machine.safe():
        return len(dispatch) != 64 or here.node.log.get(bytes.fromhex(dispatch)) is not None


def _came(world: World, line: Any) -> ArrivalLineIn:
    """What came of a line: all, half or none in good order, or one too many; the rest damaged or given up, or not."""
    rng, sent = world.rng, line.qty if isinstance(line.qty, int) else 24_000
    good = rng.choice([sent, sent, sent // 2, sent + 1, 0])
    rest = max(0, sent - good)
    damaged = rng.choice([0, rest, rest // 2])
    named = line.lot or None if rng.random() < 0.6 else lot(world)
    came = ArrivalLineIn(item=line.item, qty=format_qty(good), damaged=format_qty(damaged), lot=named)
    came.missing = format_qty(rng.choice([0, rest - damaged]) if good + damaged else max(1, rest))
    return came


def paper_of(world: World, entry: Any) -> str | None:
    """The text of a dispatch's waybill, as its sender prints it; None where it can't any more."""
    for machine in world.machines:
        if machine.keys.node == entry.node:
            with machine.safe(), suppress(Problem):
                return papers.text_of(machine.node, entry.id.hex())
    return None


def told_of(here: Scene, *kinds: type) -> list[Any]:
    """Entries of these kinds on this machine; sometimes those of others too, as papers tell of them."""
    if here.world.rng.random() < 0.3:
        return [entry for entry in here.world.acknowledged.values() if isinstance(entry.fact, kinds)]
    with here.machine.safe():
        return [entry for entry in judge.folded(here.machine) if isinstance(entry.fact, kinds)]


def need_of(here: Scene) -> str | None:
    """The id of some need that this machine knows of."""
    with here.machine.safe():
        known = judge.rows(here.node, "SELECT lower(hex(id)) FROM need ORDER BY id")
    return str(here.world.rng.choice(known)[0]) if known else None


# into each other


def repack(here: Scene) -> None:
    """Some goods become others, perhaps of the same item."""
    world, rng = here.world, here.world.rng
    made = [RepackOutIn(item=item, qty=qty(world), lot=lot(world), expiry=rng.choice(EXPIRIES)) for item in here.some()]
    body = RepackIn(place=here.place(), used=lines(here), made=made, at=at(world, here.process), note=note(world))
    here.do("repack", lambda: repacking.repack(here.node, body))


def build_kits(here: Scene) -> None:
    """Kits are built from parts, or broken up into them; of what has no recipe that is refused."""
    act: Callable[..., Any] = here.world.rng.choice([repacking.assemble, repacking.break_up])
    with here.machine.safe():
        kits = [e.fact.id for e in judge.folded(here.machine) if isinstance(e.fact, Item) and e.fact.kit]
    kit = LineIn(item=here.world.rng.choice(kits or here.items), qty=str(here.world.rng.randint(1, 9)))
    here.do("repack", lambda: act(here.node, here.place(), kit, note=note(here.world)), NotFound, OutOfRange)
