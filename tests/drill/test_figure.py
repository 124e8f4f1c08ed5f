"""Whether a figure moved and came back, and how the evidence is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import ExitCode
from loadgen.drill import figure as figures
from loadgen.drill.evidence import Evidence, as_document, as_text
from loadgen.drill.figure import Course, Figure, Finding, judge, returned
from loadgen.drill.snapshot import Snapshot, Window

if TYPE_CHECKING:
    from loadgen.drill.figure import Rule


def window(start: float | None, end: float | None) -> Window:
    return Window(Snapshot(0, 0, {"errors": start}), Snapshot(1, 1, {"errors": end}))


def errors(moves: Rule | None = None, returns: Rule | None = None, *, whole: bool = False) -> Figure:
    return Figure("errors", figures.count, lambda seen: seen.counted("errors"), moves, returns, whole)


CALM, BAD = window(5, 5), window(5, 30)
COURSE = Course(before=CALM, during=BAD, after=window(30, 30), whole=window(5, 30))


def test_a_figure_that_moved_and_came_back_passes() -> None:
    finding = judge(errors(figures.above(20, figures.count), figures.nothing()), COURSE)

    assert finding.passed
    assert list(finding.values) == [0, 25, 0]
    assert finding.shown == ("0", "25", "0")
    assert finding.expected == "during > 20, after 0"


@pytest.mark.parametrize(
    ("moves", "returns"),
    [
        (figures.above(25, figures.count), None),
        (figures.at_least(26, figures.count), None),
        (figures.at_most(24, figures.count), None),
        (figures.below(25, figures.count), None),
        (figures.nothing(), None),
        (figures.fallen(), None),
        (figures.longer_by(26, figures.count), None),
        (None, figures.above(0, figures.count)),
        (None, figures.later()),
    ],
)
def test_a_figure_that_did_not_do_as_expected_fails(moves: Rule | None, returns: Rule | None) -> None:
    assert not judge(errors(moves, returns), COURSE).passed


def test_what_cannot_be_read_is_na_and_fails_whatever_was_expected() -> None:
    blind = Course(before=CALM, during=window(5, None), after=CALM, whole=CALM)

    for rule in (figures.nothing(), figures.above(0, figures.count), figures.at_most(5, figures.count)):
        finding = judge(errors(rule), blind)
        assert not finding.passed
        assert finding.shown == ("0", "NA", "0")


def test_without_a_value_before_nothing_is_later_or_longer_than_before() -> None:
    blind = Course(before=window(None, 5), during=BAD, after=CALM, whole=CALM)

    for rule in (figures.later(), figures.longer_by(1, figures.count), figures.within(99, figures.count)):
        assert not judge(errors(rule), blind).passed


def test_a_figure_of_the_whole_incident_counts_from_its_begin() -> None:
    late = errors(returns=figures.at_least(25, figures.count), whole=True)

    assert judge(late, COURSE).passed
    assert returned(late, COURSE.after, COURSE.whole, CALM)
    assert not returned(errors(returns=figures.above(0, figures.count)), COURSE.after, COURSE.whole, CALM)


def evidence(*findings: Finding, trouble: str = "") -> Evidence:
    return Evidence(
        "freeze", "http://x", "it stands still", findings, "undone: asked again", trouble, {"http 2xx": 1_234}
    )


GOOD = Finding("errors", (0.0, 25.0, None), "during > 0", True, figures.count)
BAD_ALERT = Finding("alert A", ("not firing", "pending", "inactive"), "during firing, after not", False)


def test_the_evidence_is_a_table_with_an_answer() -> None:
    assert as_text(evidence(GOOD, BAD_ALERT)).splitlines() == [
        "drill freeze on http://x",
        "it stands still",
        "",
        "figure   before      during   after     expected",
        "errors   0           25       NA        during > 0                PASS",
        "alert A  not firing  pending  inactive  during firing, after not  FAIL",
        "",
        "own load: 1,234 http 2xx",
        "undone: asked again",
        "FAIL: 1 of 2 figures did not do as expected",
    ]


def test_the_exit_code_says_whether_everything_moved_and_was_undone() -> None:
    assert evidence(GOOD).exit_code is ExitCode.OK
    assert evidence(GOOD, BAD_ALERT).exit_code is ExitCode.NO_GO
    assert evidence().exit_code is ExitCode.NO_GO, "nothing was proved"
    stuck = evidence(GOOD, trouble="the server is still stopped")
    assert stuck.exit_code is ExitCode.NO_GO
    assert "NOT UNDONE: the server is still stopped" in as_text(stuck)


def test_machines_get_values_and_null_for_what_is_not_known() -> None:
    document = as_document(evidence(GOOD))

    assert document["passed"] is True
    assert document["figures"] == [
        {
            "figure": "errors",
            "before": 0.0,
            "during": 25.0,
            "after": None,
            "shown": {"before": "0", "during": "25", "after": "NA"},
            "expected": "during > 0",
            "passed": True,
        }
    ]
