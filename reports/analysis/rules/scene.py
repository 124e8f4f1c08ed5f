"""Series of a made-up service for the cases of alerts: named as the profile names them, one value a minute."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reports.analysis.rules.instances import shown
from reports.model.rule_case import SampledSeries

if TYPE_CHECKING:
    from reports.analysis.rules.terms import Terms
    from reports.model.metric_facts import Selector

_CONDITION = re.compile(r'([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_FOR_EVER_MIN = 480
_BUSY_PER_MIN = 1000


class Scene:
    """What one made-up job exposes; each method returns series of it."""

    def __init__(self, terms: Terms, job: str, **labels: str) -> None:
        self._terms = terms
        self._labels = {"job": job, "instance": "one:80", **labels}
        self.busy = max(_BUSY_PER_MIN, terms.policy.min_requests)
        """How many events a minute are enough to be believed in any window."""

    def counter(self, selector: Selector, per_min: float, **labels: str) -> tuple[SampledSeries, ...]:
        """Return a counter that grows evenly."""
        return (self.course(selector, f"0+{per_min:g}x{_FOR_EVER_MIN}", **labels),)

    def gauge(self, selector: Selector, value: float, **labels: str) -> tuple[SampledSeries, ...]:
        """Return a value that stays."""
        return (self.course(selector, f"{value:.12g}x{_FOR_EVER_MIN}", **labels),)

    def course(self, selector: Selector, values: str, **labels: str) -> SampledSeries:
        """Return a series of any course, with labels that meet the selector's conditions."""
        return SampledSeries(selector.name, {**self._labels, **_labels_of(selector), **labels}, values)

    def known(self, for_min: int = _FOR_EVER_MIN) -> tuple[SampledSeries, ...]:
        """Return a counter by which the service is known, for some minutes; nothing where the profile has none."""
        return tuple(self.course(selector, f"0+1x{for_min} stale") for selector in shown(self._terms)[:1])

    def histogram(
        self, selector: Selector, limit: float, slow_share: float, per_min: float = 0, **labels: str
    ) -> tuple[SampledSeries, ...]:
        """Return a histogram with a bucket up to the limit; a share of its observations lies just above it.

        For 0 a minute there are enough of them.
        """
        every = per_min or self.busy
        fast = every * (1 - slow_share)
        buckets = {f"{limit / 2:g}": fast, f"{limit:g}": fast, f"{limit * 2:g}": every, "+Inf": every}
        bucket = selector.suffixed("_bucket")
        found = [series for le, count in buckets.items() for series in self.counter(bucket, count, le=le, **labels)]
        return (*found, *self.counter(selector.suffixed("_count"), every, **labels))

    def requests(self, per_min: float = 0, **shares: float) -> tuple[SampledSeries, ...]:
        """Return requests of which shares have another status than 200: `s500=0.1`; for 0 a minute, enough of them."""
        per_min = per_min or self.busy
        (selector, *_) = self._terms.series("requests", "total")
        found = [
            self.counter(selector, per_min * share, **self._status(status.removeprefix("s")))[0]
            for status, share in shares.items()
            if share
        ]
        rest = 1 - sum(shares.values())
        return (*found, *self.counter(selector, per_min * rest, **self._status("200"))) if rest > 0 else tuple(found)

    def _status(self, status: str) -> dict[str, str]:
        source = self._terms.source("requests")
        kind = f"{status[0]}xx"
        word = next((word for word, meant in source.words.items() if meant == kind), status)
        return {source.by[0]: status if status == "429" else word} if source.by else {}


def _labels_of(selector: Selector) -> dict[str, str]:
    """Return labels that meet the conditions of a selector: for a regular expression its first alternative."""
    found = {}
    for label, operator, value in _CONDITION.findall(selector.inside):
        if operator in ("=", "=~") and label != "job":
            found[label] = value.split("|")[0] if operator == "=~" else value
    return found
