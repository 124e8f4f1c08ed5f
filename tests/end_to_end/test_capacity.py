"""Capacity runs against a demo service whose limit is known."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import loadgen, run_directory, service, start_loadgen, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes import Service

LIMIT_PER_S = 250
LIMITED = json.dumps({"capacity": {"concurrent": 100, "service_ms": 400}, "latency": 0})
"""A hundred requests at a time, 400 ms each: 250/s and not one more."""

CONDITIONS = ("--slo", "p99<1s", "--slo", "error_rate<1%")


def arguments(demo: Service, *more: str, rate: str = "600") -> tuple[str, ...]:
    where = ("--base-url", demo.url, "--endpoint", "/livez", "--rate", rate, "-c", "250")
    return ("capacity", *where, *CONDITIONS, "--quiet", *more)


def left(cwd: Path) -> Any:
    return json.loads((run_directory(cwd) / "capacity.json").read_text())


@pytest.mark.stack
@pytest.mark.timeout(240)
def test_the_known_limit_is_found_within_5_percent_in_three_minutes(tmp_path: Path) -> None:
    with service("loadgen.demo", "--faults", LIMITED) as demo:
        began = time.monotonic()
        ended = loadgen(*arguments(demo, "--search"), cwd=tmp_path, timeout_s=220)
        took_s = time.monotonic() - began

    assert ended.returncode == 0, ended.stderr
    answer = left(tmp_path)["answer"]
    assert answer["verdict"] == "FOUND"
    assert answer["held_per_s"] == pytest.approx(LIMIT_PER_S, rel=0.05)
    assert answer["broke"], "what limits is said"
    assert took_s < 180
    report = (run_directory(tmp_path) / "capacity-report.md").read_text()
    assert "**FOUND**" in report
    assert "Universal Scalability Law: σ" in report


@pytest.mark.stack
@pytest.mark.timeout(240)
def test_a_noisy_service_is_survived(tmp_path: Path) -> None:
    noisy = json.dumps(
        {
            "capacity": {"concurrent": 100, "service_ms": 300},
            "latency": {"kind": "lognormal", "median_ms": 90, "sigma": 0.45, "max_ms": 900},
        }
    )
    # the mean of the lognormal is 90 x exp(0.45^2 / 2) = 99.6 ms, so 100 / 0.3996 = 250/s again
    with service("loadgen.demo", "--faults", noisy) as demo:
        ended = loadgen(*arguments(demo, "--search"), cwd=tmp_path, timeout_s=230)

    assert ended.returncode == 0, ended.stderr
    assert left(tmp_path)["answer"]["held_per_s"] == pytest.approx(LIMIT_PER_S, rel=0.05)


@pytest.mark.parametrize(
    ("rate", "code", "verdict"),
    [pytest.param("100", 0, "HOLDS", marks=pytest.mark.stack), ("420", 1, "DOES NOT HOLD")],
)
def test_a_rate_alone_holds_or_does_not(tmp_path: Path, rate: str, code: int, verdict: str) -> None:
    with service("loadgen.demo", "--faults", LIMITED) as demo:
        ended = loadgen(*arguments(demo, "--hold", "15s", "--json", rate=rate), cwd=tmp_path)

    assert ended.returncode == code, ended.stderr
    document = json.loads(ended.stdout)
    assert document["answer"]["verdict"] == verdict
    assert document == left(tmp_path)
    metadata = json.loads((run_directory(tmp_path) / "metadata.json").read_text())
    assert (metadata["kind"], metadata["exit_code"], metadata["status"]) == ("capacity", code, "completed")
    load = metadata["load"]
    assert load["scheduled"] == load["sent"] + load["unsent"] + load["dropped"]


@pytest.mark.stack
def test_columns_of_the_service_are_judged_as_well(tmp_path: Path) -> None:
    with service("loadgen.demo", "--faults", LIMITED) as demo:
        watched = ("--metrics-url", demo.url + "/metrics/prom", "--slo", "request_rate<10", "--hold", "15s")
        ended = loadgen(*arguments(demo, *watched, rate="200"), cwd=tmp_path)

    assert ended.returncode == 1, ended.stderr
    broke = left(tmp_path)["answer"]["broke"][0]
    assert (broke["condition"], broke["side"]) == ("request_rate<10", "server")
    assert left(tmp_path)["steps"][0]["figures"]["server.request_rate"] == pytest.approx(200, rel=0.1)


def test_a_trip_ends_a_rate_alone_with_exit_4(tmp_path: Path) -> None:
    with service("loadgen.demo", "--faults", '{"error_share": 0.5, "latency": 0}') as demo:
        ended = loadgen(*arguments(demo, "--hold", "15s", rate="200"), cwd=tmp_path)

    assert ended.returncode == 4, ended.stderr
    assert left(tmp_path)["steps"][0]["result"] == "tripped"
    assert (run_directory(tmp_path) / "breaker.json").exists()
    metadata = json.loads((run_directory(tmp_path) / "metadata.json").read_text())
    assert metadata["error"].startswith("the circuit breaker tripped: client_error_rate ")


@pytest.mark.stack
@pytest.mark.timeout(120)
def test_a_search_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    with service("loadgen.demo", "--faults", LIMITED) as demo:
        running = start_loadgen(*arguments(demo, "--search", rate="200"), cwd=tmp_path)
        wait_until(lambda: _has_held(tmp_path), timeout_s=60, what="the first step held")
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
        assert running.returncode == 130
        place = run_directory(tmp_path)
        before = [step["rate_per_s"] for step in left(tmp_path)["steps"]]
        assert left(tmp_path)["answer"]["interval"] == f"the capacity is at least {before[-1]:g}/s"

        other = loadgen(*arguments(demo, "--search", "--resume", str(place), rate="300"), cwd=tmp_path)
        ended = loadgen(*arguments(demo, "--search", "--resume", str(place), rate="200"), cwd=tmp_path, timeout_s=100)
        again = loadgen(*arguments(demo, "--search", "--resume", str(place), rate="200"), cwd=tmp_path)

    assert other.returncode == 2
    assert "was 200.0, is 300.0" in other.stderr
    assert ended.returncode == 0, ended.stderr
    steps = left(tmp_path)["steps"]
    assert [step["rate_per_s"] for step in steps][: len(before)] == before
    assert left(tmp_path)["answer"]["verdict"] == "CEILING HOLDS"
    assert (place / "load-stats.csv.1").exists(), "the files of the first session are kept"
    assert again.returncode == 2
    assert "has its answer" in again.stderr


def _has_held(cwd: Path) -> bool:
    documents = [json.loads(path.read_text()) for path in cwd.glob("results/*/capacity.json")]
    return any(step["result"] == "held" for document in documents for step in document["steps"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--slo", "p99<250", "--slo", "nonsense"), "2 problems"),
        (("--slo", "cpu_percent<80"), "the service's own figures need --metrics-url"),
        (("--start", "5"), "--start = '5': belongs to --search"),
        (("--search", "--start", "900"), "is above the rate that may be sent at most, 600/s"),
        (("--settle", "x", "--block", "1s"), "at least 5s"),
        (("--precision", "2"), "is between 0.005 and 0.5"),
        (("--resume", "nowhere"), "no decisions.jsonl there"),
        (("--rate", "0", "--precision", "9", "--slo", "p99<250"), "3 problems"),
        (("--redis-url", "redis://127.0.0.1:1"), "--redis-url: the observer watches it, which needs --metrics-url"),
        (
            ("--slo", "p99<5s"),
            "p99<5s': a request given up after --timeout 5s would pass: raise that or lower the limit",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(
    tmp_path: Path, more: tuple[str, ...], message: str
) -> None:
    where = ("--base-url", "http://127.0.0.1:9", "--rate", "600")
    ended = loadgen("capacity", *where, *more, cwd=tmp_path)

    assert ended.returncode == 2
    assert message in ended.stderr


@pytest.mark.parametrize(
    ("profile", "more", "message"),
    [
        ("staging", (), "--rate: missing: example.com is not this machine"),
        ("production", ("--rate", "100"), "production needs --confirm-host example.com"),
    ],
)
def test_places_that_are_not_here_need_more_words(
    tmp_path: Path, profile: str, more: tuple[str, ...], message: str
) -> None:
    (tmp_path / ".env.phase5").write_text("ALLOWED_HOSTS=example.com\n")
    (tmp_path / ".env.phase5.staging").write_text("")
    ended = loadgen(
        "capacity", "--base-url", "http://example.com", "--profile", profile, "--search", *more, cwd=tmp_path
    )

    assert ended.returncode == 2
    assert message in ended.stderr
