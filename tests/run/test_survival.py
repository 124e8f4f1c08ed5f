"""What happens to a run, and to its target, when something dies, hangs or fills up: real processes, real time."""

from __future__ import annotations

import os
import pty
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import orjson
import psutil
import pytest

from loadgen.core.load_stats import read_load_stats
from loadgen.core.metadata import read_metadata
from loadgen.core.rundir import RunDirectory
from tests.support.processes import (
    Service,
    clean_environment,
    loadgen,
    run_directory,
    service,
    start_loadgen,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

_BASELINE = ("--samples", "30", "--interval", "2s", "--warmup", "1s", "--rate", "40", "--quiet")


_FULL = 20_000


@pytest.fixture
def demo() -> Iterator[Service]:
    with service("loadgen.demo") as running:
        yield running


def start_run(demo: Service, cwd: Path, *more: str, rate: str = "50") -> subprocess.Popen[str]:
    """Start a plain load of a minute and return once requests arrive."""
    run = start_loadgen(
        "run", demo.url + "/api/v2/hello", "--rate", rate, "-d", "60s", "-c", "8", "--quiet", *more, cwd=cwd
    )
    wait_until(lambda: demo.received() > 110, timeout_s=30, what="requests arrive")
    return run


def start_baseline(demo: Service, cwd: Path, *more: str) -> subprocess.Popen[str]:
    """Start an observed run of a minute and return once its first sample is written."""
    run = start_loadgen("baseline", "--base-url", demo.url, "--endpoint", "/api/v2/hello", *_BASELINE, *more, cwd=cwd)
    wait_until(lambda: sampled(cwd), timeout_s=40, what="a sample")
    return run


def sampled(cwd: Path) -> bool:
    """Say whether a row of metrics.csv is written."""
    return any(len(path.read_text().splitlines()) > 1 for path in (cwd / "results").glob("*/metrics.csv"))


def children(run: subprocess.Popen[str]) -> dict[str, psutil.Process]:
    """Return the children of a run by the module that they run."""
    found = {}
    for child in psutil.Process(run.pid).children():
        words = child.cmdline()
        found[words[words.index("-m") + 1]] = child
    return found


def finish(run: subprocess.Popen[str], timeout_s: float = 30) -> tuple[int, str]:
    output, _ = run.communicate(timeout=timeout_s)
    return run.returncode, output


def assert_target_is_left_alone(demo: Service, since_ns: int, within_s: float = 3) -> None:
    """Wait well beyond the time allowed, and see when the last request came."""
    time.sleep(within_s + 1.5)
    late_s = (demo.last_received_ns() - since_ns) / 1e9
    assert late_s < within_s, f"a request came {late_s:.2f} s later"


def test_three_accounts_of_one_run_agree(demo: Service, tmp_path: Path) -> None:
    before = demo.served()
    ended = loadgen(
        "run", demo.url + "/api/v2/hello", demo.url + "/health", "--rate", "200", "-d", "3s", "-c", "8",
        "--warmup", "1s", "--json", "--quiet", "--out", "out", cwd=tmp_path,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    summary = orjson.loads(ended.stdout)
    place = RunDirectory(tmp_path / "out")
    warmup = read_metadata(place.metadata)["warmup"]
    assert summary["totals"]["scheduled"] == 600
    assert summary["totals"]["sent"] + warmup["sent"] == demo.received()
    assert demo.served() - before == demo.received()
    rows = read_load_stats(place.load_stats).rows
    for name in ("sent", "done", "failed", "dropped"):
        assert sum(int(str(row[name]).removesuffix(".0")) for row in rows) == summary["totals"][name], name
    assert orjson.loads(place.summary.read_bytes()) == summary


def test_a_killed_worker_ends_the_run_with_a_clear_error_and_a_usable_directory(demo: Service, tmp_path: Path) -> None:
    run = start_run(demo, tmp_path, "--out", "out")
    children(run)["loadgen.worker"].kill()
    code, output = finish(run)

    assert code == 2
    assert "worker 0" in output
    assert "killed by SIGKILL" in output
    place = RunDirectory(tmp_path / "out")
    assert read_metadata(place.metadata)["status"] == "failed"
    assert orjson.loads(place.summary.read_bytes())["totals"]["sent"] > 0
    assert place.partial_summary.exists()


def test_a_killed_observer_ends_the_run_and_its_load(demo: Service, tmp_path: Path) -> None:
    run = start_baseline(demo, tmp_path)
    killed_ns = time.monotonic_ns()
    children(run)["observer"].kill()
    code, output = finish(run)

    assert code == 2
    assert "observer" in output
    assert_target_is_left_alone(demo, killed_ns)
    assert read_metadata(run_directory(tmp_path) / "metadata.json")["status"] == "failed"


def test_a_killed_supervisor_leaves_no_load_and_no_children(demo: Service, tmp_path: Path) -> None:
    run = start_baseline(demo, tmp_path)
    left = list(children(run).values())
    killed_ns = time.monotonic_ns()
    run.kill()

    assert_target_is_left_alone(demo, killed_ns)
    assert not [child for child in left if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    state = orjson.loads(loadgen("status", "--json", cwd=tmp_path).stdout)
    assert state["status"] == "killed"
    assert state["seconds"] > 0
    finish(run)
    assert loadgen("stop", cwd=tmp_path).returncode == 2


def test_a_frozen_supervisor_loses_its_lease_and_says_so_when_it_thaws(demo: Service, tmp_path: Path) -> None:
    run = start_run(demo, tmp_path, "--out", "out")
    frozen_ns = time.monotonic_ns()
    run.send_signal(signal.SIGSTOP)
    assert_target_is_left_alone(demo, frozen_ns)
    run.send_signal(signal.SIGCONT)
    code, output = finish(run)

    assert code == 2
    assert "worker 0" in output
    assert read_metadata(tmp_path / "out" / "metadata.json")["status"] == "failed"


def test_a_frozen_worker_is_noticed_and_does_not_outlive_the_run(demo: Service, tmp_path: Path) -> None:
    run = start_run(demo, tmp_path)
    worker = children(run)["loadgen.worker"]
    worker.suspend()
    code, output = finish(run, 60)

    assert code == 2
    assert "worker 0 has said nothing for 10" in output
    assert not worker.is_running()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_baseline_in_order_within_ten_seconds(
    demo: Service, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    run = start_baseline(demo, tmp_path)
    begun = time.monotonic()
    run.send_signal(number)
    ended, output = finish(run)

    assert ended == code, output
    assert time.monotonic() - begun < 12
    assert f"loadgen exit {code}" in output
    metadata = read_metadata(run_directory(tmp_path) / "metadata.json")
    assert metadata["exit_code"] == code
    account, outside = (
        metadata["load"],
        metadata["counters_at_end"]["requests"] - metadata["counters_at_start"]["requests"],
    )
    assert account["scheduled"] == account["sent"] + account["unsent"] + account["dropped"]
    assert outside == account["sent"]
    assert (run_directory(tmp_path) / "partial-summary.md").exists()
    assert not (tmp_path / "phase5-load.pid").exists()


def test_the_observers_pid_file_leads_to_an_orderly_stop_too(demo: Service, tmp_path: Path) -> None:
    run = start_baseline(demo, tmp_path)
    os.kill(int((tmp_path / "phase5-observe.pid").read_text()), signal.SIGTERM)
    code, output = finish(run)

    assert code == 143, output
    assert read_metadata(run_directory(tmp_path) / "metadata.json")["status"] == "stopped"


def test_a_stop_file_ends_a_run(demo: Service, tmp_path: Path) -> None:
    run = start_run(demo, tmp_path)
    (tmp_path / "STOP_OBSERVATION").touch()
    code, output = finish(run)

    assert code == 3
    assert "a stop file was found" in output


def test_a_detached_run_is_seen_stopped_and_waited_for(demo: Service, tmp_path: Path) -> None:
    started = loadgen(
        "baseline", "--base-url", demo.url, "--endpoint", "/api/v2/hello", *_BASELINE, "--detach", cwd=tmp_path
    )
    assert started.returncode == 0, started.stderr
    assert f"run directory {run_directory(tmp_path)}" in started.stdout
    wait_until(lambda: demo.received() > 60, timeout_s=30, what="requests arrive")

    state = orjson.loads(loadgen("status", "--json", cwd=tmp_path).stdout)
    assert (state["status"], state["alive"]) == ("running", True)
    assert f"pid {state['pid']}" in started.stdout
    second = loadgen("baseline", "--base-url", demo.url, *_BASELINE, cwd=tmp_path)
    assert second.returncode == 2
    assert "another run is under way" in second.stderr
    stopped = loadgen("stop", cwd=tmp_path)
    assert stopped.returncode == 0, stopped.stderr
    assert loadgen("wait", cwd=tmp_path).returncode == 143
    assert "loadgen exit 143" in (run_directory(tmp_path) / "console.log").read_text()


def test_a_detached_run_that_does_not_begin_gives_its_error_to_the_caller(tmp_path: Path) -> None:
    ended = loadgen("baseline", "--base-url", "http://127.0.0.1:9", "--rate", "nonsense", "--detach", cwd=tmp_path)

    assert ended.returncode == 2
    assert "not a rate" in ended.stderr


def test_a_disk_that_fills_up_fails_the_run_and_leaves_a_readable_directory(demo: Service, tmp_path: Path) -> None:
    run = start_run(demo, tmp_path, "--out", "out")
    place = RunDirectory(tmp_path / "out")
    wait_until(lambda: place.latency_hlog.stat().st_size > _FULL, timeout_s=40, what="a long log")
    # a limit on file sizes stands in for a full disk: the small files still fit, as they do into the reserve
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (_FULL, resource.RLIM_INFINITY))
    code, output = finish(run)

    assert code == 2
    assert "the disk is full" in output
    metadata = read_metadata(place.metadata)
    assert metadata["status"] == "failed"
    assert "the disk is full" in metadata["error"]
    assert len(read_load_stats(place.load_stats).rows) > 0


def _account_of(place: Path) -> object:
    return read_metadata(place / "metadata.json")["load"] if (place / "summary.json").exists() else None


def test_a_terminal_that_nobody_reads_does_not_hold_up_the_run(demo: Service, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    begun = time.monotonic()
    run = subprocess.Popen(
        [sys.executable, "-m", "loadgen", "run", demo.url + "/api/v2/hello", "--rate", "100", "-d", "8s", "-c", "8",
         "--out", "out"],
        cwd=tmp_path, env=clean_environment({"TERM": "xterm"}), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    try:
        time.sleep(1)
        os.write(ours, b"\x13")  # Ctrl-S: the terminal stops
        wait_until(lambda: _account_of(tmp_path / "out") is not None, timeout_s=30, what="the account")
        assert time.monotonic() - begun < 20
        metadata = read_metadata(tmp_path / "out" / "metadata.json")
        assert metadata["load"]["sent"] == 800
        assert metadata["gaps"] == []
    finally:
        os.write(ours, b"\x11")
        run.kill()
        run.wait(10)
        os.close(ours)


def test_no_secret_is_in_a_childs_arguments_or_environment_or_in_any_file(tmp_path: Path) -> None:
    signing = "a-secret-that-only-the-service-has-0123456789"
    token, header = jwt.encode({"sub": "a"}, signing), "metrics-token-91c7"
    (tmp_path / "token").write_text(token)
    with service("loadgen.demo", env={"JWT_SECRET": signing}) as demo:
        seen = secrets_shown(demo, tmp_path, header)

    for secret in (token, header):
        assert secret.encode() not in seen
        for path in (tmp_path / "out").iterdir():
            assert secret.encode() not in path.read_bytes(), path.name


def secrets_shown(demo: Service, tmp_path: Path, header: str) -> bytes:
    """Run with two secrets; return what the process list shows of the run and its children."""
    run = start_run(demo, tmp_path, "--out", "out", "--jwt-file", "token", "--header", f"X-Metrics-Token: {header}")
    seen = b""
    for process in (psutil.Process(run.pid), *children(run).values()):
        seen += Path(f"/proc/{process.pid}/cmdline").read_bytes()
        seen += Path(f"/proc/{process.pid}/environ").read_bytes()
    run.send_signal(signal.SIGINT)
    code, output = finish(run)
    assert code == 130, output
    return seen
