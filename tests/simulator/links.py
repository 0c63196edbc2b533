"""Links between machines: they carry envelopes, lose them, bring them twice, and wait for their turn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from sync.errors import DiskFull, Problem, TooMany, Unreachable
from tests.simulator.crash import Crash

if TYPE_CHECKING:
    from tests.simulator.machine import Machine

MESSAGES_MAX = 400  # of one exchange: more means that it goes round in circles
SECONDS = 60.0  # a strand that doesn't answer for so long hangs


class Link:
    """Carries the envelopes of one exchange to a machine.

    `cut` is after how many messages it breaks: odd loses an answer, even a request. `echo` brings the request of that
    number twice. `pause` is called while a message is under way.
    """

    def __init__(
        self, to: Machine, cut: int | None = None, echo: int | None = None, pause: Callable[[], None] | None = None
    ) -> None:
        self.to, self.cut, self.echo, self.pause = to, cut, echo, pause
        self.carried = 0
        self.broken = False

    def __call__(self, request: bytes) -> bytes:
        """The answer of the machine at the other end."""
        self._carry()
        reply = self._answer(request)
        if self.carried == self.echo:
            self._repeat(request)
        self._carry()
        return reply

    def _carry(self) -> None:
        if self.pause:
            self.pause()
        if self.carried == self.cut:
            self._break()
        self.carried += 1
        assert self.carried < MESSAGES_MAX, "this exchange doesn't come to an end"

    def _break(self) -> None:
        self.broken = True
        raise Unreachable("The link is down.")

    def _answer(self, request: bytes) -> bytes:
        process = self.to.main
        try:
            return process.desk.answer(request)
        except Crash:
            if self.to.main is process:  # else it is up again already
                self.to.recover()
            self._break()
            raise AssertionError("not reached") from None
        except (DiskFull, TooMany):
            self.broken = True
            raise

    def _repeat(self, request: bytes) -> None:
        """The same request comes a second time; its answer reaches nobody."""
        try:
            self._answer(request)
        except Unreachable:
            raise
        except Problem:
            return


class Strand:
    """Work that stops wherever it calls `pause`, and goes on when it is told to: one at a time, so that it replays."""

    def __init__(self, work: Callable[[Callable[[], None]], None]) -> None:
        self.done = False
        self._work, self._error = work, None
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    _error: BaseException | None

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._work(self._pause)
        except BaseException as error:  # told to whoever resumes
            self._error = error
        self.done = True
        self._stopped.release()

    def _pause(self) -> None:
        self._stopped.release()
        self._go.acquire()

    def resume(self) -> None:
        """Run to the next pause or to the end; what went wrong is raised here."""
        self._go.release()
        assert self._stopped.acquire(timeout=SECONDS), "a strand hangs: one waits for what another holds"
        if self.done:
            self._thread.join()
        if self._error:
            raise self._error
