"""One dispatch with all that is known of it: what was sent, what came in, what is open; and which one a word means.

A transfer is two facts by two teams. Here both are put side by side, as far as this node has heard of them, with what a
waybill says that was read in before its sender's log came.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from node import catalogue, inputs, sameness, slips
from node.events import is_entry_id
from node.fold import Node
from node.sameness import NONE, Same
from node.tables import stands
from node.waybill import Slip
from sync.errors import NotFound, OutOfRange

KEPT = "Nothing was recorded."


class Sums(NamedTuple):
    """Thousandths of an item or lot of one dispatch."""

    sent: int = 0
    arrived: int = 0
    damaged: int = 0
    missing: int = 0

    @property
    def open(self) -> int:
        """What is still on its way; below nothing where too much came."""
        return self.sent - self.arrived - self.damaged - self.missing

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(*(one + more for one, more in zip(self, other, strict=True)))


class Coming(NamedTuple):
    """One arrival of a dispatch: its entry (hex), its author's key, when (ms), and where."""

    entry: str
    node: bytes
    at: int
    place: str


@dataclass
class Transfer:
    """All that is known of one dispatch. `at`, `place` and `to` are unknown where only arrivals name it."""

    dispatch: str
    at: int | None = None
    place: str = ""
    to: str = ""
    waybill: str = ""
    node: bytes = b""
    undone: bool = False
    slip: Slip | None = None
    lines: dict[tuple[str, str], Sums] = field(default_factory=dict)  # by item and lot
    arrivals: list[Coming] = field(default_factory=list)
    same: Same = NONE  # items that are one in this team's books

    def items(self) -> dict[str, Sums]:
        """Sums by item, over all its lots: who unloads doesn't always see the lot."""
        found: defaultdict[str, Sums] = defaultdict(Sums)
        for (item, _), sums in self.lines.items():
            head = self.same.head(item)
            found[head] = found[head].plus(sums)
        return dict(found)

    def as_sent(self, item: str) -> str:
        """The id under which the dispatch has an item that a person named: another may have been merged with it."""
        sent = {id for id, _ in self.lines}
        return next((id for id in [item, *self.same.all_of(item)] if id in sent), item)

    def open_lots(self) -> dict[str, dict[str, int]]:
        """What is still on its way, by item and lot."""
        found: dict[str, dict[str, int]] = {}
        for (item, lot), sums in self.lines.items():
            found.setdefault(item, {})[lot] = sums.open
        return found

    def missing_lots(self) -> dict[str, dict[str, int]]:
        """What was given up as missing, by item and lot."""
        found: dict[str, dict[str, int]] = {}
        for (item, lot), sums in self.lines.items():
            if sums.missing > 0:
                found.setdefault(item, {})[lot] = sums.missing
        return found


# finding


def find(node: Node, text: str) -> Transfer:
    """The one dispatch that an id, the first 8 digits of one, a waybill's number or a waybill's text means.

    A whole id that nothing is known of is taken as it is: its goods are here, whatever has been heard.
    """
    plain = text.strip()
    known = list(dict.fromkeys([*_dispatches(node, plain), *(slip.id for slip in slips.find(node, plain))]))
    if len(known) > 1:
        known = [id for id in known if not get(node, id).undone] or known
    if len(known) > 1:
        listed = ", ".join(id[:12] for id in known[:5])
        raise OutOfRange(f"{plain!r} may mean several dispatches: {listed}.", kept=KEPT, todo="Name it by its id.")
    if known:
        return get(node, known[0])
    if not is_entry_id(plain.lower()):
        raise NotFound(
            f"There is no dispatch {plain!r}.",
            kept=KEPT,
            todo="Look it up with `bucketline transfers`, or read in the waybill that came with the goods.",
        )
    if node.log.get(bytes.fromhex(plain)):
        raise OutOfRange("This entry isn't a dispatch.", kept=KEPT, todo="Look it up with `bucketline transfers`.")
    return get(node, plain.lower())


def _dispatches(node: Node, text: str) -> list[str]:
    """Ids (hex) of dispatches in the log."""
    sql = "SELECT id FROM dispatch WHERE waybill IN (?, ?, ?) AND waybill <> ''"
    found = [id.hex() for (id,) in catalogue.query(node, sql, text, text.upper(), text.lower())]
    rows = catalogue.query(
        node, "SELECT id FROM dispatch WHERE id BETWEEN ? AND ? LIMIT 5", *inputs.ids_that_begin(text)
    )
    return found + [id.hex() for (id,) in rows]


def get(node: Node, dispatch: str) -> Transfer:
    """What is known of one dispatch (hex id)."""
    return many(node, [dispatch])[0]


# reading


def many(node: Node, ids: Sequence[str]) -> list[Transfer]:
    """What the tables, and the waybills that were read in, say of these dispatches."""
    same = sameness.merged(node, "item")
    found = {id: Transfer(id, same=same) for id in ids}
    for start in range(0, len(ids), 500):
        _fill(node, found, ids[start : start + 500])
    for slip in slips.every(node):
        if slip.id in found:
            _fill_from(found[slip.id], slip)
    return list(found.values())


def _fill(node: Node, found: Mapping[str, Transfer], ids: Sequence[str]) -> None:
    marks = ",".join("?" * len(ids))
    sql = f"SELECT id, node, at, place, dest, waybill, {stands('d')} FROM dispatch d WHERE id IN ({marks})"
    for id, author, at, place, dest, waybill, holds in catalogue.query(node, sql, *_blobs(ids)):
        one = found[id.hex()]
        one.node, one.at, one.place, one.to, one.waybill, one.undone = author, at, place, dest, waybill, not holds
    sql = f"SELECT dispatch, item, lot, sent, arrived, damaged, missing FROM transit WHERE dispatch IN ({marks})"
    for dispatch, item, lot, *sums in catalogue.query(node, sql, *ids):
        found[dispatch].lines[item, lot] = Sums(*map(int, sums))
    sql = (
        f"SELECT dispatch, id, node, at, place FROM arrival a WHERE dispatch IN ({marks}) AND {stands('a')}"
        " ORDER BY at, id"
    )
    for dispatch, id, author, at, place in catalogue.query(node, sql, *ids):
        found[dispatch].arrivals.append(Coming(id.hex(), author, at, place))


def _blobs(ids: Iterable[str]) -> list[bytes]:
    return [bytes.fromhex(id) for id in ids]


def _fill_from(one: Transfer, slip: Slip) -> None:
    """What a waybill says of goods whose dispatch isn't in the log yet."""
    fact = slip.fact
    one.node, one.at, one.place, one.to, one.waybill, one.slip = (
        slip.node,
        fact.at,
        fact.place,
        fact.to,
        fact.waybill,
        slip,
    )
    for line in fact.lines:
        key = line.item, line.lot
        one.lines[key] = one.lines.get(key, Sums()).plus(Sums(line.qty))


def expiries(node: Node, one: Transfer) -> dict[str, dict[str, str]]:
    """Expiry dates of a dispatch's lots by item: as its waybill says, else as the books do."""
    items = sorted({item for item, _ in one.lines})
    marks = ",".join("?" * len(items))
    found: dict[str, dict[str, str]] = {}
    sql = f"SELECT item, lot, expiry FROM lot WHERE expiry <> '' AND item IN ({marks})"
    for item, lot, expiry in catalogue.query(node, sql, *items):
        found.setdefault(item, {})[lot] = expiry
    for item, dates in (one.slip.names.lots if one.slip else {}).items():
        found[item] = dates | found.get(item, {})
    return found
