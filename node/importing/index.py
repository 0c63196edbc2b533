"""The whole catalogue in memory, so that thousands of rows find what they mean without asking the database for each.

Items are told apart by name and unit. A code comes first, and what a row adds to what is known is gathered as facts.
"""

from collections import defaultdict
from typing import Any

from msgspec import UNSET, structs

from node import catalogue, starter
from node.catalogue import PlaceRow
from node.events import Item
from node.fold import Node
from node.folding.names import search_key
from node.importing.rows import Thing
from node.inputs import WORD_CHARS_MAX

UNIT = "piece"  # of new items whose unit a file doesn't tell
KIT_UNIT = "kit"
LISTED = 5  # of the units or places among which a row doesn't decide


class Index:
    """Finds items and places by what rows call them. `news` are facts to write, `fresh` new items by id, labelled."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.news: dict[str, Item] = {}
        self.fresh: dict[str, str] = {}
        self.unitless = self.coded = 0  # new items that got the usual unit, or their code into their name
        self._names: defaultdict[str, dict[str, str]] = defaultdict(dict)  # name → unit → id
        self._units: dict[str, str] = {}
        self._categories: dict[str, str] = {}
        self._by_code: defaultdict[str, list[str]] = defaultdict(list)
        self._codes: defaultdict[str, dict[str, str]] = defaultdict(dict)  # id → scheme → code
        self._places: defaultdict[str, list[PlaceRow]] = defaultdict(list)
        self._told: defaultdict[str, set[str]] = defaultdict(set)  # id → what is known of one unit
        self._load()

    def _load(self) -> None:
        for id, name, unit, category in catalogue.query(
            self.node, "SELECT id, name, unit, category FROM item WHERE name <> '' ORDER BY id"
        ):
            self._enter(id, name, unit, category)
        sql = "SELECT id, weight, volume, value FROM item"
        for id, *known in catalogue.query(self.node, sql):
            self._told[id] = {name for name, value in zip(("weight", "volume", "value"), known, strict=True) if value}
        for id, scheme, code in catalogue.query(
            self.node, "SELECT item, scheme, code FROM item_code WHERE code <> '' ORDER BY item, scheme"
        ):
            self._enter_code(id, scheme, code)
        for row in catalogue.places_all(self.node):
            self._places[search_key(row.name)].append(row)

    def _enter(self, id: str, name: str, unit: str, category: str) -> None:
        self._names[search_key(name)].setdefault(search_key(unit), id)
        self._units[id], self._categories[id] = unit, category

    def _enter_code(self, id: str, scheme: str, code: str) -> None:
        self._codes[id][scheme] = code
        if id not in self._by_code[search_key(code)]:
            self._by_code[search_key(code)].append(id)

    # places

    def place(self, name: str) -> PlaceRow | None:
        """The place of this name, None for a new one; ValueError where several bear it."""
        rows = self._places.get(search_key(name), [])
        if len(rows) > 1:
            raise ValueError(f"{len(rows)} places are called {name!r}: rename all but one")
        return rows[0] if rows else None

    def enter_place(self, id: str, name: str, kind: str) -> None:
        """A place that has just been made."""
        self._places[search_key(name)].append(PlaceRow(id, name, kind, None, None, self.node.keys.node))

    # items

    def item(self, thing: Thing) -> str:
        """The id of the item that a row means; a new one is entered. ValueError where the row doesn't decide."""
        id = self._coded(thing) or self._named(thing) or self._common(thing) or self._new(thing)
        self._learn(id, thing)
        return id

    def kit(self, name: str) -> str:
        """The id of the kit of this name; a new one is counted in kits."""
        return self.item(Thing(name, "" if self._names.get(search_key(name)) else KIT_UNIT))

    def _coded(self, thing: Thing) -> str | None:
        """The item that bears one of the row's codes."""
        known = {id for _, code in thing.codes for id in self._by_code.get(search_key(code), ())}
        fitting = sorted(id for id in known if self._fits(id, thing.unit))
        if len(fitting) > 1:
            fitting = [id for id in fitting if id in self._names[search_key(thing.name)].values()] or fitting
        if len(fitting) > 1:
            raise ValueError(f"{len(fitting)} items bear the code {thing.codes[0][1]}")
        if known and not fitting and not thing.name:
            units = " or ".join(sorted({self._units.get(id, "") for id in known}))
            raise ValueError(f"{thing.codes[0][1]} is kept in {units} here, and the file says {thing.unit}")
        return fitting[0] if fitting else None

    def _fits(self, id: str, unit: str) -> bool:
        return not unit or search_key(self._units.get(id, "")) == search_key(unit)

    def _named(self, thing: Thing) -> str | None:
        """The item of the row's name and unit, unless it bears another code of the same scheme."""
        found = self._names.get(search_key(thing.label), {})
        if not thing.unit and len(found) > 1:
            units = ", ".join(sorted(self._units[id] for id in found.values())[:LISTED])
            raise ValueError(f"{thing.label!r} is kept in more than one unit: {units}; say which")
        id = found.get(search_key(thing.unit)) if thing.unit else next(iter(found.values()), None)
        return id if id and not self._contradicts(id, thing) else None

    def _contradicts(self, id: str, thing: Thing) -> bool:
        has = self._codes[id]
        return any(scheme in has and search_key(has[scheme]) != search_key(code) for scheme, code in thing.codes)

    def _common(self, thing: Thing) -> str | None:
        """The item that all know from the start under the code of a row without a name: it is written down."""
        if thing.name:
            return None
        known = {id for _, code in thing.codes for id in starter.called(f"ifrc:{code}")}
        facts = [fact for id in known if (fact := starter.fact_of(id))]
        fitting = [fact for fact in facts if not thing.unit or search_key(str(fact.unit)) == search_key(thing.unit)]
        return self._start(fitting[0]) if len(fitting) == 1 else None

    def _start(self, fact: Item) -> str:
        self._enter(fact.id, str(fact.name), str(fact.unit), str(fact.category))
        for scheme, code in fact.codes.items():
            self._enter_code(fact.id, scheme, code)
        self.fresh[fact.id] = f"{fact.name} ({fact.unit})"
        self.news[fact.id] = structs.replace(fact)
        self._told[fact.id] = {name for name in ("weight", "volume", "value") if getattr(fact, name) is not UNSET}
        return fact.id

    def _new(self, thing: Thing) -> str:
        name, unit = thing.label, thing.unit or UNIT
        self.unitless += not thing.unit
        if search_key(unit) in self._names.get(search_key(name), {}):
            # Catalogues name many things alike and tell them apart by code alone.
            name = f"{name} [{thing.codes[0][1]}]"
            self.coded += 1
            if len(name) > WORD_CHARS_MAX:
                raise ValueError(f"another item is called the same, and with its code the name is too long: {name}")
        id = catalogue.new_item_id(self.node, name, unit)
        common = starter.fact_of(id)
        if common:
            return self._start(common)
        self._enter(id, name, unit, "")
        self.fresh[id] = f"{name} ({unit})"
        self.news[id] = Item(id, name=name, unit=unit)
        return id

    def _learn(self, id: str, thing: Thing) -> None:
        """Gather what a row adds to what is known: codes, the category, and what it tells of one unit."""
        codes = {scheme: code for scheme, code in thing.codes if self._is_new(id, scheme, code)}
        category = thing.category if thing.category and not self._categories.get(id) else ""
        told = self._untold(id, dict(thing.told))
        if not (codes or category or told):
            return
        fact = self.news.setdefault(id, Item(id))
        fact.codes = {**fact.codes, **codes}
        for scheme, code in codes.items():
            self._enter_code(id, scheme, code)
        if category:
            fact.category = self._categories[id] = category
        for name, value in told.items():
            setattr(fact, name, value)
        self._told[id] |= told.keys()

    def _untold(self, id: str, told: dict[str, Any]) -> dict[str, Any]:
        """What nobody has said yet; a currency goes with its value."""
        known = self._told[id]
        return {name: value for name, value in told.items() if ("value" if name == "currency" else name) not in known}

    def _is_new(self, id: str, scheme: str, code: str) -> bool:
        """Whether an item bears no such code yet, of this scheme or another."""
        return scheme not in self._codes[id] and id not in self._by_code.get(search_key(code), ())
