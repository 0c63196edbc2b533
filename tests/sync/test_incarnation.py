"""A restored, moved or cloned node never uses a sequence number twice, and gets its old tail back."""

import pytest

from sync.entry import Genesis, decode
from sync.errors import Conflict
from sync.fence import FileFence, MemoryFence

from .conftest import NETWORK, agree, clone, give, listen, meet, new_log, reopen, restored, say, settle, snapshot, trust


def genesis_of(log, own: bytes) -> Genesis:
    """The first payload of one of the node's logs."""
    branch = log.store.logs()[own].branches[0]
    found = decode(log.store.wire_rows(branch.no, 0, 0, 1)[0][3])
    assert isinstance(found, Genesis)
    return found


def numbers(*logs) -> list[tuple[bytes, int]]:
    """(log, seq) of all entries that these nodes hold, each entry id once."""
    found = {entry.id: (entry.log, entry.seq) for log in logs for batch in log.folded() for entry in batch}
    return list(found.values())


# what makes a node open a new log


def test_a_node_that_is_opened_again_goes_on_in_its_log(make_log):
    log = make_log()
    say(log, "one")
    own = log.own
    again = reopen(log)
    assert (again.own, again.store_id) == (own, log.store_id)
    assert say(again, "two")[0].seq == 2


def test_a_node_whose_news_were_published_goes_on_in_its_log(pair):
    a, b = pair
    say(a, "one")
    settle(a, b)
    assert reopen(a).own == a.own


