"""The seven synthetic scenarios: what each does to a relay, to the demo service, and which alert it is meant to fire.

Laws: a scenario changes one thing about a relay that is well, so that it fires its own alerts and no other. Two that
play at once are added up by the rules, so the critical errors have ten times the traffic of the others, and only a
scenario about the controller has one. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from loadgen.core.units import NS_PER_S, Rate
from loadgen.drill.mixture import Spread
from loadgen.drill.relay import LATENCY_BOUNDS_S, MIME_BOUNDS_S, Relay

if TYPE_CHECKING:
    from collections.abc import Mapping

_MINUTE_NS = 60 * NS_PER_S
_LEAST_MARGIN_NS = 2 * NS_PER_S
_LEAST_RESOLVING_NS = 15 * NS_PER_S
_LEAST_LEAD_NS = 3 * NS_PER_S
"""The controller decides something first, or there would be nothing to stall."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. `alerts` are those it fires, the worst first.

    `until_true_ns` is how long it takes until the expression of its rules holds, `for_ns` how long it must hold then,
    `margin_ns` what scraping and evaluating may add. `lead_ns` is how long the relay is well before what the scenario
    is about begins, `resolves_ns` how long its alerts may take to resolve after it. `faults` is the same for HTTP, as
    the demo service's fault panel takes it: `error_every` where a share must be met exactly.
    """

    name: str
    summary: str
    alerts: tuple[str, ...]
    relay: Relay
    faults: Mapping[str, Any] = field(default_factory=dict)
    until_true_ns: int = 2 * _MINUTE_NS
    for_ns: int = 10 * _MINUTE_NS
    lead_ns: int = 0
    margin_ns: int = 2 * _MINUTE_NS
    resolves_ns: int = 12 * _MINUTE_NS

    @property
    def needs_ns(self) -> int:
        """How long it must last for its alerts to fire with certainty."""
        return self.lead_ns + self.until_true_ns + self.for_ns + self.margin_ns

    def compressed(self, factor: int) -> Scenario:
        """Return the scenario for rules whose durations were divided by `factor`; its rates stay as they are."""
        return replace(
            self,
            until_true_ns=self.until_true_ns // factor,
            for_ns=self.for_ns // factor,
            lead_ns=max(self.lead_ns // factor, _LEAST_LEAD_NS) if self.stalls else 0,
            margin_ns=max(self.margin_ns // factor, _LEAST_MARGIN_NS),
            resolves_ns=max(self.resolves_ns // factor, _LEAST_RESOLVING_NS),
        )

    def played(self) -> Relay:
        """Return the relay as it behaves from the start of the scenario."""
        return replace(self.relay, stalls_after_ns=self.lead_ns) if self.stalls else self.relay

    @property
    def stalls(self) -> bool:
        """Whether the source falls silent after the lead."""
        return self.lead_ns > 0


_SLOW = Spread(LATENCY_BOUNDS_S, ((0.8, 50), (2.5, 45), (4.0, 5)))
_SLOW_MIME = Spread(MIME_BOUNDS_S, ((0.3, 50), (0.6, 45), (0.7, 5)))
_WELL = Relay()

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "error-rate-warn",
        "2 % of the actions fail",
        ("RelayErrorRateWarn",),
        replace(_WELL, errors=2),
        {"error_every": 50},
    ),
    Scenario(
        "error-rate-crit",
        "6 % of the actions fail",
        ("RelayErrorRateCrit", "RelayErrorRateWarn"),
        replace(_WELL, errors=6, actions=Rate.per_second(500)),
        {"error_share": 0.06},
    ),
    Scenario(
        "latency-crit",
        "P95 of the latency is 2.5 s",
        ("RelayLatencyP95Crit", "RelayLatencyP95Warn"),
        replace(_WELL, latency=_SLOW),
        {"latency": {"kind": "bimodal", "fast_ms": 20, "slow_ms": 2_500, "slow_share": 0.1}},
    ),
    Scenario(
        "controller-stalled",
        "the controller decides nothing any more and its source falls silent",
        ("RelayControllerStalled",),
        replace(_WELL, decisions=Rate.per_second(1)),
        {"metrics_stall": True},
        until_true_ns=60 * _MINUTE_NS,
        for_ns=5 * _MINUTE_NS,
        lead_ns=_MINUTE_NS,
    ),
    Scenario(
        "validation-spike",
        "15 % of the actions do not pass validation",
        ("RelayValidationSpike",),
        replace(_WELL, rejected=15),
        {"error_share": 0.15, "error_status": 422},
    ),
    Scenario(
        "mime-slow",
        "P95 of building a MIME message is 0.6 s",
        ("RelayMimeSlow",),
        replace(_WELL, mime=_SLOW_MIME),
        {"latency": {"kind": "bimodal", "fast_ms": 20, "slow_ms": 600, "slow_share": 0.1}},
    ),
    Scenario(
        "sanitization-spike",
        "60 changes a second by the sanitizer",
        ("RelaySanitizationSpike",),
        replace(_WELL, changes=Rate.per_second(60)),
        until_true_ns=5 * _MINUTE_NS,
        for_ns=5 * _MINUTE_NS,
    ),
)
NAMES = tuple(scenario.name for scenario in SCENARIOS)


def scenario_named(name: str) -> Scenario:
    """Return a scenario by its name; raise KeyError."""
    return {scenario.name: scenario for scenario in SCENARIOS}[name]
