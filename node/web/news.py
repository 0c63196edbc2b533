"""What is worth a look right after an entry was recorded: nothing of it is an error, and all of it is told at once."""

from typing import Any

from node import correcting, moving, queries, record, transit, writing
from node.events import Arrival, Dispatch, Distribution, Loss, Repack, is_entry_id
from node.running import Node
from node.web import words
from sync.log import Folded


def doubts(node: Node, entry: Folded, row: dict[str, Any] | None) -> list[str]:
    """Whole sentences; `row` is the entry as the log tells it."""
    fact, came = entry.fact, _transfer(node, entry.fact)
    over = moving.doubts(node, came) if came else []
    return [
        *record.too_early(node, fact),
        *_below(node, fact),
        *writing.odd(fact),
        *over,
        *_corrected(node, entry, row),
    ]


def coming(node: Node, entry: Folded) -> list[str]:
    """What of an arrival's dispatch is still on its way, in a sentence."""
    came = _transfer(node, entry.fact)
    return moving.still_coming(node, came) if came else []


def _transfer(node: Node, fact: object) -> transit.Transfer | None:
    return transit.get(node, fact.dispatch) if isinstance(fact, Arrival) and is_entry_id(fact.dispatch) else None


def _below(node: Node, fact: object) -> list[str]:
    """Balances below zero that a movement left behind."""
    if not isinstance(fact, (Distribution, Loss, Dispatch, Repack)):
        return []
    moved = {line.item for line in (fact.used if isinstance(fact, Repack) else fact.lines)}
    rows = queries.stock(node, place=fact.place)
    return [
        f"The books now show {words.number(row['qty'])} {row['unit']} of {row['item_name']} there: more went out than"
        " they knew of. A count will set that right."
        for row in rows
        if row["item"] in moved and row["qty"].startswith("-")
    ]


def _corrected(node: Node, entry: Folded, row: dict[str, Any] | None) -> list[str]:
    """What fell out of an entry that was corrected, and who names what it said before."""
    before = row and row["corrects"] and node.log.get(bytes.fromhex(row["corrects"]["entry"]))
    return correcting.consequences(node, before, entry.fact) if before else []
