"""The 📊 line: its figures and its marks."""

from __future__ import annotations

import pytest

from loadgen.core.metrics_csv import na_row
from loadgen.core.slo import SloTargets
from observer.marks import Marks

TARGETS = SloTargets().to_mapping()


def row(**values: str) -> dict[str, str]:
    good = {
        "request_rate": "80",
        "http_success_rate": "0.999",
        "p95_latency": "0.1",
        "p99_latency": "0.2",
        "error_rate": "0.001",
        "effective_fallback_ratio": "0.01",
        "cache_hit_rate": "0.9",
        "rss_mb": "200",
    }
    return {**na_row("2026-01-02T03:04:05.000Z", 2), **good, **values}


def test_a_good_sample_passes_in_every_figure() -> None:
    assert Marks(TARGETS, 12).line(2, row()) == (
        "📊 sample 2/12: 80 req/s, success 99.9 % PASS, p95 100 ms PASS, p99 200 ms PASS, errors 0.1 % PASS, "
        "effective fallback 1 % PASS, cache hits 90 % PASS, rss 200 MB PASS"
    )


@pytest.mark.parametrize(
    ("column", "value", "mark"),
    [
        ("p95_latency", "0.15", "p95 150 ms PASS"),
        ("p95_latency", "0.16", "p95 160 ms WARN"),
        ("p95_latency", "0.21", "p95 210 ms FAIL"),
        ("rss_mb", "600", "rss 600 MB WARN"),
        ("rss_mb", "701", "rss 701 MB FAIL"),
        ("cache_hit_rate", "0.75", "cache hits 75 % WARN"),
        ("cache_hit_rate", "0.69", "cache hits 69 % FAIL"),
        ("http_success_rate", "0.5", "success 50 % FAIL"),
        ("effective_fallback_ratio", "NA", "effective fallback NA,"),
    ],
)
def test_a_figure_beyond_its_objective_is_marked(column: str, value: str, mark: str) -> None:
    assert mark in Marks(TARGETS, 12).line(2, row(**{column: value}))


def test_without_objectives_there_are_no_marks() -> None:
    line = Marks({}, 0).line(3, row())
    assert line.startswith("📊 sample 3: 80 req/s, success 99.9 %, p95 100 ms,")
    assert "PASS" not in line


def test_the_first_sample_is_exempt_as_a_cold_start() -> None:
    line = Marks(TARGETS, 12).line(1, row(p95_latency="0.9"))
    assert "p95 900 ms WARN (cold start)" in line
    assert "FAIL" not in line


def test_two_failing_samples_in_a_row_are_critical() -> None:
    marks = Marks(TARGETS, 12)
    assert "CRITICAL" not in marks.line(2, row(p95_latency="0.9"))
    assert marks.line(3, row(p95_latency="0.9")).startswith("📊 sample 3/12 CRITICAL: ")
    assert "CRITICAL" not in marks.line(4, row())
    assert "CRITICAL" not in marks.line(5, row(p95_latency="0.9"))
