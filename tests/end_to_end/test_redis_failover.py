"""A Redis that is killed in the middle of a run: the run goes on, and the metrics, the watch and the report tell it."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import against, run_directory, service, start_loadgen, wait_until

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES, INTERVAL_S = 5, 4


@pytest.mark.stack
@pytest.mark.timeout(120)
def test_a_killed_redis_is_seen_from_both_sides_and_the_run_survives(tmp_path: Path) -> None:
    with service("loadgen.demo", env={"CACHE_IMPL": "redis", "ALLOW_UNSAFE_ADMIN": "true"}) as demo:
        asked = ["--samples", str(SAMPLES), "--interval", f"{INTERVAL_S}s", "--warmup", "1s", "--exercise"]
        run = start_loadgen(
            *against(demo, *asked, "--watch-redis", "--no-breaker"),  # /health turns 503, which would end it
            cwd=tmp_path,
            env={"REDIS_URL": demo.redis_url, "REDIS_SAMPLES": "100"},
        )
        try:
            wait_until(lambda: _rows(tmp_path) >= 1, timeout_s=40, what="the first sample")
            os.kill(demo.get("/internal/cache")["server_pid"], signal.SIGKILL)
            output, _ = run.communicate(timeout=60)
        finally:
            run.kill()

    place = run_directory(tmp_path)
    metadata = json.loads((place / "metadata.json").read_text())
    assert metadata["status"] == "completed", output
    window = metadata["server_window"]
    assert window["redis_recovery_success"] >= 1
    assert window["redis_last_failure_s"] > 0
    assert window["fallback"]["upstream_error"] >= 1
    assert len(_records(place)) == SAMPLES + 2
    assert sum(record["ping"]["failed"] for record in _records(place)) > 0
    assert sum(record["reconnects"] for record in _records(place)) == 1
    section = (place / "production-report.md").read_text().partition("## Redis\n")[2].partition("\n## ")[0]
    assert "Reconnects: 1; restarts of the server: 1" in section
    assert "No answer: no connection" in section
    assert "Last failure: never" not in section
    assert "Recovery attempts counted by the service: 0 succeeded" not in section


def _rows(cwd: Path) -> int:
    return sum(len(path.read_text().splitlines()) - 1 for path in cwd.glob("results/phase5-*/metrics.csv"))


def _records(place: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place / "redis.jsonl").read_text().splitlines()]
