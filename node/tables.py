"""The tables that the log is folded into, and the small ones that the fold itself needs.

All of them can be dropped and made again from the log. `at` and `counted` are effective times in ms since 1970 UTC,
quantities are thousandths of the item's unit. A *stamp* is what "the latest wins" compares for one field: 8 bytes of
lamport time, then the 32-byte entry id; empty where nobody has stated the field.
"""

import peewee
from peewee import BareField, BigIntegerField, BlobField, CompositeKey, TextField


class Table(peewee.Model):
    """A table of the fold. It is bound to no database: one process may hold several nodes."""

    class Meta:
        legacy_table_names = False


class Projection(Table):
    """One row a projection: its version, the highest entry number folded, and a counter of changes."""

    name = TextField(primary_key=True)
    version = BigIntegerField()
    position = BigIntegerField()
    turn = BigIntegerField()


class Cell(Table):
    """What is known of an item at a place as a whole: its newest fact, and its latest whole count."""

    place = TextField()
    item = TextField()
    at = BigIntegerField()
    counted = BigIntegerField(null=True)

    class Meta:
        primary_key = CompositeKey("place", "item")
        indexes = ((("item",), False),)
        without_rowid = True


class Stock(Table):
    """What is on hand of each lot; no row means nothing. `counted` is a count of that lot alone, later than the cell's.

    `qty` has no declared type: sums beyond 64 bits are kept as decimal text.
    """

    place = TextField()
    item = TextField()
    lot = TextField()
    qty = BareField()
    counted = BigIntegerField(null=True)

    class Meta:
        primary_key = CompositeKey("place", "item", "lot")
        without_rowid = True


class Unsettled(Table):
    """Items whose rows in `cell` and `stock` lag behind the log: one row a place, a JSON list of item ids."""

    place = TextField(primary_key=True)
    items = TextField()

    class Meta:
        without_rowid = True


class Touch(Table):
    """Which entries move or count something at a place: one row a batch, `packed` holds pairs of at and n, 64-bit
    little-endian; `newest` is the latest time among them, `n` the least number.
    """

    place = TextField()
    newest = BigIntegerField()
    n = BigIntegerField()
    packed = BlobField()

    class Meta:
        primary_key = CompositeKey("place", "newest", "n")
        without_rowid = True


class Voided(Table):
    """Entry `void` of a node says that entry `target` is undone; it holds if the target is the same node's."""

    target = BlobField()
    void = BlobField()
    node = BlobField()
    lamport = BigIntegerField()
    n = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("target", "void")
        without_rowid = True


class Item(Table):
    """The catalogue's items; `name_key` is the name as it is searched for.

    `kit` is a JSON list of [item, thousandths], the recipe of one unit, or empty; `weight` (g), `volume` (ml), `value`
    and `currency` are of one unit.
    """

    id = TextField(primary_key=True)
    name = TextField(default="")
    name_key = TextField(default="", index=True)
    name_stamp = BlobField()
    unit = TextField(default="")
    unit_stamp = BlobField()
    category = TextField(default="")
    category_stamp = BlobField()
    kit = TextField(default="")
    kit_stamp = BlobField()
    weight = BigIntegerField(null=True)
    weight_stamp = BlobField()
    volume = BigIntegerField(null=True)
    volume_stamp = BlobField()
    value = TextField(default="")
    currency = TextField(default="")
    value_stamp = BlobField()


class ItemCode(Table):
    """Codes of items by scheme; an empty code was taken back. `code_key` is the code as it is searched for."""

    item = TextField()
    scheme = TextField()
    code = TextField()
    code_key = TextField(index=True)
    code_stamp = BlobField()

    class Meta:
        primary_key = CompositeKey("item", "scheme")


class ItemPack(Table):
    """Packs of items: how many thousandths of the unit one holds; zero was taken back."""

    item = TextField()
    name = TextField()
    qty = BigIntegerField()
    qty_stamp = BlobField()

    class Meta:
        primary_key = CompositeKey("item", "name")


class ItemName(Table):
    """Names of items in other languages."""

    item = TextField()
    lang = TextField()
    name = TextField()
    name_key = TextField(index=True)
    name_stamp = BlobField()

    class Meta:
        primary_key = CompositeKey("item", "lang")


class Keep(Table):
    """How items are kept at places: the least there should be, in thousandths, and the shelf."""

    place = TextField()
    item = TextField()
    minimum = BigIntegerField(null=True)
    minimum_stamp = BlobField()
    shelf = TextField(default="")
    shelf_stamp = BlobField()

    class Meta:
        primary_key = CompositeKey("place", "item")


