"""Who could fill a need, what is promised, and which transfers are suggested."""

import random
from itertools import product

import pytest

from node import filling, needing, planning, promises, record, undoing
from node.requests import (
    CloseIn,
    DistributionIn,
    ItemIn,
    LineIn,
    NeedIn,
    PlaceIn,
    PledgeIn,
    ReceiptIn,
    ReceiptLineIn,
    VoidIn,
)
from node.units import format_time
from sync.errors import NotFound
from tests.node.test_cli import Line

DAY_MS = 86_400_000
NEAR, FAR = ("Corner shop", "29.95", "-90.08"), ("Depot", "30.45", "-91.15")


def lines(**goods):
    return [LineIn(item=name.capitalize(), qty=qty) for name, qty in goods.items()]


@pytest.fixture
def town(node):
    """A gym, a shop near it, a depot far from it, and a van that nobody knows the whereabouts of."""
    record.add_item(node, ItemIn(name="Serum", unit="vial"))
    record.add_item(node, ItemIn(name="Lime", unit="bar"))
    record.add_place(node, PlaceIn(name="Gym", kind="site", lat="29.95", lon="-90.07"))
    record.add_place(node, PlaceIn(name="Van", kind="vehicle"))
    for name, lat, lon in (NEAR, FAR):
        record.add_place(node, PlaceIn(name=name, kind="hub", lat=lat, lon=lon))
    return node


def stock_up(node, place, item, qty, expiry=None):
    line = ReceiptLineIn(item=item, qty=qty, lot=f"L{expiry}" if expiry else None, expiry=expiry)
    record.receive(node, ReceiptIn(place=place, lines=[line]))


def ask(node, place="Gym", urgency="routine", **goods):
    return needing.add(node, NeedIn(place=place, lines=lines(**goods), urgency=urgency)).entry


def promise(node, place, need=None, until=None, **goods):
    return needing.pledge(node, PledgeIn(place=place, lines=lines(**goods), need=need, until=until)).entry


def who(node, need, **more):
    return [(row["place_name"], row["item_name"], row["qty"]) for row in filling.rows(node, need, **more)]


def test_the_nearest_comes_first_and_a_place_without_coordinates_last(town):
    for place in ("Van", "Depot", "Corner shop"):
        stock_up(town, place, "Serum", "10")
    need = ask(town, serum="5")
    assert who(town, need) == [(place, "Serum", "10") for place in ("Corner shop", "Depot", "Van")]
    assert [row["distance_km"] for row in filling.rows(town, need)] == [1.0, 117.7, None]
    assert who(town, need, within_km=50) == [("Corner shop", "Serum", "10")]


def test_what_has_expired_and_what_is_promised_to_others_is_not_to_spare(town):
    stock_up(town, "Depot", "Serum", "10", "2020-01-01")
    stock_up(town, "Depot", "Serum", "30", "2099-05-01")
    stock_up(town, "Depot", "Serum", "10", "2098-05-01")
    need, other = ask(town, serum="50"), ask(town, place="Van", serum="12")
    assert who(town, need) == [("Depot", "Serum", "40")]
    promise(town, "Depot", other, serum="12")
    (row,) = filling.rows(town, need)
    assert (row["qty"], row["pledged"], row["expiry"]) == ("28", "12", "2098-05-01")


def test_what_was_given_for_a_promise_is_not_taken_off_twice(town):
    stock_up(town, "Depot", "Serum", "40")
    need, other = ask(town, serum="50"), ask(town, place="Van", serum="12")
    promise(town, "Depot", other, serum="12")
    record.distribute(town, DistributionIn(place="Depot", lines=lines(serum="5"), need=other))
    assert who(town, need) == [("Depot", "Serum", "28")]  # 40 - 5 given, and 7 are still promised


