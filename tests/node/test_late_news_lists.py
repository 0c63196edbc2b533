"""Late news on nodes as they are: words taken out at any time, and lists that say what a person should look at.

Every entry comes in a log of its own, so that anything may come before anything, also a redaction before its target.
After every order of arrival the digest, the stock, the bytes that are kept and all lists are the same.
"""

from typing import Any

import msgspec
import pytest

from node import accounts, alerts, events
from node.events import (
    Count,
    CountLine,
    Item,
    Keep,
    Place,
    Receipt,
    ReceiptLine,
    Redaction,
    Void,
)
from node.folding.wordless import WORDS, without_words
from tests import model
from tests.fakes import memory_node
from tests.node.test_late_news import AT, BASE, CASES, COUNTED, HOUR, MERGES, NEWS
from tests.simulator import image, scattered, worklists

SOMEBODY = "somebody"
NOW = AT + 30 * HOUR
MORE = {"void": (Void(BASE, "", AT), Receipt(AT, "depot", [ReceiptLine("rice", 2_000)]))}
NOTED = Count(COUNTED.at, COUNTED.place, COUNTED.lines, SOMEBODY)


def named(fact: Any) -> Any:
    """The fact with somebody's name in the first of its fields that takes words."""
    fields = [field for field in WORDS if field in fact.__struct_fields__ and field != "names"]
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
        return Redaction(AT, entry.id.hex(), msgspec.Raw(events.encode(without_words(entry.fact))))

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
        found = worklists.read(node)
        told.add(msgspec.json.encode(found))
        assert model.on_hand(story.entries) == {
            row[:3]: row[3] for row in node.db.execute_sql("SELECT place, item, lot, qty FROM stock WHERE qty <> 0")
        }
        assert accounts.balance(node, "place")["balanced"]
        _words_are_gone(node, story)
    assert (len(digests), len(told)) == (1, 1)
    worklists.say_what_to_look_at(found, story.entries)
    _say_no_more_than_is_left(found, story)


def test_every_kind_of_fact_is_the_news_once():
    assert {type(news) for news, _ in CASES.values()} == set(events.AnyFact.__args__) - {Redaction}


# what must hold


def _words_are_gone(node: Any, story: Story) -> None:
    """What is silenced is nowhere in the database nor in what is given on; all else is as it was written."""
    held = image.held(node.db.connection().serialize(), map(_who, story.pieces))
    for name, piece in story.pieces.items():
        silent = name in story.silenced()
        assert (_who(name) in held) == (_who(name) in events.encode(piece.entry.fact) and not silent)
        assert (node.log.store.by_id(piece.entry.id)[4] is None) == silent
        fact = without_words(piece.entry.fact) if silent else piece.entry.fact
        assert node.log.get(piece.entry.id).fact == fact


def _say_no_more_than_is_left(found: Any, story: Story) -> None:
    """Who is silenced is in no list; and an undo gives its reason, if its words are left."""
    told = msgspec.json.encode(found)
    assert not any(_who(name) in told for name in story.silenced())
    undos = {name: piece.entry for name, piece in story.pieces.items() if isinstance(piece.entry.fact, Void)}
    whys = {entry.id.hex(): "" if name in story.silenced() else entry.fact.why for name, entry in undos.items()}
    assert all(row["why"] == whys[row["entry"]] for row in found["undone"].values())


def _rebuilt(node: Any) -> str:
    """All hashes and signatures hold, and the digest when all is folded anew."""
    assert node.log.verify() == []
    with node.log.transaction():
        node.fold.refold(node.log.folded())
    return str(node.fold.digest())


# what it reads like


def said(touch: str, name: str, kind: str) -> list[str]:
    """The sentences of the alerts of a kind, and what to do about them, when all has arrived."""
    story = Story(name, touch)
    scattered.hear(story.node, list(story.pieces.values())[::-1])
    return [f"{row['text']} {row['action']}" for row in alerts.rows(story.node, kind=kind, everywhere=True)]


def test_goods_that_came_in_of_a_dispatch_that_was_undone_are_to_be_settled_by_two_teams():
    (sentence,) = said("an undo of what it rests on", "arrival", "voided")
    assert "came in, but its sender undid the dispatch" in sentence and "one of the two should be undone" in sentence


def test_goods_of_a_dispatch_that_nobody_has_heard_of_are_asked_about():
    (sentence,) = said("words out", "arrival of nothing sent", "unmatched")
    assert "of a dispatch that nobody here has heard of" in sentence and "sync with its sender" in sentence


def test_a_need_is_open_again_when_the_drop_for_it_is_undone():
    assert "still needs 2 Rice" in said("nothing", "drop for a need", "need_open")[0]
    assert said("its undo", "drop for a need", "need_open") == []
    assert "needs 5 Rice" in said("its undo", "drop for a need", "need_unanswered")[0]


def test_too_little_is_told_only_while_nothing_later_says_otherwise():
    assert said("nothing", "count of a lot", "low") == []
    story = Story("count", "nothing")
    scattered.hear(story.node, [story.teams["us"].write(Count(AT + HOUR, "depot", [CountLine("rice", 400)]))])
    assert "down to 0.4 kg" in alerts.rows(story.node, kind="low")[0]["text"]
    scattered.hear(story.node, [story.teams["them"].write(Receipt(AT + 2 * HOUR, "depot", [ReceiptLine("rice", 900)]))])
    assert alerts.rows(story.node, kind="low") == []


def test_a_place_goes_by_its_earlier_name_in_every_list_when_the_words_are_out():
    assert "at Mrs news Smith." in said("a count", "place", "by_others")[0]
    assert "at Depot." in said("words out, and a count", "place", "by_others")[0]
