"""Payloads that came together lie together, compressed: a tenth of the writing, and of the wear of a small node's card.

A chunk is one Zstandard frame: how many payloads it holds, how long each is (u32 each, big-endian), and the payloads of
consecutive entries of one branch. An entry's row names its chunk. Single entries, such as a team's own drops, keep
theirs in the row.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import zstandard

from sync.errors import Problem

KEPT = 32  # chunks kept inflated in memory
LEVEL = 1

Held = tuple[int, list[int], bytes]  # number of the first entry, where each payload ends, all inflated
_COUNT = struct.Struct(">I")


class Chunks:
    """The chunks of one store. `query` gives the rows of a statement."""

    def __init__(self, query: Callable[..., list[tuple[Any, ...]]]) -> None:
        self._query = query
        self._open: OrderedDict[int, Held] = OrderedDict()
        self._last = 0  # the highest number given; 0 where that isn't known

    def forget(self) -> None:
        """Drop what is kept in memory: a rolled-back chunk's number is given again."""
        self._open.clear()
        self._last = 0

    def next(self) -> int:
        """The number of a new chunk."""
        if not self._last:
            self._last = int(self._query("SELECT coalesce(max(no), 0) FROM chunk")[0][0])
        self._last += 1
        return self._last

    def payload(self, chunk: int, n: int) -> bytes:
        """The payload of entry `n`, which lies in this chunk."""
        held = self._open.get(chunk)
        if held is None:
            held = self._open[chunk] = self._inflate(chunk)
            if len(self._open) > KEPT:
                self._open.popitem(last=False)
        first, ends, whole = held
        return whole[ends[n - first] : ends[n - first + 1]]

    def strip(self, chunk: int, n: int) -> None:
        """Write a chunk again without the payload of entry `n`."""
        first, ends, whole = self._inflate(chunk)
        kept = [whole[a:b] for a, b in pairwise(ends)]
        kept[n - first] = b""
        self._query("UPDATE chunk SET packed = ? WHERE no = ?", *pack_all([kept]), chunk)
        self._open.pop(chunk, None)

    def _inflate(self, chunk: int) -> Held:
        rows = self._query("SELECT first, packed FROM chunk WHERE no = ?", chunk)
        try:
            first, packed = rows[0]
            whole = zstandard.ZstdDecompressor().decompress(packed)
            (count,) = _COUNT.unpack_from(whole)
            sizes = struct.unpack_from(f">{count}I", whole, _COUNT.size)
        except (IndexError, struct.error, zstandard.ZstdError, MemoryError):
            raise Problem(
                "A part of the database is damaged.",
                todo="See how much with `bucketline verify`; then restore a backup and sync.",
            ) from None
        return first, list(accumulate(sizes, initial=_COUNT.size * (count + 1))), whole


def pack_all(chunks: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Chunks of payloads as they are written; in one call where it can be, since other threads may run meanwhile."""
    wholes = [struct.pack(f">I{len(one)}I", len(one), *map(len, one)) + b"".join(one) for one in chunks]
    packer: Any = zstandard.ZstdCompressor(level=LEVEL)
    if len(wholes) > 1 and hasattr(packer, "multi_compress_to_buffer"):
        return [one.tobytes() for one in packer.multi_compress_to_buffer(wholes)]
    return [packer.compress(one) for one in wholes]
