"""Every incident through the command, on a demo service with a real Valkey, and what is left when a drill is ended."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.clock import utc_now
from tests.support.processes import loadgen, service, start_loadgen, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from tests.support.processes import Service

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

INCIDENTS = {
    "latency": "redis-latency --delay 120ms --for 3s",
    "kill": "redis-disconnect --how kill --for 4s",
    "stop": "redis-disconnect --how stop --for 4s",
    "blackhole": "redis-disconnect --how blackhole --for 4s",
    "reset": "redis-disconnect --how reset --for 4s",
    "freeze": "freeze --for 1s",
}
ENDED_BY = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}
LEASE_S = 10.0


@dataclass(frozen=True)
class Held:
    """A drill that was held: its exit code, what it said, its evidence."""

    code: int
    errors: str
    evidence: Any

    def values(self, name: str) -> tuple[Any, Any, Any]:
        """Return a figure before, during and after."""
        found = next(item for item in self.evidence["figures"] if item["figure"] == name)
        return found["before"], found["during"], found["after"]


@dataclass(frozen=True)
class Ended:
    """A drill that was ended by a signal: its exit code, what it said, the panel once its fault was lifted."""

    code: int
    said: str
    panel: Any


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Most of these tests wait, so some of them do it side by side."""
    with ThreadPoolExecutor(5) as workers:
        yield workers


@pytest.fixture(scope="module")
def drills(pool: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[Held]]:
    """Hold every drill with a service of its own."""
    cwd = tmp_path_factory.mktemp("drills")

    def hold(command: str) -> Held:
        arguments = ["drill", *command.split(), "--demo", "--before", "1s", "--json"]
        done = loadgen(*arguments, cwd=cwd, timeout_s=150)
        return Held(done.returncode, done.stderr, json.loads(done.stdout or "{}"))

    return {name: pool.submit(hold, command) for name, command in INCIDENTS.items()}


@pytest.fixture(scope="module")
def endings(
    drills: object, pool: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory
) -> dict[signal.Signals, Future[Ended]]:
    """End a drill by each signal while its fault is in force; a killed one has the lease of the panel to end it."""
    cwd = tmp_path_factory.mktemp("endings")

    def end(number: signal.Signals) -> Ended:
        with service("loadgen.demo") as demo:
            arguments = ("--share", "50%", "--for", "10m", "--before", "1s", "--base-url", demo.url)
            drill = start_loadgen("drill", "http-errors", *arguments, cwd=cwd)
            wait_until(lambda: error_share(demo) == 0.5, timeout_s=60, what="the fault is in force")
            drill.send_signal(number)
            said, _ = drill.communicate(timeout=60)
            if number == signal.SIGKILL:
                wait_until(lambda: error_share(demo) == 0, timeout_s=LEASE_S + 10, what="the lease ends")
            return Ended(drill.returncode, said, demo.get("/internal/fault"))

    return {number: pool.submit(end, number) for number in ENDED_BY}


@pytest.mark.parametrize("name", INCIDENTS)
def test_everything_moves_and_comes_back_and_is_undone(drills: dict[str, Future[Held]], name: str) -> None:
    held = drills[name].result()

    assert held.code == 0, (held.errors, held.evidence)
    assert held.evidence["passed"] is True
    assert held.evidence["lifted"].startswith("undone: ")


def test_a_slow_redis_moves_the_percentile_of_its_operations(drills: dict[str, Future[Held]]) -> None:
    before, during, after = drills["latency"].result().values("redis get p95")

    assert before < 0.05 < 0.1 <= during <= 0.25, "120 ms lie in the bucket from 100 to 250 ms"
    assert after < 0.05


def test_redis_recovers_after_a_disconnect(drills: dict[str, Future[Held]]) -> None:
    held = drills["kill"].result()

    assert held.values("recovery attempts that failed")[1] >= 1
    assert held.values("recovery attempts that succeeded")[2] >= 1
    never, failed_at, _ = held.values("last failure")
    assert (never, abs(failed_at - utc_now().timestamp()) < 600) == (0, True)
    assert held.values("cache hits")[2] > 0


@pytest.mark.parametrize("number", ENDED_BY)
def test_a_fault_is_lifted_whatever_ends_the_drill(
    endings: dict[signal.Signals, Future[Ended]], number: signal.Signals
) -> None:
    ended = endings[number].result()

    assert ended.code == ENDED_BY[number], ended.said
    assert (ended.panel["error_share"], ended.panel["lease"]) == (0, None)
    if number != signal.SIGKILL:
        assert f"{number.name}: ending, and undoing what was begun" in ended.said
        assert ended.said.splitlines()[-1] == "drill: undone: the fault panel was asked again and has no fault in force"


def error_share(demo: Service) -> float:
    return float(demo.get("/internal/fault")["error_share"])
