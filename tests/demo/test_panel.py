"""Every fault of the panel, by what a client sees of it."""

from __future__ import annotations

import asyncio

import pytest

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.demo.settings import Settings
from tests.support.demo import INSTANT, Demo, running_demo


async def statuses(demo: Demo, path: str, count: int) -> list[int]:
    return [(await demo.get(path))[0] for _ in range(count)]


async def elapsed_ms(demo: Demo, path: str) -> float:
    began_ns = monotonic_ns()
    await demo.get(path)
    return (monotonic_ns() - began_ns) / NS_PER_MS


async def arrived(demo: Demo, requests: int) -> None:
    """Return once so many requests are with the service, unanswered."""
    async with asyncio.timeout(20):
        while (await demo.received())["in_flight"] != requests:
            await asyncio.sleep(0.01)


async def test_the_panel_shows_changes_and_resets_its_state(demo: Demo) -> None:
    state = await demo.fault(error_share=0.06, error_status=503)
    assert (state["error_share"], state["error_status"], state["restarts"]) == (0.06, 503, 0)
    assert (await demo.get("/internal/fault"))[1] == state

    status, state = await demo.ask("DELETE", "/internal/fault")
    assert status == 200
    assert (state["error_share"], state["error_status"], state["latency"]) == (0.0, 500, None)


async def test_a_fault_that_makes_no_sense_changes_nothing(demo: Demo) -> None:
    status, body = await demo.ask("PUT", "/internal/fault", json={"error_share": 0.5, "hangs": True})
    assert (status, body["error"]["code"]) == (400, "BAD_FAULT")
    assert "hangs: Extra inputs are not permitted" in body["error"]["message"]

    status, body = await demo.ask("PUT", "/internal/fault", data=b"error_share=1")
    assert (status, body["error"]["code"]) == (400, "NOT_JSON")
    assert (await demo.get("/internal/fault"))[1]["error_share"] == 0


async def test_every_third_request_fails(demo: Demo) -> None:
    await demo.fault(error_every=3)

    assert await statuses(demo, "/api/v2/hello", 7) == [200, 200, 500, 200, 200, 500, 200]


async def test_all_requests_fail_with_the_status_asked_for(demo: Demo) -> None:
    await demo.fault(error_share=1.0, error_status=503)

    assert await statuses(demo, "/livez", 3) == [503] * 3
    assert (await demo.get("/internal/received"))[1]["requests"] == 3


async def test_a_latency_holds_for_every_load_request(demo: Demo) -> None:
    await demo.fault(latency=60)

    assert await elapsed_ms(demo, "/livez") >= 58
    assert await elapsed_ms(demo, "/api/v2/hello") >= 58
    page = await demo.page()
    assert page.value("http_server_requests_seconds_bucket", route="/livez", method="GET", status="200", le="0.05") == 0
    assert page.value("http_server_requests_seconds_bucket", route="/livez", method="GET", status="200", le="+Inf") == 1


async def test_a_fallback_surge_degrades_its_share_of_api_requests(demo: Demo) -> None:
    await demo.fault(fallback_share=1.0)

    degraded = [(await demo.get("/api/plugins"))[0] for _ in range(5)]

    page = await demo.page()
    assert degraded == [200] * 5
    assert page.total("metasheet_fallback_effective_total") == page.total("metasheet_fallback_total") == 5
    for reason in ("http_timeout", "http_error", "message_timeout", "message_error", "upstream_error"):
        assert page.value("metasheet_fallback_effective_total", reason=reason) == 1


async def test_a_partial_surge_is_near_its_share(demo: Demo) -> None:
    await demo.fault(fallback_share=0.2, fallback_modes=["http_error"])

    await statuses(demo, "/api/v2/hello", 300)

    page = await demo.page()
    assert page.total("metasheet_fallback_effective_total") == pytest.approx(60, abs=30)


async def test_a_long_outage_of_the_upstream_opens_its_circuit(demo: Demo) -> None:
    await demo.fault(fallback_share=1.0, fallback_modes=["http_error"])

    await statuses(demo, "/api/v2/hello", 25)

    page = await demo.page()
    assert page.value("metasheet_fallback_total", reason="http_error") == 20
    assert page.value("metasheet_fallback_total", reason="circuit_breaker") == 5


async def test_a_hang_answers_nothing_but_the_panel_until_it_is_lifted(demo: Demo) -> None:
    await demo.fault(hang=True)
    waiting = [asyncio.create_task(demo.get(path)) for path in ("/api/v2/hello", "/health", "/metrics/prom")]

    await arrived(demo, 2)
    done, _ = await asyncio.wait(waiting, timeout=0.2)
    assert not done

    await demo.fault(hang=False)
    answers = await asyncio.gather(*waiting)

    assert [status for status, _ in answers] == [200, 200, 200]
    assert (await demo.received())["answered"] == 2


async def test_a_hang_of_the_load_leaves_the_metrics_alone(demo: Demo) -> None:
    await demo.fault(hang="load")
    waiting = asyncio.create_task(demo.get("/livez"))
    await arrived(demo, 1)

    page = await demo.page()

    assert page.value("http_requests_in_flight") == 1
    assert page.total("http_requests_total") == 0
    await demo.ask("DELETE", "/internal/fault")
    assert (await waiting)[0] == 200


async def test_arrival_is_noted_before_any_delay(demo: Demo) -> None:
    await demo.fault(hang="load")
    before_ns = monotonic_ns()
    waiting = asyncio.create_task(demo.get("/livez"))
    await arrived(demo, 1)
    after_ns = monotonic_ns()

    last_ns = (await demo.received())["last_at_ns"]

    assert before_ns < last_ns < after_ns
    await demo.fault(hang=False)
    await waiting


