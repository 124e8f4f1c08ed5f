"""docs/METRICS_GUIDE.md says of each column what the code does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loadgen.core.metrics_csv import COLUMNS, NA, SAMPLE_NUM, TIMESTAMP
from loadgen.core.slo import OBJECTIVES, SloTargets, Unit
from observer.profile_file import load_profile
from reports.analysis.check import Weight
from reports.analysis.health import WEIGHTS
from tests.support.documents import DOCS, queries, sections
from tests.support.judging import judge
from tests.support.pages import rows_of
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "METRICS_GUIDE.md"
SERIES = """
http_requests_total{status="200"} 900
http_requests_total{status="404"} 60
http_requests_total{status="500"} 40
http_server_requests_seconds_bucket{route="/a",le="0.1"} 900
http_server_requests_seconds_bucket{route="/a",le="0.25"} 1000
http_server_requests_seconds_bucket{route="/a",le="+Inf"} 1000
metasheet_fallback_total{reason="cache_miss"} 40
metasheet_fallback_total{reason="http_error"} 3
metasheet_fallback_total{reason="message_timeout"} 2
cache_hits_total 500
cache_miss_total 40
metasheet_http_adapter_ops_total 100
metasheet_message_bus_rpc_attempts_total 50
metasheet_plugin_reload_total{plugin_name="p",result="success"} 7
metasheet_plugin_reload_total{plugin_name="p",result="failure"} 1
metasheet_plugin_reload_duration_seconds_bucket{plugin_name="p",le="0.1"} 6
metasheet_plugin_reload_duration_seconds_bucket{plugin_name="p",le="+Inf"} 8
metasheet_snapshot_create_total{result="success"} 4
metasheet_snapshot_create_total{result="failure"} 1
metasheet_snapshot_restore_total{result="success"} 2
metasheet_snapshot_restore_total{result="failure"} 1
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="1"} 7
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="+Inf"} 8
process_cpu_seconds_total 10
process_resident_memory_bytes 52428800
"""


def table(title: str) -> list[list[str]]:
    """Return the rows of the first table of a section, without its headings."""
    text = sections(PAGE)[title].split("\n\n")
    lines = next(part for part in text if part.startswith("| ")).splitlines()
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines[2:]]


def page(times: int) -> str:
    """Return the page of a service whose every figure is `times` as large."""
    return re.sub(r" (\d+)$", lambda match: f" {int(match[1]) * times}", SERIES, flags=re.MULTILINE)


COLUMN_ROWS = table("The 41 columns")
KIND = {row[1]: row[3] for row in COLUMN_ROWS}
UNIT = {row[1]: row[2] for row in COLUMN_ROWS}


def test_the_table_has_the_41_columns_in_their_order_each_with_all_its_cells() -> None:
    assert [row[1] for row in COLUMN_ROWS] == list(COLUMNS)
    assert [row[0] for row in COLUMN_ROWS] == [str(number) for number in range(1, 42)]
    assert all(len(row) == 6 and all(row) for row in COLUMN_ROWS)


def test_a_kind_is_what_a_column_does() -> None:
    first = rows_of([page(1), page(2)])[0]
    idle = rows_of([page(1), page(2), page(2)])[1]
    late = rows_of([page(2), page(2)])[0]
    for column in COLUMNS:
        same_after_an_idle_interval, same_from_another_start = (
            first[column] == idle[column],
            first[column] == late[column],
        )
        found = {
            (False, False): "interval",
            (True, True): "now" if column == "rss_mb" else "cumulative",
            (True, False): "since start",
        }.get((same_after_an_idle_interval, same_from_another_start))
        assert KIND[column] in (found, "label"), column
    assert {column for column in COLUMNS if KIND[column] == "label"} == {TIMESTAMP, SAMPLE_NUM}


def test_na_is_where_the_page_says() -> None:
    nothing, idle = rows_of(["", ""])[0], rows_of([page(2), page(2)])[0]
    never = {row[1] for row in COLUMN_ROWS if row[5] == "never"}
    assert {column for column in COLUMNS if nothing[column] != NA} == never
    no_division = {column for column in COLUMNS if idle[column] == NA}
    said = {column for column in COLUMNS if KIND[column] in ("interval", "since start")}
    assert no_division == said - {"cpu_percent", "request_rate"}


def test_ratios_are_from_0_to_1_and_percent_is_not() -> None:
    row = rows_of([page(1), page(2)])[0]
    for column in COLUMNS:
        if UNIT[column] == "ratio":
            assert 0 <= float(row[column]) <= 1, column
    assert float(row["rss_mb"]) == 100
    assert {column for column in COLUMNS if UNIT[column] == "s"} == {
        column for column in COLUMNS if column.endswith(("_latency", "_p95", "_p99"))
    }


def test_the_targets_are_those_of_the_code() -> None:
    targets, units = (
        SloTargets().to_mapping(),
        {Unit.PERCENT: ("%", 1), Unit.SECONDS: ("ms", 1000), Unit.MEGABYTES: ("MB", 1)},
    )
    expected = [
        [item.title, f"{item.bound.value} {targets[item.name] * units[item.unit][1]:g} {units[item.unit][0]}"]
        for item in OBJECTIVES
    ]
    assert [row[:2] for row in table("What is judged")] == expected
    assert all(row[2] in COLUMNS for row in table("What is judged"))


def test_what_is_missing_without_a_figure_is_mandatory_neutral_or_information(tmp_path: Path) -> None:
    told = {row[0]: row[3] for row in table("What is judged")}
    names = {
        "success": "Success rate", "p95": "P95 latency", "p99": "P99 latency",
        "effective_fallback": "Effective fallback", "error": "Error rate", "memory": "Memory (RSS)",
        "cache_hit": "Cache hit rate",
    }  # fmt: skip
    mandatory = {names[key] for key in load_profile("metasheet").mandatory}
    assert {title for title, text in told.items() if text == "INCOMPLETE"} == mandatory
    checks = judge(tmp_path, quick_run()).slo
    informative = {check.key for check in checks if check.weight is Weight.INFORMATIVE}
    assert {"raw_fallback", "cpu"} <= informative
    assert {title for title, text in told.items() if text == "information only"} == {"Raw fallback", "CPU"}


def test_the_bands_are_those_of_the_code(tmp_path: Path) -> None:
    rows = {number: {"rss_mb": str(100 + number)} for number in (1, 2, 3)}
    found = judge(tmp_path, RunOnDisk(samples=3, rows=rows)).insight.bands
    told = {row[0]: re.findall(r"\d+", row[1]) for row in table("Warning bands and weights")}
    by_name = {band.name: re.findall(r"\d+", band.warn) for band in found}
    assert by_name == {
        "P95 latency, client": told["P95 latency, client and server"],
        "P95 latency, server": told["P95 latency, client and server"],
        "Memory, average": told["memory, average"],
        "Memory, highest": told["memory, highest"],
        "Cache hit rate": told["cache hit rate"],
        "Memory growth, first to last sample": told["memory growth over the run"],
    }


def test_the_weights_are_those_of_the_code() -> None:
    found = re.findall(r"^\| (.+?) \| ([\d.]+) \|$", sections(PAGE)["Warning bands and weights"], re.MULTILINE)
    assert found == [(weight.title, f"{weight.percent:g}") for weight in WEIGHTS]


def test_the_page_shows_queries() -> None:
    assert len(queries(PAGE)) == 6
