"""The fold gives the same tables for the same entries, whatever order, batches and accidents they came by."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node import tables
from node.events import (
    Arrival,
    ArrivalLine,
    Closing,
    Count,
    CountLine,
    Dispatch,
    Distribution,
    Item,
    Keep,
    Line,
    Loss,
    Need,
    Place,
    Pledge,
    Receipt,
    ReceiptLine,
    Renewal,
    Repack,
    SameAs,
    Team,
    Void,
)
from node.fold import Projector
from sync.log import Folded
from tests import model
from tests.fakes import FakeLog, memory_db, memory_node

AUTHORS = 4
EXAMPLES = settings(max_examples=80, deadline=None)

# histories

places = st.sampled_from(["gym", "hall"])
item_ids = st.sampled_from(["blanket", "soap"])
lot_ids = st.sampled_from(["", "", "", "A", "B"])
times = st.integers(0, 7)  # few, so that many are equal
amounts = st.integers(1, 9).map(lambda n: n * 1000)

lines = st.builds(Line, item_ids, amounts, lot_ids)
receipt_lines = st.builds(
    ReceiptLine,
    item_ids,
    amounts,
    lot_ids,
    expiry=st.sampled_from(["", "2027-01-01", "2028-01-01"]),
    fund=st.sampled_from(["", "ECHO"]),
    value=st.sampled_from(["", "2.5"]),
    currency=st.sampled_from(["EUR", "USD"]),
)
splits = st.lists(st.tuples(lot_ids, st.integers(0, 4).map(lambda n: n * 1000)), max_size=3)
count_lines = st.builds(CountLine, item_ids, amounts, st.just(0), st.sampled_from([None, None, "", "A", "B"]), splits)
arrival_lines = st.builds(ArrivalLine, item_ids, amounts, lot_ids, *[st.integers(0, 2).map(lambda n: n * 1000)] * 2)
kits = st.lists(st.tuples(item_ids, amounts), max_size=2)
spots = st.integers(0, 59).map(str)  # stands for the id of an entry until the history is known


def some(of: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, min_size=1, max_size=3)


facts = st.one_of(
    st.builds(Receipt, times, places, some(receipt_lines)),
    st.builds(Distribution, times, places, some(lines)),
    st.builds(Distribution, times, places, some(lines)),
    st.builds(Loss, times, places, some(lines), st.just("stolen")),
    st.builds(Count, times, places, some(count_lines)),
    st.builds(Count, times, places, some(count_lines)),
    st.builds(Dispatch, times, places, places, some(lines)),
    st.builds(Arrival, times, places, spots, some(arrival_lines)),
    st.builds(Repack, times, places, some(lines), some(receipt_lines)),
    st.builds(Need, times, places, some(lines)),
    st.builds(Renewal, times, spots, closed=st.booleans()),
    st.builds(Pledge, times, places, some(lines), times, need=spots),
    st.builds(Distribution, times, places, some(lines), need=spots),
    st.builds(SameAs, times, st.just("item"), item_ids, item_ids),
    st.builds(Closing, times, times, st.just("ab" * 32), st.just("cd" * 32)),
    st.builds(Keep, places, item_ids, minimum=amounts),
    st.builds(Keep, places, item_ids, shelf=st.sampled_from(["A1", ""])),
    st.builds(Team, st.sampled_from(["Alpha", "Beta"])),
    st.builds(Item, item_ids, names=st.dictionaries(st.sampled_from(["es", "fr"]), st.just("manta")), kit=kits),
    st.builds(Item, item_ids, weight=st.integers(1, 3), volume=st.integers(1, 3)),
    st.builds(Item, item_ids, value=st.sampled_from(["", "2.5"]), currency=st.sampled_from(["EUR", "USD"])),
    st.builds(Item, item_ids, name=st.sampled_from(["Blanket", "Decke"]), codes=st.just({"x": "1"})),
    st.builds(Item, item_ids, unit=st.just("piece"), packs=st.dictionaries(st.just("bale"), st.integers(1, 3))),
    st.builds(Place, places, name=st.sampled_from(["Gym", "Hall"]), kind=st.sampled_from(["hub", "site"])),
    st.builds(Place, places, lat=st.integers(1, 9), lon=st.integers(1, 9)),
    st.integers(0, 59),  # a void of the entry at that index
)
drafts = st.lists(st.tuples(st.integers(0, AUTHORS - 1), st.integers(1, 3), facts), min_size=1, max_size=40)


def entry_id(index: int) -> bytes:
    return sha256(b"%d" % index).digest()


def history(drafted: Sequence[tuple[int, int, Any]]) -> list[Folded]:
    """Entries of several authors: lamport times grow within a log, and tie between logs."""
    lamports = [0] * AUTHORS
    entries = []
    sent = [index for index, (_, _, fact) in enumerate(drafted) if isinstance(fact, Dispatch)] or [0]
    needs = [index for index, (_, _, fact) in enumerate(drafted) if isinstance(fact, Need)] or [0]
    for index, (author, step, fact) in enumerate(drafted):
        lamports[author] += step
        if isinstance(fact, int):
            fact = Void(entry_id(fact % (len(drafted) + 1)).hex(), "a slip", 0)
        for field, among in (("dispatch", sent), ("need", needs)):
            if spot := getattr(fact, field, ""):
                named = entry_id(among[int(spot) % len(among)]).hex()
                fact = msgspec.structs.replace(fact, **{field: named})
        key = bytes([author]) * 32
        entries.append(Folded(0, entry_id(index), key, key, index, lamports[author], 0, fact))
    return entries


histories = drafts.map(history)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Folded], list[list[Folded]]]:
    """A history, and the batches in which it comes: in order within a log, in any order between logs."""
    entries = draw(histories)
    turns = draw(st.permutations([entry.node for entry in entries]))
    logs = {node: iter([e for e in entries if e.node == node]) for node in turns}
    arriving = [next(logs[node]) for node in turns]
    batches = []
    while arriving:
        size = draw(st.integers(1, 15))
        batches.append(arriving[:size])
        arriving = arriving[size:]
    return entries, batches


def dump(fold: Projector) -> dict[str, list[Any]]:
    """Every row of every table that is part of the answer."""
    fold.settle()
    return {
        table: fold.db.execute_sql(f"SELECT {columns} FROM {table} ORDER BY {order}").fetchall()
        for table, columns, order in tables.ANSWER
    }


def folded_at_once(entries: Sequence[Folded]) -> Projector:
    log = FakeLog(Projector(memory_db()))
    log.take(entries)
    return log.fold


# properties


@given(arrivals(), st.data())
@EXAMPLES
def test_any_arrival_any_batches_and_any_loss_of_memory_give_the_same_tables(arrival, data):
    entries, batches = arrival
    log = FakeLog(Projector(memory_db()))
    for batch in batches:
        log.take(batch)
        match data.draw(st.sampled_from(["go on", "go on", "settle", "forget", "read"])):
            case "settle":
                log.fold.settle()
            case "forget":
                log.fold.forget()
            case "read":
                log.fold.digest()
    at_once = folded_at_once(entries)
    assert dump(log.fold) == dump(at_once)
    assert log.fold.digest() == at_once.digest()


@given(arrivals())
@EXAMPLES
def test_a_place_is_read_back_however_its_entries_are_packed(arrival):
    entries, batches = arrival
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("PAIRS", 2), ("CHUNK_MIN", 1), ("CHUNK_MAX", 2)):
            patch.setattr(f"node.folding.books.{name}", value)
        log = FakeLog(Projector(memory_db()))
        for batch in batches:
            log.take(batch)
            log.fold.settle()
        packed = dump(log.fold)
    assert packed == dump(folded_at_once(entries))


@given(arrivals())
@EXAMPLES
def test_the_tables_show_what_the_plain_model_says(arrival):
    entries, batches = arrival
    log = FakeLog(Projector(memory_db()))
    for batch in batches:
        log.take(batch)
        log.fold.settle()
    cells, shown = model.cells(entries), dump(log.fold)
    assert shown["cell"] == sorted((*key, cell.newest, cell.counted) for key, cell in cells.items())
    assert shown["stock"] == sorted(
        (*key, lot, qty, cell.lot_counted.get(lot))
        for key, cell in cells.items()
        for lot, qty in cell.lots.items()
        if qty or lot in cell.lot_counted
    )


@given(arrivals())
@EXAMPLES
def test_what_is_in_transit_is_what_the_plain_model_says(arrival):
    entries, batches = arrival
    log = FakeLog(Projector(memory_db()))
    for batch in batches:
        log.take(batch)
    rows = log.fold.db.execute_sql("SELECT dispatch, item, lot, sent, arrived, damaged, missing, open FROM transit")
    shown = {row[:3]: row[3:] for row in rows}
    assert {key: sums[:4] for key, sums in shown.items()} == model.transit(entries)
    assert all(is_open == (sent != sum(came)) for sent, *came, is_open in shown.values())


@given(arrivals())
@EXAMPLES
def test_happenings_have_a_row_each_whatever_becomes_of_them(arrival):
    entries, batches = arrival
    log = FakeLog(Projector(memory_db()))
    for batch in batches:
        log.take(batch)
    for table, kind in (("dispatch", Dispatch), ("arrival", Arrival), ("need", Need), ("pledge", Pledge)):
        rows = log.fold.db.execute_sql(f"SELECT id, at, place, lines FROM {table}").fetchall()
        assert {(id, at, place, msgspec.json.decode(lines)[0][0]) for id, at, place, lines in rows} == {
            (e.id, e.fact.at, e.fact.place, e.fact.lines[0].item) for e in entries if isinstance(e.fact, kind)
        }
    rows = log.fold.db.execute_sql("SELECT id, need FROM given").fetchall()
    drops = [e for e in entries if isinstance(e.fact, Distribution) and e.fact.need]
    assert dict(rows) == {e.id: e.fact.need for e in drops}


@given(arrivals())
@EXAMPLES
def test_the_catalogue_shows_what_the_plain_model_says(arrival):
    entries, batches = arrival
    log = FakeLog(Projector(memory_db()))
    for batch in batches:
        log.take(batch)
    assert catalogue_of(log.fold) == model.stated(entries)
    owners = dict(log.fold.db.execute_sql("SELECT id, node FROM place").fetchall())
    assert owners == model.declared_first(entries)


def catalogue_of(fold: Projector) -> dict[tuple[Any, ...], tuple[Any, bytes]]:
    """The catalogue's tables field by field, with the entry that each field is from."""
    found = {}
    for table, keys, fields in (
        ("team", ("node",), {"name": "name"}),
        ("item", ("id",), {name: name for name in model.FIELDS["item"]} | {"value": "value, currency"}),
        ("place", ("id",), {name: name for name in model.FIELDS["place"]}),
        ("keep", ("place", "item"), {"minimum": "minimum", "shelf": "shelf"}),
        ("lot", ("item", "lot"), {"batch": "batch", "expiry": "expiry", "fund": "fund", "value": "value, currency"}),
        ("code", ("item", "scheme"), {None: "code"}),
        ("pack", ("item", "name"), {None: "qty"}),
        ("name", ("item", "lang"), {None: "name"}),
    ):
        source = f"item_{table}" if table in ("code", "pack", "name") else table
        for field, columns in fields.items():
            sql = f"SELECT {', '.join(keys)}, {field or columns}_stamp, {columns} FROM {source}"
            for row in fold.db.execute_sql(sql):
                key, stamp, value = row[: len(keys)], row[len(keys)], row[len(keys) + 1 :]
                if stamp:
                    name = (field,) if field else ()
                    found[table, *key, *name] = (_plain(field, value), stamp[8:])
    return found


