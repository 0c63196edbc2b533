"""The books line by line: a projection of its own that lags behind the log until a report is asked for.

Quantities are thousandths; as in `stock` they have no declared type, since what exceeds 64 bits is kept as text.
"""

from peewee import AutoField, BareField, BigIntegerField, CompositeKey, TextField

from node.tables.base import Table


class MovementCell(Table):
    """A place, item and lot that some line moves, by a number of this database; place "" is one without a name."""

    no = AutoField()
    place = TextField()
    item = TextField()
    lot = TextField()

    class Meta:
        table_name = "movement_cell"
        indexes = ((("item", "place", "lot"), True),)


class Movement(Table):
    """One line of an entry on one account of a cell. `n` is the entry's number, `line` its line, `at` in ms.

    `account` is one of the columns of the books, losses with their reason: "lost:spoiled". `other` is the place at the
    other end of a transfer, or the site of a drop. The key serves sums over a cell's account without sorting.
    """

    cell = BigIntegerField()
    account = TextField()
    at = BigIntegerField()
    n = BigIntegerField()
    line = BigIntegerField()
    qty = BareField()
    other = TextField()

    class Meta:
        primary_key = CompositeKey("cell", "account", "at", "n", "line")
        without_rowid = True


class MovementCount(Table):
    """One line of a count that stands: what was seen. `lot` is null for the whole item, `split` is JSON."""

    place = TextField()
    item = TextField()
    at = BigIntegerField()
    n = BigIntegerField()
    line = BigIntegerField()
    lot = TextField(null=True)
    qty = BareField()
    split = TextField()

    class Meta:
        table_name = "movement_count"
        primary_key = CompositeKey("place", "item", "at", "n", "line")
        without_rowid = True


class MovementStale(Table):
    """Items at places of which what is unexplained has to be found again, from the time `since` on."""

    place = TextField()
    item = TextField()
    since = BigIntegerField()

    class Meta:
        table_name = "movement_stale"
        primary_key = CompositeKey("place", "item")
        without_rowid = True


class MovementTaken(Table):
    """How far each branch of a log has been taken: its last sequence number."""

    branch = BigIntegerField(primary_key=True)
    seq = BigIntegerField()

    class Meta:
        table_name = "movement_taken"


class MovementBlank(Table):
    """Entries taken of which nobody here knows yet what they say: their payload went before it came."""

    n = BigIntegerField(primary_key=True)

    class Meta:
        table_name = "movement_blank"


MOVEMENTS = (MovementCell, Movement, MovementCount, MovementStale, MovementTaken, MovementBlank)
