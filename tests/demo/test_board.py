"""The board of synthetic series on the demo service's metrics page."""

from __future__ import annotations

import pytest

from loadgen.drill.page import page
from loadgen.drill.scenario import scenario_named
from tests.support.demo import Page, running_demo

LABELS = {"job": "loadgen_synth", "instance": "x"}


def synthetic(name: str = "error-rate-warn", seconds: int = 60) -> bytes:
    return page(name, scenario_named(name).relay, seconds * 1_000_000_000, LABELS)


async def test_what_is_put_there_stands_on_the_metrics_page_until_it_is_lifted() -> None:
    async with running_demo() as demo:
        before = await demo.page_text()
        status, state = await demo.ask("PUT", "/internal/synthetic", data=synthetic())
        assert (status, state) == (200, {"scenario": "error-rate-warn", "series": 33})
        shown = await demo.page()
        assert shown.total("action_error_total") == 60
        assert shown.value("loadgen_synthetic_scenario", scenario="error-rate-warn", synthetic="true", **LABELS) == 1
        assert await demo.ask("DELETE", "/internal/synthetic") == (200, {"scenario": "", "series": 0})
        assert "action_" not in await demo.page_text()
        assert "action_" not in before


async def test_a_later_page_replaces_the_one_before() -> None:
    async with running_demo() as demo:
        for seconds in (60, 120):
            await demo.ask("PUT", "/internal/synthetic", data=synthetic(seconds=seconds))
        assert (await demo.page()).total("action_error_total") == 120


async def test_another_scenario_has_to_wait() -> None:
    async with running_demo() as demo:
        await demo.ask("PUT", "/internal/synthetic", data=synthetic())
        status, body = await demo.ask("PUT", "/internal/synthetic", data=synthetic("mime-slow"))
        assert (status, body["error"]["message"]) == (409, "error-rate-warn stands there; DELETE lifts it")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"x{ 1\n", "not in the text format"),
        (b'x{synthetic="true"} 1', "the last line has no end"),
        (b"# TYPE x counter\nx_total 1\n", 'x_total does not bear synthetic="true"'),
        (b'# TYPE http_requests counter\nhttp_requests_total{synthetic="true"} 1\n', "the service has http_requests"),
        (b'x{synthetic="true"} 1\n', "one loadgen_synthetic_scenario with the label scenario must be among the series"),
        (b"", "the last line has no end"),
        (b"\xff\n", "not in the text format"),
    ],
)
async def test_what_does_not_belong_there_changes_nothing(raw: bytes, reason: str) -> None:
    async with running_demo() as demo:
        before = set((await demo.page()).families)
        status, body = await demo.ask("PUT", "/internal/synthetic", data=raw)
        assert status == 400
        assert body["error"]["message"].startswith(reason)
        assert set((await demo.page()).families) == before


async def test_a_restart_forgets_the_board_and_a_stall_keeps_it() -> None:
    async with running_demo() as demo:
        await demo.ask("PUT", "/internal/synthetic", data=synthetic())
        await demo.fault(metrics_stall=True)
        await demo.ask("PUT", "/internal/synthetic", data=synthetic(seconds=120))
        assert (await demo.page()).total("action_error_total") == 60
        await demo.fault(metrics_stall=False)
        assert Page.parse(await demo.page_text()).total("action_error_total") == 120
        await demo.fault(restart=True)
        assert "action_" not in await demo.page_text()
