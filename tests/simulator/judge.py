"""What must hold: of one machine at any time, and of all when they have met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node import accounts, queries
from node.events import Arrival, Dispatch, Void
from node.fold import Projector
from node.folding.happenings import KINDS
from node.units import format_qty, parse_qty
from sync.fence import MemoryFence
from sync.log import Log
from tests import model
from tests.node.test_fold import catalogue_of
from tests.simulator import bookkeeping, wording
from tests.simulator.crash import Database, Fuse, new_disk

if TYPE_CHECKING:
    from tests.simulator.machine import Machine, Process
    from tests.simulator.world import World

CAME = ("received", "transferred_in")
KEPT = {table: f"SELECT id, {', '.join(columns.split())} FROM {table}" for table, columns, _ in KINDS.values()}
WENT = ("distributed", "transferred_out", "in_transit", "lost", "unexplained", "repacked", "on_hand")


def folded(machine: Machine) -> list[Any]:
    """All entries of the inventory that a machine's node folds."""
    return [e for batch in machine.node.log.folded() for e in batch if e.fact is not None]


def sound(machine: Machine) -> None:
    """A machine holds what it must, its chains verify, and its tables say what the model says of its entries."""
    with machine.safe():
        log = machine.node.log
        problems = log.verify()
        assert problems == [], f"{machine.name} doesn't verify: {problems}"
        gone = [id.hex()[:8] for id in machine.holds if log.get(id) is None]
        assert not gone, f"{machine.name} lost acknowledged entries: {gone}"
        as_the_model(machine)
        accounted(machine)
        bookkeeping.kept(machine)
        wording.gone(machine)


def at_this_point(machine: Machine) -> None:
    """Something was just recorded on a machine, or it has just met another: its books balance, and it keeps silent.

    Where teams don't look all the time, the books are read on a copy of the disk: reading them settles the fold, and a
    node must also be right that is never read from between two exchanges.
    """
    with machine.safe():
        point = machine.disk, machine.node.log.tick()
        if point != machine.judged:
            machine.judged = point
            wording.gone(machine)
            heeds_blocks(machine)
            accounted(machine, _Copy(machine) if machine.world.seldom_read else machine.node)


def heeds_blocks(machine: Machine) -> None:
    """Of a blocked node nothing is folded that it wrote after the last entry that is still believed."""
    blocks = machine.node.log.policy()[0].blocks
    late = [e.id.hex()[:8] for e in folded(machine) if e.lamport > blocks.get(e.node, e.lamport)] if blocks else []
    assert not late, f"{machine.name} goes on listening to a node that it has blocked: {late}"


class _Copy:
    """A node opened on a copy of a machine's disk, as far as its books are concerned."""

    def __init__(self, machine: Machine) -> None:
        self.db, self.keys, self.clock = Database(new_disk(machine.disk), Fuse()), machine.keys, machine.clock
        self.fold = Projector(self.db)
        rng, fence = machine.rng.randbytes, MemoryFence()
        self.log = Log(self.db, self.keys, b"", self.fold, self.clock, rng, fence, machine=machine.mark)
        self.fold.attach(self.log)


def accounted(machine: Machine, node: Any = None) -> None:
    """All that came in is accounted for, in exact numbers: for each item, place, team and for the whole network."""
    for by in accounts.BY if node is None else ("place",):
        books = accounts.balance(node or machine.node, by)
        assert books["balanced"], f"the books of {machine.name} don't balance: {books['problems']}"
        sums: dict[tuple[str, str], int] = {}  # by team and item
        for row in [*books["items"], *books[f"{by}s"]]:
            came, went = (sum(parse_qty(row[name]) for name in names) for names in (CAME, WENT))
            assert came == went, f"{machine.name} can't account for {row}"
            sums[row.get("team", "all"), row["item"]] = sums.get((row.get("team", "all"), row["item"]), 0) + came - went
        assert not any(sums.values()), f"{machine.name} can't account for what teams have: {sums}"


def one_act(machine: Machine, found: list[Any]) -> None:
    """What a process wrote before it died is all that one person did, or nothing of it."""
    assert all(entry.node == machine.keys.node for entry in found), f"{machine.name} has what nobody wrote"
    if found and machine.recording == "move":
        assert [type(entry.fact) for entry in found[-2:]] == [Dispatch, Arrival], "half a move"
    if found and machine.recording == "correction":
        last = found[-1].fact
        assert isinstance(last, Void) and last.instead == found[-2].id.hex(), "half a correction"


def as_the_model(machine: Machine, process: Process | None = None) -> None:
    """Stock and cells are those of the plain model's fold of the entries that this node folds, in each process."""
    node, entries = (process or machine.main).node, folded(machine)
    node.fold.settle()
    stock = {(p, i, lot): int(qty) for p, i, lot, qty in rows(node, "SELECT place, item, lot, qty FROM stock") if qty}
    assert stock == model.on_hand(entries), f"the stock of {machine.name} is not the model's"
    sql = "SELECT dispatch, item, lot, sent, arrived, damaged, missing FROM transit"
    transit = {row[:3]: tuple(map(int, row[3:])) for row in rows(node, sql)}
    assert transit == model.transit(entries), f"what is in transit on {machine.name} is not the model's"
    cells = {(p, i): (at, counted) for p, i, at, counted in rows(node, "SELECT place, item, at, counted FROM cell")}
    expected = {key: (cell.newest, cell.counted) for key, cell in model.cells(entries).items()}
    assert cells == expected, f"the cells of {machine.name} are not the model's"


