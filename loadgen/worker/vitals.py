"""What a worker holds while it works: requests in flight over time, and descriptors at their peak.

Laws: only what can be counted without asking the system for each connection; the peak is of the whole phase, because
at its end the connections may be gone; requests in flight are summed from looks at the connections, independently of
what the recorder writes down, so that the two can be compared by Little's law.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from loadgen.worker.host import descriptors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from loadgen.core.messages import Body


class Held(Protocol):
    """What is looked at: a pool."""

    @property
    def connections(self) -> AbstractSet[object]: ...
    def busy(self) -> Sequence[object]: ...


class Vitals:
    """Follows the pools of one phase: `look` every few milliseconds.

    Made before the connections are opened: what is open then is counted as the worker's own descriptors.
    """

    def __init__(self, pools: Sequence[Held]) -> None:
        self._pools = tuple(pools)
        self._others = descriptors()
        self._most_open = 0
        self._looked_ns = 0
        self._in_flight_ns = 0

    def start(self, t0_ns: int) -> None:
        """Begin; the connections are open by now."""
        self._looked_ns = t0_ns

    def look(self, now_ns: int) -> None:
        """Add the requests in flight, for as long as the last look is ago."""
        self._most_open = max(self._most_open, self._open())
        if now_ns > self._looked_ns:
            busy = sum(len(pool.busy()) for pool in self._pools)
            self._in_flight_ns += busy * (now_ns - self._looked_ns)
            self._looked_ns = now_ns

    def to_body(self) -> Body:
        """Return the account of the phase."""
        return {
            "descriptors": self._others + self._most_open,
            "in_flight_ns": self._in_flight_ns,
        }

    def _open(self) -> int:
        return sum(len(pool.connections) for pool in self._pools)