@pytest.mark.parametrize("end", ["undone", "closed", "over"])
def test_a_promise_ends(town, end):
    stock_up(town, "Depot", "Serum", "40")
    need, other = ask(town, serum="50"), ask(town, place="Van", serum="12")
    until = format_time(town.clock() + DAY_MS) if end == "over" else None
    pledge = promise(town, "Depot", other, until, serum="12")
    if end == "undone":
        undoing.void(town, pledge, VoidIn(why="The van is broken"))
    elif end == "closed":
        needing.close(town, other, CloseIn(why="met"))
    else:
        town.clock.ms += 2 * DAY_MS
    assert who(town, need) == [("Depot", "Serum", "40")]


def test_an_offer_keeps_nothing_back_and_is_told(town):
    stock_up(town, "Depot", "Serum", "40")
    need, offer = ask(town, serum="50"), promise(town, "Depot", serum="15")
    (row,) = filling.rows(town, need)
    assert (row["qty"], row["offered"]) == ("40", "15")
    promise(town, "Depot", need, serum="5")
    assert [row["pledge"] for row in promises.rows(town, offers=True)] == [offer]
    assert [row["need"] for row in promises.rows(town)].count(need) == 1
    town.clock.ms += 3 * DAY_MS
    assert promises.rows(town) == []
    assert [row["holds"] for row in promises.rows(town, everything=True)] == [False, False]


def test_only_what_is_lacking_is_asked_for(town):
    stock_up(town, "Depot", "Serum", "40")
    stock_up(town, "Depot", "Lime", "7")
    need = ask(town, serum="5", lime="5")
    promise(town, "Corner shop", need, serum="5")
    assert who(town, need) == [("Depot", "Lime", "7")]


def test_a_need_that_is_undone_or_unknown(town):
    stock_up(town, "Depot", "Serum", "40")
    need = ask(town, serum="5")
    undoing.void(town, need, VoidIn(why="The wrong gym"))
    assert who(town, need) == []
    with pytest.raises(NotFound):
        filling.rows(town, "ab" * 32)


# the plan


def planned(node):
    return [(row["from_name"], row["to_name"], row["item_name"], row["qty"]) for row in planning.rows(node)]


def test_the_critical_need_goes_first_however_far_it_is(town):
    pytest.importorskip("ortools")
    stock_up(town, "Corner shop", "Serum", "10")
    ask(town, "Gym", "routine", serum="8")
    ask(town, "Depot", "critical", serum="8")
    assert planned(town) == [("Corner shop", "Depot", "Serum", "8"), ("Corner shop", "Gym", "Serum", "2")]


def test_the_distance_in_total_is_the_least(town):
    """The shop is nearest to both; yet only one way of sharing it out saves the depot the long way."""
    pytest.importorskip("ortools")
    stock_up(town, "Corner shop", "Serum", "5")
    stock_up(town, "Depot", "Serum", "5.5")
    ask(town, "Gym", "urgent", serum="5")
    ask(town, "Depot", "urgent", serum="5")
    assert planned(town) == [("Depot", "Depot", "Serum", "5"), ("Corner shop", "Gym", "Serum", "5")]


def test_a_stale_need_stands_back_and_an_ended_one_is_left_out(town):
    pytest.importorskip("ortools")
    stock_up(town, "Depot", "Serum", "10")
    old, over = ask(town, "Corner shop", serum="10"), ask(town, "Van", "critical", serum="10")
    needing.close(town, over, CloseIn(why="met"))
    town.clock.ms += 3 * DAY_MS
    ask(town, "Gym", serum="4")
    assert [(row["to_name"], row["qty"], row["status"]) for row in planning.rows(town)] == [
        ("Gym", "4", "open"),
        ("Corner shop", "6", "stale"),
    ]
    assert needing.find(town, old) == old


def test_nothing_needed_and_nothing_there(town):
    pytest.importorskip("ortools")
    assert planned(town) == []
    ask(town, serum="5")
    assert planned(town) == []
    stock_up(town, "Depot", "Lime", "5")
    assert planned(town) == []


