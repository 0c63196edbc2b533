"""What the API answers, as typed rows: the description that programs read is generated from these.

Quantities are decimal strings, times are UTC ISO 8601 with Z, ids are opaque strings.
"""

from msgspec import Struct


class Recorded(Struct):
    """The id of the entry that was written (hex); `notices` say what is worth a look, left out where nothing is."""

    entry: str
    notices: list[str] = []


class Variance(Struct):
    """What the books expected of an item, and what was counted."""

    item: str
    expected: str
    counted: str


class Counted(Struct):
    """A recorded count, with what differed at that moment."""

    entry: str
    variance: list[Variance]
    notices: list[str] = []


class Noticed(Struct):
    """The entry that was written, and sentences about what is worth a look."""

    entry: str
    notices: list[str]


class SameRow(Struct):
    """Two items or places that are one, and who says so. What is only likely has no entry, team and time."""

    entry: str | None
    kind: str
    id: str
    name: str
    same: str
    same_name: str
    team: str
    at: str | None
    why: str


class AlertRow(Struct):
    """Something to look at: `severity` is info, warn or urgent, `command` the command line that settles it.

    `key` is what `alerts/seen` takes; null where only the command settles it. `blanks` are words of the command to be
    replaced by what people saw.
    """

    kind: str
    severity: str
    place: str | None
    place_name: str | None
    item: str | None
    item_name: str | None
    entry: str | None
    since: str | None
    text: str
    action: str
    command: str
    key: str | None
    lot: str | None
    blanks: list[str]


class Seen(Struct):
    """How many alerts were hidden."""

    seen: int


class KeepRow(Struct):
    """The least there should be of an item at a place, and on which shelf it lies."""

    place: str
    place_name: str
    team: str
    item: str
    item_name: str
    unit: str
    minimum: str | None
    shelf: str


class ImportProblem(Struct):
    """What is wrong with a line of a file; `column` is empty where it is the whole line."""

    line: int
    column: str
    reason: str


class Imported(Struct):
    """What a file brought, or would: `values` is what came in by currency, `unused` are columns that were left aside.

    Where `problems` has any, nothing was recorded; `warnings` are of lines that are odd, and kept as they are. `new`
    holds the names of new items and places. `notices` also name the rows that an earlier import brought already.
    """

    rows: int
    entries: int
    items_new: int
    places_new: int
    problems: list[ImportProblem]
    warnings: list[ImportProblem]
    kind: str
    zeros: int
    values: dict[str, str]
    unused: list[str]
    new: dict[str, list[str]]
    notices: list[str]


class TemplateRow(Struct):
    """A template that comes with the program, and what it is for."""

    template: str
    about: str


class Corrected(Struct):
    """The entry that is right now; `variance` where it is a count, `notices` are worth a look."""

    entry: str
    variance: list[Variance]
    notices: list[str]


class NearItem(Struct):
    """An item whose name is all but equal to another."""

    item: str
    name: str
    unit: str


class ItemAdded(Struct):
    """The item's id; `entry` is null where this very item was known already.

    `similar` are items that may be meant instead, where the name looks like a slip for theirs.
    """

    entry: str | None
    item: str
    similar: list[NearItem]


class PlaceAdded(Struct):
    """The new place's id."""

    entry: str | None
    place: str


class StockRow(Struct):
    """So much of an item on hand at a place; negative where more went out than is known to have come in.

    `as_of` is the time of the newest fact about it, `counted` of the last count, `heard` when the team was last heard.
    `packed` is the quantity in packs, empty if it fills none. `expired` tells of a lot whether it has expired, and is
    null over all lots; `expired_qty` is how much of the quantity has.
    """

    place: str
    place_name: str
    team: str
    item: str
    item_name: str
    unit: str
    qty: str
    lot: str | None
    expiry: str | None
    as_of: str | None
    heard: str | None
    counted: str | None
    packed: str
    expired: bool | None
    expired_qty: str


class NearbyRow(Struct):
    """Who has an item, how far away, and how old that news is: when counted, when the team was last heard.

    What has expired is no part of `qty`; `expired_qty` is how much of it there is besides. The distance of a place
    without coordinates is null; such places come last, and not at all where `within` is asked for.
    """

    place: str
    place_name: str
    team: str
    distance_km: float | None
    qty: str
    unit: str
    as_of: str | None
    heard: str | None
    counted: str | None
    packed: str
    expired_qty: str


class PlaceRow(Struct):
    """A place; coordinates are decimal degrees."""

    place: str
    name: str
    kind: str
    lat: str | None
    lon: str | None
    team: str
    heard: str | None


class KitPart(Struct):
    """How much of an item goes into one of a kit."""

    item: str
    item_name: str
    unit: str
    qty: str


class ItemRow(Struct):
    """An item with its unit, codes by scheme, packs by name; of one unit its parts, grams, millilitres and value."""

    item: str
    name: str
    unit: str
    category: str
    codes: dict[str, str]
    packs: dict[str, str]
    kit: list[KitPart]
    weight: int | None
    volume: int | None
    value: str | None
    currency: str | None


class Undone(Struct):
    """By which entry something was undone, and why; `instead` is the entry that corrects it, if one does."""

    entry: str
    why: str
    instead: str | None


class Correction(Struct):
    """The entry that was wrong, why, and what it said."""

    entry: str
    why: str
    before: str


class Dependent(Struct):
    """An entry that names another."""

    entry: str
    type: str
    team: str
    at: str


class EntryRow(Struct):
    """One entry of the log, told in a sentence; `void` is null or says how it was undone.

    `corrects` is null or says what this entry is written in place of, `dependents` are entries that name this one.
    """

    entry: str
    type: str
    team: str
    at: str
    recorded: str
    summary: str
    void: Undone | None
    corrects: Correction | None
    dependents: list[Dependent]
    mine: bool
    place: str | None


class PeerRow(Struct):
    """A node that this one knows: how far it is trusted, when it was last heard, how its clock differs from ours."""

    peer: str
    name: str
    trust: str
    addresses: list[str]
    heard: str | None
    last_ok: str | None
    last_try: str | None
    failures: int
    skew_ms: int | None
    paired_at: str | None


class BalanceRow(Struct):
    """One item's books over all places, at one place or of one team.

    `unexplained` is positive for what counts found missing, `repacked` for what became something else.
    """

    item: str
    item_name: str
    unit: str
    received: str
    distributed: str
    lost: str
    unexplained: str
    on_hand: str
    balanced: bool
    transferred_in: str
    transferred_out: str
    in_transit: str
    repacked: str
    place: str = ""
    place_name: str = ""
    team: str = ""
    node: str = ""


class Digests(Struct):
    """Equal digests mean equal entries (`root`), equal trust (`policy`) and equal stock."""

    root: str
    policy: str
    stock: str


class Problem(Struct):
    """RFC 9457: what happened, what was kept and what to do; `errors` names the fields that were wrong."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, str] = {}
