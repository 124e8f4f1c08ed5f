"""Every command of docs/REDIS.md works as it stands there, in its order; the demo's runs are only made shorter."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import clean_environment, service
from tests.support.redis_server import redis_server

PAGE = (Path(__file__).parents[2] / "docs" / "REDIS.md").read_text()
SHOWN_DEMO, SHOWN_REDIS = "http://127.0.0.1:8901", "redis://127.0.0.1:6379/0"
SHORTER = ["--samples", "2", "--interval", "6s", "--warmup", "1s"]  # five of each operation fit


def shown_commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def run_line(line: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a line as a shell would: variables first, `RUN` being the one run below the directory before it."""
    words = shlex.split(line)
    given = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    words = [_with_run(word, directory) for word in words[len(given) :]]
    words = ["-m", *words] if words[0] == "loadgen" else words[1:]
    shorter = SHORTER if "baseline --demo" in line else []
    return subprocess.run(
        [sys.executable, *words, *shorter], cwd=directory, env=clean_environment(given), capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=90, check=False,
    )  # fmt: skip


def _with_run(word: str, directory: Path) -> str:
    if not word.endswith("/RUN"):
        return word
    (found,) = (directory / word).parent.glob("phase5-*")
    return os.path.relpath(found, directory)


@pytest.mark.stack
@pytest.mark.timeout(240)
def test_the_commands_work_in_the_order_shown(tmp_path: Path) -> None:
    with service("loadgen.demo") as demo, redis_server() as server:
        for shown in shown_commands():
            line = shown.replace(SHOWN_DEMO, demo.url).replace(SHOWN_REDIS, server.url)
            done = run_line(line, tmp_path)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            if "--dry-run" in line:
                assert "fit to be kept" in done.stdout
                assert not (tmp_path / "baseline").exists()
            if line.endswith("list"):
                assert "phase5-baseline-memory.json" in done.stdout
                assert "phase5-baseline-redis.json" in done.stdout

    (redis,) = (tmp_path / "results" / "redis").glob("phase5-*")
    (memory,) = (tmp_path / "results" / "memory").glob("phase5-*")
    exercised = json.loads((redis / "metadata.json").read_text())["exercise"]["internal"]
    pairs = exercised["cache_set"]["http_2xx"]
    assert 150 < pairs <= 200, "as many as there was time for"
    assert exercised["cache_get"] == {"http_2xx": pairs}
    operations = json.loads((redis / "validation.json").read_text())["percentiles"]
    assert operations['redis_operation_duration_seconds{op="set"}']["count"] >= pairs
    assert operations['redis_operation_duration_seconds{op="get"}']["mean"] > 0.00002
    assert "## Redis" in (redis / "production-report.md").read_text()
    assert "## Redis" not in (memory / "production-report.md").read_text()
    saved = json.loads((tmp_path / "baseline" / "phase5-baseline-redis.json").read_text())
    assert saved["baseline"]["source"] == redis.name
    assert saved["baseline"]["impl"] == "redis"


def test_every_key_of_the_file_is_named() -> None:
    for name in ("held_up", "disturbed", "reconnects", "slow_log", "latency_events", "trouble"):
        assert f"`{name}`" in PAGE, name
