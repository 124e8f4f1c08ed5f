"""Every route of the service, over a real connection."""

from __future__ import annotations

import pytest

from loadgen.core.units import parse_rate
from loadgen.demo.cache import MAX_VALUE_BYTES
from loadgen.demo.settings import Settings
from tests.support.demo import INSTANT, Demo, running_demo


async def test_the_index_answers(demo: Demo) -> None:
    assert await demo.get("/") == (
        200,
        {"service": "loadgen demo", "api": "/api/v2/hello", "metrics": "/metrics/prom"},
    )


async def test_health_names_every_component(demo: Demo) -> None:
    status, body = await demo.get("/health")

    assert status == 200
    assert set(body) == {"status", "version", "timestamp", "checks"}
    assert body["status"] == "healthy"
    assert set(body["checks"]) == {"documents", "cache", "event_bus", "upstream"}
    assert all(check["status"] == "healthy" and check["error"] is None for check in body["checks"].values())
    assert body["checks"]["documents"]["latency_ms"] >= 2


async def test_one_bad_component_degrades_health_and_readiness_but_not_liveness(demo: Demo) -> None:
    await demo.fault(unhealthy=["cache"])

    status, body = await demo.get("/health")

    assert (status, body["status"]) == (503, "degraded")
    assert body["checks"]["cache"]["status"] == "unhealthy"
    assert body["checks"]["cache"]["error"] == "made unhealthy by the fault panel"
    assert await demo.get("/readyz") == (503, {"status": "not ready"})
    assert await demo.get("/livez") == (200, {"status": "alive"})

    await demo.fault(unhealthy=[])
    assert await demo.get("/readyz") == (200, {"status": "ready"})


async def test_hello_greets(demo: Demo) -> None:
    status, body = await demo.get("/api/v2/hello")

    assert (status, body["message"], body["degraded"]) == (200, "hello", [])


async def test_a_document_is_read_through_the_cache(demo: Demo) -> None:
    first = (await demo.get("/api/data/user:1"))[1]
    second = (await demo.get("/api/data/user:1"))[1]

    assert (first["cached"], second["cached"]) == (False, True)
    assert first["value"] == second["value"] == "the value of user:1"


async def test_writing_a_document_drops_what_the_cache_had(demo: Demo) -> None:
    await demo.get("/api/data/user:1")

    assert await demo.ask("PUT", "/api/data/user:1", json={"name": "Ada"}) == (200, {"key": "user:1", "revision": 1})
    assert (await demo.get("/api/data/user:1"))[1]["value"] == {"name": "Ada"}

    assert (await demo.ask("DELETE", "/api/data/user:1"))[0] == 200
    assert (await demo.ask("DELETE", "/api/data/user:1"))[0] == 404
    page = await demo.page()
    assert page.value("cache_del_total", impl="memory", key_pattern="user") == 3


async def test_a_document_must_be_json(demo: Demo) -> None:
    status, body = await demo.ask("PUT", "/api/data/user:1", data=b"{")

    assert (status, body["error"]["code"]) == (400, "NOT_JSON")


async def test_a_document_too_large_for_the_cache_is_a_cache_error(demo: Demo) -> None:
    await demo.ask("PUT", "/api/data/big:1", json="x" * MAX_VALUE_BYTES)

    assert (await demo.get("/api/data/big:1"))[1]["cached"] is False
    assert (await demo.page()).value("cache_errors_total", impl="memory", error_type="value_too_large") == 1


async def test_without_the_feature_every_read_misses() -> None:
    async with running_demo(Settings(feature_cache=False, faults=INSTANT)) as demo:
        for _ in range(3):
            assert (await demo.get("/api/data/user:1"))[1]["cached"] is False
        page = await demo.page()

    assert page.value("cache_enabled", impl="null") == 0
    assert page.value("cache_miss_total", impl="null", key_pattern="user") == 3
    assert page.value("metasheet_fallback_total", reason="cache_miss") == 3


