"""Whom a node listens to, rule by rule; and what that does to its store."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import Conflict, NotFound, TooMany
from sync.intake import Taken
from sync.limits import Limits
from sync.trust import NOTHING, Policy, believed, reach, standing

from .conftest import agree, give, listen, meet, say, say_many, settle, state, trust

ME, ANN, BEN, CAT, DAN, EVE = (name.encode() for name in ("me", "ann", "ben", "cat", "dan", "eve"))


def policy(vouches: dict[bytes, list[bytes]], blocks: dict[bytes, int] | None = None, **more) -> Policy:
    """A policy seen from `ME`."""
    return Policy(ME, vouches, blocks or {}, **more)


def test_a_node_trusts_itself_and_nobody_else_to_begin_with():
    assert reach(policy({})) == {ME: "self"}
    assert believed(policy({}), reach(policy({})), ANN) == NOTHING


def test_vouches_reach_as_far_as_they_reach():
    found = reach(policy({ME: [ANN], ANN: [BEN], BEN: [CAT], DAN: [EVE]}))
    assert found == {ME: "self", ANN: "paired", BEN: "vouched", CAT: "vouched"}


def test_who_is_paired_and_vouched_for_is_paired():
    assert reach(policy({ME: [ANN, BEN], ANN: [BEN]}))[BEN] == "paired"


def test_vouches_in_a_circle_come_to_an_end():
    assert set(reach(policy({ME: [ANN], ANN: [BEN, ME], BEN: [ANN, BEN]}))) == {ME, ANN, BEN}


@pytest.mark.parametrize(
    ("depth", "reached"), [(0, [ME]), (1, [ME, ANN]), (2, [ME, ANN, BEN]), (9, [ME, ANN, BEN, CAT])]
)
def test_a_node_may_set_how_deep(depth, reached):
    assert list(reach(policy({ME: [ANN], ANN: [BEN], BEN: [CAT]}, depth_max=depth))) == reached


def test_depth_is_that_of_the_shortest_way():
    vouches = {ME: [ANN, DAN], ANN: [BEN], BEN: [CAT], DAN: [CAT], CAT: [EVE]}
    assert EVE in reach(policy(vouches, depth_max=3))
    assert EVE not in reach(policy(vouches, depth_max=2))


def test_one_nodes_vouches_count_up_to_a_budget_oldest_first():
    crowd = [b"%d" % n for n in range(1000)]
    found = reach(policy({ME: [ANN, BEN], ANN: crowd, BEN: [CAT]}, vouches_per_node_max=10))
    assert set(found) == {ME, ANN, BEN, CAT, *crowd[:10]}


def test_a_block_drops_those_who_were_reachable_through_it_alone():
    vouches = {ME: [ANN, BEN], ANN: [CAT, DAN], BEN: [DAN], CAT: [EVE]}
    assert set(reach(policy(vouches))) == {ME, ANN, BEN, CAT, DAN, EVE}
    assert set(reach(policy(vouches, {ANN: NOTHING}))) == {ME, BEN, DAN}


def test_a_block_is_not_lifted_by_anybodys_vouch():
    blocked = policy({ME: [ANN], ANN: [EVE], BEN: [EVE]}, {EVE: 7})
    assert EVE not in reach(blocked)
    assert standing(blocked, reach(blocked), EVE) == "blocked"
    assert believed(blocked, reach(blocked), EVE) == 7


def test_nobody_blocks_themselves():
    blocked = policy({ME: [ANN]}, {ME: NOTHING})
    assert reach(blocked) == {ME: "self", ANN: "paired"}
    assert (standing(blocked, reach(blocked), ME), believed(blocked, reach(blocked), ME)) == ("self", None)


NAMES = st.sampled_from([ME, ANN, BEN, CAT, DAN, EVE])


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4)), st.sets(NAMES), NAMES)
def test_more_blocks_never_reach_more(vouches, blocks, another):
    few = reach(policy(vouches, dict.fromkeys(blocks, NOTHING)))
    more = reach(policy(vouches, dict.fromkeys({*blocks, another}, NOTHING)))
    assert set(more) <= set(few)
    assert not (set(more) - {ME}) & {*blocks, another}


# in the store


def through(giver, taker) -> Taken:
    """Hand over what the giver tells, refusing nothing."""
    taken = give(giver, taker)
    assert not taken.refused
    return taken


def test_an_unknown_nodes_entries_are_kept_apart_and_not_relayed(make_log):
    stranger, log, third = make_log("stranger"), make_log("log"), make_log("third")
    before = log.digest(), log.app.digest()
    say(stranger, "psst")
    through(stranger, log)
    assert log.counts() == (3, 2)
    assert (log.digest(), log.app.digest()) == before
    assert log.latest(9, node=stranger.keys.node) == []
    assert log.trust_of(stranger.keys.node) == "unknown"
    listen(third, log)
    through(log, third)
    assert third.keys_of(stranger.keys.node) is None


def test_one_tap_takes_an_unknown_node_in(make_log):
    stranger, log = make_log("stranger"), make_log("log")
    say(stranger, "psst")
    through(stranger, log)
    log.accept(stranger.keys.node)
    assert log.app.said() == ["psst"]
    assert log.trust_of(stranger.keys.node) == "paired"
    assert log.app.refolds == 0, "nothing left the books"


def test_nobody_can_accept_a_node_that_was_never_heard_of(make_log):
    log = make_log()
    before = state(log)
    with pytest.raises(NotFound):
        log.accept(b"k" * 32)
    assert state(log) == before


def test_a_vouch_may_come_before_or_after_the_log_that_it_is_for(make_log):
    friend, far = make_log("friend"), make_log("far")
    say(far, "hello")
    listen(friend, far)
    early, late = make_log("early"), make_log("late")
    for log in (early, late):
        listen(log, friend)
    through(friend, early)
    assert early.trust_of(far.keys.node) == "vouched"
    through(far, early)
    through(far, late)
    assert late.app.said() == []
    through(friend, late)
    assert early.app.said() == late.app.said() == ["hello"]


def test_a_vouch_and_the_log_that_it_is_for_may_come_in_one_go(make_log):
    friend, far, log = make_log("friend"), make_log("far"), make_log("log", limits=Limits(quarantine_entries_max=0))
    say(far, "hello")
    listen(friend, far)
    through(far, friend)
    listen(log, friend)
    through(friend, log)
    assert log.app.said() == ["hello"], "it never lay in quarantine"


def test_the_quarantine_has_a_quota_of_entries(make_log):
    log = make_log("log", limits=Limits(quarantine_entries_max=50))
    one, two = make_log("one"), make_log("two")
    say_many(one, 39)
    say_many(two, 20)
    through(one, log)
    before = state(log)
    taken = give(two, log)
    assert isinstance(taken.refused[0].problem, TooMany)
    assert state(log) == before


def test_the_quarantine_has_a_quota_of_logs(make_log):
    log = make_log("log", limits=Limits(quarantine_logs_max=3))
    strangers = [make_log(n) for n in range(5)]
    for stranger in strangers[:3]:
        through(stranger, log)
    before = state(log)
    assert isinstance(give(strangers[3], log).refused[0].problem, TooMany)
    assert state(log) == before
    say(strangers[0], "one more in a log that is here")
    through(strangers[0], log)
    log.accept(strangers[0].keys.node)
    through(strangers[4], log)


def test_who_is_trusted_needs_no_room_in_the_quarantine(make_log):
    log, friend = make_log("log", limits=Limits(quarantine_entries_max=0, quarantine_logs_max=0)), make_log("friend")
    listen(log, friend)
    say(friend, "hello")
    through(friend, log)
    assert log.app.said() == ["hello"]


def test_a_blocked_nodes_entries_take_no_room_in_the_quarantine(make_log):
    log = make_log("log", limits=Limits(quarantine_entries_max=50, quarantine_logs_max=1))
    bad, stranger = make_log("bad"), make_log("stranger")
    listen(log, bad)
    say_many(bad, 100)
    through(bad, log)
    log.block(bad.keys.node)
    through(stranger, log)
    assert log.counts()[0] == 2 + 101 + 1


def test_blocking_takes_all_of_a_node_out_of_the_books_and_those_it_alone_had_brought(make_log):
    log, bad, friend = make_log("log"), make_log("bad"), make_log("friend of bad")
    listen(log, bad)
    listen(bad, friend)
    say(bad, "lie")
    say(friend, "hearsay")
    say(log, "mine")
    through(bad, log)
    through(friend, log)
    assert log.app.said() == ["hearsay", "lie", "mine"]
    log.block(bad.keys.node)
    assert log.app.said() == ["mine"]
    assert (log.trust_of(bad.keys.node), log.trust_of(friend.keys.node)) == ("blocked", "unknown")
    assert [leaf.log for leaf in log.leaves()] == [log.own]


def test_blocking_after_an_entry_keeps_what_came_up_to_it(make_log):
    log, bad = make_log("log"), make_log("bad")
    listen(log, bad)
    kept = say(bad, 0, 1, 2, 3, 4)[2]
    through(bad, log)
    log.block(bad.keys.node, kept.id)
    assert log.app.said() == ["0", "1", "2"]
    assert log.get(kept.id) is not None
    assert all(leaf.seq <= kept.seq for leaf in log.leaves() if leaf.log == bad.own), "no more is relayed"


def test_entries_of_a_blocked_node_from_after_the_block_are_refused(make_log):
    log, bad = make_log("log"), make_log("bad")
    listen(log, bad)
    (then,) = say(bad, "then")
    through(bad, log)
    log.block(bad.keys.node, then.id)
    say(bad, "now")
    before = state(log)
    assert isinstance(give(bad, log).refused[0].problem, TooMany)
    assert state(log) == before


def test_no_vouch_of_another_lifts_a_block(make_log):
    log, friend, bad = make_log("log"), make_log("friend"), make_log("bad")
    listen(log, friend)
    say(bad, "lie")
    log.vouch(bad.keys.node, bad.keys.agree, bad.keys.agree_sig)
    through(bad, log)
    log.block(bad.keys.node)
    listen(friend, bad)
    through(friend, log)
    assert log.trust_of(bad.keys.node) == "blocked"
    assert log.app.said() == []


@pytest.mark.parametrize("at", [None, 0, 2, 4])
def test_blocked_and_accepted_again_is_as_if_never_blocked(make_log, at):
    log, bad, other = make_log("log"), make_log("bad"), make_log("other")
    trust(log, bad)
    trust(log, other)
    entries = say(bad, 0, 1, 2, 3, 4)
    listen(bad, other)
    say(other, "far")
    settle(log, bad, other)
    before = log.digest(), log.app.digest()
    log.block(bad.keys.node, None if at is None else entries[at].id)
    assert log.app.said() == sorted(["far", *[str(n) for n in range(0 if at is None else at + 1)]])
    log.accept(bad.keys.node)
    assert (log.digest(), log.app.digest()) == before
    assert log.verify() == []


def test_what_a_blocked_node_wrote_meanwhile_comes_after_it_is_accepted_again(make_log):
    log, bad, friend = make_log("log"), make_log("bad"), make_log("friend")
    trust(log, bad, friend)
    (then,) = say(bad, "then")
    settle(log, bad, friend)
    log.block(bad.keys.node, then.id)
    say(bad, "meanwhile")
    meet(friend, bad)
    for _ in range(3):
        meet(log, friend)
    assert log.app.said() == ["then"]
    log.accept(bad.keys.node)
    meet(log, friend)
    assert log.app.said() == ["meanwhile", "then"]
    assert agree(log, friend)


def test_what_a_blocked_node_wrote_meanwhile_comes_also_if_only_the_other_side_calls(make_log):
    log, bad, friend = make_log("log"), make_log("bad"), make_log("friend")
    trust(log, bad, friend)
    (then,) = say(bad, "then")
    settle(log, bad, friend)
    log.block(bad.keys.node, then.id)
    say(bad, "meanwhile")
    meet(friend, bad)
    for _ in range(3):
        meet(friend, log)
    log.accept(bad.keys.node)
    meet(friend, log)
    assert log.app.said() == ["meanwhile", "then"]
    assert agree(log, friend)


def test_a_node_cannot_block_itself_or_name_an_entry_of_another(make_log):
    log, bad = make_log("log"), make_log("bad")
    mine = say(log, "mine")[0]
    before = state(log)
    with pytest.raises(Conflict):
        log.block(log.keys.node)
    with pytest.raises(NotFound):
        log.block(bad.keys.node, mine.id)
    with pytest.raises(NotFound):
        log.block(bad.keys.node, b"x" * 32)
    assert state(log) == before


def test_a_budget_of_vouches_holds_in_the_store(make_log):
    log, busy = make_log("log", limits=Limits(vouches_per_node_max=2)), make_log("busy")
    many = [make_log(n) for n in range(4)]
    listen(log, busy)
    for one in many:
        listen(busy, one)
    through(busy, log)
    assert [log.trust_of(one.keys.node) for one in many] == ["vouched", "vouched", "unknown", "unknown"]


def test_what_a_node_writes_after_a_block_comes_after_what_it_still_believes(make_log):
    log, bad = make_log("log"), make_log("bad")
    listen(log, bad)
    entries = say(bad, *range(50))
    through(bad, log)
    log.block(bad.keys.node, entries[40].id)
    assert say(log, "after")[0].lamport == entries[40].lamport + 1


def test_accepting_twice_writes_one_vouch(make_log):
    log, friend = make_log("log"), make_log("friend")
    listen(log, friend)
    written = log.counts()
    listen(log, friend)
    assert log.counts() == written


def test_known_keys_are_those_of_whom_we_talk_to(make_log):
    log, friend, bad = make_log("log"), make_log("friend"), make_log("bad")
    listen(log, friend)
    listen(log, bad)
    assert log.known_keys() == {k.node: k.agree for k in (friend.keys, bad.keys)}
    log.block(bad.keys.node)
    assert log.known_keys() == {friend.keys.node: friend.keys.agree}


def test_policies_are_values():
    assert dataclasses.replace(policy({})) == policy({})
