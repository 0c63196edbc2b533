"""What a node remembers of its peers: where they are, how the last attempts went, and how far each holds the other.

One table in the node's own database, keyed by node key, so that it is backed up and moved together with the log. All
times are ms since 1970 UTC by the node's own clock.
"""

import json
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

import peewee
from peewee import BigIntegerField, BlobField, TextField

from sync.client import parse_address
from sync.errors import Malformed, NotFound, OutOfRange
from sync.identity import node_id, parse_node_id
from sync.log import Log
from sync.messages import Cursor

BACKOFF_MS_MIN = 30_000
BACKOFF_MS_MAX = 3_600_000
ADDRESSES_MAX = 8  # kept of one peer
NAME_CHARS_MAX = 80
SKEW_STEP_MS = 1000  # smaller changes of a clock's difference aren't worth a write


def clean_name(text: str) -> str:
    """A name that another node calls itself by, fit to be shown on one line."""
    plain = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text)
    return " ".join(plain.split())[:NAME_CHARS_MAX]


def clean_addresses(texts: Iterable[str]) -> list[str]:
    """Those of these that are addresses, each once, at most `ADDRESSES_MAX`: what isn't one is left out."""
    found: dict[str, None] = {}
    for text in texts:
        try:
            found[parse_address(text)] = None
        except Malformed:
            continue
    return list(found)[:ADDRESSES_MAX]


def _table(db: peewee.SqliteDatabase) -> Any:
    """The table, bound to one database: one process may hold several nodes."""

    class PeerRow(peewee.Model):
        node = BlobField(primary_key=True)
        name = TextField(default="")
        addresses = TextField(default="[]")  # JSON, best first
        paired_at = BigIntegerField(null=True)
        last_try = BigIntegerField(null=True)
        last_ok = BigIntegerField(null=True)
        failures = BigIntegerField(default=0)
        next_try = BigIntegerField(default=0)
        held_store = BlobField(null=True)
        held_tick = BigIntegerField(default=0)
        given_store = BlobField(null=True)
        given_tick = BigIntegerField(default=0)
        skew_ms = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "peer"

    return PeerRow


class Peer(NamedTuple):
    """A node as it is tried: its key, what it calls itself, and its addresses, best first."""

    node: bytes
    name: str
    addresses: list[str]


