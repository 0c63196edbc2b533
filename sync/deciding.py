"""Whom a node listens to, as its store has it: vouches and blocks in, and what of each branch is folded and told out.

The rules themselves are those of `sync.trust`; a change of mind shows or hides branches.
"""

import peewee

from sync import trust
from sync.entry import Vouch, open_keys
from sync.errors import NotFound, Problem
from sync.identity import Keys
from sync.intake import Folded, Intake
from sync.limits import Limits
from sync.rows import NONE, Branch, place
from sync.writing import Application, Writer

NOTES = "peer "  # begins the names of notes on peers that hold as long as nobody is trusted anew or blocked


class Decider(Writer):
    """A store that shows and tells of each log what its node has decided to believe."""

    def __init__(self, db: peewee.SqliteDatabase, app: Application, keys: Keys, limits: Limits) -> None:
        super().__init__(db, app)
        self.keys, self.limits = keys, limits
        self._policy: tuple[trust.Policy, dict[bytes, str]] | None = None
        self._policy_moved = False

    def _forget(self) -> None:
        super()._forget()
        self._policy = None

    def _note_controls(self, intake: Intake) -> None:
        for node, fact, lamport, id in intake.controls:
            if not isinstance(fact, Vouch):
                continue
            try:
                subject, agree, agree_sig = open_keys(fact)
            except Problem:
                continue  # a vouch that doesn't hold says nothing
            sql = "INSERT OR IGNORE INTO vouch VALUES (?, ?, ?, ?, ?, ?)"
            self.store.run(sql, node, subject, agree, agree_sig, lamport, id)
            self._move_policy()

    def _move_policy(self) -> None:
        self._policy, self._policy_moved = None, True

    def policy(self) -> tuple[trust.Policy, dict[bytes, str]]:
        """The vouches and blocks that count now, and whom they reach."""
        if self._policy is None:
            vouches: dict[bytes, list[bytes]] = {}
            for voucher, subject in self.store.query("SELECT voucher, subject FROM vouch ORDER BY lamport, id"):
                vouches.setdefault(voucher, []).append(subject)
            blocks = dict(self.store.query("SELECT node, lamport FROM block"))
            policy = trust.Policy(self.keys.node, vouches, blocks, self.limits.vouches_per_node_max)
            self._policy = policy, trust.reach(policy)
        return self._policy

    def _judge(self, node: bytes) -> tuple[str, int | None]:
        policy = self.policy()
        return trust.standing(*policy, node), trust.believed(*policy, node)

    def _apply_policy(self, intake: Intake) -> tuple[list[Folded], bool]:
        """Show and hide branches as the policy now has it: newly folded entries, and whether any left the books."""
        grown: list[Folded] = []
        shrank = False
        if not self._policy_moved:
            return grown, shrank
        self._policy_moved = False
        self.store.drop_meta(NOTES)
        for log, branch in self.store.branches():
            before = branch.shown
            if not self._show(branch, self._judge(log.node)[1]):
                continue
            intake.touched[branch.no] = branch
            intake.tick += 1
            shrank |= branch.shown < before
            grown.extend(self._between(log, branch, max(before, branch.base) + 1, branch.shown))
        return grown, shrank

    def _show(self, branch: Branch, bound: int | None) -> bool:
        """Set what of a branch is folded and told; whether that changed."""
        shown = leaf = branch.seq
        if bound is not None:
            shown = self.store.last_seq(branch.no, bound, signed=False) if bound >= 0 else NONE
            leaf = self.store.last_seq(branch.no, bound, signed=True) if bound >= 0 else NONE
        if (branch.shown, branch.leaf_seq) == (shown, leaf):
            return False
        branch.shown, branch.leaf_seq = shown, leaf
        branch.leaf_head = (self.store.id_at(branch, leaf) or b"") if leaf >= 0 else b""
        branch.shown_since = 0
        return True

    def _lamport_of(self, node: bytes, entry: bytes) -> int:
        row = self.store.by_id(entry)
        if row is None or self.store.by_branch(place(row[0])[0])[0].node != node:
            raise NotFound("This node has no such entry.", todo="Look it up with `bucketline log`.")
        return row[2]

    def trust_of(self, node: bytes) -> str:
        """What a node is to us: "self", "paired", "vouched", "unknown" or "blocked"."""
        self.refresh()
        return trust.standing(*self.policy(), node)

    def keys_of(self, node: bytes) -> tuple[bytes, bytes] | None:
        """(agree, agree_sig) of a node, from its logs or from a vouch."""
        rows = self.store.query(
            "SELECT agree, agree_sig FROM log WHERE node = ? UNION ALL"
            " SELECT agree, agree_sig FROM vouch WHERE subject = ? LIMIT 1",
            node,
            node,
        )
        return (bytes(rows[0][0]), bytes(rows[0][1])) if rows else None

    def known_keys(self) -> dict[bytes, bytes]:
        """Agreement keys of the nodes that we talk to: paired, or reachable through vouches, and not blocked."""
        self.refresh()
        found = {node: self.keys_of(node) for node, how in self.policy()[1].items() if how != "self"}
        return {node: keys[0] for node, keys in found.items() if keys}
