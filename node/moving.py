"""Writes down goods that go from place to place: what left, what came in, or both where the same people saw it.

The two ends of a transfer are two facts by two teams, and neither waits for the other: what came in is recorded also
where nobody here has heard that it was sent. Lots that nobody named are written out, first expired, first out.
"""

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from node import catalogue, events, hearsay, inputs, merging, sameness, slips, transit, waybill
from node.catalogue import ItemRow
from node.events import Arrival, ArrivalLine, Dispatch, Line
from node.fold import Node
from node.folding import lots
from node.inputs import KEPT
from node.record import Recorded, lines_out, when, write
from node.requests import ArrivalIn, ArrivalLineIn, DispatchIn, LineIn, MoveIn
from node.telling import Words
from node.transit import Sums, Transfer
from node.units import QTY_MAX, format_qty
from sync.errors import Conflict, Malformed, OutOfRange
from sync.identity import b32

NUMBER_BYTES = 5  # of a waybill: 8 characters
_MISSING = 2  # where a line says what is missing, after good and damaged


@dataclass(frozen=True)
class Sent(Recorded):
    """A dispatch that was written, and the number of its waybill."""

    waybill: str = ""


@dataclass(frozen=True)
class Arrived(Recorded):
    """An arrival that was written; `missing` is what of its dispatch is still open (item, qty as decimal text)."""

    missing: list[dict[str, str]] = field(default_factory=list)
    dispatch: str = ""


@dataclass(frozen=True)
class Moved(Recorded):
    """Both ends of a move: `entry` is the dispatch, `arrival` the other (hex ids)."""

    arrival: str = ""


class Part(NamedTuple):
    """What a line says: thousandths in good order, damaged and missing, of one lot where `lot` names it."""

    item: str
    lot: str
    good: int
    damaged: int
    missing: int


# leaving


def dispatch(node: Node, body: DispatchIn) -> Sent:
    """Goods left a place for another."""
    with node.log.transaction():
        fact = Dispatch(
            when(node, body.at),
            *_ends(node, body.place, body.to),
            _out(node, body.place, body.lines),
            inputs.word("waybill", body.waybill) or b32(node.rng(NUMBER_BYTES)).upper(),
            inputs.word("vehicle", body.vehicle),
            inputs.word("driver", body.driver),
            inputs.word("seal", body.seal),
            inputs.need(node, body.need),
            inputs.note(body.note),
        )
        done = write(node, fact)
        return Sent(done.entry, notices=done.notices, waybill=fact.waybill)


def move(node: Node, body: MoveIn) -> Moved:
    """Goods went from one place to another: both ends, or neither, are written."""
    with node.log.transaction():
        at, note = when(node, body.at), inputs.note(body.note)
        place, to = _ends(node, body.place, body.to)
        lines = _out(node, body.place, body.lines)
        sent = write(node, Dispatch(at, place, to, lines, note=note))
        came = [ArrivalLine(line.item, line.qty, line.lot) for line in lines]
        arrival = write(node, Arrival(at, to, sent.entry, came))
        return Moved(sent.entry, notices=sent.notices, arrival=arrival.entry)


def _ends(node: Node, place: str, to: str) -> tuple[str, str]:
    found = inputs.place(node, place), inputs.place(node, to, "to")
    if found[0] == found[1]:
        with inputs.field("to"):
            raise OutOfRange("Goods can't go from a place to itself.", kept=KEPT, todo="Name where they went.")
    return found


def _out(node: Node, place: str, lines: Sequence[LineIn]) -> list[Line]:
    return lines_out(node, inputs.place(node, place), inputs.rows(node, lines, least=1))


# coming in


def arrive(node: Node, body: ArrivalIn, rest: Mapping[str, str] | None = None) -> Arrived:
    """Goods of a dispatch came in: these lines, or all that is still open; what isn't said stays in transit.

    `rest` names the items of which all came that the lines leave open, with how much was open of each (decimal text)
    when somebody said so: Conflict where it is another amount by now.
    """
    with node.log.transaction():
        one, place = _coming(node, body)
        _refuse_unseen(one, rest or {})
        _learn(node, one)
        packs = {one.same.head(item): sizes for item, sizes in _packs(one).items()}
        parts = [*_parts(node, body.lines or [], packs), *_ruined(node, body, packs)]
        whole = rest if rest is not None else one.items() if body.lines is None else ()
        lines = _lines_in(node, one, parts, whole)
        if not lines:
            with inputs.field("lines"):
                raise _nothing(one)
        done = write(node, Arrival(when(node, body.at), place, one.dispatch, lines, inputs.note(body.note)))
        after = transit.get(node, one.dispatch)
        said = [*doubts(node, after), *_returned(node, after, lines)]
        missing = {item: sums.open for item, sums in after.items().items() if sums.open > 0}
        return Arrived(
            done.entry,
            notices=[*done.notices, *_blocked(node, one), *said, *_unheard(node, place)],
            missing=[{"item": item, "qty": format_qty(qty)} for item, qty in missing.items()],
            dispatch=one.dispatch,
        )


