"""A log that parted is survived: every branch is kept and folded everywhere, and its author opens a new log."""

import itertools

import pytest

from sync.errors import TooMany
from sync.limits import Limits

from .conftest import agree, clone, give, listen, meet, say, say_many, settle, trust


def forked(make_log, before: int = 3, copies: int = 2):
    """A hub, and nodes that were one until their disk was copied; all copies have written on."""
    hub, author = make_log("hub"), make_log("author")
    trust(hub, author)
    say(author, *[f"before {n}" for n in range(before)])
    authors = [author, *[clone(author, f"copy {n}") for n in range(1, copies)]]
    for n, one in enumerate(authors):
        say(one, *[f"copy {n} says {k}" for k in range(n + 2)])
    return hub, authors


def everything(before: int, copies: int) -> list[str]:
    """What `forked` writes."""
    said = [f"copy {n} says {k}" for n in range(copies) for k in range(n + 2)]
    return sorted([f"before {n}" for n in range(before)] + said)


def test_both_copies_of_a_cloned_node_are_heard_everywhere(make_log):
    hub, (one, two) = forked(make_log)
    for author in (one, two):
        meet(hub, author)
    assert hub.app.said() == everything(3, 2)
    settle(hub, one, two)
    assert one.app.said() == two.app.said() == everything(3, 2)
    assert agree(hub, one, two)


def test_the_author_of_a_forked_log_opens_a_new_one(make_log):
    hub, (one, two) = forked(make_log)
    shared = one.own
    assert two.own == shared
    settle(hub, one, two)
    assert len({shared, one.own, two.own}) == 3
    for author in (one, two):
        entry = say(author, "from now on")[0]
        assert entry.log == author.own
    settle(hub, one, two)
    assert agree(hub, one, two)
    assert len(hub.store.logs()[shared].branches) == 2, "the forked log grows no further"


def test_a_fork_whose_branches_are_equally_long_does_not_hide(make_log):
    hub, author = make_log("hub"), make_log("author")
    trust(hub, author)
    copy = clone(author)
    say(author, "this")
    say(copy, "that")
    meet(hub, author)
    meet(hub, copy)
    assert hub.app.said() == ["that", "this"]


def test_two_hubs_with_a_branch_each_learn_the_other(make_log):
    hub, (one, two) = forked(make_log)
    other = make_log("other hub")
    trust(hub, other, one)
    meet(hub, one)
    meet(other, two)
    settle(hub, other)
    assert hub.app.said() == other.app.said() == everything(3, 2)
    assert agree(hub, other)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_branches_in_any_order_of_arrival(make_log, order):
    hub, authors = forked(make_log, copies=3)
    for at in order:
        meet(hub, authors[at])
    settle(hub, *authors)
    assert hub.app.said() == everything(3, 3)
    assert agree(hub, *authors)


def test_a_fork_inside_a_fork(make_log):
    hub, author = make_log("hub"), make_log("author")
    trust(hub, author)
    say(author, "trunk")
    branch = clone(author, 1)
    say(author, "a1", "a2")
    say(branch, "b1")
    twig = clone(branch, 2)
    say(branch, "b2")
    say(twig, "c2", "c3")
    for node in (twig, author, branch):
        meet(hub, node)
    newcomer = make_log("newcomer")
    trust(hub, newcomer)
    meet(newcomer, hub)
    assert newcomer.app.said() == ["a1", "a2", "b1", "b2", "c2", "c3", "trunk"]
    settle(hub, author, branch, twig, newcomer)
    assert agree(hub, author, branch, twig, newcomer)


def test_a_newcomer_learns_a_fork_from_a_relay_that_has_few_signatures(make_log):
    hub, author = make_log("hub"), make_log("author")
    trust(hub, author)
    say_many(author, 40)
    copy = clone(author)
    say_many(author, 40, "one")
    say_many(copy, 40, "two")
    meet(hub, author)
    meet(hub, copy)
    signed = hub.store.query("SELECT count(*) FROM entry WHERE sig IS NOT NULL")[0][0]
    assert signed < 10, "no signature stands near the fork"
    newcomer = make_log("newcomer")
    trust(hub, newcomer)
    outcome = meet(newcomer, hub)
    assert outcome.round_trips < 12 and not outcome.client.refused
    assert newcomer.app.said() == hub.app.said() and len(newcomer.app.said()) == 120
    assert agree(newcomer, hub)