async def test_a_freeze_stalls_every_connection(demo: Demo) -> None:
    """The service shares this loop, so the loop itself must stand still for the time asked for."""
    began_ns = monotonic_ns()
    await demo.fault(freeze=0.3)

    await asyncio.gather(demo.get("/livez"), demo.get("/internal/received"), asyncio.sleep(0.03))

    assert monotonic_ns() - began_ns >= 0.28 * NS_PER_S


@pytest.mark.parametrize("value", ["error", True])
async def test_dead_metrics_answer_500_while_the_load_goes_on(demo: Demo, value: object) -> None:
    await demo.fault(metrics_dead=value)

    assert (await demo.get("/metrics/prom"))[0] == 500
    assert (await demo.get("/metrics"))[0] == 500
    assert (await demo.get("/livez"))[0] == 200


async def test_dead_metrics_can_hang(demo: Demo) -> None:
    await demo.fault(metrics_dead="hang")
    scrape = asyncio.create_task(demo.page_text())

    done, _ = await asyncio.wait([scrape], timeout=0.2)
    assert not done

    assert (await demo.get("/livez"))[0] == 200
    await demo.fault(metrics_dead=False)
    assert "http_requests_total" in await scrape


async def test_stalled_metrics_stay_the_same_byte_for_byte(demo: Demo) -> None:
    await demo.get("/livez")
    await demo.fault(metrics_stall=True)
    first = await demo.page_text()

    await statuses(demo, "/api/v2/hello", 3)
    assert await demo.page_text() == first

    await demo.fault(metrics_stall=False)
    assert (await demo.page()).total("http_requests_total") == 4


async def test_a_restart_loses_everything_but_the_account_of_what_arrived(demo: Demo) -> None:
    await statuses(demo, "/api/data/user:1", 4)
    await demo.post("/api/snapshots")
    started = (await demo.page()).value("process_start_time_seconds")

    state = await demo.fault(restart=True)

    page = await demo.page()
    assert state["restarts"] == 1
    assert page.value("process_start_time_seconds") > started
    assert page.value("process_cpu_seconds_total") < 1
    assert page.total("http_requests_total") == page.total("cache_hits_total") == 0
    assert page.value("cache_enabled", impl="memory") == 1
    assert (await demo.received())["requests"] == 5
    assert (await demo.get("/api/data/user:1"))[1]["cached"] is False
    assert (await demo.get("/api/snapshots"))[1] == {"snapshots": []}


async def test_a_limited_capacity_serves_so_many_at_once(demo: Demo) -> None:
    await demo.fault(capacity={"concurrent": 2, "service_ms": 50})
    began_ns = monotonic_ns()

    await asyncio.gather(*(demo.get("/livez") for _ in range(6)))

    assert monotonic_ns() - began_ns >= 0.145 * NS_PER_S


async def test_beyond_the_queue_a_limited_capacity_answers_503(demo: Demo) -> None:
    await demo.fault(capacity={"concurrent": 1, "service_ms": 400, "queue": 1})

    answers = await asyncio.gather(*(demo.get("/livez") for _ in range(5)))

    assert sorted(status for status, _ in answers) == [200, 200, 503, 503, 503]


async def test_plugins_and_snapshots_can_be_made_to_fail(demo: Demo) -> None:
    _, snapshot = await demo.post("/api/snapshots")
    await demo.fault(plugin_error_share=1.0, snapshot_error_share=1.0)

    assert (await demo.post("/api/admin/plugins/example-plugin/reload-unsafe"))[0] == 500
    assert (await demo.post("/api/snapshots"))[0] == 500
    assert (await demo.post(f"/api/snapshots/{snapshot['id']}/restore"))[0] == 500
    page = await demo.page()
    assert page.value("metasheet_plugin_reload_total", plugin_name="example-plugin", result="failure") == 1
    assert page.value("metasheet_snapshot_create_total", result="failure") == 1
    assert page.value("metasheet_snapshot_restore_total", result="failure") == 1


async def test_a_seed_repeats_the_same_failures(demo: Demo) -> None:
    await demo.fault(error_share=0.5, seed=5)
    first = await statuses(demo, "/livez", 30)

    await demo.fault(seed=5)

    assert await statuses(demo, "/livez", 30) == first
    assert set(first) == {200, 500}


async def test_faults_can_be_there_from_the_start() -> None:
    async with running_demo(Settings(faults=INSTANT.model_copy(update={"error_every": 1}))) as demo:
        assert (await demo.get("/livez"))[0] == 500


async def test_faults_under_a_lease_are_lifted_when_it_ends() -> None:
    async with running_demo() as demo:
        state = await demo.fault(error_share=1.0, metrics_stall=True, lease=0.2)
        assert 0 < state["lease"] <= 0.2
        async with asyncio.timeout(10):
            while (await demo.get("/internal/fault"))[1]["error_share"]:
                await asyncio.sleep(0.02)

        state = (await demo.get("/internal/fault"))[1]
        assert (state["lease"], state["metrics_stall"]) == (None, False)
        assert demo.service.stalled_page is None


async def test_a_lease_that_is_renewed_goes_on_and_one_that_is_lifted_is_over() -> None:
    async with running_demo() as demo:
        await demo.fault(error_share=0.5, lease=0.3)
        await demo.fault(lease=60.0)
        await asyncio.sleep(0.4)
        state = (await demo.get("/internal/fault"))[1]
        assert state["error_share"] == 0.5
        assert state["lease"] > 50

        _, state = await demo.ask("DELETE", "/internal/fault")
        assert state["lease"] is None


async def test_a_lease_has_bounds() -> None:
    async with running_demo() as demo:
        status, told = await demo.ask("PUT", "/internal/fault", json={"lease": 0})

    assert status == 400
    assert "lease: " in str(told)
