"""Many entries written beside other work: while SQLite writes those that were checked, the next are being checked.

A connection is never used by two threads at once. Who wants to use it calls `wait` first, which also raises what went
wrong meanwhile. Where a connection can't be handed to another thread, entries are written at once.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import accumulate, chain
from typing import Any, cast

from sync.chunks import Chunks, pack_all
from sync.rows import Batch, columns_of

GROUP = 2048  # entries that are worth a turn of the other thread
STEPS = 512  # rows that one part of a statement writes at most


class Bulk:
    """Writes bulky batches. `connection` gives the calling thread's connection; where `shared`, others may use it."""

    def __init__(self, connection: Callable[[], Any], chunks: Chunks, shared: bool) -> None:
        self._connection, self._chunks, self._shared = connection, chunks, shared
        self._pool: ThreadPoolExecutor | None = None
        self._running: list[Future[None]] = []

    def write(self, batches: Sequence[Batch]) -> None:
        """Have batches written; they are there after the next `wait`."""
        numbered = [(batch, self._chunks.next()) for batch in batches]
        if not self._shared:
            _write(self._connection(), numbered)
            return
        self._pool = self._pool or ThreadPoolExecutor(1, "bulk")
        self._running.append(self._pool.submit(_write, self._connection(), numbered))

    def wait(self) -> None:
        """Until all is written; raises what went wrong."""
        while self._running:
            self._running.pop(0).result()

    def close(self) -> None:
        """Until nothing is being written any more, be it done or not."""
        for one in self._running:
            one.cancel()
        self._running.clear()
        if self._pool:
            self._pool.shutdown()
            self._pool = None


def _write(connection: Any, numbered: Sequence[tuple[Batch, int]]) -> None:
    """Few long calls: after each of them, this thread has to wait until it may run Python again."""
    packs = pack_all([cast(Sequence[bytes], batch.payloads) for batch, _ in numbered])
    chunks = [(chunk, batch.n, pack) for (batch, chunk), pack in zip(numbered, packs, strict=True)]
    marks = ",".join(["(?, ?, ?)"] * len(chunks))
    connection.execute(f"INSERT INTO chunk VALUES {marks}", [*chain.from_iterable(chunks)])
    sizes = [len(batch.ids) for batch, _ in numbered]
    starts = accumulate(sizes, initial=0)
    parts = [part for (batch, chunk), at in zip(numbered, starts, strict=False) for part in _parts(batch, chunk, at)]
    columns = zip(*(columns_of(batch) for batch, _ in numbered), strict=True)
    steps = min(STEPS, 1 << (max(sizes) - 1).bit_length())
    connection.execute(_insert(len(parts), steps), (*chain.from_iterable(parts), *map(b"".join, columns)))


def _parts(batch: Batch, chunk: int, at: int) -> Iterator[tuple[Any, ...]]:
    """(place in the columns, rows, number and tick of the first, signature of the last, chunk) of pieces of a batch."""
    for first in range(0, len(batch.ids), STEPS):
        size = min(STEPS, len(batch.ids) - first)
        sig = batch.sigs[-1] if first + size == len(batch.ids) else None
        yield at + first, size, batch.n + first, batch.tick + first, sig, chunk


@lru_cache(16)
def _insert(parts: int, steps: int) -> str:
    """One statement for many rows, whose columns are strings of bytes: a call for each row would cost twice as much."""
    marks = ",".join(["(?, ?, ?, ?, ?, ?)"] * parts)
    return f"""
WITH part (at, size, n, tick, sig, chunk) AS (VALUES {marks}),
  step (i) AS (VALUES {",".join(f"({i})" for i in range(steps))})
INSERT INTO entry (n, tick, id, lamport, claimed, sig, chunk)
SELECT n + i, tick + i, substr(?, 1 + 32 * (at + i), 32), substr(?, 1 + 8 * (at + i), 8),
  substr(?, 1 + 8 * (at + i), 8), CASE WHEN i + 1 = size THEN sig END, chunk
FROM part CROSS JOIN step WHERE i < size
"""
