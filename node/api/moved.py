"""What the API answers about goods on their way: typed rows, as in `answers`."""

from msgspec import Struct

from node.api.answers import Undone


class Sent(Struct):
    """A recorded dispatch, with its waybill's number."""

    entry: str
    waybill: str
    notices: list[str] = []


class Open(Struct):
    """So much of an item of a dispatch is still open."""

    item: str
    qty: str


class Arrived(Struct):
    """A recorded arrival, with what of its dispatch is still open."""

    entry: str
    missing: list[Open]
    notices: list[str] = []


class Moved(Struct):
    """Both ends of a move: `entry` is the dispatch, `arrival` what came in at its end."""

    entry: str
    arrival: str
    notices: list[str] = []


class Load(Struct):
    """What goods weigh, and their volume; null where nothing is known, not `whole` where not all is."""

    kg: str | None
    m3: str | None
    whole: bool


class PaperLine(Struct):
    """A line of a waybill; `packs` is the quantity in packs, empty if it fills none."""

    item: str
    item_name: str
    unit: str
    qty: str
    lot: str
    expiry: str | None
    packs: str
    kg: str | None
    m3: str | None


class Paper(Struct, rename={"origin": "from", "origin_name": "from_name"}):
    """What stands on a waybill; `text` is what its code holds, empty where this node isn't the sender's.

    `void` is null, or says how the dispatch was undone; `notices` say what is worth a look about it.
    """

    dispatch: str
    waybill: str
    at: str
    team: str
    origin: str
    origin_name: str
    to: str
    to_name: str
    vehicle: str
    driver: str
    seal: str
    note: str
    lines: list[PaperLine]
    load: Load
    text: str
    void: Undone | None
    notices: list[str]


class TransferLine(Struct):
    """What of an item was sent and what became of it; `open` is below nought where too much came."""

    item: str
    item_name: str
    unit: str
    sent: str
    arrived: str
    damaged: str
    missing: str
    open: str


class TransferArrival(Struct):
    """One of the goes in which a dispatch arrived."""

    entry: str
    team: str
    at: str
    place: str
    place_name: str


class TransferRow(Struct, rename={"origin": "from", "origin_name": "from_name"}):
    """One dispatch and where it stands; `todo` says what a person should do about it.

    `status` is in_transit, overdue, arrived, short, over, twice, unmatched or voided. `ours` says that it is on its way
    to a place of this node, `mine` that this node sent it. Of an unmatched one neither ends nor time are known.
    """

    dispatch: str
    waybill: str
    origin: str | None
    origin_name: str | None
    to: str | None
    to_name: str | None
    team: str
    at: str | None
    status: str
    lines: list[TransferLine]
    todo: str
    load: Load
    arrivals: list[TransferArrival]
    ours: bool
    mine: bool


class RunLine(Struct):
    """So much of an item."""

    item: str
    item_name: str
    unit: str
    qty: str


class RunPart(Struct):
    """What was loaded from, or returned to, a place."""

    entry: str
    at: str
    place: str | None
    place_name: str | None
    lines: list[RunLine]


class RunStop(RunPart):
    """A drop along the way."""

    people: int | None
    households: int | None


class RunItem(Struct):
    """The vehicle's balance of an item: carried + loaded is all the others together."""

    item: str
    item_name: str
    unit: str
    carried: str
    loaded: str
    dropped: str
    returned: str
    lost: str
    unexplained: str
    repacked: str
    left: str
    balanced: bool


class RunSheet(Struct):
    """A vehicle's run, since a time or since it was last empty."""

    vehicle: str
    vehicle_name: str
    since: str | None
    loads: list[RunPart]
    stops: list[RunStop]
    returns: list[RunPart]
    items: list[RunItem]
    people: int
    households: int
    load: Load
    balanced: bool
