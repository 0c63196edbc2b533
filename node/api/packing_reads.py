"""What each GET about expiry, kits and counts answers."""

from collections.abc import Callable

from flask import Request, Response

from node import counting, expiring, kits, units
from node.api import paging
from node.running import Node
from sync.errors import Malformed

Handler = Callable[[Node, Request, dict[str, str]], Response]
DAYS_MAX = 36_500


def soon(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What expires, the first to expire first."""
    rows = expiring.expiring(node, _days(given), given.get("place"), given.get("item"))
    names = ("place_name", "item_name", "place", "item", "lot")
    return paging.paged(request, given, rows, lambda row: [row["days"], *(row[name] for name in names)])


def _days(given: dict[str, str]) -> int:
    text = given.get("within", str(expiring.WITHIN_DAYS))
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= DAYS_MAX):
        raise Malformed("That is no number of days.", kept="", fields={"within": f"0 to {DAYS_MAX} days"})
    return int(text)


def all_kits(node: Node, request: Request, given: dict[str, str]) -> Response:
    """All kits by name."""
    return paging.paged(request, given, kits.kits(node), lambda row: [row["kit_name"].casefold(), row["kit"]])


def kit(node: Node, request: Request, given: dict[str, str]) -> Response:
    """How many of a kit a place can build."""
    return paging.answer(request, kits.check(node, given["place"], given["kit"], given.get("qty")))


def sheet(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What there may be to count at a place, in the order of its shelves."""
    blind = paging.flag(given, "blind")
    rows = counting.sheet(node, given["place"], blind, given.get("shelf"), given.get("category"))
    return paging.answer(request, rows)


def counts(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What counts found, the newest first."""
    rows = counting.counts(node, given.get("place"))
    names = ("entry", "item", "lot", "counted")
    return paging.paged(
        request, given, rows, lambda row: [-units.parse_time(row["at"]), *(row[n] or "" for n in names)]
    )


HANDLERS: dict[str, Handler] = {
    "expiring": soon,
    "kits": all_kits,
    "kits/{kit}": kit,
    "count-sheet": sheet,
    "counts": counts,
}
