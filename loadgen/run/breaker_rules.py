"""The arithmetic of the breaker: when is a share of failures surely, or persistently, above a threshold?

Laws: pure; strictly greater; too little data is never a reason to trip. A plain ratio over a short window would stop
healthy services: at a true 1 % and 80/s every two-hour run holds ten seconds above 2 %.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import sqrt

Z_999 = 3.090232306167813
"""The 99.9 % quantile of the standard normal distribution."""

CONSECUTIVE_FAILURES = 20
FAILED_PROBES = 6
WINDOWS_IN_A_ROW = 3


def wilson_lower_bound(failures: float, requests: float, z: float = Z_999) -> float:
    """Return the one-sided lower confidence bound of a share, after Wilson.

    With p = failures / requests = k / n the bound is
    (p + z²/2n - z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). It is 0 for no failures; failures beyond requests count as all.

    >>> round(wilson_lower_bound(48, 800), 4)
    0.0389
    """
    if requests <= 0 or failures <= 0:
        return 0.0
    share = min(failures / requests, 1.0)
    square = z * z / requests
    return (share + square / 2 - z * sqrt((share * (1 - share) + square / 4) / requests)) / (1 + square)


@dataclass(frozen=True, slots=True)
class Window:
    """What happened between two instants: requests, failures among them, and the length in ns."""

    length_ns: int
    requests: float
    failures: float

    @property
    def ratio(self) -> float:
        """Failures per request; 0 when there was none. Above 1 where one request can fail in several ways."""
        return self.failures / self.requests if self.requests > 0 else 0.0


def surely_above(window: Window, threshold: float) -> bool:
    """Rule A: the lower bound of the window exceeds the threshold."""
    return window.ratio > threshold and wilson_lower_bound(window.failures, window.requests) > threshold


def persistently_above(windows: tuple[Window, ...], threshold: float) -> bool:
    """Rule B: each of three windows in a row exceeds the threshold, and so do they together without one failure.

    That one is the price of cutting a regular pattern at arbitrary places: where exactly every 50th request fails,
    840 of them in a row may hold 17 failures (2.02 %), three times running.
    """
    if len(windows) < WINDOWS_IN_A_ROW or not all(window.ratio > threshold for window in windows):
        return False
    failures = sum(window.failures for window in windows)
    return (failures - 1) / sum(window.requests for window in windows) > threshold


@dataclass(frozen=True, slots=True)
class Size:
    """How much a window holds at least: so many ns and so many requests."""

    length_ns: int
    requests: int


_Point = tuple[int, float, float]


class SlidingWindow:
    """The shortest window up to now that is large enough, out of cumulative counts added in order of time."""

    def __init__(self, least: Size) -> None:
        self._least = least
        self._points: deque[_Point] = deque()

    def add(self, at_ns: int, requests: float, failures: float) -> None:
        """Add the counts at an instant; the first ones are where counting begins."""
        points = self._points
        points.append((at_ns, requests, failures))
        earliest_ns = at_ns - self._least.length_ns
        fewest = requests - self._least.requests
        while len(points) > 1 and points[1][0] <= earliest_ns and points[1][1] <= fewest:
            points.popleft()

    @property
    def last_ns(self) -> int | None:
        """The instant of the last counts; None before there are any."""
        return self._points[-1][0] if self._points else None

    def window(self) -> Window | None:
        """Return the window, shorter than asked for while there is no more; None before there are two points."""
        if len(self._points) < 2:
            return None
        begin_ns, requests, failures = self._points[0]
        end_ns, requests_now, failures_now = self._points[-1]
        return Window(end_ns - begin_ns, requests_now - requests, max(0.0, failures_now - failures))


class WindowsInARow:
    """The last three windows that touch without overlapping, each large enough, out of cumulative counts."""

    def __init__(self, least: Size) -> None:
        self._least = least
        self._begin: _Point | None = None
        self._closed: deque[Window] = deque(maxlen=WINDOWS_IN_A_ROW)

    def add(self, at_ns: int, requests: float, failures: float) -> bool:
        """Add the counts at an instant; return whether a window was completed by them."""
        if self._begin is None:
            self._begin = (at_ns, requests, failures)
            return False
        begin_ns, requests_before, failures_before = self._begin
        if at_ns - begin_ns < self._least.length_ns or requests - requests_before < self._least.requests:
            return False
        self._closed.append(Window(at_ns - begin_ns, requests - requests_before, max(0.0, failures - failures_before)))
        self._begin = (at_ns, requests, failures)
        return True

    def windows(self) -> tuple[Window, ...]:
        """Return the completed windows, at most the last three, oldest first."""
        return tuple(self._closed)
