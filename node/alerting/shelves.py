"""Alerts about what lies at places: too little, less than nothing, about to expire, or not counted for long."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from node import freshness, sameness
from node.alerting.base import DAY_MS, INFO, URGENT, WARN, Alert, Look, total
from node.folding import books
from node.folding.cells import items_of
from node.keeping import minimums
from node.units import format_qty

EXPIRING_DAYS, SOON_DAYS = 30, 7
STALE_MS = 30 * DAY_MS
COUNTED_AT_ONCE = 12  # items in the command that counts a place
LOOKED_BACK = 256  # entries of a place that are read to see how long an item has lain there


def low(look: Look) -> Iterator[Alert]:
    """Less than the minimum, and none of that expired."""
    places = set(look.places)
    for (place, item), least in minimums(look.node).items():
        cell = look.cells.get((place, item))
        held = freshness.available(cell["lots"], look.today) if cell else 0
        if held >= least or place not in places:
            continue
        name, unit = look.words.item_name(item), look.words.item(item).unit
        yield Alert(
            "low",
            URGENT if held <= 0 else WARN,
            f"{name} at {look.words.place_name(place)} is down to {format_qty(held)} {unit};"
            f" there should be at least {format_qty(least)}.",
            f"Bring in {format_qty(least - held)} more and record it, or state another minimum.",
            ["receive", look.place_word(place), look.line(item, "RECEIVED")],
            place,
            item,
            since=cell["at"] if cell else None,
        )


def below_zero(look: Look) -> Iterator[Alert]:
    """More went out than is known to have come in."""
    for (place, item), cell in look.cells.items():
        held = total(cell)
        if held < 0:
            yield Alert(
                "below_zero",
                WARN,
                f"The books show {look.amount(item, held)} at {look.words.place_name(place)}:"
                " more went out than they know of.",
                "Count it, and record what you find; or record the receipt that is missing.",
                ["count", look.place_word(place), look.line(item, "COUNTED")],
                place,
                item,
                since=cell["at"],
            )


def expiring(look: Look) -> Iterator[Alert]:
    """Lots that have expired, or will within a month."""
    for (place, item), cell in look.cells.items():
        for lot, qty, date in cell["lots"]:
            days = freshness.days_left(date, look.today)
            if qty > 0 and days is not None and days <= EXPIRING_DAYS:
                yield _expiring(look, place, item, lot, qty, date, days)


def _expiring(look: Look, place: str, item: str, lot: str, qty: int, date: str, days: int) -> Alert:
    what = f"{look.amount(item, qty)} at {look.words.place_name(place)}, lot {lot},"
    where, named = look.place_word(place), ["--lot", lot]
    if days < 0:
        text, action = f"{what} expired on {date}.", "Take it off the shelf, and record it as lost."
        words = ["loss", where, look.line(item, "LOST"), *named, "--reason", "expired"]
        return Alert("expired", URGENT, text, action, words, place, item, lot=lot)
    when = "today" if not days else "tomorrow" if days == 1 else f"in {days} days"
    text, action = f"{what} expires {when}.", "Hand it out first, or give it to somebody who can use it in time."
    severity = WARN if days <= SOON_DAYS else INFO
    words = ["drop", where, look.line(item, "HANDED_OUT"), *named]
    return Alert("expiring", severity, text, action, words, place, item, lot=lot)


# counts


def stale_count(look: Look) -> Iterator[Alert]:
    """Places where something lies that nobody has counted for a month: one alert a place."""
    limit = look.now - STALE_MS
    shelves: dict[str, dict[str, Any]] = {}
    for (place, item), cell in look.cells.items():
        if total(cell):
            shelves.setdefault(place, {})[item] = cell
    for place, here in shelves.items():
        stale = {item: cell["counted"] for item, cell in here.items() if (cell["counted"] or 0) < limit}
        never = [item for item, counted in stale.items() if counted is None and here[item]["at"] >= limit]
        new = set(never) - (_lying_since(look, place, never, limit) if never else set())
        found = {item: counted for item, counted in stale.items() if item not in new}
        if found:
            yield _stale(look, place, found, here)


def _lying_since(look: Look, place: str, items: Sequence[str], limit: int) -> set[str]:
    """Which of these items were at a place before a time, as far as a look at the last entries before it tells."""
    places, same = sameness.merged(look.node, "place").all_of(place), sameness.merged(look.node, "item")
    found: set[str] = set()
    for id in places:
        entries = books.newest_first(look.node.db.connection(), look.node.log.fetch, id, limit)
        for entry in islice(entries, LOOKED_BACK):
            found.update(map(same.head, items_of(entry.fact)))
            if found.issuperset(items):
                break
    return found


def _stale(look: Look, place: str, found: Mapping[str, int | None], here: Mapping[str, Any]) -> Alert:
    ordered = sorted(found, key=lambda item: (found[item] or 0, look.words.item_name(item), item))
    name, first = look.words.place_name(place), ordered[0]
    more = len(ordered) - 1
    what = look.words.item_name(first) + (f" and {more} other item{'s' if more > 1 else ''}" if more else "")
    lines = [look.line(item, "COUNTED") for item in ordered[:COUNTED_AT_ONCE]]
    return Alert(
        "stale_count",
        INFO,
        f"{what} at {name} {'have' if more else 'has'} not been counted for 30 days.",
        "Count it, and put in what you see.",
        ["count", look.place_word(place), *lines],
        place,
        None if more else first,
        since=found[first],
    )
