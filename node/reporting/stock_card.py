"""The stock card (bin card) of an item at a place: what came, what went, and what was there after each entry.

Reads that item's lines at that place and nothing else, so that it opens as fast in large books as in small ones.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from node import catalogue
from node.events import type_of
from node.fold import Node
from node.folding.books import Connection
from node.reporting import movements
from node.reporting.asked import Scope, between
from node.reporting.beside import BESIDE, SUMMARY, beside
from node.reporting.lines import exact_sums
from node.reporting.model import Column, Report, Values
from node.reporting.posting import sign
from node.reporting.statement import Books
from node.telling import Words, summary
from sync.log import Folded

COLUMNS = (
    Column("at", "When", "time", "#date+occurred"),
    Column("entry", "Entry", "id", "#meta+entry"),
    Column("type", "Kind", "text", "#activity+type"),
    BESIDE,
    Column("came", "In", "qty", "#item+qty+in+num", True),
    Column("went", "Out", "qty", "#item+qty+out+num", True),
    Column("counted", "Counted", "qty", "#item+qty+counted+num"),
    Column("balance", "Balance", "qty", "#item+qty+balance+num"),
    Column("team", "Recorded by", "text", "#org+reporting"),
    SUMMARY,
    Column("note", "Note", "text", "#description+note", private=True),
)
NOTES = ("A count brings the balance to what was seen; the difference stands as in or out.",)


class Step(NamedTuple):
    """What one entry did: came and went (thousandths), and what it counted, if it did."""

    came: int = 0
    went: int = 0
    counted: int | None = None


def stock_card(
    node: Node,
    place: str,
    item: str,
    since: int | None = None,
    until: int | None = None,
    raw: bool = False,
    books: Books | None = None,
    zone: str | None = None,
) -> Report:
    """The card of an item at a place (ids, codes or names), in a period (ms).

    Merged items and places have one card, unless `raw`. With `since` the first row is what was there then.
    """
    opened = books or (lambda: movements.up_to_date(node))
    item_row, place_row = catalogue.find_item(node, item, raw=raw), catalogue.find_place(node, place, raw)

    def _rows() -> Iterator[Values]:
        with opened() as connection:
            words = Words(node, [item_row.id], raw)
            card = _Card(node, connection, words, since, until)
            for spot, one in product(words.same_places.all_of(place_row.id), words.same_items.all_of(item_row.id)):
                card.read(spot, one)
            made = list(card.rows())
        return iter(made)

    about = {
        "place": place_row.name or place_row.id,
        "item": item_row.label,
        **Scope(since, until, zone=zone).about(),
    }
    return Report("stock-card", "Stock card", COLUMNS, _rows, about, NOTES)


class _Card:
    """Gathers the entries of a card."""

    def __init__(self, node: Node, connection: Connection, words: Words, since: int | None, until: int | None) -> None:
        self.node, self.connection, self.words = node, connection, words
        self.since, self.until = since, until
        self.opening = 0
        self.steps: defaultdict[int, Step] = defaultdict(Step)

    def read(self, place: str, item: str) -> None:
        """Add the lines of an item at a place."""
        sql = "SELECT no FROM movement_cell WHERE item = ? AND place = ?"
        for (no,) in self.connection.execute(sql, (item, place)).fetchall():
            self._read_cell(no)
        for n, qty in self._within("SELECT n, qty FROM movement_count WHERE place = ? AND item = ?", place, item):
            step = self.steps[n]
            self.steps[n] = step._replace(counted=(step.counted or 0) + int(qty))

    def _read_cell(self, no: int) -> None:
        if self.since is not None:
            before = exact_sums(self.connection, "account", "cell = ? AND at < ?", (no, self.since))
            self.opening += sum(sign(account) * qty for account, _, qty in before)
        nets: defaultdict[tuple[int, int], int] = defaultdict(int)
        for account, n, line, qty in self._within("SELECT account, n, line, qty FROM movement WHERE cell = ?", no):
            nets[n, line] += sign(account) * int(qty)
        for (n, _), net in nets.items():
            step = self.steps[n]
            self.steps[n] = step._replace(came=step.came + max(net, 0), went=step.went + max(-net, 0))

    def _within(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        within, moments = between(self.since, self.until)
        return list(self.connection.execute(f"{sql} AND {within}", [*values, *moments]))

    def rows(self) -> Iterator[Values]:
        """The card's rows in the order in which all took place, with the balance after each."""
        balance = self.opening
        if self.since is not None:
            yield self.since, "", "brought forward", "", None, None, None, balance, "", "", ""
        told = {n: step for n, step in self.steps.items() if any(step) or step.counted is not None}
        for entry in sorted(self.node.log.fetch(list(told)), key=_order):
            step, fact = told[entry.n], entry.fact
            balance += step.came - step.went
            about = getattr(fact, "at", None), entry.id.hex(), type_of(fact), beside(self.node, self.words, fact)
            team = catalogue.team_name(self.words.teams, entry.node)
            words = summary(self.words, fact), getattr(fact, "note", "")
            yield (*about, step.came or None, step.went or None, step.counted, balance, team, *words)


def _order(entry: Folded) -> tuple[int, int, bytes]:
    return getattr(entry.fact, "at", 0), entry.lamport, entry.id
