"""Late news on nodes as they are: words taken out at any time, and lists that say what a person should look at.

Every entry comes in a log of its own, so that anything may come before anything, also a redaction before its target.
After every order of arrival the digest, the stock, the bytes that are kept and all lists are the same.
"""

from typing import Any

import msgspec
import pytest

from node import accounts, alerts, counting, events, merging, needs, queries, traces, transfers
from node.events import (
    Arrival,
    Count,
    CountLine,
    Dispatch,
    Distribution,
    Item,
    Keep,
    Loss,
    Need,
    Place,
    Receipt,
    ReceiptLine,
    Redaction,
    Repack,
    SameAs,
    Void,
)
from node.units import format_qty
from tests import model
from tests.fakes import memory_node
from tests.node.test_late_news import AT, BASE, CASES, COUNTED, HOUR, MERGES, NEWS
from tests.simulator import scattered

SOMEBODY = "somebody"
NOW = AT + 30 * HOUR
MORE = {"void": (Void(BASE, "", AT), Receipt(AT, "depot", [ReceiptLine("rice", 2_000)]))}
NOTED = Count(COUNTED.at, COUNTED.place, COUNTED.lines, SOMEBODY)


def named(fact: Any) -> Any:
    """The fact with somebody's name in the first of its fields that takes words."""
    fields = [field for field in events.WORDS if field in fact.__struct_fields__ and field != "names"]
    return msgspec.structs.replace(fact, **{fields[0]: SOMEBODY})


CASES = CASES | MORE
# What touches the news, by who writes it: us or them. A name stands for a redaction of the piece of that name.
TOUCHES: dict[str, list[tuple[str, str, Any]]] = {
    "nothing": [],
    "a count": [("touch", "us", COUNTED)],
    "an earlier count": [("touch", "us", Count(AT - 1, "depot", COUNTED.lines))],
    "its undo": [("void", "us", Void(NEWS, "slip", AT))],
    "an undo by another, which is none": [("void", "them", Void(NEWS, "slip", AT))],
    "an undo of what it rests on": [("void", "them", Void(BASE, "slip", AT))],
    "a merge of its item": [("touch", "them", MERGES["item"])],
    "a merge of its place": [("touch", "us", MERGES["place"])],
    "a merge that is taken back": [("touch", "us", MERGES["item"]), ("void", "us", "touch")],
    "words out": [("words", "us", "news")],
    "words out, by another, which is none": [("words", "them", "news")],
    "words out, and a count": [("words", "us", "news"), ("touch", "us", COUNTED)],
    "words out, and its undo": [("words", "us", "news"), ("void", "us", Void(NEWS, "slip", AT))],
    "words out, and a merge": [("words", "us", "news"), ("touch", "us", MERGES["item"])],
    "words out twice": [("words", "us", "news"), ("again", "us", "news")],
    "words out of what it rests on": [("words", "them", "base")],
    "words out of both": [("words", "us", "news"), ("again", "them", "base")],
    "words out of a count": [("touch", "us", NOTED), ("words", "us", "touch")],
    "words out of its undo": [("void", "us", Void(NEWS, SOMEBODY, AT)), ("words", "us", "void")],
}


def _who(piece: str) -> bytes:
    """Who is named in a piece, and nowhere else."""
    return f"Mrs {piece} Smith".encode()


