"""Is this node healthy, and does everything in it hold? Nothing here changes what is recorded."""

import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peewee

from node import __version__, files
from node.fold import NAME, VERSION, Projector
from node.reporting import auditing, movements
from node.units import format_time
from sync.fence import FileFence

FREE_BYTES_MIN = 200 * 1024 * 1024
SKEW_MS_MAX = 120_000
SILENCE_MS_MAX = 2 * 86_400_000
FIRST_RELEASE_MS = 1_790_000_000_000  # no honest clock is before 2026
_ASTRAY = "The tables of {} don't follow from the log; `bucketline doctor --rebuild` makes them anew."

Check = dict[str, Any]


def verify(node: Any, progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Every hash, chain and signature again, and the tables made anew beside the live ones.

    {entries, logs, ok, problems}: `problems` in words; `progress` is told how many entries were checked.
    """
    problems = list(node.log.verify(progress))
    if _refolded(node) != node.fold.digest():
        problems.append(_ASTRAY.format("stock"))
    if movements.is_of_this_version(node) and not auditing.agrees(node, node.config.data):
        problems.append(_ASTRAY.format("reports"))
    entries, logs = node.log.counts()
    return {"entries": entries, "logs": logs, "ok": not problems, "problems": problems}


def _refolded(node: Any) -> str:
    """The digest of a fold of the whole log into a database of its own that vanishes afterwards."""
    with tempfile.TemporaryDirectory(prefix="verify", dir=node.config.data) as folder:
        db = peewee.SqliteDatabase(str(Path(folder) / "shadow.db"), pragmas={"synchronous": "off"})
        shadow = Projector(db)
        shadow.attach(node.log)
        for batch in node.log.folded():
            with db.atomic():
                shadow.fold(batch)
        found = shadow.digest()
        db.close()
        return found


def rebuild(node: Any) -> None:
    """Make the tables anew from the log: those of stock now, those of reports when one is next asked for."""
    with node.log.transaction():
        node.fold.refold(node.log.folded())
        movements.rebuild(node)


def doctor(node: Any) -> list[Check]:
    """What to look at, each {check, ok, detail}."""
    return [
        {"check": name, "ok": ok, "detail": detail}
        for check in (_database, _disk, _keys, _clock, _fence, _tables, _peers)
        for name, ok, detail in check(node)
    ] + [{"check": "version", "ok": True, "detail": __version__}]


Found = Iterator[tuple[str, bool, str]]


def _database(node: Any) -> Found:
    found = node.db.execute_sql("PRAGMA quick_check(1)").fetchone()[0]
    yield "database", found == "ok", "whole" if found == "ok" else f"damaged: {found}; restore a backup"
    mode = node.db.execute_sql("PRAGMA journal_mode").fetchone()[0]
    level = node.db.execute_sql("PRAGMA synchronous").fetchone()[0]
    safe = mode == "wal" and level >= 2
    yield "power cuts", safe, "an acknowledged entry survives" if safe else f"not safe: {mode}, synchronous {level}"


def _disk(node: Any) -> Found:
    free = shutil.disk_usage(node.config.data).free
    yield "disk", free >= FREE_BYTES_MIN, f"{free // 1024**2} MB free"


def _keys(node: Any) -> Found:
    mode = stat.S_IMODE((node.config.data / files.KEYS).stat().st_mode)
    private = not mode & 0o077
    yield "keys", private, "private" if private else f"others on this machine may read them (mode {mode:o})"


def _clock(node: Any) -> Found:
    now = node.clock()
    newest = max((entry.claimed for entry in node.log.latest(1, node=node.keys.node)), default=now)
    sane = now >= FIRST_RELEASE_MS and newest <= now + SKEW_MS_MAX
    yield "clock", sane, format_time(now) + ("" if sane else "; it was later once: set the clock")
    for row in node.peers.rows():
        skew = row["skew_ms"]
        if skew is not None and abs(skew) > SKEW_MS_MAX:
            side = "ahead of" if skew > 0 else "behind"
            yield "clock", False, f"{row['name'] or row['peer']} is {abs(skew) // 1000} s {side} this node"


def _fence(node: Any) -> Found:
    public = FileFence(node.config.data / files.FENCE).read()
    good = public is None or public[0] == node.log.own
    yield "fence", good, "in step with the log" if good else "of another log: start the node once, then look again"


def _tables(node: Any) -> Found:
    rows = node.db.execute_sql("SELECT version FROM projection WHERE name = ?", (NAME,)).fetchall()
    good = rows == [(VERSION,)]  # those of reports are made anew when one is asked for
    yield "tables", good, "of this version" if good else "of another version: start the node once"


def _peers(node: Any) -> Found:
    rows = [row for row in node.peers.rows() if row["trust"] in ("paired", "vouched")]
    recent = [row for row in rows if row["heard"] and node.clock() - row["heard"] < SILENCE_MS_MAX]
    detail = f"{len(recent)} of {len(rows)} heard within two days" if rows else "none yet"
    yield "peers", bool(recent) or not rows, detail
