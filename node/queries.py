"""What people and programs ask for: plain lists of dicts, ready for JSON, with the names of the contract.

Quantities are decimal strings, times UTC ISO 8601 with Z or None, ids opaque strings. Whatever no catalogue entry has
named yet is shown by its id, never hidden. Every answer is as of one moment: nothing is written between its parts.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from node import catalogue, freshness, recipes, sameness, traces
from node.catalogue import ItemRow, PlaceRow
from node.events import Place, type_of
from node.fold import Node
from node.folding.names import search_key
from node.telling import Words, items_of, summary
from node.units import day_of, format_degrees, format_packed, format_qty, format_time
from sync.errors import NotFound
from sync.log import Folded

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG

Row = dict[str, Any]


@contextmanager
def one_moment(node: Node) -> Iterator[None]:
    """Everything read inside is as of one moment, and up to date."""
    node.fold.settle()
    with node.log.reading(), node.db.atomic():
        yield


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)


# stock


def stock(
    node: Node, place: str | None = None, item: str | None = None, lots: bool = False, raw: bool = False
) -> list[Row]:
    """On hand by place and item, by lot with `lots`; `place` and `item` are an id, a code or a name.

    `as_of` is the effective time of the newest fact about that item there, `counted` of its last count, and `heard` is
    when the place's team was last heard. Over all lots, `lot` is None and `expiry` the earliest date on hand. A zero is
    shown where it is news: something came in, went out or was counted. Used-up lots are left out. `expired` tells of a
    lot whether it has expired, and `expired_qty` how much of `qty` has. What this team has merged is one row, unless
    `raw`.
    """
    today = day_of(node.clock())
    with one_moment(node):
        cells = stock_cells(
            node,
            catalogue.find_place(node, place, raw).id if place else None,
            catalogue.find_item(node, item, raw=raw).id if item else None,
            raw,
        )
        words = Words(node, [key[1] for key in cells], raw)
        rows = [row for key, cell in cells.items() for row in _stock_rows(words, key, cell, lots, today)]
    rows.sort(key=_by_name)
    return rows


def _by_name(row: Row) -> tuple[str, ...]:
    names = (search_key(row["place_name"]), row["place"], search_key(row["item_name"]), row["unit"], row["item"])
    return (*names, row["expiry"] or "~", row["lot"] or "")


def stock_cells(node: Node, place: str | None, item: str | None, raw: bool = False) -> dict[tuple[str, str], Row]:
    """Cells by (place, item): newest fact and last count (ms), and their lots as (lot, thousandths, expiry).

    Cells of what this team has merged are one, unless `raw`: as old as its newest fact, counted when all of it was.
    """
    places, items = (sameness.NONE if raw else sameness.merged(node, kind) for kind in ("place", "item"))
    cells: dict[tuple[str, str], Row] = {}
    for key, cell in _cells(node, place and places.all_of(place), item and items.all_of(item)).items():
        key = places.head(key[0]), items.head(key[1])
        cells[key] = _joined(cells[key], cell) if key in cells else cell
    return cells


def _joined(one: Row, other: Row) -> Row:
    lots: dict[str, tuple[str, int, str | None]] = {}
    for lot, qty, expiry in [*one["lots"], *other["lots"]]:
        _, before, date = lots.get(lot, (lot, 0, None))
        lots[lot] = lot, before + qty, min(filter(None, (date, expiry)), default=None)
    counted = [cell["counted"] for cell in (one, other) if cell["lots"] or cell["counted"] is not None]
    return {
        "at": max(one["at"], other["at"]),
        "counted": None if None in counted else min(counted, default=None),
        "lots": list(lots.values()),
    }


def _cells(node: Node, places: Sequence[str] | None, items: Sequence[str] | None) -> dict[tuple[str, str], Row]:
    asked = [(column, ids) for column, ids in (("place", places), ("item", items)) if ids]
    where = " AND ".join(["1", *(f"s.{column} IN ({','.join('?' * len(ids))})" for column, ids in asked)])
    values = [id for _, ids in asked for id in ids]
    cells: dict[tuple[str, str], Row] = {
        (place, item): {"at": at, "counted": counted, "lots": []}
        for place, item, at, counted in catalogue.query(
            node, f"SELECT place, item, at, counted FROM cell s WHERE {where}", *values
        )
    }
    sql = (
        "SELECT s.place, s.item, s.lot, s.qty, s.counted, l.expiry FROM stock s"
        f" LEFT JOIN lot l ON l.item = s.item AND l.lot = s.lot WHERE {where}"
    )
    for place, item, lot, qty, counted, expiry in catalogue.query(node, sql, *values):
        cell = cells[place, item]
        cell["lots"].append((lot, int(qty), expiry or None))
        if counted is not None:
            cell["counted"] = max(counted, cell["counted"] or counted)
    return cells


def _stock_rows(words: Words, key: tuple[str, str], cell: Row, lots: bool, today: str) -> Iterator[Row]:
    for lot, qty, expiry, parts in freshness.shown(cell["lots"], lots):
        yield {
            **words.about_place(key[0]),
            **words.about_item(key[1]),
            "qty": format_qty(qty),
            "lot": lot,
            "expiry": expiry,
            "as_of": _time(cell["at"]),
            "heard": words.heard_of(key[0]),
            "counted": _time(cell["counted"]),
            "packed": format_packed(qty, words.item(key[1]).packs),
            "expired": freshness.has_expired(expiry, today) if lots else None,
            "expired_qty": format_qty(freshness.expired(parts, today)),
        }


def nearby(
    node: Node, item: str, lat_micro: int, lon_micro: int, within_km: float | None = None, raw: bool = False
) -> list[Row]:
    """Who has an item, nearest first: places with more than nothing of it, seen from a spot (micro-degrees).

    `distance_km` is the great-circle distance, a number rounded to 0.1; None for a place without coordinates, which
    comes last, and not at all where a distance is asked for. What has expired is no part of `qty`. Merged items and
    places are one, unless `raw`.
    """
    today = day_of(node.clock())
    with one_moment(node):
        found = catalogue.find_item(node, item, raw=raw)
        cells = stock_cells(node, None, found.id, raw)
        words = Words(node, [found.id], raw)
        rows = []
        for (place, _), cell in cells.items():
            where, lots = words.place(place), cell["lots"]
            qty, gone = freshness.available(lots, today), freshness.expired(lots, today)
            if qty <= 0 and not gone:
                continue
            known = where.lat is not None and where.lon is not None
            km = distance_km(lat_micro, lon_micro, where.lat or 0, where.lon or 0) if known else None
            if within_km is None or (km is not None and km <= within_km):
                rows.append((km is None, km or 0, place, _near_row(words, place, km, qty, gone, found, cell)))
    return [row for *_, row in sorted(rows, key=lambda found: found[:3])]


def _near_row(words: Words, place: str, km: float | None, qty: int, gone: int, item: ItemRow, cell: Row) -> Row:
    return {
        **words.about_place(place),
        "distance_km": None if km is None else round(km, 1),
        "qty": format_qty(qty),
        "unit": item.unit,
        "as_of": _time(cell["at"]),
        "heard": words.heard_of(place),
        "counted": _time(cell["counted"]),
        "packed": format_packed(qty, item.packs),
        "expired_qty": format_qty(gone),
    }


def distance_km(lat_a: int, lon_a: int, lat_b: int, lon_b: int) -> float:
    """Great-circle distance between two points in micro-degrees, by the haversine formula."""
    a, b = math.radians(lat_a / 1e6), math.radians(lat_b / 1e6)
    across = math.radians((lon_b - lon_a) / 1e6)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, max(0.0, half))))


# the log


def log(node: Node, limit: int = 50, before: str | None = None, own: bool = False, raw: bool = False) -> list[Row]:
    """The latest entries, newest first by their writers' clocks; after the entry `before`; of this node with `own`.

    Entries of replication itself, and those that this version can't read, are left out. `void` is None or who undid it,
    why, and what holds instead: {entry, why, instead}. `corrects` is None or what this one is written in place of:
    {entry, why, before}; the undo that belongs to it has no row of its own. `dependents` are those that name it.
    Merged items and places go by one name, unless `raw`.
    """
    with one_moment(node):
        return _log_rows(node, _latest(node, limit, _position(node, before), node.keys.node if own else None), raw)


def entry(node: Node, found: Folded) -> Row | None:
    """One entry as the log tells it; None for those of replication itself and those that can't be read."""
    if found.fact is None:
        return None
    with one_moment(node):
        return _log_rows(node, [found])[0]


