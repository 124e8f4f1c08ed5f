"""What changed between two looks, computed by hand."""

from __future__ import annotations

import pytest

from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.drill.snapshot import Answer, Snapshot, Window

SECONDS = "redis_operation_duration_seconds"


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def seen(at_s: float, counts: dict[str, float | None] | None = None, **series: float) -> Snapshot:
    named = {key(name): value for name, value in series.items()}
    return Snapshot(int(at_s * NS_PER_S), at_s, counts or {}, named)


def buckets(op: str, fast: float, slow: float) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    cumulative = {"0.05": fast, "0.1": fast, "0.25": fast + slow, "+Inf": fast + slow}
    return {key(f"{SECONDS}_bucket", op=op, le=bound): count for bound, count in cumulative.items()}


def test_a_logical_counter_rises_and_a_reset_counts_from_nothing() -> None:
    window = Window(seen(0, {"requests": 100, "errors_5xx": 4}), seen(10, {"requests": 160, "errors_5xx": 3}))

    assert window.elapsed_s == 10
    assert window.counted("requests") == 60
    assert window.counted("errors_5xx") == 3
    assert window.share("errors_5xx", "requests") == 0.05


def test_what_is_not_shown_is_unknown_and_never_zero() -> None:
    window = Window(seen(0, {"requests": 5}), seen(10, {"requests": 5, "errors_5xx": None}))

    assert window.counted("errors_5xx") is None
    assert window.share("errors_5xx", "requests") is None
    assert window.share("requests", "requests") is None, "nothing was asked, so there is no ratio"
    assert window.gauge("process_start_time_seconds") is None
    assert window.quantile(0.95, SECONDS, op="get") is None
    assert (window.longest_s, window.median_s, window.good_share) == (None, None, None)


def test_series_with_other_labels_beside_are_summed_and_a_new_one_rose_from_zero() -> None:
    start = Snapshot(0, 0, {}, {key("cache_hits_total", impl="redis", key_pattern="a"): 7.0})
    end = Snapshot(
        NS_PER_S,
        1,
        {},
        {
            key("cache_hits_total", impl="redis", key_pattern="a"): 9.0,
            key("cache_hits_total", impl="redis", key_pattern="b"): 4.0,
            key("cache_hits_total", impl="memory", key_pattern="b"): 99.0,
        },
    )

    assert Window(start, end).increase("cache_hits_total", impl="redis") == 6
    assert Window(start, end).increase("redis_timeouts_total") == 0


def test_a_quantile_is_of_this_window_only_and_interpolated_as_the_alert_does() -> None:
    """900 fast ones before do not hide 20 slow ones: rank 19 of 20 lies at 95 % of the bucket from 100 to 250 ms."""
    start = Snapshot(0, 0, {}, buckets("get", 900, 0))
    end = Snapshot(NS_PER_S, 1, {}, buckets("get", 900, 20))

    assert Window(start, end).quantile(0.95, SECONDS, op="get") == pytest.approx(0.1 + 0.15 * 0.95)
    assert Window(start, end).quantile(0.95, SECONDS, op="set") is None
    assert Window(start, end).slower_than(0.1, SECONDS) == 20
    assert Window(start, end).slower_than(0.25, SECONDS) == 0
    assert Window(start, end).slower_than(0.07, SECONDS) is None, "there is no such bound"


def test_our_own_requests_are_told_by_their_responses() -> None:
    answers = tuple(
        Answer(status, ms * NS_PER_MS) for status, ms in ((200, 10), (301, 30), (500, 20), (0, 2_000), (200, 40))
    )
    window = Window(seen(0), seen(1), answers)

    assert window.longest_s == 2
    assert window.median_s == 0.03
    assert window.good_share == 0.6
