"""Reports by name, as people ask for them: each takes text, and shows merged ids apart, so that all nodes tell alike.

Days are whole days of a time zone (an IANA name, UTC if none is given): `since` is the first, `until` the last. What is
known only here (when entries came) is in `LOCAL`: no other node can come to the same.
"""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from node.fold import Node
from node.reporting import activity as days
from node.reporting import asked, known
from node.reporting import funds as tracing
from node.reporting import matrix as pairs
from node.reporting import statement as stated
from node.reporting import stock_card as cards
from node.reporting.asked import Scope
from node.reporting.model import Report
from node.reporting.worth import NO_RATES, Rates, read_rates
from node.units import parse_time
from sync.errors import Malformed

Text = str | None


def statement(
    node: Node,
    by: Text = None,
    since: Text = None,
    until: Text = None,
    zone: Text = None,
    place: Text = None,
    team: Text = None,
    item: Text = None,
    category: Text = None,
    fund: Text = None,
    currency: Text = None,
    rates: Text = None,
) -> Report:
    """What there was, what came, what became of it and what is left, in quantity and value."""
    scope = _scope(since, until, zone, place, team, item, category, fund)
    return stated.statement(node, scope, _names(by), _rates(currency, rates))


def stock_card(node: Node, place: str, item: str, since: Text = None, until: Text = None, zone: Text = None) -> Report:
    """The stock card of an item at a place: what came, what went, and what was there after each entry."""
    return cards.stock_card(node, place, item, *asked.days(since, until, _zone(zone)), raw=True)


def transfers(
    node: Node,
    between: Text = None,
    since: Text = None,
    until: Text = None,
    zone: Text = None,
    place: Text = None,
    team: Text = None,
    item: Text = None,
    category: Text = None,
    fund: Text = None,
    currency: Text = None,
    rates: Text = None,
) -> Report:
    """Who sent what to whom, what of it arrived, and what is on its way."""
    scope = _scope(since, until, zone, place, team, item, category, fund)
    return pairs.matrix(node, scope, between or "team", _rates(currency, rates))


def activity(
    node: Node,
    since: Text = None,
    until: Text = None,
    zone: Text = None,
    place: Text = None,
    team: Text = None,
    item: Text = None,
) -> Report:
    """What was done from day to day, and how many people were served."""
    return days.activity(node, _scope(since, until, zone, place, team, item), _zone(zone))


def daily(
    node: Node,
    since: Text = None,
    until: Text = None,
    zone: Text = None,
    place: Text = None,
    team: Text = None,
    item: Text = None,
    category: Text = None,
    fund: Text = None,
    currency: Text = None,
    rates: Text = None,
) -> Report:
    """What came and went of each item from day to day."""
    scope = _scope(since, until, zone, place, team, item, category, fund)
    return days.daily(node, scope, _zone(zone), _rates(currency, rates))


def funds(
    node: Node,
    until: Text = None,
    zone: Text = None,
    item: Text = None,
    fund: Text = None,
    currency: Text = None,
    rates: Text = None,
) -> Report:
    """What each fund gave, and what became of it: first in, first out, through transfers and repacks."""
    return tracing.funds(node, _scope(None, until, zone, item=item, fund=fund), _rates(currency, rates))


def fund_trace(
    node: Node,
    until: Text = None,
    zone: Text = None,
    item: Text = None,
    fund: Text = None,
    currency: Text = None,
    rates: Text = None,
) -> Report:
    """Each gift with each entry in which some of it ended, and where the rest lies: from donor to drop."""
    return tracing.trace(node, _scope(None, until, zone, item=item, fund=fund), _rates(currency, rates))


def as_known(
    node: Node,
    at: str,
    by: Text = None,
    since: Text = None,
    until: Text = None,
    zone: Text = None,
    place: Text = None,
    team: Text = None,
    item: Text = None,
) -> Report:
    """What a statement said on this node at an earlier moment, beside what it says now, with the late entries."""
    scope = _scope(since, until, zone, place, team, item)
    return known.changes(node, scope, parse_time(at, _zone(zone)), _names(by))


def late_entries(
    node: Node,
    at: str,
    since: Text = None,
    until: Text = None,
    zone: Text = None,
    place: Text = None,
    team: Text = None,
    item: Text = None,
) -> Report:
    """The entries that came to this node after a moment, in the order in which they came."""
    return known.late(node, _scope(since, until, zone, place, team, item), parse_time(at, _zone(zone)))


Make = Callable[..., Report]
REPORTS: dict[str, Make] = {
    "statement": statement,
    "stock-card": stock_card,
    "transfers": transfers,
    "activity": activity,
    "daily": daily,
    "funds": funds,
    "fund-trace": fund_trace,
}
LOCAL: dict[str, Make] = {"as-known": as_known, "late-entries": late_entries}
ASKED = {
    "since": "The first day, YYYY-MM-DD.",
    "until": "The last day, YYYY-MM-DD.",
    "zone": "Whose days: a time zone such as Asia/Manila (UTC).",
    "team": "Only places of this team.",
    "category": "Only items of this category.",
    "fund": "Only what this donor or budget paid for.",
    "currency": "Convert values into this currency, with --rates.",
    "rates": "What other currencies are worth in it: PHP=0.0175,EUR=1.08.",
    "between": "Between each team (or place).",
    "at": "The earlier moment.",
}


def _scope(
    since: Text,
    until: Text,
    zone: Text,
    place: Text = None,
    team: Text = None,
    item: Text = None,
    category: Text = None,
    fund: Text = None,
) -> Scope:
    return Scope(*asked.days(since, until, _zone(zone)), place, team, item, category, fund, raw=True)


def _zone(name: Text) -> dt.tzinfo:
    if not name:
        return dt.UTC
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Malformed(f"There is no time zone {name!r}.", todo="Write one like Asia/Manila.") from None


def _names(by: Text) -> list[str]:
    return [name.strip() for name in (by or "").split(",") if name.strip()]


def _rates(currency: Text, rates: Text) -> Rates:
    if bool(currency) != bool(rates):
        raise Malformed("To convert, both a currency and rates are needed.", todo="Give --currency USD --rates PHP=…")
    return read_rates(currency, rates) if currency and rates else NO_RATES
