"""Counts recent events in bounded memory, to limit how often something may be done."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence

Clock = Callable[[], float]
"""Returns seconds, and never goes back."""

MOST_KEYS = 50_000


class Rate:
    """Limits the number of events in a period, separately for each key: an address or a name.

    The library ``limits`` 5.8 does not fit: it starts a thread for a visit, and never forgets the
    keys of moving windows.
    """

    def __init__(self, limits: Sequence[tuple[int, float]], clock: Clock = time.monotonic) -> None:
        """``limits`` are pairs: how many events are allowed in how many seconds."""
        self._limits = limits
        self._most = max(most for most, _ in limits)
        self._longest = max(seconds for _, seconds in limits)
        self._clock = clock
        # Ordered by the time of the last event.
        self._times: dict[str, deque[float]] = {}

    def __len__(self) -> int:
        return len(self._times)

    def add(self, key: str) -> None:
        """Count an event for ``key``, now. If there are too many keys, the oldest is forgotten."""
        now = self._clock()
        times = self._times.pop(key, deque(maxlen=self._most))
        times.append(now)
        self._times[key] = times
        while len(self._times) > MOST_KEYS or self._last_of_first() <= now - self._longest:
            del self._times[next(iter(self._times))]

    def wait(self, key: str) -> int:
        """The whole seconds until the next event of ``key`` is allowed; 0 if it is allowed now."""
        times, now = self._times.get(key, ()), self._clock()
        waits = (
            times[-most] + seconds - now for most, seconds in self._limits if len(times) >= most
        )
        return math.ceil(max(0.0, *waits, 0.0))

    def _last_of_first(self) -> float:
        return next(iter(self._times.values()))[-1]
