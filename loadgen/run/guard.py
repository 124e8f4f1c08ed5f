"""The breaker in its place: fed by the workers' ticks and the observer's probes, told once when it trips.

Laws: own faults never count against the target; without an observer the server's inputs are UNARMED and say so; the
rules themselves are in `loadgen.run.breaker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadgen.core.events import BreakerLine, InputLine
from loadgen.core.outcome import OWN_FAULT_LABELS
from loadgen.core.units import NS_PER_S
from loadgen.run.breaker import Breaker, Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.core.messages import Probe
    from loadgen.plan.model import BreakerLimits
    from loadgen.run.breaker import InputState, Trip
    from loadgen.run.merge import Live

_SCRAPES_PER_WINDOW = 4
_SCRAPES_TO_BE_SEEN = 2


def least_window_ns(detail: Mapping[str, Any]) -> int:
    """Return the shortest window of the server's inputs: four scrape intervals where a Prometheus is asked, else 0.

    `detail` is what the observer said when it was ready.
    """
    if detail.get("mode") != "prometheus":
        return 0
    return round(_SCRAPES_PER_WINDOW * float(detail.get("scrape_interval_s") or 0) * NS_PER_S)


def fresh_ns(detail: Mapping[str, Any]) -> int:
    """Return how long newer data is worth waiting for: two scrape intervals of a Prometheus that is asked, else 0."""
    if detail.get("mode") != "prometheus":
        return 0
    return round(_SCRAPES_TO_BE_SEEN * float(detail.get("scrape_interval_s") or 0) * NS_PER_S)


class Guard:
    """One breaker over one phase; `tripped` is called at most once."""

    def __init__(
        self,
        limits: BreakerLimits,
        rate_per_s: float,
        unarmed: Mapping[str, str],
        tripped: Callable[[Trip], None],
        least_server_window_ns: int = 0,
    ) -> None:
        self._enabled = limits.enabled
        self._breaker = Breaker(
            limits,
            rate_per_s=rate_per_s,
            unarmed={Input(name): reason for name, reason in unarmed.items()},
            least_server_window_ns=least_server_window_ns,
        )
        self._tripped = tripped
        self._told = False

    def __repr__(self) -> str:
        return f"<Guard {'on' if self._enabled else 'off'}, trip {self._breaker.trip}>"

    @property
    def trip(self) -> Trip | None:
        return self._breaker.trip if self._enabled else None

    def load(self, now_ns: int, live: Live) -> None:
        """Evaluate the client input with the newest counts."""
        if self._enabled:
            failures = live.overdue + sum(live.failed.values())
            failures += sum(count for label, count in live.dropped.items() if label not in OWN_FAULT_LABELS)
            self._tell(self._breaker.client(now_ns, live.scheduled, failures, live.consecutive_failures))

    def probe(self, probe: Probe) -> None:
        """Evaluate the server inputs with a probe."""
        if self._enabled:
            self._tell(self._breaker.probe(probe))

    def states(self, now_ns: int) -> tuple[InputState, ...]:
        """Return every input's state, none when the breaker is switched off."""
        return self._breaker.states(now_ns) if self._enabled else ()

    def lines(self, now_ns: int) -> tuple[BreakerLine, ...]:
        """Return the inputs for a view."""
        return tuple(_line(state) for state in self.states(now_ns))

    def _tell(self, trip: Trip | None) -> None:
        if trip is not None and not self._told:
            self._told = True
            self._tripped(trip)


def _line(state: InputState) -> BreakerLine:
    shown = InputLine.TRIPPED if state.tripped else InputLine.ARMED if state.armed else InputLine.UNARMED
    return BreakerLine(state.input.value, shown, state.value, state.threshold)


def trip_body(trip: Trip, at: str, phase: str) -> dict[str, Any]:
    """Return a trip as it stands in breaker.json and metadata.json; `at` is its wall time."""
    return {
        "input": trip.input.value,
        "metric": trip.metric,
        "value": trip.value,
        "threshold": trip.threshold,
        "window_s": trip.window_s,
        "rule": trip.rule,
        "detail": trip.detail,
        "at": at,
        "phase": phase,
        "t_monotonic_s": round(trip.at_ns / NS_PER_S, 3),
    }
