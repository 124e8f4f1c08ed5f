"""The trend of nightly validations."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from reports.analysis.trend import trend_of
from reports.cli import report
from reports.loader.nightlies import read_nightlies
from reports.loader.thresholds import load_thresholds
from reports.render.trend_svg import trend_svg
from tests.support.nightlies import LAST, percentiles, validation, write, write_nights

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from reports.analysis.trend import Course, Trend


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(report, ["trend", *arguments], standalone_mode=False)


def trend_in(directory: Path) -> Trend:
    return trend_of(read_nightlies(directory), load_thresholds())


def course(trend: Trend, key: str) -> Course:
    return next(item for item in trend.courses if item.column.key == key)


def cells(output: str, start: str) -> list[str]:
    line = next(line for line in output.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.split("|")[1:-1]]


def test_the_columns_are_the_published_ones_in_their_order(tmp_path: Path) -> None:
    output = invoke(str(write_nights(tmp_path, 3))).output
    assert cells(output, "Date")[:14] == [
        "Date", "Passed", "Failed", "NA", "Status", "Cache hit", "HTTP success", "Create p95", "Restore p95",
        "Plugin p95", "Redis GET p95", "Redis SET p95", "RedisFail (15m)", "Memory",
    ]  # fmt: skip
    assert cells(output, "2026-03-31")[:14] == [
        "2026-03-31", "2", "0", "0", "pass", "95.00 %", "100.00 %", "500 ms", "500 ms", "500 ms", "500 ms", "500 ms",
        "0", "210.0 MB",
    ]  # fmt: skip


def test_seven_nights_are_shown_unless_more_are_asked_for(tmp_path: Path) -> None:
    write_nights(tmp_path, 20)
    assert "**Nights:** 7 nights, 7 passed, 0 failed, 0 na" in invoke(str(tmp_path)).output
    assert "**Nights:** 20 nights" in invoke(str(tmp_path), "-", "30").output


def test_the_day_in_the_name_orders_and_not_when_a_file_was_written(tmp_path: Path) -> None:
    write_nights(tmp_path, 3)
    oldest = tmp_path / "phase5-20260329.json"
    os.utime(oldest, (4e9, 4e9))
    assert [night.day.day for night in read_nightlies(tmp_path, 2)] == [30, 31]


def test_other_names_are_not_nights(tmp_path: Path) -> None:
    write_nights(tmp_path, 1)
    for name in ("phase5-20261399.json", "phase5-2026033.json", "x-phase5-20260301.json", "phase5-20260301.json.bak"):
        (tmp_path / name).write_text("{}")
    assert len(read_nightlies(tmp_path)) == 1


def test_a_day_without_a_file_is_shown_as_missing(tmp_path: Path) -> None:
    write_nights(tmp_path, 4)
    (tmp_path / "phase5-20260330.json").unlink()
    output = invoke(str(tmp_path)).output
    assert cells(output, "2026-03-30")[:6] == ["2026-03-30", "NA", "NA", "NA", "missing", "NA"]
    assert "1 day without a file" in output


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"summary": 3}', "\x00"])
def test_a_file_that_is_none_is_na_and_says_why(tmp_path: Path, text: str) -> None:
    write_nights(tmp_path, 3)
    (tmp_path / "phase5-20260331.json").write_text(text)
    result = invoke(str(tmp_path))
    assert result.return_value == 0
    assert cells(result.output, "2026-03-31")[:6] == ["2026-03-31", "NA", "NA", "NA", "na", "NA"]
    assert "- phase5-20260331.json: " in result.output


def test_a_pass_that_its_assertions_do_not_bear_out_is_no_pass(tmp_path: Path) -> None:
    edited = validation(LAST, success=50.0)
    edited["summary"] |= {"passed": 2, "failed": 0, "overall_status": "pass"}
    write(tmp_path, LAST, edited)
    assert trend_in(tmp_path).passed == 0


def test_a_night_that_was_not_reached_has_no_figures_and_no_zeros(tmp_path: Path) -> None:
    write_nights(tmp_path, 2)
    write(tmp_path, LAST, {"summary": {"overall_status": "na"}})
    trend = trend_in(tmp_path)
    assert all(item.latest is None for item in trend.courses)
    assert course(trend, "http_success_rate").direction == "NA"


def test_change_is_against_the_median_of_the_nights_before(tmp_path: Path) -> None:
    """0.4, 0.5, 0.9 before: the usual is 0.5; 0.6 is 20 % more, which is worse for a latency."""
    for back, p95 in enumerate((0.6, 0.9, 0.5, 0.4)):
        day = LAST - timedelta(days=back)
        write(tmp_path, day, validation(day, p95=p95))
    found = course(trend_in(tmp_path), "snapshot_create_p95")
    assert (found.usual, found.latest, found.direction) == (0.5, 0.6, "worse")
    assert found.change_pct == pytest.approx(20.0)


def test_more_is_better_for_a_rate_and_five_percent_are_steady(tmp_path: Path) -> None:
    for back, cache in enumerate((99.0, 90.0, 90.0)):
        day = LAST - timedelta(days=back)
        write(tmp_path, day, validation(day, cache=cache))
    trend = trend_in(tmp_path)
    assert course(trend, "cache_hit_rate").direction == "better"
    assert course(trend, "http_success_rate").direction == "steady"


def test_defect_10_a_percentile_inside_the_first_bucket_is_its_bound(tmp_path: Path) -> None:
    """0.095 s was published where nothing was known but that all 100 took at most 0.1 s."""
    document = validation(LAST)
    document["percentiles"] = {'redis_operation_duration_seconds{op="get"}': percentiles(0.095, coarse=True)}
    write(tmp_path, LAST, document)
    assert course(trend_in(tmp_path), "redis_get_p95").latest == pytest.approx(0.1)


def test_a_latency_of_four_samples_is_no_figure(tmp_path: Path) -> None:
    document = validation(LAST)
    document["percentiles"] = {'redis_operation_duration_seconds{op="get"}': percentiles(0.01, count=4)}
    write(tmp_path, LAST, document)
    assert course(trend_in(tmp_path), "redis_get_p95").latest is None


def test_the_trend_goes_into_files_with_its_chart(tmp_path: Path) -> None:
    nights, out = write_nights(tmp_path / "nightly", 9), tmp_path / "docs" / "TREND.md"
    result = invoke(str(nights), str(out), "7", "--html", str(tmp_path / "trend.html"))
    assert result.return_value == 0
    assert "![Course of every metric](TREND.svg)" in out.read_text()
    picture = ET.fromstring((tmp_path / "docs" / "TREND.svg").read_text())
    drawn = list(picture.iter("{http://www.w3.org/2000/svg}polyline"))
    assert len(drawn) == 11
    page = (tmp_path / "trend.html").read_text()
    assert page.count("<tr>") == 8
    assert "<script" not in page
    assert "src=" not in page


def test_a_gap_in_the_nights_is_a_gap_in_the_line(tmp_path: Path) -> None:
    write_nights(tmp_path, 5)
    write(tmp_path, LAST - timedelta(days=2), {"summary": {"overall_status": "na"}})
    picture = ET.fromstring(trend_svg(trend_in(tmp_path), alone=True))
    panels = len(list(picture.iter("{http://www.w3.org/2000/svg}g")))
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}polyline"))) == 2 * panels


def test_nothing_in_a_file_can_break_out_of_the_page(tmp_path: Path) -> None:
    document = validation(LAST, summary={"overall_status": "<script>alert(1)</script>"})
    write(tmp_path, LAST, document)
    out = tmp_path / "t.html"
    result = invoke(str(tmp_path), "--html", str(out))
    assert "<script" not in out.read_text()
    assert "<script" not in result.output


def test_no_nights_are_no_trend(tmp_path: Path) -> None:
    result = invoke(str(tmp_path))
    assert result.return_value == 3
    assert "no nightly file (phase5-YYYYMMDD.json) to show a trend of" in result.stderr
    assert "cannot be read (No such file or directory)" in str(invoke(str(tmp_path / "gone")).exception)


def test_a_year_of_nights_trends_in_time(tmp_path: Path) -> None:
    """The bar is 5 s on a machine of its own; this one may be busy."""
    nights = write_nights(tmp_path / "nightly", 365)
    began = perf_counter()
    result = invoke(str(nights), str(tmp_path / "TREND.md"), "365", "--html", str(tmp_path / "trend.html"))
    assert result.return_value == 0
    assert perf_counter() - began < 15


def test_http_latency_is_the_asserted_figure(tmp_path: Path) -> None:
    """The histogram interpolates 127 ms in a wide bucket; the client's 33 ms was judged."""
    document = validation(LAST)
    document["assertions"].append(
        {"metric": "http_latency_p95", "actual": 0.033, "threshold": 0.15, "unit": "seconds", "type": "upper_bound",
         "comparison": "≤", "status": "pass"}
    )  # fmt: skip
    document["summary"] |= {"total_checks": 3, "passed": 3}
    write(tmp_path, LAST, document)
    assert course(trend_in(tmp_path), "http_p95").latest == 0.033


def test_the_page_and_the_markdown_show_the_same_figures(tmp_path: Path) -> None:
    for back, p95 in enumerate((0.6, 0.9, 0.5, 0.4)):
        day = LAST - timedelta(days=back)
        write(tmp_path / "n", day, validation(day, p95=p95, cache=70.0 + back))
    page = tmp_path / "trend.html"
    output = invoke(str(tmp_path / "n"), "--html", str(page)).output
    shown = [row.split("<td") for row in page.read_text().split("<tr>")[2:]]
    for row in shown:
        values = [cell.partition(">")[2].partition("<")[0] for cell in row[1:]]
        assert values == cells(output, values[0])
