"""What is told of an entry without a word that anybody typed freely: where, what goods, its other end, or why they were
lost."""

from typing import Any

from node import catalogue
from node.events import LOSS_REASONS, Arrival, Dispatch, Distribution, Loss, Repack, Void, is_entry_id, type_of
from node.fold import Node
from node.reporting.model import Column
from node.reporting.posting import NOWHERE, Way
from node.telling import Words, items_of
from node.units import format_qty
from sync.log import Folded

BESIDE = Column("beside", "From, to or why", "text", "#description+beside")
SUMMARY = Column("summary", "In words", "text", "#description+summary", private=True)  # people's words are in it

KIND = Column("type", "Kind", "text", "#activity+type")
PLACE = Column("place_name", "Place", "text", "#loc+name")
GOODS = Column("goods", "Goods", "text", "#item+name+list")


def target_of(node: Node, entry: Folded) -> object:
    """The fact that an entry is about: its own, or the one that it undoes."""
    fact: object = entry.fact
    if isinstance(fact, Void):
        target = node.log.get(bytes.fromhex(fact.target)) if is_entry_id(fact.target) else None
        return target.fact if target and target.node == entry.node else None
    return fact


def told_of(node: Node, words: Words, entry: Folded) -> tuple[str, str, str]:
    """An entry in its kind, place and goods; of an undo what it takes back."""
    fact, undone = target_of(node, entry), isinstance(entry.fact, Void)
    place = getattr(fact, "place", "")
    lines: list[Any] = [*fact.used, *fact.made] if isinstance(fact, Repack) else getattr(fact, "lines", [])
    goods = ", ".join(f"{format_qty(line.qty)} {words.item_name(line.item)}" for line in lines if hasattr(line, "qty"))
    kind = f"undo of a {type_of(fact)}" if undone and fact is not None else type_of(entry.fact)
    return kind, words.place_name(place) if place else "", goods


def items_told(node: Node, entry: Folded) -> list[str]:
    """The items that an entry is about, also by what it undoes."""
    return items_of(target_of(node, entry))


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
