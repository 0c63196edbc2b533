"""How the columns of a report are laid out on sheets: how wide each is, which stand one under the other, and in how
many parts the table is set where it is wider than a sheet.

Numbers, days and times are never broken, words only beyond LETTERS. A value may stand under its quantity; where that
doesn't suffice, the table is told part by part, each with the names of the rows.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from node.reporting.model import Column
from node.reporting.writing.cells import group_of

SHEET = 273.0  # mm, A4 across less its margins
EM = 0.3528  # mm a point
SIZES = (9.0, 8.0, 7.5, 7.0)  # points; smaller type isn't read on paper
LETTERS = 20  # of a word; longer ones may be broken
EASY = 16.0  # ems of a text that is wrapped but now and then
GAP = 0.8  # ems between columns
NAMES_MOST = 0.45  # of a sheet for the names of the rows where these are repeated


class Need(NamedTuple):
    """Room that a column needs, in ems: at `least`, so that nothing is broken, and so that nothing is wrapped."""

    least: float
    wanted: float


class Stack(NamedTuple):
    """A column of paper: which of the report's stand in it, one under the other, and its width in mm."""

    at: tuple[int, ...]
    width: float = 0.0


class Layout(NamedTuple):
    """The size of the letters in points, and the parts of the table, usually one: each a row of stacks."""

    points: float
    parts: tuple[tuple[Stack, ...], ...]

    @property
    def is_stacked(self) -> bool:
        """Whether values stand under quantities."""
        return any(len(stack.at) > 1 for part in self.parts for stack in part)


def arrange(columns: Sequence[Column], needs: Mapping[int, Need]) -> Layout:
    """The columns that have a need: side by side if they fit a sheet, else values under quantities, else in parts."""
    paired = _stacks(columns, needs, paired=True)
    for stacks in (_stacks(columns, needs, paired=False), paired):
        if points := _largest(needs, stacks):
            return Layout(points, (_widened(needs, stacks, points),))
    cut = [(points, _parts(columns, needs, paired, SHEET / points / EM)) for points in SIZES]
    points, parts = min(cut, key=lambda one: len(one[1]))
    return Layout(points, tuple(_widened(needs, part, points) for part in parts))


def _largest(needs: Mapping[int, Need], stacks: Sequence[Stack]) -> float | None:
    """The largest letters in which few texts are wrapped, else the smallest; None where these are too large, too."""
    found = [_need(needs, stack) for stack in stacks]
    easy = sum(max(need.least, min(need.wanted, EASY)) for need in found)
    if _least(needs, stacks) * SIZES[-1] * EM > SHEET:
        return None
    return next((points for points in SIZES if easy * points * EM <= SHEET), SIZES[-1])


def value_of(columns: Sequence[Column], at: int) -> int | None:
    """Where the value of a quantity stands; None if nowhere."""
    name = f"{columns[at].name}_value"
    return next((other for other, column in enumerate(columns) if column.name == name), None)


def _stacks(columns: Sequence[Column], needs: Mapping[int, Need], paired: bool) -> list[Stack]:
    under = {value_of(columns, at): at for at in needs if value_of(columns, at) in needs} if paired else {}
    pairs = {at: (at, value) for value, at in under.items() if value is not None}
    return [Stack(pairs.get(at, (at,))) for at in needs if at not in under]


def _need(needs: Mapping[int, Need], stack: Stack) -> Need:
    return Need(max(needs[at].least for at in stack.at) + GAP, max(needs[at].wanted for at in stack.at) + GAP)


def _least(needs: Mapping[int, Need], stacks: Sequence[Stack]) -> float:
    return sum(_need(needs, stack).least for stack in stacks)


def _widened(needs: Mapping[int, Need], stacks: Sequence[Stack], points: float) -> tuple[Stack, ...]:
    """The stacks with their widths: what is left of the sheet goes to those whose texts would be wrapped."""
    found = [_need(needs, stack) for stack in stacks]
    room, least = SHEET / points / EM, sum(need.least for need in found)
    more = _shared([need.wanted - need.least for need in found], room - least)
    squeezed = min(1.0, room / least)
    ems = [(need.least + extra) * squeezed for need, extra in zip(found, more, strict=True)]
    return tuple(stack._replace(width=width * points * EM) for stack, width in zip(stacks, ems, strict=True))


def _shared(lacking: Sequence[float], room: float) -> list[float]:
    """Who lacks little gets it all, who lacks much an equal share of what is left then."""
    given = [0.0] * len(lacking)
    for left, at in enumerate(sorted(range(len(lacking)), key=lacking.__getitem__)):
        given[at] = min(lacking[at], max(0.0, room) / (len(lacking) - left))
        room -= given[at]
    return given


# the table in parts


def _parts(columns: Sequence[Column], needs: Mapping[int, Need], stacks: list[Stack], room: float) -> list[list[Stack]]:
    """The stacks in parts that fit, about as many in each, with the names of the rows at the front of all."""
    names = _names(columns, needs, stacks, room * NAMES_MOST)
    rest = [stack for stack in stacks if stack not in names]
    left = room - _least(needs, names)
    count = len(_filled(needs, rest, left, len(rest)))
    even = -(-len(rest) // count)
    parts = next(
        found for most in range(even, len(rest) + 1) if len(found := _filled(needs, rest, left, most)) == count
    )
    return [sorted([*names, *part]) for part in parts]


def _filled(needs: Mapping[int, Need], stacks: Sequence[Stack], room: float, most: int) -> list[list[Stack]]:
    parts: list[list[Stack]] = []
    for stack in stacks:
        if not parts or len(parts[-1]) == most or _least(needs, [*parts[-1], stack]) > room:
            parts.append([])
        parts[-1].append(stack)
    return parts


def _names(columns: Sequence[Column], needs: Mapping[int, Need], stacks: list[Stack], room: float) -> list[Stack]:
    """What names a row: the columns before its first figure as far as there is room, and what its figures are of."""
    figures = [at for at in needs if columns[at].adds_up or columns[at].kind in ("qty", "money")]
    first = min(figures, default=len(columns))
    groups = {group_of(columns, columns[at]) for at in figures}
    kept = [stack for stack in stacks if stack.at[0] in groups]
    for stack in stacks:
        fits = _least(needs, [*kept, stack]) <= room
        if stack.at[0] < first and stack not in kept and fits:
            kept.append(stack)
    return sorted(kept[: len(stacks) - 1])
