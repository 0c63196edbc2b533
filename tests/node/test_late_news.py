"""Late news: whatever arrives after a count, an undo or a merge of what it touches, the books come out the same.

Each case is a handful of entries that touch one another. Every order of arrival is played on a node of its own.
"""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import pytest

from node import events
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
from tests.fakes import FakeLog, memory_db

AT = 1_700_000_000_000
HOUR = 3_600_000
OURS, THEIRS = b"o" * 32, b"t" * 32
ID = {name: bytes([n]) * 32 for n, name in enumerate(("base", "news", "rest", "touch", "void"), 1)}
BASE, NEWS, REST = ID["base"].hex(), ID["news"].hex(), ID["rest"].hex()


def entry(name: str, lamport: int, fact: Any, node: bytes = OURS) -> Folded:
    """An entry as the log hands it over; its number is given when it arrives."""
    decoded = events.decode(events.encode(fact))
    assert decoded == fact, "this fact isn't one that can be written"
    return Folded(0, ID[name], node, b"", 0, lamport, AT, decoded)


def rice(qty: int, lot: str = "") -> list[Line]:
    return [Line("rice", qty, lot)]


# Each kind of fact as the news, with what it rests on, if it rests on anything.
SENT = Dispatch(AT, "depot", "gym", rice(8_000))
NEED = Need(AT, "gym", rice(5_000), 40)
CASES: dict[str, tuple[Any, Any]] = {
    "receipt": (Receipt(AT, "depot", [ReceiptLine("rice", 9_000, "a", expiry="2027-01-01")]), None),
    "distribution": (Distribution(AT, "depot", rice(3_000)), None),
    "drop for a need": (Distribution(AT, "depot", rice(3_000), need=BASE), NEED),
    "loss": (Loss(AT, "depot", rice(1_000), "spoiled"), None),
    "count": (Count(AT, "depot", [CountLine("rice", 4_000, 5_000, split=[("a", 1_000)])]), None),
    "count of a lot": (Count(AT, "depot", [CountLine("rice", 4_000, 5_000, "a")]), None),
    "dispatch": (SENT, None),
    "arrival": (Arrival(AT + 1, "depot", BASE, [ArrivalLine("rice", 5_000, "", 2_000, 500)]), SENT),
    "arrival of nothing sent": (Arrival(AT, "depot", "ee" * 32, [ArrivalLine("rice", 5_000, "b")]), None),
    "repack": (Repack(AT, "depot", rice(6_000), [ReceiptLine("kit", 2_000), ReceiptLine("rice", 500, "a")]), None),
    "need": (NEED, None),
    "renewal": (Renewal(AT + 1, BASE, AT + 50 * HOUR, closed=True), NEED),
    "pledge": (Pledge(AT + 1, "depot", rice(2_000), AT + HOUR, BASE), NEED),
    "same-as": (SameAs(AT, "item", "rice", "arroz"), None),
    "keep": (Keep("depot", "rice", 7_000, "A1"), None),
    "item": (Item("rice", "Rice", "kg", kit=[("grain", 9)], names={"fr": "Riz"}, weight=1000), None),
    "place": (Place("depot", "Depot", "hub", 1, 2), None),
    "closing": (Closing(AT + 2, AT + 1, "ab" * 32, "cd" * 32), None),
    "team": (Team("Us"), None),
}
COUNTED = Count(AT + HOUR, "depot", [CountLine("rice", 2_500, 3_000), CountLine("kit", 1_000, 0)])
MERGES = {"item": SameAs(AT, "item", "rice", "riz"), "place": SameAs(AT, "place", "depot", "gym")}


