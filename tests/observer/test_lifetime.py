"""The account of a service's whole life from one page, and operations told apart by their labels."""

from __future__ import annotations

from typing import Any

from loadgen.core.messages import ObservePlan
from observer.lifetime import lifetime_window
from observer.once import observe_once
from observer.source import Scraped
from tests.support.metrics_server import FakePrometheus, Samples, serving
from tests.support.pages import Endpoints

PAGE = """
# TYPE http_requests_total counter
http_requests_total{method="GET",status="200"} 98
http_requests_total{method="GET",status="500"} 2
# TYPE metasheet_fallback_total counter
metasheet_fallback_total{reason="http_error"} 1
metasheet_fallback_total{reason="cache_miss"} 2
metasheet_fallback_total{reason="upstream_error"} 1
# TYPE metasheet_snapshot_operation_duration_seconds histogram
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="0.1"} 4
metasheet_snapshot_operation_duration_seconds_bucket{operation="create",le="+Inf"} 5
metasheet_snapshot_operation_duration_seconds_sum{operation="create"} 1.5
metasheet_snapshot_operation_duration_seconds_count{operation="create"} 5
metasheet_snapshot_operation_duration_seconds_bucket{operation="restore",le="0.1"} 1
metasheet_snapshot_operation_duration_seconds_bucket{operation="restore",le="+Inf"} 1
metasheet_snapshot_operation_duration_seconds_sum{operation="restore"} 0.05
metasheet_snapshot_operation_duration_seconds_count{operation="restore"} 1
# TYPE redis_operation_duration_seconds histogram
# TYPE redis_last_failure_timestamp gauge
redis_last_failure_timestamp 1700000000
process_start_time_seconds 1700000900
"""


def window_of(text: str, now_s: float = 1700001000.0, endpoints: int = 1) -> dict[str, Any]:
    scripted = Endpoints(count=endpoints)
    snapshot = scripted.take(*[text] * endpoints)
    pages = tuple((f"http://127.0.0.1:{at}", text) for at in range(endpoints))
    return lifetime_window(scripted.reading, Scraped(snapshot, 0, pages), now_s)


def test_one_scrape_tells_everything_since_the_service_started() -> None:
    window = window_of(PAGE)
    assert (window["requests"], window["success"], window["errors_5xx"]) == (100, 98, 2)
    assert window["fallback"] == {"http_error": 1, "cache_miss": 2, "upstream_error": 1}
    assert (window["raw_fallback"], window["effective_fallback"]) == (4, 2)
    assert window["elapsed_s"] == 100
    assert window["redis_last_failure_s"] == 1700000000


def test_create_and_restore_are_told_apart() -> None:
    create, restore = window_of(PAGE)["operations"]
    assert create["labels"] == {"operation": "create"}
    assert create["buckets"] == [[0.1, 4], ["+Inf", 5]]
    assert (create["count"], create["sum"]) == (5, 1.5)
    assert restore["labels"] == {"operation": "restore"}
    assert restore["count"] == 1


def test_operations_of_several_endpoints_are_summed() -> None:
    create, _ = window_of(PAGE, endpoints=2)["operations"]
    assert create["buckets"] == [[0.1, 8], ["+Inf", 10]]


def test_a_histogram_that_is_declared_and_empty_is_no_operation() -> None:
    assert all("redis" not in item["metric"] for item in window_of(PAGE)["operations"])


def test_the_operations_of_a_run_are_those_since_its_start_and_a_restart_loses_none() -> None:
    endpoints = Endpoints()
    endpoints.take(PAGE)
    endpoints.take(
        PAGE.replace('{operation="create",le="0.1"} 4', '{operation="create",le="0.1"} 6').replace("} 5", "} 7")
    )
    restarted = PAGE.replace("1700000900", "1700000999")
    endpoints.take(restarted)
    operations: Any = endpoints.window()["operations"]
    assert operations[0]["buckets"] == [[0.1, 2 + 4], ["+Inf", 2 + 5]]


def test_a_service_without_a_start_time_has_no_length_of_life() -> None:
    assert window_of(PAGE.replace("process_start_time_seconds 1700000900", ""))["elapsed_s"] is None


async def test_a_prometheus_server_tells_the_life_of_all_instances_and_the_memory_of_the_largest() -> None:
    def series(requests: float, memory: float) -> Samples:
        create = "metasheet_snapshot_operation_duration_seconds"
        return {
            ("http_requests_total", (("status", "200"),)): requests,
            ("process_resident_memory_bytes", ()): memory,
            (f"{create}_bucket", (("le", "0.1"), ("operation", "create"))): 3,
            (f"{create}_bucket", (("le", "+Inf"), ("operation", "create"))): 4,
            (f"{create}_count", (("operation", "create"),)): 4,
            (f"{create}_sum", (("operation", "create"),)): 0.5,
            ("redis_last_failure_timestamp", ()): memory,
        }

    samples = {("api", "a:80"): series(100, 2**20 * 50), ("api", "b:80"): series(40, 2**20 * 70)}
    async with serving(FakePrometheus(samples, up=dict.fromkeys(samples, 1)).answer) as server:
        found = await observe_once(ObservePlan([server.url], 10**9, 1, "", ""), 1)
    window = found["lifetime"]
    assert (window["requests"], window["success"]) == (140, 140)
    assert (window["rss_mb_last"], window["redis_last_failure_s"]) == (70, 2**20 * 70)
    assert window["operations"] == [
        {
            "metric": "metasheet_snapshot_operation_duration_seconds",
            "labels": {"operation": "create"},
            "buckets": [[0.1, 6], ["+Inf", 8]],
            "count": 8,
            "sum": 1,
        }
    ]
