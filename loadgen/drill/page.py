"""The series of a relay as a page in the Prometheus text format, every one of them marked as synthetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from loadgen.core.synthetic import GAUGE, LABEL, VALUE
from loadgen.drill.relay import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client.metrics_core import Metric

    from loadgen.drill.mixture import Spread
    from loadgen.drill.relay import Relay

ACTION = {"provider": "google", "action": "gmail.send"}
ERROR_REASON = "upstream_error"
REJECTION_CODE = "INVALID_RECIPIENT"


def page(name: str, relay: Relay, elapsed_ns: int, also: Mapping[str, str]) -> bytes:
    """Return the page of scenario `name`, `elapsed_ns` after its start; every series also bears the labels `also`."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(name, relay, elapsed_ns, {LABEL: VALUE, **also}))
    return generate_latest(registry)


class _Snapshot(Collector):
    """The families of one moment."""

    def __init__(self, name: str, relay: Relay, elapsed_ns: int, marks: Mapping[str, str]) -> None:
        self._name = name
        self._relay = relay
        self._counts = relay.counts(elapsed_ns)
        self._marks = marks

    def collect(self) -> Iterator[Metric]:
        counts, relay = self._counts, self._relay
        yield self._gauge()
        statuses = [({"status": "ok"}, counts.ok), ({"status": "error"}, counts.error)]
        statuses.append(({"status": "rejected"}, counts.rejected))
        yield self._counter("action_exec_total", "Actions executed.", statuses, ACTION)
        errors = [({"reason": ERROR_REASON}, counts.error)]
        yield self._counter("action_error_total", "Actions that failed.", errors, ACTION)
        codes = [({"code": REJECTION_CODE}, counts.rejected)]
        yield self._counter("structured_error_total", "Actions that did not pass validation.", codes, ACTION)
        yield self._histogram("action_latency_seconds", "Time of an action in seconds.", relay.latency, ACTION)
        yield self._histogram("mime_build_seconds", "Time to build a MIME message in seconds.", relay.mime, {})
        changes = [({"kind": kind}, count) for kind, count in zip(CHANGES, counts.changes, strict=True)]
        yield self._counter("sanitization_changes_total", "Changes made by the sanitizer.", changes, {})
        if counts.decisions is not None:
            decisions = [({"result": "ok"}, counts.decisions)]
            yield self._counter("controller_decisions_total", "Decisions of the controller.", decisions, {})

    def _gauge(self) -> Metric:
        labels = {"scenario": self._name, **self._marks}
        family = GaugeMetricFamily(GAUGE, "1 while this scenario of made-up figures is in force.", labels=list(labels))
        family.add_metric(list(labels.values()), 1)
        return family

    def _counter(
        self, name: str, text: str, series: Sequence[tuple[Mapping[str, str], int]], common: Mapping[str, str]
    ) -> Metric:
        names = [*common, *series[0][0], *self._marks]
        family = CounterMetricFamily(name, text, labels=names)
        for own, value in series:
            family.add_metric([*common.values(), *own.values(), *self._marks.values()], value)
        return family

    def _histogram(self, name: str, text: str, spread: Spread, common: Mapping[str, str]) -> Metric:
        events = self._counts.actions
        labels = {**common, **self._marks}
        family = HistogramMetricFamily(name, text, labels=list(labels))
        buckets = [(str(bound), float(count)) for bound, count in spread.cumulative(events)]
        family.add_metric(list(labels.values()), [*buckets, ("+Inf", float(events))], spread.total_s(events))
        return family
