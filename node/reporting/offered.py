"""The reports as people ask for them: in words, for periods, places, teams, items, funds and currencies.

Days begin and end in UTC unless a time zone is named, so that a report means the same on every node. What a team has
merged stands apart unless it is asked for: other teams may not have merged it.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import NamedTuple

from node.fold import Node
from node.reporting.activity import activity, daily
from node.reporting.asked import Scope, days, zone_of
from node.reporting.balance_report import balance
from node.reporting.behind import behind
from node.reporting.closing import after_closing, closings
from node.reporting.discrepancies import discrepancies
from node.reporting.distributions import distributions
from node.reporting.funds import funds, trace
from node.reporting.known import changes, late
from node.reporting.matrix import matrix
from node.reporting.model import Report
from node.reporting.moves_report import movements
from node.reporting.statement import statement
from node.reporting.stock_card import stock_card
from node.reporting.stock_report import stock
from node.reporting.worth import NO_RATES, Rates, read_rates
from node.units import parse_time
from sync.errors import Malformed

Asked = Mapping[str, str]


class Offer(NamedTuple):
    """One report: what it tells, in a sentence; what may be asked of it by name; what has to be; and what makes it.

    `is_own` says that it tells when entries came to this node, which no other node can know.
    """

    about: str
    make: Callable[[Node, Asked], Report]
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    is_own: bool = False


_WHERE = ("place", "team", "item", "category")
_WHEN = ("since", "until", "zone")
_SCOPE = (*_WHEN, *_WHERE, "merged")
_WORTH = ("currency", "rates")
_STATED = ("by", *_WHEN, *_WHERE, "fund", "merged")
_GIVEN = ("until", "zone", "fund", "item", "category", "merged", *_WORTH)

OFFERS: Mapping[str, Offer] = {
    "balance": Offer(
        "What came in of each item and what became of it; a row a place or a team, if asked so.",
        lambda node, asked: balance(node, asked.get("by")),
        ("by",),
    ),
    "statement": Offer(
        "What there was, what came, what became of it and what is left, in quantity and value.",
        lambda node, asked: statement(node, _scope(asked), _axes(asked), _rates(asked)),
        (*_STATED, *_WORTH),
    ),
    "stock": Offer(
        "What is on hand by place, item and lot.",
        lambda node, asked: stock(node, asked.get("place"), asked.get("item")),
        ("place", "item"),
    ),
    "stock-card": Offer(
        "The stock card of an item at a place: each entry, what came, what went, and the balance.",
        lambda node, asked: _card(node, asked),
        ("place", "item", *_WHEN, "merged"),
        ("place", "item"),
    ),
    "distributions": Offer(
        "What was handed out where and to how many, beside what was asked for and what a person needs (Sphere).",
        lambda node, asked: distributions(node, _scope(asked), _rates(asked)),
        (*_SCOPE, "fund", *_WORTH),
    ),
    "funds": Offer(
        "What each fund or donor gave, and what became of it: first in, first out, through transfers and repacks.",
        lambda node, asked: funds(node, _scope(asked), _rates(asked)),
        _GIVEN,
    ),
    "fund-trace": Offer(
        "Each gift, and each entry in which some of it ended: from donor to drop.",
        lambda node, asked: trace(node, _scope(asked), _rates(asked)),
        _GIVEN,
    ),
    "discrepancies": Offer(
        "Where papers, counts and books differ: short, over, received twice, miscounted, below zero, late, undone.",
        lambda node, asked: discrepancies(node, _scope(asked)),
        _SCOPE,
    ),
    "transfers": Offer(
        "What went from whom to whom, between teams or places, and what is still on its way.",
        lambda node, asked: matrix(node, _scope(asked), asked.get("between", "team"), _rates(asked)),
        ("between", *_SCOPE, *_WORTH),
    ),
    "activity": Offer(
        "How much was written down and done, day by day, and how many people were served.",
        lambda node, asked: activity(node, _scope(asked), zone_of(asked.get("zone"))),
        _SCOPE,
    ),
    "daily": Offer(
        "What came and went of each item, day by day.",
        lambda node, asked: daily(node, _scope(asked), zone_of(asked.get("zone")), _rates(asked)),
        (*_SCOPE, *_WORTH),
    ),
    "as-known": Offer(
        "What a statement said as this node knew it earlier, beside now, and which late entries made the difference.",
        lambda node, asked: changes(node, _scope(asked), parse_time(asked["at"]), _axes(asked)),
        ("at", *_STATED),
        ("at",),
        is_own=True,
    ),
    "late-entries": Offer(
        "The entries that came to this node after a time, in the order in which they came.",
        lambda node, asked: late(node, _scope(asked), parse_time(asked["at"])),
        ("at", *_SCOPE),
        ("at",),
        is_own=True,
    ),
    "entries-behind": Offer(
        "The entries that a figure of a statement adds up, in the order in which they took place.",
        lambda node, asked: behind(node, _scope(asked), _axes(asked), _row(asked), asked["figure"], _rates(asked)),
        ("figure", "row", *_STATED, *_WORTH),
        ("figure", "row"),
    ),
    "closings": Offer(
        "What teams said to be their position at the end of a period, whether that still holds, and what came since.",
        lambda node, asked: closings(node),
    ),
    "after-closing": Offer(
        "The entries about a closed period that were written after it was closed.",
        lambda node, asked: after_closing(node, asked.get("closing")),
        ("closing",),
    ),
    "movements": Offer(
        "Every movement between places and the accounts outside, from the first to the last.",
        lambda node, asked: movements(node),
    ),
}


def _card(node: Node, asked: Asked) -> Report:
    first, last = days(asked.get("since"), asked.get("until"), zone_of(asked.get("zone")))
    raw = "merged" not in asked
    return stock_card(node, asked["place"], asked["item"], first, last, raw=raw, zone=_zone(asked))


# words into values


def _scope(asked: Asked) -> Scope:
    first, last = days(asked.get("since"), asked.get("until"), zone_of(asked.get("zone")))
    only = {name: asked.get(name) for name in (*_WHERE, "fund")}
    return Scope(first, last, raw="merged" not in asked, zone=_zone(asked), **only)


def _zone(asked: Asked) -> str | None:
    """The zone that was named, as it is called; None for UTC."""
    return str(zone_of(asked["zone"])) if "zone" in asked and zone_of(asked["zone"]) != dt.UTC else None


def _axes(asked: Asked) -> list[str]:
    return [word.strip() for word in asked.get("by", "").split(",") if word.strip()]


def _rates(asked: Asked) -> Rates:
    given = [name for name in _WORTH if name in asked]
    if len(given) == 1:
        (missing,) = set(_WORTH) - set(given)
        todo = "Say the currency, and what one of each other is worth in it: PHP=0.0175, EUR=1.08."
        raise Malformed("To convert, both a currency and rates are needed.", todo=todo, fields={missing: "is missing"})
    return read_rates(asked["currency"], asked["rates"]) if given else NO_RATES


def _row(asked: Asked) -> dict[str, str]:
    """Which row, as "item=ID, currency=PHP, place=ID": the first column of each of the things it is told by."""
    pairs = [part.partition("=") for part in asked["row"].split(",") if part.strip()]
    if any(not parted for _, parted, _ in pairs):
        fields, todo = {"row": "not a row"}, "Write it like item=ID, currency=PHP."
        raise Malformed(f"{asked['row']!r} is no row.", kept="", todo=todo, fields=fields)
    return {name.strip(): value.strip() for name, _, value in pairs}
