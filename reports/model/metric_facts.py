"""What a metric profile says, as the observer tells it: which series feed which logical metric."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric name and the text of its label conditions, empty for none."""

    name: str
    inside: str = ""

    def __str__(self) -> str:
        return f"{self.name}{{{self.inside}}}" if self.inside else self.name

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Read `name` or `name{conditions}`."""
        name, _, rest = text.partition("{")
        return cls(name, rest.removesuffix("}"))

    def where(self, *conditions: str) -> Selector:
        """Return it with further conditions, empty ones passed over."""
        return Selector(self.name, ",".join(part for part in (self.inside, *conditions) if part))

    def suffixed(self, suffix: str) -> Selector:
        """Return the series of a histogram: `_bucket`, `_count` or `_sum`."""
        return Selector(self.name + suffix, self.inside)


@dataclass(frozen=True, slots=True)
class MetricSource:
    """One way in which a service may expose a logical metric; the fields are those of the profile's TOML."""

    name: str
    parts: Mapping[str, tuple[Selector, ...]]
    by: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """A whole profile. `metrics` maps logical metrics to their sources, the usual one first.

    `place` is the address of a service that they were narrowed to, and `buckets` the bounds that its histograms have,
    by logical metric; both are empty where only the profile was asked.
    """

    name: str
    title: str
    metrics: Mapping[str, tuple[MetricSource, ...]]
    signals: Mapping[str, Selector] = field(default_factory=dict)
    place: str = ""
    buckets: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def told_by(self) -> str:
        """Who says what there is."""
        return f"{self.place}, read by the profile {self.name}," if self.place else f"the profile {self.name}"

    def narrowed(self, place: str, used: Mapping[str, str]) -> MetricFacts:
        """Return only what a service exposes: `used` names the source of each logical metric, empty for none."""
        metrics = {
            logical: chosen
            for logical, sources in self.metrics.items()
            if (chosen := tuple(source for source in sources if source.name == used.get(logical)))
        }
        return replace(self, metrics=metrics, place=place)

    def has(self, logical: str) -> bool:
        """Say whether a logical metric or a signal has a series, or a metric the label that tells it apart.

        `requests by status` asks whether requests have a label of their status; `fallback by reason` likewise.
        """
        name, _, label = logical.partition(" by ")
        found = self.metrics.get(name, ())
        return any(source.by for source in found[:1]) if label else bool(found) or name in self.signals
