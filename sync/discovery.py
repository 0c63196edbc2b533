"""Who is near on the LAN, by multicast DNS. Off unless the team asks for it: it tells others that a node is here.

It only learns addresses of nodes that are trusted already, and never talks to strangers. What is announced is the port
and a name that those alone can recognise who know the node's key:

    the first 8 bytes of SHA-256("bucketline lan\\0" | network 16 | node key 32), in hex
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Protocol

from sync.client import parse_address
from sync.errors import Malformed
from sync.log import Log

SERVICE = "_bucketline._tcp.local."
ASK_MS_MAX = 3000  # how long to wait for the details of one announcement


class Watcher(Protocol):
    """Who wants to know (`sync.peers.Peers`)."""

    def seen(self, node: bytes, address: str) -> None:
        """A trusted node says that it is at this address."""


def lan_name(network: bytes, node: bytes) -> str:
    """What a node announces itself as."""
    return sha256(b"bucketline lan\0" + network + node).digest()[:8].hex()


class Discovery:
    """Announces this node at `hosts` (IP addresses) and `port`, and listens for others, until it is stopped."""

    def __init__(self, log: Log, watcher: Watcher, hosts: list[str], port: int) -> None:
        from zeroconf import ServiceBrowser, ServiceInfo, Zeroconf  # slow to import, and seldom wanted

        self.log, self.watcher = log, watcher
        self._zeroconf: Any = Zeroconf(interfaces=hosts)
        name = f"{lan_name(log.network, log.keys.node)}.{SERVICE}"
        self._zeroconf.register_service(ServiceInfo(SERVICE, name, port, parsed_addresses=hosts))
        self._browser = ServiceBrowser(self._zeroconf, SERVICE, listener=self)

    def found(self, name: str, hosts: Iterable[str], port: int) -> None:
        """Somebody announces itself: pass it on if it is a node that is trusted."""
        with self.log.reading():
            trusted = {lan_name(self.log.network, node): node for node in self.log.known_keys()}
        node = trusted.get(name.removesuffix("." + SERVICE))
        if node is None:
            return
        for host in hosts:
            try:
                address = parse_address(f"http://{f'[{host}]' if ':' in host else host}:{port}")
            except Malformed:
                continue
            self.watcher.seen(node, address)
            return

    def add_service(self, zeroconf: Any, kind: str, name: str) -> None:
        """Called by zeroconf in its own thread: an announcement is new."""
        info = zeroconf.get_service_info(kind, name, timeout=ASK_MS_MAX)
        if info and info.port:
            self.found(name, info.parsed_addresses(), info.port)

    update_service = add_service

    def remove_service(self, zeroconf: Any, kind: str, name: str) -> None:
        """Called by zeroconf: a node has left. Its addresses stay: it may be reached by others of them."""

    def stop(self) -> None:
        """Take back the announcement and stop listening."""
        self._zeroconf.unregister_all_services()
        self._zeroconf.close()
