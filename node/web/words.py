"""Numbers and times as people say them."""

import datetime as dt
from collections.abc import Mapping

from node import units

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
COUNT_STALE_MS = 30 * DAY_MS  # a count older than this is worth a new one
NEWS_STALE_MS = 2 * DAY_MS
_NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
_STEPS = ((DAY_MS, "day"), (HOUR_MS, "h"), (MINUTE_MS, "min"))
TRUST = {
    "self": "this node",
    "paired": "paired",
    "vouched": "vouched for",
    "unknown": "unknown",
    "blocked": "blocked",
}
VERBS = {
    "receipt": "Received",
    "distribution": "Dropped",
    "loss": "Lost",
    "count": "Counted",
    "dispatch": "Sent",
    "arrival": "Arrived",
    "repack": "Repacked",
}
ICONS = {
    "receipt": "in",
    "distribution": "out",
    "loss": "loss",
    "count": "count",
    "dispatch": "moves",
    "arrival": "in",
    "repack": "item",
    "void": "undo",
    "item": "item",
    "place": "place",
    "team": "team",
}


def ms(text: str | None) -> int | None:
    """A time as the queries tell it (ISO 8601), in ms; None stays None."""
    return None if not text else units.parse_time(text)


def age(text: str | None, now: int) -> str:
    """How long ago: "just now", "12 min ago", "2 h ago", "3 days ago"; "never" for None, "in 2 h" for a clock ahead."""
    then = ms(text)
    if then is None:
        return "never"
    span = now - then
    for size, name in _STEPS:
        count = abs(span) // size
        if count:
            said = f"{count} {name}{'s' if name == 'day' and count > 1 else ''}"
            return f"{said} ago" if span > 0 else f"in {said}"
    return "just now"


def older(text: str | None, now: int, limit_ms: int) -> bool:
    """Whether that was longer ago than the limit, or never."""
    then = ms(text)
    return then is None or now - then > limit_ms


def moment(text: str | None) -> str:
    """A time on this node's own clock face, like "Tue 24 Nov 2026, 14:30"."""
    then = ms(text)
    if then is None:
        return "never"
    return dt.datetime.fromtimestamp(then // 1000).astimezone().strftime("%a %-d %b %Y, %H:%M")


def number(text: str) -> str:
    """A decimal string with its thousands set apart and a true minus: "-12500.5" → "−12 500.5"."""
    sign, plain = ("\N{MINUS SIGN}", text[1:]) if text.startswith("-") else ("", text)
    whole, dot, rest = plain.partition(".")
    grouped = f"{int(whole):,}".replace(",", _NARROW_SPACE) if whole.isdigit() else whole
    return f"{sign}{grouped}{dot}{rest}"


def bytes_said(count: int) -> str:
    """So many bytes: "812 B", "14 kB", "3.2 MB"."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count // 1000} kB"
    return f"{count // 100_000 / 10} MB"


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 item", "3 items"."""
    return f"{number(str(count))} {one if count == 1 else many or one + 's'}"


def codes(given: Mapping[str, str]) -> str:
    """Codes by scheme in one line."""
    return ", ".join(f"{scheme} {code}" for scheme, code in sorted(given.items()))


def apart(one: str, other: str) -> bool:
    """Whether two times differ so much that both are worth telling."""
    return abs((ms(one) or 0) - (ms(other) or 0)) > HOUR_MS


def distance(km: float) -> str:
    """A distance with its unit: "here", "0.8 km", "12 km", "1 240 km"."""
    if km < 0.05:
        return "here"
    return f"{km:.1f} km" if km < 10 else f"{number(str(round(km)))} km"
