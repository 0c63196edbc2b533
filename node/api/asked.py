"""What the API answers about needs, promises and plans: typed rows, as in `answers`."""

from msgspec import Struct


class NeedLine(Struct):
    """So much of an item is needed; `answered` was promised, sent or given, `left` is lacking."""

    item: str
    item_name: str
    unit: str
    qty: str
    answered: str
    left: str


class NeedRow(Struct):
    """A need; `status` is open, stale, met, closed or expired, `spoken` when somebody last said that it is there."""

    need: str
    place: str
    place_name: str
    team: str
    at: str
    spoken: str
    until: str | None
    urgency: str
    people: int | None
    note: str
    status: str
    lines: list[NeedLine]


class FillRow(Struct):
    """What a place can spare (`qty`) of what a need lacks (`left`); `pledged` is kept for needs, `offered` to all."""

    need: str
    item: str
    item_name: str
    unit: str
    left: str
    place: str
    place_name: str
    team: str
    distance_km: float | None
    qty: str
    pledged: str
    offered: str
    expiry: str | None
    as_of: str
    heard: str | None


class PledgeLine(Struct):
    """So much of an item is promised."""

    item: str
    item_name: str
    unit: str
    qty: str


class PledgeRow(Struct):
    """A promise; of an offer `need` is null. `holds` until it ends."""

    pledge: str
    need: str | None
    place: str
    place_name: str
    team: str
    at: str
    until: str
    note: str
    holds: bool
    lines: list[PledgeLine]


class PlanRow(Struct, rename={"origin": "from", "origin_name": "from_name", "origin_team": "from_team"}):
    """A transfer that would help; `from` can spare it, `to` is where it is needed."""

    need: str
    urgency: str
    status: str
    origin: str
    origin_name: str
    origin_team: str
    to: str
    to_name: str
    to_team: str
    item: str
    item_name: str
    unit: str
    qty: str
    distance_km: float | None
    expiry: str | None
    as_of: str
    heard: str | None
