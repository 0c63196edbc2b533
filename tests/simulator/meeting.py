"""How news travels: pairing, exchanges over links that break, several exchanges at once, and courier files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sync import bundle, client, pairing
from sync.errors import Conflict, DiskFull, NotFound, Problem, TooMany
from sync.trust import NOTHING
from tests.simulator import judge
from tests.simulator.crash import Crash
from tests.simulator.links import Link, Strand

if TYPE_CHECKING:
    from tests.simulator.machine import Machine
    from tests.simulator.world import World

CUT_MAX = 10
STRANDS_MAX = 3
OWN_FAULTS = ("The disk is full.", "Another program holds the database.")


class Bundle(NamedTuple):
    """A courier file, whom it was written for, and the entries of the inventory that its writer held then."""

    path: Path
    reader: Machine
    held: set[bytes]


# pairing


def pair(world: World, one: Machine, other: Machine, cut: int | None = None) -> bool:
    """One machine joins by the other's code; whether that went through."""
    link = Link(other, cut)
    try:
        code = other.node.invite()["code"]
    except (DiskFull, TooMany):
        return False
    except Crash:
        other.recover()
        return False
    node = one.node
    try:
        pairing.join(node.log, node.peers, code, None, node.sync_addresses(), node.team_name(), lambda _: link)
    except (DiskFull, TooMany):
        link.broken = True
    except Problem as problem:
        assert link.broken or _blocks(one, other) or _blocks(other, one), f"pairing was refused: {problem}"
        link.broken = True
    except Crash:
        one.recover()
        link.broken = True
    world.say(f"{one.name} pairs with {other.name}{' (cut)' if link.broken else ''}")
    return not link.broken


def trusts(one: Machine, other: Machine) -> bool:
    """Whether one machine's node talks to the other's."""
    with one.safe():
        return one.node.log.trust_of(other.keys.node) in ("paired", "vouched")


def _blocks(one: Machine, other: Machine) -> bool:
    with one.safe():
        return one.node.log.trust_of(other.keys.node) == "blocked"


# exchanges


def exchange(world: World, one: Machine, other: Machine, link: Link) -> dict[str, Any] | None:
    """One exchange that a machine opens, from whichever of its processes; None where that died."""
    process = world.rng.choice(one.processes)
    node, owns = process.node, _owns(one, other)
    known = trusts(one, other) and trusts(other, one)
    try:
        result = client.sync_with(node.log, node.peers, other.keys.node, link)
    except (DiskFull, TooMany):  # while it notes how the exchange went
        return None
    except Crash:
        if process in one.processes:  # else another strand has started it again already
            one.recover()
        world.say(f"{one.name} dies while it talks to {other.name}")
        return None
    world.say(f"{one.name} → {other.name}: {_told(result, link)}")
    excused = link.broken or link.pause or link.echo or not known or result["error"] in OWN_FAULTS
    assert result["ok"] or excused, f"an exchange over a good link failed: {result}"
    if result["ok"] and not link.pause and owns == _owns(one, other):
        _hold_the_same(one, other)
    judge.at_this_point(one)
    judge.at_this_point(other)
    return result


def _owns(one: Machine, other: Machine) -> tuple[bytes, bytes]:
    with one.safe(), other.safe():
        return one.node.log.own, other.node.log.own


def _told(result: dict[str, Any], link: Link) -> str:
    how = f"sent {result['sent']}, received {result['received']}, {result['round_trips']} round trips"
    return how + (f", cut after {link.carried} messages" if link.broken else "") + f" {result['error'] or ''}"


def _hold_the_same(one: Machine, other: Machine) -> None:
    """After a whole exchange of two that listen to the same nodes, both hold the same."""
    with one.safe(), other.safe():
        (a, reached), (b, others) = one.node.log.policy(), other.node.log.policy()
        if set(reached) == set(others) and a.blocks == b.blocks:
            assert _heads(one) == _heads(other), f"{one.name} and {other.name} have just met and differ"


def _heads(machine: Machine) -> set[Any]:
    """What a machine tells of: but for nodes that it believes up to an entry, of which it can only tell what it holds a
    signature for, and those lie where each part was first handed over."""
    log = machine.node.log
    leaves, logs, blocks = log.leaves(), log.store.logs(), log.policy()[0].blocks
    return {leaf for leaf in leaves if blocks.get(logs[leaf.log].node, NOTHING) == NOTHING}