def _coming(node: Node, body: ArrivalIn) -> tuple[Transfer, str]:
    """The dispatch that is meant, and where its goods came in."""
    with inputs.field("dispatch"):
        text = body.dispatch
        one = transit.find(node, slips.take(node, text).id if waybill.is_text(text) else text)
    if body.place:
        return one, inputs.place(node, body.place)
    if not one.to:
        with inputs.field("place"):
            raise Malformed(
                "Where it was to go isn't known here.", kept=KEPT, todo="Say where the goods came in, as the place."
            )
    return one, one.to


def _refuse_unseen(one: Transfer, rest: Mapping[str, str]) -> None:
    """Nothing is recorded as the rest that whoever said so didn't see."""
    items = one.items()
    if any(format_qty(items.get(item, Sums()).open) != seen for item, seen in rest.items()):
        raise Conflict(
            "Something else of this dispatch was recorded in the meantime, so that the rest of it is another one now.",
            kept=KEPT,
            todo="Look at what is on the way now, and say again what came.",
        )


def _learn(node: Node, one: Transfer) -> None:
    """Say what a waybill calls items that nobody here has named yet, or they would lie here under their bare ids."""
    told, packs = one.slip.names.items if one.slip else {}, _packs(one)
    known = {row.id for row in catalogue.item_rows(node, list(told))}
    for item, (name, unit) in told.items():
        if item not in known and name and unit:
            write(node, events.Item(item, name=name, unit=unit, packs=packs.get(item, {})))


def _packs(one: Transfer) -> dict[str, dict[str, int]]:
    """The packs that a waybill tells of, by item: those that can be."""
    told = one.slip.names.packs if one.slip else {}
    return {
        item: {name: size for name, size in packs.items() if name.strip() and 0 < size <= QTY_MAX}
        for item, packs in told.items()
    }


def _parts(node: Node, lines: Sequence[ArrivalLineIn], packs: inputs.Packs) -> list[Part]:
    found = []
    for i, (item, good, line) in enumerate(inputs.rows(node, lines, 0, packs) if lines else []):
        damaged, missing = (_amount(item, line, f"lines.{i}.", name, packs) for name in ("damaged", "missing"))
        if not good + damaged + missing:
            with inputs.field(f"lines.{i}.qty"):
                raise OutOfRange(f"Of {item.label} nothing came.", kept=KEPT, todo="Leave the line out.")
        found.append(Part(item.id, inputs.lot(f"lines.{i}.", line.lot), good, damaged, missing))
    return found


def _amount(item: ItemRow, line: ArrivalLineIn, path: str, name: str, packs: inputs.Packs) -> int:
    text = (getattr(line, name) or "").strip()
    with inputs.field(path + name):
        return inputs.qty(text, inputs.with_packs(item, packs, text), 0) if text else 0


def _ruined(node: Node, body: ArrivalIn, packs: inputs.Packs) -> list[Part]:
    """What is said beside the lines: damaged, and given up as missing."""
    found = []
    for name in ("damaged", "missing"):
        lines = getattr(body, name)
        for item, qty, line in inputs.rows(node, lines, 1, packs) if lines else []:
            amounts = (0, qty, 0) if name == "damaged" else (0, 0, qty)
            found.append(Part(item.id, inputs.lot("", line.lot), *amounts))
    return found


def _lines_in(node: Node, one: Transfer, parts: Iterable[Part], whole: Collection[str]) -> list[ArrivalLine]:
    """One line for each item and lot, from the lots that are still on their way; of the items `whole` the rest, too.

    What comes beyond that, of what had been given up as missing, is missing no more.
    """
    left, gone, dates = one.open_lots(), one.missing_lots(), transit.expiries(node, one)
    sums: dict[tuple[str, str], list[int]] = {}
    ordered = sorted(parts, key=lambda part: not part.lot)  # lots that were named are set aside first
    for named, lot, *amounts in ordered:
        item = one.as_sent(named)
        held, given_up = left.setdefault(item, {}), gone.setdefault(item, {})
        for at, qty in enumerate(amounts):
            came = _on_the_way(held, lot, qty)
            found = list(_found_again(given_up, lot, qty - came)) if at < _MISSING else []
            rest = qty - came - sum(share for _, share in found)
            for of, share in [*_shares(held, dates.get(item, {}), lot, came + rest), *found]:
                sums.setdefault((item, of), [0, 0, 0])[at] += share
            for of, share in found:
                sums[item, of][_MISSING] -= share
    for item, held in left.items():
        rest = max(0, sum(held.values())) if one.same.head(item) in whole else 0
        for lot, qty in lots.take(held, dates.get(item, {}), rest):
            sums.setdefault((item, lot), [0, 0, 0])[0] += qty
    return [ArrivalLine(item, good, lot, damaged, missing) for (item, lot), (good, damaged, missing) in sums.items()]


