"""The pieces of an inline SVG picture: its frame, words, and names that are shortened where there is no room.

A picture is drawn for the width of a phone: shown 294 CSS pixels wide, as in a card of a page 360 wide, no letter is
smaller than 11 of them. It holds no script, no style sheet and no fonts of its own; places on it are whole numbers.
"""

import textwrap
from collections.abc import Sequence

from markupsafe import escape

WIDTH = 320  # of a picture; 12 of these units are 11 CSS pixels on a phone
LETTER, LINE = 12, 16  # the height of letters, and of a line of them
WORD_CHARS = 48  # of a title in one line
INK, SOFT, FILL, BELOW = "#222222", "#6b6b6b", "#1f6fb2", "#b3261e"
_FONT = f'font-family="system-ui, sans-serif" font-size="{LETTER}"'


def picture(title: str, told: str, height: int, drawn: Sequence[str], width: int = WIDTH) -> str:
    """The whole picture: what it is, what it shows in words, and what is drawn from the height of nought down.

    One that is wider than a phone says so, so that it can be moved and not shrunk.
    """
    lines = textwrap.wrap(title, WORD_CHARS) or [""]
    shown = [*(words(0, at * LINE, line, INK) for at, line in enumerate(lines, -len(lines)))]
    if not drawn:
        spoken = textwrap.wrap(told, WORD_CHARS)
        shown += [words(0, (at + 1) * LINE, line, SOFT) for at, line in enumerate(spoken)]
        height = (len(spoken) + 1) * LINE
    head = (len(lines) + 1) * LINE
    wide = f' width="{width}"' if width > WIDTH else ""
    box = f'viewBox="0 {-head} {width} {height + head}"{wide}'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {box} {_FONT}>'
    said = f"<title>{escape(title)}</title><desc>{escape(told)}</desc>"
    return f"{opening}{said}{''.join(shown)}{''.join(drawn)}</svg>"


def words(x: int, y: int, text: str, ink: str, anchor: str = "start", whole: str = "") -> str:
    """A line of text; `whole` is what it is short for."""
    more = f"<title>{escape(whole)}</title>" if whole and whole != text else ""
    return f'<text x="{x}" y="{y}" fill="{ink}" text-anchor="{anchor}">{escape(text)}{more}</text>'


def short(name: str, chars_max: int) -> str:
    """A name, or as much of it as there is room for."""
    return name if len(name) <= chars_max else f"{name[: chars_max - 1]}…"


def named(x: int, y: int, name: str, chars_max: int, ink: str = INK, anchor: str = "start") -> str:
    """A name in so many letters at most, with all of it behind."""
    return words(x, y, short(name, chars_max), ink, anchor, name)
