"""What is kept of an entry as it is, a row each, and what is in transit."""

from peewee import BareField, BigIntegerField, BlobField, CompositeKey, TextField

from node.tables.base import Table


class Kept(Table):
    """An entry that is kept as it is: its id, number, author and lamport time. Undone ones stay: see `voided`."""

    id = BlobField(primary_key=True)
    n = BigIntegerField()
    node = BlobField()
    lamport = BigIntegerField()
    at = BigIntegerField()


class Dispatch(Kept):
    """Dispatches; `lines` is a JSON list of [item, thousandths, lot]."""

    place = TextField()
    dest = TextField(index=True)
    waybill = TextField(index=True)
    vehicle = TextField()
    driver = TextField()
    seal = TextField()
    need = TextField(index=True)
    note = TextField()
    lines = TextField()


class Arrival(Kept):
    """Arrivals; `dispatch` is an entry id in hex, `lines` a JSON list of [item, thousandths, lot, damaged, missing]."""

    place = TextField()
    dispatch = TextField(index=True)
    note = TextField()
    lines = TextField()


class Need(Kept):
    """Needs; `until` in ms, `lines` is a JSON list of [item, thousandths, lot]."""

    place = TextField(index=True)
    people = BigIntegerField(null=True)
    urgency = TextField()
    until = BigIntegerField(null=True)
    note = TextField()
    lines = TextField()


class Renewal(Kept):
    """What was said later of a need (entry id in hex)."""

    need = TextField(index=True)
    until = BigIntegerField(null=True)
    closed = BigIntegerField()
    note = TextField()


class Pledge(Kept):
    """Pledges, and offers, which name no need."""

    need = TextField(index=True)
    place = TextField(index=True)
    until = BigIntegerField()
    note = TextField()
    lines = TextField()


class Given(Kept):
    """Distributions that name a need by its entry's id (hex)."""

    place = TextField()
    need = TextField(index=True)
    lines = TextField()


class SameAs(Kept):
    """Assertions that `one` is the `same`, of kind item or place."""

    kind = TextField()
    one = TextField(index=True)
    same = TextField(index=True)
    why = TextField()

    class Meta:
        table_name = "same_as"


class Closing(Kept):
    """What teams said to be their position; `root` and `position` in hex, `since` and `until` in ms."""

    since = BigIntegerField(null=True)
    until = BigIntegerField()
    root = TextField()
    position = TextField()
    note = TextField()


class Redacted(Kept):
    """Entries that take the words out of entry `target` (hex)."""

    target = TextField(index=True)
    why = TextField()


class Transit(Table):
    """What of a dispatch (entry id in hex) was sent, arrived, came damaged and was given up: sums of what stands.

    They have no declared type, as `qty` of stock. `open` is 1 where something is still on its way, or too much came.
    """

    dispatch = TextField()
    item = TextField()
    lot = TextField()
    sent = BareField()
    arrived = BareField()
    damaged = BareField()
    missing = BareField()
    open = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("dispatch", "item", "lot")
        without_rowid = True
        indexes = ((("item",), False),)