class Story:
    """One case: the pieces by name, and a node that has heard nothing of them yet."""

    def __init__(self, name: str, touch: str) -> None:
        self.teams = {"us": scattered.Team("ours", AT), "them": scattered.Team("theirs", AT)}
        self.pieces: dict[str, scattered.Piece] = {}
        self.node = _hearer(*self.teams.values())
        self._write("rest", "us", Receipt(AT - HOUR, "depot", [ReceiptLine("rice", 10_000)]))
        scattered.hear(self.node, [self.pieces.pop("rest")])
        news, base = CASES[name]
        if base:
            self._write("base", "us" if name == "void" else "them", named(base))
        self._write("news", "us", named(news))
        for piece, who, fact in TOUCHES[touch]:
            self._write(piece, who, fact)

    def _write(self, name: str, who: str, fact: Any) -> scattered.Piece:
        if isinstance(fact, str):
            fact = self._redaction(fact) if name != "void" else Void(self.pieces[fact].entry.id.hex(), "", AT)
        payload = events.encode(fact).replace(SOMEBODY.encode(), _who(name))
        for known, hex in (("base", BASE), ("news", NEWS)):
            if known in self.pieces:
                payload = payload.replace(hex.encode(), self.pieces[known].entry.id.hex().encode())
        self.pieces[name] = self.teams[who].write(events.decode(payload))
        return self.pieces[name]

    def _redaction(self, target: str) -> Redaction:
        entry = self.pieces[target].entry
        return Redaction(AT, entry.id.hex(), msgspec.Raw(events.encode(events.without_words(entry.fact))))

    @property
    def entries(self) -> list[Any]:
        """All entries, as they were written."""
        return [e for batch in self.node.log.folded() for e in batch if e.fact] + [
            p.entry for p in self.pieces.values()
        ]

    def silenced(self) -> set[str]:
        """The names of the pieces whose words are taken out by who wrote them."""
        by_id = {piece.entry.id.hex(): (name, piece.entry.node) for name, piece in self.pieces.items()}
        redactions = [p.entry for p in self.pieces.values() if isinstance(p.entry.fact, Redaction)]
        return {by_id[e.fact.target][0] for e in redactions if by_id[e.fact.target][1] == e.node}


def _hearer(*teams: scattered.Team) -> Any:
    """The node of the team that the depot and the gym belong to."""
    node = memory_node("hearers")
    node.now = NOW
    scattered.trust(node, *teams)
    for id in ("depot", "gym"):
        node.log.append(events.encode(Place(id, id.title(), "hub")))
    for item in ("rice", "kit"):
        node.log.append(events.encode(Item(item, item.title(), "kg")))
    node.log.append(events.encode(Keep("depot", "rice", 1_000)))
    return node


def lists(node: Any) -> dict[str, Any]:
    """Everything that people look at."""
    entries = [entry for batch in node.log.folded() for entry in batch if entry.fact]
    entries.sort(key=lambda entry: entry.id)
    dependents = traces.dependents(node, entries)
    undone = traces.undone(node, entries)
    return {
        "alerts": alerts.rows(node, everywhere=True),
        "transfers": transfers.rows(node, every=True),
        "counts": counting.counts(node),
        "merges": merging.suggestions(node),
        "needs": needs.rows(node, everything=True),
        "dependents": {id.hex(): [row["entry"] for row in rows] for id, rows in sorted(dependents.items())},
        "undone": {id.hex(): row for id, row in sorted(undone.items())},
        "log": queries.log(node),
        "stock": queries.stock(node, lots=True),
    }


CHOSEN = [
    (name, touch)
    for name, (_, base) in CASES.items()
    for touch in TOUCHES
    if base or not ("rests on" in touch or "both" in touch)
]


@pytest.mark.parametrize(("name", "touch"), CHOSEN)
def test_everything_comes_to_the_same_and_the_lists_say_what_to_look_at(name, touch):
    story, told, digests = Story(name, touch), set(), set()
    for node in scattered.in_every_order(story.node, list(story.pieces.values())):
        if not digests:
            digests.add(_rebuilt(node))
        digests.add(node.fold.digest())
        found = lists(node)
        told.add(msgspec.json.encode(found))
        assert model.on_hand(story.entries) == {
            row[:3]: row[3] for row in node.db.execute_sql("SELECT place, item, lot, qty FROM stock WHERE qty <> 0")
        }
        assert accounts.balance(node, "place")["balanced"]
        _words_are_gone(node, story)
    assert (len(digests), len(told)) == (1, 1)
    _say_what_others_did(found, story)
    _say_what_is_on_its_way(found, story)
    _say_what_counts_explain(found, story)
    _say_what_may_be_one(found, story)
    _say_what_is_needed(found, story)
    _say_what_rests_on_what(found, story)


