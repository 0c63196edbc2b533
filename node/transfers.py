"""The work-list of transfers: where each dispatch stands, by what this node has heard, and what a person should do.

Nothing of it is ever refused: what doesn't fit is a row with a sentence, which the sender's team sees as well as the
receiver's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from node import catalogue, slips
from node.events import is_entry_id
from node.fold import Node
from node.loads import load, measures
from node.queries import one_moment
from node.telling import Words
from node.transit import Coming, Sums, Transfer, get, many
from node.units import format_qty, format_time
from node.waybill import Slip

OVERDUE_MS = 48 * 3_600_000
SHORT_SHOWN_MS = 7 * 24 * 3_600_000  # how long an arrival that fell short is among what is open
DONE = ("arrived",)
Row = dict[str, Any]


def rows(node: Node, every: bool = False) -> list[Row]:
    """One row a dispatch, the newest first: what is open or doesn't fit, or all of them.

    {dispatch, waybill, from, from_name, to, to_name, team, at, status, lines, todo, load, arrivals, ours}; `status` is
    in_transit, overdue, arrived, short, over, twice, unmatched or voided. Times and names of a dispatch that nothing is
    known of are None. What fell short stays among what is open for a week.
    """
    with one_moment(node):
        found = many(node, _ids(node, every))
        names = _Names(node, found)
        told = [names.row(one) for one in found if one.arrivals or not one.undone]
    told = [row for row in told if every or row["status"] not in DONE]
    return sorted(told, key=lambda row: (row["at"] or "~", row["dispatch"]), reverse=True)


def row(node: Node, dispatch: str) -> Row:
    """The row of one dispatch (hex id)."""
    with one_moment(node):
        one = get(node, dispatch)
        return _Names(node, [one]).row(one)


def _ids(node: Node, every: bool) -> list[str]:
    if every:
        sql = "SELECT lower(hex(id)) FROM dispatch UNION SELECT dispatch FROM transit"
        ids = catalogue.query(node, sql)
    else:
        recent = node.clock() - SHORT_SHOWN_MS
        sql = "SELECT dispatch FROM transit WHERE open UNION SELECT dispatch FROM arrival WHERE at > ?"
        ids = catalogue.query(node, sql, recent)
    found = [id for (id,) in ids if is_entry_id(id)]
    return sorted({*found, *(slip.id for slip in slips.every(node))})


class _Names:
    """Rows with the names of what they speak of."""

    def __init__(self, node: Node, found: Sequence[Transfer]) -> None:
        items = [item for one in found for item, _ in one.lines]
        self.node, self.now, self.words = node, node.clock(), Words(node, items)
        self.measures = measures(node, sorted(set(items)))

    def row(self, one: Transfer) -> Row:
        """One dispatch with its status and what is to be done."""
        items = {item: sums for item, sums in one.items().items() if any(sums)}
        status = status_of(one, self.now)
        sent = {item: sums.sent for item, sums in items.items()}
        return {
            "dispatch": one.dispatch,
            "waybill": one.waybill,
            "from": self.id(one.place),
            "from_name": self.place(one, one.place),
            "to": self.id(one.to),
            "to_name": self.place(one, one.to),
            "team": self.team(one),
            "at": None if one.at is None else format_time(one.at),
            "status": status,
            "lines": [self.line(one, item, sums) for item, sums in items.items()],
            "todo": self.todo(one, status, items),
            "load": load(self.measures, sent),
            "arrivals": [self.arrival(coming) for coming in one.arrivals],
            "ours": self.words.place(one.to).node == self.node.keys.node,
            "mine": one.node == self.node.keys.node,
        }

    def id(self, place: str) -> str | None:
        """The place that speaks for this one and all that are merged with it."""
        return self.words.place(place).id if place else None

    def place(self, one: Transfer, id: str) -> str | None:
        """A place's name; a waybill's own word for it where nothing else is known."""
        if not id:
            return None
        return self.words.place(id).name or (one.slip.names.places.get(id) if one.slip else None) or id

    def team(self, one: Transfer) -> str:
        """Who sent it."""
        return catalogue.team_name(self.words.teams, one.node) if not one.slip else self.sender(one.slip)

    def sender(self, slip: Slip) -> str:
        """The team of a waybill: what the log calls it, else what the waybill does."""
        return self.words.teams.get(slip.node) or slip.names.team or catalogue.team_name({}, slip.node)

    def item(self, one: Transfer, id: str) -> tuple[str, str]:
        """An item's name and unit."""
        known = self.words.item(id)
        told = one.slip.names.items.get(id, ("", "")) if one.slip else ("", "")
        return known.name or told[0] or id, known.unit or told[1]

    def line(self, one: Transfer, item: str, sums: Sums) -> Row:
        """What of an item was sent and what became of it."""
        name, unit = self.item(one, item)
        qtys = {key: format_qty(getattr(sums, key)) for key in ("sent", "arrived", "damaged", "missing", "open")}
        return {"item": item, "item_name": name, "unit": unit, **qtys}

    def arrival(self, coming: Coming) -> Row:
        """One of the goes in which it arrived."""
        return {
            "entry": coming.entry,
            "team": catalogue.team_name(self.words.teams, coming.node),
            "at": format_time(coming.at),
            "place": self.id(coming.place),
            "place_name": self.words.place_name(coming.place),
        }

    def todo(self, one: Transfer, status: str, items: Mapping[str, Sums]) -> str:
        """What a person should do about it, in a sentence; nothing where all is done."""
        teams = sorted({catalogue.team_name(self.words.teams, coming.node) for coming in one.arrivals})
        to = self.place(one, one.to)
        over = self._amounts(one, {item: -sums.open for item, sums in items.items() if sums.open < 0})
        said = {
            "in_transit": f"Record at {to} what comes in.",
            "overdue": f"Ask {self.team(one)} and {to} where it is; then record what came, or give it up as missing.",
            "short": f"Look into it with {self.team(one)}: not all that was sent came in good order.",
            "over": f"{over} more came than was sent: check both papers, then undo and record again what was wrong.",
            "twice": f"{' and '.join(teams)} both recorded it: whichever didn't get the goods undoes its arrival.",
            "unmatched": "Goods came of a dispatch not known here: sync with its sender, or read in its waybill.",
            "voided": f"{self.team(one)} undid the dispatch, but goods came in: one of the two should be undone.",
        }
        return said.get(status, "")

    def _amounts(self, one: Transfer, qtys: Mapping[str, int]) -> str:
        return ", ".join(f"{format_qty(qty)} {self.item(one, item)[0]}" for item, qty in qtys.items())


def is_due(line: Mapping[str, Any]) -> bool:
    """Whether some of what a row's line tells of is still on its way."""
    return line["open"] != "0" and not line["open"].startswith("-")


def status_of(one: Transfer, now: int) -> str:
    """Where a dispatch stands, as of a time (ms)."""
    items = one.items().values()
    if one.at is None:
        return "unmatched"
    if one.undone:
        return "voided"
    if any(sums.open < 0 for sums in items):
        return "twice" if len({coming.node for coming in one.arrivals}) > 1 else "over"
    if any(sums.open for sums in items):
        return "overdue" if now - one.at > OVERDUE_MS else "in_transit"
    return "short" if any(sums.damaged or sums.missing for sums in items) else "arrived"
