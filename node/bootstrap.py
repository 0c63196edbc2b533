"""The one place where the parts are put together: folder, keys, database, log, fold, peers, servers, scheduler.

Real time and real randomness enter here and nowhere else.
"""

import gc
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import peewee

from node import files, record, server
from node.bulk import decode_all
from node.catalogue import team_names
from node.config import Config
from node.fold import Projector
from node.folding.names import search_key
from node.hosting import Serving
from node.units import format_time
from sync import bundle, client, pairing
from sync import server as sync_server
from sync.discovery import Discovery
from sync.errors import Malformed, NotFound
from sync.fence import FileFence
from sync.identity import Clock, Keys, Rng, node_id, parse_node_id
from sync.log import Log
from sync.peers import Peers
from sync.scheduler import Schedule

# The network of real relief work. Drills and demos draw a network of their own, so that they never mix with it.
RELIEF_NETWORK = bytes.fromhex("b5c6f1a2940e4d7a8a3d61e07f29c8d4")

NETWORK_BYTES = 16


def new_network(rng: Rng = os.urandom) -> bytes:
    """A network of its own, for a drill or a demo."""
    return rng(NETWORK_BYTES)


def now_ms() -> int:
    """The machine's wall clock in ms since 1970 UTC."""
    return time.time_ns() // 1_000_000


Service = TypeVar("Service", bound="Stoppable")


def calm_collector() -> None:
    """For programs of this project, once all is imported: collect cyclic garbage less often.

    An exchange makes hundreds of thousands of small objects and hardly a cycle; walking them all again and again costs
    a tenth of its time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class Stoppable(Protocol):
    """Something that runs until it is told to stop."""

    def stop(self) -> None:
        """Stop it."""


@dataclass
class Node:
    """One team's node with all its parts. `clock` gives ms since 1970 UTC, `rng` so many random bytes."""

    config: Config
    keys: Keys
    clock: Clock
    rng: Rng
    log: Log
    fold: Projector
    peers: Peers
    running: list[Stoppable] = field(default_factory=list)

    @property
    def db(self) -> peewee.SqliteDatabase:
        """The one database of the node."""
        return self.log.db

    @property
    def network(self) -> bytes:
        """The 16 bytes of the node's network."""
        return self.log.network

    @property
    def id(self) -> str:
        """The node id as text."""
        return node_id(self.keys.node)

    # peers

    def sync_now(self, peer: str | None = None) -> list[dict[str, Any]]:
        """Exchange with one peer (node id or name) or with all that have an address: how each went."""
        chosen = [self._peer(peer)] if peer else [one.node for one in self.peers.with_addresses()]
        return [client.sync_with(self.log, self.peers, key) for key in chosen]

    def invite(self) -> dict[str, Any]:
        """A one-time invitation: `{code, node, addresses}`."""
        addresses = self.sync_addresses()
        return {"code": pairing.invite(self.log, addresses), "node": self.id, "addresses": addresses}

    def join(self, code: str, address: str | None = None) -> dict[str, Any]:
        """Pair with the node that made this code, at one of its addresses or at this one: `{peer, name, addresses}`."""
        return pairing.join(self.log, self.peers, code, address, self.sync_addresses(), self.team_name())

    def peer_rows(self) -> list[dict[str, Any]]:
        """The nodes that this one knows, with times as ISO 8601."""
        names = team_names(self)
        return [_told(row, names.get(parse_node_id(row["peer"]), "")) for row in self.peers.rows()]

    def _peer(self, text: str) -> bytes:
        """The key of a node named by its id, by its team's name, or by the name that it paired under."""
        wanted = search_key(text)
        named = [row["peer"] for row in self.peer_rows() if search_key(row["name"]) == wanted]
        return parse_node_id(named[0]) if len(named) == 1 else self.peers.find(text).node

    def block(self, node: str, after: str | None = None) -> None:
        """Stop believing a node, from after one of its entries or altogether."""
        key, last = self._peer(node), self._entry(after) if after else None
        with self.log.transaction():
            self.peers.name(key, team_names(self).get(key, ""))
            self.log.block(key, last)

    def accept(self, node: str) -> None:
        """Believe a node that is unknown or was blocked."""
        self.log.accept(self._peer(node))

    def _entry(self, text: str) -> bytes:
        found = self.log.find(text)
        if len(found) != 1:
            raise NotFound(f"{len(found) or 'No'} entries begin with {text!r}.", todo="Give more of the id.")
        return found[0].id

    def bundle_write(self, path: Path, for_node: str | None = None) -> dict[str, int]:
        """Write a courier file: `{entries, bytes}`."""
        return bundle.write(self.log, self.peers, path, self._peer(for_node) if for_node else None)

    def bundle_read(self, path: Path) -> dict[str, Any]:
        """Take in a courier file: `{received, duplicates, missing}`."""
        return bundle.read(self.log, self.peers, path)

    def digest(self) -> dict[str, str]:
        """What this node holds, whom it folds and what that comes to: `{root, policy, stock}` in hex."""
        with self.log.reading():
            root, policy = self.log.digest()
            return {"root": root, "policy": policy, "stock": self.fold.digest()}

    def team_name(self) -> str:
        """What the node's team calls itself."""
        rows = self.db.execute_sql("SELECT name FROM team WHERE node = ?", (self.keys.node,)).fetchall()
        return str(rows[0][0]) if rows else ""

    # running

    def start_web_server(self, host: str, port: int) -> Serving:
        """Serve the pages and the API."""
        return self._started(server.serve(self, host, port))

    def start_sync_server(self, host: str, port: int) -> sync_server.Serving:
        """Serve peers; where it listens is remembered for invitations."""
        inviter = pairing.Inviter(self.log, self.peers, self.team_name, self.sync_addresses)
        app = sync_server.make_app(self.log, self.peers, inviter.answer)
        started = self._started(sync_server.serve(app, host, port))
        self._listen_on(host, started.address[1])
        return started

    def start_scheduler(self) -> Any:
        """Exchange with every peer that is due, again and again."""
        return self._started(Schedule(self.log, self.peers, self.config.sync_seconds))

    def start_discovery(self) -> Discovery:
        """Say on the local network that a node is here, and notice paired nodes that are near."""
        _, port = self._listening()
        return self._started(Discovery(self.log, self.peers, own_addresses(), int(port)))

    def _started(self, service: Service) -> Service:
        self.running.append(service)
        return service

    def _listen_on(self, host: str, port: int) -> None:
        with self.log.transaction():
            self.log.store.set_meta("listening", f"{host} {port}".encode())

    def sync_addresses(self) -> list[str]:
        """Where peers reach this node: the addresses in its configuration, else those of its own network cards."""
        if self.config.addresses:
            return list(self.config.addresses)
        host, port = self._listening()
        hosts = own_addresses() if host in ("0.0.0.0", "::") else [host]
        return [f"http://{name}:{port}" for name in hosts]

    def _listening(self) -> list[str]:
        kept = self.log.store.meta("listening") or f"127.0.0.1 {self.config.sync_port}".encode()
        return kept.decode().split()

    def close(self) -> None:
        """Stop what runs and close the database."""
        while self.running:
            self.running.pop().stop()
        self.db.close()


