"""`report validate` as its user calls it: every kind of source, its files and its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from loadgen.core.errors import InputError, LoadgenError
from reports.cli import report
from reports.loader.thresholds import bundled_text
from tests.support.metrics_server import serving, text
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PLUGIN = "metasheet_plugin_reload_duration_seconds"
SNAPSHOT = "metasheet_snapshot_operation_duration_seconds"
WELL = {
    "operations": [
        {"metric": metric, "labels": labels, "buckets": [[0.1, 10], ["+Inf", 10]], "count": 10, "sum": 0.5}
        for metric, labels in (
            (PLUGIN, {"plugin_name": "example-plugin"}),
            (SNAPSHOT, {"operation": "create"}),
            (SNAPSHOT, {"operation": "restore"}),
        )
    ],
    "snapshot_restore_success": 10,
    "raw_fallback": 10,
    "effective_fallback": 4,
    "fallback": {"cache_miss": 6, "http_error": 4},
}
PAGE = """
# TYPE http_requests_total counter
http_requests_total{status="200"} 1000
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 104857600
"""


def invoke(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(report, ["validate", *arguments], standalone_mode=False, env=env)


def good_run(tmp_path: Path, **changes: Any) -> Path:
    exercise = {"requests": 30, "by_outcome": {"http_2xx": 30}, "by_operation": {}}
    metadata = {"exercise": exercise, **changes.pop("metadata", {})}
    window = {**WELL, **changes.pop("window", {})}
    return quick_run(window=window, metadata=metadata, **changes).write(tmp_path / "phase5-dev-20260301-120000")


def body_in(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "validation.json").read_text())
    return found


def test_a_good_run_passes_and_gets_its_validation_json(tmp_path: Path) -> None:
    place = good_run(tmp_path)
    result = invoke(str(place))
    assert result.return_value == 0, result.output
    body = body_in(place)
    assert body["summary"] == {"total_checks": 16, "passed": 16, "failed": 0, "na": 0, "overall_status": "pass"}
    assert body["configuration"]["source"] == "phase5-dev-20260301-120000"
    assert body["metrics_url"] == "https://service.example/metrics/prom"
    assert body["timestamp"] == "2026-03-01T12:00:30.000Z"


def test_a_run_that_was_not_exercised_passes_without_those_figures(tmp_path: Path) -> None:
    idle = {"operations": [], "plugin_reload_success": 0, "snapshot_create_success": 0, "snapshot_restore_success": 0}
    place = good_run(tmp_path, window=idle, metadata={"exercise": {"requests": 0, "by_outcome": {}}})
    assert invoke(str(place)).return_value == 0
    assert body_in(place)["summary"]["na"] == 8


def test_a_missed_threshold_is_exit_1_with_its_line(tmp_path: Path) -> None:
    place = good_run(tmp_path, errors_5xx=15)
    result = invoke(str(place), "--ci")
    assert result.return_value == 1
    assert "error_rate: 5 percent (threshold: ≤ 1)" in result.output.splitlines()
    assert "::" not in result.output


def test_annotations_come_with_github_or_when_asked_for(tmp_path: Path) -> None:
    place = good_run(tmp_path, errors_5xx=15)
    for result in (
        invoke(str(place), "--ci", "--annotations"),
        invoke(str(place), "--ci", env={"GITHUB_ACTIONS": "1"}),
    ):
        assert result.return_value == 1
        assert "::error title=SLO validation::error_rate: 5 percent" in result.output


@pytest.mark.parametrize(
    ("metadata", "code", "told"),
    [
        ({"status": "interrupted"}, 3, "interrupted"),
        ({"status": "running"}, 3, "killed before it could say so"),
        ({"validity": {"state": "INVALID", "reasons": ["own lag"]}}, 5, "INVALID: own lag"),
        (
            {"status": "aborted_circuit_breaker", "breaker": {"enabled": True, "trip": {"input": "error_rate"}}},
            4,
            "trip",
        ),
    ],
)
def test_a_run_that_did_not_end_well_never_passes(
    tmp_path: Path, metadata: dict[str, Any], code: int, told: str
) -> None:
    place = good_run(tmp_path, metadata=metadata)
    result = invoke(str(place), "--na-policy", "neutral")
    assert result.return_value == code, result.output
    assert told in result.output
    assert body_in(place)["summary"]["overall_status"] == "fail"


@pytest.mark.parametrize("name", ["metadata.json", "summary.json", "latency.hlog"])
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "foreign"])
def test_a_damaged_run_is_told_and_never_passes(tmp_path: Path, name: str, damage: str) -> None:
    place = good_run(tmp_path)
    path = place / name
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "truncated": whole[: len(whole) // 2], "foreign": b'{"kind": "Pod"}\n'}[damage])
    result = invoke(str(place))
    assert result.exception is None, result.output
    assert result.return_value in (1, 3)
    assert body_in(place)["summary"]["overall_status"] == "fail"


def test_a_run_edited_to_look_better_is_not_believed(tmp_path: Path) -> None:
    place = good_run(tmp_path)
    document = json.loads((place / "metadata.json").read_text())
    document["server_window"]["success"] = "all"
    (place / "metadata.json").write_text(json.dumps(document))
    result = invoke(str(place))
    assert result.return_value == 3
    assert "server_window.success is not a number" in result.output


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"latencies_ms": {20: 90, 60: 5, 400: 5}}, 1),
        ({"failed": {"timeout": 4}}, 1),
        ({"window": {"latency_buckets": [[0.01, 1], ["+Inf", 1]], "latency_count": 1}}, 3),
        ({"window": {"latency_buckets": [], "latency_count": None}}, 3),
        (
            {
                "latencies_ms": {400: 100},
                "window": {"latency_buckets": [], "latency_count": None},
                "metadata": {"not_applicable": ["p95", "p99"], "mandatory_metrics": ["success"]},
            },
            1,
        ),
    ],
    ids=[
        "good",
        "slow to the client",
        "timeouts",
        "one observation",
        "no histogram",
        "slow, and no histogram by profile",
    ],
)
def test_validate_and_production_give_one_answer(tmp_path: Path, changes: dict[str, Any], code: int) -> None:
    place = good_run(tmp_path, **changes)
    markdown = str(tmp_path / "report.md")
    production = CliRunner().invoke(report, ["production", str(place), "-o", markdown], standalone_mode=False)
    result = invoke(str(place))
    assert (production.return_value, result.return_value) == (code, code), result.output


def test_a_place_that_is_no_run_is_exit_2(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        result = invoke(str(place))
        assert isinstance(result.exception, LoadgenError)
        assert result.exception.exit_code == 2


def test_out_variables_and_options_say_where_files_go(tmp_path: Path) -> None:
    place = good_run(tmp_path)
    env = {"OUT_JSON": str(tmp_path / "out.json"), "OUT_MD": str(tmp_path / "out.md")}
    assert invoke(str(place), env=env).return_value == 0
    assert (tmp_path / "out.json").read_text() == (place / "validation.json").read_text()
    assert (tmp_path / "out.md").read_text().startswith("# Phase 5 Validation Report")
    (place / "validation.json").unlink()
    assert (
        invoke(str(place), "-o", str(tmp_path / "own.json"), "--markdown", str(tmp_path / "own.md")).return_value == 0
    )
    assert not (place / "validation.json").exists()
    assert (tmp_path / "own.md").exists()


def test_directories_that_are_not_there_yet_are_made(tmp_path: Path) -> None:
    """All the work of a round would be lost where only the place of its result was missing."""
    place = good_run(tmp_path)
    env = {"OUT_JSON": str(tmp_path / "a" / "b" / "out.json"), "OUT_MD": str(tmp_path / "c" / "out.md")}
    assert invoke(str(place), env=env).return_value == 0
    assert (tmp_path / "a" / "b" / "out.json").exists()
    assert (tmp_path / "c" / "out.md").exists()


def test_the_json_on_standard_output_is_that_of_the_file(tmp_path: Path) -> None:
    place = good_run(tmp_path)
    assert json.loads(invoke(str(place), "--json").output) == body_in(place)


def test_targets_of_the_run_and_of_the_environment_hold(tmp_path: Path) -> None:
    place = good_run(tmp_path)
    result = invoke(str(place), env={"SLO_MEM": "150"})
    assert result.return_value == 1
    assert "FAIL  memory_rss                    200 MB  (≤ 150 MB)" in result.output


def test_the_users_own_thresholds_are_the_law(tmp_path: Path) -> None:
    own = json.loads(bundled_text())
    own["thresholds"] = [item | {"threshold": 150} for item in own["thresholds"] if item["metric"] == "memory_rss"]
    (tmp_path / "own.json").write_text(json.dumps(own))
    result = invoke(str(good_run(tmp_path)), "--thresholds", str(tmp_path / "own.json"), env={"SLO_MEM": "900"})
    assert result.return_value == 1
    assert result.output.splitlines()[0] == "FAIL  memory_rss  200 MB  (≤ 150 MB)"


def test_an_environment_has_its_multiplier(tmp_path: Path) -> None:
    place = good_run(tmp_path)
    invoke(str(place), "--environment", "canary")
    configuration = body_in(place)["configuration"]
    assert (configuration["environment"], configuration["multiplier"]) == ("canary", 1.5)
    assert body_in(place)["assertions"][0]["threshold"] == 3
    result = invoke(str(place), "--environment", "moon")
    assert isinstance(result.exception, InputError)
    assert "it has production, staging, canary" in str(result.exception)


def test_an_earlier_validation_is_checked_and_judged_anew(tmp_path: Path) -> None:
    place = good_run(tmp_path)
    invoke(str(place))
    earlier = place / "validation.json"
    assert invoke(str(earlier)).return_value == 0
    own = json.loads(bundled_text())
    own["thresholds"] = [item | {"threshold": 99.9} for item in own["thresholds"] if item["metric"] == "cache_hit_rate"]
    (tmp_path / "own.json").write_text(json.dumps(own))
    result = invoke(str(earlier), "--thresholds", str(tmp_path / "own.json"))
    assert result.return_value == 1
    assert "FAIL  cache_hit_rate  90 %  (≥ 99.9 %)" in result.output
    body = json.loads(earlier.read_text())
    body["assertions"][6]["actual"] = 12
    earlier.write_text(json.dumps(body))
    assert invoke(str(earlier)).return_value == 3


def test_what_the_client_of_a_run_saw_is_judged_anew_too(tmp_path: Path) -> None:
    """The client's p99 of 110 ms is within 250 ms and beyond 100 ms; the service's own is 25 to 50 ms."""
    place = good_run(tmp_path, latencies_ms={20: 90, 110: 10})
    assert invoke(str(place)).return_value == 0
    own = json.loads(bundled_text())
    own["thresholds"] = [
        item | {"threshold": 0.1} for item in own["thresholds"] if item["metric"] == "http_latency_p99"
    ]
    (tmp_path / "own.json").write_text(json.dumps(own))
    assert invoke(str(place / "validation.json"), "--thresholds", str(tmp_path / "own.json")).return_value == 1


def test_a_section_is_appended_once_for_each_run(tmp_path: Path) -> None:
    place, completion = good_run(tmp_path), tmp_path / "results" / "COMPLETION.md"
    for _ in range(2):
        assert invoke(str(place), "--append-to", str(completion)).return_value == 0
    content = completion.read_text()
    assert content.startswith("# Phase 5 Completion Report\n")
    assert content.count("## Run Artifact – Appended 2") == 1
    assert invoke(str(place), "--append-to", str(completion), "--run-id", "another").return_value == 0
    assert completion.read_text().startswith(content.rstrip("\n"))
    assert completion.read_text().count("## Run Artifact") == 2


def test_a_validation_stands_beside_the_report_of_its_run_and_is_replaced_when_it_changes(tmp_path: Path) -> None:
    place, completion = good_run(tmp_path), tmp_path / "COMPLETION.md"
    assert CliRunner().invoke(report, ["append", str(place), "--target", str(completion)]).exit_code == 0
    assert invoke(str(place), "--append-to", str(completion)).return_value == 0
    before = completion.read_text()
    assert before.count("<!-- loadgen run ") == 2
    assert invoke(str(place), "--append-to", str(completion), "--environment", "staging").return_value == 0
    after = completion.read_text()
    assert after.count("<!-- loadgen run ") == 2
    assert after != before


def test_what_others_wrote_in_the_completion_report_stays_to_the_letter(tmp_path: Path) -> None:
    completion = tmp_path / "COMPLETION.md"
    written = "# Ours\n\npassword=hunter2-is-what-we-tell-people-not-to-use\n"
    completion.write_text(written)
    assert invoke(str(good_run(tmp_path)), "--append-to", str(completion)).return_value == 0
    assert completion.read_text().startswith(written)


async def test_a_url_is_scraped_by_the_observer_with_the_header_of_the_environment(tmp_path: Path) -> None:
    async with serving(text(PAGE)) as server:
        result = await _in_thread(
            server.url + "/metrics",
            "-o",
            str(tmp_path / "out.json"),
            env={"METRICS_AUTH_HEADER": "X-Token: s3cr3t-t0ken"},
        )
    assert result.return_value == 3, result.output
    assert server.headers[0]["X-Token"] == "s3cr3t-t0ken"
    written = (tmp_path / "out.json").read_text()
    assert "s3cr3t" not in written + result.output
    body = json.loads(written)
    found = {item["metric"]: item["actual"] for item in body["assertions"] if item["actual"] is not None}
    assert found == {"memory_rss": 100, "http_success_rate": 100, "error_rate": 0}
    assert body["metrics_url"] == server.url + "/metrics"


async def test_a_service_that_cannot_be_scraped_is_exit_2_with_advice(tmp_path: Path) -> None:
    async with serving(text("no metrics here")) as server:
        result = await _in_thread(server.url + "/metrics", "-o", str(tmp_path / "out.json"))
    assert isinstance(result.exception, LoadgenError)
    assert result.exception.exit_code == 2
    assert "the metrics cannot be read" in str(result.exception)
    assert not (tmp_path / "out.json").exists()


async def _in_thread(*arguments: str, env: dict[str, str] | None = None) -> Result:
    import asyncio

    return await asyncio.to_thread(invoke, *arguments, env=env)


@pytest.mark.parametrize(
    ("arguments", "env", "told"),
    [
        ((), {}, "name a run directory, a metrics URL or a validation JSON"),
        (("http://127.0.0.1:1/metrics",), {"METRICS_AUTH_HEADER": "no colon"}, "METRICS_AUTH_HEADER"),
        (("one", "two"), {}, "is one too many"),
    ],
)
def test_bad_input_is_one_message_with_what_to_do(arguments: tuple[str, ...], env: dict[str, str], told: str) -> None:
    result = invoke(*arguments, env=env)
    assert isinstance(result.exception, InputError)
    assert told in str(result.exception)


@pytest.mark.parametrize(
    "metadata", [{"status": "running"}, {"validity": {"state": "INVALID", "reasons": ["own lag"]}}]
)
def test_what_kept_a_run_from_passing_keeps_its_validation_from_passing_by_other_thresholds(
    tmp_path: Path, metadata: dict[str, Any]
) -> None:
    place = good_run(tmp_path, metadata=metadata)
    invoke(str(place))
    (tmp_path / "own.json").write_text(bundled_text())
    result = invoke(str(place / "validation.json"), "--thresholds", str(tmp_path / "own.json"))
    assert result.return_value == 3
    assert "note  run_" in result.output
    assert "PASS  effective_fallback_rate" in result.output
    assert result.output.splitlines()[-1] == "validation fail: 16 passed, 0 failed, 0 without a figure, of 16"


def test_a_share_of_more_than_the_whole_is_no_figure(tmp_path: Path) -> None:
    result = invoke(str(good_run(tmp_path, window={"success": 600})))
    assert result.return_value == 3
    assert "note  http_success_rate: the record contradicts itself: 600 of 300 requests" in result.output


def test_response_times_above_the_range_of_the_histogram_are_not_left_out_of_a_percentile(tmp_path: Path) -> None:
    """300 values of at most 110 ms and 30 above 60 s: p90 is the 297th, p95 lies beyond the range."""
    place = good_run(tmp_path, window={"latency_buckets": []}, summary={"out_of_range": {"response": 30}})
    found = json.loads(invoke(str(place), "--json").output)["assertions"]
    p95 = next(item for item in found if item["metric"] == "http_latency_p95")
    assert p95["status"] == "fail"
    assert p95["actual"] >= 60
