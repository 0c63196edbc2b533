"""The tables of the projections are made where they are missing, and left alone where they are there."""

from node import tables
from tests.fakes import memory_db


def schema(db):
    return db.execute_sql("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()


def test_tables_are_made_once_and_again_after_they_were_dropped():
    db = memory_db()
    tables.create(db)
    made = schema(db)
    assert {"stock", "transit", "transit_open"} <= {name for _, name, _, _ in made}
    tables.create(db)
    assert schema(db) == made
    tables.drop(db)
    assert schema(db) == []
    tables.create(db)
    assert schema(db) == made


def test_what_is_missing_alone_is_made_and_no_row_is_lost():
    db = memory_db()
    tables.create(db)
    made = schema(db)
    db.execute_sql("INSERT INTO team (node, name, name_stamp) VALUES (x'01', 'Us', x'')")
    db.execute_sql("DROP INDEX transit_open")
    db.execute_sql("DROP TABLE cell")
    tables.create(db)
    assert schema(db) == made
    assert db.execute_sql("SELECT name FROM team").fetchall() == [("Us",)]
