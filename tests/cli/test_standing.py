"""status, stop and wait on runs that are over."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from click.testing import CliRunner

from loadgen.cli.status import status
from loadgen.cli.stop import stop
from loadgen.cli.wait import wait
from loadgen.core.load_stats import LoadSecond, LoadStatsWriter
from loadgen.core.metadata import blank, write_metadata
from loadgen.core.rundir import RunDirectory
from loadgen.run.lock import RunLock, process_started

if TYPE_CHECKING:
    from pathlib import Path

    import click

AT = datetime(2026, 5, 1, tzinfo=UTC)


def finished(results: Path, **values: Any) -> RunDirectory:
    """Leave the directory of a run that ended."""
    place = RunDirectory.create(results, "dev", AT)
    document = {
        **blank(), "run_id": place.run_id, "base_url": "http://127.0.0.1:1", "rate": "80/s", "concurrency": 20,
        "duration_seconds": 50.0, "samples": 5, "samples_written": 5, "status": "completed", "exit_code": 1,
        "supervisor": {"pid": 1, "started": 1.0}, **values,
    }  # fmt: skip
    write_metadata(place.metadata, document)
    writer = LoadStatsWriter(place.load_stats)
    writer.write(LoadSecond(0, AT, 80, 80, 79, {"timeout": 1}, {}, p99_ns=20_000_000))
    writer.close()
    return place


def invoke(command: click.Command, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert result.exception is None, result.exception
    return int(result.return_value), result.output


def test_the_newest_run_is_shown(tmp_path: Path) -> None:
    place = finished(tmp_path)

    code, output = invoke(status, "--results", str(tmp_path))

    assert code == 0
    assert f"{place.run_id}  completed  (not running)" in output
    assert "samples  5 of 5" in output
    assert "sent 80, done 79, failed 1, dropped 0, p99 20.0 ms" in output


def test_a_trip_and_an_error_are_shown(tmp_path: Path) -> None:
    trip = {"input": "client", "metric": "client_error_rate", "value": 0.0612, "threshold": 0.02}
    finished(tmp_path, breaker={"trip": trip}, error="the circuit breaker tripped", status="aborted_circuit_breaker")

    _, output = invoke(status, "--results", str(tmp_path))

    assert "breaker  client tripped: client_error_rate 0.0612, limit 0.02" in output
    assert "error    the circuit breaker tripped" in output


def test_a_run_whose_process_is_gone_was_killed(tmp_path: Path) -> None:
    place = finished(tmp_path, status="running", exit_code=None)

    code, output = invoke(status, str(place.path), "--json")

    assert (code, orjson.loads(output)["status"]) == (0, "killed")
    assert invoke(wait, str(place.path))[0] == 2


def test_waiting_for_a_finished_run_gives_its_exit_code(tmp_path: Path) -> None:
    place = finished(tmp_path)

    assert invoke(wait, str(place.path)) == (1, f"{place.run_id} completed\n")


def test_waiting_gives_up_after_its_timeout(tmp_path: Path) -> None:
    alive = {"pid": os.getpid(), "started": process_started(os.getpid())}
    place = finished(tmp_path, status="running", supervisor=alive)

    code, output = invoke(wait, str(place.path), "--timeout", "10ms")

    assert code == 3
    assert f"still runs (pid {os.getpid()})" in output


@pytest.mark.parametrize("command", [status, wait, stop])
def test_without_any_run_there_is_nothing_to_do(
    command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    code, output = invoke(command, "--results", str(tmp_path))

    assert code == 2
    assert "no run" in output


def test_a_stale_pid_file_is_named_and_nobody_is_signalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pid_file = tmp_path / "phase5-load.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    started = process_started(os.getpid())
    assert started is not None
    os.utime(pid_file, (started - 100, started - 100))

    code, output = invoke(stop, "--results", str(tmp_path))

    assert code == 2
    assert "phase5-load.pid is stale" in output


def test_a_command_in_its_preflight_is_neither_the_last_run_nor_nothing(tmp_path: Path) -> None:
    place = finished(tmp_path)

    with RunLock(tmp_path):
        code, output = invoke(status, "--results", str(tmp_path))
        assert code == 0
        assert f"pid {os.getpid()} is in its preflight: no load yet" in output
        assert place.run_id in output
        code, output = invoke(wait, "--results", str(tmp_path), "--timeout", "1ms")
        assert (code, output) == (3, f"loadgen: pid {os.getpid()} is still in its preflight\n")


def test_whoever_waits_for_a_command_that_fails_its_preflight_is_told(tmp_path: Path) -> None:
    finished(tmp_path)
    lock = RunLock(tmp_path)
    with lock, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(invoke, wait, "--results", str(tmp_path))
        with pytest.raises(TimeoutError):
            waiting.result(0.4)
        lock.__exit__()
        assert waiting.result(20) == (2, f"loadgen: pid {os.getpid()} ended in its preflight: there was no run\n")