def _plain(field: str | None, value: tuple[Any, ...]) -> Any:
    """A field's value as the model has it."""
    if field == "kit":
        return [tuple(part) for part in msgspec.json.decode(value[0])]
    return value[0] if len(value) == 1 else value


@given(histories)
@EXAMPLES
def test_a_rebuild_equals_what_was_built_step_by_step(entries):
    log = FakeLog(Projector(memory_db()))
    for entry in entries:
        log.take([entry])
        log.fold.settle()
    before = dump(log.fold)
    with log.transaction():
        log.fold.refold(log.folded())
    assert dump(log.fold) == before


@given(arrivals(), st.integers(0, 10))
@EXAMPLES
def test_another_process_may_settle_in_between(arrival, turn):
    entries, batches = arrival
    log = FakeLog(Projector(memory_db()))
    for index, batch in enumerate(batches):
        log.take(batch)
        if index % 3 == turn % 3:
            other = Projector(log.fold.db)
            other.attach(log)
            other.settle()
    assert dump(log.fold) == dump(folded_at_once(entries))


@given(arrivals(), st.integers(0, 7))
@EXAMPLES
def test_a_place_can_be_seen_as_it_was(arrival, until):
    entries, batches = arrival
    log = FakeLog(Projector(memory_db()))
    for batch in batches:
        log.take(batch)
    with log.transaction():
        shown = log.fold.cells_at("gym", ["blanket", "soap"], until)
    gone = model.undone(entries)
    past = [e for e in entries if e.id not in gone and getattr(e.fact, "at", 99) <= until]
    expected = {item: cell for (place, item), cell in model.cells(past).items() if place == "gym"}
    assert {item: on_hand(cell.lots) for item, cell in shown.items()} == {
        item: on_hand(cell.lots) for item, cell in expected.items()
    }


