"""Payloads that came together lie together, compressed: a tenth of the writing, and of the wear of a small node's card.

A chunk is the payloads of consecutive rows, one after the other, as one Zstandard frame. A row then says in which chunk
its payload lies, from which byte and how long. Single entries, such as a team's own drops, keep theirs in the row.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, repeat
from typing import Any

import zstandard

from sync.errors import Problem

FEW = 8  # rows that aren't worth a chunk
CHUNK_BYTES = 128 * 1024  # of payloads, before compression; a single payload may be larger
KEPT = 32  # chunks kept inflated in memory
LEVEL = 1

Places = tuple[list[int], list[int], list[int]]  # columns: chunk, start, size


class Chunks:
    """The chunks of one store. `query` gives the rows of a statement."""

    def __init__(self, query: Callable[..., list[tuple[Any, ...]]]) -> None:
        self._query = query
        self._open: OrderedDict[int, bytes] = OrderedDict()

    def forget(self) -> None:
        """Drop what is kept in memory: a rolled-back chunk's number is given again."""
        self._open.clear()

    def pack(self, payloads: Sequence[bytes]) -> tuple[list[tuple[int, bytes]], Places]:
        """Rows (number, bytes) of new chunks for these payloads, and where each payload lies."""
        last = self._query("SELECT coalesce(max(no), 0) FROM chunk")[0][0]
        rows: list[tuple[int, bytes]] = []
        places: Places = [], [], []
        compress = zstandard.ZstdCompressor(level=LEVEL).compress
        for no, part in enumerate(_parts(payloads), last + 1):
            rows.append((no, compress(b"".join(part))))
            sizes = list(map(len, part))
            places[0].extend(repeat(no, len(part)))
            places[1].extend(accumulate(sizes[:-1], initial=0))
            places[2].extend(sizes)
        return rows, places

    def payload(self, chunk: int, start: int, size: int) -> bytes:
        """The payload that lies there."""
        whole = self._open.get(chunk)
        if whole is None:
            whole = self._open[chunk] = self._inflate(chunk)
            if len(self._open) > KEPT:
                self._open.popitem(last=False)
        return whole[start : start + size]

    def _inflate(self, chunk: int) -> bytes:
        rows = self._query("SELECT packed FROM chunk WHERE no = ?", chunk)
        try:
            return zstandard.ZstdDecompressor().decompress(rows[0][0])
        except (IndexError, zstandard.ZstdError, MemoryError):
            raise Problem(
                "A part of the database is damaged.",
                todo="See how much with `bucketline verify`; then restore a backup and sync.",
            ) from None


def _parts(payloads: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start = size = 0
    for at, payload in enumerate(payloads):
        size += len(payload)
        if size > CHUNK_BYTES and at > start:
            yield payloads[start:at]
            start, size = at, len(payload)
    yield payloads[start:]
