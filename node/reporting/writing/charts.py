"""Charts as inline SVG: functions from figures to text. They hold no script, no style sheet and no fonts of their own.

Each says in words what it shows, for those who don't see it. Places on the picture are whole numbers throughout.
"""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import escape

from node.units import day_of, format_qty

WIDTH, PLOT = 720, 200  # of a picture, and the height in which figures are drawn
LEFT, TOP, FOOT = 70, 34, 26  # room for words around them
BAR, CELL = 22, 34
INK, SOFT, FILL, BELOW = "#222222", "#8a8a8a", "#1f6fb2", "#b3261e"
CHARS_MAX = 28  # of a name beside a bar
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'


def stock_over_time(title: str, unit: str, steps: Sequence[tuple[int, int]]) -> str:
    """What was on hand: steps of (ms since 1970 UTC, thousandths from then on), the earliest first."""
    if not steps:
        return _picture(title, "Nothing has moved.", TOP + FOOT, [])
    low, high = min(0, *(qty for _, qty in steps)), max(0, *(qty for _, qty in steps))
    first, last = steps[0][0], steps[-1][0]

    def x(ms: int) -> int:
        return LEFT + (WIDTH - LEFT - 20) * (ms - first) // max(1, last - first)

    def y(qty: int) -> int:
        return TOP + PLOT * (high - qty) // max(1, high - low)

    path = f"M{x(first)} {y(0)}V{y(steps[0][1])}" + "".join(f"H{x(ms)}V{y(qty)}" for ms, qty in steps[1:])
    drawn = [
        *_level(y(high), format_qty(high)),
        *_level(y(0), "0"),
        *(_level(y(low), format_qty(low)) if low else ()),
        f'<path d="{path}H{WIDTH - 10}" fill="none" stroke="{FILL}" stroke-width="2"/>',
        _words(LEFT, TOP + PLOT + 18, day_of(first), SOFT),
        _words(WIDTH - 10, TOP + PLOT + 18, day_of(last), SOFT, "end"),
    ]
    told = f"From {day_of(first)} to {day_of(last)}, at most {format_qty(high)}, in the end {format_qty(steps[-1][1])}"
    return _picture(title, f"{told} {unit}.", TOP + PLOT + FOOT, drawn)


def by_day(title: str, unit: str, days: Mapping[str, int]) -> str:
    """A bar a day (YYYY-MM-DD), as long as so many thousandths; days between the first and the last may be missing."""
    if not days:
        return _picture(title, "There are none.", TOP + FOOT, [])
    names, most = sorted(days), max(1, *days.values())
    room = (WIDTH - LEFT - 10) // len(names)
    width = max(1, min(room - (room > 3), 40))
    drawn = [*_level(TOP, format_qty(most)), *_level(TOP + PLOT, "0")]
    for at, name in enumerate(names):
        height = PLOT * max(0, days[name]) // most
        x = LEFT + (WIDTH - LEFT - 10) * at // len(names)
        told = f"<title>{escape(name)}: {format_qty(days[name])} {escape(unit)}</title>"
        drawn.append(
            f'<rect x="{x}" y="{TOP + PLOT - height}" width="{width}" height="{height}" fill="{FILL}">{told}</rect>'
        )
    drawn += [
        _words(LEFT, TOP + PLOT + 18, names[0], SOFT),
        _words(WIDTH - 10, TOP + PLOT + 18, names[-1], SOFT, "end"),
    ]
    said = f"{len(names)} days from {names[0]} to {names[-1]}, {format_qty(sum(days.values()))} {unit} in all"
    return _picture(title, f"{said}, at most {format_qty(most)} on a day.", TOP + PLOT + FOOT, drawn)


