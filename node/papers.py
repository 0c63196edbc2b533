"""A waybill as paper: all that stands on it, its code, and how the code is read back."""

import io
from collections.abc import Sequence
from typing import Any

import segno

from node import catalogue, slips, starter, traces, transit, waybill
from node.events import Dispatch, Line
from node.fold import Node
from node.loads import Measures, load, measures
from node.queries import one_moment
from node.telling import Words
from node.units import format_packed, format_qty, format_time
from node.waybill import Names, Origin, Slip
from sync.errors import Conflict, Forbidden, NotFound
from sync.log import Folded
from sync.rows import place

KEPT = "Nothing was changed."


def paper(node: Node, text: str) -> dict[str, Any]:
    """All that a waybill says, of a dispatch by its id or number.

    {dispatch, waybill, at, team, from, from_name, to, to_name, vehicle, driver, seal, note, lines, load, text, void,
    notices}. Lines hold {item, item_name, unit, qty, lot, expiry, packs, kg, m3}. `text` is what its code holds: empty
    where this node isn't the sender's, who alone can sign it, or where its words were taken out. `void` is None, or
    where the dispatch was undone {entry, why, instead}: then the paper doesn't hold, and has no code.
    """
    with one_moment(node):
        one = transit.find(node, text)
        if one.slip:
            return _told(node, one.slip)
        found = _entry(node, one.dispatch)
        assert isinstance(found.fact, Dispatch)
        names, void = _names(node, found.fact, found.node), traces.undone(node, [found]).get(found.id)
        slip = Slip(one.dispatch, found.node, found.log, found.fact, names)
        return _told(node, slip, _signed(node, found, names) if _can_sign(node, found) and not void else "", void)


def text_of(node: Node, text: str) -> str:
    """What the code of a dispatch holds; Forbidden or Conflict where this node can't make it."""
    with one_moment(node):
        found = _entry(node, transit.find(node, text).dispatch)
        if found.node != node.keys.node:
            raise Forbidden(
                "Only the team that sent it can make its code.", kept=KEPT, todo="Ask them for the waybill."
            )
        if void := traces.undone(node, [found]).get(found.id):
            todo = f"Print the one that holds instead: {void['instead'][:12]}." if void["instead"] else ""
            raise Conflict("This dispatch was undone: its paper doesn't hold, and has no code.", kept=KEPT, todo=todo)
        if not _can_sign(node, found):
            raise Conflict("Words were taken out of this dispatch, so that its code can't be made any more.", kept=KEPT)
        return _signed(node, found, _names(node, found.fact, found.node))


def _entry(node: Node, dispatch: str) -> Folded:
    found = node.log.get(bytes.fromhex(dispatch))
    if found is None or not isinstance(found.fact, Dispatch):
        raise NotFound("This dispatch isn't known here yet.", kept=KEPT, todo="Sync with its sender.")
    return found


def read(node: Node, text: str) -> dict[str, Any]:
    """Read a waybill's text in and keep it: what the paper says."""
    slip = slips.take(node, text)
    with one_moment(node):
        return _told(node, slip)


# the code


def _payload(node: Node, found: Folded) -> bytes | None:
    row = node.log.store.by_id(found.id)
    return row[4] if row else None


def _can_sign(node: Node, found: Folded) -> bool:
    return found.node == node.keys.node and _payload(node, found) is not None


def _signed(node: Node, found: Folded, names: Names) -> str:
    _, branch = node.log.store.by_branch(place(found.n)[0])
    prev, payload = node.log.store.id_at(branch, found.seq - 1), _payload(node, found)
    assert prev is not None and payload is not None
    origin = Origin(found.log, found.seq, prev, found.lamport, found.claimed, found.node)
    return waybill.write(node.log.network, origin, payload, names, node.keys.sign)


def _names(node: Node, fact: Any, author: bytes) -> Names:
    """What others are to call what the dispatch names: by its own name, not by one that this team alone has merged."""
    words = Words(node, [line.item for line in fact.lines])
    lots = _expiries(node, fact.lines)
    return Names(
        words.teams.get(author, ""),
        {id: _own_name(words, "place", id) for id in (fact.place, fact.to)},
        {line.item: (_own_name(words, "item", line.item), words.item(line.item).unit) for line in fact.lines},
        lots,
        {line.item: packs for line in fact.lines if (packs := _uncommon(line.item, words.item(line.item).packs))},
    )


def _own_name(words: Words, kind: str, id: str) -> str:
    own = words.own_name(kind, id)
    return own if own != id else (words.place_name(id) if kind == "place" else words.item_name(id))


def _uncommon(item: str, packs: dict[str, int]) -> dict[str, int]:
    """Those packs of an item that not every node knows from the start."""
    known = starter.fact_of(item)
    return {name: size for name, size in packs.items() if not known or known.packs.get(name) != size}


def _expiries(node: Node, lines: Sequence[Line]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        sql = "SELECT expiry FROM lot WHERE item = ? AND lot = ? AND expiry <> ''"
        for (expiry,) in catalogue.query(node, sql, line.item, line.lot):
            found.setdefault(line.item, {})[line.lot] = expiry
    return found


def pictures(text: str) -> list[str]:
    """The QR codes of a text as SVG, several where one can't hold it."""
    found = []
    for part in waybill.parts(text):
        out = io.BytesIO()
        segno.make(part, error="m", micro=False).save(out, kind="svg", border=4, xmldecl=False, omitsize=True)
        found.append(out.getvalue().decode())
    return found


# what stands on it


def _told(node: Node, slip: Slip, text: str = "", void: dict[str, Any] | None = None) -> dict[str, Any]:
    fact, words = slip.fact, Words(node, [line.item for line in slip.fact.lines])
    known = measures(node, [line.item for line in fact.lines])
    qtys: dict[str, int] = {}
    for line in fact.lines:
        qtys[line.item] = qtys.get(line.item, 0) + line.qty
    return {
        "dispatch": slip.id,
        "waybill": fact.waybill,
        "at": format_time(fact.at),
        "team": words.teams.get(slip.node) or slip.names.team or catalogue.team_name({}, slip.node),
        **{key: value for end in ("from", "to") for key, value in _place(words, slip, end).items()},
        **{name: getattr(fact, name) for name in ("vehicle", "driver", "seal", "note")},
        "lines": [_line(words, slip, known, line) for line in fact.lines],
        "load": load(known, qtys),
        "text": text,
        "void": void,
        "notices": slips.doubts(node, slip),
    }


def _place(words: Words, slip: Slip, end: str) -> dict[str, str]:
    id = slip.fact.place if end == "from" else slip.fact.to
    return {end: id, f"{end}_name": words.place(id).name or slip.names.places.get(id, id)}


def _line(words: Words, slip: Slip, known: Measures, line: Line) -> dict[str, Any]:
    row, (name, unit) = words.item(line.item), slip.names.items.get(line.item, ("", ""))
    weight = load(known, {line.item: line.qty})
    return {
        "item": line.item,
        "item_name": row.name or name or line.item,
        "unit": row.unit or unit,
        "qty": format_qty(line.qty),
        "lot": line.lot,
        "expiry": slip.names.lots.get(line.item, {}).get(line.lot),
        "packs": format_packed(line.qty, row.packs or slip.names.packs.get(line.item, {})),
        "kg": weight["kg"],
        "m3": weight["m3"],
    }
