"""When entries came to this store: the time at which each transaction ended, by the tick that it left.

Ticks say in which order all came, and each entry has one; this adds the clock. What came before times were kept counts
as here from the start.
"""

from collections.abc import Sequence
from typing import Any

from sync.rows import place, to_lamport
from sync.store import Store

ALWAYS = -(2**63)  # before every time that a clock may show
_TABLE = "CREATE TABLE IF NOT EXISTS heard (tick INTEGER PRIMARY KEY, at INTEGER NOT NULL)"
_PART = 500  # numbers in one statement


class Arrivals:
    """Looks up when entries came. Times are ms by this machine's clock as it stood then."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self) -> None:
        """Make the table where it is missing; what is here by then has no time."""
        self._store.run(_TABLE)
        sql = "INSERT INTO heard SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM heard)"
        self._store.run(sql, self._store.tick(), ALWAYS)

    def note(self, tick: int, at: int) -> None:
        """All that came up to this tick, and after the one noted before, came at this time."""
        if tick > self._store.tick():
            self._store.run("INSERT OR REPLACE INTO heard VALUES (?, ?)", tick, at)

    def tick_at(self, at: int) -> int:
        """The tick of the last that was here at a time, as this machine's clock then told it."""
        rows = self._store.query("SELECT max(tick) FROM heard WHERE at <= ?", at)
        return int(rows[0][0] or 0)

    def time_of(self, tick: int) -> int | None:
        """When what bears this tick came; None where it came before times were kept."""
        rows = self._store.query("SELECT at FROM heard WHERE tick >= ? ORDER BY tick LIMIT 1", tick)
        return int(rows[0][0]) if rows and rows[0][0] != ALWAYS else None

    def known_at(self, ns: Sequence[int]) -> dict[int, tuple[int, int | None]]:
        """Since when entries (by number) are known: a tick, and the time. One of a node that was trusted only later
        is known since then."""
        ticks = {n: max(tick, self._since(n)) for n, tick in self._of("tick", ns)}
        return {n: (tick, self.time_of(tick)) for n, tick in ticks.items()}

    def _since(self, n: int) -> int:
        return self._store.by_branch(place(n)[0])[1].shown_since

    def orders(self, ns: Sequence[int]) -> dict[int, tuple[int, bytes]]:
        """(lamport, id) of entries by number: what decides among those of one moment."""
        return {n: (to_lamport(lamport), bytes(id)) for n, lamport, id in self._of("lamport, id", ns)}

    def blank(self, ns: Sequence[int]) -> list[int]:
        """Those among entries (by number) whose payload isn't here."""
        return [n for n, is_blank in self._of("payload IS NULL AND chunk IS NULL", ns) if is_blank]

    def _of(self, columns: str, ns: Sequence[int]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(ns), _PART):
            part = ns[start : start + _PART]
            rows += self._store.query(f"SELECT n, {columns} FROM entry WHERE n IN ({','.join('?' * len(part))})", *part)
        return rows
