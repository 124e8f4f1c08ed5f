"""What was observed before a break, joined with what is observed after it."""

from __future__ import annotations

from typing import Any

import pytest

from observer.earlier import Earlier, joined
from observer.schedule import Schedule

S = 1_000_000_000
WINDOW: dict[str, Any] = {
    "elapsed_s": 10.0, "requests": 100.0, "errors_5xx": 1.0, "cache_hits": None, "fallback": {"cache_miss": 3.0},
    "rss_mb_last": 200.0, "rss_mb_max": 250.0, "latency_buckets": [[0.1, 50.0], [0.2, 100.0], ["+Inf", 100.0]],
    "latency_count": 100.0, "latency_sum": 10.0, "latency_source": "histogram", "percentiles": {}, "resets": 0,
    "restarts": 1, "sources": {"cpu": "a"}, "scrapes": 4, "failed_scrapes": 1, "incomplete": False,
    "availability_pct": 75.0, "operations": [], "redis_last_failure_s": None,
}  # fmt: skip


def test_counts_are_added_and_percentiles_come_from_added_buckets() -> None:
    """50 + 0 of 200 are at most 0.1 s and 100 + 100 at most 0.2 s: the median is 50 of the 150 between, a third."""
    later = {**WINDOW, "latency_buckets": [[0.1, 0.0], [0.2, 100.0], ["+Inf", 100.0]], "rss_mb_max": 220.0}
    later |= {"fallback": {"http_error": 2.0}, "scrapes": 6, "failed_scrapes": 0, "rss_mb_last": 210.0}
    both = joined(WINDOW, later)

    assert both["elapsed_s"] == 20
    assert (both["requests"], both["errors_5xx"], both["cache_hits"], both["restarts"]) == (200, 2, None, 2)
    assert both["fallback"] == {"cache_miss": 3, "http_error": 2}
    assert (both["rss_mb_last"], both["rss_mb_max"]) == (210, 250)
    assert both["latency_buckets"] == [[0.1, 50.0], [0.2, 200.0], ["+Inf", 200.0]]
    assert both["percentiles"]["p50"]["value"] == pytest.approx(0.1 + 0.1 / 3)
    assert both["availability_pct"] == 90
    assert both.keys() == WINDOW.keys()


def operation(op: str, *counts: float, bound: float = 0.1) -> dict[str, Any]:
    below, total = counts
    labels = {"op": op}
    return {
        "metric": "redis_seconds", "labels": labels, "buckets": [[bound, below], ["+Inf", total]], "count": total,
        "sum": total / 10,
    }  # fmt: skip


def test_labelled_histograms_are_added_one_by_one_and_the_last_failure_is_the_newer() -> None:
    before = {**WINDOW, "operations": [operation("get", 1, 2), operation("set", 3, 3)], "redis_last_failure_s": 1_000.0}
    after = {**WINDOW, "operations": [operation("del", 0, 1), operation("get", 4, 8)], "redis_last_failure_s": 2_000.0}
    both = joined(before, after)

    assert both["operations"] == [
        operation("del", 0, 1),
        {**operation("get", 5, 10), "sum": 1.0},
        operation("set", 3, 3),
    ]
    assert both["redis_last_failure_s"] == 2_000.0
    changed = joined(before, {**after, "operations": [operation("set", 1, 1, bound=0.5)]})
    assert changed["operations"] == [operation("get", 1, 2), operation("set", 1, 1, bound=0.5)]


def test_buckets_with_other_bounds_give_no_percentiles() -> None:
    both = joined(WINDOW, {**WINDOW, "latency_buckets": [[0.5, 1.0], ["+Inf", 1.0]]})

    assert both["latency_buckets"] == []
    assert both["percentiles"] == {}


def test_one_part_alone_stands_for_itself() -> None:
    assert Earlier().join(WINDOW) is WINDOW
    assert Earlier().join(None) is None
    assert Earlier(WINDOW).join(None) == WINDOW


@pytest.mark.parametrize(
    ("skip_s", "written", "lost", "next_number", "due_s"),
    [
        (25, 2, [3], 4, 15),
        (25, 3, [], 4, 15),
        (20, 2, [], 3, 10),
        (35, 1, [2, 3, 4], 5, 15),
        (5, 0, [1], 2, 15),
        (49, 4, [5], 6, None),
    ],
)
def test_samples_go_on_after_the_one_that_the_break_lies_in(
    skip_s: int, written: int, lost: list[int], next_number: int, due_s: int | None
) -> None:
    schedule = Schedule(10 * S, 5, 0, S)

    assert schedule.enter(skip_s * S, written) == lost
    assert schedule.last_number == next_number - 1
    schedule.begin(1_000 * S)
    assert schedule.next_ns() == (None if due_s is None else (1_000 + due_s) * S)
