"""The facts a team writes down, as typed structs: what an entry's payload holds.

Quantities are integers in thousandths of the item's unit, times are milliseconds since 1970 UTC, coordinates are
micro-degrees, money is a decimal string. A field left out keeps its default and isn't written. `docs/data-model.md`
has the same in prose.
"""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from sync import strict


class Line(Struct, omit_defaults=True, gc=False):
    """So much of an item; `lot` is empty where the lot isn't known."""

    item: str
    qty: int
    lot: str = ""


class ReceiptLine(Struct, omit_defaults=True, gc=False):
    """What came in, with what is known of its lot. `value` is per unit, in `currency`."""

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


class Void(Fact, tag="void"):
    """Undoes one earlier entry (hex id) of the same node; both stay visible."""

    target: str
    why: str
    at: int


class Team(Fact, tag="team"):
    """What the writing node's team calls itself."""

    name: str


class Item(Fact, tag="item"):
    """What is known of an item; fields left out are left as they were."""

    id: str
    name: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    codes: dict[str, str] = {}
    packs: dict[str, int] = {}


class Place(Fact, tag="place"):
    """What is known of a place; fields left out are left as they were."""

    id: str
    name: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    lat: int | UnsetType = UNSET
    lon: int | UnsetType = UNSET


AnyFact = Receipt | Distribution | Loss | Count | Void | Team | Item | Place
Movement = Receipt | Distribution | Loss

PLACE_KINDS = ("warehouse", "hub", "vehicle", "site")
LOSS_REASONS = ("expired", "damaged", "stolen", "spoiled", "other")

_decoder: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)
_encoder = msgspec.json.Encoder()
# Where `decode` writes facts again. Threads share it: what another wrote there can only fail to match, since a payload
# that matches anything written by an encoder is written as an encoder writes it.
_again = bytearray()


def encode(fact: AnyFact) -> bytes:
    """The payload of a fact: compact UTF-8 JSON."""
    return _encoder.encode(fact)


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
