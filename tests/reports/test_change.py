"""An effect and its interval become a word."""

from __future__ import annotations

import math

import pytest

from reports.analysis.change import Change, Gauge, Interval, Scale, combine, decide, judged, relative
from reports.analysis.shares import newcombe, share_interval

P95 = Gauge("p95", "Response p95", "ms", more_is_worse=True, floor=2.0)
RATE = Gauge("rate", "Good answers", "/s", more_is_worse=False)
ERRORS = Gauge("errors", "Errors", "%", more_is_worse=True, floor=0.5, scale=Scale.POINTS)


@pytest.mark.parametrize(
    ("effect", "low", "high", "word"),
    [
        (0.08, 0.01, 0.15, Change.REGRESSED),
        (0.08, -0.01, 0.17, Change.UNDERPOWERED),
        (0.04, 0.01, 0.07, Change.UNDERPOWERED),
        (0.02, 0.01, 0.03, Change.EQUIVALENT),
        (0.00, -0.06, 0.06, Change.UNDERPOWERED),
        (-0.08, -0.15, -0.01, Change.IMPROVED),
        (0.00, -0.0476, 0.0499, Change.EQUIVALENT),
        (0.05, 0.04, 0.06, Change.UNDERPOWERED),
    ],
)
def test_the_word_follows_from_effect_and_interval(effect: float, low: float, high: float, word: Change) -> None:
    assert decide(P95, Interval(effect, low, high), 0.05) is word


def test_less_throughput_is_worse() -> None:
    assert decide(RATE, Interval(-0.08, -0.12, -0.04), 0.05) is Change.REGRESSED
    assert decide(RATE, Interval(0.08, 0.04, 0.12), 0.05) is Change.IMPROVED


def test_the_smallest_effect_is_five_percent_and_two_milliseconds() -> None:
    assert P95.smallest(100.0) == 0.05
    assert P95.smallest(10.0) == 0.2
    assert P95.smallest(0.0) == math.inf
    assert ERRORS.smallest(80.0) == 0.5


def test_a_doubt_is_stronger_than_any_interval() -> None:
    found = judged(P95, (100.0, 200.0), Interval(1.0, 0.9, 1.1), (), "30 requests")
    assert (found.change, found.doubt) == (Change.UNDERPOWERED, "30 requests")


def test_distances_add_as_squares_on_each_side_by_itself() -> None:
    assert list(combine(1.0, (0.7, 1.0), 0.4)) == pytest.approx([0.5, 1.4])


def test_a_relative_interval_is_that_of_the_logarithms() -> None:
    found = relative(math.log(1.1), (math.log(1.1), math.log(1.1)), math.log(1.05))
    assert [found.effect, found.low, found.high] == pytest.approx([0.1, 1.1 / 1.05 - 1, 1.1 * 1.05 - 1])


def test_the_published_example_of_newcombe_is_met() -> None:
    assert list(newcombe((56, 70), (48, 80))) == pytest.approx([0.0524, 0.3339], abs=1e-4)


def test_no_error_in_thirty_requests_proves_little() -> None:
    interval, pair = share_interval(((0, 30), (0, 30)), None, ([0.0], [0.0]))
    assert pair == (0.0, 0.0)
    assert interval.high > 10
    assert decide(ERRORS, interval, 0.5) is Change.UNDERPOWERED


def test_errors_out_of_nothing_are_a_regression() -> None:
    interval, pair = share_interval(((200, 10_000), (0, 10_000)), None, ([0.02], [0.0]))
    assert pair == (0.0, 2.0)
    assert decide(ERRORS, interval, 0.5) is Change.REGRESSED
