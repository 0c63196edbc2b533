"""The lists that people look at, and what they must say of a handful of entries, by the plain model of the books."""

from typing import Any

from node import alerts, counting, merging, needs, queries, traces, transfers
from node.events import Arrival, Count, Dispatch, Distribution, Fact, Loss, Need, Receipt, Renewal, Repack, SameAs
from node.units import format_qty
from tests import model


def read(node: Any) -> dict[str, Any]:
    """Everything that people look at."""
    entries = [entry for batch in node.log.folded() for entry in batch if entry.fact]
    entries.sort(key=lambda entry: entry.id)
    dependents = traces.dependents(node, entries)
    undone = traces.undone(node, entries)
    return {
        "alerts": alerts.rows(node, everywhere=True),
        "transfers": transfers.rows(node, every=True),
        "counts": counting.counts(node),
        "merges": merging.suggestions(node),
        "needs": needs.rows(node, everything=True),
        "dependents": {id.hex(): [row["entry"] for row in rows] for id, rows in sorted(dependents.items())},
        "undone": {id.hex(): row for id, row in sorted(undone.items())},
        "log": queries.log(node),
        "stock": queries.stock(node, lots=True),
    }


def say_what_to_look_at(found: dict[str, Any], entries: list[Any]) -> None:
    """What each list must say of these entries, all of which are of others, at places of the team that reads them."""
    for check in (
        _what_lies_there,
        _what_others_did,
        _what_is_on_its_way,
        _what_counts_explain,
        _what_may_be_one,
        _what_is_needed,
    ):
        check(found, entries)
    _what_rests_on_what(found, entries)


def _kinds(found: Any, *kinds: str) -> list[Any]:
    return [row for row in found["alerts"] if row["kind"] in kinds]


def _what_lies_there(found: Any, entries: list[Any]) -> None:
    """Less than nothing is told, and less than the minimum that was stated last."""
    totals = {key: sum(cell.lots.values()) for key, cell in model.cells(entries).items()}
    below = {key for key, total in totals.items() if total < 0}
    assert {(row["place"], row["item"]) for row in _kinds(found, "below_zero")} == below
    keeps = {key[1:3]: value for key, (value, _) in model.stated(entries).items() if key[::3] == ("keep", "minimum")}
    low = {key for key, least in keeps.items() if totals.get(key, 0) < least}
    assert {(row["place"], row["item"]) for row in _kinds(found, "low")} == low


def _what_others_did(found: Any, entries: list[Any]) -> None:
    """Whatever others recorded at our places and stands is to be looked at, and can be told without its words."""
    moved = model.standing(entries, Receipt, Distribution, Loss, Count, Dispatch, Arrival, Repack)
    assert {row["entry"] for row in _kinds(found, "by_others")} == {entry.id.hex() for entry in moved}


def _what_is_on_its_way(found: Any, entries: list[Any]) -> None:
    sums = model.transit(entries)
    sent = {entry.id.hex(): entry for entry in entries if isinstance(entry.fact, Dispatch)}
    gone = {id.hex() for id in model.undone(entries)}
    statuses = {row["dispatch"]: row["status"] for row in found["transfers"]}
    came = {entry.fact.dispatch for entry in model.standing(entries, Arrival)}
    for dispatch in {*sent, *came}:
        open_ = [sent_ - sum(rest) for (of, _, _), (sent_, *rest) in sums.items() if of == dispatch]
        if dispatch not in sent:
            expected = "unmatched"
        elif dispatch in gone:
            expected = "voided" if dispatch in came else None
        else:
            expected = "over" if min(open_) < 0 else "in_transit" if max(open_) else "short"
        assert statuses.get(dispatch) == expected
        shown = _kinds(found, "unmatched", "voided", "over", "short")
        assert [row["entry"] for row in shown] == ([dispatch] if expected in ("unmatched", "voided", "over") else [])
        assert all(row["action"] for row in shown)


def _what_counts_explain(found: Any, entries: list[Any]) -> None:
    """What a count found, against what was there before it by all that is known."""
    counts = model.standing(entries, Count)
    assert {row["entry"] for row in found["counts"]} == {entry.id.hex() for entry in counts}
    for row in found["counts"]:
        count = next(entry for entry in counts if entry.id.hex() == row["entry"])
        key = count.fact.at, count.lamport, count.id
        moved = [e for e in model.standing(entries, *model.STOCK_FACTS) if (e.fact.at, e.lamport, e.id) < key]
        cell = model.cells(moved).get((count.fact.place, row["item"]), model.Cell())
        line = next(line for line in count.fact.lines if (line.item, line.lot) == (row["item"], row["lot"]))
        before = sum(cell.lots.values()) if line.lot is None else cell.lots.get(line.lot, 0)
        assert row["variance"] == format_qty(line.qty - line.expected)
        assert row["explained"] == format_qty(before - line.expected)


def _what_may_be_one(found: Any, entries: list[Any]) -> None:
    """What others say is one is suggested, and nothing of it once that is taken back."""
    said = model.standing(entries, SameAs)
    assert {row["entry"] for row in found["merges"]} == {entry.id.hex() for entry in said}
    assert {row["entry"] for row in _kinds(found, "merge_suggestion")} == {entry.id.hex() for entry in said}


def _what_is_needed(found: Any, entries: list[Any]) -> None:
    """A need that stands is open, or is closed by a renewal that stands, and says how much is still lacking."""
    stand = {entry.id.hex(): entry for entry in model.standing(entries, Need)}
    assert {row["need"] for row in found["needs"]} == set(stand)
    for row in found["needs"]:
        closed = any(entry.fact.closed for entry in model.standing(entries, Renewal))
        given = sum(line.qty for e in model.standing(entries, Distribution) if e.fact.need for line in e.fact.lines)
        assert row["status"] == ("closed" if closed else "open")
        assert row["lines"][0]["answered"] == format_qty(given)  # what was pledged is over by now
        shown = _kinds(found, "need_unanswered", "need_open", "need_stale")
        kinds = [] if closed else ["need_open" if given else "need_unanswered"]
        assert [one["kind"] for one in shown] == kinds


def _what_rests_on_what(found: Any, entries: list[Any]) -> None:
    """What names an entry and stands is listed with it, also where that is undone; so is who undid what, and why."""
    fields = ("dispatch", "need")
    naming: dict[str, list[str]] = {}
    known = {entry.id.hex() for entry in entries}
    for entry in model.standing(entries, Fact):
        for target in {getattr(entry.fact, field, "") for field in fields} & known:
            naming.setdefault(target, []).append(entry.id.hex())
    assert found["dependents"] == naming
    assert set(found["undone"]) == {id.hex() for id in model.undone(entries)}
