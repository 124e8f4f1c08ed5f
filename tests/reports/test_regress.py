"""`report regress` from runs on disk to its answer and exit code."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.support.baselines import CREATE, GET, PLUGIN, call, code, long_run, validation, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


def shelf_of(place: Path, runs: int = 6) -> Path:
    """Return a directory of baselines of equal runs."""
    for number in range(runs):
        run = long_run(run_id=f"good-{number}").write(place / f"good-{number}")
        assert code(call("baseline", "save", run, "--dir", place / "baseline")) == 0
    return place / "baseline"


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Return directories of so many baselines, made once; no test changes them."""

    @cache
    def shelf(runs: int) -> Path:
        return shelf_of(tmp_path_factory.mktemp("shelf"), runs)

    return shelf


def figure(result: Result, key: str) -> dict[str, object]:
    found = [item for item in json.loads(result.output)["figures"] if item["figure"] == key]
    assert len(found) == 1
    return dict(found[0])


@pytest.mark.parametrize(("slower", "verdict", "ended"), [(1.3, "REGRESSED", 1), (0.7, "IMPROVED", 0)])
def test_a_large_change_is_told_with_effect_interval_and_history(
    tmp_path: Path, shelves: Callable[[int], Path], slower: float, verdict: str, ended: int
) -> None:
    shelf = shelves(6)
    run = long_run(slower=slower, run_id="now").write(tmp_path / "now")

    result = call("regress", run, shelf, "--json")

    assert code(result) == ended
    assert json.loads(result.output)["verdict"] == verdict
    p95 = figure(result, "p95")
    assert (p95["verdict"], p95["effect"]) == (verdict, pytest.approx(slower - 1, abs=2e-3))
    low, high = p95["interval"]  # type: ignore[misc]
    assert low < slower - 1 < high  # type: ignore[has-type]
    assert len(p95["history"]) == 6  # type: ignore[arg-type]