def test_every_kind_of_fact_is_the_news_once():
    assert {type(news) for news, _ in CASES.values()} == set(events.AnyFact.__args__) - {Redaction}


# what must hold


def _words_are_gone(node: Any, story: Story) -> None:
    """What is silenced is nowhere in the database nor in what is given on; all else is as it was written."""
    image = node.db.connection().serialize()
    for name, piece in story.pieces.items():
        silent = name in story.silenced()
        assert (_who(name) in image) == (_who(name) in events.encode(piece.entry.fact) and not silent)
        assert (node.log.store.by_id(piece.entry.id)[4] is None) == silent
        fact = events.without_words(piece.entry.fact) if silent else piece.entry.fact
        assert node.log.get(piece.entry.id).fact == fact


def _rebuilt(node: Any) -> str:
    """All hashes and signatures hold, and the digest when all is folded anew."""
    assert node.log.verify() == []
    with node.log.transaction():
        node.fold.refold(node.log.folded())
    return str(node.fold.digest())


def _standing(story: Story, *kinds: type) -> list[Any]:
    return model.standing(story.entries, *kinds)


def _kinds(found: Any, *kinds: str) -> list[Any]:
    return [row for row in found["alerts"] if row["kind"] in kinds]


def _say_what_others_did(found: Any, story: Story) -> None:
    """Whatever others recorded at our places and stands is to be looked at, and can be told without its words."""
    moved = _standing(story, Receipt, Distribution, Loss, Count, Dispatch, Arrival, Repack)
    assert {row["entry"] for row in _kinds(found, "by_others")} == {entry.id.hex() for entry in moved}
    told = msgspec.json.encode(found)
    assert not any(_who(name) in told for name in story.silenced())


def _say_what_is_on_its_way(found: Any, story: Story) -> None:
    sums = model.transit(story.entries)
    sent = {entry.id.hex(): entry for entry in story.entries if isinstance(entry.fact, Dispatch)}
    gone = {id.hex() for id in model.undone(story.entries)}
    statuses = {row["dispatch"]: row["status"] for row in found["transfers"]}
    came = {entry.fact.dispatch for entry in _standing(story, Arrival)}
    for dispatch in {*sent, *came}:
        open_ = [sent_ - sum(rest) for (of, _, _), (sent_, *rest) in sums.items() if of == dispatch]
        if dispatch not in sent:
            expected = "unmatched"
        elif dispatch in gone:
            expected = "voided" if dispatch in came else None
        else:
            expected = "over" if min(open_) < 0 else "in_transit" if max(open_) else "short"
        assert statuses.get(dispatch) == expected
        shown = _kinds(found, "unmatched", "voided", "over", "short")
        assert [row["entry"] for row in shown] == ([dispatch] if expected in ("unmatched", "voided", "over") else [])
        assert all(row["action"] for row in shown)


def _say_what_counts_explain(found: Any, story: Story) -> None:
    """What a count found, against what was there before it by all that is known."""
    counts = _standing(story, Count)
    assert {row["entry"] for row in found["counts"]} == {entry.id.hex() for entry in counts}
    for row in found["counts"]:
        count = next(entry for entry in counts if entry.id.hex() == row["entry"])
        key = count.fact.at, count.lamport, count.id
        moved = [e for e in _standing(story, *model.STOCK_FACTS) if (e.fact.at, e.lamport, e.id) < key]
        cell = model.cells(moved).get((count.fact.place, row["item"]), model.Cell())
        line = next(line for line in count.fact.lines if (line.item, line.lot) == (row["item"], row["lot"]))
        before = sum(cell.lots.values()) if line.lot is None else cell.lots.get(line.lot, 0)
        assert row["variance"] == format_qty(line.qty - line.expected)
        assert row["explained"] == format_qty(before - line.expected)


def _say_what_may_be_one(found: Any, story: Story) -> None:
    """What others say is one is suggested, and nothing of it once that is taken back."""
    said = _standing(story, SameAs)
    assert {row["entry"] for row in found["merges"]} == {entry.id.hex() for entry in said}
    assert {row["entry"] for row in _kinds(found, "merge_suggestion")} == {entry.id.hex() for entry in said}


