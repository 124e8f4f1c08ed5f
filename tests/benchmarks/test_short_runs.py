"""Every benchmark runs, for seconds; what it measures then is not judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.pacing import judge

if TYPE_CHECKING:
    from pathlib import Path

NO_PEERS = ["--peers", ""]


def short(out: Path, name: str, *arguments: str) -> Any:
    assert main([name, "--out", str(out / "result.json"), *arguments]) in (0, 1)
    return json.loads((out / "result.json").read_text(encoding="utf-8"))


def values(stored: Any) -> dict[str, float]:
    return {figure["name"]: figure["value"] for figure in stored["figures"]}


@pytest.mark.stack
def test_engine(tmp_path: Path) -> None:
    stored = short(tmp_path, "engine", "--rate", "500", "--seconds", "1", "--alternations", "1", *NO_PEERS)
    assert 5 < values(stored)["CPU per request at 500/s"] < 5_000


@pytest.mark.stack
def test_tls(tmp_path: Path) -> None:
    stored = short(tmp_path, "tls", "--rate", "500", "--seconds", "1", "--alternations", "1", *NO_PEERS)
    assert 5 < values(stored)["CPU per request over TLS at 500/s"] < 5_000


@pytest.mark.stack
def test_pacing(tmp_path: Path) -> None:
    stored = short(tmp_path, "pacing", "--rate", "200", "--seconds", "2", "--alternations", "1", *NO_PEERS)
    assert stored["runs"]["200"]["loadgen"][0]["rate_per_s"] == pytest.approx(200, rel=0.02)


@pytest.mark.stack
def test_truth(tmp_path: Path) -> None:
    stored = short(tmp_path, "truth", "--rate", "100", "--seconds", "2", "--alternations", "1", *NO_PEERS)
    frozen = stored["runs"]["100"]["freeze"][0]["max"]
    assert (frozen["theory_ms"], frozen["told_ms"]) == (200, pytest.approx(frozen["true_ms"], rel=0.05))


def test_fold(tmp_path: Path) -> None:
    assert len(values(short(tmp_path, "fold", "--alternations", "1"))) == 5


def test_exposition(tmp_path: Path) -> None:
    stored = short(tmp_path, "exposition", "--series", "300", "--alternations", "1")
    assert set(values(stored)) == {"exposition of 300 series, warm", "exposition of 300 series, cold"}


@pytest.mark.stack
def test_memory(tmp_path: Path) -> None:
    stored = short(tmp_path, "memory", "--rate", "200", "--seconds", "2")
    assert 10 < values(stored)["size of a worker at 200/s"] < 200


def test_help(tmp_path: Path) -> None:
    assert values(short(tmp_path, "help", "--alternations", "1"))["loadgen --help"] > 10


@pytest.mark.stack
@pytest.mark.timeout(60)
def test_supervisor(tmp_path: Path) -> None:
    stored = short(tmp_path, "supervisor", "--rate", "100", "--seconds", "4", "--alternations", "1")
    assert all(value > 0 for value in values(stored).values())


def test_arrivals_that_are_even_have_no_variation_and_no_error() -> None:
    even = judge(np.arange(3_000) * 1_000_000, 1_000)
    assert (even.rate_per_s, even.gap_cv, even.error_p99_us) == (1_000, 0, 0)


def test_every_second_arrival_that_is_late_shows_in_gaps_and_error() -> None:
    late = np.arange(3_000) * 1_000_000 + 100_000 * (np.arange(3_000) % 2)
    found = judge(late, 1_000)
    assert found.gap_cv == pytest.approx(0.1, rel=0.01)
    assert found.error_p99_us == pytest.approx(50, rel=0.01)
