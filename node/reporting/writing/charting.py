"""The chart of accounts of a journal: how accounts, goods and currencies are called, each by a name of its own.

A name is what people call the thing, as far as the other program allows; where two would be called the same, each bears
its id as well, so that nothing is ever added up that isn't one thing.
"""

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from node.reporting.writing.cells import amount
from node.reporting.writing.document import EVERY, Progress
from node.reporting.writing.moves import Account, Move
from node.units import day_of

ROOTS = {
    "place": "Assets:Stock",
    "transit": "Assets:Transit",
    "source": "Income:Received",
    "people": "Expenses:Distributed",
    "lost": "Expenses:Lost",
    "unexplained": "Expenses:Unexplained",
    "repacked": "Equity:Repacked",
}
UNKNOWN = "Unknown"
CHARS_MAX = 200  # of any name
_ID = re.compile(r"[a-z0-9]{1,16}")


@dataclass
class Survey:
    """All that a journal has to declare before its first entry; `places` is how many decimals a currency needs."""

    accounts: set[Account] = field(default_factory=set)
    items: dict[str, tuple[str, str]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    first_day: str = ""

    def take(self, move: Move) -> None:
        """Note what a movement needs."""
        self.accounts.update((move.source, move.target))
        self.items[move.item] = move.item_name, move.unit
        self.first_day = min(self.first_day or "9999", day_of(move.at))
        if move.value is not None and move.currency:
            decimals = len(amount(move.value).partition(".")[2]) + 3
            self.places[move.currency] = max(self.places.get(move.currency, 2), decimals)


def survey(moves: Iterable[Move]) -> Survey:
    """What a journal of these movements has to declare."""
    found = Survey()
    for move in moves:
        found.take(move)
    return found


def told(moves: Iterable[Move], progress: Progress | None) -> Iterator[tuple[Move, bool]]:
    """Each movement, and whether it is the first of its entry; `progress` is told how many there were."""
    done, entry = 0, ""
    for move in moves:
        yield move, move.entry != entry
        done, entry = done + 1, move.entry
        if progress and done % EVERY == 0:
            progress(done)
    if progress:
        progress(done)


@dataclass(frozen=True)
class Dialect:
    """What a program allows. Each takes any text and gives one that is allowed, never an empty one.

    `part` is for a part of an account's name; `goods` takes name and unit. Names of goods and currencies are at most
    `chars_max` long, and all in capitals if `capitals` says so.
    """

    part: Callable[[str], str]
    goods: Callable[[str, str], str]
    currency: Callable[[str], str]
    chars_max: int = CHARS_MAX
    capitals: bool = False


class Chart:
    """The names of all accounts, goods and currencies in one journal."""

    def __init__(self, found: Survey, dialect: Dialect) -> None:
        wanted = {currency: dialect.currency(currency) for currency in found.places}
        self.currencies = _commodities(wanted, (), dialect)
        goods = {id: dialect.goods(name, unit) for id, (name, unit) in found.items.items()}
        self.goods = _commodities(goods, self.currencies.values(), dialect)
        self.accounts = _accounts(found.accounts, dialect)


def _commodities(wanted: Mapping[str, str], taken: Iterable[str], dialect: Dialect) -> dict[str, str]:
    names = distinct(wanted, taken, dialect.chars_max)
    return {id: name.upper() for id, name in names.items()} if dialect.capitals else names


def _accounts(accounts: Iterable[Account], dialect: Dialect) -> dict[Account, str]:
    all_ = set(accounts)
    places = {a.id: dialect.part(a.name or a.id) for a in all_ if a.kind in ("place", "transit") and a.id}
    reasons = {a.id: dialect.part(a.id.capitalize()) for a in all_ if a.kind == "lost"}
    by_place, by_reason = (distinct(wanted, (UNKNOWN,), CHARS_MAX) for wanted in (places, reasons))

    def name(account: Account) -> str:
        parts = {
            "place": [dialect.part(account.team or UNKNOWN), by_place.get(account.id, UNKNOWN)],
            "transit": [by_place.get(account.id, UNKNOWN)],
            "lost": [by_reason.get(account.id, UNKNOWN)],
        }
        return ":".join([ROOTS[account.kind], *parts.get(account.kind, [])])

    return {account: name(account) for account in sorted(all_)}


def distinct(wanted: Mapping[str, str], taken: Iterable[str], chars_max: int) -> dict[str, str]:
    """A name for each id, no two of which are the same, nor like one that is taken; upper and lower case are no matter.

    Whoever alone wants a name has it; the others bear their id behind it.
    """
    used = {name.casefold() for name in taken}
    asked = Counter(name.casefold() for name in wanted.values()) + Counter(used)
    given: dict[str, str] = {}
    for id, name in sorted(wanted.items(), key=lambda one: (asked[one[1].casefold()] > 1, one[0])):
        alone = asked[name.casefold()] == 1 and len(name) <= chars_max
        given[id] = next(each for each in _candidates(id, name, alone, chars_max) if each.casefold() not in used)
        used.add(given[id].casefold())
    return given


def _candidates(id: str, name: str, alone: bool, chars_max: int) -> Iterator[str]:
    if alone:
        yield name
    for count in itertools.count(1):
        mark = f"-{_code(id)}" if count == 1 else f"-{_code(id)}-{count}"
        yield f"{name[: chars_max - len(mark)]}{mark}"


def _code(id: str) -> str:
    """An id as it may stand in any name."""
    return id if _ID.fullmatch(id) else hashlib.sha256(id.encode()).hexdigest()[:16]
