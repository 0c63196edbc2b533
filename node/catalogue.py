"""Who is meant by a word: items and places by id, code or name, and the nearest names where nothing fits.

Case and spaces don't matter in names and codes. An item may be written with its unit in brackets, "Rice (kg)", since
that is what tells items of one name apart.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Any

from rapidfuzz import fuzz, process

from node.fold import Node
from node.folding.names import search_key
from sync.errors import NotFound, OutOfRange
from sync.identity import b32, node_id, show_id

ID_CHARS = 16
NEAREST = 5  # names that are offered where nothing fits
NEAR_ENOUGH = 60  # of 100
KEPT = "Nothing was recorded."
_WITH_UNIT = re.compile(r"(.+?)\s*\(([^()]+)\)\s*")


@dataclass(frozen=True)
class ItemRow:
    """An item as the catalogue knows it; `packs` holds thousandths of the unit by name."""

    id: str
    name: str
    unit: str
    category: str
    codes: dict[str, str]
    packs: dict[str, int]

    @property
    def label(self) -> str:
        """How people tell it from others."""
        return f"{self.name or self.id} ({self.unit})" if self.unit else self.name or self.id


@dataclass(frozen=True)
class PlaceRow:
    """A place; coordinates in micro-degrees, `node` is the 32-byte key of the node whose team it belongs to."""

    id: str
    name: str
    kind: str
    lat: int | None
    lon: int | None
    node: bytes


def query(node: Node, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of one statement on a node's database."""
    return list(node.db.connection().execute(sql, values))


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


# items


def item_rows(node: Node, ids: Sequence[str]) -> list[ItemRow]:
    """The catalogue's rows of these items, in the order of the ids; unknown ones are left out."""
    found = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        found.update(_items(node, part))
    return [found[id] for id in ids if id in found]


def _items(node: Node, ids: Sequence[str]) -> dict[str, ItemRow]:
    where = f"({_marks(ids)})"
    codes: dict[str, dict[str, str]] = {}
    packs: dict[str, dict[str, int]] = {}
    for item, scheme, code in query(
        node, f"SELECT item, scheme, code FROM item_code WHERE code <> '' AND item IN {where} ORDER BY scheme", *ids
    ):
        codes.setdefault(item, {})[scheme] = code
    for item, name, qty in query(
        node, f"SELECT item, name, qty FROM item_pack WHERE qty <> 0 AND item IN {where} ORDER BY name", *ids
    ):
        packs.setdefault(item, {})[name] = qty
    return {
        id: ItemRow(id, name, unit, category, codes.get(id, {}), packs.get(id, {}))
        for id, name, unit, category in query(
            node, f"SELECT id, name, unit, category FROM item WHERE id IN {where}", *ids
        )
    }


def find_item(node: Node, text: str, unit: str | None = None) -> ItemRow:
    """The one item that an id, code or name means, of this unit if one is given.

    NotFound names the nearest; OutOfRange lists those among which the text doesn't decide.
    """
    ids = _item_ids(node, text, unit)
    if not ids and unit is None and (match := _WITH_UNIT.fullmatch(text)):
        ids = _item_ids(node, match[1], match[2])
    rows = item_rows(node, ids)
    if not rows and _is_moved(node, text):
        return ItemRow(text.strip(), "", "", "", {}, {})
    if not rows:
        raise NotFound(
            f"There is no item {text.strip()!r}{f' in {unit}' if unit else ''}.",
            kept=KEPT,
            todo=_did_you_mean([row.label for row in search_items(node, text, NEAREST)], "item"),
        )
    if len(rows) > 1:
        raise _ambiguous(text, "items", [f"{row.label}, id {row.id}" for row in rows])
    return rows[0]


def _item_ids(node: Node, text: str, unit: str | None) -> list[str]:
    exact, key = text.strip(), search_key(text)
    scheme, _, code = key.partition(":")
    by_id = query(node, "SELECT id FROM item WHERE id = ?", exact)
    found = by_id or query(
        node,
        "SELECT id FROM item WHERE name_key = ? AND name <> '' UNION "
        "SELECT item FROM item_code WHERE code_key = ? AND code <> '' UNION "
        "SELECT item FROM item_code WHERE code_key = ? AND code <> '' AND lower(scheme) = ? ORDER BY 1",
        key,
        key,
        search_key(code),
        scheme,
    )
    ids = [id for (id,) in found]
    if unit is None:
        return ids
    return [row.id for row in item_rows(node, ids) if search_key(row.unit) == search_key(unit)]


def _is_moved(node: Node, text: str) -> bool:
    """Whether this is the id of an item that entries have moved, but none has named yet."""
    return bool(query(node, "SELECT 1 FROM cell WHERE item = ? LIMIT 1", text.strip()))


