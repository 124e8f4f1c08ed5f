"""Every column of a row, worked by hand from two scripted scrapes, and the NA rules."""

from __future__ import annotations

import pytest

from loadgen.core.metrics_csv import COLUMNS, NA, SAMPLE_NUM, TIMESTAMP
from tests.support.pages import Endpoints, rows_of

BEFORE = """
# TYPE http_requests_total counter
http_requests_total{method="GET",status="200"} 1000
http_requests_total{method="POST",status="302"} 10
http_requests_total{method="GET",status="404"} 20
http_requests_total{method="GET",status="500"} 5
# TYPE http_server_requests_seconds histogram
http_server_requests_seconds_bucket{route="/a",le="0.05"} 100
http_server_requests_seconds_bucket{route="/a",le="0.1"} 100
http_server_requests_seconds_bucket{route="/a",le="0.25"} 100
http_server_requests_seconds_bucket{route="/a",le="+Inf"} 100
http_server_requests_seconds_count{route="/a"} 100
http_server_requests_seconds_sum{route="/a"} 2
metasheet_fallback_total{reason="cache_miss"} 40
metasheet_fallback_total{reason="http_error"} 3
metasheet_fallback_total{reason="message_timeout"} 2
metasheet_fallback_effective_total{reason="http_error"} 5
cache_hits_total{impl="memory",key_pattern="doc"} 500
cache_miss_total{impl="memory",key_pattern="doc"} 40
metasheet_http_adapter_ops_total 100
metasheet_message_bus_rpc_attempts_total 50
cache_get_attempts_total 540
metasheet_plugin_reload_total{plugin_name="p",result="success"} 7
metasheet_plugin_reload_total{plugin_name="p",result="failure"} 1
metasheet_plugin_reload_duration_seconds_bucket{plugin_name="p",le="0.1"} 8
metasheet_plugin_reload_duration_seconds_bucket{plugin_name="p",le="0.5"} 8
metasheet_plugin_reload_duration_seconds_bucket{plugin_name="p",le="+Inf"} 8
metasheet_snapshot_create_total{result="success"} 4
metasheet_snapshot_create_total{result="failure"} 0
metasheet_snapshot_restore_total{result="success"} 2
metasheet_snapshot_restore_total{result="failure"} 1
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="1"} 4
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="2"} 4
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="+Inf"} 4
metasheet_snapshot_operation_duration_seconds_bucket{operation="cleanup",le="1"} 0
metasheet_snapshot_operation_duration_seconds_bucket{operation="cleanup",le="2"} 0
metasheet_snapshot_operation_duration_seconds_bucket{operation="cleanup",le="+Inf"} 0
process_cpu_seconds_total 100
process_resident_memory_bytes 52428800
process_start_time_seconds 1700000000
"""
AFTER = """
http_requests_total{method="GET",status="200"} 1750
http_requests_total{method="POST",status="302"} 20
http_requests_total{method="GET",status="404"} 50
http_requests_total{method="GET",status="500"} 15
http_server_requests_seconds_bucket{route="/a",le="0.05"} 500
http_server_requests_seconds_bucket{route="/a",le="0.1"} 820
http_server_requests_seconds_bucket{route="/a",le="0.25"} 890
http_server_requests_seconds_bucket{route="/a",le="+Inf"} 900
http_server_requests_seconds_count{route="/a"} 900
http_server_requests_seconds_sum{route="/a"} 60
metasheet_fallback_total{reason="cache_miss"} 80
metasheet_fallback_total{reason="http_error"} 15
metasheet_fallback_total{reason="message_timeout"} 10
metasheet_fallback_effective_total{reason="http_error"} 25
cache_hits_total{impl="memory",key_pattern="doc"} 860
cache_miss_total{impl="memory",key_pattern="doc"} 80
metasheet_http_adapter_ops_total 220
metasheet_message_bus_rpc_attempts_total 82
cache_get_attempts_total 940
metasheet_plugin_reload_total{plugin_name="p",result="success"} 16
metasheet_plugin_reload_total{plugin_name="p",result="failure"} 2
metasheet_plugin_reload_duration_seconds_bucket{plugin_name="p",le="0.1"} 8
metasheet_plugin_reload_duration_seconds_bucket{plugin_name="p",le="0.5"} 18
metasheet_plugin_reload_duration_seconds_bucket{plugin_name="p",le="+Inf"} 18
metasheet_snapshot_create_total{result="success"} 10
metasheet_snapshot_create_total{result="failure"} 1
metasheet_snapshot_restore_total{result="success"} 5
metasheet_snapshot_restore_total{result="failure"} 1
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="1"} 14
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="2"} 24
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="+Inf"} 24
metasheet_snapshot_operation_duration_seconds_bucket{operation="cleanup",le="1"} 0
metasheet_snapshot_operation_duration_seconds_bucket{operation="cleanup",le="2"} 900
metasheet_snapshot_operation_duration_seconds_bucket{operation="cleanup",le="+Inf"} 900
process_cpu_seconds_total 103
process_resident_memory_bytes 104857600
process_start_time_seconds 1700000000
"""
HAND_WORKED = {
    "timestamp": "2026-01-02T03:04:05.000Z",
    # 750 + 10 + 30 + 10 = 800 requests in 10 s
    "http_success_rate": "0.95",  # 760 / 800
    "error_rate": "0.05",
    "error_rate_4xx": "0.0375",  # 30 / 800
    "error_rate_5xx": "0.0125",  # 10 / 800
    "request_rate": "80",
    # 400, 320, 70, 10 of 800 observations in the four buckets
    "p50_latency": "0.05",  # rank 400 ends the first bucket
    "p90_latency": "0.1",  # rank 720 ends the second
    "p95_latency": "0.185714",  # rank 760: 0.1 + 0.15 * 40 / 70
    "p99_latency": "0.25",  # rank 792 lies in +Inf: the highest finite bound
    "raw_fallback_ratio": "0.075",  # 40 + 12 + 8 = 60 / 800
    "effective_fallback_ratio": "0.025",  # without the 40 misses
    "cpu_percent": "30",  # 3 s in 10 s
    "rss_mb": "100",
    "raw_fallback_total": "105",
    "effective_fallback_total": "25",
    "fallback_http": "15",
    "fallback_message": "10",
    "fallback_cache": "80",
    "http_adapter_ops": "220",
    "message_bus_rpc_attempts": "82",
    "cache_get_attempts": "940",
    "fb_http_ratio": "0.1",  # 12 / 120
    "fb_message_ratio": "0.25",  # 8 / 32
    "fb_cache_ratio": "0.1",  # 40 / 400
    "plugin_reload_success": "16",
    "plugin_reload_failure": "2",
    "snapshot_create_success": "10",
    "snapshot_create_failure": "1",
    "snapshot_restore_success": "5",
    "snapshot_restore_failure": "1",
    "cache_hit_rate": "0.9",  # 360 / 400
    "plugin_reload_p95": "0.48",  # 10 in (0.1, 0.5]: rank 9.5
    "plugin_reload_p99": "0.496",
    "plugin_reload_success_rate": "0.9",  # 9 of 10
    "snapshot_operation_p95": "1.9",  # 10 up to 1 s, 10 in (1, 2]: rank 19; clean-ups do not count
    "snapshot_operation_p99": "1.98",
    "snapshot_success_rate": "0.9",  # 6 + 3 of 10
    "cache_hits_raw": "860",
    "cache_misses_raw": "80",
    "sample_num": "1",
}


