"""A limit on internal requests: a fixed number in any window of its period, over all callers."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from loadgen.core.clock import Clock, SystemClock
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from loadgen.core.units import Rate
    from loadgen.demo.metrics import Metrics

_WINDOW_NS = 60 * NS_PER_S


class RateLimiter:
    """Admits at most what `rate` gives in a minute, at least one; refused requests do not use up the limit."""

    def __init__(self, rate: Rate, metrics: Metrics, clock: Clock | None = None) -> None:
        self._limit = max(1, rate.arrivals_in(_WINDOW_NS))
        self._metrics = metrics
        self._clock = clock or SystemClock()
        self._admitted: deque[int] = deque()

    def admit(self, route: str) -> float | None:
        """Return None when the request may pass, else after how many seconds one will."""
        now_ns = self._clock.monotonic_ns()
        while self._admitted and self._admitted[0] <= now_ns - _WINDOW_NS:
            self._admitted.popleft()
        if len(self._admitted) < self._limit:
            self._admitted.append(now_ns)
            return None
        self._metrics.rate_limited.labels(route).inc()
        return (self._admitted[0] + _WINDOW_NS - now_ns) / NS_PER_S