def test_a_database_behind_its_fence_opens_a_new_log(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    say(a, "kept")
    kept = snapshot(a)
    say(a, "made public")
    settle(a, b)
    back = restored(a, kept)
    assert back.own != a.own
    assert back.store_id != a.store_id
    assert back.app.said() == ["kept"]
    say(back, "after")
    settle(back, b)
    assert back.app.said() == b.app.said() == ["after", "kept", "made public"]
    assert agree(back, b)
    places = numbers(back, b)
    assert len(places) == len(set(places)), "no number was used twice"


def test_the_new_log_says_which_ones_it_takes_over_from(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    kept = snapshot(a)
    head = a.store.logs()[a.own].branches[0].head
    say(a, "made public")
    settle(a, b)
    back = restored(a, kept)
    (earlier,) = genesis_of(back, back.own).supersedes
    assert (earlier.log, earlier.seq, earlier.head) == (a.own.hex(), 1, head.hex())


def test_a_fence_ahead_that_led_to_a_new_log_does_not_do_so_again(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    kept = snapshot(a)
    say(a, "made public")
    settle(a, b)
    back = restored(a, kept)
    once = back.own
    for n in range(3):
        back = reopen(back, f"start {n}")
    assert back.own == once, "nothing was sent in between"
    assert back.counts()[1] == 2


def test_a_database_restored_from_before_its_last_new_log_opens_another(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    say(a, "one")
    settle(a, b)
    kept = snapshot(a)
    a.reincarnate()
    say(a, "two")
    settle(a, b)
    back = restored(a, kept)
    assert back.own not in (a.own, genesis_of(a, a.own).supersedes[0].log)
    say(back, "three")
    settle(back, b)
    assert agree(back, b) and back.app.said() == ["one", "three", "two"]


def test_a_disk_that_was_moved_to_another_machine_opens_a_new_log(make_log):
    log = make_log("a", machine="laptop")
    say(log, "one")
    assert reopen(log, 1, machine="laptop").own == log.own
    moved = reopen(log, 2, machine="other laptop")
    assert moved.own not in (None, genesis_of(moved, moved.own).supersedes[0].log)
    assert reopen(moved, 3, machine="other laptop").own == moved.own
    assert moved.app.said() == ["one"]


def test_a_machine_without_a_name_is_not_another_machine(make_log):
    log = make_log("a")
    assert reopen(log, machine="laptop").own == log.own
    assert reopen(log, machine="laptop").own == log.own


def test_a_peer_that_shows_an_unknown_head_of_our_own_log_makes_us_open_a_new_one(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    say(a, "kept")
    kept = snapshot(a)
    say(a, "lost 1", "lost 2")
    settle(a, b)
    back = restored(a, kept, fence=MemoryFence())
    assert back.own == a.own, "without a fence there is no sign of the loss"
    meet(back, b)
    assert back.own != a.own
    assert back.app.said() == ["kept", "lost 1", "lost 2"]
    assert say(back, "after")[0].log == back.own


def test_numbers_that_were_used_twice_before_that_are_kept_as_a_fork(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    kept = snapshot(a)
    say(a, "lost")
    settle(a, b)
    back = restored(a, kept, fence=MemoryFence())
    say(back, "instead")
    settle(back, b)
    assert back.app.said() == b.app.said() == ["instead", "lost"]
    assert agree(back, b)
    assert len(b.store.logs()[a.own].branches) == 2
    assert back.own != a.own


def test_an_old_tail_that_comes_back_is_written_by_nobody_else(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    kept = snapshot(a)
    say(a, *range(20))
    settle(a, b)
    back = restored(a, kept)
    settle(back, b)
    assert len(back.app.said()) == 20
    owns = {back.own}
    for _ in range(3):
        settle(back, b)
        owns.add(back.own)
    assert len(owns) == 1, "the tail of an earlier log doesn't make it open yet another"


def test_writing_is_never_blocked_by_a_restore(make_log):
    a, b = make_log("a"), make_log("b")
    trust(a, b)
    kept = snapshot(a)
    say(a, "public")
    settle(a, b)
    back = restored(a, kept)
    entry = say(back, "at once")[0]
    assert entry.seq == 1 and back.verify() == []


def test_lamport_times_go_on_after_a_new_log(make_log):
    log = make_log()
    last = say(log, *range(5))[-1]
    log.reincarnate()
    assert say(log, "after")[0].lamport == last.lamport + 2


def test_a_node_may_open_any_number_of_logs(make_log):
    log, friend = make_log("a"), make_log("b")
    listen(friend, log)
    for _ in range(150):
        log.reincarnate()
    assert log.verify() == [] and not give(log, friend).refused
    assert len(genesis_of(log, log.own).supersedes) == 100
    assert genesis_of(log, log.own).supersedes[-1].log != log.own.hex()


# the fence


def test_the_fence_is_raised_before_a_head_leaves(pair):
    a, b = pair
    say(a, "one")
    from sync.exchange import Exchange

    a.fence.held = None
    Exchange(a, b.keys.node, a.memory).open()
    assert a.fence.read() == (a.own, a.store.logs()[a.own].branches[0].seq)


def test_a_fence_in_a_file_remembers(tmp_path):
    fence = FileFence(tmp_path / "fence")
    assert fence.read() is None
    fence.write(b"l" * 32, 7)
    fence.write(b"l" * 32, 9)
    assert FileFence(tmp_path / "fence").read() == (b"l" * 32, 9)
    assert [path.name for path in tmp_path.iterdir()] == ["fence"]


@pytest.mark.parametrize("text", [b"", b"nonsense", b"zz 1", b"00 x", b"\xff\xfe", b"00 1 2"])
def test_a_fence_that_cannot_be_read_counts_as_none(tmp_path, text):
    (tmp_path / "fence").write_bytes(text)
    assert FileFence(tmp_path / "fence").read() is None


# another network


OTHER = b"another network!"


def test_a_node_that_has_written_nothing_moves_into_another_network(make_log):
    log, inside = make_log("a"), make_log("b", network=OTHER)
    say(log, "my team's name")
    before = log.own, log.store_id
    log.adopt_network(OTHER)
    assert log.network == OTHER and (log.own, log.store_id) != before
    assert log.app.said() == ["my team's name"]
    assert log.verify() == []
    trust(log, inside)
    say(inside, "hello")
    settle(log, inside)
    assert agree(log, inside)
    assert reopen(log).network == OTHER


def test_a_node_that_has_records_stays_where_it_is(make_log):
    log = make_log()
    say(log, "my team's name", "a drop")
    before = log.digest(), log.app.digest(), log.own
    with pytest.raises(Conflict):
        log.adopt_network(OTHER)
    assert (log.digest(), log.app.digest(), log.own) == before
    assert log.network == NETWORK
    assert say(log, "more") and log.verify() == []


def test_a_node_that_has_heard_others_stays_where_it_is(make_log):
    log, other = make_log("a"), make_log("b")
    give(other, log)
    with pytest.raises(Conflict):
        log.adopt_network(OTHER)
    assert log.network == NETWORK


def test_another_process_notices_that_the_network_has_changed(tmp_path):
    path = str(tmp_path / "node.db")
    one = new_log("a", path)
    two = new_log("a", path, keys=one.keys, fence=one.fence)
    one.adopt_network(OTHER)
    say(two, "written by the other process")
    assert two.network == OTHER
    assert one.verify() == two.verify() == []
    friend = new_log("friend", network=OTHER)
    listen(friend, one)
    assert not give(two, friend).refused
    for log in (one, two, friend):
        log.db.close()


def test_a_network_keeps_a_team_name_that_looks_like_one_of_our_types(make_log):
    log = make_log()
    log.append(b'{"type":"note","text":"sync.team","more":"\\"sync.team"}')
    log.append_all([])
    log.adopt_network(OTHER)
    assert log.app.said() == ["sync.team"]


def test_clones_that_never_meet_a_peer_stay_apart_without_harm(make_log):
    log = make_log()
    say(log, "shared")
    copy = clone(log)
    say(log, "one")
    say(copy, "two")
    assert log.verify() == copy.verify() == []
