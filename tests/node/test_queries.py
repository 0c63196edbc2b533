"""What people ask for: stock with the age of its news, who is near, the log in words, and books that balance."""

import json

import pytest
from msgspec import Raw

from node import accounts, queries, record, telling
from node.events import (
    Arrival,
    ArrivalLine,
    Dispatch,
    Keep,
    Line,
    Need,
    Pledge,
    ReceiptLine,
    Redaction,
    Renewal,
    Repack,
    SameAs,
    Void,
    encode,
)
from node.requests import CountIn, DistributionIn, ItemIn, LineIn, LossIn, PlaceIn, ReceiptIn, ReceiptLineIn, VoidIn
from node.units import format_time
from sync.errors import NotFound
from tests.fakes import START_MS, MemoryNode, memory_node, tell

MINUTE, HOUR = 60_000, 3_600_000
STOCK_FIELDS = ["place", "place_name", "team", "item", "item_name", "unit", "qty", "lot", "expiry", "as_of", "heard"]
NEARBY_FIELDS = ["place", "place_name", "team", "distance_km", "qty", "unit", "as_of", "heard"]
LOG_FIELDS = ["entry", "type", "team", "at", "recorded", "summary", "void"]


@pytest.fixture
def node() -> MemoryNode:
    """A node whose team has a warehouse in New Orleans and a gym in Slidell."""
    return named(memory_node(), "Alpha", ("Depot", "29.95", "-90.07"), ("Gym", "30.28", "-89.78"))


def named(node: MemoryNode, team: str, *places: tuple[str, str, str]) -> MemoryNode:
    record.name_team(node, team)
    record.add_item(node, ItemIn(name="Blanket", unit="piece"))
    record.add_item(node, ItemIn(name="Rice", unit="kg"))
    for name, lat, lon in places:
        record.add_place(node, PlaceIn(name=name, kind="hub", lat=lat, lon=lon))
    return node


def receive(node: MemoryNode, place: str, qty: str, item: str = "blanket", **known: str) -> str:
    node.now += MINUTE
    line = ReceiptLineIn(item=item, qty=qty, **known)
    return record.receive(node, ReceiptIn(place=place, lines=[line], source="Red Cross")).entry


def drop(node: MemoryNode, place: str, *lines: tuple[str, str], **more: object) -> str:
    node.now += MINUTE
    bodies = [LineIn(item=item, qty=qty) for item, qty in lines]
    return record.distribute(node, DistributionIn(place=place, lines=bodies, **more)).entry


def count(node: MemoryNode, place: str, qty: str) -> str:
    node.now += MINUTE
    return record.count(node, CountIn(place=place, lines=[LineIn(item="blanket", qty=qty)])).entry


# stock


def test_stock_has_the_fields_that_programs_rely_on(node):
    receive(node, "Depot", "2.5", expiry="2027-01-01")
    (row,) = queries.stock(node)
    assert list(row)[: len(STOCK_FIELDS)] == STOCK_FIELDS
    assert json.loads(json.dumps(row)) == row
    assert (row["place_name"], row["team"], row["item_name"], row["unit"]) == ("Depot", "Alpha", "Blanket", "piece")
    assert (row["qty"], row["lot"], row["expiry"]) == ("2.5", None, "2027-01-01")


def test_stock_is_told_over_all_lots_or_lot_by_lot(node):
    receive(node, "Depot", "3", lot="b", expiry="2028-01-01")
    receive(node, "Depot", "2", lot="a", expiry="2027-01-01")
    receive(node, "Depot", "1")
    (whole,) = queries.stock(node)
    assert (whole["qty"], whole["expiry"]) == ("6", "2027-01-01")
    lots = [(row["lot"], row["qty"], row["expiry"]) for row in queries.stock(node, lots=True)]
    assert lots == [("a", "2", "2027-01-01"), ("b", "3", "2028-01-01"), ("", "1", None)]


def test_a_lot_that_is_used_up_is_left_out_and_so_is_its_expiry(node):
    receive(node, "Depot", "2", lot="a", expiry="2027-01-01")
    receive(node, "Depot", "3", lot="b", expiry="2028-01-01")
    drop(node, "Depot", ("blanket", "2"))
    assert [row["lot"] for row in queries.stock(node, lots=True)] == ["b"]
    assert queries.stock(node)[0]["expiry"] == "2028-01-01"


@pytest.mark.parametrize("lots", [False, True])
def test_a_zero_is_shown_once_something_was_there_or_counted(node, lots):
    receive(node, "Depot", "2", lot="a")
    drop(node, "Depot", ("blanket", "2"))
    count(node, "Gym", "0")
    assert [(row["place_name"], row["qty"]) for row in queries.stock(node, lots=lots)] == [("Depot", "0"), ("Gym", "0")]


