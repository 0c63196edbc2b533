"""Where entries lie: tables of logs, branches and entries, and the few statements that move rows in and out.

A log is a list of entries; a forked log is a tree of *branches*. Branch 0 of a log starts at its genesis, another
branch starts after entry `base` of its `parent`. An entry is known by its id, and in this store alone by `n`, which is
its branch's number and its sequence number in one integer: the table is sorted by both without another index. Each
change of the store, a new entry or a change of policy, has a *tick*, which is what cursors count.

What of a branch is folded ends at `shown`, and what is told to peers at (`leaf_seq`, `leaf_head`): for a trusted node
that is the branch's end, for an unknown one nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import peewee

from sync.bulk import Bulk
from sync.chunks import Chunks
from sync.digest import Leaf
from sync.rows import (
    NONE,
    SEQ_MAX,
    Batch,
    Branch,
    LogRow,
    Row,
    WireRow,
    from_claimed,
    from_lamport,
    key_of,
    number,
    place,
    to_claimed,
    to_lamport,
)

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS log (
  no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, node BLOB NOT NULL, agree BLOB NOT NULL,
  agree_sig BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS log_node ON log (node);
CREATE TABLE IF NOT EXISTS branch (
  no INTEGER PRIMARY KEY, log INTEGER NOT NULL REFERENCES log, parent INTEGER, base INTEGER NOT NULL,
  seq INTEGER NOT NULL, head BLOB NOT NULL, lamport INTEGER NOT NULL, claimed INTEGER NOT NULL,
  received INTEGER NOT NULL, shown INTEGER NOT NULL, leaf_seq INTEGER NOT NULL, leaf_head BLOB NOT NULL,
  changed INTEGER NOT NULL, shown_since INTEGER NOT NULL, source BLOB NOT NULL, wild INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS branch_log ON branch (log);
CREATE INDEX IF NOT EXISTS branch_changed ON branch (changed);
CREATE TABLE IF NOT EXISTS entry (
  n INTEGER PRIMARY KEY, tick INTEGER NOT NULL, id BLOB NOT NULL,
  lamport BLOB NOT NULL, claimed BLOB NOT NULL, payload BLOB, hash BLOB, sig BLOB, chunk INTEGER);
CREATE INDEX IF NOT EXISTS entry_key ON entry (substr(id, 1, 8));
CREATE TABLE IF NOT EXISTS chunk (no INTEGER PRIMARY KEY, first INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS vouch (
  voucher BLOB NOT NULL, subject BLOB NOT NULL, agree BLOB NOT NULL, agree_sig BLOB NOT NULL,
  lamport INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (voucher, subject, id));
CREATE TABLE IF NOT EXISTS block (node BLOB PRIMARY KEY, lamport INTEGER NOT NULL, since INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS contact (node BLOB PRIMARY KEY, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS opening (node BLOB PRIMARY KEY, clock INTEGER NOT NULL);
"""
_INSERT = "INSERT INTO entry (n, tick, id, lamport, claimed, payload, hash, sig) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_KEY = "substr(id, 1, 8)"
_COLUMNS = "n, id, lamport, claimed, payload, chunk"