def _log_rows(node: Node, entries: Sequence[Folded], raw: bool = False) -> list[Row]:
    undone, corrections = traces.undone(node, entries), traces.corrections(node, entries)
    named = traces.dependents(node, entries)
    told = [*entries, *(before for _, before in corrections.values())]
    words = Words(node, [id for e in told for id in items_of(e.fact)], raw)
    return [
        _log_row(node, words, entry)
        | {
            "void": undone.get(entry.id),
            "corrects": _corrected(words, corrections.get(entry.id)),
            "dependents": named.get(entry.id, []),
        }
        for entry in entries
    ]


def _corrected(words: Words, found: tuple[str, Folded] | None) -> Row | None:
    return found and {"entry": found[1].id.hex(), "why": found[0], "before": summary(words, found[1].fact)}


def _position(node: Node, before: str | None) -> tuple[int, bytes] | None:
    if before is None:
        return None
    found = node.log.find(before)
    if len(found) != 1:
        raise NotFound(f"There is no entry {before!r} to go on from.", todo="Begin again at the latest entry.")
    return found[0].claimed, found[0].id


def _latest(node: Node, limit: int, before: tuple[int, bytes] | None, author: bytes | None) -> list[Folded]:
    found: list[Folded] = []
    while len(found) < limit:
        page = node.log.latest(limit, before, author)
        told = traces.tells_a_correction(node, page)
        found.extend(entry for entry in page if entry.fact is not None and entry.id not in told)
        if len(page) < limit:
            break
        before = (page[-1].claimed, page[-1].id)
    return found[:limit]


