"""The worked examples of docs/data-model.md, in every order of arrival."""

import hashlib
import itertools

import pytest

from node.events import Count, CountLine, Distribution, Line, Receipt, ReceiptLine, Void
from node.fold import Projector
from sync.log import Folded
from tests.fakes import FakeLog, memory_db

HOUR = 3_600_000
DEPOT, BLANKET = "depot", "blanket"
ONE, OTHER = b"1" * 32, b"2" * 32


def entry(name: str, fact: object, node: bytes = ONE) -> Folded:
    """An entry whose id its name decides; later names have later lamport times."""
    id = hashlib.sha256(name.encode()).digest()
    return Folded(0, id, node, node, 0, int(name), 0, fact)


def receipt(hour: int, qty: int, lot: str = "") -> Receipt:
    return Receipt(hour * HOUR, DEPOT, [ReceiptLine(BLANKET, qty, lot)])


def drop(hour: int, qty: int, lot: str = "") -> Distribution:
    return Distribution(hour * HOUR, DEPOT, [Line(BLANKET, qty, lot)])


def count(hour: int, qty: int, lot: str | None = None, split: dict[str, int] | None = None) -> Count:
    return Count(hour * HOUR, DEPOT, [CountLine(BLANKET, qty, 0, lot, list((split or {}).items()))])


def on_hand(entries: tuple[Folded, ...]) -> dict[str, int]:
    """What the fold says after the entries have arrived one by one in this order, read after each."""
    fold = Projector(memory_db())
    log = FakeLog(fold)
    for one in entries:
        log.take([one])
        fold.settle()
    rows = fold.db.execute_sql("SELECT lot, qty FROM stock ORDER BY lot").fetchall()
    return {lot: qty for lot, qty in rows if qty}


def in_every_order(*entries: Folded) -> dict[str, int]:
    found = [on_hand(order) for order in itertools.permutations(entries)]
    assert all(other == found[0] for other in found), "The order of arrival makes a difference."
    return found[0]


MORNING = entry("1", receipt(8, 500))
NOON = entry("2", count(12, 420))
AFTERNOON = entry("3", drop(13, 20))
LATE = entry("4", drop(10, 60), OTHER)
TWO_LOTS = (entry("1", receipt(8, 60, "A")), entry("2", receipt(8, 40, "B")))


def test_the_table_of_the_day():
    assert on_hand((MORNING,)) == {"": 500}
    assert on_hand((MORNING, NOON)) == {"": 420}
    assert in_every_order(MORNING, NOON, AFTERNOON) == {"": 400}


def test_a_late_drop_from_before_the_count_changes_nothing():
    assert in_every_order(MORNING, NOON, AFTERNOON, LATE) == {"": 400}


def test_a_late_count_counts_from_its_own_time():
    assert on_hand((MORNING, AFTERNOON)) == {"": 480}
    assert on_hand((MORNING, AFTERNOON, NOON)) == {"": 400}


@pytest.mark.parametrize(
    ("split", "stock"),
    [({"A": 60, "B": 30}, {"A": 60, "B": 30}), ({"A": 60}, {"A": 60, "": 30})],
    ids=["over both lots", "over one lot"],
)
def test_a_count_of_the_whole_item_sets_every_lot(split, stock):
    assert in_every_order(*TWO_LOTS, entry("3", count(12, 90, split=split))) == stock


def test_a_count_of_one_lot_leaves_the_other():
    assert in_every_order(*TWO_LOTS, entry("3", count(12, 35, "B"))) == {"A": 60, "B": 35}


def test_a_zero_is_a_count():
    assert in_every_order(*TWO_LOTS, entry("3", count(12, 0))) == {}


def undo(name: str, of: Folded, node: bytes) -> Folded:
    return entry(name, Void(of.id.hex(), "a slip", 14 * HOUR), node)


def test_an_undone_count_gives_way_to_the_one_before():
    first = entry("2", count(11, 450))
    assert in_every_order(MORNING, first, entry("3", count(12, 42)), AFTERNOON) == {"": 22}
    wrong = entry("3", count(12, 42))
    assert in_every_order(MORNING, first, wrong, undo("4", wrong, ONE)) == {"": 450}


def test_nobody_undoes_what_others_wrote():
    assert in_every_order(MORNING, undo("2", MORNING, OTHER)) == {"": 500}


def test_an_undo_is_not_undone():
    gone = undo("2", MORNING, ONE)
    assert in_every_order(MORNING, gone, undo("3", gone, ONE)) == {}


def known_lots(batches: list[list[Folded]]) -> list[tuple[str, ...]]:
    fold = Projector(memory_db())
    log = FakeLog(fold)
    for batch in batches:
        log.take(batch)
    return fold.db.execute_sql("SELECT lot, batch, expiry, fund, value, currency FROM lot").fetchall()


def bought(fund: str, value: str, currency: str) -> ReceiptLine:
    return ReceiptLine(BLANKET, 1, "A", fund=fund, value=value, currency=currency)


CONTRADICTING = {
    "a currency without a value": [[bought("Church", "", "EUR")], [bought("Church", "", "USD")]],
    "twice in one entry": [[bought("Coast", "2", "USD")], [bought("Church", "1", "EUR"), bought("Coast", "2", "USD")]],
}


@pytest.mark.parametrize("lines", CONTRADICTING.values(), ids=CONTRADICTING)
def test_what_is_known_of_a_lot_does_not_depend_on_arrival(lines):
    entries = [entry(str(at), Receipt(HOUR, DEPOT, said)) for at, said in enumerate(lines)]
    orders = list(itertools.permutations(entries))
    found = [known_lots([[one] for one in order]) for order in orders] + [known_lots([list(o)]) for o in orders]
    assert all(other == found[0] for other in found)