def meet(world: World, one: Machine, other: Machine) -> None:
    """An exchange over a link as it happens to be; sometimes at once again."""
    rng = world.rng
    cut = rng.randint(0, CUT_MAX) if rng.random() < 0.35 else None
    echo = 2 * rng.randint(0, CUT_MAX // 2) + 1 if rng.random() < 0.1 else None
    exchange(world, one, other, Link(other, cut, echo))
    if rng.random() < 0.2:
        exchange(world, one, other, Link(other))


def tangle(world: World, edges: list[tuple[Machine, Machine]], between: Callable[[], None]) -> None:
    """Several exchanges at once, message by message in any order, while teams go on recording."""
    strands = [_strand(world, one, other) for one, other in edges[:STRANDS_MAX]]
    world.say(f"{len(strands)} exchanges at once: {', '.join(f'{a.name} → {b.name}' for a, b in edges[:STRANDS_MAX])}")
    while strands:
        strand = world.rng.choice(strands)
        strand.resume()
        if strand.done:
            strands.remove(strand)
        elif world.rng.random() < 0.2:
            between()


def _strand(world: World, one: Machine, other: Machine) -> Strand:
    cut = world.rng.randint(0, CUT_MAX) if world.rng.random() < 0.2 else None
    return Strand(lambda pause: _drop(exchange(world, one, other, Link(other, cut, pause=pause))))


def _drop(_: object) -> None:
    return None


# courier files


def courier(world: World, one: Machine, other: Machine, between: Callable[[], None]) -> None:
    """Two that meet often, then only by courier: each file starts where the last meeting ended."""
    for _ in range(world.rng.randint(0, 2)):
        exchange(world, other, one, Link(one))
    for _ in range(world.rng.randint(1, 2)):
        between()
        written = len(world.bundles)
        write_bundle(world, one, other, True)
        if len(world.bundles) > written:
            read_bundle(world, other, world.bundles[-1])


def write_bundle(world: World, one: Machine, other: Machine, for_one: bool) -> None:
    """A courier file, for one node what it lacks or for all that are known everything; somebody pockets it."""
    node, path = one.node, world.folder / f"bundle-{len(world.bundles)}"
    for_node = other.keys.node if for_one else None
    try:
        done = bundle.write(node.log, node.peers, path, for_node)
    except Crash:
        one.recover()
        return
    except (Conflict, NotFound) as problem:
        assert not trusts(one, other), str(problem)
        return
    world.say(f"{one.name} writes {path.name} {f'for {other.name}' if for_node else 'for all'}: {done}")
    with one.safe():
        blocked = one.node.log.policy()[0].blocks
        held = {entry.id for entry in judge.folded(one) if entry.node not in blocked}
        world.bundles.append(Bundle(path, other, held))


def read_bundle(world: World, machine: Machine, bundled: Bundle) -> None:
    """A courier arrives, perhaps with a file that was damaged on the way; the file may be read again elsewhere."""
    path = bundled.path
    whole = path.read_bytes()
    damage = world.rng.random() < 0.25
    if damage:
        path.write_bytes(_damaged(world, whole))
    try:
        with suppress(Problem):  # not for this node, or too damaged to open
            done = bundle.read(machine.node.log, machine.node.peers, path)
            world.say(f"{machine.name} reads {path.name}{' (damaged)' if damage else ''}: {done}")
            if not done["missing"]:
                _brought_all(world, machine, bundled)
            elif machine is bundled.reader and not (damage or world.rewound):
                raise AssertionError(f"a whole file says that something is missing: {done}")
            judge.at_this_point(machine)
    except Crash:
        machine.recover()
    path.write_bytes(whole)


def _brought_all(world: World, machine: Machine, bundled: Bundle) -> None:
    """Who is told that nothing is missing has all that the writer had, if both listen to the same nodes."""
    with machine.safe():
        log = machine.node.log
        lacking = [id for id in bundled.held if log.get(id) is None]
        heard = [id for id in lacking if log.trust_of(world.written(id).node) not in ("unknown", "blocked")]
    assert not heard, f"nothing is said to be missing, and {len(heard)} entries are"


def _damaged(world: World, whole: bytes) -> bytes:
    at = world.rng.randrange(len(whole))
    if world.rng.random() < 0.5:
        return whole[:at]
    return whole[:at] + bytes([whole[at] ^ 1 << world.rng.randrange(8)]) + whole[at + 1 :]
