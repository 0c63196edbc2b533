"""Two names for one thing: summed in our own books, a suggestion in others', and taken back with nothing lost."""

import json

import pytest
from click.testing import CliRunner

from node import (
    accounts,
    catalogue,
    correcting,
    keeping,
    merging,
    moving,
    papers,
    queries,
    record,
    sameness,
    undoing,
    waybill,
)
from node.cli import cli
from node.requests import (
    CorrectIn,
    CorrectLineIn,
    CountIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    KeepIn,
    LineIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    SameAsIn,
    VoidIn,
)
from sync.errors import Malformed, NotFound, OutOfRange
from tests.node.test_redacting import copy

SLIP = VoidIn(why="they differ")


@pytest.fixture
def hub(node):
    """The node with 30 of a second kind of blanket, and a second hub."""
    record.add_item(node, ItemIn(name="Wool cover", unit="piece"))
    record.add_place(node, PlaceIn(name="Annex", kind="site", lat="29.8", lon="-90.08"))
    receive(node, "Wool cover", "30")
    return node


def receive(node, item, qty, place="Harvey Hub", **more):
    lines = [ReceiptLineIn(item=item, qty=qty, **more)]
    return record.receive(node, ReceiptIn(place=place, lines=lines)).entry


def drop(node, item, qty, place="Harvey Hub", **more):
    lines = [LineIn(item=item, qty=qty, **more)]
    return record.distribute(node, DistributionIn(place=place, lines=lines))


def same(node, one, other, kind="item"):
    return merging.same(node, SameAsIn(kind=kind, id=one, same=other))


def stock(node, **more):
    return {
        (row["place_name"], row["item_name"]): row["qty"] for row in queries.stock(node, **more) if row["lot"] is None
    }


def raw_stock(node):
    return {row["item_name"]: row["qty"] for row in queries.stock(node, raw=True)}


# the merged view


def test_a_merged_item_is_one_row_with_summed_stock(hub):
    same(hub, "Wool cover", "Blanket")
    assert stock(hub, item="wool cover") == {("Harvey Hub", "Blanket"): "150"}
    assert raw_stock(hub) == {"Blanket": "120", "Wool cover": "30", "Insulin": "40"}
    (near,) = queries.nearby(hub, "wool cover", 29_900_000, -90_080_000)
    assert near["qty"] == "150"
    assert "Wool cover" not in [row["name"] for row in queries.items(hub)]
    assert "Wool cover" in [row["name"] for row in queries.items(hub, raw=True)]
    assert [row.name for row in catalogue.search_items(hub, "wool cover")][0] == "Blanket"


def test_the_log_tells_it_by_one_name_and_the_merge_by_both(hub):
    same(hub, "Wool cover", "Blanket")
    said = [row["summary"] for row in queries.log(hub, 20)]
    assert "Wool cover is the same item as Blanket" in said
    assert "30 (1 bale) Blanket at Harvey Hub" in said
    assert "30 Wool cover at Harvey Hub" in [row["summary"] for row in queries.log(hub, 20, raw=True)]


def test_the_books_balance_merged_and_apart(hub):
    same(hub, "Wool cover", "Blanket")
    drop(hub, "Blanket", "140")
    for raw, names in ((False, {"Blanket", "Insulin"}), (True, {"Blanket", "Insulin", "Wool cover"})):
        for by in (None, "place", "team"):
            found = accounts.balance(hub, by, raw)
            assert found["balanced"]
            assert {row["item_name"] for row in found["items"]} == names
    (row,) = [row for row in accounts.balance(hub)["items"] if row["item_name"] == "Blanket"]
    assert (row["received"], row["distributed"], row["on_hand"]) == ("150", "140", "10")


def test_late_news_of_the_old_name_counts_for_the_one(hub, new_node):
    other = new_node("Bayou Wheels")
    copy(hub, other)
    same(hub, "Wool cover", "Blanket")
    receive(other, "Wool cover", "7")
    copy(other, hub)
    assert stock(hub, item="Blanket") == {("Harvey Hub", "Blanket"): "157"}


def test_a_merge_that_is_taken_back_leaves_all_as_it_was(hub):
    before = queries.stock(hub), accounts.balance(hub)
    entry = same(hub, "Wool cover", "Blanket").entry
    undoing.void(hub, entry, SLIP)
    assert (queries.stock(hub), accounts.balance(hub)) == before
    assert merging.rows(hub) == []
    assert catalogue.find_item(hub, "Wool cover").name == "Wool cover"


