"""Plugin and snapshot operations beside the load."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run import exercise as module
from loadgen.run.exercise import exercise
from tests.support.processes import service
from tests.support.supervised import make_plan

if TYPE_CHECKING:
    import pytest


async def test_operations_are_counted_as_the_service_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD_NS", 100 * NS_PER_MS)
    counted: Counter[tuple[str, str]] = Counter()
    with service("loadgen.demo", env={"ALLOW_UNSAFE_ADMIN": "true"}) as demo:
        plan = replace(make_plan(), base_url=demo.url)
        now_ns = monotonic_ns()
        await exercise(plan, now_ns, now_ns + 3 * NS_PER_S, lambda *what: counted.update([what]))
        received = demo.received()
        ended_ns = monotonic_ns()

    assert counted.total() == received
    assert set(counted) == {
        ("plugin_reload", "http_2xx"),
        ("snapshot_create", "http_2xx"),
        ("snapshot_restore", "http_2xx"),
    }
    assert ended_ns < now_ns + 3.5 * NS_PER_S


async def test_a_target_that_is_not_there_is_data_and_not_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD_NS", 50 * NS_PER_MS)
    counted: Counter[tuple[str, str]] = Counter()
    now_ns = monotonic_ns()
    await exercise(make_plan(), now_ns, now_ns + 500 * NS_PER_MS, lambda *what: counted.update([what]))

    assert counted["plugin_reload", "error"] > 0
    assert counted["snapshot_restore", "error"] == 0, "there is no snapshot to restore"
