"""The tables that the log is folded into, and the small ones that the fold itself needs.

All of them can be dropped and made again from the log. `at` and `counted` are effective times in ms since 1970 UTC,
quantities are thousandths of the item's unit. A *stamp* is what "the latest wins" compares for one field: 8 bytes of
lamport time, then the 32-byte entry id; empty where nobody has stated the field.
"""

from functools import cache

import peewee

from node.tables.catalogue import Item, ItemCode, ItemName, ItemPack, Keep, Lot, Named, Place, Team
from node.tables.happenings import Arrival, Closing, Dispatch, Given, Need, Pledge, Redacted, Renewal, SameAs, Transit
from node.tables.movements import MOVEMENTS
from node.tables.stock import Cell, Projection, Stock, Touch, Unsettled, Voided

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
    Closing,
    Transit,
    Place,
    Team,
    Lot,
    *MOVEMENTS,
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
    ("closing", "id, node, at, since, until, root, position", "id"),
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


def stands(row: str) -> str:
    """SQL that holds for a row of a kept entry, by the name of its table in the statement, unless it is undone."""
    return f"NOT EXISTS (SELECT 1 FROM voided v WHERE v.target = {row}.id AND v.node = {row}.node)"


def exist(db: peewee.SqliteDatabase) -> bool:
    """Whether a version of this program has made them before."""
    return bool(db.table_exists("projection"))


def create(db: peewee.SqliteDatabase) -> None:
    """Make the tables where they are missing."""
    there = {name for (name,) in db.execute_sql("SELECT name FROM sqlite_master")}
    for name, sql in _statements().items():
        if name not in there:
            db.execute_sql(sql)


@cache
def _statements() -> dict[str, str]:
    """What makes each table and each index, by name. To have peewee write them costs more than to carry them out."""
    with peewee.SqliteDatabase(":memory:") as scratch:
        for table in TABLES:
            peewee.SchemaManager(table, scratch).create_all()
        scratch.execute_sql("CREATE INDEX transit_open ON transit (dispatch) WHERE open")
        rows = scratch.execute_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        return dict(rows.fetchall())


def drop(db: peewee.SqliteDatabase) -> None:
    """Drop them all, with what an older version may have kept there."""
    for table in reversed(TABLES):
        peewee.SchemaManager(table, db).drop_all()
