"""The simulation of the breaker, short: the long one is `python -m benchmarks breaker`, its result is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks import breaker
from benchmarks.__main__ import RESULTS, main
from loadgen.core.units import NS_PER_MS

if TYPE_CHECKING:
    from pathlib import Path


def test_counts_are_those_of_requests_due_one_after_the_other() -> None:
    # due at 0, 0.5, 1, 1.5 s; each ends half a second later; the third one succeeds
    failing = np.array([True, True, False, True])

    counts = breaker.observe(failing, 2.0, 0.5, step_ns=500 * NS_PER_MS)

    assert counts.at_ns.tolist() == [500 * NS_PER_MS * step for step in (1, 2, 3, 4)]
    assert counts.scheduled.tolist() == [2, 3, 4, 4]
    assert counts.failures.tolist() == [1, 2, 2, 3]
    assert counts.trailing.tolist() == [1, 2, 0, 1]


def test_a_healthy_service_is_left_alone_for_twenty_hours_at_one_percent() -> None:
    found = breaker.false_trips(np.random.default_rng(7), 20, 80.0, 0.01)
    assert found == {"hours": 20, "rate_per_s": 80.0, "share": 0.01, "client": 0, "server": 0}


@pytest.mark.parametrize(("rate_per_s", "share", "limit_s"), [(80.0, 0.06, 10), (80.0, 0.03, 25), (10.0, 0.06, 25)])
def test_a_sick_service_is_noticed_soon(rate_per_s: float, share: float, limit_s: float) -> None:
    found = breaker.detection(np.random.default_rng(7), 60, rate_per_s, share)
    assert found["median_s"] <= limit_s


@pytest.mark.parametrize("rate_per_s", [80.0, 84.0, 0.5])
def test_every_fiftieth_request_failing_never_trips(rate_per_s: float) -> None:
    assert breaker.every_50th(rate_per_s, 1, 0.1)["trips"] == 0


def test_the_worst_cases_are_noticed_in_time() -> None:
    assert breaker.sudden_death(80.0, breaker.TIMEOUT_S, in_a_row=False)["noticed_s"] == 5.5
    # the twentieth request is due after 38 s, and times out after 43
    slow = breaker.sudden_death(0.5, breaker.TIMEOUT_S, in_a_row=True)
    assert (slow["noticed_s"], slow["rule"]) == (43.0, "consecutive failures")


def test_the_command_stores_its_result_with_the_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "breaker.json"

    code = main(["breaker", "--hours", "2", "--runs", "5", "--json", "--out", str(out)])

    stored = json.loads(out.read_text(encoding="utf-8"))
    assert json.loads(capsys.readouterr().out) == stored
    assert code == (0 if stored["ok"] else 1)
    assert stored["benchmark"] == "breaker"
    assert {"at", "processor", "kernel", "python", "packages", "commit"} <= set(stored["environment"])


def test_the_kept_result_is_of_the_whole_length_and_meets_every_bar() -> None:
    kept = json.loads((RESULTS / "breaker.json").read_text(encoding="utf-8"))
    assert kept["false_trips"][0]["hours"] >= 1_000
    assert kept["false_trips"][0]["client"] <= 1
    assert kept["ok"], kept["bars"]


def test_an_unknown_benchmark_is_refused_and_they_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "no benchmark 'nonsense': there are engine, tls" in capsys.readouterr().err
    assert main(["--list"]) == 0
    assert "false trips and detection times" in capsys.readouterr().out


def test_figures_are_rendered_for_a_person() -> None:
    figures = breaker.measure_all(2, 3, seed=1)
    text = breaker.render(figures)
    assert "every 50th request failing never trips" in text
    assert "2 h at 1% and 80/s: 0 client trips, 0 server trips" in text
