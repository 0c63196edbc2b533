"""What a report is: a table with a title, typed columns, and rows that can be read again and again without being kept.

Reports are made in one place and written in others: each format knows the kinds of columns below and nothing of what a
report is about.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Kind = Literal["text", "id", "qty", "money", "int", "date", "time"]
Values = tuple[Any, ...]


class Column(NamedTuple):
    """One column. What a row holds there, by `kind`; None is an empty cell of any kind.

    text and id: str; qty: int, thousandths of the row's unit; money: Decimal, in the row's currency; int: int;
    date: "YYYY-MM-DD"; time: int, ms since 1970 UTC. `hxl` is the column's HXL tag with its attributes.
    """

    name: str
    title: str
    kind: Kind = "text"
    hxl: str = ""
    adds_up: bool = False  # whether a sum over all rows means something (rows of one unit or currency)
    private: bool = False  # free text, which is left out of what leaves the node unless it is asked for
    counts_people: bool = False  # people or households: small counts are left out likewise


@dataclass(frozen=True)
class Report:
    """A table. `about` says what it covers, in order (period, place, …); `notes` are sentences on how it was made.

    `rows()` gives the rows anew each time, in an order that depends on nothing but the entries covered.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterator[Values]]
    about: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
