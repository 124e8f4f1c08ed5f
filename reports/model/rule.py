"""Prometheus rules, typed: what is recorded, what is alerted on, and what had to be left out.

Laws: an alert has a severity, a family (those of one family are about one trouble, so that a critical one mutes the
milder ones) and a runbook; a rule that cannot be written is named with its reason, never dropped in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Severity(StrEnum):
    """What an alert asks for: somebody now (page), somebody in working hours (ticket), or nobody."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Family(StrEnum):
    """What an alert is about."""

    ERRORS = "http-errors"
    LATENCY = "http-latency"
    FALLBACK = "fallback"
    CACHE = "cache"
    REDIS = "redis"
    PLUGINS = "plugins"
    SNAPSHOTS = "snapshots"
    MEMORY = "memory"
    SERVICE = "service"
    METRICS = "metrics"
    RELAY_ERRORS = "relay-errors"
    RELAY_LATENCY = "relay-latency"
    RELAY_CONTROLLER = "relay-controller"
    RELAY_INPUT = "relay-input"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule: the series `record` holds what `expr` gives."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule. `hold` is how long `expr` must give something first (`5m`); `runbook` is a page's name."""

    name: str
    expr: str
    hold: str
    severity: Severity
    family: Family
    runbook: str
    summary: str
    description: str


Rule = Recording | Alert


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, in their order, once a minute."""

    name: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rule that could not be written, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything that one generation gives."""

    recording: tuple[Group, ...]
    alerting: tuple[Group, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def recordings(self) -> Iterator[Recording]:
        return (rule for group in self.recording for rule in group.rules if isinstance(rule, Recording))

    @property
    def alerts(self) -> Iterator[Alert]:
        return (rule for group in self.alerting for rule in group.rules if isinstance(rule, Alert))


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule as it stands in a file: of a recording rule the name it records, of an alert its own."""

    name: str
    expr: str
    labels: Mapping[str, str]
    alert: bool
