"""Plugin and snapshot operations beside the load."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.plan.model import Exercise
from loadgen.run import exercise as module
from loadgen.run.exercise import exercise
from tests.support.demo import Page
from tests.support.processes import service
from tests.support.supervised import make_plan

if TYPE_CHECKING:
    import pytest


PATTERN = frozenset({("impl", "memory"), ("key_pattern", "exercise")})


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


async def test_cache_pairs_are_spread_over_the_time_and_reach_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD_NS", 100 * NS_PER_MS)
    counted: Counter[tuple[str, str]] = Counter()
    at_ns: list[int] = []

    def count(operation: str, outcome: str) -> None:
        counted[operation, outcome] += 1
        if operation == "cache_set":
            at_ns.append(monotonic_ns())

    with service("loadgen.demo", env={"ALLOW_UNSAFE_ADMIN": "true"}) as demo:
        wanted = Exercise(plugin="report-plugin", cache_pairs=30)
        plan = replace(make_plan(), base_url=demo.url, exercised=wanted)
        now_ns = monotonic_ns()
        await exercise(plan, now_ns, now_ns + 2 * NS_PER_S, count)
        page = Page.parse(demo.text("/metrics/prom"))

    pairs = counted["cache_set", "http_2xx"]
    assert 20 < pairs == counted["cache_get", "http_2xx"] <= 30
    assert page.value("cache_set_total", impl="memory", key_pattern="exercise") == pairs
    found = {name: page.samples.get((name, PATTERN), 0) for name in ("cache_hits_total", "cache_miss_total")}
    assert sum(found.values()) == pairs, "a snapshot that is restored meanwhile takes values away"
    assert found["cache_hits_total"] > pairs / 2
    assert at_ns[-1] - at_ns[0] > NS_PER_S / 2, "not all at once"
    reloads = page.value("metasheet_plugin_reload_total", plugin_name="report-plugin", result="success")
    assert reloads == counted["plugin_reload", "http_2xx"] > 0


async def test_what_the_service_does_not_have_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD_NS", 50 * NS_PER_MS)
    counted: Counter[tuple[str, str]] = Counter()
    with service("loadgen.demo.null") as nothing:
        plan = replace(make_plan(), base_url=nothing.url + "/404", exercised=Exercise("none", 20))
        monkeypatch.setattr(module, "_ABSENT", frozenset({200}))  # the null server answers everything
        now_ns = monotonic_ns()
        await exercise(plan, now_ns, now_ns + 600 * NS_PER_MS, lambda *what: counted.update([what]))

    assert counted == dict.fromkeys(
        [(name, "http_2xx") for name in ("plugin_reload", "snapshot_create", "cache_set", "cache_get")], 1
    )


async def test_a_target_that_is_not_there_is_data_and_not_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD_NS", 50 * NS_PER_MS)
    counted: Counter[tuple[str, str]] = Counter()
    now_ns = monotonic_ns()
    await exercise(make_plan(), now_ns, now_ns + 500 * NS_PER_MS, lambda *what: counted.update([what]))

    assert counted["plugin_reload", "error"] > 0
    assert counted["snapshot_restore", "error"] == 0, "there is no snapshot to restore"
