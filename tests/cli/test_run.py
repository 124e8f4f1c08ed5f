"""`loadgen run` against the null server."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import orjson
import pytest

from loadgen.core.metadata import read_metadata
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
    from pathlib import Path


@pytest.fixture
def null() -> Iterator[Service]:
    with service("loadgen.demo.null") as running:
        yield running


def test_so_many_requests_are_sent_by_several_workers(null: Service, tmp_path: Path) -> None:
    ended = loadgen(
        "run", null.url, "--requests", "333", "--rate", "300", "--workers", "2", "-c", "8", "--json", "--quiet",
        cwd=tmp_path,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    assert orjson.loads(ended.stdout)["totals"]["done"] == 333
    kept = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {".traces.jsonl", ".traces.lock"}, "without --out nothing is kept but the execution trace"


def test_stages_follow_one_another(null: Service, tmp_path: Path) -> None:
    ended = loadgen("run", null.url, "--stage", "1s:50", "--stage", "1s:150", "--quiet", "--out", "kept", cwd=tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert "200 requests scheduled in 2 s; validity" in ended.stdout
    assert "99.999" in ended.stdout
    assert read_metadata(tmp_path / "kept" / "metadata.json")["rate"] == "50/s → 150/s"


def test_a_directory_that_is_not_empty_is_refused(null: Service, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "other").touch()

    ended = loadgen("run", null.url, "-d", "1s", "--out", "kept", cwd=tmp_path)

    assert ended.returncode == 2
    assert "is not empty: name a new directory" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--stage", "1s"), "--stage = '1s': write DURATION:RATE"),
        (("--stage", "1s:5", "--requests", "3"), "give either --requests or --stage"),
        (("--stage", "1s:5", "--rate", "3"), "give either --rate or --stage"),
        (("--ipv4", "--ipv6"), "--ipv4 and --ipv6 exclude each other"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = loadgen("run", "http://127.0.0.1:9/", *arguments, cwd=tmp_path)

    assert ended.returncode == 2
    assert message in ended.stderr


def test_a_target_that_is_not_there_trips_the_breaker(tmp_path: Path) -> None:
    ended = loadgen("run", "http://127.0.0.1:9/", "--rate", "100", "-d", "20s", "--quiet", cwd=tmp_path)

    assert ended.returncode == 4, ended.stderr
    assert "the circuit breaker tripped" in ended.stderr
    assert "connect_refused" in ended.stdout


PRODUCTION = ("--profile", "production", "--rate", "20", "-d", "1s", "--quiet")
UNARMED = [word for name in ("error_rate", "effective_fallback", "blind") for word in ("--allow-unarmed", name)]


def test_production_is_checked_first_and_wants_what_nobody_watches_to_be_allowed(tmp_path: Path) -> None:
    allowed = {"ALLOWED_HOSTS": "127.0.0.1"}
    with service("loadgen.demo") as demo:
        refused = loadgen("run", demo.url + "/livez", *PRODUCTION, cwd=tmp_path, env=allowed)
        assert refused.returncode == 2
        assert "UNARMED (this run has no observer)" in refused.stderr
        assert "go on with --allow-unarmed effective_fallback" in refused.stderr
        assert demo.received() <= 2, "its health and one request to the endpoint"

        ended = loadgen("run", demo.url + "/livez", *PRODUCTION, *UNARMED, cwd=tmp_path, env=allowed)
        assert ended.returncode == 0, ended.stderr
        assert "20 sent, 20 done" in ended.stdout


def test_a_trip_in_production_blocks_the_next_run_although_nothing_of_the_first_is_kept(tmp_path: Path) -> None:
    allowed = {"ALLOWED_HOSTS": "127.0.0.1"}
    with service("loadgen.demo") as demo:
        arguments = ("run", demo.url + "/api/v2/hello", "--profile", "production", "--rate", "100", "-d", "20s", "-q")
        running = start_loadgen(*arguments, *UNARMED, cwd=tmp_path, env=allowed)
        wait_until(lambda: demo.received() > 10, timeout_s=30, what="the load")
        demo.fault(error_share=1.0)
        assert running.wait(30) == 4
        assert running.stdout is not None
        running.stdout.close()

        demo.fault()
        blocked = loadgen(*arguments, *UNARMED, cwd=tmp_path, env=allowed)
        assert blocked.returncode == 2
        record = run_directory(tmp_path)
        assert f"look at that run and give --after-trip {record.name}" in blocked.stderr
        assert sorted(path.name for path in record.iterdir()) == ["breaker.json", "metadata.json"]


def test_non_interactive_wants_lines_on_a_terminal_too(null: Service, tmp_path: Path) -> None:
    shown = {}
    for asked in ("false", "true"):
        controller, terminal = pty.openpty()
        environment = clean_environment({"TERM": "xterm", "NON_INTERACTIVE": asked})
        command = [sys.executable, "-m", "loadgen", "run", null.url, "--rate", "50", "-d", "1s"]
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=terminal
        ) as run:
            os.close(terminal)
            shown[asked] = b"".join(pieces(controller))
            assert run.wait(60) in (0, 5), "whatever a busy machine makes of the measurement"
        os.close(controller)
    assert "\u256d".encode() in shown["false"], "a frame"
    assert "\u256d".encode() not in shown["true"]
    assert b"end: completed" in shown["true"]


def pieces(controller: int) -> Iterator[bytes]:
    """Yield what a terminal is given until nobody holds its other end."""
    with contextlib.suppress(OSError):
        while data := os.read(controller, 65_536):
            yield data


def test_spectrum_and_exposition_are_written_where_they_are_wanted(null: Service, tmp_path: Path) -> None:
    ended = loadgen(
        "run", null.url, "-d", "2s", "--rate", "600", "--quiet", "--hgrm", "run.hgrm", "--prom", "run.prom",
        cwd=tmp_path,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    assert "Total count    =         1200]" in (tmp_path / "run.hgrm").read_text()
    assert 'loadgen_requests_total{state="sent"} 1200' in (tmp_path / "run.prom").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "run.hgrm", "run.prom"]


def test_a_file_that_cannot_be_written_is_found_out_before_anything_is_sent(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.prom"
    earlier.write_text("of an earlier run")
    ended = loadgen("run", "http://127.0.0.1:9/", "--hgrm", "no/such/place.hgrm", "--prom", str(earlier), cwd=tmp_path)

    assert ended.returncode == 2
    assert "--hgrm = 'no/such/place.hgrm': cannot be written" in ended.stderr
    assert earlier.read_text() == "of an earlier run"
