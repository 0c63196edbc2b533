"""Says that two items, or two places, are one: in this team's own books, and as a suggestion to everybody else's.

Nothing moves. Stock and log are read as if there were one, from the moment on at which a team says so itself, and as
before once that is undone. What others assert, and what is called all but the same, is suggested.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from node import catalogue, hearsay, inputs, sameness
from node.catalogue import ItemRow, PlaceRow
from node.events import SameAs
from node.fold import Node
from node.folding.names import search_key
from node.inputs import KEPT
from node.queries import distance_km, one_moment
from node.requests import SameAsIn
from node.searching import folded, same_but_for_a_slip
from node.tables import stands
from node.units import format_time
from node.writing import Recorded, when, write
from sync.errors import NotFound, OutOfRange, Problem

Row = dict[str, Any]
NEAR_KM = 1  # places of one name further apart are two
COMPARED_MAX = 3000  # items in use that are likened to each other
_STANDING = (
    f"SELECT id, node, at, kind, one, same, why FROM same_as s WHERE {stands('s')} AND node {{}} ? ORDER BY lamport, id"
)


class UnitsDiffer(OutOfRange):
    """Two items that are counted in different units: each door says in its own words how to say that they are one."""


# asserting


def same(node: Node, body: SameAsIn) -> Recorded:
    """The item or place `id` is the one that `same` means, and goes by its name from now on."""
    with node.log.transaction():
        one, other = (_find(node, body.kind, text, field) for field, text in (("id", body.id), ("same", body.same)))
        if one.id == other.id:
            with inputs.field("same"):
                raise OutOfRange(f"That is one {body.kind} already.", kept=KEPT, todo="Name two different ones.")
        differ = units_differ(one, other)
        if differ and not body.anyway:
            with inputs.field("same"):
                raise UnitsDiffer(differ, kept=KEPT, todo="If they are one thing all the same, say so with `anyway`.")
        done = write(node, SameAs(when(node, None), body.kind, one.id, other.id, inputs.note(body.why, "why")))
        return Recorded(done.entry, notices=[differ] if differ else [])


def kind_of(node: Node, *texts: str) -> str:
    """Whether texts mean items or places; the Problem of the first that means neither, OutOfRange where both may be."""
    found = {kind: [_attempt(node, kind, text) for text in texts] for kind in sameness.KINDS}
    fitting = [kind for kind, tries in found.items() if not any(isinstance(one, Problem) for one in tries)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise OutOfRange("That may mean items and places.", kept=KEPT, todo="Say which with --kind, or name ids.")
    halves = [kind for kind, tries in found.items() if not all(isinstance(one, NotFound) for one in tries)]
    raise next(one for one in found[(halves or ["item"])[0]] if isinstance(one, Problem))


def _attempt(node: Node, kind: str, text: str) -> ItemRow | PlaceRow | Problem:
    try:
        return _find(node, kind, text, "id")
    except Problem as problem:
        return problem


def _find(node: Node, kind: str, text: str, field: str) -> ItemRow | PlaceRow:
    with inputs.field(field):
        if kind == "item":
            return catalogue.find_item(node, text, raw=True)
        return catalogue.find_place(node, text, raw=True)


def units_differ(one: ItemRow | PlaceRow, other: ItemRow | PlaceRow) -> str:
    """A warning in a sentence or two; empty where both are counted alike."""
    if not (isinstance(one, ItemRow) and isinstance(other, ItemRow)) or search_key(one.unit) == search_key(other.unit):
        return ""
    units = (row.unit or "nothing that is known" for row in (one, other))
    return f"They are counted in {' and '.join(units)}: sums add both as they are."


# reading


def rows(node: Node) -> list[Row]:
    """What this node asserts, newest first: {entry, kind, id, name, same, same_name, team, at, why}."""
    with one_moment(node):
        return _told(node, _assertions(node, "="))[::-1]


def suggestions(node: Node) -> list[Row]:
    """What others assert and this node doesn't, then what is likely: the same fields, without entry, team and time.

    Likely are items in use of one unit whose names differ by a slip, and places of one name that lie together.
    """
    with one_moment(node):
        merged = {kind: sameness.merged(node, kind) for kind in sameness.KINDS}
        found: dict[tuple[str, ...], tuple[Any, ...]] = {}
        for row in [*_assertions(node, "<>"), *_likely(node)]:
            kind, one, other = row[3:6]
            if merged[kind].head(one) != merged[kind].head(other):
                found.setdefault((kind, *sorted((one, other))), row)
        return _told(node, list(found.values()))


def _assertions(node: Node, sign: str) -> list[tuple[Any, ...]]:
    return catalogue.query(node, _STANDING.format(sign), node.keys.node)


def _told(node: Node, found: Sequence[tuple[Any, ...]]) -> list[Row]:
    ids = sorted({id for row in found for id in row[4:6]})
    names = {("item", row.id): row.label for row in catalogue.item_rows(node, ids)}
    names.update({("place", id): name for id, name in hearsay.places(node).items()})
    names.update({("place", row.id): row.name for row in catalogue.places_all(node) if row.name})
    teams = catalogue.team_names(node)
    return [
        {
            "entry": id.hex() if id else None,
            "kind": kind,
            "id": one,
            "name": names.get((kind, one), one),
            "same": other,
            "same_name": names.get((kind, other), other),
            "team": catalogue.team_name(teams, author),
            "at": None if at is None else format_time(at),
            "why": why,
        }
        for id, author, at, kind, one, other, why in found
    ]


# what is likely


def _likely(node: Node) -> Iterator[tuple[Any, ...]]:
    for kind, one, other in [*_twin_items(node), *_twin_places(node), *_told_places(node)]:
        yield b"", b"", None, kind, one, other, "their names are all but equal"


def _twin_items(node: Node) -> Iterator[tuple[str, str, str]]:
    """Pairs of items in use; of each pair the one that is at fewer places, or was named later, first."""
    sql = (
        "SELECT item, count(*) AS uses FROM cell LEFT JOIN item ON id = item"
        " GROUP BY item ORDER BY uses DESC, name_stamp, item LIMIT ?"
    )
    order = {id: at for at, (id, _) in enumerate(catalogue.query(node, sql, COMPARED_MAX))}
    items = [row for row in catalogue.item_rows(node, list(order)) if row.name]
    units = {row.id: search_key(row.unit) for row in items}
    for one, other in _pairs({row.id: row.name for row in items}):
        if units[one] == units[other]:
            kept, spare = sorted((one, other), key=order.__getitem__)
            yield "item", spare, kept


def _pairs(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Ids whose names are the same but for a slip. Only names that share a shortened form are looked at."""
    bearers: defaultdict[str, list[str]] = defaultdict(list)
    for id, name in names.items():
        for form in _forms(name):
            bearers[form].append(id)
    pairs = {(a, b) for ids in bearers.values() for i, a in enumerate(ids) for b in ids[i + 1 :]}
    for one, other in sorted(pairs):
        if same_but_for_a_slip(names[one], names[other]):
            yield one, other


