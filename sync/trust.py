"""Whom a node listens to: its own decision, computed from vouches and its own blocks.

Rules, in the order in which they are applied:
1. the node trusts itself;
2. it trusts whom it has vouched for itself ("paired"), and whom a trusted node has vouched for ("vouched"), as deep as
   its own `depth_max` allows;
3. one node's vouches count only up to a budget, oldest first, so that one bad neighbour can't bring ten thousand keys;
4. a blocked node's vouches don't count, so that those who were reachable through it alone drop out too;
5. a block is sticky: no vouch of another lifts it. Of a blocked node what is believed is bounded by a lamport time.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NOTHING = -1  # a lamport bound below every entry


@dataclass(frozen=True)
class Policy:
    """The explicit input of every decision: own key, vouches in order (voucher to subjects), own blocks.

    `blocks` maps a node to the last lamport time of it that is still believed.
    """

    me: bytes
    vouches: Mapping[bytes, Sequence[bytes]] = field(default_factory=dict)
    blocks: Mapping[bytes, int] = field(default_factory=dict)
    vouches_per_node_max: int = 500
    depth_max: int | None = None


def reach(policy: Policy) -> dict[bytes, str]:
    """Trusted nodes, nearest first, each with how: "self", "paired" or "vouched"."""
    found = {policy.me: "self"}
    queue = deque([(policy.me, 0)])
    while queue:
        voucher, depth = queue.popleft()
        if policy.depth_max is not None and depth >= policy.depth_max:
            continue
        for subject in policy.vouches.get(voucher, ())[: policy.vouches_per_node_max]:
            if subject not in found and subject not in policy.blocks:
                found[subject] = "paired" if voucher == policy.me else "vouched"
                queue.append((subject, depth + 1))
    return found


def standing(policy: Policy, reached: Mapping[bytes, str], node: bytes) -> str:
    """What the node is to us: "self", "paired", "vouched", "blocked" or "unknown"."""
    if node in policy.blocks and node != policy.me:
        return "blocked"
    return reached.get(node, "unknown")


def believed(policy: Policy, reached: Mapping[bytes, str], node: bytes) -> int | None:
    """Up to which lamport time a node's entries are folded and relayed: None for all, NOTHING for none."""
    if node == policy.me:
        return None
    if node in policy.blocks:
        return policy.blocks[node]
    return None if node in reached else NOTHING
