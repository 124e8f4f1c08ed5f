"""Figures beside bars, goals and peers."""

from __future__ import annotations

import pytest

from benchmarks.figure import compared, figure_of, result, table


def test_a_figure_is_the_median_of_its_runs_with_their_spread() -> None:
    figure = figure_of("a thing", "us", [3.0, 1.0, 2.0], bar=2.5, goal=1.5)

    assert (figure.value, figure.spread, figure.runs) == (2.0, (1.0, 3.0), 3)
    assert (figure.met(figure.bar), figure.met(figure.goal)) == (True, False)


def test_a_ratio_is_taken_within_each_alternation() -> None:
    figure = compared(
        "a thing", "us", {"loadgen": [10.0, 20.0, 40.0], "wrk2": [10.0, 10.0, 10.0]}, bar=2.5, against="wrk2"
    )

    assert figure.peers == {"wrk2": 10.0}
    assert figure.ratios == {"wrk2": 2.0}
    assert figure.met(figure.bar) is True


def test_a_bar_against_a_peer_that_is_missing_cannot_be_judged_and_fails_nothing() -> None:
    figure = compared("a thing", "us", {"loadgen": [10.0]}, bar=1.25, goal=1.0, against="wrk2")

    assert figure.met(figure.bar) is None
    assert result([figure])["ok"] is True
    assert "cannot be told" in table([figure.to_body()])


@pytest.mark.parametrize(("value", "verdict"), [(1.0, "goal met"), (2.0, "bar met"), (4.0, "MISSED")])
def test_the_table_says_what_was_met(value: float, verdict: str) -> None:
    figure = figure_of("a thing", "us", [value], bar=3.0, goal=1.5)

    assert verdict in table([figure.to_body()])
    assert result([figure])["ok"] is (verdict != "MISSED")
