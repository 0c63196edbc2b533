"""What pages, API and logins need of a running node: its parts, as they are wired in one place."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from node import fold


class Node(fold.Node, Protocol):
    """A node whose parts are wired. The calls about peers raise a Problem where they could not be done."""

    config: Any  # with `data`, the node's folder

    @property
    def id(self) -> str:
        """The node id as text."""

    @property
    def network(self) -> bytes:
        """The 16 bytes that keep a training exercise and the real thing apart."""

    def peer_rows(self) -> list[dict[str, Any]]:
        """The nodes that this one knows, as `peer list` tells them."""

    def sync_now(self, peer: str | None = None) -> Sequence[dict[str, Any]]:
        """Exchange with one or all peers: how each went, as `sync` tells it."""

    def invite(self) -> dict[str, Any]:
        """A one-time invitation: `{code, addresses}`."""

    def join(self, code: str, address: str | None = None) -> Any:
        """Pair with the node that made this code."""

    def block(self, node: str, after: str | None = None) -> Any:
        """Stop believing a node."""

    def accept(self, node: str) -> Any:
        """Believe a node that is unknown or was blocked."""

    def bundle_write(self, path: Path, for_node: str | None = None) -> dict[str, Any]:
        """Write a courier file: `{entries, bytes, recipients}`."""

    def bundle_read(self, path: Path) -> dict[str, Any]:
        """Take in a courier file: `{received, duplicates, missing}`."""
