"""Exchange with every peer that is due, again and again, in one thread of its own."""

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from sync.client import Book, Connect, sync_with
from sync.log import Log

_log = logging.getLogger(__name__)


class Target(Protocol):
    """A peer that may be tried."""

    @property
    def node(self) -> bytes:
        """Its node key."""


class Roster(Book, Protocol):
    """Who is due (`sync.peers.Peers`)."""

    def due(self) -> Sequence[Target]:
        """The peers to try now."""


class Schedule:
    """A round at once, then one every `seconds`, give or take a tenth, so that nodes don't call in step.

    A round that takes longer than that isn't started twice, and rounds that were missed aren't made up for.
    """

    def __init__(self, log: Log, roster: Roster, seconds: int, connect: Connect | None = None) -> None:
        self.log, self.roster, self.connect = log, roster, connect
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(timezone="UTC", executors={"default": ThreadPoolExecutor(1)})
        options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._scheduler.add_job(self.round, "date", **options)
        self._scheduler.add_job(self.round, "interval", seconds=seconds, jitter=max(1, seconds // 10), **options)
        self._scheduler.start()

    def round(self) -> None:
        """Try each peer that is due, one after another."""
        for target in self.roster.due():
            if self._stopping.is_set():
                return
            try:
                sync_with(self.log, self.roster, target.node, connect=self.connect)
            except Exception:  # one peer, or one full disk, must not keep the others from being tried
                _log.exception("an exchange failed in a way that nobody foresaw")
                self.roster.tried(target.node, False)

    def stop(self) -> None:
        """Start no other exchange, and wait for the one under way."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)