def test_what_was_recorded_in_between_is_where_it_was_put(hub):
    entry = same(hub, "Wool cover", "Blanket").entry
    receive(hub, "Wool cover", "5")
    undoing.void(hub, entry, SLIP)
    assert raw_stock(hub) == {"Blanket": "125", "Wool cover": "30", "Insulin": "40"}


def test_nodes_that_merge_differently_have_equal_digests(hub, new_node):
    other = new_node("Bayou Wheels")
    copy(hub, other)
    copy(other, hub)
    same(hub, "Wool cover", "Blanket")
    same(other, "Blanket", "Wool cover")
    copy(hub, other)
    copy(other, hub)
    assert hub.fold.digest() == other.fold.digest()
    assert [name for _, name in stock(hub, item="Blanket")] == ["Blanket"]
    assert [name for _, name in stock(other, item="Blanket")] == ["Wool cover"]


def test_a_rebuild_comes_to_the_same(hub):
    same(hub, "Wool cover", "Blanket")
    before = hub.fold.digest(), queries.stock(hub)
    with hub.log.transaction():
        hub.fold.refold(hub.log.folded())
    assert (hub.fold.digest(), queries.stock(hub)) == before


@pytest.mark.parametrize(
    ("pairs", "heads"),
    [
        ([("a", "b"), ("b", "c")], {"a": "c", "b": "c"}),
        ([("b", "c"), ("a", "b")], {"a": "c", "b": "c"}),
        ([("a", "b"), ("b", "a")], {"a": "b"}),
        ([("a", "b"), ("a", "c")], {"a": "c", "b": "c"}),
        ([("a", "b"), ("c", "d"), ("a", "c")], {"a": "d", "b": "d", "c": "d"}),
        ([("a", "a")], {}),
    ],
)
def test_chains_and_rings_have_one_head(pairs, heads):
    found = sameness.join(pairs)
    assert found.heads == heads
    for id, head in heads.items():
        assert set(found.all_of(id)) == set(found.all_of(head)) and found.all_of(id)[0] == head
    assert found.all_of("x") == ["x"]


# recording after a merge


def test_a_drop_takes_what_lies_under_either_name(hub):
    same(hub, "Wool cover", "Blanket")
    done = drop(hub, "wool cover", "140")
    assert done.notices == []
    assert stock(hub, item="Blanket") == {("Harvey Hub", "Blanket"): "10"}
    assert all(not qty.startswith("-") for qty in raw_stock(hub).values())
    assert "-1" in drop(hub, "Blanket", "11").notices[0]


def test_what_expires_first_goes_first_under_whichever_name(hub):
    record.add_item(hub, ItemIn(name="Vials of insulin", unit="vial"))
    receive(hub, "Vials of insulin", "5", expiry="2026-12-01", lot="soon")
    same(hub, "Vials of insulin", "Insulin")
    entry = drop(hub, "Insulin", "7").entry
    lines = hub.log.get(bytes.fromhex(entry)).fact.lines
    assert [line.qty for line in lines] == [5_000, 2_000]
    assert lines[0].lot == "soon" and raw_stock(hub)["Vials of insulin"] == "0"


def test_a_lot_is_found_under_whichever_name_it_lies(hub):
    receive(hub, "Wool cover", "5", lot="W1")
    same(hub, "Wool cover", "Blanket")
    drop(hub, "Blanket", "2", lot="W1")
    assert raw_stock(hub)["Wool cover"] == "33"


def test_a_count_says_how_much_there_is_of_both(hub):
    same(hub, "Wool cover", "Blanket")
    done = record.count(hub, CountIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="149")]))
    assert [(row["expected"], row["counted"]) for row in done.variance] == [("150", "149")]
    assert stock(hub, item="Blanket") == {("Harvey Hub", "Blanket"): "149"}
    assert accounts.balance(hub)["balanced"]


def test_who_counts_one_thing_under_two_names_means_both_together(hub):
    same(hub, "Wool cover", "Blanket")
    lines = [LineIn(item="Blanket", qty="100"), LineIn(item="Wool cover", qty="29")]
    done = record.count(hub, CountIn(place="Harvey Hub", lines=lines))
    assert [(row["expected"], row["counted"]) for row in done.variance] == [("150", "129")]
    assert stock(hub, item="Blanket") == {("Harvey Hub", "Blanket"): "129"}
    with pytest.raises(OutOfRange, match="counted twice"):
        record.count(hub, CountIn(place="Harvey Hub", lines=[lines[0], lines[0]]))


