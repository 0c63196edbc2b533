"""Charts as inline SVG: functions from figures to text. Each says in words, too, what it shows."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from markupsafe import escape

from node.reporting.writing.svg import BELOW, FILL, INK, LINE, SOFT, WIDTH, named, picture, short, words
from node.units import THOUSAND, day_of, format_qty

PLOT = 150  # the height in which figures are drawn
LEFT, RIGHT, TOP, FOOT = 62, 6, 10, 24  # room for words around them
CELL = 38  # of a matrix: five digits wide
NAMED = 110  # the width of a name beside a matrix
NAME_CHARS, BAR_CHARS = 15, 46
BAR_MAX = WIDTH // 2
LEVEL_CHARS = 9
SINGLE = {"drops": "drop", "deliveries": "delivery"}


def stock_over_time(title: str, unit: str, steps: Sequence[tuple[int, int]], day: Callable[[int], str] = day_of) -> str:
    """What was on hand: steps of (ms since 1970 UTC, thousandths from then on), the earliest first.

    `day` says on which day (YYYY-MM-DD) a time falls.
    """
    if not steps:
        return picture(title, "Nothing has moved.", TOP + FOOT, [])
    low, high = min(0, *(qty for _, qty in steps)), max(0, *(qty for _, qty in steps))
    first, last = steps[0][0], steps[-1][0]

    def x(ms: int) -> int:
        return LEFT + (WIDTH - LEFT - RIGHT - 4) * (ms - first) // max(1, last - first)

    def y(qty: int) -> int:
        return TOP + PLOT * (high - qty) // max(1, high - low)

    path = f"M{x(first)} {y(0)}V{y(steps[0][1])}" + "".join(f"H{x(ms)}V{y(qty)}" for ms, qty in steps[1:])
    drawn = [
        *_level(y(high), format_qty(high)),
        *_level(y(0), "0"),
        *(_level(y(low), format_qty(low)) if low else ()),
        f'<path d="{path}H{WIDTH - RIGHT}" fill="none" stroke="{FILL}" stroke-width="2"/>',
        *_from_to(day(first), day(last)),
    ]
    told = f"From {day(first)} to {day(last)}, at most {format_qty(high)}, in the end {format_qty(steps[-1][1])}"
    return picture(title, f"{f'{told} {unit}'.strip()}.", TOP + PLOT + FOOT, drawn)


def by_day(title: str, unit: str, days: Mapping[str, int]) -> str:
    """A bar a day (YYYY-MM-DD), as long as so many thousandths; days between the first and the last may be missing."""
    if not days:
        return picture(title, "There are none.", TOP + FOOT, [])
    names, most = sorted(days), max(1, *days.values())
    wide = WIDTH - LEFT - RIGHT
    room = wide // len(names)
    width = max(1, min(room - (room > 3), 40))
    drawn = [*_level(TOP, format_qty(most)), *_level(TOP + PLOT, "0")]
    for at, name in enumerate(names):
        height = PLOT * max(0, days[name]) // most
        x = LEFT + wide * at // len(names)
        told = f"<title>{escape(name)}: {escape(_counted(days[name], unit))}</title>"
        drawn.append(
            f'<rect x="{x}" y="{TOP + PLOT - height}" width="{width}" height="{height}" fill="{FILL}">{told}</rect>'
        )
    drawn += _from_to(names[0], names[-1])
    days_said = "1 day" if len(names) == 1 else f"{len(names)} days from {names[0]} to {names[-1]}"
    said = f"{days_said}, {_counted(sum(days.values()), unit)} in all"
    return picture(title, f"{said}, at most {format_qty(most)} on a day.", TOP + PLOT + FOOT, drawn)


def _counted(thousandths: int, unit: str) -> str:
    """A quantity with its unit; of what is counted in whole ones, one is said as one."""
    return f"{format_qty(thousandths)} {SINGLE.get(unit, unit) if thousandths == THOUSAND else unit}".strip()


def by_name(title: str, bars: Sequence[tuple[str, int, str]]) -> str:
    """A bar a name, the longest first as they come: (name, length, what is said beside it)."""
    most = max(1, *(length for _, length, _ in bars)) if bars else 1
    drawn = []
    for at, (name, length, said) in enumerate(bars):
        y = at * (2 * LINE + 8)
        width = BAR_MAX * max(0, length) // most
        drawn += [
            named(0, y + LINE, name, BAR_CHARS),
            f'<rect x="0" y="{y + LINE + 6}" width="{max(1, width)}" height="{LINE - 2}" fill="{FILL}"/>',
            named(width + 6, y + 2 * LINE + 2, said, BAR_CHARS // 2, SOFT),
        ]
    told = "; ".join(f"{name}: {said}" for name, _, said in bars) or "There is nothing"
    return picture(title, f"{told}.", len(bars) * (2 * LINE + 8) + 4, drawn)


def flow(title: str, unit: str, flows: Mapping[tuple[str, str], int]) -> str:
    """A matrix: from the team of a row to the team of a column so many thousandths; the darker, the more.

    Columns bear the numbers of the rows, so that no name is set askew.
    """
    names = sorted({name for pair in flows for name in pair})
    most = max(1, *flows.values()) if flows else 1
    drawn = [words(0, LINE, "from ↓   to →", SOFT)] if names else []
    for at, name in enumerate(names):
        x, y = NAMED + at * CELL + CELL // 2, LINE + 6 + at * CELL + CELL // 2 + 4
        drawn += [named(0, y, f"{at + 1} {name}", NAME_CHARS), words(x, LINE, str(at + 1), INK, "middle")]
    for (sender, receiver), qty in sorted(flows.items()):
        x, y = NAMED + names.index(receiver) * CELL, LINE + 6 + names.index(sender) * CELL
        drawn += _cell(x, y, qty, most, sender, receiver)
    told = "; ".join(f"{a} to {b}: {_counted(qty, unit)}" for (a, b), qty in sorted(flows.items()))
    width, height = max(WIDTH, NAMED + len(names) * CELL), LINE + 10 + len(names) * CELL
    return picture(title, f"{told or 'Nothing went from team to team'}.", height, drawn, width)


def _cell(x: int, y: int, qty: int, most: int, sender: str, receiver: str) -> Iterator[str]:
    strength = 15 + 85 * max(0, qty) // most
    told = f"<title>{escape(sender)} → {escape(receiver)}: {format_qty(qty)}</title>"
    shade = f'fill="{FILL}" fill-opacity="0.{strength:02d}"' if strength < 100 else f'fill="{FILL}"'
    yield f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" {shade}>{told}</rect>'
    ink = "#ffffff" if strength > 55 else INK
    yield words(x + CELL // 2, y + CELL // 2 + 4, rounded(qty), ink, "middle")


def rounded(thousandths: int) -> str:
    """A quantity in so few signs that they fit a cell."""
    whole = thousandths // 1000
    for size, sign in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if whole >= size:
            return f"{whole // (1000 if sign == 'k' else size)}{sign}"
    return str(whole) if whole or not thousandths else "<1"


def _level(y: int, text: str) -> Iterator[str]:
    yield f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{SOFT}" stroke-width="0.5"/>'
    ink = BELOW if text.startswith("-") else SOFT
    yield words(LEFT - 4, y + 4, short(text, LEVEL_CHARS), ink, "end", text)


def _from_to(first: str, last: str) -> list[str]:
    """The first day and the last, below; one alone where they are the same."""
    ends = [words(LEFT, TOP + PLOT + LINE + 2, first, SOFT)]
    return ends if first == last else [*ends, words(WIDTH - RIGHT, TOP + PLOT + LINE + 2, last, SOFT, "end")]
