"""Metric profiles: which series of a service feed which logical metric. The model; reading is in `profile_file`.

Laws: a profile is data, frozen and pure; a logical metric lists its sources in order, and the first that the service
declares feeds it; a source is a set of parts, each one selector or several that are summed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(Enum):
    """What a logical metric is; the value says which parts its sources have."""

    COUNTER = ("total",)
    CACHE = ("hits", "misses")
    OUTCOME = ("success", "failure")
    HISTOGRAM = ("histogram",)
    SUMMARY = ("summary",)
    GAUGE = ("value",)


LOGICAL: Mapping[str, Kind] = {
    "requests": Kind.COUNTER,
    "latency": Kind.HISTOGRAM,
    "latency_summary": Kind.SUMMARY,
    "fallback": Kind.COUNTER,
    "effective_fallback": Kind.COUNTER,
    "cache": Kind.CACHE,
    "cache_get_attempts": Kind.COUNTER,
    "http_adapter_ops": Kind.COUNTER,
    "message_bus_rpc_attempts": Kind.COUNTER,
    "plugin_reload": Kind.OUTCOME,
    "plugin_reload_duration": Kind.HISTOGRAM,
    "snapshot_create": Kind.OUTCOME,
    "snapshot_restore": Kind.OUTCOME,
    "snapshot_duration": Kind.HISTOGRAM,
    "redis_operation": Kind.HISTOGRAM,
    "redis_recovery": Kind.OUTCOME,
    "redis_timeouts": Kind.COUNTER,
    "redis_last_failure": Kind.GAUGE,
    "memory": Kind.GAUGE,
    "cpu": Kind.COUNTER,
    "start_time": Kind.GAUGE,
}
"""Every logical metric there is."""

SIGNALS = (
    "redis_timeouts", "redis_recovery", "action_errors", "structured_errors", "mime_build", "sanitization",
    "controller_decisions",
)  # fmt: skip
"""Metrics that alert rules read and the observer does not: a profile names one selector for each it has."""

JUDGED: Mapping[str, tuple[str, ...]] = {
    "success": ("requests",),
    "p95": ("latency", "latency_summary"),
    "p99": ("latency", "latency_summary"),
    "raw_fallback": ("fallback",),
    "effective_fallback": ("fallback", "effective_fallback"),
    "error": ("requests",),
    "cpu": ("cpu",),
    "memory": ("memory",),
    "cache_hit": ("cache",),
    "plugin_reload": ("plugin_reload",),
    "snapshot": ("snapshot_create", "snapshot_restore"),
}
"""What a report judges, and the logical metrics any of which can feed it."""

SPLIT_BY_STATUS, SPLIT_BY_REASON = "requests", "fallback"
STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
OTHER_STATUS = "other"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label condition, with PromQL's operators and its rule that an absent label is the empty text."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.operator}"{escaped}"'

    def holds(self, labels: Mapping[str, str]) -> bool:
        actual = labels.get(self.label, "")
        if "~" in self.operator:
            return (re.fullmatch(self.value, actual) is not None) == (self.operator == "=~")
        return (actual == self.value) == (self.operator == "=")


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric name and label conditions: `name{label="value", other=~"regex"}`."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    def __str__(self) -> str:
        inside = ",".join(str(matcher) for matcher in self.matchers)
        return f"{self.name}{{{inside}}}" if inside else self.name

    def holds(self, labels: Mapping[str, str]) -> bool:
        return all(matcher.holds(labels) for matcher in self.matchers)


@dataclass(frozen=True, slots=True)
class Source:
    """One way to feed a logical metric.

    `parts` maps part names of the metric's kind to selectors, which are summed. `by` names the labels that hold the
    status or the reason, the first one present counting, and for durations those that tell operations apart; `words`
    maps status words to classes (`ok` -> `2xx`). `scale` turns the exposed unit into seconds or bytes.
    `next_when_zero`: pass on to the next source while this one's total is 0.
    """

    name: str
    parts: Mapping[str, tuple[Selector, ...]]
    by: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0
    next_when_zero: bool = False

    @property
    def families(self) -> frozenset[str]:
        """The names of the metrics it reads."""
        return frozenset(selector.name for selectors in self.parts.values() for selector in selectors)

    @property
    def labels(self) -> frozenset[str]:
        """The labels it looks at: those it is split by, and those of its conditions."""
        selectors = [selector for selectors in self.parts.values() for selector in selectors]
        return frozenset(self.by) | {matcher.label for selector in selectors for matcher in selector.matchers}


@dataclass(frozen=True, slots=True)
class Profile:
    """A whole profile. `metrics` maps logical metrics to their sources; `mandatory` lists judged metrics.

    `signals` names what only alert rules read.
    """

    name: str
    title: str
    metrics: Mapping[str, tuple[Source, ...]]
    mandatory: tuple[str, ...]
    signals: Mapping[str, Selector] = field(default_factory=dict)

    @property
    def not_applicable(self) -> tuple[str, ...]:
        """The judged metrics that no logical metric of this profile can feed."""
        return tuple(name for name, feeds in JUDGED.items() if not any(feed in self.metrics for feed in feeds))


def status_class(value: str, words: Mapping[str, str]) -> str:
    """Return the class of a status label: `404` and `4xx` are `4xx`; words by `words`; else `other`."""
    lowered = value.strip().lower()
    if lowered in words:
        return words[lowered]
    if re.fullmatch(r"[1-5](?:[0-9]{2}|xx)", lowered):
        return f"{lowered[0]}xx"
    return OTHER_STATUS