def test_a_count_of_a_lot_finds_it_under_whichever_name(hub):
    receive(hub, "Wool cover", "5", lot="W1")
    same(hub, "Wool cover", "Blanket")
    line = LineIn(item="Blanket", qty="4", lot="W1")
    done = record.count(hub, CountIn(place="Harvey Hub", lines=[line]))
    assert [(row["expected"], row["counted"]) for row in done.variance] == [("5", "4")]
    assert raw_stock(hub)["Wool cover"] == "34"


def test_a_count_of_merged_places_says_how_much_there_is_in_both(hub):
    receive(hub, "Blanket", "8", "Annex")
    same(hub, "Annex", "Harvey Hub", "place")
    done = record.count(hub, CountIn(place="Annex", lines=[LineIn(item="Blanket", qty="127")]))
    assert [(row["expected"], row["counted"]) for row in done.variance] == [("128", "127")]
    assert stock(hub, item="Blanket") == {("Harvey Hub", "Blanket"): "127"}


@pytest.fixture
def counted(hub):
    """Both places are one, with what lies under either id counted: 100 of 128 blankets and 3 of 30 covers are seen."""
    receive(hub, "Blanket", "8", "Annex")
    receive(hub, "Wool cover", "4", "Annex")
    same(hub, "Annex", "Harvey Hub", "place")
    lines = [LineIn(item="Blanket", qty="100"), LineIn(item="Wool cover", qty="3")]
    return record.count(hub, CountIn(place="Annex", lines=lines)).entry


def lying(hub):
    """What lies under either id, by place and item."""
    found = {}
    for row in queries.stock(hub, raw=True):
        found.setdefault(row["place_name"], {})[row["item_name"]] = row["qty"]
    return found


def test_a_count_of_merged_places_is_undone_under_all_of_their_ids(hub, counted):
    assert lying(hub)["Annex"] == {"Blanket": "0", "Wool cover": "0"}
    done = undoing.void(hub, counted, SLIP)
    assert lying(hub) == {
        "Annex": {"Blanket": "8", "Wool cover": "4"},
        "Harvey Hub": {"Blanket": "120", "Insulin": "40", "Wool cover": "30"},
    }
    assert "under its other ids is undone with it" in done.notices[-1]
    assert accounts.balance(hub)["balanced"]


def test_a_count_of_merged_places_is_corrected_under_all_of_their_ids(hub, counted):
    body = CorrectIn(why="slip", lines=[CorrectLineIn(item="Blanket", qty="101")])
    done = correcting.correct(hub, counted, body)
    assert [(row["expected"], row["counted"]) for row in done.variance] == [("128", "101")]
    assert lying(hub)["Annex"] == {"Blanket": "0", "Wool cover": "4"}
    assert lying(hub)["Harvey Hub"] == {"Blanket": "101", "Insulin": "40", "Wool cover": "30"}
    undoing.void(hub, done.entry, SLIP)
    assert lying(hub)["Annex"] == {"Blanket": "8", "Wool cover": "4"}


def test_nothing_but_what_was_written_with_a_count_is_undone_with_it(hub, clock):
    receive(hub, "Blanket", "8", "Annex")
    nought = record.count(hub, CountIn(place="Annex", lines=[LineIn(item="Blanket", qty="0")], at="2026-11-24T09:00Z"))
    body = CountIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="9")], at="2026-11-24T09:00Z")
    seen = record.count(hub, body)
    done = undoing.void(hub, seen.entry, SLIP)
    assert done.notices == []
    assert queries.entry(hub, record.find_entry(hub, nought.entry))["void"] is None


def test_merged_places_are_one(hub):
    receive(hub, "Blanket", "8", "Annex")
    same(hub, "Annex", "Harvey Hub", "place")
    assert stock(hub, place="annex", item="Blanket") == {("Harvey Hub", "Blanket"): "128"}
    assert [row["name"] for row in queries.places(hub)] == ["Harvey Hub"]
    assert [row["place_name"] for row in accounts.balance(hub, "place")["places"]] == ["Harvey Hub"] * 3
    assert accounts.balance(hub, "place")["balanced"]
    assert [row["name"] for row in queries.places(hub, raw=True)] == ["Annex", "Harvey Hub"]


def test_a_dispatch_takes_what_lies_under_either_name(hub):
    same(hub, "Wool cover", "Blanket")
    lines = [LineIn(item="Blanket", qty="150")]
    assert moving.dispatch(hub, DispatchIn(place="Harvey Hub", to="Annex", lines=lines)).notices == []
    assert set(raw_stock(hub).values()) == {"0", "40"}


