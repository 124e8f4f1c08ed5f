"""The observation over hours, without waiting: rows, probes, failures, retries, steps of the wall clock."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from loadgen.core.metrics_csv import NA
from loadgen.core.slo import SloTargets
from tests.support.observed import Observed, S

RATE = 80.0


def healthy(now_s: float) -> str:
    """A service that has answered 80 requests a second since the clock's zero, 1 % of them with 500."""
    done = int(RATE * now_s)
    return (
        f'http_requests_total{{status="200"}} {done - done // 100}\nhttp_requests_total{{status="500"}} {done // 100}\n'
        f"process_start_time_seconds 1700000000\n"
    )


async def test_forty_eight_hours_are_288_rows_each_of_exactly_600_seconds() -> None:
    observed = Observed(healthy, interval_s=600, samples=288)
    await observed.run()
    assert len(observed.files.rows) == 288
    assert [row["sample_num"] for row in observed.files.rows] == [str(k) for k in range(1, 289)]
    assert {row["request_rate"] for row in observed.files.rows} == {"80"}
    assert observed.files.rows[-1]["timestamp"] == "2026-01-04T00:00:00.000Z"


async def test_a_day_is_144_samples_at_600_seconds_and_the_grid_does_not_drift_by_slow_scrapes() -> None:
    observed = Observed(healthy, interval_s=600, samples=144, took_s=0.7)
    await observed.run()
    grid = [at for at in observed.source.scraped_at_s if at]
    assert grid == [600.0 * k for k in range(1, 145)]
    assert {later - earlier for earlier, later in pairwise(grid)} == {600.0}


async def test_sample_0_has_no_row_and_every_sample_is_told_after_its_row_is_written() -> None:
    observed = Observed(healthy, samples=2)
    await observed.run()
    assert [(sample.number, sample.label) for sample in observed.samples] == [(0, "start"), (1, ""), (2, "")]
    assert [sample.row for sample in observed.samples] == [{}, *observed.files.rows]
    assert observed.rows_when_told == [0, 1, 2]
    assert [frame[0] for frame in observed.files.raw] == [0, 1, 2]
    assert observed.samples[2].window is not None
    assert observed.samples[2].window["requests"] == 96_000


async def test_counters_at_start_are_the_lifetime_counters_as_scraped() -> None:
    observed = Observed(lambda now_s: healthy(now_s + 1000), samples=1)
    await observed.run()
    counters = observed.samples[0].counters
    assert (counters["requests"], counters["errors_5xx"]) == (80_000, 800)
    assert counters["process_start_time_seconds"] == 1_700_000_000
    assert "raw_fallback" not in counters


async def test_a_failed_scrape_is_retried_inside_its_interval() -> None:
    def page(now_s: float) -> str:
        if 600 <= now_s < 602:
            raise TimeoutError
        return healthy(now_s)

    observed = Observed(page, samples=2)
    await observed.run()
    first = observed.files.rows[0]
    assert first["request_rate"] == "80"
    assert observed.source.scraped_at_s[1:3] == [600.0, 606.0], "5 s for the scrape, 1 s of pause"
    assert first["timestamp"] == "2026-01-02T00:10:06.000Z"
    assert observed.logged("scrape failed: it did not answer")


async def test_a_sample_that_fails_for_good_is_na_and_the_next_row_spans_both_intervals() -> None:
    def page(now_s: float) -> str:
        if 600 <= now_s < 1200:
            raise TimeoutError
        return healthy(now_s)

    observed = Observed(page, samples=3)
    await observed.run()
    first, second, third = observed.files.rows
    assert set(first.values()) == {NA, first["timestamp"], "1"}
    assert second["request_rate"] == third["request_rate"] == "80"
    assert observed.samples[1].ok is False
    assert observed.samples[2].notes == ["this row spans 2 intervals (1200.0 s), because 1 before it failed"]
    assert observed.logged("📊 sample 1: NA, it did not answer")
    assert observed.logged("sample 2: this row spans 2 intervals (1200.0 s)")
    assert len([at for at in observed.source.scraped_at_s if 600 <= at < 1200]) == 4


