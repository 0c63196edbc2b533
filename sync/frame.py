"""Ranges of entries as they travel: columns of what the receiver can't compute, compressed with Zstandard.

Ids, hashes and `prev` links aren't sent: the receiver computes them, and the one signature at the end of a range
proves them all. A frame, inflated, is `count u16` and then for each range, big-endian:

    ref u32 | start u64 | hint 4 | entries u16 | lamport u64 | claimed i64 | widths u8 × 3 | signature 64
    lamport steps (entries - 1) | claimed steps, zigzag (entries - 1) | payload lengths + 1 (entries)
    hashes of redacted payloads (32 each, where the length column holds 0) | payloads

`ref` is the place of the range's log in the list of heads that the frame's sender has announced in this exchange,
`hint` the first bytes of the id of the entry before `start`. Each column has the narrowest width of 1, 2, 4 or 8 bytes.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import zstandard

from sync.errors import Malformed, TooLarge
from sync.limits import Limits

_COUNT = struct.Struct(">H")
_RANGE = struct.Struct(">IQ4sHQqBBB64s")
_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_ROW = 8 + 8 + 4  # the widest that an entry's place in the three columns can be
HINT_BYTES = 4


class Range(NamedTuple):
    """Consecutive entries of one log. A redacted payload is None, with its hash in `hashes`."""

    ref: int
    start: int
    hint: bytes
    lamports: Sequence[int]
    claims: Sequence[int]
    payloads: Sequence[bytes | None]
    hashes: Sequence[bytes]
    signature: bytes

    @property
    def size(self) -> int:
        """How many bytes it takes at most before compression: what is packed by it stays within the reader's bound."""
        return _RANGE.size + sum(len(p) if p is not None else 32 for p in self.payloads) + _ROW * len(self.payloads)


def pack(ranges: Sequence[Range], level: int = 3) -> bytes:
    """One compressed frame."""
    parts = [_COUNT.pack(len(ranges))]
    for item in ranges:
        _pack_range(item, parts)
    return zstandard.ZstdCompressor(level=level).compress(b"".join(parts))


def _pack_range(item: Range, parts: list[bytes]) -> None:
    lamports, claims = item.lamports, item.claims
    steps = [b - a for a, b in zip(lamports, lamports[1:], strict=False)]
    jumps = [_zigzag(b - a) for a, b in zip(claims, claims[1:], strict=False)]
    sizes = [0 if p is None else len(p) + 1 for p in item.payloads]
    columns = [steps, jumps, sizes]
    widths = [_width(column) for column in columns]
    parts.append(
        _RANGE.pack(item.ref, item.start, item.hint, len(sizes), lamports[0], claims[0], *widths, item.signature)
    )
    parts.extend(
        struct.pack(f">{len(column)}{_CODES[width]}", *column) for column, width in zip(columns, widths, strict=True)
    )
    parts.extend(h for p, h in zip(item.payloads, item.hashes, strict=True) if p is None)
    parts.extend(p for p in item.payloads if p is not None)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _width(column: Sequence[int]) -> int:
    most = max(column, default=0)
    return next(width for width in (1, 2, 4, 8) if most < 1 << 8 * width)


def inflate(data: bytes, bytes_max: int) -> bytes:
    """Decompress one frame, at a cost bounded by `bytes_max`: the size it claims is checked before a byte is made."""
    try:
        claimed = zstandard.frame_content_size(data)
        if not 0 <= claimed <= bytes_max:
            raise TooLarge(f"A frame would inflate to more than {bytes_max} bytes.")
        return zstandard.ZstdDecompressor(max_window_size=1 << 23).decompress(data, max_output_size=bytes_max)
    except zstandard.ZstdError:
        raise Malformed("A frame can't be decompressed.") from None


def unpack(data: bytes, limits: Limits) -> list[Range]:
    """The ranges of a compressed frame; Malformed or TooLarge where it breaks the layout or a bound."""
    return [place.read() for place in places(data, limits)]


class Place(NamedTuple):
    """Where a range lies in an inflated frame: of which log, its first entry's number, how many entries."""

    ref: int
    start: int
    entries: int
    content: bytes
    at: int

    def read(self) -> Range:
        """The range; Malformed where its clocks are none."""
        return _Reader(self.content, self.at).range()


