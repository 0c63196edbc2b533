"""Words for what ids and facts mean: names of places, items and teams, and one short sentence for an entry."""

from collections.abc import Iterator, Sequence
from typing import Any

from node import catalogue
from node.catalogue import ItemRow, PlaceRow
from node.events import Count, Distribution, Item, Loss, Place, Receipt, Team, Void
from node.fold import Node
from node.units import format_qty, format_time

LINES_SHOWN = 3  # in a summary


class Words:
    """Names of places, teams and these items, and when each team was last heard: what rows are filled in with.

    What no catalogue entry has named yet goes by its id.
    """

    def __init__(self, node: Node, items: Sequence[str]) -> None:
        self.places = {row.id: row for row in catalogue.places_all(node)}
        self.items = {row.id: row for row in catalogue.item_rows(node, sorted(set(items)))}
        self.teams = catalogue.team_names(node)
        self._heard = {team: format_time(ms) for team, ms in node.log.heard().items()}

    def place(self, id: str) -> PlaceRow:
        """What is known of a place."""
        return self.places.get(id) or PlaceRow(id, "", "", None, None, b"")

    def item(self, id: str) -> ItemRow:
        """What is known of an item."""
        return self.items.get(id) or ItemRow(id, "", "", "", {}, {})

    def place_name(self, id: str) -> str:
        """A place's name, its id if it has none."""
        return self.place(id).name or id

    def item_name(self, id: str) -> str:
        """An item's name, its id if it has none."""
        return self.item(id).name or id

    def about_place(self, id: str) -> dict[str, Any]:
        """The fields {place, place_name, team}."""
        team = catalogue.team_name(self.teams, self.place(id).node)
        return {"place": id, "place_name": self.place_name(id), "team": team}

    def about_item(self, id: str) -> dict[str, Any]:
        """The fields {item, item_name, unit}."""
        return {"item": id, "item_name": self.item_name(id), "unit": self.item(id).unit}

    def heard_of(self, place: str) -> str | None:
        """When the team of a place was last heard."""
        return self._heard.get(self.place(place).node)


def items_of(fact: object) -> list[str]:
    """The items that a fact is about."""
    return [fact.id] if isinstance(fact, Item) else [line.item for line in getattr(fact, "lines", ())]


def summary(words: Words, fact: object) -> str:
    """A fact in one short sentence, such as "24 Blanket, 3 Tarpaulin at Gym North, 40 people"."""
    if isinstance(fact, (Receipt, Distribution, Loss, Count)):
        return _moved(words, fact)
    if isinstance(fact, Void):
        return f"Undid {fact.target[:8]}: {fact.why}"
    if isinstance(fact, Team):
        return f"The team calls itself {fact.name}"
    if isinstance(fact, Item):
        return f"Item {fact.name or words.item_name(fact.id)}{f' in {fact.unit}' if fact.unit else ''}"
    if isinstance(fact, Place):
        return f"Place {fact.name or words.place_name(fact.id)}{f' ({fact.kind})' if fact.kind else ''}"
    return "Something that this version can't read"


def _moved(words: Words, fact: Receipt | Distribution | Loss | Count) -> str:
    totals: dict[str, int] = {}
    for line in fact.lines:
        totals[line.item] = totals.get(line.item, 0) + line.qty
    parts = [f"{format_qty(qty)} {words.item_name(id)}" for id, qty in list(totals.items())[:LINES_SHOWN]]
    if len(totals) > LINES_SHOWN:
        parts.append(f"{len(totals) - LINES_SHOWN} more")
    told = ", ".join(parts) or "Nothing"
    return ", ".join([f"{told} at {words.place_name(fact.place)}", *_besides(words, fact)])


def _besides(words: Words, fact: Receipt | Distribution | Loss | Count) -> Iterator[str]:
    if isinstance(fact, Receipt) and fact.source:
        yield f"from {fact.source}"
    if isinstance(fact, Loss):
        yield fact.reason
    if isinstance(fact, Distribution):
        if fact.site:
            yield f"handed out at {words.place_name(fact.site)}"
        if fact.people is not None:
            yield f"{fact.people} people"
        if fact.households is not None:
            yield f"{fact.households} households"
