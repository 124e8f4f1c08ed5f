"""The instruments and their text, against values computed by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.clock import monotonic_ns
from loadgen.demo.instruments import Registry, Window


def test_a_counter_with_labels_is_declared_before_its_first_sample() -> None:
    registry = Registry()
    family = registry.counter("jobs_total", "Jobs done.", "kind")

    assert registry.exposition() == b"# HELP jobs_total Jobs done.\n# TYPE jobs_total counter\n"

    family.labels("big").inc()
    family.labels("big").inc(2)

    assert registry.exposition().endswith(b'jobs_total{kind="big"} 3\n')


def test_a_family_without_labels_starts_at_zero() -> None:
    registry = Registry()
    registry.counter("jobs_total", "Jobs done.")

    assert registry.exposition().endswith(b"\njobs_total 0\n")


def test_a_histogram_is_cumulative_and_a_bound_belongs_to_its_bucket() -> None:
    registry = Registry()
    family = registry.histogram("wait_seconds", "Waiting.", (0.1, 1))
    for value in (0.1, 0.5, 0.25, 7.0):
        family.labels().observe(value)

    assert registry.exposition().decode().splitlines()[2:] == [
        'wait_seconds_bucket{le="0.1"} 1',
        'wait_seconds_bucket{le="1"} 3',
        'wait_seconds_bucket{le="+Inf"} 4',
        "wait_seconds_sum 7.85",
        "wait_seconds_count 4",
    ]


def test_buckets_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="the buckets of wait_seconds must rise"):
        Registry().histogram("wait_seconds", "Waiting.", (1, 1))


def test_a_name_can_be_declared_once_only() -> None:
    registry = Registry()
    registry.gauge("depth", "Depth.")

    with pytest.raises(ValueError, match="depth is declared twice"):
        registry.counter("depth", "Depth.")


def test_a_summary_gives_the_smallest_value_with_its_share_below() -> None:
    registry = Registry()
    cell = registry.summary("wait_seconds", "Waiting.").labels()
    now_ns = monotonic_ns()
    for value in range(1, 101):
        cell.observe(float(value), now_ns)

    assert registry.exposition().decode().splitlines()[2:] == [
        'wait_seconds{quantile="0.5"} 50',
        'wait_seconds{quantile="0.9"} 90',
        'wait_seconds{quantile="0.95"} 95',
        'wait_seconds{quantile="0.99"} 99',
        "wait_seconds_sum 5050",
        "wait_seconds_count 100",
    ]


def test_a_summary_forgets_what_is_older_than_a_minute_but_goes_on_counting() -> None:
    registry = Registry()
    cell = registry.summary("wait_seconds", "Waiting.").labels()
    cell.observe(3.0, monotonic_ns() - Window.MAX_AGE_NS - 1)

    lines = registry.exposition().decode().splitlines()
    assert 'wait_seconds{quantile="0.5"} NaN' in lines
    assert "wait_seconds_count 1" in lines
    assert registry.as_json()["wait_seconds"]["samples"]['wait_seconds{quantile="0.5"}'] is None


def test_label_values_are_escaped() -> None:
    registry = Registry()
    registry.counter("jobs_total", "Jobs.", "name").labels('a"b\\c\nd').inc()

    assert registry.exposition().endswith(b'jobs_total{name="a\\"b\\\\c\\nd"} 1\n')


def test_a_reset_forgets_labelled_cells_and_zeroes_the_others() -> None:
    registry = Registry()
    plain, labelled = registry.counter("a_total", "A."), registry.counter("b_total", "B.", "x")
    plain.labels().inc(5)
    labelled.labels("1").inc(5)

    registry.reset()

    page = registry.exposition().decode()
    assert "a_total 0" in page
    assert "b_total{" not in page


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=50))
def test_bucket_counts_agree_with_counting_by_hand(values: list[float]) -> None:
    bounds = (0.5, 1, 10, 50)
    registry = Registry()
    cell = registry.histogram("x_seconds", "X.", bounds).labels()
    for value in values:
        cell.observe(value)

    counts = [value for series, value in cell.lines() if "_bucket" in series]

    ranked = sorted(values)
    assert counts[:-1] == [sum(value <= bound for value in ranked) for bound in bounds]
    assert counts[-1] == len(values)
