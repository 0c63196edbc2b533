"""What is told beside a movement without a word that anybody typed freely: its other end, or why goods were lost."""

from node import catalogue
from node.events import LOSS_REASONS, Arrival, Dispatch, Distribution, Loss, is_entry_id
from node.fold import Node
from node.reporting.model import Column
from node.reporting.posting import NOWHERE, Way
from node.telling import Words

BESIDE = Column("beside", "From, to or why", "text", "#description+beside")
SUMMARY = Column("summary", "In words", "text", "#description+summary", private=True)  # people's words are in it


def way_of(node: Node, arrival: Arrival) -> Way:
    """Where the dispatch of an arrival left and was sent to; NOWHERE if nobody here has heard of it."""
    id = bytes.fromhex(arrival.dispatch) if is_entry_id(arrival.dispatch) else b""
    rows = catalogue.query(node, "SELECT place, dest FROM dispatch WHERE id = ?", id)
    return Way(*rows[0]) if rows else NOWHERE


def beside(node: Node, words: Words, fact: object) -> str:
    """From where, to where, handed out where, or why lost; empty where there is nothing of the kind to tell."""
    if isinstance(fact, Dispatch):
        return f"to {words.place_name(fact.to)}"
    if isinstance(fact, Arrival):
        origin = way_of(node, fact).origin
        return f"from {words.place_name(origin)}" if origin else "from a dispatch not heard of"
    if isinstance(fact, Distribution) and fact.site:
        return f"at {words.place_name(fact.site)}"
    if isinstance(fact, Loss):
        return fact.reason if fact.reason in LOSS_REASONS else LOSS_REASONS[-1]
    return ""
