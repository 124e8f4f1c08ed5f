"""A real Prometheus server between the service and the observer."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest

from loadgen.core.clock import monotonic_ns
from observer.binding import Binding
from observer.columns import Reading, make_row
from observer.detect import open_source
from observer.source import Access, Scraped, ScrapeError, Source
from tests.support.metrics_server import serving, text
from tests.support.observed import METASHEET
from tests.support.prometheus import prometheus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.stack
S = 1_000_000_000


async def opened(url: str) -> tuple[Source, Scraped]:
    """Open the source as soon as the server has scraped the service often enough."""
    deadline_ns = monotonic_ns() + 30 * S
    while True:
        try:
            return await open_source(Access((url,)), Binding(METASHEET), 5 * S)
        except ScrapeError:
            assert monotonic_ns() < deadline_ns
            await asyncio.sleep(0.5)


@pytest.fixture
async def service() -> AsyncIterator[str]:
    numbers = itertools.count(1)

    def page() -> str:
        done = next(numbers) * 100
        return (
            "# TYPE http_requests_total counter\n"
            f'http_requests_total{{status="200"}} {done * 99 // 100}\n'
            f'http_requests_total{{status="500"}} {done // 100}\n'
            "# TYPE metasheet_fallback_total counter\n# TYPE http_server_requests_seconds histogram\n"
            f'http_server_requests_seconds_bucket{{le="0.1"}} {done}\n'
            f'http_server_requests_seconds_bucket{{le="+Inf"}} {done}\n'
            f"http_server_requests_seconds_sum 1\nhttp_server_requests_seconds_count {done}\n"
            "process_start_time_seconds 1000\n"
            'loadgen_synthetic_scenario{job="loadgen_synth",scenario="mime-slow",synthetic="true"} 1\n'
        )

    async with serving(text(page, content_type="text/plain")) as server:
        yield server.url.removeprefix("http://")


async def test_rows_through_a_real_server_have_the_services_own_figures(tmp_path: Path, service: str) -> None:
    started = await asyncio.to_thread((server := prometheus(tmp_path, service)).__enter__)
    try:
        source, first = await opened(started)
        assert source.mode == "prometheus"
        await asyncio.sleep(4)
        second = await source.scrape(5 * S)
        assert source.interval_s == pytest.approx(1, abs=0.2)
        await source.close()
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)
    row = make_row(Reading(METASHEET), first.snapshot, first.snapshot, second.snapshot, "t", 1)
    assert float(row["request_rate"]) == pytest.approx(100, rel=0.1)
    assert (row["http_success_rate"], row["error_rate_5xx"]) == ("0.99", "0.01")
    assert row["p50_latency"] == "0.05"
    assert row["raw_fallback_total"] == "0", "declared without a sample, as the server's metadata tell"
    assert first.synthetic == second.synthetic == frozenset({"mime-slow"})