class Peers:
    """The peers of one node. Also the `Memory` of its exchanges and the `Book` of its client."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._rows = _table(log.db)
        self._nearby: dict[bytes, str] = {}  # seen on the LAN since this process began
        with log.transaction():
            self._rows.create_table(safe=True)

    def _get(self, node: bytes) -> Any:
        """The row of a node; one that isn't in the table has all defaults."""
        return self._rows.get_or_none(self._rows.node == node) or self._rows(node=node)

    def _set(self, node: bytes, **values: Any) -> None:
        with self.log.transaction():
            changed = self._rows.update(**values).where(self._rows.node == node).execute()
            if not changed:
                self._rows.create(node=node, **values)

    # pairing

    def add(self, node: bytes, name: str, addresses: Iterable[str]) -> Peer:
        """A node that was paired with: its name and addresses, cleaned, to be tried at once."""
        with self.log.transaction():
            known = self._get(node)
            self._set(
                node,
                name=clean_name(name) or known.name,
                addresses=json.dumps(clean_addresses([*addresses, *json.loads(known.addresses)])),
                paired_at=self.log.clock(),
                failures=0,
                next_try=0,
            )
            return self._peer(self._get(node))

    def name(self, node: bytes, name: str) -> None:
        """Remember what a node is called, for when its own word for it is no longer listened to."""
        if clean_name(name):
            self._set(node, name=clean_name(name))

    def seen(self, node: bytes, address: str) -> None:
        """Somebody on the LAN says that this node is at this address: try it there first, and soon.

        Anyone can say so. It is kept in memory only, one address a node, until an exchange over it has succeeded.
        """
        if self._nearby.get(node) != address:
            self._nearby[node] = address
            if self._get(node).failures:
                self._set(node, failures=0, next_try=0)

    def addresses(self, node: bytes) -> list[str]:
        """Where to try to reach a node, best first."""
        return self._peer(self._get(node)).addresses

    def _peer(self, row: Any) -> Peer:
        node = bytes(row.node)
        nearby = [self._nearby[node]] if node in self._nearby else []
        return Peer(node, row.name, list(dict.fromkeys([*nearby, *json.loads(row.addresses)])))

    # attempts

    def tried(self, node: bytes, ok: bool, address: str | None = None) -> None:
        """Note an attempt: success makes the address the first, failure doubles the wait up to an hour, with jitter."""
        now, known = self.log.clock(), self._get(node)
        if not ok:
            failures = known.failures + 1
            self._set(node, last_try=now, failures=failures, next_try=now + self._wait(failures))
            return
        values: dict[str, Any] = {"last_try": now, "last_ok": now, "failures": 0, "next_try": 0}
        order = json.loads(known.addresses)
        if address and order[:1] != [address]:
            values["addresses"] = json.dumps(clean_addresses([address, *order]))
        self._set(node, **values)

    def _wait(self, failures: int) -> int:
        """Half of the full wait and a random part of the other half, so that nodes don't call in step."""
        full = min(BACKOFF_MS_MIN << min(failures - 1, 20), BACKOFF_MS_MAX)
        return full // 2 + full // 2 * int.from_bytes(self.log.rng(2), "big") // 0xFFFF

    def due(self) -> list[Peer]:
        """Trusted nodes with an address that may be tried now, longest untried first.

        A `next_try` further ahead than any wait can be was written by a clock that has been set back since.
        """
        now, row = self.log.clock(), self._rows
        soon = (row.next_try <= now) | (row.next_try > now + BACKOFF_MS_MAX)
        return self._to_try(row.select().where(soon).order_by(row.last_try, row.node))

    def with_addresses(self) -> list[Peer]:
        """Trusted nodes that can be tried, due or not."""
        return self._to_try(self._rows.select().order_by(self._rows.name, self._rows.node))

    def _to_try(self, rows: Iterable[Any]) -> list[Peer]:
        with self.log.reading():
            found = [peer for peer in map(self._peer, rows) if peer.addresses]
            return [peer for peer in found if self.log.trust_of(peer.node) in ("paired", "vouched")]

    def find(self, text: str) -> Peer:
        """A peer by node id or by name (case doesn't matter); NotFound, or OutOfRange where several bear the name."""
        with suppress(Malformed):
            return self._peer(self._get(parse_node_id(text)))
        wanted = clean_name(text).casefold()
        found = [p for p in map(self._peer, self._rows.select()) if p.name.casefold() == wanted]
        if not found:
            raise NotFound(f"No peer is called {text[:80]!r}.", todo="See `bucketline peer list`.")
        if len(found) > 1:
            ids = ", ".join(node_id(p.node) for p in found)
            raise OutOfRange(f"Several peers are called {text[:80]!r}: {ids}.", todo="Use the id.")
        return found[0]

    # memory of exchanges

    def held(self, node: bytes) -> Cursor | None:
        """How far we durably hold what this peer has."""
        row = self._get(node)
        return (bytes(row.held_store), row.held_tick) if row.held_store else None

    def set_held(self, node: bytes, store: bytes, tick: int) -> None:
        """Remember that."""
        if self.held(node) != (store, tick):
            self._set(node, held_store=store, held_tick=tick)

    def given(self, node: bytes) -> Cursor | None:
        """How far the peer last said that it holds what we have."""
        row = self._get(node)
        return (bytes(row.given_store), row.given_tick) if row.given_store else None

    def set_given(self, node: bytes, store: bytes, tick: int) -> None:
        """Remember that."""
        if self.given(node) != (store, tick):
            self._set(node, given_store=store, given_tick=tick)

    def note_skew(self, node: bytes, ms: int) -> None:
        """Remember how far the peer's clock is ahead of ours."""
        known = self._get(node).skew_ms
        if known is None or abs(known - ms) >= SKEW_STEP_MS:
            self._set(node, skew_ms=max(-(1 << 62), min(ms, 1 << 62)))

    # lists

    def rows(self) -> list[dict[str, Any]]:
        """All nodes that are known, paired or not, best trusted first.

        Rows {peer, name, trust, addresses, last_ok, last_try, failures, skew_ms, heard, paired_at}: `peer` is the node
        id, times are ms or None, `heard` is how far its news reaches.
        """
        with self.log.reading():
            heard = self.log.heard()
            rows = [self._row(node, heard.get(node)) for node in self._known()]
        order = ["paired", "vouched", "unknown", "blocked"]
        return sorted(rows, key=lambda row: (order.index(row["trust"]), row["name"].casefold(), row["peer"]))

    def _known(self) -> set[bytes]:
        policy, reached = self.log.policy()
        authors = {row.node for row in self.log.store.logs().values()}
        own_table = {bytes(row.node) for row in self._rows.select(self._rows.node)}
        return (own_table | authors | set(reached) | set(policy.blocks)) - {self.log.keys.node}

    def _row(self, node: bytes, heard: int | None) -> dict[str, Any]:
        row = self._get(node)
        return {
            "peer": node_id(node),
            "name": row.name,
            "trust": self.log.trust_of(node),
            "addresses": self._peer(row).addresses,
            "last_ok": row.last_ok,
            "last_try": row.last_try,
            "failures": row.failures,
            "skew_ms": row.skew_ms,
            "heard": heard,
            "paired_at": row.paired_at,
        }
