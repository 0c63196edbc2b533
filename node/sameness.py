"""Which ids mean one item or place by what this team itself has asserted: looked up when reading, never folded.

So two nodes that merge differently still agree in all digests, and a merge that is taken back leaves nothing behind.
What others assert is a suggestion and changes nothing here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from node.fold import Node
from node.tables import stands
from node.units import format_qty

KINDS = ("item", "place")
_SQL = f"SELECT one, same FROM same_as s WHERE node = ? AND kind = ? AND {stands('s')} ORDER BY lamport, id"


@dataclass(frozen=True)
class Same:
    """Ids by the id that speaks for all of them; an id that nobody merged speaks for itself."""

    heads: dict[str, str] = field(default_factory=dict)  # of merged ids alone
    groups: dict[str, list[str]] = field(default_factory=dict)  # head: all of its ids, itself first

    def head(self, id: str) -> str:
        """The id that speaks for this one."""
        return self.heads.get(id, id)

    def all_of(self, id: str) -> list[str]:
        """All ids that mean the same as this one, the one that speaks for them first."""
        return self.groups.get(self.head(id), [id])


NONE = Same()


def merged(node: Node, kind: str) -> Same:
    """What this node's own assertions that stand come to, for items or places."""
    rows = node.db.connection().execute(_SQL, (node.keys.node, kind)).fetchall()
    return join(rows) if rows else NONE


def join(pairs: Iterable[tuple[str, str]]) -> Same:
    """Pairs (one, same) in the order in which they were asserted; the `same` end speaks for both.

    A pair that only closes a ring changes nothing, so that two assertions against each other don't fight.
    """
    above: dict[str, str] = {}
    for one, same in pairs:
        low, high = _top(above, one), _top(above, same)
        if low != high:
            above[low] = high
    heads = {id: _top(above, id) for id in above}
    groups: dict[str, list[str]] = {}
    for id, head in sorted(heads.items()):
        groups.setdefault(head, [head]).append(id)
    return Same(heads, groups)


def _top(above: dict[str, str], id: str) -> str:
    while id in above:
        id = above[id]
    return id


# goods of items that are one, at one place


def mark(head: str, id: str, lot: str) -> str:
    """A lot of an item among those of items that are one: by its name, with the item's id unless that is the head."""
    return lot if id == head else f"{id}\0{lot}"


def read_mark(head: str, marked: str) -> tuple[str, str]:
    """The item and the lot of a mark."""
    id, parted, lot = marked.partition("\0")
    return (id, lot) if parted else (head, marked)


def find_mark(head: str, lot: str, held: Iterable[str]) -> str:
    """The mark of a lot that somebody named, among those that are held; the head's where none is."""
    marks = [one for one in held if read_mark(head, one)[1] == lot]
    return lot if lot in marks or not marks else min(marks)


def lying(node: Node, place: str, raw: bool = False) -> str:
    """What lies at a place, in a few words: "where 50 Blanket and 2 more lie"."""
    node.fold.settle()
    ids = [place] if raw else merged(node, "place").all_of(place)
    sql = (
        "SELECT coalesce(nullif(name, ''), item), sum(qty) AS held FROM stock LEFT JOIN item ON id = item"
        f" WHERE place IN ({','.join('?' * len(ids))}) GROUP BY item HAVING held <> 0 ORDER BY held DESC, item"
    )
    rows = node.db.connection().execute(sql, ids).fetchall()
    if not rows:
        return "where nothing lies"
    more = len(rows) - 1
    return f"where {format_qty(int(rows[0][1]))} {rows[0][0]}{f' and {more} more' if more else ''} lie"


def totals(node: Node, place: str, items: Sequence[str]) -> dict[str, int]:
    """What is on hand (thousandths) at a place of each of these items, with all that mean the same; settled before."""
    same_items, places = merged(node, "item"), merged(node, "place").all_of(place)
    found: dict[str, int] = {}
    for item in items:
        members = same_items.all_of(item)
        cells = [cell for spot in places for cell in node.fold.cells(spot, members).values()]
        if cells:
            found[item] = sum(cell.total for cell in cells)
    return found
