"""The histogram against sorted lists, numpy and the original implementation."""

from __future__ import annotations

import gc
import math
import tracemalloc

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.histogram import (
    Histogram,
    highest_in_slot,
    histogram_max_ns,
    lowest_in_slot,
    slot_of,
    slots_for,
)

MAX_NS = 60_000_000_000
VALUES = st.lists(st.integers(0, MAX_NS), min_size=1, max_size=300)
PERCENTILES = st.sampled_from([0.001, 1.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0])


def histogram_of(*values_ns: int) -> Histogram:
    histogram = Histogram(MAX_NS)
    assert histogram.record_many(np.array(values_ns, np.int64)) == 0
    return histogram


def same_slot(left_ns: int, right_ns: int) -> bool:
    slots = slot_of(np.array([left_ns, right_ns], np.int64))
    return bool(slots[0] == slots[1])


def test_what_is_let_go_is_freed_at_once_and_waits_for_no_collector() -> None:
    text = histogram_of(1_000_000).encode()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(20):
            Histogram.decode(text).add(Histogram(MAX_NS))
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()

    assert kept_bytes < 8 * len(Histogram(MAX_NS).counts)


def test_the_range_is_ten_timeouts_and_at_least_a_minute() -> None:
    assert histogram_max_ns(10_000_000_000) == 100_000_000_000
    assert histogram_max_ns(300_000_000) == 60_000_000_000


@pytest.mark.parametrize("max_ns", [2_000, 1_000_000, 1 << 20, (1 << 20) - 1, 1 << 21, MAX_NS, 1 << 40])
def test_the_number_of_slots_is_that_of_the_original(max_ns: int) -> None:
    assert slots_for(max_ns) == HdrHistogram(1000, max_ns, 3).counts_len == len(Histogram(max_ns).counts)


@given(st.integers(0, MAX_NS))
def test_the_slot_of_a_value_is_that_of_the_original(value_ns: int) -> None:
    original = HdrHistogram(1000, MAX_NS, 3)

    slot = int(slot_of(np.array([value_ns], np.int64))[0])

    assert slot == original.get_counts_array_index(value_ns)
    assert lowest_in_slot(slot) == original.get_lowest_equivalent_value(value_ns)
    assert highest_in_slot(slot) == original.get_highest_equivalent_value(value_ns)


@given(st.integers(1_000_000, MAX_NS))
def test_a_slot_is_never_wider_than_a_thousandth_of_its_value(value_ns: int) -> None:
    slot = int(slot_of(np.array([value_ns], np.int64))[0])

    assert highest_in_slot(slot) - lowest_in_slot(slot) < value_ns / 1_000


@given(VALUES, PERCENTILES)
def test_a_percentile_is_the_value_at_the_ceiling_rank_of_the_sorted_list(values_ns: list[int], q: float) -> None:
    rank = max(1, math.ceil(math.nextafter(q, 0) * len(values_ns) / 100))
    expected_ns = sorted(values_ns)[rank - 1]

    found_ns = histogram_of(*values_ns).percentile(q)

    assert same_slot(found_ns, expected_ns)
    assert found_ns >= expected_ns


@given(VALUES, st.sampled_from([1, 10, 50, 90, 95, 99, 100]))
def test_a_percentile_agrees_with_numpys_inverted_cdf(values_ns: list[int], q: int) -> None:
    expected_ns = int(np.percentile(np.array(values_ns, np.int64), q, method="inverted_cdf"))

    assert same_slot(histogram_of(*values_ns).percentile(q), expected_ns)


def test_p99_of_sixty_values_is_the_maximum_as_in_the_java_original() -> None:
    values_ns = [number * 1_000_000 for number in range(1, 61)]

    assert same_slot(histogram_of(*values_ns).percentile(99), 60_000_000)


def test_p999_of_a_thousand_values_is_the_999th() -> None:
    values_ns = [number * 1_000_000 for number in range(1, 1_001)]

    assert same_slot(histogram_of(*values_ns).percentile(99.9), 999_000_000)


def test_percentile_zero_is_the_minimum_and_an_empty_histogram_has_none() -> None:
    assert histogram_of(5_000, 900_000).percentile(0) == lowest_in_slot(9)
    assert Histogram(MAX_NS).percentile(99) == 0


def test_values_above_the_range_are_counted_and_not_recorded() -> None:
    histogram = Histogram(1_000_000)

    over = histogram.record_many(np.array([1_000, 1_000_000, 10_000_000, 1 << 50], np.int64))

    assert over == 2
    assert histogram.total == 2
    assert not histogram.record(10_000_000)
    assert histogram.record(1_000_000, 3)
    assert histogram.total == 5