def test_what_was_undone_altogether_is_not_shown(node):
    entry = receive(node, "Depot", "2")
    record.void(node, entry, VoidIn(why="slip"))
    assert queries.stock(node) == []


def test_stock_can_be_asked_by_place_and_by_item(node):
    receive(node, "Depot", "1")
    receive(node, "Depot", "2", item="rice")
    receive(node, "Gym", "3")
    assert [row["qty"] for row in queries.stock(node, place="depot")] == ["1", "2"]
    assert [row["qty"] for row in queries.stock(node, item="BLANKET")] == ["1", "3"]
    assert [row["qty"] for row in queries.stock(node, place="gym", item="blanket")] == ["3"]
    assert queries.stock(node, place="gym", item="rice") == []
    with pytest.raises(NotFound):
        queries.stock(node, place="nowhere")


def test_stock_tells_when_it_was_last_seen_and_counted(node):
    count(node, "Depot", "5")
    counted = node.now
    drop(node, "Depot", ("blanket", "1"))
    seen = node.now
    receive(node, "Gym", "1")
    row, other = queries.stock(node)
    assert (row["counted"], row["as_of"]) == (format_time(counted), format_time(seen))
    assert other["counted"] is None


def test_an_undone_drop_is_no_news(node):
    receive(node, "Depot", "5")
    seen = node.now
    entry = drop(node, "Depot", ("blanket", "1"))
    record.void(node, entry, VoidIn(why="slip"))
    assert queries.stock(node)[0]["as_of"] == format_time(seen)


def test_stock_tells_when_the_team_that_holds_it_was_last_heard(node):
    other = named(memory_node("other"), "Beta", ("Hall", "29.9", "-90.1"))
    other.now = START_MS - 5 * HOUR
    receive(other, "Hall", "4")
    other.now = START_MS - 3 * HOUR
    drop(other, "Hall", ("blanket", "1"))
    tell(other, node)
    node.now += 48 * HOUR
    (row,) = queries.stock(node, place="Hall")
    assert (row["team"], row["qty"]) == ("Beta", "3")
    assert row["heard"] == format_time(node.log.heard()[other.keys.node])


def test_what_no_one_has_named_yet_is_shown_by_its_id(node):
    node.now += MINUTE
    node.log.append(b'{"type":"receipt","at":1,"place":"nowhere","lines":[{"item":"nothing","qty":5000}]}')
    (row,) = queries.stock(node)
    assert (row["place"], row["place_name"], row["item_name"], row["unit"]) == ("nowhere", "nowhere", "nothing", "")
    assert (row["team"], row["heard"]) == ("", None)
    assert queries.log(node)[0]["summary"] == "5 nothing at nowhere"


def test_a_time_that_no_calendar_holds_is_shown_as_the_end_of_ours(node):
    payload = b'{"type":"receipt","at":%d,"place":"x","lines":[{"item":"y","qty":1}]}'
    node.log.append(payload % (2**63 - 1))
    assert queries.stock(node)[0]["as_of"] == "9999-12-31T23:59:59Z"


# nearby


def test_who_has_it_is_told_nearest_first(node):
    receive(node, "Depot", "10")
    receive(node, "Gym", "4")
    rows = queries.nearby(node, "blanket", 30_280_000, -89_780_000)
    assert [(row["place_name"], row["distance_km"], row["qty"]) for row in rows] == [
        ("Gym", 0.0, "4"),
        ("Depot", 46.1, "10"),
    ]
    assert list(rows[0])[: len(NEARBY_FIELDS)] == NEARBY_FIELDS


def test_who_has_none_or_is_too_far_is_left_out_and_who_is_nobody_knows_where_comes_last(node):
    record.add_place(node, PlaceIn(name="Truck", kind="vehicle"))
    for place in ("Depot", "Gym", "Truck"):
        receive(node, place, "4")
    drop(node, "Gym", ("blanket", "4"))
    rows = queries.nearby(node, "blanket", 30_280_000, -89_780_000)
    assert [(row["place_name"], row["distance_km"]) for row in rows] == [("Depot", 46.1), ("Truck", None)]
    assert queries.nearby(node, "blanket", 30_280_000, -89_780_000, within_km=46) == []
    assert queries.nearby(node, "blanket", 30_280_000, -89_780_000, within_km=46.2)


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        ((52_520_000, 13_405_000), (48_856_600, 2_352_200), 877.5),  # Berlin, Paris
        ((0, 179_900_000), (0, -179_900_000), 22.2),  # over the date line
        ((90_000_000, 0), (-90_000_000, 0), 20015.1),
    ],
)
def test_distances_are_those_of_a_great_circle(a, b, km):
    assert queries.distance_km(*a, *b) == pytest.approx(km, abs=0.1)


