"""Alerts about goods between places: transfers that don't add up, and needs that wait."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from node import catalogue, freshness, transfers
from node.alerting.base import DAY_MS, INFO, URGENT, WARN, Alert, Look, looked_at
from node.telling import Words
from node.units import format_qty, parse_time

NEED_STALE_MS = 2 * DAY_MS
ANSWERS = ("pledge", "given", "dispatch")
_STANDS = "NOT EXISTS (SELECT 1 FROM voided v WHERE v.target = t.id AND v.node = t.node)"
_LATEST = "at DESC, lamport DESC, id DESC"
_SEVERE = {"overdue": WARN, "short": INFO, "over": WARN, "twice": WARN, "unmatched": WARN, "voided": WARN}
_URGENT = {"critical": URGENT, "urgent": WARN, "routine": INFO}
Sums = dict[str, int]  # thousandths by item


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
    what = ", ".join(f"{line['sent']} {line['item_name']}" for line in row["lines"])
    way = f"from {row['from_name']} to {row['to_name']}"
    told = {
        "overdue": f"{what} {way}{waybill} has been on its way for over two days.",
        "short": f"Not all of {what} {way}{waybill} came in good order.",
        "over": f"More came in at {row['to_name']} than {row['from_name']} sent{waybill.rstrip(',')}.",
        "twice": f"{what} from {row['from_name']}{waybill} was recorded as come in by two teams.",
        "unmatched": "Goods came in of a dispatch that nobody here has heard of.",
        "voided": f"{what} from {row['from_name']}{waybill} came in, but its sender undid the dispatch.",
    }
    words, key = _settling(look, row), ""
    if not words:
        words, key = looked_at(dispatch), dispatch
    place = row["to"] or (row["arrivals"][0]["place"] if row["arrivals"] else row["from"])
    at = None if row["at"] is None else parse_time(row["at"])
    text = told[status].replace("..", ".")
    return Alert(status, _SEVERE[status], text, row["todo"], words, place, None, dispatch, at, key)


def _settling(look: Look, row: Mapping[str, Any]) -> list[str]:
    """What makes the books right; nothing where only people can."""
    if row["status"] == "overdue":
        return ["arrive", row["waybill"] or row["dispatch"][:16]]
    ours = [one["entry"] for one in row["arrivals"] if _is_own(look, one["entry"])]
    if row["status"] in ("over", "twice", "voided") and ours:
        return ["undo", ours[-1][:16], "--why", "it did not come in"]
    return []


def _is_own(look: Look, entry: str) -> bool:
    found = look.node.log.get(bytes.fromhex(entry))
    return found is not None and found.node == look.node.keys.node


# needs


def needs(look: Look) -> Iterator[Alert]:
    """Needs that nobody has answered in full, and those that nobody has spoken of for two days."""
    sql = f"SELECT id, at, place, urgency, until, lines FROM need t WHERE {_STANDS} ORDER BY at, id"
    for id, at, place, urgency, until, lines in catalogue.query(look.node, sql):
        need = id.hex()
        spoken, until, closed = _latest(look, need, at, until)
        over = closed or (until is not None and until <= look.now)
        if over or (look.place is not None and not look.covers(place)):
            continue
        if look.now - spoken > NEED_STALE_MS:
            yield _stale(look, need, place, spoken)
            continue
        given = _answered(look, need)
        wanted = _sums(look, lines)
        left = {item: qty - given.get(item, 0) for item, qty in wanted.items() if qty > given.get(item, 0)}
        if left:
            yield _open(look, need, place, spoken, left, urgency, bool(given))


def _latest(look: Look, need: str, at: int, until: int | None) -> tuple[int, int | None, bool]:
    """When a need was last spoken of, until when it holds, and whether it is closed."""
    sql = (
        f"SELECT at, until, closed FROM renewal t WHERE need = ? AND {_STANDS} ORDER BY at DESC, lamport DESC, id DESC"
    )
    for renewed, later, closed in catalogue.query(look.node, sql + " LIMIT 1", need):
        return max(at, renewed), later if later is not None else until, bool(closed)
    return at, until, False


def _answered(look: Look, need: str) -> Sums:
    """What is promised and still holds, was sent or given for a need; of each place the greater of both counts."""
    told: dict[tuple[str, str, bool], int] = {}
    for table in ANSWERS:
        holds = f" AND until > {look.now}" if table == "pledge" else ""
        sql = f"SELECT place, lines FROM {table} t WHERE need = ? AND {_STANDS}{holds}"
        for place, lines in catalogue.query(look.node, sql, need):
            for item, qty in _sums(look, lines).items():
                key = place, item, table == "pledge"
                told[key] = told.get(key, 0) + qty
    found: Sums = {}
    for place, item in {key[:2] for key in told}:
        most = max(told.get((place, item, promised), 0) for promised in (False, True))
        found[item] = found.get(item, 0) + most
    return found


def _sums(look: Look, lines: str) -> Sums:
    found: Sums = {}
    for item, qty, *_ in msgspec.json.decode(lines):
        head = look.words.same_items.head(item)
        found[head] = found.get(head, 0) + qty
    return found


def _stale(look: Look, need: str, place: str, spoken: int) -> Alert:
    return Alert(
        "need_stale",
        WARN,
        f"Nobody has spoken for two days of what is needed at {look.words.place_name(place)}.",
        "Ask whether it is still needed: then renew it, or close it.",
        ["need", "renew", need[:16]],
        place,
        None,
        need,
        spoken,
    )


def _open(look: Look, need: str, place: str, at: int, left: Sums, urgency: str, begun: bool) -> Alert:
    words = Words(look.node, list(left))
    what = ", ".join(f"{format_qty(qty)} {words.item_name(item)}" for item, qty in left.items())
    giver = _giver(look, left)
    lines = [f"{item}={format_qty(qty)}" for item, qty in left.items()]
    pledge = ["pledge", look.place_word(giver), *lines, "--need", need[:16]] if giver else []
    return Alert(
        "need_open" if begun else "need_unanswered",
        _URGENT.get(urgency, INFO),
        f"{look.words.place_name(place)} {'still ' if begun else ''}needs {what}.",
        "Say what you can give and from where; or close it if it is met.",
        pledge or ["need", "close", need[:16], "--why", "met"],
        place,
        next(iter(left)) if len(left) == 1 else None,
        need,
        at,
    )


def _giver(look: Look, left: Sums) -> str | None:
    """The one of our places that has most of the first thing needed."""
    item = next(iter(left))
    held = {place: look.cells.get((place, item)) for place in look.own}
    worth = {place: freshness.available(cell["lots"], look.today) if cell else 0 for place, cell in held.items()}
    return max(worth, key=lambda place: (worth[place], place), default=None)
