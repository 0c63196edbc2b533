"""Words for what ids and facts mean: names of places, items and teams, and one short sentence for an entry."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from node import catalogue, hearsay, sameness
from node.catalogue import ItemRow, PlaceRow
from node.events import (
    Arrival,
    Closing,
    Count,
    Dispatch,
    Distribution,
    Item,
    Keep,
    Loss,
    Need,
    Place,
    Pledge,
    Receipt,
    Redaction,
    Renewal,
    Repack,
    SameAs,
    Team,
    Void,
    is_entry_id,
)
from node.fold import Node
from node.units import format_packed, format_qty, format_time

LINES_SHOWN = 3  # in a summary
DONE: dict[type, str] = {Receipt: " received", Distribution: " dropped", Loss: " lost", Count: " counted"}


class Words:
    """Names of places, teams and these items, and when each team was last heard: what rows are filled in with.

    What no catalogue entry has named yet goes by its id. Unless `raw`, what this team has merged goes by one name, and
    a place of which no news has come by what a waybill calls it.
    """

    def __init__(self, node: Node, items: Sequence[str], raw: bool = False) -> None:
        self.same_items = sameness.NONE if raw else sameness.merged(node, "item")
        self.same_places = sameness.NONE if raw else sameness.merged(node, "place")
        self.places = {row.id: row for row in catalogue.places_all(node)}
        self.told = {} if raw else hearsay.places(node)  # by waybills alone
        self.node, self.items = node, dict[str, ItemRow]()
        self._learn(items)
        self.teams = catalogue.team_names(node)
        self._heard = {team: format_time(ms) for team, ms in node.log.heard().items()}

    def _learn(self, items: Sequence[str]) -> None:
        known = {*items, *(id for item in items for id in self.same_items.all_of(self.same_items.head(item)))}
        rows = catalogue.item_rows(self.node, sorted(known - self.items.keys()))
        self.items.update({row.id: row for row in rows})

    def fact(self, id: str) -> object | None:
        """What the entry (hex id) says that another speaks of, its items' names at hand; None where it isn't known."""
        found = self.node.log.get(bytes.fromhex(id)) if is_entry_id(id) else None
        fact = found.fact if found else None
        self._learn(items_of(fact))
        return fact

    def place(self, id: str) -> PlaceRow:
        """What is known of a place."""
        ids = self.same_places.all_of(self.same_places.head(id))
        row = next((self.places[one] for one in ids if one in self.places), PlaceRow(id, "", "", None, None, b""))
        if not row.name:
            row = replace(row, name=next((self.told[one] for one in ids if one in self.told), ""))
        return row if row.id == ids[0] else replace(row, id=ids[0])

    def item(self, id: str) -> ItemRow:
        """What is known of an item."""
        ids = self.same_items.all_of(self.same_items.head(id))
        row = next((self.items[one] for one in ids if one in self.items), ItemRow(id, "", "", "", {}, {}))
        return row if row.id == ids[0] else replace(row, id=ids[0])

    def own_name(self, kind: str, id: str) -> str:
        """The name that an item or place has by itself, merged or not."""
        row = self.items.get(id) if kind == "item" else self.places.get(id)
        return row.name or id if row else id

    def place_name(self, id: str) -> str:
        """A place's name, its id if it has none."""
        row = self.place(id)
        return row.name or row.id

    def item_name(self, id: str) -> str:
        """An item's name, its id if it has none."""
        row = self.item(id)
        return row.name or row.id

    def about_place(self, id: str) -> dict[str, Any]:
        """The fields {place, place_name, team}."""
        row = self.place(id)
        return {"place": row.id, "place_name": row.name or row.id, "team": catalogue.team_name(self.teams, row.node)}

    def about_item(self, id: str) -> dict[str, Any]:
        """The fields {item, item_name, unit}."""
        row = self.item(id)
        return {"item": row.id, "item_name": row.name or row.id, "unit": row.unit}

    def heard_of(self, place: str) -> str | None:
        """When the team of a place was last heard."""
        return self._heard.get(self.place(place).node)


Moved = Receipt | Distribution | Loss | Count | Dispatch | Arrival | Need | Pledge


def items_of(fact: object) -> list[str]:
    """The items that a fact is about."""
    if isinstance(fact, Item):
        return [fact.id]
    if isinstance(fact, Repack):
        return [*(line.item for line in fact.used), *(line.item for line in fact.made)]
    if isinstance(fact, SameAs):
        return [fact.id, fact.same]
    return [fact.item] if isinstance(fact, Keep) else [line.item for line in getattr(fact, "lines", ())]


def summary(words: Words, fact: object) -> str:
    """A fact in one short sentence, such as "24 Blanket, 3 Tarpaulin at Gym North, 40 people"."""
    if isinstance(fact, Moved):
        return _whole(words, fact)
    if isinstance(fact, Repack):
        used, made = _amounts(words, fact.used), _amounts(words, fact.made)
        return f"{used} became {made} at {words.place_name(fact.place)}"
    return _about_entry(words, fact) or _named(words, fact) or "Something that this version can't read"


