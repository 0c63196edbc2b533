"""Words taken out of entries of the inventory: stock, digest and chain stay, and nobody has the words any more."""

import itertools
import sqlite3

import pytest

from node import files, record, redacting
from node.events import Distribution, Item, Line, encode
from node.requests import DistributionIn, ItemIn, LineIn, PlaceIn, ReceiptIn, ReceiptLineIn, RedactIn
from sync.errors import Conflict, Forbidden
from tests.sync.conftest import give


def stock_up(node):
    """A place with blankets, and a drop whose note names somebody."""
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    record.add_item(node, ItemIn(name="Blanket", unit="piece"))
    record.receive(node, ReceiptIn(place="Gym", lines=[ReceiptLineIn(item="Blanket", qty="50")]))
    lines = [LineIn(item="Blanket", qty="2")]
    return record.distribute(node, DistributionIn(place="Gym", lines=lines, people=3, note="for Mrs Smith")).entry


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
    redacting.redact(node, entry, RedactIn())
    dump = b"".join(str(row).encode() for row in node.db.connection().iterdump())
    assert b"Mrs Smith" not in dump


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
    assert b"Mrs Smith asked" not in b"".join(str(row).encode() for row in node.db.connection().iterdump())


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
    assert all(b"Mrs Smith" not in "".join(other.db.connection().iterdump()).encode() for other in others)
