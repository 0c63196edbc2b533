"""When entries came to a store, by the machine's clock as it stood then."""

from node import events
from tests.fakes import START_MS, MemoryNode, memory_node, tell


def write(node: MemoryNode, name: str) -> int:
    return node.log.append(events.encode(events.Team(name))).n


def test_an_entry_is_known_since_it_came_not_since_it_was_written() -> None:
    ours, theirs = memory_node(1), memory_node(2)
    write(theirs, "Early birds")
    ours.now = START_MS + 5000
    own = write(ours, "Late risers")
    ours.now = START_MS + 9000
    tell(theirs, ours)
    heard = next(entry.n for batch in ours.log.folded() for entry in batch if entry.fact == events.Team("Early birds"))
    known = ours.log.arrivals.known_at([own, heard])
    assert (known[own][1], known[heard][1]) == (START_MS + 5000, START_MS + 9000)
    assert ours.log.arrivals.tick_at(START_MS + 8999) == known[own][0]


def test_who_is_trusted_later_is_known_only_since_then() -> None:
    ours, theirs = memory_node(1), memory_node(2)
    write(theirs, "Strangers")
    tell(theirs, ours)
    ours.log.block(theirs.keys.node)
    ours.now = START_MS + 7000
    ours.log.accept(theirs.keys.node)
    heard = next(entry.n for batch in ours.log.folded() for entry in batch if entry.fact == events.Team("Strangers"))
    assert ours.log.arrivals.known_at([heard])[heard][1] == START_MS + 7000


def test_what_came_before_times_were_kept_has_none_and_is_known_from_the_start() -> None:
    node = memory_node()
    before = write(node, "Old hands")
    node.log.store.run("DROP TABLE heard")
    node.log.arrivals.create()
    node.now += 1000
    after = write(node, "New hands")
    known = node.log.arrivals.known_at([before, after])
    assert known[before][1] is None and known[after][1] == START_MS + 1000
    assert node.log.arrivals.tick_at(-(2**62)) == known[before][0]


def test_ends_are_told_as_they_were_at_a_tick() -> None:
    node = memory_node()
    write(node, "One")
    then, tick = node.log.ends(), node.log.tick()
    write(node, "Two")
    assert node.log.ends(tick) == then != node.log.ends()