def _about_entry(words: Words, fact: object) -> str:
    """What is said of another entry; empty if it is nothing of the kind."""
    if isinstance(fact, Void):
        return f"Undid: {_other(words, fact.target)} — {fact.why}"
    if isinstance(fact, Redaction):
        return f"Took the words out of: {_other(words, fact.target)}{f' — {fact.why}' if fact.why else ''}"
    if isinstance(fact, Closing):
        since = f"from {format_time(fact.since)} on " if fact.since is not None else ""
        return f"Closed the books {since}of what took place before {format_time(fact.until)}"
    if isinstance(fact, Renewal):
        until = f" until {format_time(fact.until)}" if fact.until is not None else ""
        return f"Need {fact.need[:8]} is {'closed' if fact.closed else f'still there{until}'}"
    return ""


def _other(words: Words, entry: str) -> str:
    """Another entry in a few words, with what was done; one that isn't known goes by the first digits of its id."""
    fact = words.fact(entry)
    if fact is None or isinstance(fact, Void | Redaction):  # neither is undone: nothing is gained by what it speaks of
        return entry[:8]
    return _whole(words, fact, DONE.get(type(fact), "")) if isinstance(fact, Moved) else summary(words, fact)


def _named(words: Words, fact: object) -> str:
    """What is said of the catalogue; empty if it is nothing of the kind."""
    if isinstance(fact, Team):
        return f"The team calls itself {fact.name}"
    if isinstance(fact, Item):
        return f"Item {fact.name or words.item_name(fact.id)}{f' in {fact.unit}' if fact.unit else ''}"
    if isinstance(fact, Place):
        return f"Place {fact.name or words.place_name(fact.id)}{f' ({fact.kind})' if fact.kind else ''}"
    if isinstance(fact, SameAs):
        one, same = (words.own_name(fact.kind, id) for id in (fact.id, fact.same))
        return f"{one} is the same {fact.kind} as {same}"
    return _kept(words, fact) if isinstance(fact, Keep) else ""


def _kept(words: Words, fact: Keep) -> str:
    least = f" at least {format_qty(fact.minimum)}" if isinstance(fact.minimum, int) else ""
    shelf = f" on shelf {fact.shelf}" if fact.shelf else ""
    return f"Keep{least} {words.item_name(fact.item)}{shelf} at {words.place_name(fact.place)}"


def _whole(words: Words, fact: Moved, done: str = "") -> str:
    return ", ".join([_moved(words, fact, done), *_besides(words, fact)])


def _moved(words: Words, fact: Moved, done: str = "") -> str:
    told, place = _amounts(words, fact.lines), words.place_name(fact.place)
    if isinstance(fact, Dispatch):
        return f"{told} sent from {place} to {words.place_name(fact.to)}"
    if isinstance(fact, Arrival):
        return f"{told} came in at {place}"
    if isinstance(fact, Need):
        return f"{told} needed at {place}"
    return f"{told} promised from {place}" if isinstance(fact, Pledge) else f"{told}{done} at {place}"


def _amounts(words: Words, lines: Sequence[Any]) -> str:
    totals: dict[str, int] = {}
    for line in lines:
        item = words.same_items.head(line.item)
        totals[item] = totals.get(item, 0) + line.qty
    parts = [_amount(words, id, qty) for id, qty in list(totals.items())[:LINES_SHOWN]]
    if len(totals) > LINES_SHOWN:
        parts.append(f"{len(totals) - LINES_SHOWN} more")
    return ", ".join(parts) or "Nothing"


def _amount(words: Words, id: str, qty: int) -> str:
    """A quantity in units and, where it fills any, in packs."""
    packed = format_packed(qty, words.item(id).packs)
    return f"{format_qty(qty)}{f' ({packed})' if packed else ''} {words.item_name(id)}"


def _besides(words: Words, fact: Moved) -> Iterator[str]:
    if isinstance(fact, Receipt) and fact.source:
        yield f"from {fact.source}"
    if isinstance(fact, Loss):
        yield fact.reason
    if isinstance(fact, Dispatch) and fact.waybill:
        yield f"waybill {fact.waybill}"
    if isinstance(fact, Arrival):
        yield from _short(words, fact)
    if isinstance(fact, Need):
        yield fact.urgency
    if isinstance(fact, Distribution) and fact.site:
        yield f"handed out at {words.place_name(fact.site)}"
    for what in ("people", "households"):
        if getattr(fact, what, None) is not None:
            yield f"{getattr(fact, what)} {what}"


def _ruined(qty: int, name: str, what: str) -> str:
    """So much came damaged or is missing; less than nothing had been told as that before."""
    return f"{format_qty(qty)} {name} {what}" if qty > 0 else f"{format_qty(-qty)} {name} no longer {what}"


def _short(words: Words, fact: Arrival) -> Iterator[str]:
    for what in ("damaged", "missing"):
        totals: dict[str, int] = {}
        for line in fact.lines:
            item = words.same_items.head(line.item)
            totals[item] = totals.get(item, 0) + getattr(line, what)
        told = [_ruined(qty, words.item_name(item), what) for item, qty in totals.items() if qty]
        yield from told[:LINES_SHOWN]
        if len(told) > LINES_SHOWN:
            yield f"{len(told) - LINES_SHOWN} more {what}"
