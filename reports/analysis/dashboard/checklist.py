"""What somebody must see on the dashboard after each incident simulation: the mark of its alert, and its panels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


PROMETHEUS = "http://127.0.0.1:19190"
"""Where the compose stack's server listens; a drill that is told of it lasts until its alert fires."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One panel and what it must show."""

    panel: str
    shows: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """A drill, the alerts whose marks it leaves, and what else is to be seen."""

    drill: str
    alerts: tuple[str, ...]
    sights: tuple[Sight, ...] = ()

    @property
    def command(self) -> str:
        """The command, as it is typed."""
        waits = self.alerts and not self.drill.startswith("synth")
        return f"loadgen drill {self.drill}" + (f" --prom-url {PROMETHEUS}" if waits else "")


SIMULATIONS = (
    Simulation(
        "http-errors --share 10%",
        ("HttpSuccessRateLow",),
        (
            Sight("SLO status", "HTTP success rate and Error rate say FAIL"),
            Sight("Error rate", "5xx is above the dashed line"),
            Sight("HTTP success", "the line is below the dashed one"),
            Sight("Burn rate, 5 m and 1 h", "5m climbs to about 10, 1h follows"),
            Sight("Error budget remaining", "less is left over 1 h"),
        ),
    ),
    Simulation(
        "fallback-surge --share 20%",
        ("FallbackEffectiveHigh",),
        (
            Sight("Effective/raw ratio", "above 0.6"),
            Sight("Fallbacks per request", "effective is above the dashed line"),
            Sight("Fallbacks by reason", "other reasons than cache_miss rise"),
        ),
    ),
    Simulation(
        "redis-latency",
        ("RedisGetLatencyP95High",),
        (
            Sight("Redis GET p95", "5m is above 50 ms, 30m follows"),
            Sight("Redis SET p95", "5m is above 50 ms, 30m follows"),
        ),
    ),
    Simulation(
        "redis-disconnect",
        ("RedisFailuresRecent",),
        (
            Sight("Redis last failure", "seconds, and red"),
            Sight("Redis recovery attempts", "`still gone` rises, then `came back` once"),
            Sight("Cache hit rate", "falls while Redis is gone"),
            Sight("Fallbacks by reason", "upstream_error and circuit_breaker rise"),
        ),
    ),
    Simulation(
        "freeze",
        (),
        (
            Sight("Latency", "p99 jumps, p50 stays"),
            Sight("Request rate", "a dent, then what had waited"),
        ),
    ),
    Simulation(
        "restart --alert ServiceRestarted",
        ("ServiceRestarted",),
        (
            Sight("Cache hit rate", "falls while the cache fills again"),
            Sight("Request rate", "no spike: a counter that starts again is no growth"),
        ),
    ),
    Simulation(
        "metrics-stall --alert MetricsStalled",
        ("MetricsStalled",),
        (
            Sight("CPU", "0 %, though requests are answered"),
            Sight("SLO status", "NA where there is nothing left to judge, never PASS"),
        ),
    ),
    Simulation("synth error-rate-crit --sink pushgateway --duration 15m", ("RelayErrorRateCrit",)),
)
"""The simulations in the order in which they disturb each other least."""


def shown_on(panels: Collection[str], simulations: tuple[Simulation, ...] = SIMULATIONS) -> tuple[Simulation, ...]:
    """Return the simulations with what a dashboard of these panels can show of them; those without a trace left out."""
    found = []
    for simulation in simulations:
        sights = tuple(sight for sight in simulation.sights if sight.panel in panels)
        if sights or not simulation.sights:
            found.append(Simulation(simulation.drill, simulation.alerts, sights))
    return tuple(found)
