"""The HTTP adapter, the message bus and the fallbacks that their failures lead to."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.demo.adapter import OPEN_NS, OPENS_AFTER, CircuitBreaker, HttpAdapter
from loadgen.demo.backend import Backend
from loadgen.demo.bus import MessageBus
from loadgen.demo.fallback import DegradedError, FallbackRecorder, Reason
from loadgen.demo.metrics import Metrics
from tests.support.demo import HandClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def running_bus(metrics: Metrics, *, enabled: bool = True) -> AsyncIterator[MessageBus]:
    bus = MessageBus(metrics, enabled=enabled)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


def count(metrics: Metrics, series: str) -> str:
    found = [line for line in metrics.exposition().decode().splitlines() if line.startswith(f"{series} ")]
    return found[0].split()[-1] if found else "absent"


@pytest.mark.parametrize(
    "reason",
    [Reason.HTTP_TIMEOUT, Reason.HTTP_ERROR, Reason.UPSTREAM_ERROR, Reason.UNKNOWN],
)
async def test_every_failure_of_the_upstream_has_its_reason(reason: Reason) -> None:
    metrics = Metrics()
    adapter = HttpAdapter(metrics)

    with pytest.raises(DegradedError) as caught:
        await adapter.get("demo", reason)

    assert caught.value.reason is reason
    assert count(metrics, "metasheet_http_adapter_ops_total") == "1"


async def test_the_adapter_counts_a_good_call_too() -> None:
    metrics = Metrics()

    assert await HttpAdapter(metrics).get("demo") == {"tenant": "demo", "locale": "en"}
    assert count(metrics, "metasheet_http_adapter_ops_total") == "1"


async def test_twenty_failures_in_a_row_open_the_circuit_for_two_seconds() -> None:
    clock, metrics = HandClock(), Metrics()
    adapter = HttpAdapter(metrics, clock=clock)
    for _ in range(OPENS_AFTER):
        with pytest.raises(DegradedError):
            await adapter.get("demo", Reason.HTTP_ERROR)

    with pytest.raises(DegradedError, match="the circuit of the tenant service is open"):
        await adapter.get("demo")
    assert count(metrics, "metasheet_http_adapter_ops_total") == str(OPENS_AFTER)

    clock.now_ns = OPEN_NS
    assert await adapter.get("demo") == {"tenant": "demo", "locale": "en"}


def test_a_success_between_failures_keeps_the_circuit_closed() -> None:
    breaker = CircuitBreaker(HandClock())

    for _ in range(3):
        for _ in range(OPENS_AFTER - 1):
            breaker.note(failed=True)
        breaker.note(failed=False)

    assert not breaker.is_open


async def test_a_call_over_the_bus_brings_a_reply() -> None:
    metrics = Metrics()
    async with running_bus(metrics) as bus:
        assert await bus.call("quota.check", "demo") == {"topic": "quota.check", "granted": True}

    assert count(metrics, "metasheet_message_bus_rpc_attempts_total") == "1"


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (Reason.MESSAGE_TIMEOUT, "no reply on quota.check in 0.03 s"),
        (Reason.MESSAGE_ERROR, "the responder of quota.check failed"),
    ],
)
async def test_a_message_that_fails_has_its_reason(trouble: Reason, message: str) -> None:
    async with running_bus(Metrics()) as bus:
        with pytest.raises(DegradedError, match=message) as caught:
            await bus.call("quota.check", "demo", trouble)

        assert caught.value.reason is trouble
        assert await bus.call("quota.check", "demo")


async def test_a_bus_that_is_off_counts_the_attempt_and_degrades() -> None:
    metrics = Metrics()
    async with running_bus(metrics, enabled=False) as bus:
        with pytest.raises(DegradedError, match="the message bus is off"):
            await bus.call("quota.check", "demo")

    assert count(metrics, "metasheet_message_bus_rpc_attempts_total") == "1"


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.CACHE_MISS])
async def test_a_request_survives_every_trouble_and_records_it(reason: Reason) -> None:
    metrics = Metrics()
    recorder = FallbackRecorder(metrics, count_cache_miss=False)
    async with running_bus(metrics) as bus:
        around = await Backend(HttpAdapter(metrics), bus, recorder).surroundings(reason)

    assert around.degraded == (reason.value,)
    assert around.granted
    assert around.settings["locale"] == "en"
    assert count(metrics, f'metasheet_fallback_total{{reason="{reason}"}}') == "1"
    assert count(metrics, f'metasheet_fallback_effective_total{{reason="{reason}"}}') == "1"


async def test_without_trouble_nothing_is_recorded() -> None:
    metrics = Metrics()
    async with running_bus(metrics) as bus:
        backend = Backend(HttpAdapter(metrics), bus, FallbackRecorder(metrics, count_cache_miss=True))
        around: Any = await backend.surroundings(None)

    assert around.degraded == ()
    assert "metasheet_fallback_total{" not in metrics.exposition().decode()


@pytest.mark.parametrize(("counted", "effective"), [(False, "absent"), (True, "1")])
def test_a_cache_miss_is_effective_only_when_it_is_counted(counted: bool, effective: str) -> None:
    metrics = Metrics()

    FallbackRecorder(metrics, count_cache_miss=counted).record(Reason.CACHE_MISS)

    assert count(metrics, 'metasheet_fallback_total{reason="cache_miss"}') == "1"
    assert count(metrics, 'metasheet_fallback_effective_total{reason="cache_miss"}') == effective