def _forms(name: str) -> Iterable[str]:
    """A name as its words in order, and the same with each single letter left out."""
    plain = "".join(sorted(re.findall(r"\w+", folded(name))))
    whole = " ".join(sorted(re.findall(r"\w+", folded(name))))
    return {plain, whole, *(whole[:i] + whole[i + 1 :] for i in range(len(whole)))}


def _twin_places(node: Node) -> Iterator[tuple[str, str, str]]:
    by_name: defaultdict[str, list[PlaceRow]] = defaultdict(list)
    for row in catalogue.places_all(node):
        by_name[search_key(row.name)].append(row)
    for name, places in by_name.items():
        for spare in places[1:] if name else ():
            if _together(places[0], spare):
                yield "place", spare.id, places[0].id


def _told_places(node: Node) -> Iterator[tuple[str, str, str]]:
    """Places that only a waybill has named so far, each with the place of our own that it may be."""
    for id, name in hearsay.places(node).items():
        own = own_alike(node, name)
        if own:
            yield "place", id, own.id


def own_alike(node: Node, name: str) -> PlaceRow | None:
    """The one place of this team that is called so, or so but for a slip; None where there is none, or several."""
    own = [row for row in catalogue.own_places(node, catalogue.places_all(node)) if row.name]
    just = [row for row in own if search_key(row.name) == search_key(name)]
    found = just or [row for row in own if same_but_for_a_slip(row.name, name)]
    return found[0] if len(found) == 1 else None


def _together(one: PlaceRow, other: PlaceRow) -> bool:
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return True
    return distance_km(one.lat, one.lon, other.lat, other.lon) <= NEAR_KM
