"""`loadgen run-all` against the demo service that it starts itself, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.processes import loadgen

if TYPE_CHECKING:
    from pathlib import Path


def test_the_whole_round_needs_no_flags_and_leaves_json_markdown_and_a_section(tmp_path: Path) -> None:
    env = {
        "TMPDIR": str(tmp_path), "SNAP_SLEEP_SECS": "0", "REDIS_SAMPLES": "20", "RELOAD_COUNT": "6",
        "SNAP_CREATE_COUNT": "7", "SNAP_RESTORE_COUNT": "8", "CACHE_IMPL": "redis",
    }  # fmt: skip
    result = loadgen("run-all", cwd=tmp_path, env=env)
    body = json.loads((tmp_path / "phase5.json").read_text())
    percentiles = body["percentiles"]
    assert percentiles['metasheet_plugin_reload_duration_seconds{plugin_name="example-plugin"}']["count"] == 6
    assert percentiles['metasheet_snapshot_operation_duration_seconds{operation="create"}']["count"] == 7
    assert percentiles['metasheet_snapshot_operation_duration_seconds{operation="restore"}']["count"] == 8
    for op in ("get", "set"):
        samples = percentiles[f'redis_operation_duration_seconds{{op="{op}"}}']
        assert samples["count"] >= 20, "as REDIS_SAMPLES says"
        assert samples["mean"] > 0.00002, "real ones"
    assert body["counters"]["raw_fallback"] >= 4
    assert body["summary"]["na"] == 0, body["assertions"]
    assert (tmp_path / "phase5.md").read_text().startswith("# Phase 5 Validation Report")
    assert (tmp_path / "docs" / "PHASE5_COMPLETION_REPORT.md").read_text().count("## Run Artifact – Appended ") == 1
    passed = body["summary"]["overall_status"] == "pass"  # a machine under load may miss a latency
    assert result.returncode == (0 if passed else 1), result.stdout + result.stderr
    assert result.stdout.splitlines()[-1].startswith("validation pass: 16" if passed else "validation fail")


def test_bad_variables_are_told_with_all_else_and_nothing_is_started(tmp_path: Path) -> None:
    env = {"RELOAD_COUNT": "-1", "SNAP_SLEEP_SECS": "600"}
    result = loadgen("run-all", "--base-url", "http://192.0.2.1:1", cwd=tmp_path, env=env)
    assert result.returncode == 2
    assert "3 problems; nothing was done" in result.stderr
    assert "RELOAD_COUNT = '-1': must be a number that is not negative" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_token_that_cannot_be_had_ends_the_round_before_it_begins(tmp_path: Path) -> None:
    url = "http://127.0.0.1:1"
    result = loadgen("run-all", "--base-url", url, "--token-command", "false", cwd=tmp_path)
    assert result.returncode == 2
    assert "--token-command: there is no token" in result.stderr
    assert list(tmp_path.iterdir()) == []