def _log_row(node: Node, words: Words, entry: Folded) -> Row:
    fact = entry.fact
    return {
        "entry": entry.id.hex(),
        "type": type_of(fact),
        "team": catalogue.team_name(words.teams, entry.node),
        "at": format_time(getattr(fact, "at", entry.claimed)),
        "recorded": format_time(entry.claimed),
        "summary": summary(words, fact),
        "void": None,
        "mine": entry.node == node.keys.node,
        "place": fact.id if isinstance(fact, Place) else getattr(fact, "place", None),
    }


# the catalogue


def items(
    node: Node, like: str | None = None, after: str | None = None, limit: int | None = None, raw: bool = False
) -> list[Row]:
    """The catalogue's items by name, after the item `after`; with `like` those that it may mean, likeliest first.

    Of merged items only the one that speaks for them, unless `raw`.
    """
    with one_moment(node):
        if like is not None:
            return _item_rows(node, catalogue.search_items(node, like, limit or 50, raw=raw))
        hidden = [] if raw else list(sameness.merged(node, "item").heads)
        sql = f"SELECT id FROM item WHERE id NOT IN ({','.join('?' * len(hidden))})"
        values: list[Any] = [*hidden]
        if after is not None:
            sql += " AND (name_key, id) > (SELECT name_key, id FROM item WHERE id = ?)"
            values.append(after)
        values.append(-1 if limit is None else limit)
        ids = [id for (id,) in catalogue.query(node, sql + " ORDER BY name_key, id LIMIT ?", *values)]
        return _item_rows(node, catalogue.item_rows(node, ids))


def _item_rows(node: Node, rows: Sequence[ItemRow]) -> list[Row]:
    more = recipes.details(node, [row.id for row in rows])
    return [_item_row(row) | more[row.id] for row in rows]


def _item_row(row: ItemRow) -> Row:
    return {
        "item": row.id,
        "name": row.name or row.id,
        "unit": row.unit,
        "category": row.category,
        "codes": row.codes,
        "packs": {name: format_qty(qty) for name, qty in row.packs.items()},
    }


def places(node: Node, raw: bool = False) -> list[Row]:
    """Every place by name, with its kind, coordinates (decimal degrees or None), team and when that was last heard.

    Merged places are one, unless `raw`.
    """
    with one_moment(node):
        words = Words(node, [], raw)
        return [_place_row(words, row) for row in words.places.values() if raw or words.place(row.id).id == row.id]


def _place_row(words: Words, row: PlaceRow) -> Row:
    return {
        "place": row.id,
        "name": row.name or row.id,
        "kind": row.kind,
        "lat": None if row.lat is None else format_degrees(row.lat),
        "lon": None if row.lon is None else format_degrees(row.lon),
        "team": catalogue.team_name(words.teams, row.node),
        "heard": words.heard_of(row.id),
    }


def digest(node: Node) -> Row:
    """What two nodes compare: {root, policy, stock} in hex."""
    with node.log.transaction():
        root, policy = node.log.digest()
        return {"root": root, "policy": policy, "stock": node.fold.digest()}
