"""`loadgen observe` from end to end, against a real server."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import InputError
from loadgen.core.metadata import read_metadata
from loadgen.core.metrics_csv import HEADER, Value, read_metrics
from observer.alone import only_observer
from tests.support.metrics_server import serving, text
from tests.support.processes import clean_environment, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def counting() -> Callable[[], str]:
    numbers = itertools.count(100, 100)
    return lambda: f'http_requests_total{{status="200"}} {next(numbers)}\nprocess_start_time_seconds 1000\n'


def start(cwd: Path, url: str, *arguments: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "loadgen", "observe", *arguments],
        cwd=cwd,
        env=clean_environment({"METRICS_URL": url, "OUT_DIR": "out", "NON_INTERACTIVE": "1", **env}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )


async def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = await asyncio.to_thread(process.communicate, timeout=30)
    return process.returncode, output


async def rows_in(out: Path) -> list[dict[str, Value]]:
    return await asyncio.to_thread(read_metrics, out / "metrics.csv")


async def rows_written(out: Path, count: int) -> None:
    def enough() -> bool:
        return (out / "metrics.csv").exists() and len(read_metrics(out / "metrics.csv")) >= count

    await asyncio.to_thread(wait_until, enough, timeout_s=20, what=f"{count} rows")


async def test_it_takes_its_samples_and_leaves_every_file(tmp_path: Path) -> None:
    async with serving(text(counting())) as server:
        process = start(tmp_path, server.url + "/metrics", INTERVAL_SECONDS="1", MAX_SAMPLES="2")
        code, output = await finish(process)
    assert code == 0, output
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "metadata.json",
        "metrics.csv",
        "observe.log",
        "raw-metrics.txt",
    ]
    assert (out / "metrics.csv").read_text().startswith(HEADER + "\n")
    assert [row["request_rate"] for row in await rows_in(out)] == pytest.approx([100, 100], rel=0.2)
    charts = [line for line in output.splitlines() if line.startswith("📊")]
    assert len(charts) == 2
    logged = [json.loads(line)["msg"] for line in (out / "observe.log").read_text().splitlines()]
    assert [msg for msg in logged if msg.startswith("📊")] == charts
    assert (out / "raw-metrics.txt").read_text().count("# scrape ") == 3
    metadata = await asyncio.to_thread(read_metadata, out / "metadata.json")
    assert (metadata["status"], metadata["exit_code"], metadata["samples_written"]) == ("completed", 0, 2)
    assert metadata["server_window"]["requests"] == metadata["counters_at_end"]["requests"] - 200
    assert not (tmp_path / "phase5-observe.pid").exists()


@pytest.mark.stack
@pytest.mark.parametrize(("number", "expected"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
async def test_a_signal_is_an_orderly_stop_with_a_last_row(
    tmp_path: Path, number: signal.Signals, expected: int
) -> None:
    async with serving(text(counting())) as server:
        process = start(tmp_path, server.url, "--interval", "2s", "--samples", "100")
        await rows_written(tmp_path / "out", 1)
        await asyncio.sleep(1.1)
        process.send_signal(number)
        code, output = await finish(process)
    assert code == expected, output
    assert f"stopping by {number.name}: one last scrape" in output
    rows = await rows_in(tmp_path / "out")
    assert rows[-1]["sample_num"] == len(rows) == 2
    metadata = await asyncio.to_thread(read_metadata, tmp_path / "out" / "metadata.json")
    assert metadata["status"] == "stopped"


async def test_the_file_stop_observation_is_an_orderly_stop_and_is_taken_away(tmp_path: Path) -> None:
    async with serving(text(counting())) as server:
        process = start(tmp_path, server.url, "--interval", "1s", "--samples", "100")
        await rows_written(tmp_path / "out", 1)
        (tmp_path / "STOP_OBSERVATION").touch()
        code, output = await finish(process)
    assert code == 0, output
    assert "stopping by the file STOP_OBSERVATION" in output
    assert not (tmp_path / "STOP_OBSERVATION").exists()


async def test_a_stop_file_left_over_from_before_is_refused(tmp_path: Path) -> None:
    (tmp_path / "STOP_OBSERVATION").touch()
    process = start(tmp_path, "http://127.0.0.1:9/m")
    code, output = await finish(process)
    assert code == 2
    assert "STOP_OBSERVATION: is left from an earlier stop: remove it" in output


async def test_a_second_observer_in_the_same_place_is_refused(tmp_path: Path) -> None:
    async with serving(text(counting())) as server:
        first = start(tmp_path, server.url, "--interval", "1s", "--samples", "100")
        await rows_written(tmp_path / "out", 1)
        assert (tmp_path / "phase5-observe.pid").read_text().strip() == str(first.pid)
        code, output = await finish(start(tmp_path, server.url))
        assert code == 2
        assert f"another observer runs here (pid {first.pid}); stop it first" in output
        first.send_signal(signal.SIGTERM)
        await finish(first)


async def test_metrics_that_cannot_be_read_are_exit_2_with_the_hint_and_no_traceback(tmp_path: Path) -> None:
    async with serving(text("nope", status=403)) as server:
        code, output = await finish(start(tmp_path, server.url))
    assert code == 2
    assert "answered 403\n  this credential may not read the metrics" in output
    assert "Traceback" not in output


async def test_without_an_address_it_says_what_is_missing(tmp_path: Path) -> None:
    code, output = await finish(start(tmp_path, ""))
    assert code == 2
    assert "METRICS_URL" in output


async def test_a_service_that_goes_away_gives_rows_of_na_and_exit_3(tmp_path: Path) -> None:
    async with serving(text(counting())) as server:
        process = start(tmp_path, server.url, "--interval", "1s", "--samples", "2")
        await asyncio.to_thread(wait_until, lambda: server.requests >= 2, timeout_s=20, what="sample 0")
    code, output = await finish(process)
    assert code == 3, output
    assert [row["request_rate"] for row in await rows_in(tmp_path / "out")] == [None, None]
    assert "0 of 2 rows measured" in output


def test_a_runs_observer_without_a_lock_is_respected(tmp_path: Path) -> None:
    path = tmp_path / "phase5-observe.pid"
    code = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, "observer"]) as process:
        path.write_text(f"{process.pid}\n")
        with pytest.raises(InputError, match=rf"a run's observer runs here \(pid {process.pid}\)"), only_observer(path):
            pytest.fail("it was let in")
        process.kill()
    with only_observer(path):
        assert path.read_text().strip() == str(os.getpid())
    assert not path.exists()