@pytest.fixture(scope="module")
def row() -> dict[str, str]:
    return rows_of([BEFORE, AFTER])[0]


def test_the_hand_worked_table_covers_every_column() -> None:
    assert set(HAND_WORKED) == set(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_has_its_hand_worked_value(row: dict[str, str], column: str) -> None:
    assert row[column] == HAND_WORKED[column]


def test_an_idle_interval_has_na_ratios_and_a_rate_of_zero() -> None:
    row = rows_of([AFTER, AFTER])[0]
    assert row["request_rate"] == "0"
    for column in COLUMNS:
        if column.endswith(("_ratio", "_latency", "_p95", "_p99")) or column.startswith(("http_success", "error_rate")):
            assert row[column] == NA, column
    assert row["cache_hit_rate"] == NA
    assert row["cache_hits_raw"] == "860"


def test_a_service_that_shows_nothing_but_requests_has_na_elsewhere() -> None:
    pages = [f'http_requests_total{{status="200"}} {n}\n' for n in (10, 20)]
    row = rows_of(pages)[0]
    known = {"http_success_rate", "error_rate", "error_rate_4xx", "error_rate_5xx", "request_rate"}
    assert {column for column in COLUMNS if row[column] != NA} == known | {TIMESTAMP, SAMPLE_NUM}


def test_a_declared_family_without_samples_is_zero_and_an_undeclared_one_na() -> None:
    declared = "# TYPE metasheet_fallback_total counter\n# TYPE metasheet_plugin_reload_total counter\n"
    pages = [f'{declared}http_requests_total{{status="200"}} {n}\n' for n in (10, 20)]
    row = rows_of(pages)[0]
    zero = ("raw_fallback_total", "effective_fallback_total", "fallback_http", "fallback_cache", "raw_fallback_ratio")
    assert {row[column] for column in (*zero, "plugin_reload_success", "plugin_reload_failure")} == {"0"}
    assert row["snapshot_create_success"] == NA
    assert row["plugin_reload_success_rate"] == NA


def test_public_defect_8_raw_fallback_is_the_sum_of_all_reasons_and_effective_keeps_real_degradations() -> None:
    pages = [
        f'http_requests_total{{status="200"}} {n}\n'
        f'metasheet_fallback_total{{reason="cache_miss"}} {n // 100}\n'
        f'metasheet_fallback_total{{reason="http_error"}} {n * 2 // 100}\n'
        f'metasheet_fallback_total{{reason="upstream_error"}} {n // 100}\n'
        for n in (0, 100)
    ]
    row = rows_of(pages)[0]
    assert (row["raw_fallback_total"], row["effective_fallback_total"]) == ("4", "3")
    assert (row["raw_fallback_ratio"], row["effective_fallback_ratio"]) == ("0.04", "0.03")


def test_public_defect_3_latency_is_of_the_interval_over_all_routes_and_success_is_measured() -> None:
    def page(a: int, b: int, slow: float) -> str:
        route = 'http_server_requests_seconds_bucket{{route="{}",le="{}"}} {}\n'
        quick = "".join(route.format("/a", le, a) for le in ("0.1", "1", "+Inf"))
        late = route.format("/last", "0.1", 0) + "".join(route.format("/last", le, b) for le in ("1", "+Inf"))
        summary = f'http_server_requests_seconds_summary{{route="/last",quantile="0.9"}} {slow}\n'
        return (
            f'http_requests_total{{status="200"}} {a}\nhttp_requests_total{{status="503"}} {b}\n'
            + quick
            + late
            + summary
        )

    row = rows_of([page(1_000_000, 10, 0.4), page(1_000_080, 30, 0.4)])[0]
    # of this interval's 100 requests 80 are in (0, 0.1] and 20 in (0.1, 1], whatever a million before were
    assert row["p50_latency"] == "0.0625"
    assert row["p90_latency"] == "0.55"
    assert row["http_success_rate"] == "0.8"


def test_with_a_summary_only_the_highest_quantile_of_all_series_is_shown_and_marked_as_lifetime() -> None:
    page = (
        'http_requests_total{{status="200"}} {}\n'
        'http_server_requests_seconds_summary{{route="/a",quantile="0.5"}} 0.01\n'
        'http_server_requests_seconds_summary{{route="/b",quantile="0.5"}} 0.03\n'
        'http_server_requests_seconds_summary{{route="/a",quantile="0.99"}} 0.2\n'
        'http_server_requests_seconds_summary{{route="/b",quantile="0.99"}} NaN\n'
    )
    endpoints = Endpoints()
    endpoints.take(page.format(1))
    endpoints.take(page.format(2))
    row = endpoints.row()
    assert (row["p50_latency"], row["p95_latency"], row["p99_latency"]) == ("0.03", NA, "0.2")
    assert endpoints.window()["latency_source"] == "summary (lifetime)"


def test_a_histogram_that_saw_nothing_does_not_fall_back_to_a_lifetime_summary() -> None:
    quiet = AFTER + 'http_server_requests_seconds_summary{quantile="0.5"} 0.2\n'
    assert rows_of([quiet, quiet])[0]["p50_latency"] == NA


def test_counting_misses_makes_effective_what_raw_is() -> None:
    endpoints = Endpoints(count_cache_miss=True)
    endpoints.take(BEFORE)
    endpoints.take(AFTER)
    row = endpoints.row()
    assert (row["effective_fallback_ratio"], row["effective_fallback_total"]) == ("0.075", "105")


def test_without_reasons_the_services_own_effective_counter_is_used_and_the_split_is_na() -> None:
    page = (
        'http_requests_total{{status="200"}} {}\nmetasheet_fallback_total {}\nmetasheet_fallback_effective_total {}\n'
    )
    row = rows_of([page.format(0, 0, 0), page.format(100, 30, 4)])[0]
    assert (row["raw_fallback_ratio"], row["effective_fallback_ratio"]) == ("0.3", "0.04")
    assert (row["fallback_http"], row["fallback_cache"]) == (NA, NA)


def test_requests_without_any_status_have_a_rate_but_no_success() -> None:
    row = rows_of(["http_requests_total 10\n", "http_requests_total 30\n"])[0]
    assert (row["request_rate"], row["http_success_rate"], row["error_rate"]) == ("2", NA, NA)


def test_the_permission_cache_stands_in_while_the_generic_one_counts_nothing() -> None:
    generic = "# TYPE cache_hits_total counter\n# TYPE cache_miss_total counter\n"
    page = generic + "rbac_perm_cache_hits_total {}\nrbac_perm_cache_misses_total {}\n"
    endpoints = Endpoints()
    endpoints.take(page.format(10, 10))
    endpoints.take(page.format(19, 11))
    row, window = endpoints.row(), endpoints.window()
    assert (row["cache_hit_rate"], row["cache_hits_raw"], row["cache_misses_raw"]) == ("0.9", "19", "11")
    assert window["sources"]["cache"] == "rbac_permission_cache_legacy"  # type: ignore[index]


def test_cache_attempts_are_hits_and_misses_where_nobody_counts_them() -> None:
    page = 'http_requests_total{{status="200"}} 1\ncache_hits_total {}\ncache_misses_total {}\n'
    row = rows_of([page.format(10, 10), page.format(40, 20)])[0]
    assert row["cache_get_attempts"] == "60"
    assert row["cache_hit_rate"] == "0.75"


def test_memory_is_the_largest_endpoints_and_cpu_the_sum() -> None:
    page = 'http_requests_total{{status="200"}} 1\nprocess_resident_memory_bytes {}\nprocess_cpu_seconds_total {}\n'
    endpoints = Endpoints(count=2)
    endpoints.take(page.format(100 * 2**20, 10), page.format(300 * 2**20, 10))
    endpoints.take(page.format(100 * 2**20, 12), page.format(300 * 2**20, 13))
    row = endpoints.row()
    assert (row["rss_mb"], row["cpu_percent"]) == ("300", "50")


def test_real_seconds_divide_and_not_the_nominal_interval() -> None:
    endpoints = Endpoints()
    endpoints.take('http_requests_total{status="200"} 0\n', at_s=0)
    endpoints.take('http_requests_total{status="200"} 1000\n', at_s=12.5)
    assert endpoints.row()["request_rate"] == "80"


def test_two_scrapes_at_the_same_instant_have_no_rate() -> None:
    endpoints = Endpoints()
    endpoints.take(BEFORE, at_s=0)
    endpoints.take(AFTER, at_s=0)
    assert (endpoints.row()["request_rate"], endpoints.row()["cpu_percent"]) == (NA, NA)


def test_the_window_is_the_reset_safe_account_since_sample_0() -> None:
    endpoints = Endpoints()
    for text in (BEFORE, AFTER, BEFORE):
        endpoints.take(text)
    window = endpoints.window()
    assert window["requests"] == 800 + 1035
    assert window["success"] == 760 + 1010
    assert window["resets"] == 1
    assert window["fallback"] == {"cache_miss": 80, "http_error": 15, "message_timeout": 10}
    assert window["latency_buckets"] == [[0.05, 500], [0.1, 820], [0.25, 890], ["+Inf", 900]]
    assert window["percentiles"]["p95"]["lower"] == 0.1  # type: ignore[index]


def test_a_saturated_percentile_says_so_in_the_window() -> None:
    endpoints = Endpoints()
    endpoints.take(BEFORE)
    endpoints.take(AFTER)
    found = endpoints.window()["percentiles"]["p99"]  # type: ignore[index]
    assert found == {"value": 0.25, "lower": 0.25, "upper": None, "saturated": True}


@pytest.mark.parametrize(
    ("n", "text"),
    [(1_234_567, "1234567"), (0.0000123, "0.0000123"), (1_234.56789, "1234.568"), (123_456_789.5, "123456789.500")],
)
def test_figures_are_written_without_exponents(n: float, text: str) -> None:
    row = rows_of(["cache_hits_total 0\ncache_miss_total 0\n", f"cache_hits_total {n}\ncache_miss_total 1\n"])[0]
    assert row["cache_hits_raw"] == text


def test_the_relay_profile_takes_words_for_status() -> None:
    page = 'action_exec_total{{provider="g",action="a",status="ok"}} {}\naction_exec_total{{status="error"}} {}\n'
    row = rows_of([page.format(0, 0), page.format(90, 10)], "relay")[0]
    assert (row["http_success_rate"], row["error_rate_5xx"]) == ("0.9", "0.1")


def test_any_http_service_can_be_observed_by_its_histogram_alone() -> None:
    page = (
        'http_request_duration_seconds_bucket{{status_code="2xx",le="0.1"}} {0}\n'
        'http_request_duration_seconds_bucket{{status_code="2xx",le="+Inf"}} {0}\n'
        'http_request_duration_seconds_count{{status_code="2xx"}} {0}\n'
        'http_request_duration_seconds_count{{status_code="5xx"}} {1}\n'
        'http_request_duration_seconds_bucket{{status_code="5xx",le="0.1"}} 0\n'
        'http_request_duration_seconds_bucket{{status_code="5xx",le="+Inf"}} {1}\n'
    )
    row = rows_of([page.format(0, 0), page.format(98, 2)], "prometheus-http")[0]
    assert (row["http_success_rate"], row["request_rate"]) == ("0.98", "10")
    assert row["p50_latency"] == "0.0510204"


def test_milliseconds_are_scaled_to_seconds() -> None:
    page = (
        'http_server_duration_milliseconds_bucket{{http_status_code="200",le="100"}} {0}\n'
        'http_server_duration_milliseconds_bucket{{http_status_code="200",le="+Inf"}} {0}\n'
        'http_server_duration_milliseconds_count{{http_status_code="200"}} {0}\n'
    )
    row = rows_of([page.format(0), page.format(10)], "prometheus-http")[0]
    assert (row["p50_latency"], row["http_success_rate"]) == ("0.05", "1")