def _on_the_way(held: Mapping[str, int], lot: str, qty: int) -> int:
    """How much of a quantity is still on its way, of a lot or of any."""
    known = held.get(lot, 0) if lot else sum(max(0, part) for part in held.values())
    return min(qty, max(0, known))


def _found_again(given_up: dict[str, int], lot: str, qty: int) -> Iterator[tuple[str, int]]:
    """How much of a quantity had been given up as missing, by lot; it is that no more."""
    for of in [lot] if lot else list(given_up):
        part = min(qty, given_up.get(of, 0))
        if part:
            given_up[of] -= part
            qty -= part
            yield of, part


def _shares(held: dict[str, int], dates: dict[str, str], lot: str, qty: int) -> list[tuple[str, int]]:
    if not lot:
        return lots.take(held, dates, qty)
    held[lot] = held.get(lot, 0) - qty
    return [(lot, qty)] if qty else []


def _nothing(one: Transfer) -> Conflict | OutOfRange:
    if one.at is None:
        return OutOfRange(
            "What was sent isn't known here.",
            kept=KEPT,
            todo="Say what came in, like blanket=24, or read in the waybill that came with it.",
        )
    if any(sums.open > 0 for sums in one.items().values()):
        return OutOfRange(
            "It isn't said of anything that it came.",
            kept=KEPT,
            todo="Say how much came, was damaged or is given up as missing, of one item at least.",
        )
    return Conflict(
        "Nothing of this dispatch is on its way any more.",
        kept=KEPT,
        todo="If goods did come in, say which, like blanket=24: it is recorded, and shown to both teams.",
    )


def _blocked(node: Node, one: Transfer) -> list[str]:
    return slips.doubts(node, one.slip) if one.slip else []


def _unheard(node: Node, place: str) -> list[str]:
    """Where the goods lie at a place that only the waybill has named, and which of ours it may be."""
    name = hearsay.places(node).get(place)
    if not name or sameness.merged(node, "place").head(place) != place:
        return []
    own = merging.own_alike(node, name)
    word = own and (own.name if len(catalogue.places_named(node, own.name)) == 1 else own.id)
    command = word and shlex.join(["bucketline", "same", place, word, "--kind", "place"])
    return [hearsay.said(name), *([f"If it is your {own.name}: `{command}`."] if own else [])]


def _returned(node: Node, after: Transfer, lines: Sequence[ArrivalLine]) -> list[str]:
    """What had been given up and came after all."""
    back: dict[str, int] = {}
    for line in lines:
        if line.missing < 0:
            back[line.item] = back.get(line.item, 0) - line.missing
    return [f"{_told(node, after, back)} had been given up as missing, and came after all."] if back else []


def doubts(node: Node, after: Transfer) -> list[str]:
    """What is worth a look about a dispatch of which something just came in, in sentences."""
    if after.at is None:
        return ["This dispatch isn't known here yet. The two will be matched when its sender's news comes."]
    if after.undone:
        return ["Its sender undid this dispatch. Both teams see it among the transfers."]
    over = {item: -sums.open for item, sums in after.items().items() if sums.open < 0}
    if not over:
        return []
    twice = " Some of it was recorded as come in before." if len(after.arrivals) > 1 else ""
    return [f"{_told(node, after, over)} more came in than was sent.{twice} Both teams see it among the transfers."]


def still_coming(node: Node, after: Transfer) -> list[str]:
    """What of a dispatch is still on its way, in a sentence; nothing where nobody knows what was sent."""
    left = {item: sums.open for item, sums in after.items().items() if sums.open > 0}
    return [f"Still on its way: {_told(node, after, left)}."] if left else []


def _told(node: Node, one: Transfer, qtys: Mapping[str, int]) -> str:
    """Amounts of items, named as the books do, else as the waybill does."""
    words, told = Words(node, list(qtys)), one.slip.names.items if one.slip else {}
    named = [(words.item(item).name or told.get(item, (item, ""))[0], qty) for item, qty in qtys.items()]
    return ", ".join(f"{format_qty(qty)} {name}" for name, qty in sorted(named))