def as_told(machine: Machine, process: Process | None = None) -> None:
    """What people are shown is what the model says, in each process."""
    node, entries = (process or machine.main).node, folded(machine)
    totals = {key: sum(cell.lots.values()) for key, cell in model.cells(entries).items()}
    for lots in (False, True):
        shown: dict[tuple[str, str], list[str]] = {}
        for row in queries.stock(node, lots=lots, raw=True):
            shown.setdefault((row["place"], row["item"]), []).append(row["qty"])
        assert shown.keys() == totals.keys()
        assert lots or {key: [format_qty(total)] for key, total in totals.items()} == shown
    merged = sum(parse_qty(row["qty"]) for row in queries.stock(node))
    assert merged == sum(totals.values()), "a merge changes what there is in all"
    listed = queries.log(node, limit=len(entries) + 5)
    told = {e.id.hex() for e in entries} - _told_with_the_first_half(entries)
    assert sorted(row["entry"] for row in listed) == sorted(told), "the list isn't whole"
    assert {row["entry"] for row in listed if row["corrects"]} == _corrections(entries)
    undone = {row["entry"] for row in listed if row["void"]}
    assert undone == {id.hex() for id in model.undone(entries)}
    assert {row["place"] for row in queries.places(node, raw=True)} == set(model.declared_first(entries))
    assert catalogue_of(node.fold) == model.stated(entries), f"{machine.name} calls things otherwise than the model"


def _halves(entries: list[Any]) -> list[tuple[Any, Any]]:
    """Both entries of each correction: what is right, and right after it in the same log the undo of what was wrong."""
    by_number = {entry.n: entry for entry in entries}
    undos = [entry for entry in entries if isinstance(entry.fact, Void) and entry.fact.instead]
    pairs = [(by_number.get(undo.n - 1), undo) for undo in undos]
    return [(first, undo) for first, undo in pairs if first and first.id.hex() == undo.fact.instead]


def _told_with_the_first_half(entries: list[Any]) -> set[str]:
    return {undo.id.hex() for _, undo in _halves(entries)}


def _corrections(entries: list[Any]) -> set[str]:
    own = {entry.id.hex(): entry.node for entry in entries}
    return {first.id.hex() for first, undo in _halves(entries) if own.get(undo.fact.target) == undo.node}


def rows(node: Any, sql: str) -> list[tuple[Any, ...]]:
    """All rows of one statement."""
    return node.db.execute_sql(sql).fetchall()  # type: ignore[no-any-return]


def agreed(world: World, group: list[Machine]) -> None:
    """All of a group hold, fold and show the same, nothing that had to be kept is gone, and the books balance."""
    digests = {tuple(machine.node.digest().values()) for machine in group}
    assert len(digests) == 1, f"the digests differ: {[(m.name, m.node.digest()) for m in group]}"
    apart(world, group)
    kept = [{table: sorted(rows(m.node, sql)) for table, sql in KEPT.items()} for m in group]
    assert all(one == kept[0] for one in kept), "what is kept of entries differs, in words that are in no digest"
    for machine in group:
        sound(machine)
        whole(world, machine, group)
        as_told(machine)
        rebuilt(machine)
    bookkeeping.told_alike(group)


def whole(world: World, machine: Machine, group: list[Machine]) -> None:
    """Every entry that was acknowledged in the group is here as it was written, and none that nobody wrote."""
    here = {entry.id: entry for entry in folded(machine)}
    nodes = {other.keys.node for other in group}
    must = {id: e for id, e in world.acknowledged.items() if e.node in nodes and id not in world.lost}
    gone = [id.hex()[:8] for id in must if id not in here]
    assert not gone, f"{machine.name} lacks acknowledged entries: {gone}"
    left = wording.left_of(world, list(here.values()))
    for id, entry in here.items():
        assert world.knows(id), f"nobody wrote entry {id.hex()[:8]}"
        written = world.written(id)
        assert entry._replace(n=0) == written._replace(n=0, fact=left.get(id, written.fact))


def rebuilt(machine: Machine) -> None:
    """Folding everything from scratch, and opening the node anew, both give what is there."""
    node = machine.node
    before = node.digest()
    with node.log.transaction():
        node.fold.refold(node.log.folded())
    assert node.digest() == before, f"a rebuild on {machine.name} gives another digest"
    machine.restart()
    assert machine.node.digest() == before, f"a restart of {machine.name} gives another digest"


def restored(world: World, machine: Machine, own: bytes) -> None:
    """A machine that came up on an old disk goes on in its log only if it holds all of it that others have."""
    sound(machine)
    if own in world.cloned:
        return  # others may have it from the clone
    with machine.safe():
        log = machine.node.log
        seen = [m.node.log.store.logs().get(own) for m in world.machines if m is not machine]
    others = max((branch.seq for row in seen if row for branch in row.branches), default=-1)
    here = log.store.logs().get(own)
    if log.own == own:
        assert here and here.branches[0].seq >= others, f"{machine.name} goes on with numbers that are taken"


def apart(world: World, group: list[Machine]) -> None:
    """No two machines go on writing to one log, and none to a log that has forked; only clones make forks."""
    for machine in group:
        log = machine.node.log
        own = log.store.logs()[log.own].branches
        assert len(own) == 1, f"{machine.name} goes on in a log that has forked"
        if sum(other.node.log.own == log.own for other in group) > 1:
            assert own[0].seq <= world.cloned[log.own], f"{machine.name} shares its log with a clone"
        forks = [id for id, row in log.store.logs().items() if len(row.branches) > 1]
        assert set(forks) <= world.cloned.keys(), f"a log forked that no clone had: {[id.hex()[:8] for id in forks]}"