def on_hand(lots: dict[str, int]) -> dict[str, int]:
    return {lot: qty for lot, qty in lots.items() if qty}


# single rules


def entry(index: int, fact: object, author: int = 0) -> Folded:
    key = bytes([author]) * 32
    return Folded(0, entry_id(index), key, key, index, index, 0, fact)


def stock_of(*entries: Folded) -> dict[str, int]:
    """On hand of blankets at the gym by lot, each entry arriving in a batch of its own."""
    log = FakeLog(Projector(memory_db()))
    for one in entries:
        log.take([one])
        log.fold.settle()
    cells = log.fold.cells("gym", ["blanket"])
    return on_hand(cells["blanket"].lots) if cells else {}


RECEIPT = entry(1, Receipt(10, "gym", [ReceiptLine("blanket", 9000, "A")]))
DROP = entry(2, Distribution(20, "gym", [Line("blanket", 4000, "A")]))
COUNT = entry(3, Count(30, "gym", [CountLine("blanket", 7000, 5000, None, [("A", 6000)])]))


def test_a_drop_that_a_count_has_already_seen_moves_nothing_when_it_arrives():
    late = entry(4, Distribution(25, "gym", [Line("blanket", 1000)]))
    assert stock_of(RECEIPT, DROP, COUNT, late) == {"A": 6000, "": 1000}


