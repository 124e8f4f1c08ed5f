"""Whether this process had any rest lately: one that never rests sends late and reads answers late, without seeing it.

Laws: asked often, it reads the clocks at most once in 5 ms; a process without rest has used, or stood in line for,
most of the last 200 ms, and has really had a fair part of it, so that a small load on a crowded host is not taken for
a generator at its limit; a request that waited too long is the target's only if this worker had rest all the while.
"""

from __future__ import annotations

import os
from collections import deque
from time import thread_time_ns
from typing import TYPE_CHECKING

from loadgen.core.outcome import Outcome
from loadgen.core.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_NS = 200 * NS_PER_MS
RESTLESS_SHARE = 0.85
"""Processor time and time in line for a processor, of the window: above this there was no rest."""
OWN_SHARE = 0.2
"""The processor time alone must be this much of the window."""
_STEP_NS = 5 * NS_PER_MS


class QueueTime:
    """How long this process's first thread has stood in line for a processor; 0 where Linux does not tell."""

    def __init__(self) -> None:
        try:
            self._descriptor: int | None = os.open("/proc/self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._descriptor = None

    def __call__(self) -> int:
        if self._descriptor is None:
            return 0
        fields = os.pread(self._descriptor, 128, 0).split()
        return int(fields[1]) if len(fields) >= 2 else 0

    def close(self) -> None:
        """Give the file back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Busyness:
    """Follows one phase of load. `busy_ns` and `queued_ns` return processor time and time in line so far."""

    def __init__(self, busy_ns: Callable[[], int] = thread_time_ns, queued_ns: Callable[[], int] = lambda: 0) -> None:
        self._busy_ns = busy_ns
        self._queued_ns = queued_ns
        self._readings: deque[tuple[int, int, int]] = deque()
        self._restless = False
        self._blamed = False
        self._looked_ns = 0
        self._last_overload_ns = -1
        self.overloaded_ns = 0

    def start(self, now_ns: int) -> None:
        """Begin to follow."""
        self._readings.clear()
        self._readings.append((now_ns, self._busy_ns(), self._queued_ns()))
        self._looked_ns = now_ns

    def restless(self, now_ns: int) -> bool:
        """Say whether there was no rest in the last 200 ms, or since the start where that is shorter."""
        if not self._readings or now_ns - self._readings[-1][0] < _STEP_NS:
            return self._restless
        self._readings.append((now_ns, self._busy_ns(), self._queued_ns()))
        while self._readings[1][0] <= now_ns - WINDOW_NS:
            self._readings.popleft()
        (began_ns, busy_ns, queued_ns), newest = self._readings[0], self._readings[-1]
        lasted_ns, own_ns = newest[0] - began_ns, newest[1] - busy_ns
        taken_ns = own_ns + newest[2] - queued_ns
        self._restless = taken_ns >= RESTLESS_SHARE * lasted_ns and own_ns >= OWN_SHARE * lasted_ns
        return self._restless

    def blame_late(self, due_ns: int, now_ns: int) -> Outcome:
        """Return how a request ends that waited too long: by the target's fault, or by ours."""
        if self.restless(now_ns):
            self._last_overload_ns = now_ns
            self._blamed = True
        return Outcome.DROPPED_MISSED if self._last_overload_ns >= due_ns else Outcome.DROPPED_LATE

    def look(self, now_ns: int, *, waiting: bool) -> None:
        """Account for the time since the last look: overloaded if without rest while requests waited or were lost."""
        if self.restless(now_ns) and (waiting or self._blamed):
            self.overloaded_ns += now_ns - self._looked_ns
            self._last_overload_ns = now_ns
        self._blamed = False
        self._looked_ns = now_ns
