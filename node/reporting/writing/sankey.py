"""A flow chart (Sankey) as inline SVG: who sent on the left, who got it on the right, and bands as thick as what went.

All in whole numbers: where bands part is found by dividing exact sums, so that they lie edge to edge, none is lost in
rounding, and the same figures give the same bytes.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from markupsafe import escape

from node.reporting.writing.svg import BELOW, FILL, INK, LINE, SOFT, WIDTH, named, picture, words
from node.units import format_qty

THICK = 220  # of all bands together
BAR, GAP = 8, 10  # the width of a node, and between two of them
BASE = 12  # of the first line of words, below the top
NAME_CHARS = 19
KINDS = (("arrived", FILL), ("on its way", "#8a8a8a"), ("lost on the way", BELOW))
_LEFT, _MIDDLE, _RIGHT = BAR, WIDTH // 2, WIDTH - BAR
_KEYS = (0, 84, 180)  # where the words for the three kinds stand


class End(NamedTuple):
    """One end of a flow: its id, and what it is called."""

    id: str
    name: str


class Flow(NamedTuple):
    """What went from one end to another, in thousandths: arrived, still on its way, lost on the way."""

    arrived: int
    open: int
    lost: int


class Node(NamedTuple):
    """A bar of one side: where it begins, how high it is, and what passes through."""

    end: End
    top: int
    height: int
    total: int


Flows = Mapping[tuple[End, End], Flow]


def sankey(title: str, unit: str, flows: Flows) -> str:
    """The picture of flows; what is less than nothing (more came than was sent) is told in words alone."""
    shown = {pair: Flow(*(max(0, part) for part in flow)) for pair, flow in _sorted(flows)}
    shown = {pair: flow for pair, flow in shown.items() if any(flow)}
    told = "; ".join(f"{a.name} to {b.name}: {_said(flow, unit)}" for (a, b), flow in _sorted(flows))
    whole = sum(map(sum, shown.values()))
    if not whole:
        return picture(title, f"{told or 'Nothing went from one to another'}.", LINE, [])
    senders, receivers = ({n.end: n for n in _stacked(shown, side, whole)} for side in (0, 1))
    drawn = [
        *_bands(shown, senders, receivers),
        *(part for node in senders.values() for part in _bar(node, 0, unit)),
        *(part for node in receivers.values() for part in _bar(node, _RIGHT, unit)),
    ]
    height = max(node.top + max(node.height, 2 * LINE) for node in (*senders.values(), *receivers.values())) + LINE
    return picture(title, f"{told}.", height + LINE, [*drawn, *_key(height)])


def _sorted(flows: Flows) -> list[tuple[tuple[End, End], Flow]]:
    return sorted(flows.items(), key=lambda one: [(end.name.casefold(), end.id) for end in one[0]])


def _said(flow: Flow, unit: str) -> str:
    parts = [f"{format_qty(qty)} {unit} {kind}" for qty, (kind, _) in zip(flow, KINDS, strict=True) if qty]
    return ", ".join(parts) or "nothing"


def _stacked(flows: Flows, side: int, whole: int) -> Iterator[Node]:
    """The bars of one side, one below the other, each with room for two lines of words."""
    sums: dict[End, int] = {}
    for pair, flow in flows.items():
        sums[pair[side]] = sums.get(pair[side], 0) + sum(flow)
    top = 0
    for end in sorted(sums, key=lambda end: (end.name.casefold(), end.id)):
        height = max(1, THICK * sums[end] // whole)
        yield Node(end, top, height, sums[end])
        top += max(height, 2 * LINE) + GAP


def _bands(flows: Flows, senders: Mapping[End, Node], receivers: Mapping[End, Node]) -> Iterator[str]:
    """A band for each part of each flow, edge to edge in the order of the ends."""
    gone: dict[tuple[int, End], int] = {}
    for (origin, to), flow in flows.items():
        for qty, (kind, colour) in zip(flow, KINDS, strict=True):
            if not qty:
                continue
            left, right = _edges(gone, 0, senders[origin], qty), _edges(gone, 1, receivers[to], qty)
            title = f"<title>{escape(origin.name)} → {escape(to.name)}: {format_qty(qty)} {escape(kind)}</title>"
            yield f'<path d="{_shape(*left, *right)}" fill="{colour}" fill-opacity="0.45">{title}</path>'


def _edges(gone: dict[tuple[int, End], int], side: int, node: Node, qty: int) -> tuple[int, int]:
    """From where to where a band takes up its bar; at least a line of it."""
    before = gone.get((side, node.end), 0)
    gone[side, node.end] = before + qty
    first, last = (node.top + node.height * part // node.total for part in (before, before + qty))
    return first, max(last, first + 1)


def _shape(a: int, b: int, c: int, d: int) -> str:
    """A band from (a, b) on the left to (c, d) on the right."""
    there, back = f"C{_MIDDLE} {a} {_MIDDLE} {c} {_RIGHT} {c}", f"C{_MIDDLE} {d} {_MIDDLE} {b} {_LEFT} {b}"
    return f"M{_LEFT} {a}{there}V{d}{back}Z"


def _bar(node: Node, x: int, unit: str) -> Iterator[str]:
    place, anchor = (x + BAR + 4, "start") if not x else (x - 4, "end")
    yield f'<rect x="{x}" y="{node.top}" width="{BAR}" height="{node.height}" fill="{INK}"/>'
    yield named(place, node.top + BASE, node.end.name, NAME_CHARS, INK, anchor)
    yield named(place, node.top + BASE + LINE, f"{format_qty(node.total)} {unit}", NAME_CHARS, INK, anchor)


def _key(top: int) -> Iterator[str]:
    for x, (kind, colour) in zip(_KEYS, KINDS, strict=True):
        yield f'<rect x="{x}" y="{top - 9}" width="10" height="10" fill="{colour}" fill-opacity="0.45"/>'
        yield words(x + 14, top, kind, SOFT)