def _say_what_is_needed(found: Any, story: Story) -> None:
    """A need that stands is open, or is closed by a renewal that stands, and says how much is still lacking."""
    stand = {entry.id.hex(): entry for entry in _standing(story, Need)}
    assert {row["need"] for row in found["needs"]} == set(stand)
    for row in found["needs"]:
        closed = any(entry.fact.closed for entry in _standing(story, events.Renewal))
        given = sum(line.qty for e in _standing(story, Distribution) if e.fact.need for line in e.fact.lines)
        assert row["status"] == ("closed" if closed else "open")
        assert row["lines"][0]["answered"] == format_qty(given)  # what was pledged is over by now
        shown = _kinds(found, "need_unanswered", "need_open", "need_stale")
        kinds = [] if closed else ["need_open" if given else "need_unanswered"]
        assert [one["kind"] for one in shown] == kinds


def _say_what_rests_on_what(found: Any, story: Story) -> None:
    """What names an entry and stands is listed with it, also where that is undone; so is who undid what, and why."""
    fields = ("dispatch", "need")
    naming: dict[str, list[str]] = {}
    known = {entry.id.hex() for entry in story.entries}
    for entry in _standing(story, events.Fact):
        for target in {getattr(entry.fact, field, "") for field in fields} & known:
            naming.setdefault(target, []).append(entry.id.hex())
    assert found["dependents"] == naming
    assert set(found["undone"]) == {id.hex() for id in model.undone(story.entries)}
    whys = {p.entry.id.hex(): "" if n in story.silenced() else p.entry.fact.why for n, p in _undos(story).items()}
    assert all(row["why"] == whys[row["entry"]] for row in found["undone"].values())


def _undos(story: Story) -> dict[str, scattered.Piece]:
    return {name: piece for name, piece in story.pieces.items() if isinstance(piece.entry.fact, Void)}


# what it reads like


def told(touch: str, name: str, kind: str) -> list[str]:
    """The sentences of the alerts of a kind, and what to do about them, when all has arrived."""
    story = Story(name, touch)
    scattered.hear(story.node, list(story.pieces.values())[::-1])
    return [f"{row['text']} {row['action']}" for row in alerts.rows(story.node, kind=kind, everywhere=True)]


def test_goods_that_came_in_of_a_dispatch_that_was_undone_are_to_be_settled_by_two_teams():
    (said,) = told("an undo of what it rests on", "arrival", "voided")
    assert "came in, but its sender undid the dispatch" in said and "one of the two should be undone" in said


def test_goods_of_a_dispatch_that_nobody_has_heard_of_are_asked_about():
    (said,) = told("words out", "arrival of nothing sent", "unmatched")
    assert "of a dispatch that nobody here has heard of" in said and "sync with its sender" in said


def test_a_need_is_open_again_when_the_drop_for_it_is_undone():
    assert "still needs 2 Rice" in told("nothing", "drop for a need", "need_open")[0]
    assert told("its undo", "drop for a need", "need_open") == []
    assert "needs 5 Rice" in told("its undo", "drop for a need", "need_unanswered")[0]


def test_too_little_is_told_only_while_nothing_later_says_otherwise():
    assert told("nothing", "count of a lot", "low") == []
    story = Story("count", "nothing")
    scattered.hear(story.node, [story.teams["us"].write(Count(AT + HOUR, "depot", [CountLine("rice", 400)]))])
    assert "down to 0.4 kg" in alerts.rows(story.node, kind="low")[0]["text"]
    scattered.hear(story.node, [story.teams["them"].write(Receipt(AT + 2 * HOUR, "depot", [ReceiptLine("rice", 900)]))])
    assert alerts.rows(story.node, kind="low") == []


def test_a_place_goes_by_its_earlier_name_in_every_list_when_the_words_are_out():
    assert "at Mrs news Smith." in told("a count", "place", "by_others")[0]
    assert "at Depot." in told("words out, and a count", "place", "by_others")[0]