async def test_plugins_are_listed_and_reloaded(demo: Demo) -> None:
    status, body = await demo.post("/api/admin/plugins/example-plugin/reload-unsafe")

    assert (status, body["plugin"]) == (200, {"id": "example-plugin", "generation": 2, "status": "active"})
    assert body["plugin"] in (await demo.get("/api/plugins"))[1]["plugins"]
    page = await demo.page()
    assert page.value("metasheet_plugin_reload_total", plugin_name="example-plugin", result="success") == 1
    assert page.value("metasheet_plugin_reload_duration_seconds_count", plugin_name="example-plugin") == 1


async def test_a_broken_plugin_fails_to_reload_and_an_unknown_one_is_not_counted(demo: Demo) -> None:
    status, body = await demo.post("/api/admin/plugins/broken-plugin/reload-unsafe")
    assert (status, body["error"]["code"]) == (500, "RELOAD_FAILED")

    status, body = await demo.post("/api/admin/plugins/none/reload-unsafe")
    assert (status, body["error"]["code"]) == (404, "UNKNOWN_PLUGIN")
    page = await demo.page()
    assert page.value("metasheet_plugin_reload_total", plugin_name="broken-plugin", result="failure") == 1
    assert page.total("metasheet_plugin_reload_total") == 1


async def test_unsafe_routes_are_closed_without_their_flag() -> None:
    async with running_demo(Settings(allow_unsafe_admin=False, faults=INSTANT)) as demo:
        reload_status, body = await demo.post("/api/admin/plugins/example-plugin/reload-unsafe")
        error_status, _ = await demo.get("/api/sim-error")

    assert (reload_status, error_status, body["error"]["code"]) == (403, 403, "UNSAFE_DISABLED")


async def test_sim_error_always_fails(demo: Demo) -> None:
    assert (await demo.get("/api/sim-error"))[0] == 500
    assert (await demo.page()).value("http_requests_total", method="GET", status="500") == 1


async def test_a_snapshot_puts_the_documents_back(demo: Demo) -> None:
    await demo.ask("PUT", "/api/data/user:1", json="before")
    status, snapshot = await demo.post("/api/snapshots", json={"name": "nightly"})
    assert (status, snapshot["name"], snapshot["documents"]) == (201, "nightly", 1)
    await demo.ask("PUT", "/api/data/user:1", json="after")
    assert (await demo.get("/api/data/user:1"))[1]["value"] == "after"

    assert (await demo.post(f"/api/snapshots/{snapshot['id']}/restore"))[0] == 200

    assert (await demo.get("/api/data/user:1"))[1]["value"] == "before"
    assert (await demo.get("/api/snapshots"))[1] == {"snapshots": [snapshot]}


async def test_the_durations_of_snapshot_work_are_in_their_histogram(demo: Demo) -> None:
    _, snapshot = await demo.post("/api/snapshots")
    await demo.post(f"/api/snapshots/{snapshot['id']}/restore")

    page = await demo.page()

    name = "metasheet_snapshot_operation_duration_seconds"
    assert page.value(f"{name}_count", operation="create") == 1
    assert page.value(f"{name}_count", operation="restore") == 1
    assert page.value(f"{name}_bucket", operation="restore", le="5") == 1
    assert page.value("metasheet_snapshot_create_total", result="success") == 1
    assert page.value("metasheet_snapshot_restore_total", result="success") == 1


async def test_an_unknown_snapshot_is_a_failed_restore_and_a_failed_cleanup(demo: Demo) -> None:
    assert (await demo.post("/api/snapshots/snap-9/restore"))[0] == 404
    assert (await demo.ask("DELETE", "/api/snapshots/snap-9"))[0] == 404

    page = await demo.page()
    assert page.value("metasheet_snapshot_restore_total", result="failure") == 1
    assert page.value("metasheet_snapshot_cleanup_total", result="failure") == 1


async def test_a_snapshot_can_be_removed(demo: Demo) -> None:
    _, snapshot = await demo.post("/api/snapshots")

    assert (await demo.ask("DELETE", f"/api/snapshots/{snapshot['id']}"))[0] == 200
    assert (await demo.page()).value("metasheet_snapshot_cleanup_total", result="success") == 1
    assert (await demo.post("/api/snapshots", data=b"{"))[0] == 400