# the log


def test_entries_are_told_in_words(node):
    receive(node, "Depot", "30")
    receive(node, "Depot", "9", item="rice")
    drop(node, "Depot", ("blanket", "24"), ("rice", "2.5"), people=40, households=9, site="Gym")
    node.now += MINUTE
    record.lose(node, LossIn(place="Depot", lines=[LineIn(item="rice", qty="1")], reason="spoiled"))
    count(node, "Depot", "5")
    assert [row["summary"] for row in queries.log(node, limit=5)] == [
        "5 Blanket at Depot",
        "1 Rice at Depot, spoiled",
        "24 Blanket, 2.5 Rice at Depot, handed out at Gym, 40 people, 9 households",
        "9 Rice at Depot, from Red Cross",
        "30 (1 bale) Blanket at Depot, from Red Cross",
    ]


def test_names_are_told_in_words_too(node):
    assert sorted(row["summary"] for row in queries.log(node)) == [
        "Item Blanket in piece",
        "Item Rice in kg",
        "Place Depot (hub)",
        "Place Gym (hub)",
        "The team calls itself Alpha",
    ]


def test_every_other_fact_has_its_words(node):
    (blanket,), (rice,) = (
        node.db.execute_sql("SELECT id FROM item WHERE name = ?", (name,)).fetchone() for name in ("Blanket", "Rice")
    )
    (depot,), (gym,) = (
        node.db.execute_sql("SELECT id FROM place WHERE name = ?", (name,)).fetchone() for name in ("Depot", "Gym")
    )
    of, lines = "ab" * 32, [Line(blanket, 24_000), Line(rice, 2_500)]
    facts = [
        Dispatch(1, depot, gym, lines, waybill="WB-7"),
        Arrival(1, gym, of, [ArrivalLine(blanket, 20_000, "", 3000, 1000)]),
        Arrival(1, gym, of, [ArrivalLine(blanket, 20_000)]),
        Repack(1, gym, [Line(blanket, 2000)], [ReceiptLine(rice, 1000)]),
        Need(1, gym, lines, people=40, urgency="critical"),
        Pledge(1, depot, [Line(rice, 1000)], 9),
        Renewal(1, of, closed=True),
        Renewal(1, of, until=START_MS),
        SameAs(1, "item", blanket, rice),
        Keep(gym, rice, minimum=5000, shelf="B2"),
        Keep(gym, rice, minimum=0),
        Redaction(1, of, Raw(b"{}"), "a name"),
    ]
    words = telling.Words(node, [blanket, rice])
    assert {id for fact in facts for id in telling.items_of(fact)} == {blanket, rice}
    assert [telling.summary(words, fact) for fact in facts] == [
        "24 Blanket, 2.5 Rice sent from Depot to Gym, waybill WB-7",
        "20 Blanket came in at Gym, 3 Blanket damaged, 1 Blanket missing",
        "20 Blanket came in at Gym",
        "2 Blanket became 1 Rice at Gym",
        "24 Blanket, 2.5 Rice needed at Gym, critical, 40 people",
        "1 Rice promised from Depot",
        "Need abababab is closed",
        f"Need abababab is still there until {format_time(START_MS)}",
        "Blanket is the same item as Rice",
        "Keep at least 5 Rice on shelf B2 at Gym",
        "Keep at least 0 Rice at Gym",
        "Took the words out of: abababab — a name",
    ]


def test_the_type_of_an_entry_is_the_one_in_its_payload(node):
    node.now += MINUTE
    node.log.append(encode(SameAs(1, "item", "a", "b")))
    assert queries.log(node, limit=1)[0]["type"] == "same-as"


def test_a_long_entry_is_told_shortly(node):
    for name in ("Mat", "Net", "Rope"):
        record.add_item(node, ItemIn(name=name, unit="piece"))
    drop(node, "Depot", *[(name, "1") for name in ("mat", "net", "rope", "blanket", "rice")])
    assert queries.log(node)[0]["summary"] == "1 Mat, 1 Net, 1 Rope, 2 more at Depot"


def test_an_undone_entry_says_by_what_and_why(node):
    entry = receive(node, "Depot", "30")
    node.now += MINUTE
    undo = record.void(node, entry, VoidIn(why="wrong truck")).entry
    newest, row = queries.log(node, limit=2)
    assert newest["void"] is None
    assert newest["summary"] == "Undid: 30 (1 bale) Blanket received at Depot, from Red Cross — wrong truck"
    assert row["void"] == {"entry": undo, "why": "wrong truck", "instead": None}
    assert list(row)[: len(LOG_FIELDS)] == LOG_FIELDS


