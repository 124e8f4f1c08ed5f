"""The validator's round: readiness, warm-up, exercise, and what is left out and why."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.errors import ExitCode, LoadgenError, Problem
from loadgen.demo.settings import Settings
from loadgen.plan.load import Inputs, load_plan
from loadgen.plan.model import Kind, Plan
from loadgen.run.preflight_metrics import Page
from loadgen.run.preflight_process import Answer
from loadgen.run.round import WARMUP_PATHS, Counts, Tally, send_round, wait_ready
from loadgen.run.round_validation import code_of, counts_of, percentile, place_of
from tests.support.demo import INSTANT, running_demo

if TYPE_CHECKING:
    from loadgen.core.redact import Secret

FEW = Counts(reloads=2, creates=3, restores=2, pause_s=0, redis_pairs=4)


def plan_for(url: str, **flags: Any) -> Plan:
    inputs = Inputs({}, Path("/nonexistent"))
    return load_plan(Kind.BASELINE, "dev", {"base_url": url, **flags}, inputs)[1]


def scripted(*answers: bool) -> tuple[list[tuple[str, ...]], Any]:
    """Return the URLs that were asked about, and an observer that is ready or not in this order."""
    asked: list[tuple[str, ...]] = []

    async def once(plan: Plan, urls: tuple[str, ...], times: int, pause_s: float) -> Page:
        asked.append(urls)
        ready = answers[len(asked) - 1]
        return Page(urls[0], ok=ready, error="" if ready else "nobody is there", hint="start it")

    return asked, once


async def test_readiness_is_asked_for_until_it_is_there() -> None:
    asked, once = scripted(False, False, True)
    assert await wait_ready(plan_for("http://127.0.0.1:1"), once, pause_s=0) == 3
    assert asked == [("http://127.0.0.1:1/metrics/prom",)] * 3


async def test_a_service_that_is_never_ready_is_an_error_with_the_observers_words() -> None:
    _, once = scripted(False, False)
    with pytest.raises(LoadgenError, match=r"not ready after 2 tries: nobody is there\n  start it"):
        await wait_ready(plan_for("http://127.0.0.1:1"), once, tries=2, pause_s=0)


async def test_the_whole_round_is_sent_and_counted() -> None:
    tally = Tally()
    async with running_demo(Settings(faults=INSTANT, allow_unsafe_admin=True)) as demo:
        await send_round(plan_for(address(demo), exercise=True), FEW, tally, warmup_rounds=3)
    assert tally.left_out == {}
    assert tally.outcomes == {
        **{(f"warm-up {path}", "http_2xx"): 3 for path in WARMUP_PATHS},
        ("plugin reload", "http_2xx"): 2,
        ("fallback", "http_2xx"): 4,
        ("snapshot create", "http_2xx"): 3,
        ("snapshot restore", "http_2xx"): 2,
        ("cache set", "http_2xx"): 4,
        ("cache get", "http_2xx"): 4,
    }
    assert len(tally.warmup_s) == 12


async def test_nothing_is_changed_without_permission() -> None:
    tally = Tally()
    async with running_demo() as demo:
        await send_round(plan_for(address(demo)), FEW, tally, warmup_rounds=1)
    assert {operation for operation, _ in tally.outcomes} == {f"warm-up {path}" for path in WARMUP_PATHS}
    assert list(tally.left_out) == ["exercise"]
    assert "--exercise" in list(tally.lines())[-1]


async def test_what_the_service_refuses_is_tried_once_and_left_out() -> None:
    tally = Tally()
    async with running_demo(Settings(faults=INSTANT, allow_unsafe_admin=False, enable_fallback_test=False)) as demo:
        await send_round(plan_for(address(demo), exercise=True), FEW, tally, warmup_rounds=1)
    assert tally.outcomes["plugin reload", "http_4xx"] == 1
    assert tally.left_out == {"plugin reload": "the service answered 403", "fallback": "the service answered 404"}
    assert "plugin reload: left out (the service answered 403)" in list(tally.lines())


async def test_a_service_that_is_gone_is_asked_three_times_for_each_operation(unused_tcp_port_url: str) -> None:
    tally = Tally()
    await asyncio.wait_for(send_round(plan_for(unused_tcp_port_url, exercise=True), FEW, tally, warmup_rounds=5), 30)
    assert tally.outcomes["warm-up /health", "trouble"] == 3
    assert "cannot connect" in tally.left_out["warm-up /health"]
    assert tally.left_out["snapshot restore"] == "there is no snapshot to restore"


def test_the_variables_say_how_much_is_exercised() -> None:
    problems: list[Problem] = []
    variables: dict[str, str | float | Secret] = {
        "RELOAD_COUNT": 3.0, "SNAP_CREATE_COUNT": 4.0, "SNAP_RESTORE_COUNT": 5.0, "SNAP_SLEEP_SECS": 0.1,
        "REDIS_SAMPLES": 400.0, "PLUGIN_NAME": "mine",
    }  # fmt: skip
    assert counts_of(variables, {}, problems) == Counts(3, 4, 5, 0.1, 400, "mine")
    assert counts_of({}, {}, problems) == Counts(10, 10, 10, 0.2, 200, "example-plugin")
    assert problems == []


def test_counts_that_are_none_are_all_told() -> None:
    problems: list[Problem] = []
    counts_of({"REDIS_SAMPLES": 1.5, "SNAP_SLEEP_SECS": 61.0}, {"RELOAD_COUNT": "many"}, problems)
    assert [problem.key for problem in problems] == ["RELOAD_COUNT", "REDIS_SAMPLES", "SNAP_SLEEP_SECS"]


def test_files_go_where_the_variables_say_or_to_the_temporary_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/somewhere")
    assert place_of({}, "OUT_JSON", "phase5.json") == Path("/somewhere/phase5.json")
    assert place_of({"OUT_JSON": "mine.json"}, "OUT_JSON", "phase5.json") == Path("mine.json")


def test_the_percentile_is_the_smallest_value_that_holds_the_share() -> None:
    assert percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert percentile([float(number) for number in range(1, 101)], 0.95) == 95.0
    assert percentile([7.0], 0.99) == 7.0


def test_the_exit_code_is_the_validations_own() -> None:
    assert code_of(Answer(3, "", "")) is ExitCode.INCOMPLETE
    assert code_of(Answer(None, "", "gave no answer within 60 s")) is ExitCode.USAGE
    assert code_of(Answer(-9, "", "")) is ExitCode.USAGE


@pytest.fixture
def unused_tcp_port_url() -> str:
    """An address where nobody listens."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def address(demo: Any) -> str:
    return str(demo.client.make_url("")).rstrip("/")
