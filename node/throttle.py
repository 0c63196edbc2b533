"""How often somebody may ask: one small token bucket for each of a bounded number of callers."""

import threading
from collections import OrderedDict

from sync.errors import TooMany
from sync.identity import Clock

CALLERS_MAX = 4096


class Throttle:
    """Lets each caller ask `burst` times at once, and once more every `refill_ms` milliseconds."""

    def __init__(self, clock: Clock, burst: int, refill_ms: int) -> None:
        self._clock, self._refill_ms = clock, refill_ms
        self._room_ms = burst * refill_ms
        self._full_again: OrderedDict[str, int] = OrderedDict()  # when each caller's bucket is full, ms
        self._lock = threading.Lock()

    def check(self, caller: str) -> None:
        """Raises TooMany, with how many seconds to wait, where the caller has nothing left; counts nothing."""
        wait_ms = self._debt_ms(caller) + self._refill_ms - self._room_ms
        if wait_ms > 0:
            seconds = -(-wait_ms // 1000)
            raise TooMany("That was too often.", todo=f"Wait {seconds} s.", retry_after_s=seconds)

    def take(self, caller: str) -> None:
        """Counts one request, or raises TooMany."""
        with self._lock:
            self.check(caller)
            self._full_again[caller] = self._clock() + self._debt_ms(caller) + self._refill_ms
            self._full_again.move_to_end(caller)
            if len(self._full_again) > CALLERS_MAX:
                self._full_again.popitem(last=False)

    def _debt_ms(self, caller: str) -> int:
        """What the caller has used up. A clock set back locks nobody out for longer than an empty bucket would."""
        now = self._clock()
        return min(max(self._full_again.get(caller, now) - now, 0), self._room_ms)
