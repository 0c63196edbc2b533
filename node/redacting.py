"""Takes the words out of an own entry: a name typed by mistake leaves this node now, and others as they hear of it."""

from typing import cast

import msgspec

from node import catalogue, events, inputs
from node.events import AnyFact, Redaction
from node.fold import Node
from node.folding.wordless import without_words
from node.inputs import KEPT
from node.record import Recorded, find_entry
from node.requests import RedactIn
from sync.errors import Conflict, Forbidden
from sync.log import Folded

LEAVES = (
    "The words are gone from this node. Others drop them when they next sync; who never syncs again, and backups,"
    " exports and printed paper, keep them."
)


def redact(node: Node, entry: str, body: RedactIn) -> Recorded:
    """Take notes, names and whatever else was typed freely out of an own entry; quantities and the chain stay.

    The reason is itself a text that everybody gets, and may be left out. Forbidden for another team's entry, Conflict
    where there is no word in it.
    """
    with node.log.transaction():
        target = find_entry(node, entry)
        fact = _checked(node, target)
        left = without_words(fact)
        if events.encode(left) == events.encode(fact):
            raise Conflict("There are no words in this entry.", kept=KEPT, todo="Undo it, if it is wrong altogether.")
        raw = msgspec.Raw(events.encode(left))
        why = inputs.note(body.why, "why")
        written = node.log.append(events.encode(Redaction(node.clock(), target.id.hex(), raw, why)))
        node.fold.settle()
    # What was overwritten may still lie in the journal beside the database.
    node.db.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return Recorded(written.id.hex(), notices=[LEAVES])


def has_words(node: Node, entry: Folded) -> bool:
    """Whether an entry is one of ours with words to be taken out."""
    fact = entry.fact
    if entry.node != node.keys.node or not isinstance(fact, events.Fact) or isinstance(fact, Redaction):
        return False
    left = without_words(cast(AnyFact, fact))
    return events.encode(left) != events.encode(cast(AnyFact, fact))


def _checked(node: Node, target: Folded) -> AnyFact:
    if target.node != node.keys.node:
        team = catalogue.team_name(catalogue.team_names(node), target.node)
        raise Forbidden(
            "This entry is another team's; only they can take words out of it.", kept=KEPT, todo=f"Ask {team} to."
        )
    fact = target.fact
    if not isinstance(fact, events.Fact) or isinstance(fact, Redaction):
        raise Conflict("The words of this entry can't be taken out.", kept=KEPT)
    return cast(AnyFact, fact)
