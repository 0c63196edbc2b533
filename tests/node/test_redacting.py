"""Words taken out of entries of the inventory: stock, digest and chain stay, and nobody has the words any more."""

import itertools
import sqlite3

import pytest
from msgspec import Raw

from node import files, moving, papers, record, redacting, transit
from node.events import Distribution, Item, Line, Redaction, encode
from node.folding.wordless import without_words
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
)
from sync.errors import Conflict, Forbidden
from tests.sync.conftest import give


def stock_up(node):
    """A place with blankets, and a drop whose note names somebody."""
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    record.add_item(node, ItemIn(name="Blanket", unit="piece"))
    record.receive(node, ReceiptIn(place="Gym", lines=[ReceiptLineIn(item="Blanket", qty="50")]))
    lines = [LineIn(item="Blanket", qty="2")]
    return record.distribute(node, DistributionIn(place="Gym", lines=lines, people=3, note="for Mrs Smith")).entry


def holds(node, words):
    """Whether words lie anywhere in a node's database, in what is freed too."""
    return words.encode() in node.db.connection().serialize()


def test_a_note_goes_and_the_stock_stays(node):
    entry = stock_up(node)
    before = node.fold.digest()
    redacting.redact(node, entry, RedactIn(why="a name"))
    fact = node.log.get(bytes.fromhex(entry)).fact
    assert isinstance(fact, Distribution) and (fact.note, fact.people, fact.lines[0].qty) == ("", 3, 2000)
    assert node.fold.digest() == before and node.log.verify() == []


def test_a_name_in_the_catalogue_goes_and_the_earlier_one_is_back(node):
    stock_up(node)
    item = node.db.connection().execute("SELECT id FROM item WHERE name = 'Blanket'").fetchone()[0]
    wrong = node.log.append(b'{"type":"item","id":"%s","name":"Mrs Smith"}' % item.encode())
    assert node.db.connection().execute("SELECT name FROM item WHERE id = ?", (item,)).fetchall() == [("Mrs Smith",)]
    redacting.redact(node, wrong.id.hex(), RedactIn())
    assert node.db.connection().execute("SELECT name FROM item WHERE id = ?", (item,)).fetchall() == [("Blanket",)]
    assert isinstance(node.log.get(wrong.id).fact, Item)


def test_a_rebuild_comes_to_the_same(node):
    entry = stock_up(node)
    redacting.redact(node, entry, RedactIn())
    before = node.fold.digest()
    with node.log.transaction():
        node.fold.refold(node.log.folded())
    assert node.fold.digest() == before


def test_no_word_is_left_in_the_file(node):
    entry = stock_up(node)
    assert holds(node, "Mrs Smith")
    redacting.redact(node, entry, RedactIn())
    assert not holds(node, "Mrs Smith")


def test_what_was_freed_before_words_were_taken_out_holds_none_of_them(tmp_path):
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA secure_delete = OFF")  # as most builds have it
    connection.execute(f"PRAGMA secure_delete = {files.PRAGMAS['secure_delete']}")
    connection.execute("CREATE TABLE dispatch (note TEXT)")
    connection.execute("INSERT INTO dispatch VALUES ('Mrs Smith drove')")
    connection.execute("DROP TABLE dispatch")  # as a rebuild does
    connection.commit()
    assert b"Mrs Smith" not in connection.serialize()
    assert files.open_database(tmp_path).pragma("secure_delete") == 1


def test_a_drop_that_named_a_need_in_words_leaves_none_of_them(node):
    stock_up(node)
    place, item = node.db.connection().execute("SELECT place, item FROM stock").fetchone()
    drop = Distribution(1, place, [Line(item, 1000)], need="Mrs Smith asked")
    entry = node.log.append(encode(drop)).id.hex()
    before = node.fold.digest()
    redacting.redact(node, entry, RedactIn())
    assert node.fold.digest() == before
    assert not holds(node, "Mrs Smith asked")


def test_what_has_no_words_is_not_redacted_and_nor_is_anothers_entry(node, new_node):
    entry = stock_up(node)
    redacting.redact(node, entry, RedactIn())
    with pytest.raises(Conflict, match="no words"):
        redacting.redact(node, entry, RedactIn())
    other = new_node("other")
    assert other.keys.node != node.keys.node
    copy(node, other)
    with pytest.raises(Forbidden):
        redacting.redact(other, entry, RedactIn())


def copy(giver, taker):
    """The one trusts the other and takes all that it has."""

    taker.log.vouch(giver.keys.node, giver.keys.agree, giver.keys.agree_sig)
    assert not give(giver.log, taker.log).refused


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_nodes_that_hear_of_it_at_different_times_agree(node, new_node, order):
    others = [new_node(name) for name in "abc"]
    moments = [lambda entry: None, lambda entry: redacting.redact(node, entry, RedactIn()), lambda entry: None]
    entry = stock_up(node)
    for who, moment in zip(order, moments, strict=True):
        moment(entry)
        copy(node, others[who])
    for one, other in itertools.permutations([node, *others], 2):
        copy(one, other)
    for one, other in itertools.permutations([node, *others], 2):
        copy(one, other)
    assert len({other.fold.digest() for other in [node, *others]}) == 1
    assert not any(holds(other, "Mrs Smith") for other in others)


@pytest.fixture
def sent(node):
    """A dispatch whose driver is named, to a place that bears somebody's name."""
    stock_up(node)
    record.add_place(node, PlaceIn(name="House of R Roe", kind="site"))
    lines = [LineIn(item="Blanket", qty="5")]
    return moving.dispatch(node, DispatchIn(place="Gym", to="House of R Roe", lines=lines, driver="J Doe")).entry


def test_a_waybill_that_was_read_in_loses_its_words_with_the_dispatch(node, new_node, sent):
    other = new_node("other")
    moving.arrive(other, ArrivalIn(dispatch=papers.text_of(node, sent)))
    copy(node, other)
    assert holds(other, "J Doe") and holds(other, "R Roe")
    redacting.redact(node, sent, RedactIn())
    place = next(entry for entry in node.log.latest(20) if getattr(entry.fact, "name", "") == "House of R Roe")
    redacting.redact(node, place.id.hex(), RedactIn())
    copy(node, other)
    assert not holds(other, "J Doe") and not holds(other, "R Roe")
    assert transit.get(other, sent).to and papers.paper(other, sent)["driver"] == ""


def test_a_waybill_that_is_read_in_after_its_words_went_has_none_of_them(node, new_node, sent):
    other, text = new_node("other"), papers.text_of(node, sent)
    redacting.redact(node, sent, RedactIn())
    copy(node, other)
    moving.arrive(other, ArrivalIn(dispatch=text))
    assert not holds(other, "J Doe")


def test_a_waybill_keeps_its_words_from_a_redaction_by_another_or_of_more_than_words(node, new_node, sent):
    other, third = new_node("other"), new_node("third")
    moving.arrive(third, ArrivalIn(dispatch=papers.text_of(node, sent)))
    fact = node.log.get(bytes.fromhex(sent)).fact
    left = Raw(encode(without_words(fact)))
    other.log.append(encode(Redaction(1, sent, left)))
    fact.lines[0].qty += 1
    node.log.append(encode(Redaction(1, sent, Raw(encode(without_words(fact))))))
    for teller in (other, node):
        copy(teller, third)
        assert b"J Doe" in third.db.execute_sql("SELECT payload FROM slip").fetchone()[0]
