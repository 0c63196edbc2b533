"""What waybills that were read in call places which no entry has named yet: the word of a paper until news comes.

It holds when this node's own books are read, as merges do: no fact, no digest and no report for others knows of it.
"""

import msgspec

from node.fold import Node


class _Told(msgspec.Struct):
    places: dict[str, str] = {}


def places(node: Node) -> dict[str, str]:
    """Names by id of places that waybills told and no entry has named, the latest word of each."""
    connection = node.db.connection()
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'slip'").fetchall():
        return {}
    found: dict[str, str] = {}
    for (names,) in connection.execute("SELECT names FROM slip ORDER BY read, dispatch").fetchall():
        found.update(msgspec.json.decode(bytes(names), type=_Told).places)
    named = {id for (id,) in connection.execute("SELECT id FROM place WHERE name <> ''").fetchall()} if found else set()
    return {id: name for id, name in found.items() if id not in named and name and name != id}


def said(name: str) -> str:
    """What is told about such a place, in a sentence."""
    return f"{name} is known here by a waybill alone: news of that place is still to come."
