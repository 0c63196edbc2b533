"""What is on hand, what moved it, what was undone, and where the fold itself stands."""

from peewee import BareField, BigIntegerField, BlobField, CompositeKey, TextField

from node.tables.base import Table


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
    """Which entries move or count something at a place: each row names up to 128 entries of one batch.

    `packed` holds pairs of at and n, 64-bit little-endian, the oldest first; `newest` is the latest of these times, `n`
    the least of these numbers.
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