def by_name(title: str, bars: Sequence[tuple[str, int, str]]) -> str:
    """A bar a name, the longest first as they come: (name, length, what is said beside it)."""
    most = max(1, *(length for _, length, _ in bars)) if bars else 1
    drawn = []
    for at, (name, length, said) in enumerate(bars):
        y = TOP + at * BAR
        width = (WIDTH - 400) * max(0, length) // most
        drawn += [
            _words(200, y + 15, _short(name), INK, "end"),
            f'<rect x="208" y="{y + 3}" width="{max(1, width)}" height="{BAR - 6}" fill="{FILL}"/>',
            _words(216 + width, y + 15, said, SOFT),
        ]
    told = "; ".join(f"{name}: {said}" for name, _, said in bars) or "There is nothing"
    return _picture(title, f"{told}.", TOP + len(bars) * BAR + 8, drawn)


def flow(title: str, unit: str, flows: Mapping[tuple[str, str], int]) -> str:
    """A matrix: from the team of a row to the team of a column so many thousandths; the darker, the more."""
    names = sorted({name for pair in flows for name in pair})
    most = max(1, *flows.values()) if flows else 1
    top = TOP + 90
    drawn = [_words(10, top - 8, "from ↓   to →", SOFT)]
    for at, name in enumerate(names):
        x, y = 208 + at * CELL + CELL // 2, top + at * CELL + CELL // 2 + 4
        drawn += [_words(200, y, _short(name), INK, "end"), _slanted(x, top - 8, _short(name))]
    for (sender, receiver), qty in sorted(flows.items()):
        drawn += _cell(
            208 + names.index(receiver) * CELL, top + names.index(sender) * CELL, qty, most, sender, receiver
        )
    told = "; ".join(f"{a} to {b}: {format_qty(qty)} {unit}" for (a, b), qty in sorted(flows.items()))
    height, width = top + len(names) * CELL + 10, max(WIDTH, 220 + len(names) * CELL + 100)
    return _picture(title, f"{told or 'Nothing went from team to team'}.", height, drawn if names else [], width)


def _cell(x: int, y: int, qty: int, most: int, sender: str, receiver: str) -> Iterator[str]:
    strength = 15 + 85 * max(0, qty) // most
    told = f"<title>{escape(sender)} → {escape(receiver)}: {format_qty(qty)}</title>"
    shade = f'fill="{FILL}" fill-opacity="0.{strength:02d}"' if strength < 100 else f'fill="{FILL}"'
    yield f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" {shade}>{told}</rect>'
    ink = "#ffffff" if strength > 55 else INK
    yield _words(x + CELL // 2, y + CELL // 2 + 4, _rounded(qty), ink, "middle", 10)


def _rounded(thousandths: int) -> str:
    """A quantity in so few signs that they fit a cell."""
    whole = thousandths // 1000
    for size, sign in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if whole >= size:
            return f"{whole // (1000 if sign == 'k' else size)}{sign}"
    return str(whole) if whole or not thousandths else "<1"


def _picture(title: str, told: str, height: int, drawn: Sequence[str], width: int = WIDTH) -> str:
    """The whole picture: what it is, what it shows in words, and what is drawn."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" {_FONT}>'
    words = f"<title>{escape(title)}</title><desc>{escape(told)}</desc>"
    shown = drawn or [_words(LEFT, TOP + 12, told, SOFT)]
    return f"{head}{words}{_words(10, 18, title, INK, size=14)}{''.join(shown)}</svg>"


def _level(y: int, text: str) -> Iterator[str]:
    yield f'<path d="M{LEFT} {y}H{WIDTH - 10}" stroke="{SOFT}" stroke-width="0.5"/>'
    yield _words(LEFT - 6, y + 4, text, BELOW if text.startswith("-") else SOFT, "end")


def _words(x: int, y: int, text: str, ink: str, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x}" y="{y}" fill="{ink}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'


def _slanted(x: int, y: int, text: str) -> str:
    return f'<text transform="translate({x} {y}) rotate(-40)" fill="{INK}">{escape(text)}</text>'


def _short(name: str) -> str:
    return name if len(name) <= CHARS_MAX else f"{name[: CHARS_MAX - 1]}…"