def test_no_change_against_a_steady_history_is_equivalent(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    """Twelve runs without any difference leave 3 % x sqrt(3/14) of the assumption: the interval is within 5 %."""
    shelf = shelves(11)
    result = call("regress", long_run(run_id="now").write(tmp_path / "now"), shelf, "--json")
    assert (code(result), json.loads(result.output)["verdict"]) == (0, "EQUIVALENT")


def test_no_change_without_a_history_cannot_be_told(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    shelf = shelves(1)
    result = call("regress", long_run(run_id="now").write(tmp_path / "now"), shelf)
    assert code(result) == 3
    assert result.output.startswith("# Comparison with the baseline: UNDERPOWERED")


def test_thirty_requests_are_underpowered_whatever_they_say(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    shelf = shelves(1)
    few = {"rate_per_s": 1, "samples": 12, "interval_s": 10.0}
    slow = long_run(slower=2.0, run_id="now", metadata={"rate_per_s": None}, **few)
    slow.unsent = 90
    result = call("regress", slow.write(tmp_path / "now"), shelf, "--json")
    p95 = figure(result, "p95")
    assert (p95["verdict"], p95["why"]) == ("UNDERPOWERED", "30 requests; p95 needs 200")


def test_a_run_of_twenty_seconds_is_underpowered(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    short = long_run(slower=2.0, run_id="now", samples=2, rate_per_s=10)
    result = call("regress", short.write(tmp_path / "now"), shelves(1), "--json")
    assert figure(result, "p95")["why"] == "20 s were measured; 60 s are the least that tells a run's own noise"
    assert code(result) == 3


def test_errors_regress_from_zero(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    run = long_run(run_id="now", failed={"http_5xx": 60}).write(tmp_path / "now")
    ok_short_of(run)
    result = call("regress", run, shelves(2), "--json")
    errors = figure(result, "error_rate")
    assert (errors["baseline"], errors["current"], errors["verdict"]) == (0.0, pytest.approx(5.0), "REGRESSED")
    assert code(result) == 1


def ok_short_of(run: Path) -> None:
    """Take a twentieth of the good answers out of latency.hlog, as 60 failures of 1,200 do."""
    from loadgen.core.hdr_log import HdrLogWriter, read_hdr_log
    from tests.support.runs import T0

    entries = list(read_hdr_log(run / "latency.hlog"))
    with (run / "latency.hlog").open("w", encoding="utf-8", newline="\n") as stream:
        log = HdrLogWriter(stream, T0)
        for entry in entries:
            if entry.tag == "response_ok":
                entry.histogram.counts[entry.histogram.counts.argmax()] -= entry.histogram.total // 20
            log.write(entry.tag, entry.start_s, entry.length_s, entry.histogram)


@pytest.mark.parametrize(("key", "value"), [("workers", 2), ("concurrency", 40), ("rate_per_s", 20.0)])
def test_another_load_is_not_compared(tmp_path: Path, shelves: Callable[[int], Path], key: str, value: float) -> None:
    run = long_run(slower=3.0, run_id="now", metadata={key: value}).write(tmp_path / "now")
    result = call("regress", run, shelves(1))
    assert code(result) == 3
    assert "# Comparison with the baseline: NOT COMPARED" in result.output
    assert "Not comparable: " in result.output


def test_another_generator_is_flagged_and_compared(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    metadata = {"fingerprint": {"host": "generator-2", "cpus": 2, "python": "3.11.9"}}
    run = long_run(slower=1.3, run_id="now", metadata=metadata).write(tmp_path / "now")
    result = call("regress", run, shelves(6))
    assert "the generator differs in host: generator-2, the baseline generator-1" in result.output
    assert code(result) == 1


def test_another_cache_is_warned_of(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    run = long_run(run_id="now").write(tmp_path / "now")
    result = call("regress", run, shelves(1), env={"CACHE_IMPL": "redis"})
    assert "another cache implementation: redis, the baseline memory" in result.output


def test_an_invalid_run_is_not_compared(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    metadata = {"validity": {"state": "INVALID", "reasons": ["lag"]}}
    run = long_run(slower=3.0, run_id="now", metadata=metadata).write(tmp_path / "now")
    result = call("regress", run, shelves(1))
    assert (code(result), "now is INVALID" in result.output) == (3, True)


def test_a_second_run_of_the_same_build_narrows_the_interval(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    shelf = shelves(6)
    one, two = (long_run(slower=1.09, run_id=name).write(tmp_path / name) for name in ("one", "two"))
    alone, both = call("regress", one, shelf, "--json"), call("regress", one, shelf, "--again", two, "--json")
    reach = [figure(result, "p95")["between_runs"] for result in (alone, both)]
    assert reach[1] < reach[0] * 0.85  # type: ignore[operator]


def test_a_run_is_compared_with_the_newest_baseline_that_has_latencies(tmp_path: Path) -> None:
    """A nightly that was rotated is a validation only; the runs kept before it still tell more."""
    shelf = shelf_of(tmp_path, 3)
    rotated = write_json(tmp_path / "night.json", validation(timestamp="2026-04-01T02:00:00Z"))
    assert code(call("baseline", "save", rotated, "--dir", shelf)) == 0
    run = long_run(slower=1.5, run_id="now").write(tmp_path / "now")
    result = call("regress", run, shelf)
    assert code(result) == 1
    assert "holds no latencies, as one that was rotated; compared with good-2 instead" in result.output


def test_a_cut_log_and_a_killed_run_are_said_to_be_partial(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    run = long_run(run_id="now", status="running").write(tmp_path / "now")
    log = (run / "latency.hlog").read_bytes()
    (run / "latency.hlog").write_bytes(log[: len(log) // 2])
    result = call("regress", run, shelves(1))
    assert code(result) == 3
    assert "the run under test is partial: its status is running" in result.output
    assert "latency.hlog: breaks off" in result.output


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("interrupted", "its status is interrupted"),
        ("aborted_circuit_breaker", "its status is aborted_circuit_breaker"),
        ("completed", "its latencies are not whole"),
    ],
)
def test_what_is_left_of_a_run_never_shows_that_nothing_regressed(
    tmp_path: Path, shelves: Callable[[int], Path], status: str, reason: str
) -> None:
    shelf = shelves(6)
    run = long_run(run_id="now", status=status).write(tmp_path / "now")
    log = run / "latency.hlog"
    if status == "completed":
        assert code(call("regress", run, shelf)) == 0
        log.write_text("".join(log.read_text().splitlines(keepends=True)[:-5]))
    result = call("regress", run, shelf)
    assert code(result) == 3
    assert f"- Not whole: now: {reason}. What is left may show a regression, never that" in result.output
    slow = long_run(run_id="now", status=status, slower=1.5).write(tmp_path / "slow")
    assert code(call("regress", slow, shelf)) == 1


def test_a_run_without_latencies_is_not_compared(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    run = long_run(run_id="now").write(tmp_path / "now")
    (run / "latency.hlog").unlink()
    result = call("regress", run, shelves(1))
    assert (code(result), "latency.hlog: missing" in result.output) == (3, True)


def test_a_baseline_whose_blocks_were_edited_is_not_believed(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, 1)
    place = next(path for path in shelf.iterdir() if not path.is_symlink())
    body = json.loads(place.read_text())
    body["client"]["blocks"][3]["response"] = "HISTFAAAA"
    place.write_text(json.dumps(body))
    result = call("regress", long_run(slower=2.0, run_id="now").write(tmp_path / "now"), shelf)
    assert code(result) == 3
    assert r"client.blocks\[3\] is damaged; no latency of this file is used" in result.output


def test_what_cannot_be_found_is_one_message(tmp_path: Path) -> None:
    run = long_run().write(tmp_path / "run")
    assert code(call("regress", run, tmp_path / "nowhere")) == 2
    assert code(call("regress", tmp_path / "nowhere", run)) == 2
    (tmp_path / "empty").mkdir()
    assert code(call("regress", run, tmp_path / "empty")) == 2
    assert code(call("regress", run, run)) == 2
    other = long_run().write(tmp_path / "other")
    assert code(call("regress", run, other, "--history", tmp_path / "empty")) == 2


def test_every_tolerance_that_is_no_number_is_named_at_once(tmp_path: Path) -> None:
    runs = [long_run().write(tmp_path / name) for name in ("one", "two")]
    result = call("regress", *runs, env={"LATENCY_INCREASE_PCT": "much", "RATE_DROP_PCT": "-1"})
    assert code(result) == 2
    assert "LATENCY_INCREASE_PCT = 'much'" in str(result.exception)
    assert "RATE_DROP_PCT = '-1'" in str(result.exception)


def with_figures(place: Path, p95: float, **counters: float) -> Path:
    redis = {"p50": 0.001, "p95": 0.049, "p99": 0.09, "count": 100, "sum": 0.2, "mean": 0.002}
    percentiles = {
        PLUGIN: {"p50": 0.1, "p95": p95, "p99": 1.0, "count": 10, "sum": 5.0, "mean": 0.5},
        CREATE: {"p50": 0.1, "p95": 0.0, "p99": 0.0, "count": 10, "sum": 5.0, "mean": 0.5},
        GET: redis,
    }
    return write_json(place, validation(percentiles=percentiles, counters={"redis_recent_failures": 0, **counters}))


@pytest.mark.parametrize(
    ("now", "before", "broken"),
    [
        ({"p95": 1.2}, {"p95": 1.0}, None),
        ({"p95": 1.21}, {"p95": 1.0}, "plugin_reload_p95"),
        ({"p95": 1.0, "http_success_rate": 95.0}, {"p95": 1.0, "http_success_rate": 100.0}, None),
        ({"p95": 1.0, "http_success_rate": 94.9}, {"p95": 1.0, "http_success_rate": 100.0}, "http_success_rate"),
        ({"p95": 1.0, "memory_rss_mb": 251}, {"p95": 1.0, "memory_rss_mb": 200}, "memory_rss_mb"),
        ({"p95": 1.0, "redis_recent_failures": 1}, {"p95": 1.0}, "redis_recent_failures"),
    ],
)
def test_tolerances_are_broken_strictly_beyond_their_bound(
    tmp_path: Path, now: dict[str, float], before: dict[str, float], broken: str | None
) -> None:
    files = [with_figures(tmp_path / name, **figures) for name, figures in (("now.json", now), ("old.json", before))]
    result = call("regress", *files, "--json")
    checks = {item["check"]: item["outcome"] for item in json.loads(result.output)["tolerances"]}
    assert [name for name, outcome in checks.items() if outcome == "broken"] == ([broken] if broken else [])
    assert json.loads(result.output)["verdict"] == ("REGRESSED" if broken else "WITHIN TOLERANCES")
    assert code(result) == (1 if broken else 0)


def test_validations_without_a_figure_in_common_are_not_compared(tmp_path: Path) -> None:
    files = [write_json(tmp_path / name, validation(percentiles={}, counters={})) for name in ("one.json", "two.json")]
    assert code(call("regress", *files)) == 3


def test_an_equivalent_comparison_never_excuses_a_broken_tolerance(
    tmp_path: Path, shelves: Callable[[int], Path]
) -> None:
    shelf = shelves(11)
    now = long_run(run_id="now", rss_mb=206.0).write(tmp_path / "now")
    assert code(call("regress", now, shelf)) == 0
    assert code(call("regress", now, shelf, env={"MEMORY_INCREASE_PCT": "2"})) == 1


def test_a_log_with_a_missing_or_spoilt_line_is_noticed(tmp_path: Path, shelves: Callable[[int], Path]) -> None:
    run = long_run(run_id="now").write(tmp_path / "now")
    log = run / "latency.hlog"
    lines = log.read_text().splitlines(keepends=True)
    at = [number for number, line in enumerate(lines) if line.startswith("Tag=response,")][8]
    log.write_text("".join(lines[:at] + lines[at + 1 :]))
    assert "latency.hlog: counts more good answers than answers" in call("regress", run, shelves(1)).output
    log.write_text("".join([*lines[:at], "garbage\n", *lines[at + 1 :]]))
    result = call("regress", run, shelves(1))
    assert "latency.hlog: breaks off" in result.output
    assert f"{80 * 10:,} requests in" in result.output


def test_a_log_cut_between_two_lines_of_an_interval_invents_no_failures(
    tmp_path: Path, shelves: Callable[[int], Path]
) -> None:
    """The answers of the last interval are there, but no longer which of them were good."""
    run = long_run(run_id="now").write(tmp_path / "now")
    lines = (run / "latency.hlog").read_text().splitlines(keepends=True)
    at = [number for number, line in enumerate(lines) if line.startswith("Tag=response_ok")][9]
    (run / "latency.hlog").write_text("".join(lines[:at]) + lines[at][:40])
    result = call("regress", run, shelves(1), "--json")
    errors = figure(result, "error_rate")
    assert errors["current"] == 0.0