class Store:
    """The rows of one database. Keeps logs and branches in memory; `forget` when another process may have written."""

    def __init__(self, db: peewee.SqliteDatabase) -> None:
        self.db = db
        self._logs: dict[bytes, LogRow] | None = None
        self._by_branch: dict[int, tuple[LogRow, Branch]] = {}
        self._new_logs: list[LogRow] = []  # to be written yet
        self._chunks = Chunks(self.query)
        shared = db.connect_params.get("check_same_thread") is False
        self._bulk = Bulk(db.connection, self._chunks, shared)

    def create(self) -> None:
        """Make the tables where they are missing."""
        for statement in _TABLES.split(";"):
            if statement.strip():
                self.db.execute_sql(statement)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of one statement."""
        return self._connection().execute(sql, values).fetchall()  # type: ignore[no-any-return]

    def run(self, sql: str, *values: Any) -> None:
        """One statement that changes rows."""
        self._connection().execute(sql, values)

    def _connection(self) -> Any:
        """The connection, when nothing is on its way to it any more."""
        self._bulk.wait()
        connection = self.db.connection()
        if self._new_logs:
            rows = [(row.no, row.id, row.node, row.agree, row.agree_sig) for row in self._new_logs]
            connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?)", rows)
            self._new_logs.clear()
        return connection

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Inside of it entries are written; at its end they are, or nothing tries to any more."""
        try:
            yield
            self._connection()
        finally:
            self._bulk.close()

    # meta

    def meta(self, key: str) -> bytes | None:
        """A small value by name."""
        rows = self.query("SELECT value FROM meta WHERE key = ?", key)
        return bytes(rows[0][0]) if rows else None

    def set_meta(self, key: str, value: bytes) -> None:
        """Keep a small value by name."""
        self.run(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            key,
            value,
        )

    def drop_meta(self, start: str) -> None:
        """Forget the small values whose names begin so."""
        self.run("DELETE FROM meta WHERE substr(key, 1, ?) = ?", len(start), start)

    def tick(self) -> int:
        """The counter of all that changed here."""
        return int(self.meta("tick") or b"0")

    def set_tick(self, tick: int) -> None:
        """Move the counter on."""
        self.set_meta("tick", b"%d" % tick)

    # logs and branches

    def forget(self) -> None:
        """Drop what is kept in memory."""
        self._logs = None
        self._new_logs.clear()
        self._chunks.forget()

    def logs(self) -> dict[bytes, LogRow]:
        """All logs by id, with their branches."""
        if self._logs is None:
            self._load()
        assert self._logs is not None
        return self._logs

    def _load(self) -> None:
        found = self.query("SELECT no, id, node, agree, agree_sig FROM log")
        rows = [LogRow(no, id, node, agree, agree_sig, []) for no, id, node, agree, agree_sig in found]
        by_no = {row.no: row for row in rows}
        self._logs, self._by_branch = {row.id: row for row in rows}, {}
        for row in self.query("SELECT * FROM branch ORDER BY no"):
            self._keep(by_no[row[1]], Branch(*row))

    def _keep(self, log: LogRow, branch: Branch) -> None:
        log.branches.append(branch)
        self._by_branch[branch.no] = (log, branch)

    def by_branch(self, no: int) -> tuple[LogRow, Branch]:
        """The log and branch of a branch number."""
        self.logs()
        if no not in self._by_branch:  # another process has just written it
            self._load()
        return self._by_branch[no]

    def branches(self) -> list[tuple[LogRow, Branch]]:
        """Every branch with its log."""
        self.logs()
        return list(self._by_branch.values())

    def add_log(self, id: bytes, node: bytes, agree: bytes, agree_sig: bytes) -> LogRow:
        """A new log without branches."""
        no = 1 + max((row.no for row in self.logs().values()), default=0)
        row = LogRow(no, id, node, agree, agree_sig, [])
        self.logs()[id] = row
        self._new_logs.append(row)
        return row

    def add_branch(self, log: LogRow, parent: Branch | None, base: int, base_id: bytes) -> Branch:
        """A new branch that starts after entry `base` of its parent; its row is written with `save`."""
        no = 1 + max(self._by_branch, default=0)
        at = parent.no if parent else None
        branch = Branch(no, log.no, at, base, base, base_id, -1, 0, 0, NONE, NONE, b"", 0, 0, b"", 0)
        self._keep(log, branch)
        return branch

    def save(self, branches: Iterable[Branch]) -> None:
        """Write branch rows as they now are in memory."""
        rows = [tuple(getattr(b, name) for name in Branch.__slots__) for b in branches]
        marks = ", ".join("?" * len(Branch.__slots__))
        self._connection().executemany(f"INSERT OR REPLACE INTO branch VALUES ({marks})", rows)

    def leaves(self) -> list[Leaf]:
        """The ends of all branches that peers are told of, sorted."""
        return sorted(Leaf(log.id, b.leaf_seq, b.leaf_head) for log, b in self.branches() if b.leaf_seq >= 0)

    def changed_since(self, tick: int) -> list[tuple[LogRow, Branch]]:
        """Branches told to peers whose end changed after a tick."""
        rows = self.query("SELECT no FROM branch WHERE changed > ? AND leaf_seq >= 0", tick)
        return [self.by_branch(no) for (no,) in rows]

    def first_after(self, branch: Branch, tick: int) -> int:
        """The first sequence number of a branch that arrived after a tick: ticks grow along a branch."""
        low, high = branch.base + 1, branch.seq + 1
        while low < high:
            middle = (low + high) // 2
            rows = self.query("SELECT tick FROM entry WHERE n = ?", number(branch.no, middle))
            low, high = (low, middle) if rows and rows[0][0] > tick else (middle + 1, high)
        return low

    def path(self, branch: Branch) -> list[tuple[Branch, int, int]]:
        """The pieces (branch, first seq, last seq) that lead from the genesis to a branch's end."""
        pieces = [(branch, branch.base + 1, branch.seq)]
        while branch.parent is not None:
            base, branch = branch.base, self._by_branch[branch.parent][1]
            pieces.append((branch, branch.base + 1, base))
        return [piece for piece in reversed(pieces) if piece[1] <= piece[2]]

    # entries

    def insert(self, batches: Iterable[Batch]) -> None:
        """Write entries."""
        for batch in batches:
            self._connection().executemany(_INSERT, _rows(batch))

    def insert_bulky(self, batches: Sequence[Batch]) -> None:
        """Write entries, perhaps beside what comes next; the payloads of a batch share a chunk."""
        self._bulk.write(batches)

    def strip(self, n: int, hash: bytes) -> None:
        """Drop the payload of an entry; its hash stays, for the chain."""
        self.run("PRAGMA secure_delete = ON")  # what is freed is overwritten
        ((chunk,),) = self.query("SELECT chunk FROM entry WHERE n = ?", n)
        if chunk is not None:
            self._chunks.strip(chunk, n)
        self.run("UPDATE entry SET payload = NULL, chunk = NULL, hash = ? WHERE n = ?", hash, n)

    def _entries(self, where: str, *values: Any) -> list[Row]:
        """Rows of entries, each with its payload."""
        payload = self._chunks.payload
        return [
            (n, id, to_lamport(lamport), to_claimed(claimed), inline if chunk is None else payload(chunk, n))
            for n, id, lamport, claimed, inline, chunk in self.query(
                f"SELECT {_COLUMNS} FROM entry WHERE {where}", *values
            )
        ]

    def id_at(self, branch: Branch, seq: int) -> bytes | None:
        """The id of entry `seq` on the way to a branch's end."""
        for piece, first, last in self.path(branch):
            if first <= seq <= last:
                rows = self.query("SELECT id FROM entry WHERE n = ?", number(piece.no, seq))
                return bytes(rows[0][0]) if rows else None
        return None

    def locate(self, entry: bytes) -> tuple[int, int] | None:
        """(branch, seq) of an entry id."""
        rows = self.query(f"SELECT n FROM entry WHERE {_KEY} = ? AND id = ?", key_of(entry), entry)
        return place(rows[0][0]) if rows else None

    def by_id(self, entry: bytes) -> Row | None:
        """The row of an entry id."""
        rows = self._entries(f"{_KEY} = ? AND id = ?", key_of(entry), entry)
        return rows[0] if rows else None

    def by_prefix(self, low: bytes, high: bytes, limit: int) -> list[Row]:
        """Rows whose id begins between two 8-byte prefixes."""
        return self._entries(f"{_KEY} BETWEEN ? AND ? LIMIT ?", key_of(low), key_of(high), limit)

    def by_number(self, ns: Sequence[int]) -> Iterator[Row]:
        """Rows by `n`, in no order."""
        for start in range(0, len(ns), 500):
            part = ns[start : start + 500]
            yield from self._entries(f"n IN ({','.join('?' * len(part))})", *part)

    def from_branch(self, branch: int, first: int, last: int, limit: int) -> list[Row]:
        """Rows of one branch by sequence number, both ends included."""
        ends = number(branch, first), number(branch, last)
        return self._entries("n BETWEEN ? AND ? ORDER BY n LIMIT ?", *ends, limit)

    def newest_of_branch(self, branch: Branch, until: tuple[int, bytes], limit: int) -> list[Row]:
        """The shown rows of a branch that come next before `until` (claimed, id), by that order: `limit`, and at most
        as many again of the last one's moment."""
        where = "n BETWEEN ? AND ? AND (claimed, id) < (?, ?)"
        ends, before = (number(branch.no, 0), number(branch.no, branch.shown)), (from_claimed(until[0]), until[1])
        if branch.wild:
            return self._entries(f"{where} ORDER BY claimed DESC, id DESC LIMIT ?", *ends, *before, limit)
        rows = self._entries(f"{where} ORDER BY n DESC LIMIT ?", *ends, *before, limit)
        if len(rows) == limit:
            rows += self._ties(ends[0], rows[-1], before, limit)
        return rows

    def _ties(self, first: int, row: Row, before: tuple[bytes, bytes], limit: int) -> list[Row]:
        """Rows of the same moment that were written just before a row."""
        sql = "SELECT n FROM entry WHERE n BETWEEN ? AND ? AND claimed < ? ORDER BY n DESC LIMIT 1"
        older = self.query(sql, first, row[0], from_claimed(row[3]))
        low = older[0][0] + 1 if older else first
        where = "n BETWEEN ? AND ? AND (claimed, id) < (?, ?) ORDER BY id DESC LIMIT ?"
        return self._entries(where, low, row[0] - 1, *before, limit)

    def after(self, n: int, limit: int) -> list[Row]:
        """Rows in order of `n` after one: branch by branch, each from its beginning."""
        return self._entries("n > ? ORDER BY n LIMIT ?", n, limit)

    def last_seq(self, branch: int, lamport: int, signed: bool) -> int:
        """The last sequence number of a branch not above a lamport time; with `signed`, one that ends a range."""
        extra = " AND sig IS NOT NULL" if signed else ""
        sql = f"SELECT max(n) FROM entry WHERE n BETWEEN ? AND ? AND lamport <= ?{extra}"
        found = self.query(sql, number(branch, 0), number(branch, SEQ_MAX), from_lamport(lamport))[0][0]
        return NONE if found is None else place(found)[1]

    def lamport_at(self, branch: Branch, seq: int) -> int:
        """The lamport time of one entry of a branch."""
        return to_lamport(self.query("SELECT lamport FROM entry WHERE n = ?", number(branch.no, seq))[0][0])

    def wire_rows(self, branch: int, first: int, last: int, limit: int) -> list[WireRow]:
        """(n, lamport, claimed, payload, hash, sig, id) of one branch, in order: what goes on the wire."""
        sql = (
            "SELECT n, lamport, claimed, payload, hash, sig, id, chunk FROM entry"
            " WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?"
        )
        payload, ends = self._chunks.payload, (number(branch, first), number(branch, last))
        return [
            (n, to_lamport(lamport), to_claimed(claimed), inline if chunk is None else payload(chunk, n), hash, sig, id)
            for n, lamport, claimed, inline, hash, sig, id, chunk in self.query(sql, *ends, limit)
        ]


def _rows(batch: Batch) -> Iterator[tuple[Any, ...]]:
    lamports, claims = map(from_lamport, batch.lamports), map(from_claimed, batch.claims)
    columns = batch.ids, lamports, claims, batch.payloads, batch.hashes, batch.sigs
    return zip(count(batch.n), count(batch.tick), *columns, strict=False)
