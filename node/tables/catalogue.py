"""The catalogue, field by field, each with the stamp of what it was stated by."""

from peewee import BigIntegerField, BlobField, CompositeKey, TextField

from node.tables.base import Table


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
