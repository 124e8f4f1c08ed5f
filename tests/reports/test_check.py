"""Goals, row figures and single checks."""

from __future__ import annotations

from math import sqrt

import pytest

from reports.analysis.check import Check, Goal, RowStats, Status, Weight, judge
from reports.analysis.quantity import Unit

AT_MOST = Goal(1.0, upper=True, unit=Unit.PERCENT)
AT_LEAST = Goal(98.0, upper=False, unit=Unit.PERCENT)


def test_row_figures_are_those_of_the_population() -> None:
    """2, 4, 4, 4, 5, 5, 7, 9: mean 5, population standard deviation 2."""
    stats = RowStats.of([2, 4, 4, None, 4, 5, 5, 7, 9])
    assert stats == RowStats(8, 2, 9, 5, 2)


def test_one_row_has_no_spread_and_none_has_no_figures() -> None:
    assert RowStats.of([0.25]) == RowStats(1, 0.25, 0.25, 0.25, 0)
    assert RowStats.of([None, None]) is None
    stats = RowStats.of([1, 2])
    assert stats is not None
    assert stats.stddev == pytest.approx(sqrt(0.25))


@pytest.mark.parametrize(
    ("goal", "value", "status"),
    [(AT_MOST, 1.0, Status.PASS), (AT_MOST, 1.0001, Status.FAIL), (AT_LEAST, 98.0, Status.PASS),
     (AT_LEAST, 97.9999, Status.FAIL), (AT_MOST, None, Status.NA)],
)  # fmt: skip
def test_the_limit_itself_passes(goal: Goal, value: float | None, status: Status) -> None:
    check = judge("error", "Error rate", Weight.MANDATORY, value, goal, absent="no requests")
    assert check.status is status


def test_a_check_says_the_number_and_the_target() -> None:
    check = judge("error", "Error rate", Weight.MANDATORY, 2.5, AT_MOST)
    assert check.sentence == "Error rate: 2.50 %, target ≤ 1 %"


@pytest.mark.parametrize(
    ("status", "weight", "stops", "missing"),
    [
        (Status.FAIL, Weight.MANDATORY, True, False),
        (Status.FAIL, Weight.BLOCKING, True, False),
        (Status.FAIL, Weight.INFORMATIVE, False, False),
        (Status.NA, Weight.MANDATORY, False, True),
        (Status.NA, Weight.BLOCKING, False, False),
        (Status.NA, Weight.INFORMATIVE, False, False),
        (Status.WARN, Weight.MANDATORY, False, False),
        (Status.PASS, Weight.MANDATORY, False, False),
    ],
)
def test_what_an_answer_does_to_the_verdict(status: Status, weight: Weight, stops: bool, missing: bool) -> None:
    check = Check("key", "Title", status, weight, "reason")
    assert (check.stops, check.missing) == (stops, missing)
