"""A run whose supervisor is killed in the middle goes on where it was."""

from __future__ import annotations

import json
import re
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loadgen.core.hdr_log import read_hdr_log
from loadgen.core.load_stats import read_load_stats
from loadgen.core.metrics_csv import read_metrics
from tests.support.processes import against, loadgen, run_directory, service, start_loadgen, wait_until

if TYPE_CHECKING:
    import subprocess


_SHOWN_URL = "http://127.0.0.1:8901"


def _shown_commands() -> list[str]:
    """Return the two commands of docs/LONG_RUNS.md: begin, and go on."""
    page = (Path(__file__).parents[2] / "docs" / "LONG_RUNS.md").read_text()
    return re.findall(r"```console\nloadgen (run [^\n]*)\n```", page)


def _kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)


def test_a_killed_load_goes_on_and_its_account_is_one(tmp_path: Path) -> None:
    with service("loadgen.demo.null") as null:
        begin, go_on = (shlex.split(line.replace(_SHOWN_URL, null.url)) for line in _shown_commands())
        first = start_loadgen(*begin, cwd=tmp_path)
        stats = tmp_path / "kept" / "load-stats.csv"
        wait_until(lambda: len(read_load_stats(stats).rows) >= 2, timeout_s=20, what="two seconds of load")
        _kill(first)
        behind = len(read_load_stats(stats).rows)
        other = loadgen(*go_on, "--rate", "90", cwd=tmp_path)
        result = loadgen(*go_on, cwd=tmp_path)
        again = loadgen(*go_on, cwd=tmp_path)
    summary = json.loads((tmp_path / "kept" / "summary.json").read_text())
    seconds = [int(float(row["second"] or 0)) for row in read_load_stats(stats).rows]
    measured = [int(float(row["second"] or 0)) for row in read_load_stats(stats).rows if row["due"]]

    assert other.returncode == 2
    assert "--resume = 'load.stages[0].rate': was '100/s', is '90/s'" in other.stderr
    assert result.returncode in (0, 5), result.stdout + result.stderr
    assert f"interrupted for {summary['interrupted_s']:g} s" in result.stdout
    assert summary["totals"]["scheduled"] == summary["metrics"]["http_reqs"]["values"]["count"] == 500
    assert summary["rate"]["target"] == 100
    assert summary["state"]["testRunDurationMs"] == 5_000
    assert seconds == list(range(len(seconds)))
    assert measured[:behind] == list(range(behind))
    assert len(measured) == 5
    logged = [entry for entry in read_hdr_log(tmp_path / "kept" / "latency.hlog") if entry.tag == "response"]
    assert [entry.start_s for entry in logged][:5] == measured  # the last answer may come in the drain
    cut_off = summary["totals"]["in_flight"] + summary["totals"]["unsent"]
    assert sum(entry.histogram.total for entry in logged) == 500 - cut_off
    assert again.returncode == 2
    assert "this run is complete" in again.stderr


@pytest.mark.stack
def test_a_killed_baseline_goes_on_with_the_gap_marked(tmp_path: Path) -> None:
    with service("loadgen.demo") as demo:
        asked = against(demo, "--samples", "3", "--interval", "3s", "--warmup", "0s", "-q")
        first = start_loadgen(*asked, cwd=tmp_path)
        wait_until(
            lambda: any(read_load_stats(path).rows[3:] for path in tmp_path.glob("results/*/load-stats.csv")),
            timeout_s=40,
            what="four seconds of load",
        )
        _kill(first)
        place = run_directory(tmp_path)
        before = json.loads((place / "metadata.json").read_text())
        result = loadgen(*asked, "--resume", str(place), cwd=tmp_path)
    after = json.loads((place / "metadata.json").read_text())
    rows = read_metrics(place / "metrics.csv")

    assert result.returncode in (3, 5), result.stdout + result.stderr
    assert after["status"] == "completed"
    assert after["counters_at_start"] == before["counters_at_start"]
    assert [row["sample_num"] for row in rows] == [1, 2, 3]
    assert [row["request_rate"] is None for row in rows] == [False, True, False]
    assert after["load"]["scheduled"] == after["planned_requests"] == 720
    window, told = after["server_window"]["requests"], before["server_window"]["requests"]
    assert window > told > 0
    report = (place / "production-report.md").read_text()
    assert "without figures: sample 2; interrupted for" in report
    assert "Gap at 4 s: interrupted for" in report
