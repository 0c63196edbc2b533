"""Places of one name: our own is meant where that is safe, and said; otherwise the question tells them apart."""

import json

import pytest

from node import catalogue, moving, papers, queries, record
from node.requests import DispatchIn, ItemIn, LineIn, PlaceIn, ReceiptIn, ReceiptLineIn, SameAsIn
from sync.errors import OutOfRange
from tests.node.test_redacting import copy


@pytest.fixture
def both(node, new_node):
    """Our node and that of Team B, which has a Gym North too, with flour of its own; each knows all."""
    other = new_node("Team B")
    record.add_place(node, PlaceIn(name="Gym North", kind="site"))
    copy(node, other)
    record.add_place(other, PlaceIn(name="Gym North", kind="warehouse"), own=True)
    own = catalogue.own_places(other, catalogue.places_named(other, "Gym North"))[0].id
    record.add_item(other, ItemIn(name="Flour", unit="kg"))
    record.receive(other, ReceiptIn(place=own, lines=[ReceiptLineIn(item="Flour", qty="70")]))
    record.receive(other, ReceiptIn(place=own, lines=[ReceiptLineIn(item="Blanket", qty="9")]))
    copy(other, node)
    return node, other


def own_gym(node):
    (row,) = catalogue.own_places(node, catalogue.places_named(node, "Gym North"))
    return row.id


def test_what_comes_and_goes_is_at_our_own_place_and_that_is_said(both, run):
    node, _ = both
    run(node, "receive", "Harvey Hub", "Blanket=1")
    assert run.said == ""
    answer = run(node, "receive", "gym north", "Blanket=30", "--json")
    assert "Gym North (ours; Team B has one of that name too)." in run.said
    assert list(json.loads(answer)) == ["entry"]
    assert queries.stock(node, place=own_gym(node))[0]["qty"] == "30"
    run(node, "count", "Gym North", "Blanket=29")
    assert "(ours; Team B has" in run.said
    assert "29" in run(node, "stock", "--place", "Gym North")


def test_what_only_the_namesake_has_is_asked_about(both, run):
    node, _ = both
    before = queries.digest(node)
    asked = run(node, "drop", "Gym North", "Flour=2", code=2)
    assert "Gym North (site), ours, id" in asked and "where nothing lies" in asked
    assert "Gym North (warehouse), Team B, id" in asked and "where 70 Flour and 1 more lie" in asked
    assert queries.digest(node) == before


def test_where_goods_go_to_or_are_needed_is_asked(both, run):
    node, _ = both
    entry = record.receive(node, ReceiptIn(place="Harvey Hub", lines=[ReceiptLineIn(item="Blanket", qty="1")])).entry
    for words in (
        ("send", "Harvey Hub", "Blanket=2", "--to", "Gym North"),
        ("drop", "Harvey Hub", "Blanket=2", "--site", "Gym North"),
        ("need", "add", "Gym North", "Blanket=2"),
        ("correct", entry, "--place", "Gym North", "--why", "slip"),
    ):
        assert "may mean 2 places" in run(node, *words, code=2)


def test_a_short_id_from_the_question_names_the_place(both, run):
    node, _ = both
    theirs = next(row for row in catalogue.places_named(node, "Gym North") if row.id != own_gym(node)).id
    assert theirs[:8] in run(node, "send", "Harvey Hub", "Blanket=2", "--to", "Gym North", code=2)
    run(node, "send", "Harvey Hub", "Blanket=2", "--to", theirs[:8].upper())
    (sent,) = [row for row in queries.log(node) if row["type"] == "dispatch"]
    assert sent["summary"].startswith("2 Blanket sent from Harvey Hub to Gym North")
    assert catalogue.find_place(node, theirs[:8]).id == theirs
    with pytest.raises(OutOfRange):
        catalogue.find_place(node, "Gym North")


def test_two_of_our_own_or_none_is_asked(both, run):
    node, other = both
    record.add_place(other, PlaceIn(name="Depot", kind="hub"))
    third = catalogue.find_place(other, "Depot").id
    copy(other, node)
    assert "ours" not in run(node, "receive", third, "Blanket=1")
    assert run.said == ""
    node.log.append(b'{"type":"place","id":"secondgymnorth22","name":"Gym North","kind":"site"}')
    assert "may mean 3 places" in run(node, "receive", "Gym North", "Blanket=1", code=2)


def test_what_was_merged_is_one_place_and_nobody_is_asked(both, run):
    from node import merging

    node, _ = both
    theirs = next(row for row in catalogue.places_named(node, "Gym North") if row.id != own_gym(node)).id
    merging.same(node, SameAsIn(kind="place", id=theirs, same=own_gym(node)))
    run(node, "drop", "Gym North", "Flour=2")
    assert run.said == ""


def test_a_namesake_of_which_a_waybill_alone_has_told_is_one_too(node, new_node, run):
    sender = new_node("Team B")
    copy(node, sender)
    record.add_place(sender, PlaceIn(name="Annex", kind="site"))
    sent = moving.dispatch(sender, DispatchIn(place="Harvey Hub", to="Annex", lines=[LineIn(item="Blanket", qty="3")]))
    record.add_place(node, PlaceIn(name="Annex", kind="site"))
    papers.read(node, papers.text_of(sender, sent.entry))
    run(node, "receive", "Annex", "Blanket=30")
    assert "Annex (ours; a waybill has one of that name too)." in run.said
    found = catalogue.find_place(node, "Annex")  # a paper makes no name doubtful that somebody declared
    assert found.node == node.keys.node
