"""How often something may be done: what was done lately, in memory and bounded."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence

Clock = Callable[[], float]
"""Seconds that only grow."""

MOST_KEYS = 50_000


class Rate:
    """So many in so many seconds, for each key, an address or a name, by itself.

    Of the libraries for this, limits 5.8 starts a thread for a visit, and keeps for good the keys
    of moving windows.
    """

    def __init__(self, limits: Sequence[tuple[int, float]], clock: Clock = time.monotonic) -> None:
        """``limits`` are how many there may be in how many seconds."""
        self._limits = limits
        self._most = max(most for most, _ in limits)
        self._longest = max(seconds for _, seconds in limits)
        self._clock = clock
        # In the order of their last times.
        self._times: dict[str, deque[float]] = {}

    def __len__(self) -> int:
        return len(self._times)

    def add(self, key: str) -> None:
        """Count one more for ``key``, now. Of too many keys, the oldest is forgotten."""
        now = self._clock()
        times = self._times.pop(key, deque(maxlen=self._most))
        times.append(now)
        self._times[key] = times
        while len(self._times) > MOST_KEYS or self._last_of_first() <= now - self._longest:
            del self._times[next(iter(self._times))]

    def wait(self, key: str) -> int:
        """The whole seconds until ``key`` may again; 0 if it may now."""
        times, now = self._times.get(key, ()), self._clock()
        waits = (
            times[-most] + seconds - now for most, seconds in self._limits if len(times) >= most
        )
        return math.ceil(max(0.0, *waits, 0.0))

    def _last_of_first(self) -> float:
        return next(iter(self._times.values()))[-1]