def test_what_was_said_of_the_catalogue_can_be_undone_but_an_undo_can_not(node):
    target = queries.log(node)[0]["entry"]
    undo = node.log.append(encode(Void(target, "no", 1)))
    node.log.append(encode(Void(undo.id.hex(), "yes", 1)))
    told = {row["entry"]: row["void"] for row in queries.log(node)}
    assert [bool(void) for void in told.values()].count(True) == 1
    assert told[target]["why"] == "no"


def test_the_log_can_be_read_page_by_page(node):
    for n in range(1, 6):
        receive(node, "Depot", str(n))
    whole = [row["entry"] for row in queries.log(node)]
    pages, before = [], None
    while page := queries.log(node, limit=3, before=before):
        pages += [row["entry"] for row in page]
        before = page[-1]["entry"]
    assert pages == whole
    with pytest.raises(NotFound):
        queries.log(node, before="00" * 32)


def test_own_entries_can_be_read_alone(node):
    other = named(memory_node("other"), "Beta", ("Hall", "29.9", "-90.1"))
    receive(other, "Hall", "4")
    tell(other, node)
    assert {row["team"] for row in queries.log(node)} == {"Alpha", "Beta"}
    assert {row["team"] for row in queries.log(node, own=True)} == {"Alpha"}
    assert {row["mine"] for row in queries.log(node) if row["team"] == "Beta"} == {False}


def test_a_single_entry_is_told_like_in_the_log(node):
    receive(node, "Depot", "30")
    found = record.find_entry(node, queries.log(node)[0]["entry"])
    assert queries.entry(node, found) == queries.log(node)[0]


# the catalogue


def test_items_are_listed_by_name_and_page_by_page(node):
    record.add_item(node, ItemIn(name="awl", unit="piece", codes={"IFRC": "A1"}, packs={"box": "12"}))
    rows = queries.items(node)
    assert [row["name"] for row in rows] == ["awl", "Blanket", "Rice"]
    assert (rows[0]["codes"], rows[0]["packs"]) == ({"IFRC": "A1"}, {"box": "12"})
    assert queries.items(node, limit=1) == rows[:1]
    assert queries.items(node, after=rows[0]["item"], limit=1) == rows[1:2]
    assert [row["name"] for row in queries.items(node, like="ric")] == ["Rice"]


def test_places_are_listed_with_their_spot_and_team(node):
    record.add_place(node, PlaceIn(name="Truck", kind="vehicle"))
    assert [(row["name"], row["kind"], row["lat"], row["lon"], row["team"]) for row in queries.places(node)] == [
        ("Depot", "hub", "29.95", "-90.07", "Alpha"),
        ("Gym", "hub", "30.28", "-89.78", "Alpha"),
        ("Truck", "vehicle", None, None, "Alpha"),
    ]


def test_two_nodes_with_the_same_news_give_the_same_digest(node):
    other = named(memory_node("other"), "Beta", ("Hall", "29.9", "-90.1"))
    receive(other, "Hall", "4")
    assert queries.digest(node)["stock"] != queries.digest(other)["stock"]
    tell(other, node)
    tell(node, other)
    tell(other, node)
    assert queries.digest(node) == queries.digest(other)


# the books


def busy(node: MemoryNode) -> None:
    receive(node, "Depot", "30", lot="a")
    receive(node, "Depot", "10")
    drop(node, "Depot", ("blanket", "12"), ("rice", "3"))
    record.lose(node, LossIn(place="Depot", lines=[LineIn(item="blanket", qty="2")], reason="damaged"))
    count(node, "Depot", "20")
    record.void(node, receive(node, "Gym", "99"), VoidIn(why="slip"))
    drop(node, "Depot", ("blanket", "1"))


def test_the_books_balance(node):
    busy(node)
    found = accounts.balance(node)
    assert found["balanced"] is True
    blanket, rice = found["items"]
    assert blanket["item_name"] == "Blanket"
    assert [blanket[k] for k in ("received", "distributed", "lost", "unexplained", "on_hand")] == [
        "40",
        "13",
        "2",
        "6",
        "19",
    ]
    assert [rice[k] for k in ("received", "distributed", "on_hand", "balanced")] == ["0", "3", "-3", True]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE stock SET qty = qty + 1000 WHERE lot = 'a'",
        "UPDATE stock SET lot = 'b' WHERE lot = 'a'",
        "DELETE FROM stock",
        "INSERT INTO stock VALUES ('nowhere', 'nothing', '', 1, NULL)",
    ],
)
def test_tables_that_do_not_show_the_history_do_not_balance(node, damage):
    busy(node)
    node.db.execute_sql(damage)
    found = accounts.balance(node)
    assert found["balanced"] is False
    assert any("the history comes to" in problem for problem in found["problems"])


def test_empty_books_balance(node):
    assert accounts.balance(node) == {"items": [], "balanced": True, "problems": []}