def _touched(name: str, touch: str) -> list[Folded]:
    """The news, what it rests on, and what touches both: with one more entry about the same goods."""
    news, base = CASES[name]
    found = [entry("news", 2, news), entry("rest", 3, Receipt(AT - HOUR, "depot", [ReceiptLine("rice", 10_000)]))]
    if base:
        found.append(entry("base", 1, base, THEIRS))
    touching: dict[str, list[Folded]] = {
        "a count": [entry("touch", 4, COUNTED)],
        "an earlier count": [entry("touch", 4, Count(AT - 1, "depot", COUNTED.lines))],
        "a count at the same moment": [entry("touch", 2, Count(AT, "depot", COUNTED.lines), THEIRS)],
        "its undo": [entry("void", 4, Void(NEWS, "slip", AT))],
        "an undo by another, which is none": [entry("void", 4, Void(NEWS, "slip", AT), THEIRS)],
        "an undo of what it rests on": [entry("void", 4, Void(BASE, "slip", AT), THEIRS)],
        "an undo of what lies beside it": [entry("void", 4, Void(REST, "slip", AT))],
        "a merge of its item": [entry("touch", 4, MERGES["item"])],
        "a merge of its place": [entry("touch", 4, MERGES["place"], THEIRS)],
        "a merge that is taken back": [
            entry("touch", 4, MERGES["item"]),
            entry("void", 5, Void(ID["touch"].hex(), "", AT)),
        ],
        "a count that is undone": [entry("touch", 4, COUNTED), entry("void", 5, Void(ID["touch"].hex(), "", AT))],
        "its undo, and a count": [entry("touch", 4, COUNTED), entry("void", 5, Void(NEWS, "slip", AT))],
    }
    return found + touching[touch]


TOUCHES = (
    "a count",
    "an earlier count",
    "a count at the same moment",
    "its undo",
    "an undo by another, which is none",
    "an undo of what it rests on",
    "an undo of what lies beside it",
    "a merge of its item",
    "a merge of its place",
    "a merge that is taken back",
    "a count that is undone",
    "its undo, and a count",
)


def _one_by_one(log: FakeLog, entries: tuple[Folded, ...]) -> None:
    for one in entries:
        log.take([one])


def _settling(log: FakeLog, entries: tuple[Folded, ...]) -> None:
    for one in entries:
        log.take([one])
        log.fold.settle()


def _at_once(log: FakeLog, entries: tuple[Folded, ...]) -> None:
    log.take(entries)


def _forgetting(log: FakeLog, entries: tuple[Folded, ...]) -> None:
    for one in entries:
        log.take([one])
        log.fold.forget()


WAYS: tuple[Callable[[FakeLog, tuple[Folded, ...]], None], ...] = (_one_by_one, _settling, _at_once, _forgetting)


def _played(entries: list[Folded]) -> Iterator[FakeLog]:
    """A node for every order, each takes the news in another way."""
    for i, order in enumerate(permutations(entries)):
        log = FakeLog(Projector(memory_db()))
        WAYS[i % len(WAYS)](log, order)
        yield log
        log.fold.db.close()


def _rows(log: FakeLog, sql: str) -> list[tuple[Any, ...]]:
    return log.fold.db.execute_sql(sql).fetchall()  # type: ignore[no-any-return]


@pytest.mark.parametrize("touch", TOUCHES)
@pytest.mark.parametrize("name", CASES)
def test_late_news_comes_to_the_same_in_every_order(name, touch):
    entries = _touched(name, touch)
    digests = set()
    for log in _played(entries):
        digests.add(log.fold.digest())
        stock = {row[:3]: row[3] for row in _rows(log, "SELECT place, item, lot, qty FROM stock WHERE qty <> 0")}
        assert stock == model.on_hand(entries)
        sql = "SELECT dispatch, item, lot, sent, arrived, damaged, missing FROM transit"
        assert {row[:3]: row[3:] for row in _rows(log, sql)} == model.transit(entries)
    assert len(digests) == 1


def test_every_kind_of_fact_is_the_news_once():
    told = {type(news) for news, _ in CASES.values()}
    other = {events.Void, events.Redaction}  # an undo is what touches; of words tells test_late_news_lists
    assert told | other == set(events.AnyFact.__args__)


def test_a_drop_before_a_count_is_in_it_already_and_one_after_it_is_not():
    count = entry("touch", 4, COUNTED)
    for at, left in ((AT, 2_500), (AT + 2 * HOUR, -500)):
        drop = entry("news", 2, Distribution(at, "depot", rice(3_000)))
        for log in _played([count, drop]):
            log.fold.settle()
            assert _rows(log, "SELECT qty FROM stock WHERE item = 'rice'") == [(left,)]


def test_an_arrival_of_an_undone_dispatch_stands_and_shows_as_more_than_was_sent():
    news, base = CASES["arrival"]
    entries = [entry("base", 1, base, THEIRS), entry("news", 2, news), entry("void", 3, Void(BASE, "", AT), THEIRS)]
    for log in _played(entries):
        log.fold.settle()
        assert _rows(log, "SELECT sent, arrived, damaged, missing, open FROM transit") == [(0, 5_000, 2_000, 500, 1)]
        assert _rows(log, "SELECT qty FROM stock WHERE place = 'depot'") == [(5_000,)]
