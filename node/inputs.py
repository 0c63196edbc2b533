"""Reads what people write into the fields of facts; every error names its field, such as `lines.0.qty`.

Quantities come out in thousandths, times in ms, coordinates in micro-degrees; places and items as what the catalogue
knows of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any

from node import catalogue, codes, starter
from node.catalogue import ItemRow
from node.events import ReceiptLine, encode
from node.fold import Node
from node.requests import PlaceIn, ReceiptLineIn
from node.units import format_qty, format_time, parse_date, parse_degrees, parse_money, parse_packed, parse_time
from sync.errors import Malformed, OutOfRange, Problem
from sync.identity import b32

KEPT = "Nothing was recorded."
PEOPLE_MAX = 10**9
LINES_MAX = 1000  # in one entry
WORD_CHARS_MAX = 200  # names, codes, lots, sources
NOTE_CHARS_MAX = 4000
_ID_BEGINS = re.compile(r"[0-9a-f]{8,64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

Packs = Mapping[str, Mapping[str, int]]  # thousandths by name, by item
Read = tuple[ItemRow, int, Any]  # a line's item, its thousandths, and the line as it was written


@contextmanager
def field(path: str) -> Iterator[None]:
    """A Problem from inside names this field."""
    try:
        yield
    except Problem as problem:
        problem.kept = KEPT
        problem.fields.setdefault(path, problem.what)
        raise


def place(node: Node, text: str, path: str = "place") -> str:
    """The id of the place that a text means."""
    with field(path):
        return catalogue.find_place(node, text).id


def rows(node: Node, lines: Sequence[Any], least: int, packs: Packs | None = None) -> list[Read]:
    """Each line with its item and its quantity in thousandths, `least` at least.

    `packs` are what a paper that came with the goods says of items (by id): they are read where none is known here.
    """
    with field("lines"):
        if not lines:
            raise OutOfRange("There is no line in it.", todo="Say at least one item and how much of it.")
        if len(lines) > LINES_MAX:
            raise OutOfRange(f"One entry holds at most {LINES_MAX} lines.", todo="Split it into several.")
    found = []
    for i, line in enumerate(lines):
        with field(f"lines.{i}.item"):
            item = known_item(node, line.item)
        with field(f"lines.{i}.qty"):
            found.append((item, qty(line.qty, with_packs(item, packs, line.qty), least), line))
    return found


def with_packs(item: ItemRow, told: Packs | None, text: str) -> ItemRow:
    """An item with what a paper says of its packs; OutOfRange where a quantity names one that differs from ours."""
    more, known = (told or {}).get(item.id, {}), {name.casefold(): size for name, size in item.packs.items()}
    for name, size in more.items():
        ours = known.get(name.casefold(), size)
        if ours != size and parse_packed(text, item.packs) != parse_packed(text, {**item.packs, name: size}):
            raise OutOfRange(
                f"A {name} of {item.label} is {format_qty(size)} by the paper that came, and {format_qty(ours)} here.",
                todo="Write how many it is in all, without packs.",
            )
    return replace(item, packs={**more, **item.packs})


def known_item(node: Node, text: str) -> ItemRow:
    """The item that a text means; one that nobody has written down yet is written down first, to be known to all."""
    item = catalogue.find_item(node, text)
    fact = starter.fact_of(item.id)
    if fact and not catalogue.is_written(node, item.id):
        node.log.append(encode(fact))
    return item


def code(scheme: str, text: str) -> str:
    """A code of an item, checked where its scheme lets it be."""
    path = f"codes.{scheme}"
    found = name(path, text)
    with field(path):
        codes.check(scheme, found)
    return found


def qty(text: str, item: ItemRow, least: int) -> int:
    """A quantity of an item, perhaps in its packs, that isn't below the least that can be."""
    found = parse_packed(text, item.packs)
    if found < least:
        todo = (
            "A count can be zero, but not less." if not least else "Write how much it was; to undo an entry, use undo."
        )
        raise OutOfRange(f"{text.strip()} {item.label} can't be.", todo=todo)
    return found


def number(path: str, value: int | None) -> int | None:
    """How many people or households."""
    if value is not None and not 0 <= value <= PEOPLE_MAX:
        with field(path):
            raise OutOfRange(f"{value} is not a number of {path} that can be.")
    return value


def word(path: str, text: str | None, chars_max: int = WORD_CHARS_MAX) -> str:
    """A text without outer spaces; what isn't said is empty."""
    found = (text or "").strip()
    with field(path):
        if len(found) > chars_max:
            raise OutOfRange(f"This is {len(found)} characters long; at most {chars_max} fit.")
        if _CONTROL.search(found):
            raise Malformed("There is a character in it that can't be printed.")
    return found