class Named(Table):
    """Which entries state something of the catalogue: the subject, such as an item, and an entry's number."""

    subject = TextField()
    n = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("subject", "n")
        without_rowid = True


class Place(Table):
    """Places; coordinates in micro-degrees. `node` declared it first, which makes it that team's (stamp `first`)."""

    id = TextField(primary_key=True)
    name = TextField(default="")
    name_key = TextField(default="", index=True)
    name_stamp = BlobField()
    kind = TextField(default="")
    kind_stamp = BlobField()
    lat = BigIntegerField(null=True)
    lat_stamp = BlobField()
    lon = BigIntegerField(null=True)
    lon_stamp = BlobField()
    node = BlobField()
    first = BlobField()


class Team(Table):
    """What each node's team calls itself."""

    node = BlobField(primary_key=True)
    name = TextField()
    name_stamp = BlobField()


class Lot(Table):
    """What receipts have said of an item's lots. A receipt that was undone still tells what its lot is."""

    item = TextField()
    lot = TextField()
    batch = TextField(default="")
    batch_stamp = BlobField()
    expiry = TextField(default="")
    expiry_stamp = BlobField()
    fund = TextField(default="")
    fund_stamp = BlobField()
    value = TextField(default="")
    currency = TextField(default="")
    value_stamp = BlobField()

    class Meta:
        primary_key = CompositeKey("item", "lot")
        without_rowid = True


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


TABLES = (
    Projection,
    Cell,
    Stock,
    Unsettled,
    Touch,
    Voided,
    Item,
    ItemCode,
    ItemPack,
    ItemName,
    Keep,
    Named,
    Dispatch,
    Arrival,
    Need,
    Renewal,
    Pledge,
    Given,
    SameAs,
    Redacted,
    Transit,
    Place,
    Team,
    Lot,
)

# What makes up the answer of the fold: table, columns and order of rows. Nothing in it depends on this node alone,
# nor on whether words were taken out.
ANSWER = (
    ("cell", "place, item, at, counted", "place, item"),
    ("stock", "place, item, lot, qty, counted", "place, item, lot"),
    ("voided", "target, void, node, lamport", "target, void"),
    (
        "item",
        "id, name, name_stamp, unit, unit_stamp, category, category_stamp, kit, kit_stamp,"
        " weight, weight_stamp, volume, volume_stamp, value, currency, value_stamp",
        "id",
    ),
    ("item_name", "item, lang, name, name_stamp", "item, lang"),
    ("keep", "place, item, minimum, minimum_stamp, shelf, shelf_stamp", "place, item"),
    ("dispatch", "id, at, place, dest, waybill, need, lines", "id"),
    ("arrival", "id, at, place, dispatch, lines", "id"),
    ("need", "id, at, place, people, urgency, until, lines", "id"),
    ("renewal", "id, at, need, until, closed", "id"),
    ("pledge", "id, at, need, place, until, lines", "id"),
    ("given", "id, at, place, need, lines", "id"),
    ("same_as", "id, node, at, kind, one, same", "id"),
    ("transit", "dispatch, item, lot, sent, arrived, damaged, missing", "dispatch, item, lot"),
    ("item_code", "item, scheme, code, code_stamp", "item, scheme"),
    ("item_pack", "item, name, qty, qty_stamp", "item, name"),
    ("place", "id, name, name_stamp, kind, kind_stamp, lat, lat_stamp, lon, lon_stamp, node, first", "id"),
    ("team", "node, name, name_stamp", "node"),
    (
        "lot",
        "item, lot, batch, batch_stamp, expiry, expiry_stamp, fund, fund_stamp, value, currency, value_stamp",
        "item, lot",
    ),
)


def exist(db: peewee.SqliteDatabase) -> bool:
    """Whether a version of this program has made them before."""
    return bool(db.table_exists("projection"))


def create(db: peewee.SqliteDatabase) -> None:
    """Make the tables where they are missing."""
    for table in TABLES:
        peewee.SchemaManager(table, db).create_all()
    db.execute_sql("CREATE INDEX IF NOT EXISTS transit_open ON transit (dispatch) WHERE open")


def drop(db: peewee.SqliteDatabase) -> None:
    """Drop them all, with what an older version may have kept there."""
    for table in reversed(TABLES):
        peewee.SchemaManager(table, db).drop_all()
