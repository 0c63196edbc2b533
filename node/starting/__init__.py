"""Templates: what a kind of work starts from, in one file that teams hand on: items, kits, places, a checklist.

A template is TOML or JSON. Applying one writes ordinary facts, and only those that say something new, so that a second
time changes nothing. Items get the ids that any team would give them: teams that never met share them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, structs

from node import catalogue, inputs, keeping, record, starter
from node.fold import Node
from node.requests import Body, ItemIn, KeepIn, KitLineIn, PlaceIn
from node.starting.exporting import export
from node.starting.template import (
    BYTES_MAX,
    KEPT,
    ItemOf,
    Minimum,
    PlaceOf,
    Template,
    find,
    names,
    read,
    shipped,
    write,
)
from sync.errors import Malformed, Problem

__all__ = ["BYTES_MAX", "Template", "export", "find", "names", "read", "shipped", "write"]


class TemplateIn(Body):
    """What to start from: a template, or the `name` of one that comes with the program; `dry_run`: only tell."""

    template: Template | None = None
    name: str | None = None
    dry_run: bool = False


class Started(Struct):
    """What a template added, or would: how many entries, the names of what is new, items of which more is known.

    `minimums` are sentences.
    """

    template: str
    entries: int
    items: list[str]
    items_more: list[str]
    places: list[str]
    minimums: list[str]
    checklist: list[str]
    notes: list[str]


class _Rehearsed(Exception):
    """All of it could be written, and none of it is to be kept."""


def start(node: Node, body: TemplateIn) -> Started:
    """Start from what a body names; Malformed where it names nothing, or both."""
    if (body.template is None) == (body.name is None):
        raise Malformed(
            "Say a template, or the name of one; not both.", kept=KEPT, fields={"template": "this, or name, is needed"}
        )
    template = body.template or shipped(body.name or "")
    return preview(node, template) if body.dry_run else begin(node, template)


def apply(node: Node, template: Template) -> int:
    """Write all that a template says and this node doesn't know yet, in one go: how many entries that took."""
    return begin(node, template).entries


def preview(node: Node, template: Template) -> Started:
    """What `begin` would add; nothing is kept of it. Raises whatever that would raise."""
    told: list[Started] = []
    try:
        with node.log.transaction():
            told.append(begin(node, template))
            raise _Rehearsed
    except _Rehearsed:
        return told[0]


def begin(node: Node, template: Template) -> Started:
    """Write all that a template says and this node doesn't know yet, in one go."""
    with node.log.transaction():
        before = int(node.log.counts()[0])
        done = Started(template.name, 0, [], [], [], [], template.checklist, template.notes)
        _write(node, template, done)
        node.fold.settle()
        done.entries = int(node.log.counts()[0]) - before
        return done


def _write(node: Node, template: Template, done: Started) -> None:
    ids: dict[str, str] = {}
    more: set[str] = set()
    for i, item in enumerate(template.items):
        with _inside(f"items.{i}"):
            ids[item.name], new, changed = _item(node, item)
            done.items += [item.name] * new
            more |= {item.name} if changed and not new else set()
    for i, item in enumerate(template.items):
        with _inside(f"items.{i}"):
            more |= {item.name} if _details(node, ids[item.name], item, ids) else set()
    done.items_more = [item.name for item in template.items if item.name in more and item.name not in done.items]
    spots: dict[str, str] = {}
    for i, place in enumerate(template.places):
        with _inside(f"places.{i}"):
            spots[place.name], new = _place(node, place)
            done.places += [place.name] * new
    for i, least in enumerate(template.minimums):
        with _inside(f"minimums.{i}"):
            said = f"{least.item} at {least.place}: at least {least.minimum}"
            done.minimums += [said] * _minimum(node, least, spots, ids)


@contextmanager
def _inside(path: str) -> Iterator[None]:
    """Problems inside name their fields as those of this part of the template."""
    try:
        yield
    except Problem as problem:
        problem.kept = KEPT
        problem.fields = {f"{path}.{name}": why for name, why in problem.fields.items()} or {path: problem.what}
        raise


def _item(node: Node, item: ItemOf) -> tuple[str, bool, bool]:
    """An item's id, whether it is new, and whether anything was written about it."""
    name, unit = inputs.name("name", item.name), inputs.name("unit", item.unit)
    known = catalogue.items_named(node, name, unit)
    body = ItemIn(name=name, unit=unit, category=item.category or None, packs=item.packs, codes=item.codes)
    if not (known or starter.fact_of(catalogue.new_item_id(node, name, unit))):  # nobody has stated more of it yet
        body = structs.replace(body, weight=item.weight, volume=item.volume, names=item.names)
    id, written = record.add_item(node, body)
    return id, not known, written is not None


def _place(node: Node, place: PlaceOf) -> tuple[str, bool]:
    """A place's id, and whether it is new; one without a spot is the team's own, whoever else has one of that name."""
    body = PlaceIn(name=place.name, kind=place.kind, lat=place.lat, lon=place.lon)
    before = len(catalogue.places_named(node, place.name))
    id = record.add_place(node, body, own=place.lat is None)
    return id, len(catalogue.places_named(node, place.name)) > before


def _details(node: Node, id: str, item: ItemOf, ids: dict[str, str]) -> bool:
    """The recipe of a kit, weight, volume and other names, each unless somebody has stated one."""
    ((kit, weight, volume),) = catalogue.query(node, "SELECT kit, weight, volume FROM item WHERE id = ?", id)
    told = dict(catalogue.query(node, "SELECT lang, name FROM item_name WHERE item = ? AND name <> ''", id))
    recipe = [KitLineIn(item=ids.get(name, name), qty=qty) for name, qty in item.kit.items() if not kit]
    body = ItemIn(
        name=item.name,
        unit=item.unit,
        kit=recipe or None,
        weight=item.weight if weight is None else None,
        volume=item.volume if volume is None else None,
        names={lang: name for lang, name in item.names.items() if lang not in told},
    )
    return record.add_item(node, body)[1] is not None


def _minimum(node: Node, least: Minimum, spots: dict[str, str], ids: dict[str, str]) -> bool:
    """A minimum, unless somebody has stated one; whether it was written."""
    place = spots.get(least.place) or inputs.place(node, least.place)
    with inputs.field("item"):
        item = ids.get(least.item) or inputs.known_item(node, least.item).id
    sql = "SELECT 1 FROM keep WHERE place = ? AND item = ? AND minimum IS NOT NULL"
    if catalogue.query(node, sql, place, item):
        return False
    keeping.keep(node, KeepIn(place=place, item=item, minimum=least.minimum))
    return True
