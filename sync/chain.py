"""The rules by which a range of entries is believed, as pure functions.

- each entry's `prev` is the id of the one before it: the ids are computed here, so that nothing else can be claimed;
- the author's signature on the last id holds, which vouches for every entry before it;
- lamport times grow within a log, and no faster than a bound, so that one liar can't exhaust them;
- a payload is strict JSON (see `strict`); a redacted one is known by its hash alone;
- a log begins with a genesis, whose node key is the author of all that follows.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sync.entry import ZERO, chain_ids, read_genesis, signed_bytes
from sync.errors import Malformed, Untrue
from sync.frame import Range
from sync.identity import verify
from sync.limits import Limits


class Before(NamedTuple):
    """The entry that a range follows: its id and lamport; the start of a log has ZERO and -1."""

    id: bytes
    lamport: int


START = Before(ZERO, -1)


def author_of(item: Range, network: bytes) -> tuple[bytes, bytes, bytes]:
    """(node, agree, agree_sig) named by the genesis that this range begins with."""
    if item.start != 0 or item.payloads[0] is None:
        raise Untrue("A log that isn't known here doesn't begin with its genesis.")
    return read_genesis(item.payloads[0], network)


def link(item: Range, network: bytes, log: bytes, node: bytes, before: Before, limits: Limits) -> list[bytes]:
    """The ids of a range's entries; Untrue or Malformed where a rule is broken. Cheap rules come first."""
    _check_lamports(item.lamports, before, limits)
    log_field = ZERO if item.start == 0 else log
    ids = chain_ids(network, log_field, item.start, before.id, item.lamports, item.claims, item.hashes)
    if item.start == 0 and ids[0] != log:
        raise Untrue("A log's id isn't the hash of its genesis.")
    if not verify(node, signed_bytes(ids[-1]), item.signature):
        raise Untrue("A signature doesn't hold: these entries aren't as their author wrote them.")
    return ids


def _check_lamports(lamports: Sequence[int], before: Before, limits: Limits) -> None:
    last = before.lamport
    jump_max = limits.lamport_jump_max
    for lamport in lamports:
        if not last < lamport <= last + jump_max:
            raise Malformed("A lamport time runs backwards or too far ahead in a log.")
        last = lamport
