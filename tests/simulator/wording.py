"""What was wrong: undone, corrected, or said in words that must go; and that nobody has such words any more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from node import correcting, events, record, redacting
from node.events import AnyFact, Redaction, Void
from node.folding import wordless
from node.requests import CorrectIn, CorrectLineIn, RedactIn, VoidIn
from sync import ranges
from sync.errors import Conflict, OutOfRange
from sync.limits import DEFAULT
from tests import model
from tests.simulator import image, judge
from tests.simulator.recording import Scene, at, lot, note, qty

if TYPE_CHECKING:
    from tests.simulator.machine import Machine
    from tests.simulator.world import World

SOMEBODY = re.compile(rb"Mrs \d+ Smith")
TWICE = 0.1  # how often somebody tries what was done already


def _own(here: Scene, *kinds: type) -> list[Any]:
    """Own entries of these kinds that stand; sometimes those that are undone, too."""
    with here.machine.safe():
        entries = judge.folded(here.machine)
        gone = model.undone(entries) if here.world.rng.random() > TWICE else set()
    return [e for e in entries if e.node == here.machine.keys.node and isinstance(e.fact, kinds) and e.id not in gone]


def undo(here: Scene) -> None:
    """An own entry of any kind and age is undone, though much may rest on it; a second time that is refused."""
    own = [entry for entry in _own(here, events.Fact) if not isinstance(entry.fact, (Void, Redaction))]
    if own:
        target, body = here.world.rng.choice(own).id.hex(), VoidIn(why=note(here.world) or "typed twice")
        here.do("undo", lambda: record.void(here.node, target, body), Conflict)


def correct(here: Scene) -> None:
    """An own entry is written anew with other lines, another time or note, and the old one is undone."""
    own = _own(here, *correcting.CORRECTABLE)
    if own:
        world, entry = here.world, here.world.rng.choice(own)
        body = CorrectIn(why=note(world) or "a slip", at=at(world, here.process), note=note(world))
        if world.rng.random() < 0.6:
            body.lines = [CorrectLineIn(item=here.item(), qty=qty(world), lot=lot(world))]
        here.do("correction", lambda: correcting.correct(here.node, entry.id.hex(), body), Conflict, OutOfRange)


def redact(here: Scene) -> None:
    """The words of an own entry are taken out: mostly of one in which somebody is named."""
    own = [entry for entry in _own(here, events.Fact) if not isinstance(entry.fact, Redaction)]
    naming = [entry for entry in own if SOMEBODY.search(events.encode(entry.fact))]
    if own:
        entry = here.world.rng.choice(naming if naming and here.world.rng.random() < 0.9 else own)
        body = RedactIn(why=here.world.rng.choice([None, "a name"]))
        here.do("redaction", lambda: redacting.redact(here.node, entry.id.hex(), body), Conflict)


# what must hold


def left_of(world: World, entries: list[Any]) -> dict[bytes, AnyFact]:
    """Of each entry that one of these takes the words out of, what is left; another's redaction takes out nothing."""
    found: dict[bytes, AnyFact] = {}
    for entry in entries:
        if isinstance(entry.fact, Redaction):
            target = bytes.fromhex(entry.fact.target)
            if world.knows(target) and world.written(target).node == entry.node:
                found[target] = wordless.without_words(world.written(target).fact)
    return found


def gone(machine: Machine) -> None:
    """Of every redaction that a machine has heard: the words are nowhere on its disk, and go to nobody."""
    if not judge.rows(machine.node, "SELECT 1 FROM redacted LIMIT 1"):
        return
    world, entries = machine.world, judge.folded(machine)
    left = left_of(world, entries)
    for entry in entries:
        assert entry.id not in left or entry.fact == left[entry.id], f"{machine.name} has other words left"
    named = _named(world, set(left))
    _silent(machine, set(left), named)
    kept = sorted(image.held(machine.disk.serialize(), named))
    where = [row for row in machine.disk.iterdump() if any(word.decode() in row for word in kept)] if kept else []
    assert not kept, f"{machine.name} still holds {kept}: {[row[:200] for row in where] or 'in what is freed'}"


def _named(world: World, left: set[bytes]) -> set[bytes]:
    """Who is named in these entries and in no other."""
    silenced, others = set[bytes](), set[bytes]()
    for id, names in world.all_named():
        (silenced if id in left else others).update(names)
    return silenced - others


def _silent(machine: Machine, left: set[bytes], named: set[bytes]) -> None:
    """The payloads of these entries aren't in what a machine gives to others, and neither are these names."""
    log = machine.node.log
    for _, branch in log.store.branches():
        rows = log.store.wire_rows(branch.no, branch.base + 1, branch.seq, branch.seq - branch.base)
        kept = [row[6].hex()[:8] for row in rows if row[6] in left and row[3] is not None]
        assert not kept, f"{machine.name} still has the words of {kept}"
        if not left.intersection(row[6] for row in rows):
            continue
        items = ranges.read(log.store, 0, branch, branch.base, DEFAULT)
        given = b"".join(payload or b"" for item in items for payload in item.payloads)
        assert not any(word in given for word in named), f"{machine.name} still gives words to others"
