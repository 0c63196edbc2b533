"""Where words lie in the image of an SQLite database: in what it holds and in what it freed, page by page.

SQLite copies rows when it spreads them over pages anew, and leaves their old bytes in the unused middle of a page, also
where it overwrites what it frees. No query reaches them and the next rows overwrite them; they are left out here.
"""

import re
import struct
from collections.abc import Iterable

_TREE = (2, 5, 10, 13)  # the first byte of a page of a tree
_HEADER = struct.Struct(">BHHH")  # kind, first free block, number of cells, where their content starts
FILE_HEADER_BYTES = 100


def held(image: bytes, words: Iterable[bytes]) -> set[bytes]:
    """Those of these words that lie anywhere but in the unused middle of a page."""
    size = struct.unpack(">H", image[16:18])[0]
    size = 65536 if size == 1 else size
    spots = {word: [hit.start() for hit in re.finditer(re.escape(word), image)] for word in words if word in image}
    return {word for word, found in spots.items() if any(_counts(image, at, size) for at in found)}


def _counts(image: bytes, at: int, size: int) -> bool:
    start = at // size * size
    kind, _, _, content = _HEADER.unpack_from(image, start + (0 if start else FILE_HEADER_BYTES))
    return kind not in _TREE or at - start >= (content or 65536)