async def test_without_sample_0_the_first_row_is_na_and_counting_begins_there() -> None:
    def page(now_s: float) -> str:
        if now_s < 300:
            raise TimeoutError
        return healthy(now_s)

    observed = Observed(page, samples=2)
    await observed.run()
    assert (observed.samples[0].label, observed.samples[0].ok, observed.samples[0].window) == ("start", False, None)
    assert observed.files.rows[0]["request_rate"] == NA
    assert observed.files.rows[1]["request_rate"] == "80"


async def test_probes_count_from_the_first_one_and_survive_a_restart() -> None:
    def page(now_s: float) -> str:
        start, since = (1, 0.0) if now_s < 18 else (900, 18.0)
        return (
            f'http_requests_total{{status="200"}} {int(10 * (now_s - since)) + 7}\nprocess_start_time_seconds {start}\n'
        )

    observed = Observed(page, interval_s=30, samples=1, probe_s=5)
    await observed.run()
    assert [probe.at_ns // S for probe in observed.probes] == [0, 5, 10, 15, 20, 25, 30]
    assert [probe.requests for probe in observed.probes] == [0, 50, 100, 150, 177, 227, 277]
    assert [probe.at_ns // S for probe in observed.probes if probe.restarted] == [20]
    assert all(probe.raw is None and probe.effective is None for probe in observed.probes)


async def test_a_sample_and_a_probe_at_the_same_instant_share_one_scrape() -> None:
    observed = Observed(healthy, interval_s=10, samples=1, probe_s=5)
    await observed.run()
    assert observed.source.scraped_at_s == [0.0, 5.0, 10.0]


async def test_a_failed_probe_says_why_with_the_hint() -> None:
    def page(now_s: float) -> str:
        if 5 <= now_s < 10:
            raise TimeoutError
        return healthy(now_s)

    observed = Observed(page, interval_s=20, samples=1, probe_s=5)
    await observed.run()
    second = observed.probes[1]
    assert (second.ok, second.error, second.requests) == (False, "it did not answer (look at it)", None)
    assert observed.probes[2].requests == 800, "the next good probe counts over the gap"


async def test_a_hanging_endpoint_never_makes_scrapes_overlap_or_probes_slip_off_their_grid() -> None:
    def page(now_s: float) -> str:
        if now_s > 1:
            raise TimeoutError
        return healthy(now_s)

    observed = Observed(page, interval_s=60, samples=1, probe_s=5)
    await observed.run()
    assert set(observed.source.timeouts_ns[1:]) <= {4_500_000_000}
    assert [round(probe.at_ns / S, 1) for probe in observed.probes[:4]] == [0, 9.5, 14.5, 19.5]
    assert len(observed.logged("metrics stalled: 6 scrapes in a row failed")) == 1


async def test_metrics_that_come_back_after_a_stall_are_told() -> None:
    def page(now_s: float) -> str:
        if 5 <= now_s < 40:
            raise TimeoutError
        return healthy(now_s)

    observed = Observed(page, interval_s=60, samples=1, probe_s=5)
    await observed.run()
    assert observed.logged("metrics are back") == ["metrics are back"]
    assert observed.observation.availability.failed_probes == 7
    assert observed.observation.availability.percent == pytest.approx(100 * 6 / 13)


async def test_a_page_that_no_longer_changes_is_told_once_and_again_when_it_happens_again() -> None:
    def page(now_s: float) -> str:
        return healthy(min(now_s, 20)) if now_s < 70 else healthy(min(now_s, 80))

    observed = Observed(page, interval_s=200, samples=1, probe_s=5)
    await observed.run()
    assert (
        observed.logged("have not changed")
        == ["the metrics have not changed for 30 s although they are answered: a stalled or cached page?"] * 2
    )


async def test_several_processes_mid_run_make_the_row_na_and_the_probe_fail() -> None:
    def page(now_s: float) -> str:
        if 100 <= now_s < 130 and now_s % 10:
            return 'http_requests_total{status="200"} 5\nprocess_start_time_seconds 50\n'
        return healthy(now_s)

    observed = Observed(page, interval_s=60, samples=4, probe_s=5)
    await observed.run()
    bad = [probe for probe in observed.probes if not probe.ok]
    assert "several processes answer" in bad[0].error
    assert "list every process's own metrics address" in bad[0].error
    rates = [row["request_rate"] for row in observed.files.rows]
    assert rates[0] == "80"
    assert rates[1] == NA, "the interval in which they were seen"
    assert rates[3] == "80", "one process has answered for a while, so counting goes on"
    assert observed.files.rows[1]["sample_num"] == "2"


async def test_a_step_of_the_wall_clock_is_logged_and_timestamps_go_on() -> None:
    observed = Observed(healthy, samples=3)
    observed.before = lambda at_ns: observed.clock.step_wall(-3600) if at_ns == 1200 * S else None
    await observed.run()
    assert [row["timestamp"][11:19] for row in observed.files.rows] == ["00:10:00", "00:20:00", "00:30:00"]
    assert observed.logged("the wall clock was stepped") == [
        "the wall clock was stepped by -3600.0 s; timestamps go on by the clock at the start"
    ]


async def test_intervals_that_passed_while_the_process_was_stopped_are_na_rows() -> None:
    observed = Observed(healthy, samples=4)

    def stopped(at_ns: int | None) -> None:
        if at_ns == 1200 * S:
            observed.clock.now_ns = 1900 * S

    observed.before = stopped
    await observed.run()
    assert [row["sample_num"] for row in observed.files.rows] == ["1", "2", "3", "4"]
    assert [row["request_rate"] for row in observed.files.rows] == ["80", NA, "80", "80"]
    assert observed.samples[3].notes == ["this row spans 2 intervals (1300.0 s), because 1 before it failed"]


async def test_a_stop_leaves_no_more_samples_but_answers_what_is_asked() -> None:
    observed = Observed(healthy, samples=12)
    observation = observed.observation

    def stop(at_ns: int | None) -> None:
        if at_ns == 1200 * S:
            observed.clock.now_ns = 700 * S
            observation.stop()
            observation.ask("final")
            observation.ask("end")

    observed.before = stop
    await observed.run()
    assert [(sample.number, sample.label) for sample in observed.samples] == [
        (0, "start"), (1, ""), (2, "final"), (2, "end"),
    ]  # fmt: skip
    final = observed.samples[2]
    assert final.row["request_rate"] == "80"
    assert observed.samples[3].row == {}


async def test_a_final_row_within_a_second_of_the_last_is_left_out() -> None:
    observed = Observed(healthy, samples=12)
    observation = observed.observation

    def stop(at_ns: int | None) -> None:
        if at_ns == 1200 * S:
            observed.clock.now_ns = 600 * S + S // 2
            observation.stop()
            observation.ask("final")

    observed.before = stop
    await observed.run()
    assert len(observed.files.rows) == 1
    assert observed.samples[-1].notes == ["no row: less than a second since the last"]


async def test_the_log_has_one_line_per_sample_beginning_with_the_chart_and_one_per_probe() -> None:
    observed = Observed(healthy, interval_s=60, samples=2, probe_s=30, slo=SloTargets().to_mapping())
    await observed.run()
    lines = [str(line["msg"]) for line in observed.log]
    charts = [line for line in lines if line.startswith("📊")]
    assert charts == observed.said
    assert charts[1].startswith("📊 sample 2/2: 80 req/s, success 99 % PASS, p95 NA, p99 NA, errors 1 % PASS")
    assert lines.count("probe") == 5


async def test_a_fallback_reason_outside_the_taxonomy_is_told_once() -> None:
    def page(now_s: float) -> str:
        return healthy(now_s) + f'metasheet_fallback_total{{reason="gremlins"}} {int(now_s)}\n'

    observed = Observed(page, samples=3)
    await observed.run()
    assert observed.logged("gremlins") == ["sample 1: fallback reason 'gremlins' is not in the taxonomy"]


async def test_a_service_that_counts_misses_differently_is_told_once() -> None:
    def page(now_s: float) -> str:
        misses = int(now_s)
        return healthy(now_s) + (
            f'metasheet_fallback_total{{reason="cache_miss"}} {misses}\nmetasheet_fallback_effective_total {misses}\n'
        )

    observed = Observed(page, samples=3)
    await observed.run()
    (told,) = observed.logged("COUNT_CACHE_MISS_AS_FALLBACK")
    assert "rose by 600 where its reasons give 0" in told


async def test_leaving_ends_at_once() -> None:
    observed = Observed(healthy)
    observed.observation.leave()
    async with asyncio.timeout(1):
        await observed.run()
    assert observed.files.rows == []
