"""The facts a team writes down, as typed structs: what an entry's payload holds.

Quantities are thousandths of the unit, times milliseconds since 1970 UTC, coordinates micro-degrees, all integers;
money is a decimal string. A field left out keeps its default and isn't written. `docs/data-model.md` has it in prose.
"""

import re
from typing import cast

import msgspec
from msgspec import UNSET, Struct, UnsetType

from sync import strict


class Line(Struct, omit_defaults=True, gc=False):
    """So much of an item; `lot` is empty where the lot isn't known."""

    item: str
    qty: int
    lot: str = ""


class ReceiptLine(Struct, omit_defaults=True, gc=False):
    """What came in or was made, with what is known of its lot. `value` is per unit, in `currency`."""

    item: str
    qty: int
    lot: str = ""
    batch: str = ""
    expiry: str = ""
    fund: str = ""
    value: str = ""
    currency: str = ""


class CountLine(Struct, omit_defaults=True, gc=False):
    """What was seen, and what the counter's node expected at that moment.

    Without `lot` it speaks of the whole item at that place, and `split` says how much of it lies in which lot (pairs
    of lot and thousandths, the rest lies in no named lot). With `lot` it speaks of that lot alone.
    """

    item: str
    qty: int
    expected: int = 0
    lot: str | None = None
    split: list[tuple[str, int]] = []


class ArrivalLine(Struct, omit_defaults=True, gc=False):
    """What of a dispatch came in: `qty` in good order, beside it what came damaged or is given up as missing.

    What is neither stays in transit.
    """

    item: str
    qty: int
    lot: str = ""
    damaged: int = 0
    missing: int = 0


class Fact(Struct, tag_field="type", omit_defaults=True, gc=False):
    """What all facts share: a `type` in the payload."""


class Receipt(Fact, tag="receipt"):
    """Goods came to a place from outside."""

    at: int
    place: str
    lines: list[ReceiptLine]
    source: str = ""
    note: str = ""


class Distribution(Fact, tag="distribution"):
    """A supply drop: goods handed to people. People and households are counts, never names."""

    at: int
    place: str
    lines: list[Line]
    site: str = ""
    people: int | None = None
    households: int | None = None
    need: str = ""
    note: str = ""


class Loss(Fact, tag="loss"):
    """Goods expired, damaged, stolen, spoiled or otherwise gone."""

    at: int
    place: str
    lines: list[Line]
    reason: str
    note: str = ""


class Count(Fact, tag="count"):
    """Somebody looked and counted."""

    at: int
    place: str
    lines: list[CountLine]
    note: str = ""


class Dispatch(Fact, tag="dispatch"):
    """Goods left a place for another, and are in transit until an arrival names this entry."""

    at: int
    place: str
    to: str
    lines: list[Line]
    waybill: str = ""
    vehicle: str = ""
    driver: str = ""
    seal: str = ""
    need: str = ""
    note: str = ""


class Arrival(Fact, tag="arrival"):
    """Goods of a dispatch (hex entry id) came in, all of them or some; a dispatch may arrive in several goes."""

    at: int
    place: str
    dispatch: str
    lines: list[ArrivalLine]
    note: str = ""


class Repack(Fact, tag="repack"):
    """Goods at a place became others: components a kit, a kit its components, or a pack its units."""

    at: int
    place: str
    used: list[Line] = msgspec.field(name="in")
    made: list[ReceiptLine] = msgspec.field(name="out")
    note: str = ""


class Need(Fact, tag="need"):
    """What people need at a place; its entry id (hex) is what drops, dispatches and pledges name."""

    at: int
    place: str
    lines: list[Line]
    people: int | None = None
    urgency: str = "routine"
    until: int | None = None
    note: str = ""


class Renewal(Fact, tag="renewal"):
    """A need (hex entry id) is still there, or is closed; anyone may say so, the latest (at, lamport, id) decides."""

    at: int
    need: str
    until: int | None = None
    closed: bool = False
    note: str = ""


class Pledge(Fact, tag="pledge"):
    """A team means to give this from a place, for a need, or for anyone where `need` is empty (an offer).

    It reserves until it expires (ms) or the same place has given as much for the need.
    """

    at: int
    place: str
    lines: list[Line]
    until: int
    need: str = ""
    note: str = ""


