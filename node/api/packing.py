"""What the API answers about expiry, kits and counts: typed rows, as in `answers`."""

from msgspec import Struct

from node.api.answers import KitPart


class ExpiringRow(Struct):
    """A lot on hand that has expired (`days` below nought) or does within so many days."""

    place: str
    place_name: str
    team: str
    item: str
    item_name: str
    unit: str
    lot: str
    expiry: str
    qty: str
    expired: bool
    days: int


class WrittenLoss(Struct):
    """One loss of what had expired at a place, and how many lines it has."""

    entry: str
    place: str
    place_name: str
    lines: int


class WrittenOff(Struct):
    """What was written off, one entry a place, and what is worth a look."""

    losses: list[WrittenLoss]
    notices: list[str]


class KitRow(Struct):
    """A kit and what goes into one of it."""

    kit: str
    kit_name: str
    unit: str
    parts: list[KitPart]


class KitNeed(Struct):
    """What so many kits take of a part: in all, what is there of it, what is built of it, and what is short."""

    item: str
    item_name: str
    unit: str
    needed: str
    on_hand: str
    built: str
    short: str


class KitCheck(Struct):
    """How many of a kit a place can build, and what `wanted` ones take: as many as asked, or one more than it can."""

    place: str
    place_name: str
    kit: str
    kit_name: str
    unit: str
    on_hand: str
    buildable: str
    wanted: str
    parts: list[KitNeed]
    short: list[KitNeed]


class SheetRow(Struct):
    """A line of a sheet to count by; `expected` is null on a blind one."""

    place: str
    place_name: str
    item: str
    item_name: str
    unit: str
    category: str
    packs: dict[str, str]
    shelf: str
    expected: str | None


class CountRow(Struct):
    """A line of a count: its variance as recorded, how much of it later news explains, and what is left.

    `lot` is null where the whole item was counted.
    """

    entry: str
    place: str
    place_name: str
    team: str
    item: str
    item_name: str
    unit: str
    lot: str | None
    at: str
    counted_by: str
    expected: str
    counted: str
    variance: str
    explained: str
    unexplained: str
