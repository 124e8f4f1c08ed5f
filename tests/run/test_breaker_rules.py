"""The arithmetic of the breaker, against values worked by hand and against what must hold for any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.units import NS_PER_S
from loadgen.run.breaker_rules import (
    Size,
    SlidingWindow,
    Window,
    WindowsInARow,
    persistently_above,
    surely_above,
    wilson_lower_bound,
)


def _window(failures: float, requests: float) -> Window:
    return Window(10 * NS_PER_S, requests, failures)


@pytest.mark.parametrize(
    ("failures", "requests", "z", "bound"),
    [
        # n = 100, p = 0.1, z = 2: (0.1 + 0.02 - 2 sqrt(0.0009 + 0.0001)) / 1.04
        (10, 100, 2.0, (0.12 - 2 * 0.001**0.5) / 1.04),
        # all failed: (1 + z²/2n - z²/2n) / (1 + z²/n) = n / (n + z²)
        (20, 20, 2.0, 20 / 24),
        (25, 20, 2.0, 20 / 24),
        (0, 800, 3.09, 0.0),
        (0, 0, 3.09, 0.0),
    ],
)
def test_the_bound_is_the_one_of_the_formula(failures: int, requests: int, z: float, bound: float) -> None:
    assert wilson_lower_bound(failures, requests, z) == pytest.approx(bound, abs=1e-12)


# the bound exceeds t exactly where k > nt + z √(nt(1-t)): for 800 requests and 2 % where k > 16 + 3.09 x 3.96 = 28.2
@pytest.mark.parametrize(("requests", "fewest"), [(200, 11), (800, 29), (2400, 70)])
def test_the_fewest_failures_that_are_surely_more_than_two_percent(requests: int, fewest: int) -> None:
    assert not surely_above(_window(fewest - 1, requests), 0.02)
    assert surely_above(_window(fewest, requests), 0.02)


@given(st.integers(1, 100_000), st.integers(0, 100_000))
def test_the_bound_lies_between_nothing_and_the_ratio(requests: int, failures: int) -> None:
    failures = min(failures, requests)
    assert 0 <= wilson_lower_bound(failures, requests) <= failures / requests
    assert wilson_lower_bound(failures, requests) <= wilson_lower_bound(failures + 1, requests) + 1e-12


@given(st.integers(1, 1_000), st.integers(0, 1_000), st.integers(2, 50))
def test_more_of_the_same_is_surer(requests: int, failures: int, times: int) -> None:
    failures = min(failures, requests)
    once = wilson_lower_bound(failures, requests)
    assert once <= wilson_lower_bound(failures * times, requests * times) + 1e-12


@pytest.mark.parametrize(
    ("failures", "above"),
    [
        ((9, 9, 9), True),  # 2.25 % each, (27 - 1) / 1200 = 2.17 % together
        ((9, 9, 8), False),  # the last is 2 % exactly
        ((8, 8, 8), False),
        ((9, 9), False),  # two are not three
        ((), False),
    ],
)
def test_three_windows_in_a_row_must_each_be_strictly_above(failures: tuple[int, ...], above: bool) -> None:
    assert persistently_above(tuple(_window(count, 400) for count in failures), 0.02) is above


def test_a_regular_pattern_cut_at_its_worst_does_not_count() -> None:
    # every 50th of 2,520 requests fails, 51 in all when the cuts fall so: 17 of 840 is 2.02 % three times running
    windows = tuple(_window(17, 840) for _ in range(3))
    assert all(window.ratio > 0.02 for window in windows)
    assert not persistently_above(windows, 0.02)


def test_a_sliding_window_is_the_shortest_that_is_long_and_full_enough() -> None:
    sliding = SlidingWindow(Size(10 * NS_PER_S, 200))
    for second in range(41):
        sliding.add(second * NS_PER_S, second * 10, second)

    # ten seconds hold 100 requests only, so the window reaches back twenty
    assert sliding.window() == Window(20 * NS_PER_S, 200, 20)
    assert sliding.last_ns == 40 * NS_PER_S

    for second in range(41, 61):
        sliding.add(second * NS_PER_S, 400 + (second - 40) * 100, 40)
    assert sliding.window() == Window(10 * NS_PER_S, 1_000, 0)


def test_there_is_no_window_before_there_are_two_points() -> None:
    sliding = SlidingWindow(Size(10 * NS_PER_S, 200))
    assert (sliding.last_ns, sliding.window()) == (None, None)
    sliding.add(5, 0, 0)
    assert (sliding.last_ns, sliding.window()) == (5, None)


def test_a_window_is_shorter_while_there_is_no_more() -> None:
    sliding = SlidingWindow(Size(10 * NS_PER_S, 200))
    sliding.add(0, 0, 0)
    sliding.add(NS_PER_S, 80, 4)
    assert sliding.window() == Window(NS_PER_S, 80, 4)


def test_a_request_that_was_overdue_and_then_succeeded_leaves_no_negative_failures() -> None:
    sliding = SlidingWindow(Size(10 * NS_PER_S, 200))
    sliding.add(0, 0, 5)
    sliding.add(NS_PER_S, 80, 4)
    assert sliding.window() == Window(NS_PER_S, 80, 0)


def test_windows_in_a_row_touch_and_do_not_overlap() -> None:
    row = WindowsInARow(Size(10 * NS_PER_S, 400))
    completed = [second for second in range(101) if row.add(second * NS_PER_S, second * 20, second)]

    # 400 requests take 20 s at 20/s
    assert completed == [20, 40, 60, 80, 100]
    assert row.windows() == (Window(20 * NS_PER_S, 400, 20),) * 3


def test_an_empty_window_has_no_ratio_above_anything() -> None:
    assert Window(NS_PER_S, 0, 0).ratio == 0
    assert not surely_above(Window(NS_PER_S, 0, 0), 0.0)