class SameAs(Fact, tag="same-as"):
    """Two ids mean one item or place: holds in the books of who says so, and is a suggestion to others."""

    at: int
    kind: str
    id: str
    same: str
    why: str = ""


class Keep(Fact, tag="keep"):
    """How an item is kept at a place: the least there should be (thousandths), and on which shelf."""

    place: str
    item: str
    minimum: int | UnsetType = UNSET
    shelf: str | UnsetType = UNSET


class Closing(Fact, tag="closing"):
    """A team looked at its books and says that this is its position: a statement, never a lock.

    It is about what took place before `until` (ms), and from `since` on if there is one. `root` is what the node held
    when it said so, `covers` the last entry of each log that counted in its books (hex ids), `position` what they came
    to (see `node.reporting.closing`); digests are SHA-256 in hex.
    """

    at: int
    until: int
    root: str
    position: str
    since: int | None = None
    note: str = ""
    covers: list[str] = []


class Redaction(Fact, tag="redaction"):
    """An own entry (hex id) whose words must go: `fact` is what is left of it, all quantities as they were."""

    at: int
    target: str
    fact: msgspec.Raw
    why: str = ""


class Void(Fact, tag="void"):
    """Undoes one earlier entry (hex id) of the same node; both stay visible. `instead` is what corrects it."""

    target: str
    why: str
    at: int
    instead: str = ""


class Team(Fact, tag="team"):
    """What the writing node's team calls itself."""

    name: str


class Item(Fact, tag="item"):
    """What is known of an item; fields left out are left as they were.

    `names` are by language (ISO 639-1), `kit` is the recipe of one of it (item, thousandths), `weight` in grams and
    `volume` in millilitres are of one unit, and so is `value`, the standard value where no lot says another.
    """

    id: str
    name: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    codes: dict[str, str] = {}
    packs: dict[str, int] = {}
    names: dict[str, str] = {}
    kit: list[tuple[str, int]] | UnsetType = UNSET
    weight: int | UnsetType = UNSET
    volume: int | UnsetType = UNSET
    value: str | UnsetType = UNSET
    currency: str | UnsetType = UNSET


class Place(Fact, tag="place"):
    """What is known of a place; fields left out are left as they were."""

    id: str
    name: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    lat: int | UnsetType = UNSET
    lon: int | UnsetType = UNSET


AnyFact = (
    Receipt
    | Distribution
    | Loss
    | Count
    | Dispatch
    | Arrival
    | Repack
    | Need
    | Renewal
    | Pledge
    | SameAs
    | Keep
    | Closing
    | Redaction
    | Void
    | Team
    | Item
    | Place
)
Movement = Receipt | Distribution | Loss | Dispatch | Arrival

PLACE_KINDS = ("warehouse", "hub", "vehicle", "site")
URGENCIES = ("routine", "urgent", "critical")
LANGUAGES = ("en", "es", "fr", "ht")
LOSS_REASONS = ("expired", "damaged", "stolen", "spoiled", "other")

_decoder: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)
_encoder = msgspec.json.Encoder()
# Where `decode` writes facts again. Threads share it: what another wrote there can only fail to match, since a payload
# that matches anything written by an encoder is written as an encoder writes it.
_again = bytearray()


def encode(fact: AnyFact) -> bytes:
    """The payload of a fact: compact UTF-8 JSON."""
    return _encoder.encode(fact)


def type_of(fact: object) -> str:
    """The `type` that a fact bears in its payload."""
    return str(cast(Fact, fact).__struct_config__.tag)


def decode(payload: bytes) -> AnyFact | None:
    """The fact in a payload, or None for a type or shape that this version doesn't know.

    Raises Malformed where the payload breaks the rules that hold for every entry. What comes back the same when it
    is written again can't break them, so that only foreign writers pay for the slow check.
    """
    try:
        fact = _decoder.decode(payload)
        _encoder.encode_into(fact, _again)
        if _again == payload:
            return fact
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        fact = None
    strict.check(payload)
    return fact


_HEX_ID = re.compile(r"[0-9a-f]{64}")


def is_entry_id(text: str) -> bool:
    """Whether this is how entries name each other: 64 hex digits in lower case."""
    return _HEX_ID.fullmatch(text) is not None


def entry_id(text: str) -> bytes | None:
    """The entry id that is written so, else None."""
    return bytes.fromhex(text) if is_entry_id(text) else None
