"""Places of which only a waybill has told: shown by its word, with what is still to come, and nothing else changes."""

import pytest

from node import alerts, catalogue, hearsay, merging, moving, papers, queries, record, redacting
from node.reporting import stock_report
from node.requests import (
    ArrivalIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    LineIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    RedactIn,
    SameAsIn,
)
from node.server import make_app
from sync.errors import NotFound
from tests.node.test_redacting import copy


@pytest.fixture
def sender(new_node):
    """A team that sends goods to a gym that it knows by a name of its own, and whose news never comes by itself."""
    node = new_node("North team")
    record.add_item(node, ItemIn(name="Soup cube", unit="piece"))
    record.add_place(node, PlaceIn(name="Depot", kind="warehouse"))
    record.add_place(node, PlaceIn(name="Gym North", kind="site"))
    record.receive(node, ReceiptIn(place="Depot", lines=[ReceiptLineIn(item="Soup cube", qty="90")]))
    return node


@pytest.fixture
def stranger(new_node):
    """A node that has never heard of the sender."""
    return new_node("Gym team")


def come(sender, stranger, qty="50"):
    """Goods of the sender arrive at the stranger's with nothing but the paper."""
    sent = moving.dispatch(sender, DispatchIn(place="Depot", to="Gym North", lines=[LineIn(item="Soup cube", qty=qty)]))
    return moving.arrive(stranger, ArrivalIn(dispatch=papers.text_of(sender, sent.entry)))


def test_goods_lie_at_a_place_by_the_name_that_the_paper_told(sender, stranger):
    done = come(sender, stranger)
    (row,) = queries.stock(stranger)
    assert (row["place_name"], row["item_name"], row["qty"], row["team"]) == ("Gym North", "Soup cube", "50", "")
    assert hearsay.said("Gym North") in done.notices
    assert queries.stock(stranger, place="gym north") == [row]
    record.distribute(stranger, DistributionIn(place="Gym North", lines=[LineIn(item="Soup cube", qty="5")]))
    assert queries.stock(stranger)[0]["qty"] == "45"


def test_only_the_own_book_knows_of_it(sender, stranger):
    come(sender, stranger)
    (row,) = queries.stock(stranger, raw=True)
    assert row["place_name"] == row["place"]
    assert [line[1] for line in stock_report.stock(stranger).rows()] == [row["place"]]
    before, places = queries.digest(stranger), queries.places(stranger)
    hearsay.places(stranger)
    assert queries.digest(stranger) == before
    assert places == []
    with pytest.raises(NotFound):
        catalogue.find_place(stranger, "Gym South")


def test_what_the_log_says_goes_before_the_paper(sender, stranger):
    come(sender, stranger)
    record.add_place(sender, PlaceIn(name="Annex", kind="site"))
    copy(sender, stranger)
    assert hearsay.places(stranger) == {}
    (row,) = [row for row in queries.stock(stranger) if row["qty"] == "50"]
    assert (row["place_name"], row["team"]) == ("Gym North", "North team")


@pytest.mark.parametrize("ours", ["Gym north", "North Gym"])
def test_a_place_of_our_own_of_nearly_that_name_is_suggested_to_be_it(sender, stranger, ours):
    own = record.add_place(stranger, PlaceIn(name=ours, kind="site"))
    done = come(sender, stranger)
    told = [id for id, name in hearsay.places(stranger).items() if name == "Gym North"]
    assert any(f"bucketline same {told[0]} '{ours}' --kind place" in one for one in done.notices)
    assert ("place", told[0], own) in [(r["kind"], r["id"], r["same"]) for r in merging.suggestions(stranger)]
    assert [row["kind"] for row in alerts.rows(stranger)] == ["merge_suggestion"]
    merging.same(stranger, SameAsIn(kind="place", id=told[0], same=ours))
    (row,) = queries.stock(stranger)
    assert (row["place"], row["place_name"], row["qty"]) == (own, ours, "50")
    assert alerts.rows(stranger) == []
    assert not any("alone" in one for one in come(sender, stranger, "1").notices)


def test_the_sender_and_the_one_with_the_paper_still_agree(sender, stranger):
    come(sender, stranger)
    copy(sender, stranger)
    copy(stranger, sender)
    assert queries.digest(sender)["stock"] == queries.digest(stranger)["stock"]


def test_a_name_that_is_taken_out_is_told_no_more(sender, stranger):
    come(sender, stranger)
    place = catalogue.find_place(sender, "Gym North").id
    entry = next(
        row["entry"] for row in queries.log(sender) if "Gym North" in row["summary"] and row["type"] == "place"
    )
    redacting.redact(sender, entry, RedactIn())
    copy(sender, stranger)
    assert place not in hearsay.places(stranger)


def test_the_pages_say_it_too(sender, stranger):
    come(sender, stranger)
    client = make_app(stranger).test_client()
    shown = client.get("/").text
    assert "Gym North" in shown and "known here by a waybill alone" in shown
    assert "Known by a waybill alone" in client.get("/record/drop").text