def _told(row: dict[str, Any], team: str) -> dict[str, Any]:
    times, row = ("last_ok", "last_try", "heard", "paired_at"), row | {"name": team or row["name"]}
    return {key: format_time(value) if key in times and value is not None else value for key, value in row.items()}


def own_addresses() -> list[str]:
    """IPv4 addresses of this machine's network cards, those on a local network first; asks nobody."""
    import ifaddr

    found = [str(ip.ip) for card in ifaddr.get_adapters() for ip in card.ips if ip.is_IPv4]
    return [ip for ip in found if not ip.startswith("127.")] or ["127.0.0.1"]


def open_node(config: Config, clock: Clock = now_ms, rng: Rng = os.urandom) -> Node:
    """The node in a folder; NoNode where there is none."""
    keys = files.read_keys(config.data)
    if not files.exists(config.data):
        raise files.NoNode(
            f"There are keys in {config.data}, but no database.",
            todo="Restore a backup, or move the folder away and run `bucketline init --team NAME`.",
        )
    return _wire(config, keys, RELIEF_NETWORK, clock, rng)


def init(
    config: Config, team: str, network: bytes | None = None, clock: Clock = now_ms, rng: Rng = os.urandom
) -> tuple[Node, bool]:
    """A node in this folder, and whether it is new; an old one is opened and left as it is."""
    if files.exists(config.data):
        return open_node(config, clock, rng), False
    if not team.strip():
        raise Malformed("A team needs a name.", todo="Run `bucketline init --team NAME`.")
    keys = files.make_keys(config.data, rng)
    node = _wire(config, keys, network or RELIEF_NETWORK, clock, rng)
    record.name_team(node, team)
    return node, True


def _wire(config: Config, keys: Keys, network: bytes, clock: Clock, rng: Rng) -> Node:
    db = files.open_database(config.data)
    return wire(config, keys, network, clock, rng, db, FileFence(config.data / files.FENCE), files.machine_mark())


def wire(
    config: Config, keys: Keys, network: bytes, clock: Clock, rng: Rng, db: Any, fence: Any, machine: str = ""
) -> Node:
    """A node out of its parts; tests hand in a database in memory."""
    fold = Projector(db)
    log = Log(db, keys, network, fold, clock, rng, fence, config.limits, machine, fold, decode_all)
    fold.attach(log)
    return Node(config, keys, clock, rng, log, fold, Peers(log))
