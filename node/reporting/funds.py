"""The fund report: what each donor or budget gave and what became of it, through transfers and repacks to drops."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from node import catalogue
from node.fold import Node
from node.reporting import movements
from node.reporting.asked import Scope, View
from node.reporting.axes import CURRENCY, ITEM
from node.reporting.layers import Grain, Origin, Pool
from node.reporting.model import Column, Report, Values
from node.reporting.posting import LOST
from node.reporting.statement import Books, figure_columns
from node.reporting.tracing import Tracer
from node.reporting.worth import NO_RATES, Rates, amount, amounts
from sync.log import Folded

FIGURES = ("given", "distributed", "lost", "unexplained", "given_back", "repacked", "in_transit", "on_hand")
_AT = {name: at for at, name in enumerate(FIGURES)}
Key = tuple[str, str, str, str]  # source, fund, item, currency
Sums = list[int]
NOTES = (
    "First in, first out: of the lot that an entry names, else of what lies in no named lot, else of what came first."
    " The statement by fund tells of lots alone: what names no lot has no fund there.",
    "What became part of a kit is told in the item that was given. What was given is the sum of all that became of it.",
    "Goods not recorded were handed out or sent on although no receipt of them is known. What a count found is first"
    " what was missing before.",
)
_NAMES = (
    Column("fund", "Fund", "text", "#org+fund"),
    Column("source", "Source", "text", "#org+fund+type"),
    *ITEM.columns,
    *CURRENCY.columns,
)
TRACE_COLUMNS = (
    *_NAMES,
    Column("lot", "Lot", "text", "#item+lot"),
    Column("given_entry", "Given by entry", "id", "#meta+entry+given"),
    Column("use", "What became of it", "text", "#activity+type"),
    Column("at", "When", "time", "#date+occurred"),
    Column("entry", "Entry", "id", "#meta+entry"),
    Column("place_name", "Place", "text", "#loc+name"),
    Column("as_item", "As item", "text", "#item+name+as"),
    Column("qty", "Quantity", "qty", "#item+qty+num", True),
    Column("value", "Value", "money", "#value+num", True),
)


def funds(node: Node, scope: Scope, rates: Rates = NO_RATES, books: Books | None = None) -> Report:
    """A row for each fund, source, item and currency: what was given, and what became of it until the scope's end.

    Of a scope `until`, `fund`, `item`, `category` and `raw` count: a gift is followed wherever it went.
    """
    opened = books or (lambda: movements.up_to_date(node))

    def _rows() -> Iterator[Values]:
        with opened() as connection:
            view = View(node, connection, _whole(scope), rates)
            found = _sums(Tracer(view).run())
            wanted = [(key, sums) for key, sums in found.items() if _wants(node, view, scope, key)]
            made = [(*_names(view, key), *qty, *amounts(worth, key[-1])) for key, (qty, worth) in wanted]
        return iter(sorted(made, key=_order))

    titles = [(name, name.replace("_", " ").capitalize(), name.replace("_", "")) for name in FIGURES]
    return Report("funds", "Funds", (*_NAMES, *figure_columns(titles)), _rows, _about(scope), NOTES)


def trace(node: Node, scope: Scope, rates: Rates = NO_RATES, books: Books | None = None) -> Report:
    """Each gift with each entry in which some of it ended, and where the rest lies: from donor to drop."""
    opened = books or (lambda: movements.up_to_date(node))

    def _rows() -> Iterator[Values]:
        with opened() as connection:
            view = View(node, connection, _whole(scope), rates)
            ends = [end for end in _ends(Tracer(view).run()) if _wants(node, view, scope, _key(end[0].origin))]
            told = _Told(node, view, ends)
            made = sorted((told.row(*end) for end in ends), key=lambda row: (str(row[0]).casefold(), *map(str, row)))
        return iter(made)

    return Report("fund-trace", "Funds, from gift to use", TRACE_COLUMNS, _rows, _about(scope), NOTES)


def _order(row: Values) -> tuple[Any, ...]:
    fund, source, _, item = row[:4]
    return fund.casefold(), source, item.casefold(), row[: len(_NAMES)]


def _whole(scope: Scope) -> Scope:
    return Scope(until=scope.until, raw=scope.raw)


def _about(scope: Scope) -> dict[str, str]:
    kept = Scope(None, scope.until, fund=scope.fund, item=scope.item, category=scope.category)
    return kept.about()


def _key(origin: Origin) -> Key:
    return origin.source, origin.fund, origin.item, origin.currency


def _wants(node: Node, view: View, scope: Scope, key: Key) -> bool:
    _, fund, item, _ = key
    return (
        (scope.fund is None or fund == scope.fund)
        and (scope.item is None or item == catalogue.find_item(node, scope.item, raw=scope.raw).id)
        and (scope.category is None or view.category(item).casefold() == scope.category.strip().casefold())
    )


def _names(view: View, key: Key) -> tuple[str, ...]:
    source, fund, item, currency = key
    return (fund, source, *ITEM.say(view, item), currency)


def _figure(account: str) -> str:
    return "lost" if account.startswith(LOST) else account


def _sums(tracer: Tracer) -> dict[Key, tuple[Sums, Sums]]:
    """Quantities and worth (10^-21) by key: what was given, and its ends."""
    found: defaultdict[Key, tuple[Sums, Sums]] = defaultdict(lambda: ([0] * len(FIGURES), [0] * len(FIGURES)))
    for grain in tracer.given:
        _add(found, grain, "given")
    for grain, account, *_ in _ends(tracer):
        _add(found, grain, _figure(account))
    return dict(found)


def _add(found: defaultdict[Key, tuple[Sums, Sums]], grain: Grain, figure: str) -> None:
    qty, worth = found[_key(grain.origin)]
    qty[_AT[figure]] += grain.qty
    worth[_AT[figure]] += grain.qty * grain.origin.unit


End = tuple[Grain, str, int, str, str]  # what, on which account, by which entry, at which place, as which item


def _ends(tracer: Tracer) -> Iterator[End]:
    """Where all grains are in the end: in uses, at places, or on their way."""
    for end in tracer.flow.ends.values():
        for n, piece in end.pieces:
            yield from ((grain, end.account, n, end.place, end.item) for grain in piece.grains)
    for pool in tracer.flow.pools.values():
        for piece in pool.pieces():
            yield from ((grain, _lies(pool), 0, pool.place, pool.item) for grain in piece.grains)


def _lies(pool: Pool) -> str:
    return "in_transit" if pool.dispatch else "on_hand"


class _Told:
    """Words for the ends of gifts."""

    def __init__(self, node: Node, view: View, ends: Iterable[End]) -> None:
        self.view = view
        ns = {n for grain, _, n, *_ in ends for n in (grain.origin.n, n) if n}
        self.entries: dict[int, Folded] = {entry.n: entry for entry in node.log.fetch(sorted(ns))}

    def row(self, grain: Grain, account: str, n: int, place: str, item: str) -> tuple[Any, ...]:
        """One end of a gift."""
        origin, words = grain.origin, self.view.words
        return (
            *_names(self.view, _key(origin)),
            origin.lot,
            self._id(origin.n),
            account.replace("_", " "),
            getattr(self.entries[n].fact, "at", None) if n else None,
            self._id(n),
            words.place_name(place) if place else "",
            words.item_name(item) if item else "",
            grain.qty,
            amount(grain.qty * origin.unit) if origin.unit or origin.currency else None,
        )

    def _id(self, n: int) -> str:
        return self.entries[n].id.hex() if n else ""
