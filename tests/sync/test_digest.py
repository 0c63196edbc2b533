"""Fingerprints find every difference, and find it cheaply."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.digest import END, FEW, Leaf, Span, between, compare, describe, fingerprint, root
from sync.errors import Malformed

TURNS_MAX = 40


def reconcile(a: list[Leaf], b: list[Leaf], named_max: int = 4096) -> tuple[set[Leaf], set[Leaf], int, int]:
    """Play the protocol to its end: (what a learns it lacks, what b learns it lacks, turns, leaves and prints sent)."""
    heard: tuple[set[Leaf], set[Leaf]] = (set(), set())
    sides = (sorted(a), sorted(b))
    spans, turn, sent = describe(sides[0]), 0, 0
    while spans:
        assert turn < TURNS_MAX, "it goes round in circles"
        turn += 1
        side = turn % 2
        heard[side].update(leaf for span in spans for leaf in span.leaves or ())
        sent += sum(len(span.leaves or ()) + (span.print is not None) for span in spans)
        spans, extra = compare(sides[side], spans, named_max)
        assert sum(len(s.leaves or ()) for s in spans) <= named_max + FEW
        heard[1 - side].update(extra)
        sent += len(extra)
    return heard[0] - set(a), heard[1] - set(b), turn, sent


# Few log ids, so that branches of one log and neighbours are common.
LOGS = st.integers(0, 60).map(lambda n: bytes([n * 4]) + bytes(31))
LEAVES = st.builds(Leaf, LOGS, st.integers(0, 3), st.sampled_from([b"x" * 32, b"y" * 32, b"z" * 32]))
SETS = st.sets(LEAVES, max_size=150)


@given(SETS, SETS, SETS, st.sampled_from([20, 100, 4096]))
def test_both_sides_learn_exactly_what_they_lack(common, only_a, only_b, named_max):
    a, b = most_of_a_log(common | only_a), most_of_a_log(common | only_b)
    lacks_a, lacks_b, _, _ = reconcile(list(a), list(b), named_max)
    assert (lacks_a, lacks_b) == (b - a, a - b)


def most_of_a_log(leaves: set[Leaf]) -> set[Leaf]:
    """Four branches of a log at most, as a store keeps them."""
    kept: dict[bytes, list[Leaf]] = {}
    for leaf in sorted(leaves):
        kept.setdefault(leaf.log, []).append(leaf)
    return {leaf for branches in kept.values() for leaf in branches[:4]}


def logs(count: int, seed: int = 1) -> list[Leaf]:
    """So many logs of one branch."""
    rng = random.Random(seed)
    return sorted(Leaf(rng.randbytes(32), rng.randrange(1000), rng.randbytes(32)) for _ in range(count))


@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, 300, 3000])
def test_a_newcomer_learns_all(count):
    everything = logs(count)
    for a, b in ((everything, []), ([], everything)):
        lacks_a, lacks_b, turns, _ = reconcile(a, b)
        assert (lacks_a, lacks_b) == (set(b), set(a))
        assert turns <= 4


def test_equal_sets_end_at_once():
    assert reconcile(logs(500), logs(500)) == (set(), set(), 1, 16)


def test_one_difference_among_thousands_costs_a_few_dozen_words():
    a = logs(4000)
    b = [*a[:1234], a[1234]._replace(seq=1001, head=b"n" * 32), *a[1235:]]
    lacks_a, lacks_b, turns, sent = reconcile(a, b)
    assert (lacks_a, lacks_b) == ({b[1234]}, {a[1234]})
    assert turns <= 5 and sent < 100


def test_a_fork_of_equal_length_does_not_hide():
    a = logs(100)
    b = [*a[:50], a[50]._replace(head=b"f" * 32), *a[51:]]
    assert root(a) != root(b)
    lacks_a, lacks_b, _, _ = reconcile(a, b)
    assert (lacks_a, lacks_b) == ({b[50]}, {a[50]})


def test_a_second_branch_of_a_log_that_both_hold_does_not_hide():
    a = logs(100)
    b = sorted([*a, a[50]._replace(seq=5, head=b"f" * 32)])
    lacks_a, lacks_b, _, _ = reconcile(a, b)
    assert (lacks_a, lacks_b) == (set(b) - set(a), set())


def test_many_differences_are_named_over_several_messages():
    a, b = logs(900, 1), logs(900, 2)
    lacks_a, lacks_b, _, _ = reconcile(a, b, named_max=100)
    assert (lacks_a, lacks_b) == (set(b), set(a))


def test_the_branches_of_one_log_are_never_parted():
    leaves = sorted(Leaf(bytes([n // 4]) * 32, n, bytes([n]) * 32) for n in range(200))
    spans = describe(leaves)
    uppers = [span.upper for span in spans]
    assert uppers == sorted(set(uppers)) and uppers[-1] == END
    parts, lower = [], b""
    for span in spans:
        parts.append(between(leaves, lower, span.upper))
        assert span.print == fingerprint(parts[-1])
        lower = span.upper
    assert [leaf for part in parts for leaf in part] == leaves
    assert all(len({leaf.log for leaf in one} & {leaf.log for leaf in two}) == 0 for one, two in pairwise(parts))


@pytest.mark.parametrize("uppers", [[b"b", b"a"], [b"a", b"a"], [b""]])
def test_ranges_out_of_order_are_malformed(uppers):
    with pytest.raises(Malformed):
        compare(logs(5), [Span(upper) for upper in uppers])


def test_the_root_is_over_every_part_of_every_leaf():
    leaves = logs(3)
    found = {root(leaves), root(leaves[:2]), root([])}
    found.add(root([leaves[0]._replace(seq=leaves[0].seq + 1), *leaves[1:]]))
    found.add(root([leaves[0]._replace(head=b"h" * 32), *leaves[1:]]))
    found.add(root([leaves[0]._replace(log=b"l" * 32), *leaves[1:]]))
    assert len(found) == 6