@pytest.mark.parametrize(
    "mode",
    [
        "http_error", "http_timeout", "message_error", "message_timeout",
        "cache_miss", "circuit_breaker", "upstream_error", "unknown",
    ],
)  # fmt: skip
async def test_every_fallback_can_be_taken_on_purpose(demo: Demo, mode: str) -> None:
    assert await demo.post("/internal/test/fallback", json={"mode": mode}) == (200, {"mode": mode, "taken": [mode]})

    page = await demo.page()
    assert page.value("metasheet_fallback_total", reason=mode) == 1
    assert page.total("metasheet_fallback_effective_total") == (mode != "cache_miss")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"mode": "boredom"}'])
async def test_an_unknown_fallback_is_refused_with_the_known_ones(demo: Demo, body: bytes) -> None:
    status, answer = await demo.post("/internal/test/fallback", data=body)

    assert (status, answer["error"]["code"]) == (400, "BAD_MODE")
    assert "http_timeout" in answer["error"]["message"]


async def test_the_fallback_route_is_not_there_without_its_flag() -> None:
    async with running_demo(Settings(enable_fallback_test=False, faults=INSTANT)) as demo:
        assert (await demo.post("/internal/test/fallback", json={"mode": "unknown"}))[0] == 404


@pytest.mark.parametrize(("counted", "effective"), [(False, 0), (True, 1)])
async def test_a_cache_miss_is_effective_by_the_flag(counted: bool, effective: int) -> None:
    async with running_demo(Settings(count_cache_miss_as_fallback=counted, faults=INSTANT)) as demo:
        await demo.get("/api/data/user:1")
        page = await demo.page()

    assert page.value("metasheet_fallback_total", reason="cache_miss") == 1
    assert page.total("metasheet_fallback_effective_total") == effective


async def test_a_service_without_its_bus_degrades_every_api_request() -> None:
    async with running_demo(Settings(disable_event_bus=True, faults=INSTANT)) as demo:
        assert (await demo.get("/api/v2/hello"))[1]["degraded"] == ["message_error"]
        assert (await demo.get("/health"))[0] == 200
        page = await demo.page()

    assert page.value("metasheet_fallback_effective_total", reason="message_error") == 1


async def test_the_cache_can_be_looked_at_and_cleared(demo: Demo) -> None:
    await demo.get("/api/data/user:1")
    state = {"impl": "memory", "enabled": True, "entries": 1, "ttl_s": 10}
    assert await demo.get("/internal/cache") == (200, state)

    assert await demo.ask("DELETE", "/internal/cache/user:1") == (200, {"key": "user:1", "deleted": True})
    assert await demo.ask("DELETE", "/internal/cache") == (200, {"cleared": 0})


async def test_the_flags_can_be_read(demo: Demo) -> None:
    status, flags = await demo.get("/internal/flags")

    assert status == 200
    assert flags["ALLOW_UNSAFE_ADMIN"] is True
    assert flags["COUNT_CACHE_MISS_AS_FALLBACK"] is False


async def test_internal_requests_beyond_the_limit_are_refused_and_counted() -> None:
    async with running_demo(Settings(internal_limit=parse_rate("2/m"), faults=INSTANT)) as demo:
        statuses = [(await demo.get("/internal/cache"))[0] for _ in range(4)]
        assert (await demo.get("/internal/received"))[0] == 200
        page = await demo.page()

    assert statuses == [200, 200, 429, 429]
    assert page.value("metasheet_rate_limited_total", route="/internal/cache") == 2


async def test_what_is_not_there_is_404_under_one_label(demo: Demo) -> None:
    assert (await demo.get("/nowhere/17"))[0] == 404
    assert (await demo.get("/nowhere/18"))[0] == 404
    assert (await demo.post("/health"))[0] == 405

    page = await demo.page()
    assert page.value("http_server_requests_seconds_count", route="unmatched", method="GET", status="404") == 2
    assert page.value("http_requests_total", method="POST", status="405") == 1