def test_a_newcomer_gets_the_common_beginning_of_a_forked_log_once(make_log):
    hub, author = make_log("hub"), make_log("author")
    trust(hub, author)
    say_many(author, 500)
    copy = clone(author)
    say(author, "one")
    say(copy, "two")
    meet(hub, author)
    meet(hub, copy)
    newcomer = make_log("newcomer")
    trust(hub, newcomer)
    outcome = meet(newcomer, hub)
    assert len(newcomer.app.said()) == 502
    assert outcome.server.sent < 600


def test_a_fork_in_the_middle_of_a_long_unsigned_run_travels(make_log):
    limits = Limits(range_entries_max=16)
    hub, author = make_log("hub", limits=limits), make_log("author", limits=limits)
    trust(hub, author)
    say_many(author, 14)
    copy = clone(author)
    say_many(author, 20, "one")
    say_many(copy, 20, "two")
    meet(hub, author)
    meet(hub, copy)
    newcomer = make_log("newcomer", limits=limits)
    trust(hub, newcomer)
    outcome = meet(newcomer, hub)
    assert not outcome.client.refused
    assert newcomer.app.said() == hub.app.said() and len(newcomer.app.said()) == 54


@pytest.mark.parametrize("held", [0, 1, 2, 3, 4, 5])
def test_ranges_that_overlap_what_is_held_bring_only_what_is_new(make_log, held):
    author, log = make_log("author"), make_log("log")
    listen(log, author)
    say(author, *range(held))
    give(author, log)
    say(author, *range(held, 6))
    taken = give(author, log)
    assert (taken.duplicates, taken.stored, taken.refused) == (held + 1, 6 - held, [])
    assert log.app.said() == sorted("012345")
    assert log.verify() == []


def test_overlapping_ranges_of_two_branches(make_log):
    hub, authors = forked(make_log, copies=2)
    for author in authors:
        give(author, hub)
    before = hub.digest(), hub.app.digest()
    for author in reversed(authors):
        taken = give(author, hub)
        assert taken.stored == 0 and not taken.refused
    assert (hub.digest(), hub.app.digest()) == before


def test_a_log_keeps_at_most_four_branches(make_log):
    hub, authors = forked(make_log, copies=6)
    for author in authors:
        give(author, hub)
    (row,) = [r for r in hub.store.logs().values() if r.node == authors[0].keys.node]
    assert len(row.branches) == 4
    before = hub.digest(), hub.counts()
    assert isinstance(give(authors[5], hub).refused[0].problem, TooMany)
    assert (hub.digest(), hub.counts()) == before
    assert hub.verify() == []


def test_a_fifth_branch_does_not_keep_other_news_away(make_log):
    hub, authors = forked(make_log, copies=5)
    for author in authors[:4]:
        give(author, hub)
    friend = make_log("friend")
    trust(hub, friend)
    listen(authors[4], friend)
    listen(authors[4], hub)
    say(friend, "bread")
    give(friend, authors[4])
    outcome = meet(hub, authors[4])
    assert "bread" in hub.app.said()
    assert outcome.client.refused
    settle(hub, authors[4])
    assert meet(hub, authors[4]).round_trips == 1, "what is left out isn't asked for again and again"


def test_a_fork_of_a_blocked_node_stays_out_up_to_the_believed_entry(make_log):
    hub, (one, two) = forked(make_log)
    for author in (one, two):
        meet(hub, author)
    trunk = next(e for e in hub.latest(50, node=one.keys.node) if e.fact and e.fact["text"] == "before 2")
    hub.block(one.keys.node, trunk.id)
    assert hub.app.said() == ["before 0", "before 1", "before 2"]
    hub.accept(one.keys.node)
    assert hub.app.said() == everything(3, 2)


def test_forks_come_through_a_cut_link(make_log):
    for cut in range(1, 9):
        hub, authors = forked(make_log, copies=3)
        for author in authors:
            meet(hub, author, cut=cut, orderly=False)
        settle(hub, *authors)
        assert hub.app.said() == everything(3, 3)
        assert agree(hub, *authors)
