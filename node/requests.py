"""What people and programs ask for, as typed bodies: the API checks input with them, the command line fills them.

Quantities, money, dates, times and coordinates are text as people write it; places and items are an id, a code or a
name that only one thing bears. The OpenAPI description is generated from these types.
"""

from typing import Literal

from msgspec import Struct, field


class Body(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A request body; a field that isn't known is an error, so that a typing slip can't lose a fact."""


class LineIn(Body):
    """So much of an item, from a lot if one is named."""

    item: str
    qty: str
    lot: str | None = None


class ReceiptLineIn(Body):
    """What came in; `value` is the worth of one unit."""

    item: str
    qty: str
    lot: str | None = None
    batch: str | None = None
    expiry: str | None = None
    fund: str | None = None
    value: str | None = None
    currency: str | None = None


class ReceiptIn(Body):
    """Goods came to a place."""

    place: str
    lines: list[ReceiptLineIn]
    source: str | None = None
    at: str | None = None
    note: str | None = None


class DistributionIn(Body):
    """Goods were handed to people. Counts of people only, never a name."""

    place: str
    lines: list[LineIn]
    site: str | None = None
    people: int | None = None
    households: int | None = None
    need: str | None = None
    at: str | None = None
    note: str | None = None


class LossIn(Body):
    """Goods were lost."""

    place: str
    lines: list[LineIn]
    reason: Literal["expired", "damaged", "stolen", "spoiled", "other"]
    at: str | None = None
    note: str | None = None


class CountIn(Body):
    """Somebody counted; a zero is a count."""

    place: str
    lines: list[LineIn]
    at: str | None = None
    note: str | None = None


class DispatchIn(Body):
    """Goods leave a place for another; a waybill number is made up unless one is given. `driver` is a handle."""

    place: str
    to: str
    lines: list[LineIn]
    vehicle: str | None = None
    driver: str | None = None
    seal: str | None = None
    need: str | None = None
    waybill: str | None = None
    at: str | None = None
    note: str | None = None


class ArrivalLineIn(Body):
    """What of an item came in: `qty` in good order; beside it what came damaged, and what is given up as missing."""

    item: str
    qty: str
    damaged: str | None = None
    missing: str | None = None
    lot: str | None = None


class ArrivalIn(Body):
    """Goods of a dispatch (its id, waybill number or the text of its waybill) came in.

    Without `lines` all that is still open came, but for what `damaged` and `missing` say. `place` is where, if not
    where they were sent.
    """

    dispatch: str
    lines: list[ArrivalLineIn] | None = None
    damaged: list[LineIn] = []
    missing: list[LineIn] = []
    place: str | None = None
    at: str | None = None
    note: str | None = None


class MoveIn(Body):
    """Goods went from one place to another before the eyes of the same people."""

    place: str
    to: str
    lines: list[LineIn]
    at: str | None = None
    note: str | None = None


class ReturnIn(Body):
    """What is left on a vehicle, or these lines of it, goes back to a place."""

    vehicle: str
    to: str
    lines: list[LineIn] | None = None
    at: str | None = None
    note: str | None = None


class RepackOutIn(Body):
    """What was made, with what is known of its lot."""

    item: str
    qty: str
    lot: str | None = None
    batch: str | None = None
    expiry: str | None = None


class RepackIn(Body):
    """Goods at a place became others: parts a kit, a kit its parts, a pack its units."""

    place: str
    used: list[LineIn] = field(name="in")
    made: list[RepackOutIn] = field(name="out")
    at: str | None = None
    note: str | None = None


class WriteOffIn(Body):
    """Write off what has expired: at a place, or at all of this team's; of an item, or of all."""

    place: str | None = None
    item: str | None = None
    at: str | None = None
    note: str | None = None


class NeedIn(Body):
    """What people need at a place; after `until` it is over by itself."""

    place: str
    lines: list[LineIn]
    people: int | None = None
    urgency: Literal["routine", "urgent", "critical"] = "routine"
    until: str | None = None
    at: str | None = None
    note: str | None = None


class RenewIn(Body):
    """A need is still there, perhaps until another time."""

    until: str | None = None
    at: str | None = None
    note: str | None = None


class CloseIn(Body):
    """A need is over, and why."""

    why: str
    at: str | None = None


class PledgeIn(Body):
    """A team means to give this from a place: for a need, or to anyone; within two days unless it says until when."""

    place: str
    lines: list[LineIn]
    need: str | None = None
    until: str | None = None
    at: str | None = None
    note: str | None = None


class VoidIn(Body):
    """Why an entry is undone."""

    why: str


class CorrectLineIn(ReceiptLineIn):
    """A line as it should have been; what isn't said of its lot, or of what came damaged or is missing, stays.

    An empty text takes what was said of a lot out.
    """

    damaged: str | None = None
    missing: str | None = None


class CorrectIn(Body):
    """What is wrong in an entry, as it should have been. Given lines take the place of all, an empty text of any.

    `in` and `out` are the lines of a repack.
    """

    why: str
    lines: list[CorrectLineIn] | None = None
    used: list[LineIn] | None = field(name="in", default=None)
    made: list[RepackOutIn] | None = field(name="out", default=None)
    place: str | None = None
    to: str | None = None
    site: str | None = None
    people: int | None = None
    households: int | None = None
    source: str | None = None
    reason: Literal["expired", "damaged", "stolen", "spoiled", "other"] | None = None
    vehicle: str | None = None
    driver: str | None = None
    seal: str | None = None
    waybill: str | None = None
    need: str | None = None
    urgency: Literal["routine", "urgent", "critical"] | None = None
    until: str | None = None
    at: str | None = None
    note: str | None = None


class SameAsIn(Body):
    """Two items, or two places, are one; `same` is what it goes by from now on. A taken-back one is undone.

    Items that are counted in different units are one only if it is said that they are `anyway`.
    """

    kind: Literal["item", "place"]
    id: str
    same: str
    why: str | None = None
    anyway: bool = False


class KeepIn(Body):
    """How an item is kept at a place: the least there should be (0: none), and its shelf (empty: none)."""

    place: str
    item: str
    minimum: str | None = None
    shelf: str | None = None


class ClosingIn(Body):
    """The books of a period are closed: from the beginning of one day (none: from the start) to the end of another."""

    until: str
    since: str | None = None
    zone: str | None = None
    at: str | None = None
    note: str | None = None


class RedactIn(Body):
    """Take the words out of an entry; the reason is a text that everybody gets."""

    why: str | None = None


class KitLineIn(Body):
    """How much of an item goes into one of a kit."""

    item: str
    qty: str


class ItemIn(Body):
    """A new item, told apart by name and unit. Of one unit: its parts if it is a kit, grams, millilitres, and the
    standard value where no lot says another.

    `names` are by language: en, es, fr, ht.
    """

    name: str
    unit: str
    category: str | None = None
    codes: dict[str, str] = {}
    packs: dict[str, str] = {}
    kit: list[KitLineIn] | None = None
    weight: int | None = None
    volume: int | None = None
    value: str | None = None
    currency: str | None = None
    names: dict[str, str] = {}


class PlaceIn(Body):
    """A new place."""

    name: str
    kind: Literal["warehouse", "hub", "vehicle", "site"]
    lat: str | None = None
    lon: str | None = None
