"""Questions to the logs: what is counted, what is passed over, and what is said of it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.errors import InputError
from loadgen.core.units import NS_PER_S
from loadgen.view.log_files import Broken, find_logs
from loadgen.view.log_questions import durations, errors_by_time, trouble_of, usage_by
from loadgen.view.log_table import table
from tests.support.traces import step, trace

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = "1" * 32, "2" * 32


def line(at: str, level: str = "info", trace_id: str = ONE, **more: Any) -> str:
    body = {"ts": f"2026-03-01T{at}+00:00", "level": level, "service": "loadgen", "trace_id": trace_id, "msg": "said"}
    return json.dumps({**body, **more}) + "\n"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs: the first one's log was rotated and packed, one line was cut off, and it has a trace."""
    run = tmp_path / "phase5-dev-1"
    run.mkdir()
    (run / "load.log").write_text(
        line("12:04:59.999", "error", cmd="main", msg="a failed request", request_trace_id="9" * 32, outcome="http_5xx")
        + line("12:05:00.000", cmd="main")
        + '{"ts": "2026-03-01T12:05'
        + "\n\n"
    )
    with gzip.open(run / "load.log.1.gz", "wt") as packed:
        packed.write(line("12:00:00.000", cmd="start") + line("12:01:00.000", "warn", cmd="main") + "no json\n")
    (run / "observe.log").write_text(line("12:20:00.000", "error", TWO, service="observer"))
    (run / "console.log").write_text("plain text that is no log\n")
    first = trace(ONE, steps=[step("load", "failure", why="tripped")], error="the breaker tripped")
    stored = [trace(ONE, completed_at=None, duration_ms=None), first, trace("3" * 32, "bob", command="run")]
    (tmp_path / ".traces.jsonl").write_text("".join(json.dumps(one) + "\n" for one in stored))
    return tmp_path


def test_every_log_below_a_directory_is_found(results: Path) -> None:
    found = [str(path.relative_to(results)) for path in find_logs([results]).paths]

    assert found == [
        ".traces.jsonl", "phase5-dev-1/load.log", "phase5-dev-1/load.log.1.gz", "phase5-dev-1/observe.log"
    ]  # fmt: skip


def test_a_file_is_read_once_however_often_it_is_named(results: Path) -> None:
    run = results / "phase5-dev-1"

    assert len(find_logs([run / "load.log", run, results]).paths) == 4


def test_places_without_logs_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"(?s)no such file or directory.*has no load\.log") as caught:
        find_logs([tmp_path / "none", tmp_path / "empty"])
    assert len(caught.value.problems) == 2


def test_broken_lines_are_counted_by_file_and_cost_no_other(results: Path) -> None:
    files = find_logs([results])
    assert len(list(files.lines())) == files.count == 5

    run = results / "phase5-dev-1"
    assert files.broken == {str(run / "load.log"): Broken(1, 3), str(run / "load.log.1.gz"): Broken(1, 3)}
    assert set(files.traces) == {ONE, "3" * 32}
    assert files.unread == {}


def test_a_packed_file_that_was_cut_off_is_read_as_far_as_it_goes(results: Path) -> None:
    packed = results / "phase5-dev-1" / "load.log.1.gz"
    packed.write_bytes(packed.read_bytes()[:-10])
    files = find_logs([packed])
    list(files.lines())

    assert list(files.unread) == [str(packed)]
    assert "end-of-stream" in files.unread[str(packed)]


def test_the_trouble_of_a_trace_is_its_warnings_errors_and_failed_steps(results: Path) -> None:
    rows = trouble_of(find_logs([results]), ONE[:8])

    assert [(row["level"], row["msg"]) for row in rows] == [
        ("error", "the step load failed"),
        ("warn", "said"),
        ("error", "the breaker tripped"),
        ("error", "a failed request"),
    ]
    assert rows[0]["fields"] == {"why": "tripped"}
    assert rows[3]["fields"] == {"outcome": "http_5xx"}


def test_a_request_is_found_by_the_trace_id_it_was_sent_with(results: Path) -> None:
    (row,) = trouble_of(find_logs([results]), "9" * 8)

    assert row["msg"] == "a failed request"
    assert trouble_of(find_logs([results]), "8" * 8) == []


def test_usage_is_counted_for_each_value_of_a_field(results: Path) -> None:
    rows = {row["cmd"]: row for row in usage_by(find_logs([results]), "cmd")}

    assert rows["main"] == {"cmd": "main", "lines": 3, "warnings": 1, "errors": 1, "traces": 0, "failed_traces": 0}
    assert rows["baseline"] == {
        "cmd": "baseline", "lines": 0, "warnings": 0, "errors": 0, "traces": 1, "failed_traces": 1
    }  # fmt: skip
    assert rows["(none)"]["lines"] == 1
    assert {row["user_id"] for row in usage_by(find_logs([results]), "user_id")} == {"ann", "bob", "(none)"}


def test_errors_are_counted_in_bins_that_have_lines(results: Path) -> None:
    assert errors_by_time(find_logs([results]), 300 * NS_PER_S) == [
        {"from": "2026-03-01T12:00:00.000Z", "lines": 3, "warnings": 1, "errors": 1, "error_rate": 1 / 3},
        {"from": "2026-03-01T12:05:00.000Z", "lines": 1, "warnings": 0, "errors": 0, "error_rate": 0.0},
        {"from": "2026-03-01T12:20:00.000Z", "lines": 1, "warnings": 0, "errors": 1, "error_rate": 1.0},
    ]


def test_a_line_without_a_time_is_in_no_bin(tmp_path: Path) -> None:
    (tmp_path / "load.log").write_text('{"ts": "yesterday", "msg": "x", "trace_id": "t"}\n')
    files = find_logs([tmp_path])

    assert errors_by_time(files, NS_PER_S) == []
    assert durations(files) == []


def test_a_trace_takes_what_it_says_or_what_its_lines_span(results: Path) -> None:
    (results / "later.log").write_text(line("13:00:00.000", trace_id=TWO))
    rows = {row["trace_id"]: row for row in durations(find_logs([results]))}

    assert (rows[ONE]["duration_ms"], rows[ONE]["standing"], rows[ONE]["from"]) == (60_000.0, "failed", "trace")
    assert rows["3" * 32]["standing"] == "completed"
    assert (rows[TWO]["duration_ms"], rows[TWO]["standing"], rows[TWO]["from"]) == (2_400_000.0, None, "log lines")


def test_a_trace_without_an_end_has_no_duration(tmp_path: Path) -> None:
    lasting = trace(ONE, completed_at=None, duration_ms=None)
    (tmp_path / ".traces.jsonl").write_text(json.dumps(lasting) + "\n")

    (row,) = durations(find_logs([tmp_path]))
    assert (row["duration_ms"], row["standing"]) == (None, "in progress")


def test_rows_are_a_table_with_dashes_for_what_is_not_known() -> None:
    rows: list[dict[str, Any]] = [
        {"trace_id": ONE, "duration_ms": 1_500.0, "error_rate": 0.25, "cmd": "two\nlines"},
        {"trace_id": TWO, "duration_ms": None, "error_rate": None, "cmd": {"a": 1}},
    ]

    assert table(rows).splitlines() == [
        "trace id  duration  error rate  cmd",
        "11111111  1.50 s    25.0 %      two lines",
        '22222222  –         –           {"a": 1}',
    ]
    assert table([]) == "nothing found"