def items_named(node: Node, name: str, unit: str) -> list[str]:
    """Ids of the items with just this name and unit, smallest first."""
    rows = query(node, "SELECT id, unit FROM item WHERE name_key = ? ORDER BY id", search_key(name))
    return [id for id, has in rows if search_key(has) == search_key(unit)]


def new_item_id(node: Node, name: str, unit: str) -> str:
    """The id that every team would give a new item of this name and unit, so that they mean the same one.

    Where that id has come to mean something else by renaming, the next of a series that is just as predictable.
    """
    base = f"bucketline item\0{search_key(name)}\0{search_key(unit)}".encode()
    for salt in count():
        tail = f"\0{salt}".encode() if salt else b""
        id = b32(sha256(base + tail).digest())[:ID_CHARS]
        if not query(node, "SELECT 1 FROM item WHERE id = ? AND name <> ''", id):
            return id
    raise AssertionError("unreachable")


def search_items(node: Node, text: str, limit: int = 20) -> list[ItemRow]:
    """Items that a few typed letters may mean, likeliest first; forgives typing errors."""
    rows = query(
        node,
        "SELECT id, name_key FROM item UNION ALL SELECT item, code_key FROM item_code WHERE code <> ''",
    )
    return item_rows(node, _nearest(text, rows, limit))


# places


def places_all(node: Node) -> list[PlaceRow]:
    """Every place that the catalogue knows, by name."""
    rows = query(node, "SELECT id, name, kind, lat, lon, node FROM place ORDER BY name_key, id")
    return [PlaceRow(*row) for row in rows]


def places_named(node: Node, name: str) -> list[PlaceRow]:
    """The places of just this name, smallest id first."""
    sql = "SELECT id, name, kind, lat, lon, node FROM place WHERE name_key = ? AND name <> '' ORDER BY id"
    return [PlaceRow(*row) for row in query(node, sql, search_key(name))]


def find_place(node: Node, text: str) -> PlaceRow:
    """The one place that an id or a name means; NotFound names the nearest, OutOfRange lists those it may mean."""
    exact = text.strip()
    by_id = query(node, "SELECT id, name, kind, lat, lon, node FROM place WHERE id = ?", exact)
    rows = [PlaceRow(*row) for row in by_id] or places_named(node, text)
    if not rows and query(node, "SELECT 1 FROM touch WHERE place = ? LIMIT 1", exact):
        return PlaceRow(exact, "", "", None, None, b"")
    if not rows:
        raise NotFound(
            f"There is no place {exact!r}.",
            kept=KEPT,
            todo=_did_you_mean([row.name for row in search_places(node, text, NEAREST)], "place"),
        )
    if len(rows) > 1:
        raise _ambiguous(text, "places", [f"{row.name} ({row.kind}), id {row.id}" for row in rows])
    return rows[0]


def search_places(node: Node, text: str, limit: int = 20) -> list[PlaceRow]:
    """Places that a few typed letters may mean, likeliest first."""
    found = {row.id: row for row in places_all(node)}
    return [found[id] for id in _nearest(text, query(node, "SELECT id, name_key FROM place"), limit)]


# teams


def team_names(node: Node) -> dict[bytes, str]:
    """What each node's team calls itself, by node key."""
    return dict(query(node, "SELECT node, name FROM team"))


def team_name(names: dict[bytes, str], key: bytes) -> str:
    """A team's name; the first groups of its node id where it has told none, nothing where no node is known."""
    if not key:
        return ""
    return names.get(key) or show_id(node_id(key))[:14]


# what is near


def _nearest(text: str, rows: Iterable[tuple[Any, ...]], limit: int) -> list[str]:
    """Ids by likeness of their keys to a text: those that hold its words first, then those that resemble it."""
    key, ids, keys = search_key(text), [], []
    for id, name in rows:
        ids.append(id)
        keys.append(name)
    words = key.split()
    holding = sorted((not k.startswith(key), len(k), k, i) for i, k in zip(ids, keys, strict=True) if _holds(k, words))
    found = list(dict.fromkeys(id for *_, id in holding))[:limit]
    if len(found) < limit and key:
        matches = process.extract(key, keys, scorer=fuzz.WRatio, limit=limit, score_cutoff=NEAR_ENOUGH)
        found += [ids[at] for _, _, at in matches]
    return list(dict.fromkeys(found))[:limit]


def _holds(key: str, words: Sequence[str]) -> bool:
    return all(word in key for word in words)


def _did_you_mean(names: Sequence[str], what: str) -> str:
    if not names:
        return f"Add it first: `bucketline {what} add`."
    return f"Did you mean {', '.join(dict.fromkeys(names))}? Or add it: `bucketline {what} add`."


def _ambiguous(text: str, what: str, choices: Sequence[str]) -> OutOfRange:
    listed = "; ".join(choices[:NEAREST]) + ("; …" if len(choices) > NEAREST else "")
    return OutOfRange(
        f"{text.strip()!r} may mean {len(choices)} {what}: {listed}.", kept=KEPT, todo="Name it by its id."
    )
