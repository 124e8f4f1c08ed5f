"""Burn rates, anomalies, bands and conclusions, each worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import ExitCode
from loadgen.core.histogram import Histogram
from loadgen.core.slo import SloTargets
from loadgen.core.units import NS_PER_MS
from reports.analysis.anomalies import Value, find
from reports.analysis.bands import Level
from reports.analysis.burn import burn_rates
from reports.analysis.conclusion import Outcome
from reports.analysis.course import course
from reports.analysis.keepsake import keepsake
from reports.analysis.quantity import Unit
from reports.analysis.spectrum import curve
from reports.model.client import Client
from reports.model.run import Probes, Run
from reports.model.server import Row, ServerWindow
from reports.model.timeline import ProbePoint, Second
from tests.support.judging import judge
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from reports.analysis.burn import Burn

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def second(at: int, done: int, failed: int = 0, ours: int = 0) -> Second:
    return Second(at, done + failed, done + failed, done, failed, 0, ours, None)


def burn(found: tuple[Burn, ...], side: str, window_s: float | None) -> Burn:
    return next(item for item in found if (item.side, item.window_s) == (side, window_s))


def test_a_burn_rate_is_the_share_of_failures_over_the_share_allowed() -> None:
    """10 minutes of 10/s: 60 failures in the first five minutes, 3 in the last; 1 % is allowed."""
    seconds = tuple(second(at, 10 - (at % 5 == 0 and at < 300), int(at % 5 == 0 and at < 300)) for at in range(597))
    seconds += tuple(second(at, 9, 1) for at in range(597, 600))
    found = burn_rates(Run("r", "r", client=Client(by_second=seconds)), None, 99.0)
    five = burn(found, "client", 300.0)
    assert five.last == pytest.approx(3 / 3000 / 0.01)
    assert five.worst == pytest.approx(60 / 3000 / 0.01, rel=0.006)
    assert five.worst_s == pytest.approx(300, abs=5)
    assert burn(found, "client", None).last == pytest.approx(63 / 6000 / 0.01)


def test_a_window_longer_than_the_run_is_na_and_says_why() -> None:
    found = burn_rates(Run("r", "r", client=Client(by_second=tuple(second(at, 10) for at in range(120)))), None, 99.0)
    for seconds in (300.0, 3600.0, 21600.0):
        assert (burn(found, "client", seconds).last, burn(found, "client", seconds).worst) == (None, None)
        assert burn(found, "client", seconds).reason == "the record spans 2m"
    assert burn(found, "client", None).last == 0.0
    assert burn(found, "server", None).last is None
    assert burn(found, "server", 300.0).reason == "there are no counts"


def test_our_own_faults_burn_nothing() -> None:
    seconds = tuple(second(at, 9, 1, ours=1) for at in range(10))
    assert burn(burn_rates(Run("r", "r", client=Client(by_second=seconds)), None, 99.0), "client", None).last == 0.0


def test_the_services_burn_comes_from_its_probes_and_weighs_requests() -> None:
    """10,000 requests in the first 5 min without an error, 100 in the next with 10: 0.099 % and 10 % of failures."""
    points = (ProbePoint(0.0, True, 0.0, 0.0, False), ProbePoint(300.0, True, 10_000.0, 0.0, False),
              ProbePoint(450.0, False, None, None, False), ProbePoint(600.0, True, 10_100.0, 10.0, False))  # fmt: skip
    window = ServerWindow("metadata.json", requests=10_100.0, success=10_090.0)
    found = burn_rates(Run("r", "r", probes=Probes(4, 1, points)), window, 99.0)
    assert burn(found, "server", 300.0).last == pytest.approx(10.0)
    assert burn(found, "server", None).last == pytest.approx(10 / 10_100 / 0.01)


def test_the_counts_of_a_run_that_was_gone_on_with_are_joined_where_they_begin_at_0_again() -> None:
    """1,000 requests and 40 failures up to 300 s, then 200 and 2 from 0 on: the last 5 min have 1 % of failures."""
    points = (ProbePoint(0.0, True, 0.0, 0.0, False), ProbePoint(300.0, True, 1_000.0, 40.0, False),
              ProbePoint(310.0, True, 0.0, 0.0, False), ProbePoint(600.0, True, 200.0, 2.0, False))  # fmt: skip
    found = burn_rates(Run("r", "r", probes=Probes(4, 0, points)), None, 99.0)
    assert burn(found, "server", 300.0).last == pytest.approx(1.0)
    assert burn(found, "server", 300.0).worst == pytest.approx(4.0)


def test_samples_ten_minutes_apart_say_nothing_about_five() -> None:
    rows = tuple(
        Row(at, T0 + timedelta(seconds=600 * at), {"request_rate": 80.0, "error_rate": 0.02}) for at in range(1, 7)
    )
    found = burn_rates(Run("r", "r", t0=T0, rows=rows), None, 99.0)
    assert burn(found, "server", 300.0).reason == "its points lie too far apart"
    assert burn(found, "server", 3600.0).last == pytest.approx(2.0)


def test_a_target_of_everything_leaves_no_budget_to_burn() -> None:
    assert burn_rates(Run("r", "r"), None, 100.0) == ()


def values(*figures: float) -> list[Value]:
    return [Value(at, at + 1.0, figure) for at, figure in enumerate(figures)]


def test_a_spike_is_told_with_its_stretch_and_its_peak() -> None:
    (found,) = find("p95", values(*[0.010] * 10, 0.200, 0.300, *[0.010] * 8), Unit.SECONDS, 0.005)
    assert (found.start_s, found.end_s, found.peak, found.median, found.times) == (10.0, 12.0, 0.300, 0.010, "30.0")


def test_noise_is_no_anomaly() -> None:
    assert list(find("p95", values(*[0.010, 0.014, 0.012, 0.018] * 10), Unit.SECONDS, 0.005)) == []
    assert list(find("lag", values(*[0.0001] * 20, 0.001), Unit.SECONDS, 0.005)) == [], "below the floor"
    assert list(find("p95", values(*[0.01] * 8, 9.0), Unit.SECONDS, 0.005)) == [], "too few for a median"


@pytest.mark.parametrize(
    ("rss_mb", "average", "highest"),
    [(500.0, Level.QUIET, Level.QUIET), (650.0, Level.WARN, Level.WARN), (900.0, Level.BEYOND, Level.BEYOND)],
)
def test_bands_lie_around_the_targets(tmp_path: Path, rss_mb: float, average: Level, highest: Level) -> None:
    found = judge(tmp_path, quick_run(rss_mb=rss_mb)).insight.bands
    levels = {band.name: band.level for band in found}
    assert (levels["Memory, average"], levels["Memory, highest"]) == (average, highest)


def test_growth_is_from_the_first_sample_to_the_last(tmp_path: Path) -> None:
    rows = {number: {"rss_mb": str(100 + 12.5 * (number - 1))} for number in (1, 2, 3)}
    growth = next(band for band in judge(tmp_path, quick_run(rows=rows)).insight.bands if "growth" in band.name)
    assert (growth.value, growth.level) == ("25.00 %", Level.BEYOND)


def test_a_conclusion_says_pass_marginal_fail_or_nothing(tmp_path: Path) -> None:
    cases = {
        Outcome.PASS: quick_run(),
        Outcome.MARGINAL: quick_run(rss_mb=470.0),
        Outcome.FAIL: quick_run(errors_5xx=30),
        Outcome.NONE: quick_run(status="interrupted"),
    }
    for outcome, run in cases.items():
        found = judge(tmp_path / outcome.name, run).insight.conclusion
        assert found.outcome is outcome
        assert found.sentence.startswith("The service was sent 300 requests")
    marginal = judge(tmp_path / "again", cases[Outcome.MARGINAL]).insight.conclusion
    assert marginal.points == ("Memory (RSS), average is near its target: 470.0 MB, target ≤ 500 MB",)


def test_only_a_go_gets_a_tag_and_its_text_holds_the_judged_figures(tmp_path: Path) -> None:
    good, bad = judge(tmp_path / "a", quick_run()), judge(tmp_path / "b", quick_run(errors_5xx=30))
    assert bad.insight.keepsake is None
    kept = good.insight.keepsake
    assert kept is not None
    assert kept.lines[0] == "Baseline run: GO"
    assert "Memory 200.0 MB" in kept.lines
    hostile = replace(good.run, name="x; rm -rf /\n`id`", started=None)
    assert keepsake(hostile, "GO", good.slo).tag == "baseline-x--rm--rf----id-"


def test_the_checklist_ticks_only_what_the_record_shows(tmp_path: Path) -> None:
    points = {point.text: point.done for point in judge(tmp_path, quick_run(status="interrupted")).insight.checklist}
    assert points["The run reached its planned end"] is False
    assert points["P95 and P99 are within their targets"] is True
    assert not any(done for text, done in points.items() if text.startswith("By hand"))


def test_the_spectrum_ends_with_the_highest_value() -> None:
    histogram = Histogram(60_000_000_000)
    histogram.record(10 * NS_PER_MS, 999)
    histogram.record(500 * NS_PER_MS)
    group = curve(histogram, "response", "client")  # type: ignore[arg-type]
    assert group is not None
    assert (group.xs[0], group.xs[-1]) == (1.0, 1000.0)
    assert group.lines[0].values[0] == pytest.approx(10, rel=0.001)
    assert group.lines[0].values[-1] == pytest.approx(500, rel=0.001)


def test_an_invalid_run_concludes_nothing(tmp_path: Path) -> None:
    found = judge(tmp_path, quick_run(metadata={"validity": {"state": "INVALID", "reasons": ["lag"]}}))
    assert found.exit_code is ExitCode.INVALID
    assert found.insight.conclusion.outcome is Outcome.NONE
    assert SloTargets() == found.targets


def test_a_servers_figure_is_held_up_to_a_gap_and_not_beyond() -> None:
    """Samples at 10, 20 and 30 s, the second without figures: 0 to 10 s and 20 to 30 s are drawn."""
    figures = (100.0, None, 120.0)
    rows = tuple(Row(at, T0 + timedelta(seconds=10 * at), {"rss_mb": mb}) for at, mb in enumerate(figures, 1))
    (memory,) = course(Run("r", "r", t0=T0, rows=rows), SloTargets())
    (group,) = memory.groups
    assert group.xs == (0.0, 9.999, 10.0, 20.0, 30.0)
    assert group.lines[0].values == (100.0, 100.0, None, 120.0, 120.0)
