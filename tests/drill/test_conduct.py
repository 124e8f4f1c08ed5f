"""Every incident moves its figures on the demo service, and is undone however the drill ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.drill.conduct import finish
from loadgen.drill.fallback_surge import USUAL, FallbackCount, FallbackShare
from loadgen.drill.http_errors import HttpErrorCount, HttpErrorShare
from loadgen.drill.metrics_stall import MetricsStall
from loadgen.drill.panel import in_force
from loadgen.drill.restart import Restart
from tests.support.drills import drill_on_demo

if TYPE_CHECKING:
    from loadgen.drill.evidence import Evidence
    from loadgen.drill.incident import Incident
    from tests.support.demo import Demo

A_WHILE_NS = 500 * NS_PER_MS
INCIDENTS: dict[str, Incident] = {
    "errors by count": HttpErrorCount(30, 10 * NS_PER_MS, 100.0),
    "errors by share": HttpErrorShare(0.5, A_WHILE_NS),
    "fallbacks by count": FallbackCount(20, 10 * NS_PER_MS, USUAL),
    "fallbacks by share": FallbackShare(0.5, A_WHILE_NS, USUAL),
    "restart": Restart(10 * NS_PER_MS),
    "metrics stall": MetricsStall(A_WHILE_NS),
}


def verdicts(evidence: Evidence) -> dict[str, bool]:
    return {finding.name: finding.passed for finding in evidence.findings}


async def panel_of(demo: Demo) -> list[str]:
    return in_force((await demo.get("/internal/fault"))[1])


@pytest.mark.parametrize("name", INCIDENTS)
async def test_every_figure_moves_and_comes_back(name: str) -> None:
    async with drill_on_demo(INCIDENTS[name]) as (drill, demo, said):
        evidence = await drill.conduct()

        assert all(verdicts(evidence).values()), evidence
        assert await panel_of(demo) == []
    assert evidence.exit_code == 0
    assert evidence.lifted.startswith("undone: ")
    assert said[-1] == evidence.lifted


async def test_a_cache_miss_is_a_fallback_that_degrades_nothing() -> None:
    async with drill_on_demo(FallbackCount(10, 10 * NS_PER_MS, ("cache_miss",))) as (drill, _, _said):
        evidence = await drill.conduct()

    assert verdicts(evidence) == {"fallbacks (raw)": True, "fallbacks (effective)": True}
    assert evidence.findings[1].values[1] == 0


async def test_a_figure_that_does_not_move_is_told_and_fails_the_drill() -> None:
    """The requests that should fail go where nothing fails."""
    async with drill_on_demo(HttpErrorCount(5, 10 * NS_PER_MS, 100.0, "/livez")) as (drill, _, said):
        evidence = await drill.conduct()

    assert list(verdicts(evidence)) == ["server errors (5xx)", "error rate", "success rate", "error budget burn"]
    assert not any(verdicts(evidence).values())
    assert evidence.exit_code == 1
    assert "/livez answered 200, not a server error" in said


async def test_the_fault_is_lifted_when_the_drill_fails() -> None:
    async with drill_on_demo(HttpErrorShare(0.5, A_WHILE_NS), fails_at=4) as (drill, demo, said):
        with pytest.raises(RuntimeError, match="the look failed"):
            await drill.conduct()

        assert await panel_of(demo) == []
    assert said[-1].startswith("undone: ")


async def test_the_fault_is_lifted_when_the_drill_is_cancelled() -> None:
    async with drill_on_demo(HttpErrorShare(0.5, 3_600 * NS_PER_S)) as (drill, demo, said):
        running = asyncio.create_task(drill.conduct())
        async with asyncio.timeout(10):
            while "error_share" not in await panel_of(demo):
                await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

        assert await panel_of(demo) == []
    assert said[-1].startswith("undone: ")


async def test_what_is_being_undone_is_not_cancelled() -> None:
    ended = asyncio.Event()

    async def undo() -> str:
        await asyncio.sleep(0.05)
        ended.set()
        return "undone"

    undoing = asyncio.create_task(finish(undo()))
    for _ in range(3):
        await asyncio.sleep(0)
        undoing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await undoing
    assert ended.is_set()


async def test_what_goes_wrong_in_undoing_is_told() -> None:
    async def undo() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await finish(undo())
