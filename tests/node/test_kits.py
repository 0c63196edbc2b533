"""Kits and repacks: how many a place can build and what is short, and what becomes of stock, lots, expiry and worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import accounts, events, kits, loads, merging, queries, recipes, record, repacking
from node.events import Item
from node.kits import buildable, plan
from node.requests import (
    ItemIn,
    KitLineIn,
    LineIn,
    LossIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    RepackIn,
    RepackOutIn,
    SameAsIn,
    VoidIn,
)
from sync.errors import Conflict, Malformed, NotFound, OutOfRange
from tests.fakes import memory_node

DAY = 86_400_000
ONE = 1000


def item(node, name, kit=None, unit="piece", **more):
    parts = None if kit is None else [KitLineIn(item=part, qty=qty) for part, qty in kit.items()]
    return record.add_item(node, ItemIn(name=name, unit=unit, kit=parts, **more))[0]


@pytest.fixture
def node():
    """A depot with ten mats, nine cups and two wash kits; a wash kit is 2 cups, a family kit 3 mats and 2 wash kits."""
    node = memory_node()
    record.add_place(node, PlaceIn(name="Depot", kind="warehouse"))
    item(node, "Mat")
    item(node, "Cup")
    item(node, "Soap")
    item(node, "Wash kit", {"Cup": "2"}, "kit")
    item(node, "Family kit", {"Mat": "3", "Wash kit": "2"}, "kit")
    receive(node, Mat="10", Cup="9", **{"Wash kit": "2"})
    return node


def receive(node, **qtys):
    lines = [ReceiptLineIn(item=name, qty=qty) for name, qty in qtys.items()]
    return record.receive(node, ReceiptIn(place="Depot", lines=lines))


def on_hand(node):
    return {row["item_name"]: row["qty"] for row in queries.stock(node, "Depot") if row["qty"] != "0"}


# how many


def test_a_place_builds_from_kits_on_the_shelf_first_and_then_from_parts(node):
    told = kits.check(node, "Depot", "Family kit")
    assert (told["buildable"], told["on_hand"], told["wanted"]) == ("3", "0", "4")
    assert [(part["item_name"], part["needed"], part["short"]) for part in told["short"]] == [
        ("Mat", "12", "2"),
        ("Cup", "12", "3"),
    ]
    parts = {part["item_name"]: part for part in told["parts"]}
    assert (parts["Wash kit"]["on_hand"], parts["Wash kit"]["built"], parts["Wash kit"]["short"]) == ("2", "6", "0")


def test_what_is_asked_for_says_what_it_lacks(node):
    told = kits.check(node, "Depot", "Family kit", "10")
    assert {part["item_name"]: part["short"] for part in told["short"]} == {"Mat": "20", "Cup": "27"}
    assert kits.check(node, "Depot", "Family kit", "2")["short"] == []


def test_kits_that_are_there_are_not_taken_for_their_own_parts(node):
    receive(node, **{"Family kit": "5"})
    told = kits.check(node, "Depot", "Family kit")
    assert (told["buildable"], told["on_hand"]) == ("3", "5")


def test_what_has_expired_is_no_part_for_anything(node):
    line = ReceiptLineIn(item="Mat", qty="90", expiry="2020-01-01")
    record.receive(node, ReceiptIn(place="Depot", lines=[line]))
    assert kits.check(node, "Depot", "Family kit")["buildable"] == "3"


def test_parts_that_two_recipes_share_are_not_counted_twice():
    known = {"box": [("cup", 2 * ONE), ("set", ONE)], "set": [("cup", 3 * ONE)]}
    assert buildable(known, "box", {"cup": 14 * ONE}) == 2
    assert buildable(known, "box", {"cup": 15 * ONE}) == 3
    assert buildable(known, "box", {"cup": 4 * ONE, "set": 2 * ONE}) == 2


def test_parts_of_a_unit_are_exact():
    known = {"meal": [("rice", 333)]}
    assert buildable(known, "meal", {"rice": 999}) == 3
    assert buildable(known, "meal", {"rice": 998}) == 2
    assert plan(known, "meal", 3 * ONE, {"rice": 998}).short == {"rice": 1}


def test_half_a_kit_in_a_kit_is_built_whole_and_the_rest_is_left():
    found = plan({"big": [("set", 500)], "set": [("cup", ONE)]}, "big", 3 * ONE, {"cup": 5 * ONE})
    assert (found.built, found.left, found.taken) == ({"set": 2 * ONE}, {"set": 500}, {"cup": 2 * ONE})


names = st.sampled_from("abcdef")
books = st.dictionaries(names, st.lists(st.tuples(names, st.integers(1, 3000)), max_size=3), max_size=6)
shelves = st.dictionaries(names, st.integers(-5000, 50_000))


@given(books, shelves)
def test_one_more_than_can_be_built_is_short_of_something_whatever_the_recipes_say(known, held):
    known = known | {"a": known.get("a") or [("b", ONE)]}
    most = buildable(known, "a", held)
    assert not plan(known, "a", most * ONE, held).short
    found = plan(known, "a", (most + 1) * ONE, held)
    assert found.short
    for item in found.needed:
        assert found.taken.get(item, 0) <= max(0, held.get(item, 0))


# circles


def test_a_recipe_that_leads_back_to_its_kit_is_refused_with_the_way_it_does(node):
    with pytest.raises(Conflict) as caught:
        item(node, "Wash kit", {"Cup": "2", "Family kit": "1"}, "kit")
    assert "Wash kit (kit) holds Family kit (kit) holds Wash kit (kit)" in caught.value.what
    with pytest.raises(Conflict):
        item(node, "Wash kit", {"Wash kit": "1"}, "kit")
    assert recipes.recipes(node, [kits.kits(node)[1]["kit"]])


def test_a_circle_that_came_from_elsewhere_is_lived_with(node):
    wash, family = (queries.items(node, name)[0]["item"] for name in ("Wash kit", "Family kit"))
    node.log.append(events.encode(Item(wash, kit=[(family, ONE)])))
    told = kits.check(node, "Depot", "Family kit", "1")
    assert {part["item_name"]: part["short"] for part in told["parts"]} == {"Mat": "0", "Wash kit": "0"}
    told = kits.check(node, "Depot", "Family kit", "2")
    assert {part["item_name"]: part["short"] for part in told["short"]} == {"Family kit": "2"}


def test_a_thousand_kits_in_kits_end_somewhere(node):
    for n in range(1000):
        node.log.append(events.encode(Item(f"k{n}", name=f"k{n}", kit=[(f"k{n + 1}", ONE)])))
    assert kits.check(node, "Depot", "k0")["buildable"] == "0"


def test_what_somebody_wrote_of_less_than_nothing_says_nothing(node):
    node.log.append(events.encode(Item("odd", name="Odd", kit=[("x", -5), ("y", 0)])))
    with pytest.raises(NotFound):
        kits.check(node, "Depot", "Odd")
    assert "Odd" not in [kit["kit_name"] for kit in kits.kits(node)]


def test_a_recipe_is_changed_and_taken_back(node):
    item(node, "Wash kit", {"Cup": "3"}, "kit")
    assert kits.kits(node)[1]["parts"][0]["qty"] == "3"
    item(node, "Wash kit", {}, "kit")
    assert [kit["kit_name"] for kit in kits.kits(node)] == ["Family kit"]


def test_a_recipe_said_again_writes_nothing(node):
    before = node.log.counts()[0]
    item(node, "Wash kit", {"Cup": "2"}, "kit", weight=None)
    assert node.log.counts()[0] == before


@pytest.mark.parametrize(
    ("kind", "field", "kit"),
    [
        (NotFound, "kit.0.item", {"Mug": "1"}),
        (OutOfRange, "kit.0.qty", {"Cup": "0"}),
        (Malformed, "kit.0.qty", {"Cup": "x"}),
    ],
)
def test_a_recipe_that_cannot_be_says_where(node, kind, field, kit):
    with pytest.raises(kind) as caught:
        item(node, "Wash kit", kit, "kit")
    assert list(caught.value.fields) == [field]


# building and breaking up


def test_building_takes_kits_first_then_parts_and_the_books_still_balance(node):
    repacking.assemble(node, "Depot", LineIn(item="Family kit", qty="3"))
    assert on_hand(node) == {"Mat": "1", "Cup": "1", "Family kit": "3"}
    assert accounts.balance(node)["balanced"]


def test_building_more_than_the_books_hold_is_recorded_and_told(node):
    done = repacking.assemble(node, "Depot", LineIn(item="Wash kit", qty="10"))
    assert on_hand(node) == {"Mat": "10", "Cup": "-11", "Wash kit": "12"}
    assert "short by 11 Cup." in done.notices[0] and "-11 Cup" in done.notices[1]


def test_breaking_up_gives_the_parts_of_one_level(node):
    repacking.assemble(node, "Depot", LineIn(item="Family kit", qty="3"))
    repacking.break_up(node, "Depot", LineIn(item="Family kit", qty="2"))
    assert on_hand(node) == {"Mat": "7", "Cup": "1", "Wash kit": "4", "Family kit": "1"}


def test_a_build_is_undone(node):
    before = on_hand(node)
    done = repacking.assemble(node, "Depot", LineIn(item="Family kit", qty="3"))
    record.void(node, done.entry, VoidIn(why="not yet"))
    assert on_hand(node) == before


@pytest.mark.parametrize(
    ("kind", "kit", "qty"), [(NotFound, "Mat", "1"), (OutOfRange, "Family kit", "1.5"), (OutOfRange, "Family kit", "0")]
)
def test_what_is_no_number_of_kits_is_refused(node, kind, kit, qty):
    before = node.log.counts()[0]
    with pytest.raises(kind):
        repacking.assemble(node, "Depot", LineIn(item=kit, qty=qty))
    assert node.log.counts()[0] == before


# lots of what is made


def lots(node, name):
    return {row["lot"]: (row["qty"], row["expiry"]) for row in queries.stock(node, "Depot", name, lots=True)}


def known_of(node, name):
    sql = "SELECT l.expiry, l.fund, l.value, l.currency FROM lot l JOIN item i ON i.id = l.item WHERE i.name = ?"
    return node.db.connection().execute(sql, (name,)).fetchall()


def test_a_kit_expires_with_the_first_of_its_parts(node):
    for expiry in ("2028-05-31", "2027-03-31"):
        record.receive(node, ReceiptIn(place="Depot", lines=[ReceiptLineIn(item="Soap", qty="5", expiry=expiry)]))
    item(node, "Hygiene kit", {"Soap": "3", "Mat": "1"}, "kit")
    repacking.assemble(node, "Depot", LineIn(item="Hygiene kit", qty="2"))
    assert [expiry for _, expiry in lots(node, "Hygiene kit").values()] == ["2027-03-31"]
    assert list(lots(node, "Soap").values()) == [("4", "2028-05-31")]


def test_parts_that_expire_take_the_date_back_out_of_a_kit(node):
    test_a_kit_expires_with_the_first_of_its_parts(node)
    repacking.break_up(node, "Depot", LineIn(item="Hygiene kit", qty="1"))
    assert ("3", "2027-03-31") in lots(node, "Soap").values()
    assert lots(node, "Mat") == {"": ("9", None)}


def test_fund_and_worth_go_into_what_is_made_and_are_never_rounded(node):
    line = ReceiptLineIn(item="Soap", qty="9", fund="ECHO", value="0.5", currency="EUR")
    record.receive(node, ReceiptIn(place="Depot", lines=[line]))
    for made in ("4", "3"):
        body = RepackIn(place="Depot", used=[LineIn(item="Soap", qty="4")], made=[RepackOutIn(item="Cup", qty=made)])
        repacking.repack(node, body)
    assert sorted(known_of(node, "Cup")) == [("", "ECHO", "", ""), ("", "ECHO", "0.5", "EUR")]


def test_who_names_lots_has_the_last_word(node):
    used = [LineIn(item="Mat", qty="4", lot="M1")]
    made = [RepackOutIn(item="Cup", qty="2", lot="C7", expiry="2029-01-31"), RepackOutIn(item="Mat", qty="2", lot="M2")]
    repacking.repack(node, RepackIn(place="Depot", used=used, made=made))
    assert lots(node, "Cup") == {"": ("9", None), "C7": ("2", "2029-01-31")}
    assert lots(node, "Mat") == {"": ("10", None), "M1": ("-4", None), "M2": ("2", None)}


@pytest.mark.parametrize(
    ("field", "used", "made"),
    [
        ("in", [], [RepackOutIn(item="Mat", qty="1")]),
        ("out", [LineIn(item="Mat", qty="1")], []),
        ("in.0.item", [LineIn(item="Mug", qty="1")], [RepackOutIn(item="Mat", qty="1")]),
        ("out.0.qty", [LineIn(item="Mat", qty="1")], [RepackOutIn(item="Mat", qty="none")]),
        ("out.0.expiry", [LineIn(item="Mat", qty="1")], [RepackOutIn(item="Mat", qty="1", expiry="soon")]),
    ],
)
def test_a_repack_that_cannot_be_read_names_the_field(node, field, used, made):
    before = node.log.counts()[0]
    with pytest.raises((Malformed, NotFound, OutOfRange)) as caught:
        repacking.repack(node, RepackIn(place="Depot", used=used, made=made))
    assert list(caught.value.fields) == [field]
    assert node.log.counts()[0] == before


# what one weighs


def test_weight_and_volume_are_known_of_one_unit(node):
    water = item(node, "Water", unit="litre", weight=1000, volume=1000)
    told = {"kit": [], "weight": 1000, "volume": 1000, "value": None, "currency": None}
    assert recipes.details(node, [water])[water] == told
    with pytest.raises(OutOfRange):
        item(node, "Water", unit="litre", weight=-1)


def test_a_pack_may_be_said_in_other_packs(node):
    item(node, "Water", unit="litre", packs={"pallet": "40case", "case": "12"})
    assert queries.items(node, "Water")[0]["packs"] == {"case": "12", "pallet": "480"}
    item(node, "Water", unit="litre", packs={"truck": "20 pallets"})
    receive(node, Water="1truck+1case")
    assert on_hand(node)["Water"] == "9612"
    record.lose(node, LossIn(place="Depot", lines=[LineIn(item="Water", qty="1pallet")], reason="stolen"))
    assert on_hand(node)["Water"] == "9132"


def test_a_kit_weighs_what_is_in_it_where_nobody_says_otherwise(node):
    cup, mat = item(node, "Cup", weight=80, volume=300), item(node, "Mat", weight=860)
    wash = item(node, "Wash kit", {"Cup": "2.5"}, "kit")
    family = next(kit["kit"] for kit in kits.kits(node) if kit["kit_name"] == "Family kit")
    known = loads.measures(node, [family, wash, cup, mat])
    assert known == {family: (2980, None), wash: (200, 750), cup: (80, 300), mat: (860, None)}
    assert loads.load(known, {family: 2000, wash: 1000}) == {"kg": "6.16", "m3": "0.00075", "whole": False}
    item(node, "Wash kit", unit="kit", weight=300)
    assert loads.measures(node, [family])[family] == (3180, None)


def test_a_circle_of_kits_weighs_nothing_that_is_known(node):
    node.log.append(events.encode(Item("a", name="A", kit=[("b", ONE)])))
    node.log.append(events.encode(Item("b", name="B", kit=[("a", ONE)])))
    assert loads.measures(node, ["a", "b"]) == {"a": (None, None), "b": (None, None)}


def test_parts_that_our_books_call_one_are_one_in_a_recipe(node):
    mug = item(node, "Mug")
    receive(node, Mug="4")
    cup = next(row["item"] for row in queries.items(node) if row["name"] == "Cup")
    merging.same(node, SameAsIn(kind="item", id=cup, same=mug))
    told = kits.check(node, "Depot", "Wash kit")
    assert (told["buildable"], told["parts"][0]["item_name"]) == ("6", "Mug")
    repacking.assemble(node, "Depot", LineIn(item="Wash kit", qty="6"))
    assert on_hand(node) == {"Mat": "10", "Mug": "1", "Wash kit": "8"}
    assert accounts.balance(node)["balanced"]