def test_values_below_a_microsecond_and_below_zero_share_the_first_slots() -> None:
    histogram = histogram_of(-5, 0, 511, 512)

    assert histogram.counts[:3].tolist() == [3, 1, 0]
    assert histogram.min_ns == 0
    assert histogram.max_ns == 1_023


def test_mean_and_deviation_of_hand_computed_values() -> None:
    histogram = Histogram(MAX_NS)
    histogram.record(10_000_000, 1)
    histogram.record(30_000_000, 3)

    assert histogram.mean_ns == pytest.approx(25_000_000, rel=1e-3)
    assert histogram.stddev_ns == pytest.approx(math.sqrt(75) * 1e6, rel=1e-3)


def test_an_empty_histogram_has_no_mean_and_no_share() -> None:
    empty = Histogram(MAX_NS)

    assert math.isnan(empty.mean_ns)
    assert math.isnan(empty.stddev_ns)
    assert math.isnan(empty.share_at_or_below(1_000))
    assert (empty.total, empty.min_ns, empty.max_ns, empty.percentile_interval(99)) == (0, 0, 0, (0, 0))


def test_the_share_at_or_below_a_value() -> None:
    histogram = histogram_of(1_000_000, 2_000_000, 3_000_000, 4_000_000)

    assert histogram.share_at_or_below(500_000) == 0.0
    assert histogram.share_at_or_below(3_000_000) == 0.75
    assert histogram.share_at_or_below(1 << 50) == 1.0


@given(VALUES, VALUES)
def test_adding_two_histograms_equals_recording_both_lists(left: list[int], right: list[int]) -> None:
    total = histogram_of(*left)

    total.add(histogram_of(*right))

    assert total.counts.tolist() == histogram_of(*left, *right).counts.tolist()


def test_a_wider_histogram_is_added_unless_it_holds_values_that_do_not_fit() -> None:
    narrow, wide = Histogram(1_000_000), Histogram(MAX_NS)
    wide.record(500_000)
    narrow.add(wide)
    wide.record(MAX_NS)

    assert narrow.total == 1
    with pytest.raises(ValueError, match="do not fit into a histogram up to 1048575 ns"):
        narrow.add(wide)


@given(st.lists(st.integers(0, MAX_NS), max_size=200))
def test_encoding_and_decoding_are_inverse(values_ns: list[int]) -> None:
    histogram = Histogram(MAX_NS)
    histogram.record_many(np.array(values_ns, np.int64))

    again = Histogram.decode(histogram.encode())

    assert again.counts.tolist() == histogram.counts.tolist()
    assert again.encode() == histogram.encode()


def test_the_original_implementation_reads_what_is_encoded() -> None:
    original = HdrHistogram.decode(histogram_of(1_000_000, 5_000_000, 5_000_000).encode())

    assert original.get_total_count() == 3
    assert same_slot(original.get_max_value(), 5_000_000)
    assert same_slot(original.get_min_value(), 1_000_000)


@pytest.mark.parametrize("text", ["", "HISTFAAAA", "not base64 at all!", "AAAA" * 20, "é"])
def test_a_text_that_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an HdrHistogram V2 text"):
        Histogram.decode(text)


def test_a_histogram_of_another_layout_is_refused() -> None:
    foreign = HdrHistogram(1, 3_600_000, 2).encode().decode()

    with pytest.raises(ValueError, match="a histogram from 1 with 2 digits, expected from 1000 ns with 3"):
        Histogram.decode(foreign)


def test_a_copy_is_independent_and_clear_empties() -> None:
    histogram = histogram_of(1_000_000)
    twin = histogram.copy()

    histogram.clear()

    assert (histogram.total, twin.total) == (0, 1)


def test_a_range_that_holds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="must reach at least 2000 ns, not 1000"):
        Histogram(1_000)


def test_the_interval_of_a_percentile_contains_it_and_narrows_with_more_values() -> None:
    few = histogram_of(*(number * 1_000_000 for number in range(1, 101)))
    many = Histogram(MAX_NS)
    for number in range(1, 101):
        many.record(number * 1_000_000, 100)

    low_ns, high_ns = few.percentile_interval(50)
    narrow_low_ns, narrow_high_ns = many.percentile_interval(50)

    assert low_ns < few.percentile(50) < high_ns
    assert low_ns < narrow_low_ns <= many.percentile(50) <= narrow_high_ns < high_ns


def test_the_representation_says_range_count_and_median() -> None:
    assert repr(histogram_of(100_000)) == "Histogram(up to 68719476735 ns, 1 values, p50 100351 ns)"
