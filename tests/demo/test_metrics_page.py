"""The metrics page: every family, its names and labels, and counts that agree with what arrived."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from loadgen.core.units import parse_rate
from loadgen.demo.settings import Settings
from tests.support.demo import INSTANT, Demo, running_demo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REQUEST_BOUNDS = ["0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2", "5", "+Inf"]
FAMILIES = {
    "http_requests_total": "counter",
    "http_server_requests_seconds": "histogram",
    "http_server_requests_seconds_summary": "summary",
    "http_response_size_bytes": "histogram",
    "http_requests_in_flight": "gauge",
    "metasheet_fallback_total": "counter",
    "metasheet_fallback_effective_total": "counter",
    "metasheet_http_adapter_ops_total": "counter",
    "metasheet_message_bus_rpc_attempts_total": "counter",
    "cache_get_attempts_total": "counter",
    "cache_hits_total": "counter",
    "cache_miss_total": "counter",
    "cache_set_total": "counter",
    "cache_del_total": "counter",
    "cache_errors_total": "counter",
    "cache_enabled": "gauge",
    "redis_operation_duration_seconds": "histogram",
    "redis_timeouts_total": "counter",
    "redis_recovery_attempts_total": "counter",
    "redis_last_failure_timestamp": "gauge",
    "metasheet_plugin_reload_total": "counter",
    "metasheet_plugin_reload_duration_seconds": "histogram",
    "metasheet_snapshot_create_total": "counter",
    "metasheet_snapshot_restore_total": "counter",
    "metasheet_snapshot_cleanup_total": "counter",
    "metasheet_snapshot_operation_duration_seconds": "histogram",
    "jwt_auth_fail_total": "counter",
    "metasheet_auth_failures_total": "counter",
    "metasheet_rate_limited_total": "counter",
    "process_resident_memory_bytes": "gauge",
    "process_cpu_seconds_total": "counter",
    "process_start_time_seconds": "gauge",
    "process_open_fds": "gauge",
}
ONLY_WITH_REDIS = {"redis_operation_duration_seconds", "redis_timeouts_total", "redis_recovery_attempts_total"}


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[Demo]:
    """A service whose second limited internal request is already too many."""
    async with running_demo(Settings(internal_limit=parse_rate("1/m"), faults=INSTANT)) as running:
        yield running


async def use_everything(demo: Demo) -> None:
    """Make every producer produce, by ordinary requests."""
    for path in ("/", "/api/v2/hello", "/api/data/user:1", "/api/data/user:1", "/api/sim-error", "/nowhere"):
        await demo.get(path)
    await demo.get("/api/v2/hello", headers={"Authorization": "Bearer nonsense"})
    await demo.ask("PUT", "/api/data/big:1", json="x" * 300_000)
    await demo.get("/api/data/big:1")
    await demo.post("/internal/test/fallback", json={"mode": "http_error"})
    await demo.post("/api/admin/plugins/example-plugin/reload-unsafe")
    _, snapshot = await demo.post("/api/snapshots")
    await demo.post(f"/api/snapshots/{snapshot['id']}/restore")
    await demo.ask("DELETE", f"/api/snapshots/{snapshot['id']}")
    await demo.get("/internal/cache")


def declared(text: str) -> dict[str, str]:
    return {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE ")}


async def test_every_family_is_declared_with_help_before_anything_happened(demo: Demo) -> None:
    text = await demo.page_text()

    assert declared(text) == FAMILIES
    assert [line.split()[2] for line in text.splitlines() if line.startswith("# HELP ")] == list(FAMILIES)


async def test_every_family_gets_samples_from_what_the_service_does(demo: Demo) -> None:
    await use_everything(demo)

    text = await demo.page_text()

    starts = [line.partition(" ")[0].partition("{")[0] for line in text.splitlines() if not line.startswith("#")]
    suffixes = ("", "_bucket", "_sum", "_count")
    empty = {name for name in FAMILIES if not any(name + suffix in starts for suffix in suffixes)}
    assert empty == ONLY_WITH_REDIS


async def test_the_page_is_read_by_an_independent_parser(demo: Demo) -> None:
    await use_everything(demo)
    async with demo.client.get("/metrics/prom") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = await answer.text()

    families = {family.name: family for family in text_string_to_metric_families(text)}

    assert families["http_server_requests_seconds"].type == "histogram"
    assert families["http_requests"].type == "counter"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
async def test_promtool_finds_no_error_in_the_page(demo: Demo) -> None:
    await use_everything(demo)
    promtool = await asyncio.create_subprocess_exec(
        "promtool", "check", "metrics",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip

    output, _ = await promtool.communicate((await demo.page_text()).encode())

    # 3 means that a name is not to its taste; ours are those that observers of such services know
    assert promtool.returncode in (0, 3), output.decode()
    assert output.decode().strip() in (
        "",
        "http_server_requests_seconds_summary metric name should not include type 'summary'",
    )


async def test_the_request_histogram_has_its_labels_and_buckets(demo: Demo) -> None:
    await demo.get("/api/data/user:1")

    page = await demo.page()

    labels = {"route": "/api/data/{key}", "method": "GET", "status": "200"}
    buckets = [page.value("http_server_requests_seconds_bucket", le=bound, **labels) for bound in REQUEST_BOUNDS]
    assert buckets == sorted(buckets)
    assert buckets[-1] == page.value("http_server_requests_seconds_count", **labels) == 1
    for quantile in ("0.5", "0.9", "0.95", "0.99"):
        assert page.value("http_server_requests_seconds_summary", quantile=quantile, **labels) > 0


@pytest.mark.parametrize(
    ("family", "label", "value", "bounds"),
    [
        ("metasheet_plugin_reload_duration_seconds", "plugin_name", "example-plugin",
         ["0.1", "0.5", "1", "2", "5", "10", "+Inf"]),
        ("metasheet_snapshot_operation_duration_seconds", "operation", "create",
         ["0.1", "0.5", "1", "2", "5", "10", "30", "+Inf"]),
    ],
)  # fmt: skip
async def test_operations_have_their_own_buckets(
    demo: Demo, family: str, label: str, value: str, bounds: list[str]
) -> None:
    await use_everything(demo)

    page = await demo.page()

    found = [
        dict(labels)["le"] for (name, labels) in page.samples if name == f"{family}_bucket" and (label, value) in labels
    ]
    assert found == bounds


async def test_the_service_serves_exactly_what_arrived(demo: Demo) -> None:
    await demo.fault(error_every=4)
    paths = ["/api/v2/hello", "/api/data/user:1", "/health", "/nowhere"] * 15
    await asyncio.gather(*(demo.get(path) for path in paths))

    received, page = await demo.received(), await demo.page()

    assert received["requests"] == received["answered"] == page.total("http_requests_total") == 60
    assert page.total("http_server_requests_seconds_count") == 60
    assert page.total("http_server_requests_seconds_summary_count") == 60
    assert received["by_path"] == dict.fromkeys(paths, 15)
    assert page.value("http_requests_total", method="GET", status="500") == 15


async def test_scrapes_and_internal_requests_are_not_counted(demo: Demo) -> None:
    for path in ("/metrics", "/metrics/prom", "/internal/fault", "/internal/cache", "/internal/flags"):
        await demo.get(path)

    assert (await demo.received())["requests"] == 0
    assert (await demo.page()).total("http_requests_total") == 0


async def test_every_api_request_uses_the_adapter_and_the_bus_and_some_the_cache(demo: Demo) -> None:
    for path in ("/api/v2/hello", "/api/v2/hello", "/api/data/user:1", "/api/plugins", "/livez"):
        await demo.get(path)

    page = await demo.page()

    assert page.value("metasheet_http_adapter_ops_total") == 4
    assert page.value("metasheet_message_bus_rpc_attempts_total") == 4
    assert page.value("cache_get_attempts_total") == 3
    assert page.total("cache_hits_total") == 1
    assert page.total("cache_miss_total") == 2


async def test_an_ordinary_minute_keeps_its_objectives() -> None:
    """With the default latency 100 requests stay far below 150 ms, and the cache answers at least 80 %."""
    async with running_demo(Settings()) as demo:
        mix = ["/api/v2/hello"] * 60 + [f"/api/data/user:{number % 4}" for number in range(40)]
        limit = asyncio.Semaphore(10)

        async def ask(path: str) -> int:
            async with limit:
                return (await demo.get(path))[0]

        assert set(await asyncio.gather(*map(ask, mix))) == {200}
        page = await demo.page()

    slow = sum(
        value
        for (name, labels), value in page.samples.items()
        if name == "http_server_requests_seconds_bucket" and ("le", "0.25") in labels
    )
    assert slow == 100
    assert page.total("cache_hits_total") >= 60
    assert page.total("metasheet_fallback_effective_total") == 0


async def test_the_json_page_has_the_same_families(demo: Demo) -> None:
    await demo.get("/livez")
    status, body = await demo.get("/metrics")

    families: dict[str, Any] = body["families"]
    assert status == 200
    assert {name: family["type"] for name, family in families.items()} == FAMILIES
    assert families["http_requests_total"]["samples"] == {'http_requests_total{method="GET",status="200"}': 1}


async def test_process_figures_are_those_of_the_process() -> None:
    async with running_demo(Settings(faults=INSTANT)) as demo:
        page = await demo.page()

    assert 10e6 < page.value("process_resident_memory_bytes") < 2e9
    assert page.value("process_cpu_seconds_total") > 0
    assert page.value("process_open_fds") > 3
