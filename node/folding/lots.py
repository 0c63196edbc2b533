"""Which lots goods come from where nobody says: first expired, first out.

Lots with an expiry date come first, the earliest first, then those without one in the order in which they were written
down, and what lies in no named lot ("") last. What has expired is taken after all that hasn't: nobody hands it out
while there is other. What the books don't hold goes on "": that it was handed out is a fact all the same.
"""

from collections.abc import Mapping
from types import MappingProxyType

Stamps = Mapping[str, bytes]
_NEVER = b"\xff"  # of a lot of which nobody has said anything: after all others


def in_order(lots: Mapping[str, int], expiries: Mapping[str, str], came: Stamps = MappingProxyType({})) -> list[str]:
    """Named lots of which something is on hand, in the order in which they are used up. `came` has stamps that sort by
    when lots were written down."""
    held = [lot for lot, qty in lots.items() if lot and qty > 0]
    return sorted(held, key=lambda lot: (not expiries.get(lot), expiries.get(lot, ""), came.get(lot, _NEVER), lot))


def take(
    lots: dict[str, int],
    expiries: Mapping[str, str],
    qty: int,
    today: str = "",
    came: Stamps = MappingProxyType({}),
) -> list[tuple[str, int]]:
    """Split a quantity over lots on hand, and take it from them: pairs of lot and quantity, none of them zero.

    With `today` (YYYY-MM-DD), lots that expired before it are the last of which something is taken.
    """
    taken: dict[str, int] = {}
    named = in_order(lots, expiries, came)
    expired = [lot for lot in named if "" < expiries.get(lot, "") < today]
    good = [lot for lot in named if lot not in expired]
    for lot in [*good, "", *expired]:
        part = min(qty, max(0, lots.get(lot, 0)))
        if part:
            taken[lot] = part
            qty -= part
    if qty:
        taken[""] = taken.get("", 0) + qty
    for lot, part in taken.items():
        lots[lot] = lots.get(lot, 0) - part
    return list(taken.items())


def seen(
    lots: Mapping[str, int],
    expiries: Mapping[str, str],
    qty: int,
    today: str = "",
    came: Stamps = MappingProxyType({}),
) -> list[tuple[str, int]]:
    """How a count of the whole item lies in named lots: as the books expected.

    What is missing was most likely handed out, so that it is taken off like a drop; what is there beyond the books lies
    in no named lot, and none of any lot can be less than nothing.
    """
    left = {lot: held for lot, held in lots.items() if held > 0}
    short = sum(left.values()) - qty
    if short > 0:
        take(left, expiries, short, today, came)
    return sorted((lot, held) for lot, held in left.items() if lot and held > 0)
