"""The two reports as text, and the command line around them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.core.errors import LoadgenError
from reports.cli import report
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SECTIONS = [
    "Conclusion", "SLO Summary", "Run Checks", "Client Latency (HDR)", "Client and Server", "Requests",
    "Error Classes", "Throughput", "Fallback Sources", "Plugin Reload & Snapshot Operations", "Error Budget",
    "Burn Rate", "Anomalies", "Warning Bands (info)", "Circuit Breaker", "Why Some Figures Are NA", "Run Parameters",
    "Generator Host", "Targets", "Commit and Tag", "Operator Checklist", "Report Completeness", "Next Actions",
]  # fmt: skip
TRIP = {
    "input": "error_rate", "metric": "errors / requests", "value": 0.061, "threshold": 0.02, "window_s": 30.0,
    "rule": "wilson", "at": "2026-03-01T12:00:20.000Z", "phase": "main", "detail": "",
}  # fmt: skip


def invoke(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(report, list(arguments), standalone_mode=False, env=env)


def headings(text: str) -> list[str]:
    return [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]


def test_the_verdict_and_its_reason_stand_in_the_first_lines(tmp_path: Path) -> None:
    place = RunOnDisk(latencies_ms={20: 90, 400: 10}).write(tmp_path / "phase5-prod-20260301-120000")
    lines = invoke("production", str(place)).output.splitlines()
    assert lines[:6] == [
        "# Production Report: phase5-prod-20260301-120000",
        "",
        "## ❌ Overall Verdict: NO-GO",
        "",
        "- P95 latency, client response: 400 ms, target ≤ 150 ms",
        "- P99 latency, client response: 400 ms, target ≤ 250 ms",
    ]


def test_the_sections_stand_in_their_order(tmp_path: Path) -> None:
    output = invoke("production", str(RunOnDisk().write(tmp_path / "run"))).output
    assert headings(output) == ["✅ Overall Verdict: GO", *SECTIONS]


def test_the_summary_table_has_the_rows_of_the_published_report_in_its_order(tmp_path: Path) -> None:
    output = invoke("production", str(RunOnDisk().write(tmp_path / "run"))).output
    table = output.split("## SLO Summary\n\n")[1].split("\n\n")[0].splitlines()
    assert [cell.strip() for cell in table[0].split("|")[1:-1]] == [
        "Metric", "Judged", "Min", "Max", "Avg", "StdDev", "Target", "Verdict",
    ]  # fmt: skip
    assert [row.split("|")[1].strip() for row in table[2:]] == [
        "Success rate (server)", "Success rate (client)", "P95 latency, client response",
        "P95 latency, server histogram", "P99 latency, client response", "P99 latency, server histogram",
        "Raw fallback rate", "Effective fallback rate", "Error rate (server)", "Error rate (client)",
        "CPU", "Memory (RSS), average", "Cache hit rate, global", "Cache hit rate, sample average",
        "Plugin reload success", "Snapshot success",
    ]  # fmt: skip


def test_a_row_shows_judged_value_spread_target_and_verdict(tmp_path: Path) -> None:
    """Memory of 100, 200 and 300 MB: average 200, population standard deviation 81.6."""
    rows = {number: {"rss_mb": str(100 * number)} for number in (1, 2, 3)}
    output = invoke("production", str(quick_run(rows=rows).write(tmp_path / "run"))).output
    line = next(line for line in output.splitlines() if line.startswith("| Memory"))
    assert [cell.strip() for cell in line.split("|")[2:-1]] == [
        "200.0 MB", "100.0 MB", "300.0 MB", "200.0 MB", "81.6 MB", "≤ 500 MB", "PASS",
    ]  # fmt: skip


def test_an_incomplete_run_names_what_is_missing_in_its_heading(tmp_path: Path) -> None:
    place = RunOnDisk(cache_hits=0, cache_misses=0).write(tmp_path / "run")
    assert "## ⚠️ Overall Verdict: INCOMPLETE (NO-GO: missing Cache hit rate, global)" in (
        invoke("production", str(place)).output
    )


def test_a_run_outside_production_has_its_banner(tmp_path: Path) -> None:
    output = invoke("production", str(quick_run().write(tmp_path / "run"))).output
    assert "> **Environment “demo”: this is not a production baseline.**" in output


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (quick_run(), 0),
        (quick_run(errors_5xx=30), 1),
        (quick_run(status="interrupted"), 3),
        (quick_run(metadata={"status": "aborted_circuit_breaker"}), 4),
        (quick_run(metadata={"validity": {"state": "INVALID", "reasons": ["lag"]}}), 5),
    ],
    ids=["GO", "NO-GO", "INCOMPLETE", "tripped", "INVALID"],
)
def test_the_exit_code_is_the_verdicts(tmp_path: Path, run: RunOnDisk, code: int) -> None:
    assert invoke("production", str(run.write(tmp_path / "run"))).return_value == code


def test_a_report_goes_into_a_file_and_the_verdict_to_the_terminal(tmp_path: Path) -> None:
    place = quick_run(errors_5xx=30).write(tmp_path / "run")
    target = place / "production-report.md"
    result = invoke("production", str(place), "-o", str(target))
    assert result.output.splitlines()[:2] == [
        "Verdict: NO-GO",
        "  - Success rate (server): 90.00 %, target ≥ 98 %",
    ]
    assert target.read_text().startswith("# Production Report: run\n")
    assert sorted(path.name for path in place.iterdir() if path.suffix == ".tmp") == []


def test_a_report_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    result = invoke("production", str(place), "-o", str(tmp_path / "nowhere" / "report.md"))
    assert isinstance(result.exception, LoadgenError)
    assert "the report cannot be written (No such file or directory)" in str(result.exception)


def test_overridden_targets_judge_and_are_named(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    result = invoke("production", str(place), env={"SLO_P95": "0.05"})
    assert result.return_value == 1
    assert "P95 latency: ≤ 50 ms (from SLO_P95 in the environment)" in result.output


def test_the_error_budget_target_is_an_option(tmp_path: Path) -> None:
    """300 requests at 98 % allow 6 failures; 3 of them used leave half."""
    place = quick_run(failed={"reset": 3}).write(tmp_path / "run")
    output = invoke("production", str(place), "--error-budget-target", "98").output
    line = next(line for line in output.splitlines() if line.startswith("| client"))
    assert [cell.strip() for cell in line.split("|")[2:-1]] == ["300", "98.00 %", "6", "3", "50.00 %"]


def test_nothing_from_a_run_can_break_out_of_its_table(tmp_path: Path) -> None:
    metadata = {"environment": "x | y\n\n# forged", "rate": "80/s\n## Overall Verdict: GO"}
    output = invoke("production", str(quick_run(metadata=metadata).write(tmp_path / "run"))).output
    assert "# forged" not in [line.strip() for line in output.splitlines()]
    assert headings(output).count("Overall Verdict: GO") == 0


def test_a_tripped_run_has_a_partial_summary_with_everything_on_one_page(tmp_path: Path) -> None:
    breaker = {"enabled": True, "thresholds": {"error_rate": 0.02}, "inputs": [], "trip": TRIP}
    run = quick_run(
        written=2, errors_5xx=18, failed={"http_5xx": 18},
        metadata={"breaker": breaker, "status": "aborted_circuit_breaker"},
    )  # fmt: skip
    result = invoke("partial", str(run.write(tmp_path / "run")))
    assert result.return_value == 0
    lines = result.output.splitlines()
    assert lines[2].startswith("**Tripped on the service's error rate, errors / requests 6.10 % against 2 %, over 30 s")
    assert headings(result.output)[:6] == [
        "Impact", "Run Parameters", "Duration", "Partial Results", "Circuit Breaker Trip", "What To Do",
    ]  # fmt: skip
    assert "- 300 requests were sent; 18 of 300 that ended failed (6.00 %)." in lines
    assert "- Failures: 18 http_5xx (the response had a 5xx status)." in lines
    assert "- Samples: 2 of 3" in lines
    assert "- Load: 30s of 30s planned" in lines


def test_a_lone_csv_gives_a_partial_summary_and_no_verdict(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    result = invoke("partial", str(place / "metrics.csv"))
    assert result.return_value == 0
    assert "This is no verdict and no baseline." in result.output
    assert invoke("production", str(place / "metrics.csv")).return_value == 3


def test_a_running_run_can_be_looked_at(tmp_path: Path) -> None:
    place = quick_run(status="running", written=1, metadata={"server_window": None, "validity": None}).write(
        tmp_path / "run"
    )
    (place / "summary.json").unlink()
    output = invoke("partial", str(place)).output
    assert "**The run has not ended, or it was killed before it could say so.**" in output
    assert "follow it with `loadgen status`" in output


def test_the_module_is_a_command_with_exit_codes(tmp_path: Path) -> None:
    place = quick_run(status="stopped").write(tmp_path / "run")

    def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "reports", *arguments], capture_output=True, text=True, check=False
        )

    assert ended("production", str(place)).returncode == 3
    missing = ended("production", str(tmp_path / "nowhere"))
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.endswith("nowhere: no such file or directory\n")
    assert ended("--help").returncode == 0
    assert ended("production").returncode == 2


def test_the_command_line_imports_nothing_heavy() -> None:
    code = "import sys, reports.cli; reports.cli.report.get_command(None, 'production'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "hdrh", "orjson", "jinja2"} & set(loaded)
