"""What each GET answers: the rows of the queries, in pages."""

from collections.abc import Callable
from typing import Any

from flask import Request, Response

from node import accounts, alerts, catalogue, keeping, merging, papers, queries, runs, snapshots, transfers, units
from node.api import asked_reads, packing_reads, paging, report_reads, template_reads
from node.api.endpoints import ENTRIES_DEFAULT
from node.running import Node
from sync.errors import Malformed, Problem

Handler = Callable[[Node, Request, dict[str, str]], Response]


def stock(node: Node, request: Request, given: dict[str, str]) -> Response:
    """On hand, by place and item."""
    raw = paging.flag(given, "raw")
    place = catalogue.find_place(node, given["place"], raw).id if "place" in given else None
    item = catalogue.find_item(node, given["item"], raw=raw).id if "item" in given else None
    rows = queries.stock(node, place=place, item=item, lots=paging.flag(given, "lots"), raw=raw)
    return paging.paged(request, given, rows, _by_place)


def _by_distance(row: dict[str, Any]) -> list[Any]:
    km = row["distance_km"]
    return [km is None, float(km or 0), row["place"]]


def nearby(node: Node, request: Request, given: dict[str, str]) -> Response:
    """Who has an item, nearest first."""
    raw = paging.flag(given, "raw")
    item = catalogue.find_item(node, given["item"], raw=raw).id
    lat, lon = _degrees(given, "lat", 90), _degrees(given, "lon", 180)
    rows = queries.nearby(node, item, lat, lon, within_km=paging.kilometres(given), raw=raw)
    return paging.paged(request, given, rows, _by_distance)


def places(node: Node, request: Request, given: dict[str, str]) -> Response:
    """All places by name."""
    rows = queries.places(node, paging.flag(given, "raw"))
    return paging.paged(request, given, rows, lambda row: [row["name"].casefold(), row["place"]])


def items(node: Node, request: Request, given: dict[str, str]) -> Response:
    """All items by name, a page going on after the item with an id; or those that resemble a text, likeliest first."""
    most, after = paging.limit(given), given.get("after")
    if after is not None and not catalogue.item_rows(node, [after]):
        raise paging.bad_cursor()
    rows = queries.items(node, like=given.get("like"), after=after, limit=most + 1, raw=paging.flag(given, "raw"))
    more = rows[most - 1]["item"] if len(rows) > most and "like" not in given else None
    return paging.answer(request, rows[:most], more)


def entries(node: Node, request: Request, given: dict[str, str]) -> Response:
    """The log, newest first; a page goes on after an entry, named by its id."""
    most = paging.limit(given, ENTRIES_DEFAULT)
    own, raw = paging.flag(given, "own"), paging.flag(given, "raw")
    rows = queries.log(node, limit=most + 1, before=given.get("after"), own=own, raw=raw)
    return paging.answer(request, rows[:most], rows[most - 1]["entry"] if len(rows) > most else None)


def peers(node: Node, request: Request, given: dict[str, str]) -> Response:
    """The nodes that this one knows."""
    return paging.paged(request, given, node.peer_rows(), lambda row: [row["peer"]])


def same_as(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What this team has merged, newest first; or what it might."""
    rows = merging.suggestions(node) if paging.flag(given, "suggestions") else merging.rows(node)
    return paging.answer(request, rows)


def alerts_(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What to look at."""
    place = catalogue.find_place(node, given["place"]).id if "place" in given else None
    return paging.answer(request, alerts.rows(node, place, given.get("kind"), paging.flag(given, "all")))


def keeps(node: Node, request: Request, given: dict[str, str]) -> Response:
    """Minimums and shelves."""
    place = catalogue.find_place(node, given["place"]).id if "place" in given else None
    rows = keeping.rows(node, place)
    return paging.paged(request, given, rows, lambda row: [row["place_name"].casefold(), row["place"], row["item"]])


def balance(node: Node, request: Request, given: dict[str, str]) -> Response:
    """The books, item by item, or also by place or team; in a format that is named, as any other report."""
    if "format" in given:
        return report_reads.report(node, request, {**given, "report": "balance"})
    by = given.get("by")
    if by is not None and by not in accounts.BY:
        raise Malformed(f"Books by {by!r} can't be had.", kept="", fields={"by": "place or team"})
    whose = dict.fromkeys(("place", "place_name", "team", "node"), "")
    with snapshots.taken(node) as then:
        found = accounts.balance(then, by, paging.flag(given, "raw"))
    rows = [whose | row for row in found[f"{by}s" if by else "items"]]
    return paging.paged(request, given, rows, _by_item)


def on_way(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What is on its way, the newest first."""
    every = "open" in given and not paging.flag(given, "open")
    rows = transfers.rows(node, every)
    return paging.paged(request, given, rows, _by_time)


def waybill(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What stands on the paper of a dispatch."""
    return paging.answer(request, papers.paper(node, given["dispatch"]))


def run_sheet(node: Node, request: Request, given: dict[str, str]) -> Response:
    """A vehicle's run."""
    return paging.answer(request, runs.sheet(node, given["vehicle"], given.get("since")))


def digest(node: Node, request: Request, given: dict[str, str]) -> Response:
    """What two nodes compare."""
    return paging.answer(request, queries.digest(node))


HANDLERS: dict[str, Handler] = {
    "stock": stock,
    "nearby": nearby,
    "places": places,
    "items": items,
    "entries": entries,
    "peers": peers,
    "same-as": same_as,
    "keeps": keeps,
    "alerts": alerts_,
    "transfers": on_way,
    "dispatches/{dispatch}/waybill": waybill,
    "runs/{vehicle}": run_sheet,
    "reports/balance": balance,
    "digest": digest,
    **packing_reads.HANDLERS,
    **asked_reads.HANDLERS,
    **report_reads.HANDLERS,
    **template_reads.HANDLERS,
}


def _by_item(row: paging.Row) -> list[str]:
    whose = [row[key].casefold() for key in ("place_name", "place", "team", "node")]
    return [*whose, row["item_name"].casefold(), row["unit"], row["item"]]


def _by_time(row: paging.Row) -> list[Any]:
    """The newest first; what has no time comes before all."""
    return [-units.parse_time(row["at"]) if row["at"] else -(2**62), row["dispatch"]]


def _by_place(row: paging.Row) -> list[str]:
    names = [row["place_name"].casefold(), row["place"], row["item_name"].casefold(), row["item"]]
    return [*names, row["lot"] or "", row["expiry"] or ""]


def _degrees(given: dict[str, str], name: str, most: int) -> int:
    try:
        return units.parse_degrees(given[name], most)
    except Problem as problem:
        problem.fields = {name: problem.what}
        problem.kept = ""
        raise