def note(text: str | None, path: str = "note") -> str:
    """A longer text."""
    return word(path, text, NOTE_CHARS_MAX)


def need(node: Node, text: str | None) -> str:
    """What a movement is for: a need's whole id where its first digits are given; other words stay as they are."""
    found = word("need", text)
    known = need_ids(node, found)
    return known[0] if len(known) == 1 else found


def need_ids(node: Node, text: str) -> list[str]:
    """The needs (hex ids) whose id begins so, 8 digits at least."""
    sql = "SELECT id FROM need WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 5"
    rows = catalogue.query(node, sql, *ids_that_begin(text))
    return [id.hex() for (id,) in rows]


def ids_that_begin(text: str) -> tuple[bytes, bytes]:
    """The least and the greatest entry id that begins with these hex digits, 8 at least; no id lies between others."""
    digits = text.strip().lower()
    if not _ID_BEGINS.fullmatch(digits):
        return b"", b""
    return bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))


def lot(path: str, text: str | None) -> str:
    """The lot that a line names, empty where it names none; `path` is the line's, with a dot at its end."""
    return word(f"{path}lot", text)


def name(path: str, text: str) -> str:
    """A name that can't be empty; spaces inside it are made single."""
    found = " ".join(word(path, text).split())
    if not found:
        with field(path):
            raise Malformed("It can't be empty.")
    return found


def receipt_line(i: int, item: ItemRow, qty: int, line: ReceiptLineIn) -> ReceiptLine:
    """Line `i` of a receipt; goods of which something is known get a lot even where none is named."""
    path = f"lines.{i}."
    batch, fund = word(path + "batch", line.batch), word(path + "fund", line.fund)
    with field(path + "expiry"):
        expiry = parse_date(line.expiry) if line.expiry else ""
    known = (batch, expiry, fund, *worth(path, line.value, line.currency))
    return ReceiptLine(item.id, qty, lot(path, line.lot) or lot_id(known), *known)


def worth(path: str, value: str | None, currency: str | None) -> tuple[str, str]:
    """What one unit is worth, and in which currency; both empty where nothing is said."""
    with field(path + "value"):
        amount = parse_money(value) if value else ""
        if amount.startswith("-"):
            raise OutOfRange("A value can't be below nought.")
    return amount, word(path + "currency", currency).upper() if amount else ""


def lot_id(known: Sequence[str]) -> str:
    """A lot for goods of which the same is known: the same wherever they are received. Nothing known, no lot."""
    if not any(known):
        return ""
    return b32(sha256("\0".join(["bucketline lot", *known]).encode()).digest())[:8]


def refuse_twice(lines: Sequence[Read]) -> None:
    """One count says one number: twice the same item would leave open which of them was seen."""
    seen: dict[str, set[str]] = {}
    for i, (item, _, line) in enumerate(lines):
        named, before = lot(f"lines.{i}.", line.lot), seen.setdefault(item.id, set())
        if before and (named in before or "" in before or not named):
            with field(f"lines.{i}.item"):
                raise OutOfRange(
                    f"{item.label} is counted twice in this count.",
                    todo="Add the numbers up, or name a lot on each line.",
                )
        before.add(named)


def pack(path: str, text: str, known: Mapping[str, int]) -> int:
    """How many thousandths of the unit a pack holds, where some are known already."""
    with field(path):
        found = parse_packed(text, known)
        if found <= 0:
            raise OutOfRange(f"A pack of {text} can't be.", todo="Say how many units one pack holds.")
        return found


def packs(said: Mapping[str, str], known: Mapping[str, int]) -> dict[str, int]:
    """Packs by name; one may be said in others, "40case", whether those are known or said beside it."""
    found: dict[str, int] = {}
    for nested in (False, True):
        for key, text in said.items():
            if nested != text.strip().replace(".", "", 1).isdigit():
                found[name("packs", key)] = pack(f"packs.{key}", text, {**known, **found})
    return {name("packs", key): found[name("packs", key)] for key in said}


def spot(body: PlaceIn) -> tuple[int | None, int | None]:
    """Latitude and longitude, or neither."""
    if (body.lat is None) != (body.lon is None):
        with field("lon" if body.lon is None else "lat"):
            raise Malformed("A spot needs both latitude and longitude.")
    if body.lat is None or body.lon is None:
        return None, None
    with field("lat"):
        lat = parse_degrees(body.lat, 90)
    with field("lon"):
        return lat, parse_degrees(body.lon, 180)


def time(text: str, path: str = "at") -> int:
    """A time as ms since 1970 UTC; a year before that is a slip."""
    with field(path):
        at = parse_time(text)
        if at < 0:
            raise OutOfRange(f"{format_time(at)} is before 1970.", todo="Check the year.")
        return at
