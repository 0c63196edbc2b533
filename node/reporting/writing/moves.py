"""One movement of goods between two accounts, as journals and tables are written from it."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

KINDS = ("place", "transit", "source", "people", "lost", "unexplained", "repacked")


class Account(NamedTuple):
    """Where goods are. `kind` is one of KINDS; `id` is a place's (of a transit: where it left), or a loss's reason.

    `name` and `team` are what people call the place and whose it is.
    """

    kind: str
    id: str = ""
    name: str = ""
    team: str = ""


class Move(NamedTuple):
    """A line of an entry: `qty` thousandths of `item` went from an account to another, never less than nothing.

    `at` is ms since 1970 UTC, `entry` a hex id, `line` the place among the entry's movements, from 1. `value` is of one
    unit in `currency`: the lot's where it is known, else the item's standard; None if neither is. `words` are the
    entry's source and note.
    """

    at: int
    entry: str
    line: int
    type: str
    item: str
    item_name: str
    unit: str
    category: str
    lot: str
    expiry: str
    fund: str
    qty: int
    source: Account
    target: Account
    value: Decimal | None
    currency: str
    team: str
    words: tuple[str, str] = ("", "")


Moves = Callable[[], Iterator[Move]]  # gives them anew each time, in the order (at, lamport, id, line)
