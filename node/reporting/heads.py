"""Which entries a report covers, as text: the ends of all logs, from which the root and all entries before follow.

Each end is the log's id, its last number and the id of the entry there, in base64.
"""

import base64
from collections.abc import Sequence

from sync.digest import Leaf, root
from sync.errors import Untrue

_BYTES = 72


def write(leaves: Sequence[Leaf]) -> str:
    """The ends as one text, parted by spaces."""
    return " ".join(base64.urlsafe_b64encode(log + seq.to_bytes(8, "big") + head).decode() for log, seq, head in leaves)


def read(text: str, root_hex: str) -> list[Leaf]:
    """What `write` wrote; Untrue where it isn't what has this root digest."""
    try:
        parts = [base64.b64decode(part, altchars=b"-_", validate=True) for part in text.split()]
    except ValueError:
        parts = [b""]
    leaves = [Leaf(part[:32], int.from_bytes(part[32:40], "big"), part[40:]) for part in parts]
    if any(len(part) != _BYTES for part in parts) or root(leaves).hex() != root_hex:
        raise Untrue("The heads in this report are not those of the root that it names.", kept="")
    return leaves