# what is refused, and what is only said


def test_only_itself_is_refused(hub):
    with pytest.raises(OutOfRange, match="one item already"):
        same(hub, "Blanket", "blanket")
    same(hub, "Wool cover", "Blanket")
    same(hub, "Blanket", "Wool cover")
    assert stock(hub, item="Blanket") == {("Harvey Hub", "Blanket"): "150"}


def test_units_that_differ_are_told(hub):
    before = hub.digest()
    with pytest.raises(OutOfRange, match="piece and vial"):
        same(hub, "Blanket", "Insulin")
    assert hub.digest() == before
    body = SameAsIn(kind="item", id="Blanket", same="Insulin", anyway=True)
    assert "piece and vial" in merging.same(hub, body).notices[0]


def test_the_kind_is_seen_from_the_names(hub):
    assert merging.kind_of(hub, "Blanket", "Wool cover") == "item"
    assert merging.kind_of(hub, "Annex", "Harvey Hub") == "place"
    with pytest.raises(NotFound, match="no place 'Blanket'|no item 'Annex'"):
        merging.kind_of(hub, "Annex", "Blanket")
    record.add_place(hub, PlaceIn(name="Blanket", kind="site"))
    record.add_place(hub, PlaceIn(name="Wool cover", kind="site"))
    with pytest.raises(OutOfRange, match="items and places"):
        merging.kind_of(hub, "Blanket", "Wool cover")


# suggestions


def test_what_others_say_is_a_suggestion_until_we_say_it_too(hub, new_node):
    other = new_node("Bayou Wheels")
    copy(hub, other)
    copy(other, hub)
    same(other, "Wool cover", "Blanket")
    copy(other, hub)
    assert len(stock(hub, item="Blanket")) == 1 and stock(hub, item="Blanket").popitem()[1] == "120"
    (row,) = merging.suggestions(hub)
    assert (row["name"], row["same_name"], row["team"]) == ("Wool cover (piece)", "Blanket (piece)", "Bayou Wheels")
    entry = same(hub, row["id"], row["same"]).entry
    assert merging.suggestions(hub) == []
    assert stock(hub, item="Blanket").popitem()[1] == "150"
    undoing.void(hub, entry, SLIP)
    assert len(merging.suggestions(hub)) == 1


def test_names_that_differ_by_a_slip_are_likely_one(hub):
    for name, unit in (("Blankett", "piece"), ("Blankets", "bale"), ("Boots 41", "pair"), ("Boots 42", "pair")):
        record.add_item(hub, ItemIn(name=name, unit=unit))
        receive(hub, name, "1")
    found = [(row["name"], row["same_name"], row["entry"]) for row in merging.suggestions(hub)]
    assert found == [("Blankett (piece)", "Blanket (piece)", None)]


def test_places_of_one_name_that_lie_together_are_likely_one(hub, new_node):
    other = new_node("Bayou Wheels")
    record.add_place(other, PlaceIn(name="annex", kind="site", lat="29.8001", lon="-90.08"))
    record.add_place(other, PlaceIn(name="Harvey Hub", kind="hub", lat="35", lon="-90"))
    copy(other, hub)
    (row,) = merging.suggestions(hub)
    assert (row["kind"], {row["name"], row["same_name"]}) == ("place", {"annex", "Annex"})


# minimums and shelves


def test_a_minimum_and_a_shelf_are_kept_and_changed(hub):
    keeping.keep(hub, KeepIn(place="Annex", item="Blanket", minimum="2bale"))
    keeping.keep(hub, KeepIn(place="Annex", item="Blanket", shelf="A3"))
    (row,) = keeping.rows(hub, "annex")
    assert (row["item_name"], row["minimum"], row["shelf"]) == ("Blanket", "60", "A3")
    assert keeping.rows(hub, "Harvey Hub") == []
    keeping.keep(hub, KeepIn(place="Annex", item="Blanket", minimum="0", shelf=""))
    assert keeping.rows(hub) == []


def test_a_minimum_that_is_undone_is_the_one_before(hub):
    keeping.keep(hub, KeepIn(place="Annex", item="Blanket", minimum="10"))
    last = keeping.keep(hub, KeepIn(place="Annex", item="Blanket", minimum="20"))
    undoing.void(hub, last.entry, SLIP)
    assert [row["minimum"] for row in keeping.rows(hub)] == ["10"]


