"""Service levels: what is promised, to whom, and what a broken promise costs."""

from __future__ import annotations

from dataclasses import dataclass

MONTH_H = 730.0


@dataclass(frozen=True, slots=True)
class Credit:
    """A service credit of `credit_pct` is due from `from_pct` availability up to the tier above."""

    from_pct: float
    credit_pct: float


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """One set of promises. `latency_share_pct` of all requests take at most `latency_s`; `credits` best tier first."""

    key: str
    title: str
    availability_pct: float
    latency_s: float
    latency_share_pct: float
    success_pct: float
    credits: tuple[Credit, ...] = ()

    def credit_for(self, availability_pct: float) -> float:
        """Return the credit in percent that an availability costs; 0 while the promise is kept."""
        if availability_pct >= self.availability_pct:
            return 0.0
        return next((tier.credit_pct for tier in self.credits if availability_pct >= tier.from_pct), 0.0)


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """The objective we hold ourselves to, the agreement with others, and the share of good requests to comply."""

    slo: ServiceLevel
    sla: ServiceLevel
    compliance_pct: float = 99.5

    @property
    def both(self) -> tuple[ServiceLevel, ServiceLevel]:
        return self.slo, self.sla


DEFAULT_LEVELS = ServiceLevels(
    slo=ServiceLevel("slo", "SLO", 99.9, 0.100, 99.9, 99.9),
    sla=ServiceLevel(
        "sla", "SLA", 99.5, 0.150, 95.0, 99.8, (Credit(99.0, 10.0), Credit(98.0, 25.0), Credit(0.0, 50.0))
    ),
)