def test_a_count_that_arrives_late_leaves_what_came_after_it():
    after = entry(4, Distribution(35, "gym", [Line("blanket", 2000, "A")]))
    assert stock_of(RECEIPT, after, COUNT, DROP) == {"A": 4000, "": 1000}


def test_a_count_of_one_lot_leaves_the_others():
    one = entry(4, Count(30, "gym", [CountLine("blanket", 1000, 0, "B")]))
    assert stock_of(RECEIPT, one, DROP) == {"A": 5000, "B": 1000}


def test_stock_may_go_below_zero():
    assert stock_of(DROP) == {"A": -4000}


@pytest.mark.parametrize("first", [True, False])
def test_an_undone_entry_counts_for_nothing_whichever_arrives_first(first):
    void = entry(9, Void(DROP.id.hex(), "a slip", 40))
    order = [void, RECEIPT, DROP] if first else [RECEIPT, DROP, void]
    assert stock_of(*order) == {"A": 9000}


def test_nobody_undoes_what_another_team_wrote():
    assert stock_of(RECEIPT, DROP, entry(9, Void(DROP.id.hex(), "mine", 40), author=1)) == {"A": 5000}


def test_an_undo_can_not_be_undone():
    void = entry(9, Void(DROP.id.hex(), "a slip", 40))
    assert stock_of(RECEIPT, DROP, void, entry(10, Void(void.id.hex(), "no", 41))) == {"A": 9000}


