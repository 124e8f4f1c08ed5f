"""The words that rules are written in: a profile's series, the thresholds, and the policy.

Law: the first source of a logical metric is the one that is used; the observer's profile lists the usual name first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.rules.promql import JOB, summed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.model.metric_facts import MetricFacts, MetricSource, Selector
    from reports.model.thresholds import Thresholds

PREFIXES = {"metasheet": "metasheet"}
"""The first part of recorded names, by profile; any other records at the level of a job."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What is decided beside the thresholds.

    `job` is a regular expression of Prometheus jobs, empty for all; `min_requests` is how many events a window needs
    before its share is believed.
    """

    job: str = ""
    min_requests: int = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that a rule is written from."""

    facts: MetricFacts
    limits: Thresholds
    policy: Policy

    @property
    def prefix(self) -> str:
        """The first part of the names that are recorded."""
        return PREFIXES.get(self.facts.name, "job")

    @property
    def job(self) -> str:
        """The condition on the job, empty for all of them."""
        job = self.policy.job
        if not job:
            return ""
        return f'job="{job}"' if re.fullmatch(r"[\w/ -]+", job) else f'job=~"{_quoted(job)}"'

    @property
    def job_name(self) -> str:
        """The name of a job that the rules apply to; empty where none can be told from the expression."""
        first = re.split(r"[|()]", self.policy.job.strip("()"))[0].replace(".*", "1").replace(".+", "1") or "one"
        return first if not self.policy.job or re.fullmatch(self.policy.job, first) else ""

    def limit(self, metric: str) -> float:
        """Return a threshold; whoever asks has declared that it needs it."""
        found = self.limits.find(metric)
        assert found is not None, metric
        return found.threshold

    def source(self, logical: str) -> MetricSource:
        return self.facts.metrics[logical][0]

    def series(self, logical: str, part: str, *conditions: str) -> list[Selector]:
        """Return the selectors of one part of a logical metric, under conditions."""
        return [selector.where(*conditions, self.job) for selector in self.source(logical).parts[part]]

    def signal(self, name: str, *conditions: str) -> Selector:
        """Return the selector of a metric that only rules read, under conditions."""
        return self.facts.signals[name].where(*conditions, self.job)

    def histogram(self, logical: str, *conditions: str) -> Selector:
        """Return the selector of a histogram, without its suffix."""
        return self.series(logical, "histogram", *conditions)[0]

    def requests(self, window: str, by: Iterable[str] = JOB, function: str = "rate") -> str:
        """Return the rate, or another function, of all requests."""
        return summed(self.series("requests", "total"), window, by, function)

    def answered(self, classes: Sequence[str], window: str, by: Iterable[str] = JOB) -> str:
        """Return the rate of requests whose status is of some classes (`2xx`), under whichever label has it."""
        source = self.source("requests")
        words = [word for word, kind in source.words.items() if kind in classes]
        pattern = "|".join([f"{kind[0]}.." for kind in classes] + words)
        selectors = []
        for at, label in enumerate(source.by):
            absent = [f'{earlier}=""' for earlier in source.by[:at]]
            selectors += self.series("requests", "total", *absent, f'{label}=~"{pattern}"')
        return summed(selectors, window, by)

    def guard(self, window: str, least: int | None = None) -> str:
        """Return the condition that a window saw enough requests to be believed."""
        return f"{self.requests(window, function='increase')} >= {least or self.policy.min_requests}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
