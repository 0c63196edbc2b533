"""Three nodes in a line, A – B – C, over real HTTP: A and C never meet, and what A records is on C all the same."""

from dataclasses import dataclass

import pytest

from node import bootstrap, queries, record
from node.bootstrap import Node
from node.config import Config
from node.requests import DistributionIn, ItemIn, LineIn, PlaceIn, ReceiptIn, ReceiptLineIn
from node.units import format_time
from tests.fakes import seeded

MORNING = 1_795_000_000_000  # ms since 1970
HOUR = 3_600_000


@dataclass
class Clock:
    """One clock for all, which moves only when told to."""

    now: int = MORNING

    def __call__(self) -> int:
        return self.now

    def later(self, hours: int) -> int:
        """So many hours go by; the time then."""
        self.now += hours * HOUR
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def line(tmp_path, clock):
    """Nodes A, B and C, each with its sync port open, A paired with B and B with C by an invite code."""
    nodes = [
        bootstrap.init(Config(tmp_path / name), f"Team {name}", clock=clock, rng=seeded(name))[0] for name in "ABC"
    ]
    for node in nodes:
        node.start_sync_server("127.0.0.1", 0)
    a, b, c = nodes
    a.join(b.invite()["code"])
    c.join(b.invite()["code"])
    yield nodes
    for node in nodes:
        node.close()


def met(one: Node, other: Node) -> None:
    """One exchange over HTTP that went well."""
    (done,) = one.sync_now(other.id)
    assert done["ok"], done["error"]


def insulin_at_the_depot(node: Node) -> None:
    """40 vials come in, and 15 go out."""
    record.add_item(node, ItemIn(name="Insulin", unit="vial"))
    record.add_place(node, PlaceIn(name="Depot", kind="warehouse", lat="29.95", lon="-90.07"))
    record.receive(node, ReceiptIn(place="Depot", lines=[ReceiptLineIn(item="Insulin", qty="40")]))
    record.distribute(node, DistributionIn(place="Depot", lines=[LineIn(item="Insulin", qty="15")]))


def test_what_a_records_is_on_c_after_both_links_were_up_once(line, clock):
    a, b, c = line
    insulin_at_the_depot(a)
    clock.later(5)
    met(a, b)
    clock.later(7)
    met(c, b)
    (row,) = queries.stock(c)
    assert (row["place_name"], row["item_name"], row["qty"], row["team"]) == ("Depot", "Insulin", "25", "Team A")
    assert [entry["team"] for entry in queries.log(c) if entry["type"] == "distribution"] == ["Team A"]


def test_all_three_agree_once_news_has_gone_both_ways(line):
    a, b, c = line
    insulin_at_the_depot(a)
    record.add_place(c, PlaceIn(name="School", kind="site"))
    met(a, b)
    met(b, c)
    met(b, a)
    assert a.digest() == b.digest() == c.digest()
    assert [row["name"] for row in queries.places(a)] == ["Depot", "School"]


def test_c_says_how_old_the_news_of_a_is_and_not_when_it_came(line, clock):
    a, b, c = line
    written = clock.later(2)
    insulin_at_the_depot(a)
    clock.later(5)
    met(a, b)
    clock.later(7)
    met(c, b)
    clock.later(1)
    (row,) = queries.stock(c)
    assert row["as_of"] == row["heard"] == format_time(written)
    (near,) = queries.nearby(c, "Insulin", 30_000_000, -90_000_000)
    assert (near["qty"], near["heard"]) == ("25", format_time(written))
    heard = {peer["name"]: peer["heard"] for peer in c.peer_rows()}
    assert heard["Team A"] == format_time(written)
    assert heard["Team B"] == format_time(clock.now - HOUR), "B itself was met an hour ago"


def test_who_has_met_a_itself_says_when_that_was(line, clock):
    a, b, _ = line
    insulin_at_the_depot(a)
    meeting = clock.later(5)
    met(b, a)
    clock.later(1)
    (row,) = queries.stock(b)
    assert (row["as_of"], row["heard"]) == (format_time(MORNING), format_time(meeting))


def test_c_trusts_a_because_b_does(line):
    a, b, c = line
    met(a, b)
    met(c, b)
    assert [peer["trust"] for peer in c.peer_rows() if peer["peer"] == a.id] == ["vouched"]
    assert not c.peers.addresses(a.keys.node), "they have never met"


def test_who_never_met_is_named_and_can_be_blocked_by_the_name_of_the_team(line):
    a, b, c = line
    met(a, b)
    met(c, b)
    named = {row["name"]: row for row in c.peer_rows()}
    assert named["Team A"]["trust"] == "vouched"
    c.block("team a")
    assert {row["name"]: row["trust"] for row in c.peer_rows()}["Team A"] == "blocked"
    c.accept("Team A")
    assert {row["name"]: row["trust"] for row in c.peer_rows()}["Team A"] == "paired"


def test_a_courier_file_does_for_the_second_link(line, clock, tmp_path):
    a, b, c = line
    written = clock.later(2)
    insulin_at_the_depot(a)
    clock.later(5)
    met(a, b)
    b.bundle_write(tmp_path / "stick")
    clock.later(20)
    done = c.bundle_read(tmp_path / "stick")
    assert done["missing"] == [] and done["received"] > 0
    (row,) = queries.stock(c)
    assert (row["qty"], row["team"], row["heard"]) == ("25", "Team A", format_time(written))
    assert c.bundle_read(tmp_path / "stick")["received"] == 0, "a second time it brings nothing"


def test_courier_files_both_ways_make_all_three_agree(line, clock, tmp_path):
    a, b, c = line
    insulin_at_the_depot(a)
    record.add_place(c, PlaceIn(name="School", kind="site"))
    met(a, b)
    for writer, reader in ((b, c), (c, b)):
        clock.later(9)
        writer.bundle_write(tmp_path / writer.team_name(), for_node=reader.id)
        assert reader.bundle_read(tmp_path / writer.team_name())["missing"] == []
    met(a, b)
    assert a.digest() == b.digest() == c.digest()