@pytest.mark.parametrize("target", ["", "zz", "ab" * 31, ("AB" * 32), " " * 64])
def test_an_undo_of_something_that_is_no_id_does_nothing(target):
    assert stock_of(RECEIPT, entry(9, Void(target, "?", 40))) == {"A": 9000}


def test_the_newest_fact_undone_leaves_the_age_of_the_one_before():
    log = FakeLog(Projector(memory_db()))
    for one in (RECEIPT, DROP, entry(9, Void(DROP.id.hex(), "a slip", 40))):
        log.take([one])
        log.fold.settle()
    assert dump(log.fold)["cell"] == [("gym", "blanket", 10, None)]


def test_what_is_undone_altogether_leaves_no_trace_in_the_stock():
    log = FakeLog(Projector(memory_db()))
    log.take([RECEIPT])
    log.fold.settle()
    log.take([entry(9, Void(RECEIPT.id.hex(), "a slip", 40))])
    assert dump(log.fold)["cell"] == []
    assert dump(log.fold)["stock"] == []


def test_sums_beyond_64_bits_are_kept_to_the_thousandth():
    most = 2**63 - 1
    huge = [entry(i, Receipt(i, "gym", [ReceiptLine("blanket", most)])) for i in range(1, 4)]
    assert stock_of(*huge) == {"": 3 * most}


def test_pending_lines_are_settled_when_they_grow_too_many(monkeypatch):
    monkeypatch.setattr("node.fold.PENDING_LINES_MAX", 1)
    assert stock_of(RECEIPT, DROP, COUNT) == {"A": 6000, "": 1000}


def test_a_transaction_that_fails_leaves_the_stock_as_it_was():
    log = FakeLog(Projector(memory_db()))
    log.take([RECEIPT])
    before = log.fold.digest()
    with pytest.raises(ZeroDivisionError), log.transaction():
        log.fold.fold([DROP._replace(n=2)])
        raise ZeroDivisionError
    assert log.fold.digest() == before


def test_tables_of_another_version_are_made_again_from_the_log(monkeypatch):
    node = memory_node()
    node.log.append(b'{"type":"receipt","at":1,"place":"gym","lines":[{"item":"blanket","qty":5000}]}')
    before = node.fold.digest()
    node.db.execute_sql("UPDATE projection SET version = -1")
    node.db.execute_sql("UPDATE stock SET qty = 1")
    newer = Projector(node.db)
    newer.attach(node.log)
    assert newer.digest() == before


def test_the_digest_tells_every_difference_in_the_books():
    fold = folded_at_once([RECEIPT, DROP])
    before = fold.digest()
    fold.db.execute_sql("UPDATE stock SET qty = qty + 1")
    assert fold.digest() != before


def test_settling_many_items_leaves_the_others_of_a_place_alone(monkeypatch):
    monkeypatch.setattr("node.folding.books.ITEMS_MAX", 0)
    log = FakeLog(Projector(memory_db()))
    log.take([entry(1, Receipt(10, "gym", [ReceiptLine("soap", 3000)]))])
    log.fold.settle()
    log.take([RECEIPT])
    assert {item: cell.total for item, cell in log.fold.cells("gym", ["soap", "blanket"]).items()} == {
        "soap": 3000,
        "blanket": 9000,
    }