@pytest.mark.parametrize("seed", range(40))
def test_no_other_plan_is_better(seed):
    """Against all ways of sharing out by hand: first as much as can be of the highest rank, then the least distance."""
    pytest.importorskip("ortools")
    rng = random.Random(seed)
    spares = [rng.randrange(1, 4) * 500 for _ in range(2)]
    wants = [(rng.randrange(1, 4) * 500, rng.randrange(1, 7)) for _ in range(2)]
    km = [[rng.choice([None, rng.uniform(0, 20_000)]) for _ in wants] for _ in spares]
    steps = planning.solve(spares, wants, km)
    flows = {(step.spare, step.want): step.qty for step in steps}
    assert _worth(flows, spares, wants, km) == max(
        _worth(dict(zip(product(range(2), range(2)), qtys, strict=True)), spares, wants, km)
        for qtys in product(range(0, 2000, 500), repeat=4)
        if _fits(dict(zip(product(range(2), range(2)), qtys, strict=True)), spares, wants)
    ), seed
    assert _fits(flows, spares, wants)


def _fits(flows, spares, wants):
    sent = [sum(qty for (i, _), qty in flows.items() if i == at) for at in range(len(spares))]
    came = [sum(qty for (_, j), qty in flows.items() if j == at) for at in range(len(wants))]
    wanted = [qty for qty, _ in wants]
    return all(map(int.__le__, sent, spares)) and all(map(int.__le__, came, wanted))


def _worth(flows, spares, wants, km):
    """By rank, the highest first, what is met; then the less distance the better."""
    met = [sum(qty for (_, j), qty in flows.items() if wants[j][1] == rank) for rank in range(6, 0, -1)]
    far = sum(qty * (planning.FARTHEST_KM if km[i][j] is None else round(km[i][j])) for (i, j), qty in flows.items())
    return *met, -far


def test_a_node_without_the_solver_says_what_to_install(town, monkeypatch):
    monkeypatch.setattr(planning, "is_there", lambda: False)
    with pytest.raises(Exception, match=r"\.\[plan\]"):
        planning.rows(town)


# on the command line


@pytest.fixture
def line(tmp_path):
    """A node with a gym that needs serum and a shop that has some."""
    made = Line(tmp_path / "node")
    made("init", "--team", "Canal Street")
    made("item", "add", "Serum", "--unit", "vial")
    made("place", "add", "Gym", "--kind", "site", "--at", "29.95,-90.07")
    made("place", "add", "Shop", "--kind", "hub", "--at", "29.95,-90.08")
    made("receive", "Shop", "serum=30")
    return made


def test_a_need_is_filled_from_the_command_line(line):
    need = line.json("need", "add", "Gym", "serum=12", "--urgency", "urgent")["entry"]
    (row,) = line.json("nearby", "--need", need[:12])
    assert (row["place_name"], row["left"], row["qty"]) == ("Shop", "12", "30")
    line("pledge", "Shop", "serum=5", "--need", need)
    line("pledge", "Shop", "serum=3")
    assert [bool(row["need"]) for row in line.json("pledges")].count(True) == 1
    assert len(line.json("pledges", "--offers")) == 1
    (row,) = line.json("nearby", "--need", need, "--within", "5")
    assert (row["left"], row["qty"], row["pledged"], row["offered"]) == ("7", "25", "5", "3")
    assert "Shop" in line("nearby", "--need", need).stdout and "anyone" in line("pledges").stdout


def test_a_plan_from_the_command_line(line):
    pytest.importorskip("ortools")
    line("need", "add", "Gym", "serum=12", "--urgency", "urgent")
    (row,) = line.json("plan")
    assert (row["from_name"], row["to_name"], row["qty"], row["distance_km"]) == ("Shop", "Gym", "12", 1.0)
    assert "urgent" in line("plan").stdout


@pytest.mark.parametrize(
    "words", [(), ("serum",), ("--at", "1,2"), ("serum", "--need", "abcdef12"), ("--need", "abcdef12", "--at", "1,2")]
)
def test_half_a_question_is_told_what_is_missing(line, words):
    assert "Name" in line("nearby", *words, code=2).stderr
