"""A generator that cannot do what was asked says so: INVALID and exit 5, with its own errors told apart."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.support.account import assert_adds_up
from tests.support.few_ports import few_ports
from tests.support.processes import loadgen, service

if TYPE_CHECKING:
    from pathlib import Path


def _metadata(cwd: Path) -> Any:
    return json.loads((cwd / "kept" / "metadata.json").read_text())


def test_a_rate_beyond_one_core_is_invalid_and_never_a_quiet_shortfall(tmp_path: Path) -> None:
    with service("loadgen.demo.null") as null:
        result = loadgen(
            "run", null.url, "--rate", "300000", "--duration", "2s", "--timeout", "1s", "--workers", "1", "-q", "--out",
            "kept", cwd=tmp_path,
        )  # fmt: skip
    metadata = _metadata(tmp_path)
    assert result.returncode == metadata["exit_code"] == 5, result.stdout + result.stderr
    assert "validity INVALID" in result.stdout
    assert "a worker that never rested" in result.stdout
    assert metadata["status"] == "completed"
    assert metadata["validity"]["state"] == "INVALID"
    assert metadata["validity"]["target_limited"] is False
    assert metadata["load"]["scheduled"] == 600_000
    assert metadata["load"]["dropped_by"]["dropped_missed"] > 0


def test_running_out_of_local_ports_is_told_apart_from_the_targets_errors(tmp_path: Path) -> None:
    """Eight ports for twenty connections to a slow target: the ninth connection finds no port."""
    script = (
        "import json, subprocess, sys\n"
        "null = subprocess.Popen([sys.executable, '-m', 'loadgen.demo.null', '--delay-ms', '300'],"
        " stdout=subprocess.PIPE, text=True)\n"
        "url = json.loads(null.stdout.readline())['url']\n"
        "options = ['--rate', '100', '--duration', '2s', '-q', '--out', 'kept']\n"
        "code = subprocess.run([sys.executable, '-m', 'loadgen', 'run', url, *options]).returncode\n"
        "null.terminate(); null.wait(); sys.exit(code)\n"
    )
    command = few_ports(8, [sys.executable, "-c", script])
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    metadata = _metadata(tmp_path)
    assert_adds_up(metadata["load"])
    assert result.returncode == 5, result.stdout + result.stderr
    assert metadata["load"]["failed"] == 0
    assert metadata["load"]["dropped_by"]["no_port"] > 0
    assert metadata["breaker"]["trip"] is None
    assert metadata["validity"]["figures"]["port_share"] >= 7 / 8  # the server has one
    assert any(reason.startswith("own fault") for reason in metadata["validity"]["reasons"])
    assert "no_port" in result.stdout
