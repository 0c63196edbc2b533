"""Alerts about goods between places: transfers that don't add up, and needs that wait."""

from collections.abc import Iterator, Mapping
from typing import Any

from node import freshness, transfers
from node import needs as asking
from node.alerting.base import INFO, URGENT, WARN, Alert, Look, looked_at
from node.needs import Asked, Sums
from node.telling import Words
from node.units import format_qty, parse_qty, parse_time

_SEVERE = {"overdue": WARN, "short": INFO, "over": WARN, "twice": WARN, "unmatched": WARN, "voided": WARN}
_URGENT = {"critical": URGENT, "urgent": WARN, "routine": INFO}


# transfers


def transit(look: Look) -> Iterator[Alert]:
    """Dispatches that this team sent or should get, and that are late or don't add up."""
    for row in transfers.rows(look.node):
        if row["status"] in _SEVERE and _concerns(look, row):
            yield _transfer(look, row)


def _concerns(look: Look, row: Mapping[str, Any]) -> bool:
    ends = [row["from"], row["to"], *(arrival["place"] for arrival in row["arrivals"])]
    return look.covers(*ends) or (row["mine"] and look.place is None)


def _transfer(look: Look, row: Mapping[str, Any]) -> Alert:
    status, dispatch = row["status"], row["dispatch"]
    waybill = f", waybill {row['waybill']}," if row["waybill"] else ""
    what = ", ".join(f"{_moved(status, line)} {line['item_name']}" for line in row["lines"])
    way = f"from {row['from_name']} to {row['to_name']}"
    told = {
        "overdue": f"{what} {way}{waybill} has been on its way for over two days.",
        "short": f"Not all of {what} {way}{waybill} came in good order.",
        "over": f"More came in at {row['to_name']} than {row['from_name']} sent{waybill.rstrip(',')}.",
        "twice": f"{what} from {row['from_name']}{waybill} was recorded as come in by two teams.",
        "unmatched": "Goods came in of a dispatch that nobody here has heard of.",
        "voided": f"{what} from {row['from_name']}{waybill} came in, but its sender undid the dispatch.",
    }
    words = _settling(look, row) or looked_at(dispatch)
    key = "" if status == "overdue" else dispatch  # what came may be true all the same: then it is only looked at
    place = row["to"] or (row["arrivals"][0]["place"] if row["arrivals"] else row["from"])
    at = None if row["at"] is None else parse_time(row["at"])
    text = told[status].replace("..", ".")
    return Alert(status, _SEVERE[status], text, row["todo"], words, place, None, dispatch, at, key)


def _moved(status: str, line: Mapping[str, Any]) -> str:
    """So much of an item was sent; or, where that was undone, came all the same."""
    if status != "voided":
        return str(line["sent"])
    return format_qty(sum(parse_qty(line[name]) for name in ("arrived", "damaged", "missing")))


def _settling(look: Look, row: Mapping[str, Any]) -> list[str]:
    """What makes the books right; nothing where only people can."""
    if row["status"] == "overdue":
        due = [line for line in row["lines"] if transfers.is_due(line)]
        lines = [look.line(line["item"], "ARRIVED", line["item_name"]) for line in due]
        return ["arrive", row["waybill"] or row["dispatch"][:16], *lines]
    ours = [one["entry"] for one in row["arrivals"] if _is_own(look, one["entry"])]
    if row["status"] == "over" and ours and len(row["arrivals"]) == 1:
        over = [line for line in row["lines"] if line["open"].startswith("-")]
        lines = [look.line(line["item"], "ARRIVED", line["item_name"]) for line in over]
        return ["correct", ours[0][:16], *lines, "--why", "REASON"]
    if row["status"] in ("over", "twice", "voided") and ours:
        return ["undo", ours[-1][:16], "--why", "REASON"]
    return []


def _is_own(look: Look, entry: str) -> bool:
    found = look.node.log.get(bytes.fromhex(entry))
    return found is not None and found.node == look.node.keys.node


# needs


def needs(look: Look) -> Iterator[Alert]:
    """Needs that nobody has answered in full, and those that nobody has spoken of for two days."""
    for asked in asking.every(look.node, look.words.same_items, look.now):
        if look.place is not None and not look.covers(asked.place):
            continue
        status = asked.status(look.now)
        if status == "stale":
            yield _stale(look, asked)
        elif status == "open":
            yield _open(look, asked)


def _stale(look: Look, asked: Asked) -> Alert:
    return Alert(
        "need_stale",
        WARN,
        f"Nobody has spoken for two days of what is needed at {look.words.place_name(asked.place)}.",
        "Ask whether it is still needed: then renew it, or close it.",
        ["need", "renew", asked.need[:16]],
        asked.place,
        None,
        asked.need,
        asked.spoken,
    )


def _open(look: Look, asked: Asked) -> Alert:
    left, begun = asked.left, bool(asked.answered)
    words = Words(look.node, list(left))
    what = ", ".join(f"{format_qty(qty)} {words.item_name(item)}" for item, qty in left.items())
    giver, spare = _giver(look, asked)
    lines = [f"{item}={format_qty(min(qty, spare[item]))}" for item, qty in left.items() if spare.get(item, 0) > 0]
    pledge = ["pledge", look.place_word(giver), *lines, "--need", asked.need[:16]] if lines else []
    return Alert(
        "need_open" if begun else "need_unanswered",
        _URGENT.get(asked.urgency, INFO),
        f"{look.words.place_name(asked.place)} {'still ' if begun else ''}needs {what}.",
        "Say what you can give and from where, or ask who has some; close it if it is met.",
        pledge or ["nearby", "--need", asked.need[:16]],
        asked.place,
        next(iter(left)) if len(left) == 1 else None,
        asked.need,
        asked.spoken,
    )


def _giver(look: Look, asked: Asked) -> tuple[str, Sums]:
    """The one of our places that holds most of what is needed elsewhere, and how much of each thing it has."""
    held = {place: _has(look, place, asked.left) for place in look.own if place != asked.place}
    best = max(held, key=lambda place: (sum(held[place].values()), place), default="")
    return best, held.get(best, {})


def _has(look: Look, place: str, left: Sums) -> Sums:
    cells = {item: look.cells.get((place, item)) for item in left}
    held = {item: freshness.available(cell["lots"], look.today) for item, cell in cells.items() if cell}
    return {item: min(qty, left[item]) for item, qty in held.items() if qty > 0}
