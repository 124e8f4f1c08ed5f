"""Is it real Redis that a baseline of redis holds: with the numbers of a real server, and with made-up ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.redact import Secret
from loadgen.demo.metrics import Metrics
from loadgen.demo.redis_cache import RedisMeter
from loadgen.demo.settings import CacheImpl, Settings
from reports.analysis.synthetic import measures_redis, synthetic_reason
from reports.verbs.measuring import measure
from tests.support.baselines import GET, call, code, long_run, validation, write_json
from tests.support.demo import INSTANT, Page, running_demo
from tests.support.redis_server import redis_server

if TYPE_CHECKING:
    from pathlib import Path

SET = GET.replace("get", "set")
MADE_UP_S = 0.00001
"""What a cache without its server writes for each operation."""


def figures_of(page: Page) -> dict[str, Any]:
    """Return the operations on Redis of a page as a validation states them; percentiles are of no matter here."""
    found = {}
    for op in ("get", "set"):
        count = page.value("redis_operation_duration_seconds_count", op=op)
        total = page.value("redis_operation_duration_seconds_sum", op=op)
        found[GET.replace("get", op)] = {
            "p50": 0.001, "p95": 0.001, "p99": 0.001, "count": count, "sum": total, "mean": total / count,
        }  # fmt: skip
    return found


def saved_with(tmp_path: Path, percentiles: dict[str, Any], impl: str = "redis") -> tuple[int, str]:
    run = long_run().write(tmp_path / "run")
    write_json(run / "validation.json", validation(percentiles=percentiles))
    result = call("baseline", "save", run, "--dir", tmp_path / "baseline", env={"CACHE_IMPL": impl})
    return code(result), result.output


async def real_figures(pairs: int) -> dict[str, Any]:
    with redis_server() as server:
        settings = Settings(cache_impl=CacheImpl.REDIS, redis_url=Secret(server.url), faults=INSTANT)
        async with running_demo(settings) as demo:
            for number in range(pairs):
                await demo.post("/internal/cache/set", json={"key": f"k:{number}", "value": "v"})
                await demo.get(f"/internal/cache/get?key=k:{number}")
            return figures_of(await demo.page())


async def test_the_numbers_of_a_real_server_are_accepted(tmp_path: Path) -> None:
    real = await real_figures(40)
    assert real[SET]["count"] == 40
    assert real[SET]["mean"] > 0.00002
    ended, said = saved_with(tmp_path, real)
    assert (ended, "the baseline of redis" in said) == (0, True)
    body = json.loads((tmp_path / "baseline" / "phase5-baseline-redis.json").read_text())
    assert body["baseline"]["synthetic"] == ""
    assert body["percentiles"][GET]["count"] == real[GET]["count"]


def test_the_samples_of_a_cache_without_its_server_are_refused(tmp_path: Path) -> None:
    metrics = Metrics()
    for _ in range(200):
        for op in ("get", "set"):
            RedisMeter(metrics).took(op, MADE_UP_S)
    ended, said = saved_with(tmp_path, figures_of(Page.parse(metrics.exposition().decode())))
    assert ended == 1
    assert 'it is synthetic: redis_operation_duration_seconds{op="get"} has a mean of 10 µs' in said
    assert not (tmp_path / "baseline").exists()


async def test_one_made_up_operation_among_real_ones_is_enough(tmp_path: Path) -> None:
    mixed = await real_figures(5)
    mixed[SET] |= {"sum": 5 * MADE_UP_S, "mean": MADE_UP_S}
    assert saved_with(tmp_path, mixed)[0] == 1


def test_no_sample_at_all_is_refused(tmp_path: Path) -> None:
    none = {GET: {"p50": None, "p95": None, "p99": None, "count": 0, "sum": 0, "mean": None}}
    ended, said = saved_with(tmp_path, none)
    assert (ended, "holds no sample of a Redis operation" in said) == (1, True)


def test_asking_first_keeps_nothing(tmp_path: Path) -> None:
    run = long_run().write(tmp_path / "run")
    for impl, ended in (("memory", 0), ("redis", 1)):
        result = call("baseline", "save", run, "--dir", tmp_path / "baseline", "--impl", impl, "--dry-run")
        assert code(result) == ended
        assert ("fit to be kept" in result.output) == (ended == 0)
    assert not (tmp_path / "baseline").exists()


@pytest.mark.parametrize(("impl", "other"), [("memory", "redis"), ("redis", "memory")])
def test_a_run_is_compared_with_the_baseline_of_its_own_cache(tmp_path: Path, impl: str, other: str) -> None:
    real = {GET: {"p50": 0.001, "p95": 0.002, "p99": 0.004, "count": 400, "sum": 0.5, "mean": 0.00125}}
    shelf = tmp_path / "baseline"
    for name in (impl, other):  # the other one is saved last, so the generic link leads to it
        run = long_run(run_id=f"with-{name}").write(tmp_path / name)
        write_json(run / "validation.json", validation(percentiles=real))
        assert code(call("baseline", "save", run, "--dir", shelf, env={"CACHE_IMPL": name})) == 0
    now = long_run(run_id="now").write(tmp_path / "now")
    result = call("regress", now, shelf, env={"CACHE_IMPL": impl})
    assert f"with-{impl}" in result.output
    assert f"with-{other}" not in result.output
    assert "another cache implementation" not in result.output


def test_a_run_that_measured_redis_is_noted_in_the_slot_of_memory(tmp_path: Path) -> None:
    real = {GET: {"p50": 0.001, "p95": 0.002, "p99": 0.004, "count": 400, "sum": 0.5, "mean": 0.00125}}
    ended, said = saved_with(tmp_path, real, impl="memory")
    assert ended == 0
    assert "note: its service used Redis: if that is its cache, keep it with --impl redis (CACHE_IMPL)" in said
    found = measure(tmp_path / "baseline" / "phase5-baseline-memory.json").latencies
    assert measures_redis(found)
    assert synthetic_reason(found) == ""
