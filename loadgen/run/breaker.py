"""The circuit breaker: decides from counts alone whether the target suffers and the run must end.

Laws: thresholds are exceeded strictly; a trip is latched; what is not known (None, too few requests) never trips;
time comes in with the counts. What each input judges, and by which rules:

| input              | judges                     | window, at least   | trips when                           |
|--------------------|----------------------------|--------------------|--------------------------------------|
| client             | failures / scheduled       | 10 s, 200 requests | rule A or B, or 20 failures in a row |
| error_rate         | server errors / requests   | 30 s, 200 requests | rule A or B                          |
| effective_fallback | fallback events / requests | 30 s, 200 requests | rule A or B                          |
| blind              | probes                     |                    | six failed in a row                  |

Rule A: the 99.9 % lower bound of the window exceeds the threshold. Rule B: the ratio does in three windows in a row
of at least that length and 400 requests. See `breaker_rules`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S
from loadgen.run.breaker_inputs import (
    LEAST_REQUESTS,
    RULE_CONSECUTIVE,
    RULE_PROBES,
    Input,
    InputState,
    Share,
    ShareRule,
    Trip,
)
from loadgen.run.breaker_rules import CONSECUTIVE_FAILURES, FAILED_PROBES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.messages import Probe
    from loadgen.plan.model import BreakerLimits

__all__ = ["Breaker", "Input", "InputState", "Trip"]

_NOTHING: Mapping[Input, str] = MappingProxyType({})


class Breaker:
    """Judges one phase of a run. Counts are cumulative since the phase began.

    `unarmed` maps inputs that must not trip to the reason (they still show their value). `rate_per_s` only tells how
    long the client's window will be before there is one. `least_server_window_ns` is four scrape intervals where a
    Prometheus is asked, else 0. During a warm-up the caller unarms the server's inputs.
    """

    def __init__(
        self,
        limits: BreakerLimits,
        *,
        rate_per_s: float,
        unarmed: Mapping[Input, str] = _NOTHING,
        least_server_window_ns: int = 0,
    ) -> None:
        self._limits = limits
        self._unarmed = _all_unarmed(limits, unarmed)
        server_ns = max(limits.server_window_ns, least_server_window_ns)
        self._client = Share(ShareRule(Input.CLIENT, "client_error_rate", limits.error_rate, limits.client_window_ns))
        self._errors = Share(ShareRule(Input.ERROR_RATE, "server_error_rate", limits.error_rate, server_ns))
        self._fallback = Share(
            ShareRule(Input.EFFECTIVE_FALLBACK, "effective_fallback_rate", limits.effective_fallback, server_ns)
        )
        self._expected_client_s = max(limits.client_window_ns / NS_PER_S, LEAST_REQUESTS / max(rate_per_s, 1e-9))
        self._next_ns: int | None = None
        self._fallback_source = ""
        self._failed_probes = 0
        self._first_failed_ns = 0
        self.trip: Trip | None = None

    def __repr__(self) -> str:
        state = f"tripped by {self.trip.input} at {self.trip.at_ns} ns" if self.trip else "closed"
        armed = ", ".join(name for name in Input if name not in self._unarmed)
        return f"<Breaker {state}, armed: {armed or 'nothing'}>"

    def client(self, at_ns: int, scheduled: int, failures: int, trailing_failures: int) -> Trip | None:
        """Take the load's counts, every 250 to 500 ms; return the trip, once there is one always.

        `failures` includes drops and requests overdue beyond the timeout; `trailing_failures` counts endings since
        the last success. Ratios are judged every `evaluate_ns`, failures in a row at once.
        """
        if self.trip is not None:
            return self.trip
        if trailing_failures >= CONSECUTIVE_FAILURES and Input.CLIENT not in self._unarmed:
            self.trip = self._consecutive(at_ns, trailing_failures)
            return self.trip
        if self._next_ns is None:
            self._take(self._client, at_ns, 0, 0)
            self._next_ns = at_ns
        if at_ns >= self._next_ns:
            step_ns = self._limits.evaluate_ns
            self._next_ns += ((at_ns - self._next_ns) // step_ns + 1) * step_ns
            self._take(self._client, at_ns, scheduled, failures)
        return self.trip

    def probe(self, probe: Probe) -> Trip | None:
        """Take one probe of the server, successful or not; return the trip, once there is one always."""
        if self.trip is not None:
            return self.trip
        if not probe.ok:
            self._count_failed(probe.at_ns)
            return self.trip
        self._failed_probes = 0
        if probe.requests is None:
            return None
        for share, events in ((self._errors, self._server_errors(probe)), (self._fallback, self._fallbacks(probe))):
            if events is not None:
                self._take(share, probe.at_ns, probe.requests, events)
        return self.trip

    def states(self, now_ns: int) -> tuple[InputState, ...]:
        """Return every input as it stands at `now_ns`, in the order of `Input`."""
        shares = (self._client, self._errors, self._fallback)
        return (*(self._state(share, now_ns) for share in shares), self._blind_state())

    def _take(self, share: Share, at_ns: int, requests: float, events: float) -> None:
        trip = share.add(at_ns, requests, events)
        if trip is not None and self.trip is None and share.rule.input not in self._unarmed:
            self.trip = trip

    def _server_errors(self, probe: Probe) -> float | None:
        if probe.errors_5xx is None or self._limits.server_errors == "5xx":
            return probe.errors_5xx
        return None if probe.errors_4xx is None else probe.errors_4xx + probe.errors_5xx

    def _fallbacks(self, probe: Probe) -> float | None:
        """Return the events to judge: true degradations, or all with misses; the service's own count without either.

        The source found first stays, since counts of different sources have no difference.
        """
        chosen = ("raw", probe.raw) if self._limits.count_misses else ("degraded", probe.degraded)
        by_source = dict([chosen, ("effective", probe.effective)])
        if not self._fallback_source:
            self._fallback_source = next((name for name, value in by_source.items() if value is not None), "")
        return by_source.get(self._fallback_source)

    def _consecutive(self, at_ns: int, count: int) -> Trip:
        return Trip(
            input=Input.CLIENT,
            metric="consecutive_failures",
            value=float(count),
            threshold=float(CONSECUTIVE_FAILURES),
            window_s=0.0,
            at_ns=at_ns,
            rule=RULE_CONSECUTIVE,
            detail=f"{count} requests in a row failed; {CONSECUTIVE_FAILURES} are enough at any rate",
        )

    def _count_failed(self, at_ns: int) -> None:
        self._failed_probes += 1
        if self._failed_probes == 1:
            self._first_failed_ns = at_ns
        if self._failed_probes < FAILED_PROBES or Input.BLIND in self._unarmed:
            return
        seconds = (at_ns - self._first_failed_ns) / NS_PER_S
        self.trip = Trip(
            input=Input.BLIND,
            metric="failed_probes",
            value=float(self._failed_probes),
            threshold=float(FAILED_PROBES),
            window_s=seconds,
            at_ns=at_ns,
            rule=RULE_PROBES,
            detail=f"{self._failed_probes} probes in a row failed within {seconds:g} s: nobody watches the service",
        )

    def _state(self, share: Share, now_ns: int) -> InputState:
        rule = share.rule
        if self.trip is not None and self.trip.input is rule.input and self.trip.rule != RULE_CONSECUTIVE:
            return InputState(rule.input, True, "", self.trip.value, rule.threshold, self.trip.window_s, True)
        window = share.window(now_ns)
        expected_s = self._expected_client_s if rule.input is Input.CLIENT else rule.least_ns / NS_PER_S
        requests = 0.0 if window is None else window.requests
        waits = "" if requests >= LEAST_REQUESTS else f"{requests:g} of {LEAST_REQUESTS} requests so far"
        return InputState(
            input=rule.input,
            armed=rule.input not in self._unarmed,
            reason=self._unarmed.get(rule.input, waits),
            value=None if window is None or window.requests <= 0 else window.ratio,
            threshold=rule.threshold,
            window_s=expected_s if window is None else window.length_ns / NS_PER_S,
            tripped=self._tripped(rule.input),
        )

    def _blind_state(self) -> InputState:
        return InputState(
            input=Input.BLIND,
            armed=Input.BLIND not in self._unarmed,
            reason=self._unarmed.get(Input.BLIND, ""),
            value=float(self._failed_probes),
            threshold=float(FAILED_PROBES),
            window_s=0.0,
            tripped=self._tripped(Input.BLIND),
        )

    def _tripped(self, name: Input) -> bool:
        return self.trip is not None and self.trip.input is name


def _all_unarmed(limits: BreakerLimits, unarmed: Mapping[Input, str]) -> dict[Input, str]:
    if not limits.enabled:
        return {**dict.fromkeys(Input, "the breaker is off"), **unarmed}
    if limits.allow_blind:
        return {Input.BLIND: "allowed to be blind", **unarmed}
    return dict(unarmed)
