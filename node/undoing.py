"""Undoes own entries of any kind and age: a new entry says that an earlier one doesn't hold, and both stay visible.

What rests on the undone entry is shown and not in the way: an arrival of an undone dispatch did take place.
"""

from collections.abc import Iterable

from node import catalogue, events, inputs, traces
from node.events import Item, Place, Redaction, Void
from node.fold import Node
from node.inputs import KEPT
from node.requests import VoidIn
from node.units import refuse_blank
from node.writing import Recorded, find_entry, when, write
from sync.errors import Conflict, Forbidden, Malformed
from sync.log import Folded

_NAMED = "SELECT 1 FROM place WHERE id = ? AND name <> ''"


def void(node: Node, entry: str, body: VoidIn) -> Recorded:
    """Undo one own entry, named by its hex id or the first 8 digits of it; notices name what rested on it."""
    with node.log.transaction():
        target = find_entry(node, entry)
        refuse(node, target)
        why, with_it = reason(body.why), traces.beside(node, target)
        undo_all(node, with_it, why)
        done = write(node, Void(target.id.hex(), why, when(node, None)))
        told = ["What it said of this place under its other ids is undone with it."] if with_it else []
        return Recorded(done.entry, notices=[*traces.left_behind(node, target), *_nameless(node, target), *told])


def undo_all(node: Node, entries: Iterable[Folded], why: str) -> None:
    """Undo own entries that were written with another one, inside the transaction that undoes that."""
    for entry in entries:
        write(node, Void(entry.id.hex(), why, when(node, None)))


def reason(text: str) -> str:
    """Why something is undone; Malformed where nothing is said, or a blank that was to be filled in."""
    why = inputs.note(text, "why")
    if not why:
        with inputs.field("why"):
            raise Malformed("An undo needs a reason.", kept=KEPT, todo="Say in a few words why.")
    with inputs.field("why"):
        refuse_blank(why)
    return why


def refuse(node: Node, target: Folded) -> None:
    """Raises what is in the way of undoing: another's entry, an undo, words taken out, or one undone already."""
    fact = target.fact
    if target.node != node.keys.node:
        team = catalogue.team_name(catalogue.team_names(node), target.node)
        raise Forbidden(
            "This entry is another team's; only they can undo it.",
            kept=KEPT,
            todo=f"Ask {team} to undo it, or record a count of what you see.",
        )
    if isinstance(fact, Void):
        raise Conflict("This entry is itself an undo.", kept=KEPT, todo="Record again what was undone by mistake.")
    if isinstance(fact, Redaction):
        raise Conflict("Words that were taken out are gone and can't come back.", kept=KEPT)
    if not isinstance(fact, events.Fact):
        raise Conflict("This entry is of the node itself and stays.", kept=KEPT, todo="`bucketline peer` may help.")
    if traces.undone(node, [target]):
        raise Conflict("This entry is undone already.", kept=KEPT, todo="Record it again if it did take place.")


def _nameless(node: Node, target: Folded) -> list[str]:
    """Whether what the entry named goes by its bare id now, in a sentence."""
    fact = target.fact
    if not isinstance(fact, (Item, Place)):
        return []
    kind = "item" if isinstance(fact, Item) else "place"
    named = catalogue.item_rows(node, [fact.id]) if kind == "item" else catalogue.query(node, _NAMED, fact.id)
    if named:
        return []
    moved = catalogue.query(node, f"SELECT 1 FROM cell WHERE {kind} = ? LIMIT 1", fact.id)
    return [f"Goods are recorded of this {kind}: it now goes by its id, {fact.id}."] if moved else []
