"""Templates: what a kind of work starts from, in one file that teams hand on: items, kits, places, a checklist.

A template is TOML or JSON. Applying one writes ordinary facts, and only those that say something new, so that a second
time changes nothing. Items get the ids that any team would give them: teams that never met share them.
"""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from node import catalogue, inputs, record
from node.events import Item, Keep, encode
from node.fold import Node
from node.requests import ItemIn, PlaceIn
from node.units import format_degrees, format_qty, parse_qty
from sync.errors import Malformed, NotFound

BYTES_MAX = 1_000_000
KEPT = "Nothing was changed."


class ItemOf(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An item; quantities of packs and of the `kit` (other items by name) are decimal strings."""

    name: str
    unit: str
    category: str = ""
    packs: dict[str, str] = {}
    codes: dict[str, str] = {}
    kit: dict[str, str] = {}


class PlaceOf(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A place, without a spot where every team has its own."""

    name: str
    kind: str
    lat: str | None = None
    lon: str | None = None


class Minimum(Struct, forbid_unknown_fields=True):
    """The least that there should be of an item at a place."""

    place: str
    item: str
    minimum: str


class Template(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One template. `checklist` are sentences to tick off, `notes` sentences to know."""

    name: str
    about: str = ""
    checklist: list[str] = []
    notes: list[str] = []
    items: list[ItemOf] = []
    places: list[PlaceOf] = []
    minimums: list[Minimum] = []


def names() -> list[str]:
    """The templates that come with the program."""
    files = resources.files(__name__).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def find(text: str) -> Template:
    """A template by its name, or from a file. NotFound where there is neither, Malformed where it can't be read."""
    if text.strip().lower() in names():
        raw = resources.files(__name__).joinpath(f"{text.strip().lower()}.toml").read_bytes()
        return read(raw, toml=True)
    path = Path(text)
    if not path.is_file():
        known = ", ".join(names())
        raise NotFound(f"There is no template {text!r}.", kept=KEPT, todo=f"Name a file, or one of: {known}.")
    if path.stat().st_size > BYTES_MAX:
        raise Malformed(f"{text} is too large for a template.", kept=KEPT)
    return read(path.read_bytes(), toml=path.suffix.lower() == ".toml")


def read(raw: bytes, toml: bool) -> Template:
    """The template in the bytes of a file; Malformed says what is wrong with it."""
    try:
        if toml:
            return msgspec.convert(tomllib.loads(raw.decode()), Template)
        return msgspec.json.decode(raw, type=Template)
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"This is not a template: {error}.", kept=KEPT, todo="Export one and look.") from None


def apply(node: Node, template: Template) -> int:
    """Write all that a template says and this node doesn't know yet, in one go: how many entries that took."""
    with node.log.transaction():
        before = node.log.counts()[0]
        ids = {item.name: _item(node, item) for item in template.items}
        for item in template.items:
            _kit(node, ids[item.name], item, ids)
        spots = {place.name: _place(node, place) for place in template.places}
        for least in template.minimums:
            _minimum(node, least, spots, ids)
        node.fold.settle()
        return int(node.log.counts()[0] - before)


def _item(node: Node, item: ItemOf) -> str:
    body = ItemIn(name=item.name, unit=item.unit, category=item.category or None, packs=item.packs, codes=item.codes)
    return record.add_item(node, body)[0]


def _place(node: Node, place: PlaceOf) -> str:
    """A place's id; one without a spot is the team's own, whoever else has one of that name."""
    body = PlaceIn(name=place.name, kind=place.kind, lat=place.lat, lon=place.lon)  # type: ignore[arg-type]
    return record.add_place(node, body, own=place.lat is None)


def _id_of(node: Node, text: str, ids: dict[str, str]) -> str:
    return ids.get(text) or inputs.known_item(node, text).id


def _kit(node: Node, id: str, item: ItemOf, ids: dict[str, str]) -> None:
    """The recipe of a kit, unless somebody has stated one."""
    if item.kit and not catalogue.query(node, "SELECT 1 FROM item WHERE id = ? AND kit <> ''", id):
        kit = [(_id_of(node, name, ids), parse_qty(qty)) for name, qty in item.kit.items()]
        node.log.append(encode(Item(id, kit=kit)))


def _minimum(node: Node, least: Minimum, spots: dict[str, str], ids: dict[str, str]) -> None:
    """A minimum, unless somebody has stated one."""
    place = spots.get(least.place) or inputs.place(node, least.place)
    item = _id_of(node, least.item, ids)
    sql = "SELECT 1 FROM keep WHERE place = ? AND item = ? AND minimum IS NOT NULL"
    if not catalogue.query(node, sql, place, item):
        node.log.append(encode(Keep(place, item, parse_qty(least.minimum))))


def export(node: Node, name: str, about: str = "") -> Template:
    """What this node knows of items, and of its own places and their minimums, as a template for others."""
    with node.log.transaction():
        rows = catalogue.query(node, "SELECT id, kit FROM item WHERE name <> '' AND unit <> '' ORDER BY name_key, id")
        kits = {id: msgspec.json.decode(kit) if kit else [] for id, kit in rows}
        items = {row.id: row for row in catalogue.item_rows(node, list(kits))}
        places = [row for row in catalogue.places_all(node) if row.node == node.keys.node and row.name]
        own = {row.id: row.name for row in places}
        keeps = catalogue.query(node, "SELECT place, item, minimum FROM keep WHERE minimum > 0 ORDER BY place, item")
    least = [Minimum(own[p], items[i].name, format_qty(qty)) for p, i, qty in keeps if p in own and i in items]
    shown = [_shown(items[id], kit, items) for id, kit in kits.items()]
    return Template(name, about, items=shown, places=[_spot(row) for row in places], minimums=least)


def _shown(row: catalogue.ItemRow, kit: list[Any], items: dict[str, catalogue.ItemRow]) -> ItemOf:
    packs = {name: format_qty(qty) for name, qty in row.packs.items() if qty}
    codes = {scheme: code for scheme, code in row.codes.items() if code}
    recipe = {items[id].name: format_qty(qty) for id, qty in kit if id in items}
    return ItemOf(row.name, row.unit, row.category, packs, codes, recipe)


def _spot(row: catalogue.PlaceRow) -> PlaceOf:
    if row.lat is None or row.lon is None:
        return PlaceOf(row.name, row.kind)
    return PlaceOf(row.name, row.kind, format_degrees(row.lat), format_degrees(row.lon))


def write(template: Template) -> bytes:
    """A template as the bytes of a JSON file."""
    return msgspec.json.format(msgspec.json.encode(template), indent=1) + b"\n"
