"""A drill that is ended by a signal leaves no fault behind."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import service, start_loadgen, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from tests.support.processes import Service

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

ENDED_BY = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}
LEASE_S = 10.0


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
def endings(pool: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory) -> dict[signal.Signals, Future[Ended]]:
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