def places(data: bytes, limits: Limits) -> list[Place]:
    """Where the ranges of a compressed frame lie; Malformed or TooLarge where it breaks the layout or a bound."""
    content = inflate(data, limits.frame_inflated_bytes_max)
    try:
        (count,) = _COUNT.unpack_from(content)
        reader = _Reader(content, _COUNT.size)
        found = [reader.place(limits) for _ in range(count)]
    except struct.error:
        raise Malformed("A frame ends too early.") from None
    if reader.at != len(content):
        raise Malformed("A frame is longer than what it holds.")
    return found


class _Reader:
    """Reads ranges from inflated bytes, never past their end."""

    def __init__(self, content: bytes, at: int) -> None:
        self.content, self.at = content, at

    def place(self, limits: Limits) -> Place:
        """Step over a range, whose layout and bounds are checked by that."""
        at = self.at
        ref, start, _, n, _, _, *widths, _ = self._take(_RANGE)
        if not 1 <= n <= limits.range_entries_max:
            raise TooLarge(f"A range holds {n} entries; 1 to {limits.range_entries_max} are taken.")
        self._column(n - 1, widths[0])
        self._column(n - 1, widths[1])
        sizes = self._column(n, widths[2])
        if max(sizes) > limits.payload_bytes_max + 1:
            raise TooLarge(f"An entry is larger than {limits.payload_bytes_max} bytes.")
        if n > 1 and sum(sizes) - n > limits.range_bytes_max:  # who relays it must fit it into a frame
            raise TooLarge(f"A range is larger than {limits.range_bytes_max} bytes.")
        self.at += sum(sizes) - n + 33 * sizes.count(0)
        if self.at > len(self.content):
            raise Malformed("A frame ends too early.")
        return Place(ref, start, n, self.content, at)

    def range(self) -> Range:
        """A range whose place was found by `place`."""
        ref, start, hint, n, lamport, claimed, *widths, signature = self._take(_RANGE)
        steps = self._column(n - 1, widths[0])
        jumps = self._column(n - 1, widths[1])
        sizes = self._column(n, widths[2])
        lamports = list(accumulate(steps, initial=lamport))
        claims = list(accumulate([(jump >> 1) ^ -(jump & 1) for jump in jumps], initial=claimed))
        if lamports[-1] >= 1 << 63 or min(claims) < -(1 << 63) or max(claims) >= 1 << 63:
            raise Malformed("A clock in a range is outside the 64-bit integers.")
        redacted = self._pieces([32] * sizes.count(0))
        present = self._pieces([size - 1 for size in sizes if size])
        hashes = [sha256(payload).digest() for payload in present]
        if not redacted:
            return Range(ref, start, hint, lamports, claims, present, hashes, signature)
        payloads, merged = _merged(sizes, present, hashes, redacted)
        return Range(ref, start, hint, lamports, claims, payloads, merged, signature)

    def _take(self, layout: struct.Struct) -> Any:
        found = layout.unpack_from(self.content, self.at)
        self.at += layout.size
        return found

    def _column(self, n: int, width: int) -> Sequence[int]:
        if width not in _CODES:
            raise Malformed("A column of a frame has no width that is known.")
        found = struct.unpack_from(f">{n}{_CODES[width]}", self.content, self.at)
        self.at += n * width
        return found

    def _pieces(self, sizes: Sequence[int]) -> list[bytes]:
        ends = list(accumulate(sizes, initial=self.at))
        self.at = ends[-1]
        return [self.content[start:end] for start, end in pairwise(ends)]


def _merged(
    sizes: Sequence[int], present: Sequence[bytes], hashes: Sequence[bytes], redacted: Sequence[bytes]
) -> tuple[list[bytes | None], list[bytes]]:
    """Payloads and hashes, with those of redacted entries at their places."""
    payloads, known, spare = iter(present), iter(hashes), iter(redacted)
    return [next(payloads) if size else None for size in sizes], [next(known if size else spare) for size in sizes]


def split(ranges: Iterable[Range], bytes_max: int) -> Iterator[list[Range]]:
    """Ranges in groups of about `bytes_max` each, for one frame a group."""
    group: list[Range] = []
    size = 0
    for item in ranges:
        if group and size + item.size > bytes_max:
            yield group
            group, size = [], 0
        group.append(item)
        size += item.size
    if group:
        yield group
