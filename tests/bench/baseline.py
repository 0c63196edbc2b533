"""What the figures are held against: a plain `executemany` of one row a line, on the same disk in the same run."""

import sqlite3
import time
from hashlib import sha256
from pathlib import Path
from statistics import median

from node import events
from tests.bench.synthetic import Region

LineRow = tuple[bytes, int, str, str, str, str, int, int]


def rows(region: Region) -> list[LineRow]:
    """(entry 32, line number, type, place, item, lot, thousandths, ms) for each line of the region's facts."""
    found: list[LineRow] = []
    for team in region.teams:
        for payload in team.payloads:
            fact, id = events.decode(payload), sha256(payload).digest()
            kind = type(fact).__name__
            for at, line in enumerate(getattr(fact, "lines", ())):
                found.append((id, at, kind, fact.place, line.item, line.lot or "", line.qty, fact.at))  # type: ignore[union-attr]
    return found


def rows_per_second(folder: Path, lines: list[LineRow], runs: int = 5) -> float:
    """The median of a few runs into a fresh database each, WAL and synchronous=FULL as ours."""
    return len(lines) / median(_insert(folder / f"baseline{run}.db", lines) for run in range(runs))


def _insert(path: Path, lines: list[LineRow]) -> float:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    columns = "entry BLOB, line INTEGER, type TEXT, place TEXT, item TEXT, lot TEXT, qty INTEGER, at INTEGER"
    db.execute(f"CREATE TABLE line ({columns})")
    started = time.perf_counter()
    with db:
        db.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?)", lines)
    took = time.perf_counter() - started
    db.close()
    return took