def test_something_has_to_be_said(hub):
    with pytest.raises(Malformed, match="Neither"):
        keeping.keep(hub, KeepIn(place="Annex", item="Blanket"))
    with pytest.raises(OutOfRange):
        keeping.keep(hub, KeepIn(place="Annex", item="Blanket", minimum="-1"))


# from outside


def test_the_api_merges_keeps_and_lists(api, node):
    record.add_item(node, ItemIn(name="Wool cover", unit="piece"))
    receive(node, "Wool cover", "30")
    answer = api.post("same-as", {"kind": "item", "id": "Wool cover", "same": "Blanket"})
    assert answer.status_code == 201, answer.json
    (row,) = api.get("same-as").json
    assert row["entry"] == answer.json["entry"]
    assert api.get("same-as?suggestions=1").json == []
    assert [row["qty"] for row in api.get("stock?item=blanket").json] == ["150"]
    assert [row["qty"] for row in api.get("stock?item=blanket&raw=1").json] == ["120"]
    assert api.post("same-as", {"kind": "item", "id": "Blanket", "same": "Blanket"}).status_code == 422
    assert api.post("keeps", {"place": "Harvey Hub", "item": "Blanket", "minimum": "9"}).status_code == 201
    assert api.post("keeps", {"place": "Harvey Hub", "item": "Blanket"}).status_code == 400
    assert [row["minimum"] for row in api.get("keeps?place=harvey hub").json] == ["9"]


def test_the_command_line_merges_and_keeps(tmp_path):
    def line(*words, code=0):
        found = CliRunner().invoke(cli, ["--data", str(tmp_path / "node"), *words])
        assert found.exit_code == code, found.output
        return found.stdout

    line("init", "--team", "Canal Street")
    line("place", "add", "Gym", "--kind", "hub")
    for name in ("Wool cover", "Cotton cover"):
        line("item", "add", name, "--unit", "piece", "--new")
        line("receive", "Gym", f"{name}=3")
    said = line("same", "wool cover", "cotton cover", "--why", "one pile")
    assert "Wool cover is the same item as Cotton cover" in said
    (row,) = json.loads(line("stock", "--json"))
    assert row["qty"] == "6"
    assert len(json.loads(line("stock", "--raw", "--json"))) == 2
    (row,) = json.loads(line("same", "list", "--json"))
    line("undo", row["entry"][:8], "--why", "no")
    assert "Nothing." in line("same", "list")
    line("same", "suggestions")
    line("same", "wool cover", code=2)
    assert "2 items" in line("minimum", "Gym", "wool cover=4", "cotton cover=1")
    line("shelf", "Gym", "wool cover=A3")
    assert "4" in line("minimum", "Gym") and "A3" in line("shelf")
    assert "A3" not in line("minimum", "Gym")


def test_what_speaks_for_others_but_has_lost_its_name_goes_by_theirs(hub):
    record.add_item(hub, ItemIn(name="Bedroll", unit="piece"))
    named = next(row["entry"] for row in queries.log(hub, 50) if row["summary"].startswith("Item Bedroll"))
    place = next(row["entry"] for row in queries.log(hub, 50) if row["summary"].startswith("Place Annex"))
    same(hub, "Wool cover", "Bedroll")
    same(hub, "Harvey Hub", "Annex", "place")
    undoing.void(hub, named, SLIP)
    undoing.void(hub, place, SLIP)
    assert catalogue.find_item(hub, "wool cover").name == "Wool cover"
    assert catalogue.find_place(hub, "harvey hub").name == "Harvey Hub"
    assert stock(hub, item="wool cover") == {("Harvey Hub", "Wool cover"): "30"}
    drop(hub, "Wool cover", "10")
    assert stock(hub)["Harvey Hub", "Wool cover"] == "20"


def test_a_paper_calls_goods_what_they_are_called_not_what_this_team_has_merged_them_into(hub):
    same(hub, "Wool cover", "Blanket")
    lines = [LineIn(item="Blanket", qty="140")]
    sent = moving.dispatch(hub, DispatchIn(place="Harvey Hub", to="Annex", lines=lines)).entry
    fact = hub.log.get(bytes.fromhex(sent)).fact
    names = {row.id: row.name for row in catalogue.item_rows(hub, [line.item for line in fact.lines])}
    slip = waybill.read(papers.text_of(hub, sent), hub.network)
    assert {id: name for id, (name, _) in slip.names.items.items()} == names
