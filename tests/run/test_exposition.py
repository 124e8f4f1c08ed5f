"""A finished run as a Prometheus exposition."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.exposition import prom_text
from loadgen.run.summary import Figures, summary_document


def exposed(**validity: Any) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = Histogram(60 * NS_PER_S)
    response.record(20 * NS_PER_MS, 1_500)
    totals = {"scheduled": 1_500, "sent": 1_500, "done": 1_490, "failed": {"http_5xx": 10}}
    figures = Figures("run", totals, {"response": response}, 15 * NS_PER_S, 100.0, validity=validity)
    text = prom_text(summary_document(figures))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def test_counts_percentiles_rate_and_validity_are_exposed() -> None:
    samples = exposed(state="DEGRADED")

    assert value(samples, "loadgen_requests_total", state="sent") == 1_500
    assert value(samples, "loadgen_outcomes_total", outcome="http_5xx") == 10
    assert value(samples, "loadgen_percentile_seconds", clock="response", percentile="99") == 0.020005
    assert value(samples, "loadgen_rate_per_second", kind="target") == 100
    assert value(samples, "loadgen_validity", state="DEGRADED") == 1
    assert value(samples, "loadgen_validity", state="VALID") == 0
    assert value(samples, "loadgen_duration_seconds") == 15


def test_a_percentile_with_too_few_values_and_a_clock_without_any_are_left_out() -> None:
    samples = exposed(state="VALID")

    assert value(samples, "loadgen_percentile_seconds", clock="response", percentile="99.9") is None
    assert value(samples, "loadgen_percentile_seconds", clock="lag", percentile="50") is None
