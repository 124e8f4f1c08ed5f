"""The Redis section: from redis.jsonl and the service's own counts to markdown, HTML and JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from loadgen.core.histogram import Histogram
from loadgen.core.slo import SloTargets
from loadgen.core.units import NS_PER_MS, NS_PER_S
from reports.analysis.assessment import Assessment, Question, assess
from reports.analysis.course import course
from reports.analysis.redis import gained_of
from reports.loader.directory import load
from reports.loader.redis import read_glances
from reports.model.redis import Glance
from reports.render.machine import production_json
from reports.render.production import production_report
from reports.render.production_page import production_page
from tests.support.runs import T0, quick_run

if TYPE_CHECKING:
    from pathlib import Path

END_S = T0.timestamp() + 30
MADE = datetime(2026, 3, 2, tzinfo=UTC)


def operation(op: str, *cumulative: int, seconds: float) -> dict[str, Any]:
    bounds = (0.001, 0.002, 0.005, "+Inf")
    buckets = [[bound, count] for bound, count in zip(bounds, cumulative, strict=True)]
    return {"metric": "redis_operation_duration_seconds", "labels": {"op": op}, "buckets": buckets,
            "count": cumulative[-1], "sum": seconds}  # fmt: skip


SERVED = {
    "operations": [operation("get", 50, 90, 100, 100, seconds=0.12), operation("set", 0, 10, 10, 10, seconds=0.018)],
    "redis_recovery_success": 1.0, "redis_recovery_failure": 3.0, "redis_timeouts": 11.0,
    "redis_last_failure_s": END_S - 12.0,
}  # fmt: skip


def pinged(*milliseconds: float, **counts: int) -> dict[str, Any]:
    times = Histogram(60 * NS_PER_S)
    for value in milliseconds:
        times.record(round(value * NS_PER_MS))
    answered = len(milliseconds)
    encoded = times.encode() if milliseconds else None
    return {"sent": answered, "answered": answered, "histogram": encoded, **counts}


def record(label: str, number: int, info: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "ts": "2026-03-01T12:00:00.000Z", "t_s": 0.0, "label": label, "sample": number,
        "address": "cache:6379, database 0", "ok": info is not None, "trouble": "", "ping": pinged(),
        "reconnects": 0, "info": info, "slow_log": None, "latency_events": None, **more,
    }  # fmt: skip


def info(run_id: str = "a", **figures: float) -> dict[str, Any]:
    return {"server": "Valkey 9.1.2", "role": "master", "run_id": run_id, "saving": False, "last_save": "ok", **figures}


WATCHED = [
    record("start", 0, info(hits=100, misses=10, evictions=0, used_memory_bytes=1_048_576), ping=pinged(900.0),
           slow_log={"new": 0, "by_command": {}, "slowest_us": None, "slowest_command": None}, latency_events={}),
    record("", 1, info(hits=190, misses=20, evictions=4, used_memory_bytes=3_145_728), ping=pinged(*[1.0] * 150),
           slow_log={"new": 2, "by_command": {"KEYS": 2}, "slowest_us": 15_000, "slowest_command": "KEYS"},
           latency_events={"command": {"latest_ms": 15, "max_ms": 15}}),
    record("", 2, None, ping=pinged(sent=8, failed=8), trouble="no connection: refused"),
    record("", 3, {**info("b", hits=30, misses=20, evictions=1, used_memory_bytes=2_097_152), "saving": True,
                   "last_save": "err"},
           ping=pinged(*[2.0] * 50, held_up=3), reconnects=1,
           slow_log={"new": 1, "by_command": {"GET": 1}, "slowest_us": 9_000, "slowest_command": "GET"},
           latency_events={}),
]  # fmt: skip


def run_with(tmp_path: Path, records: list[dict[str, Any]] | None, window: dict[str, Any] | None = None) -> Path:
    place = quick_run(window=window or {}).write(tmp_path / "run")
    if records is not None:
        (place / "redis.jsonl").write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in records))
    return place


def judged(place: Path) -> Assessment:
    return assess(load(place), Question(SloTargets()))


def section_of(place: Path) -> str:
    text = production_report(judged(place), MADE)
    return text.partition("## Redis\n")[2].partition("\n## ")[0]


def test_without_a_watch_and_without_operations_there_is_no_section(tmp_path: Path) -> None:
    place = run_with(tmp_path, None)
    assert judged(place).redis is None
    assert "## Redis" not in production_report(judged(place), MADE)
    assert orjson.loads(production_json(judged(place), MADE))["redis"] is None


def test_what_changed_is_summed_over_restarts_and_failed_looks(tmp_path: Path) -> None:
    """Hits: 100 to 190, then another process with 30: 120. Evictions 0 to 4, then 1: 5. 120 of 150 reads hit."""
    view = judged(run_with(tmp_path, WATCHED)).redis
    assert view is not None
    watched = view.watched
    assert watched is not None
    gained = dict(watched.gained)
    assert (gained["hits"], gained["misses"], gained["evictions"], gained["commands"]) == (120, 30, 5, None)
    assert watched.hit_pct == 80
    assert (watched.looks, watched.failed_looks, watched.restarts, watched.reconnects) == (4, 1, 1, 1)
    memory = next(gauge for gauge in watched.gauges if gauge.name == "used_memory_bytes")
    assert (memory.first, memory.last, memory.highest) == (1_048_576, 2_097_152, 3_145_728)
    assert watched.slow is not None
    assert (watched.slow.new, watched.slow.slowest_s, watched.slow.slowest_command) == (3, 0.015, "KEYS")
    assert watched.events_ms == (("command", 15.0),)


def test_ping_percentiles_leave_the_time_before_the_load_out(tmp_path: Path) -> None:
    """150 of 1 ms and 50 of 2 ms: p95 is 2 ms; 200 values are too few for a p99; the 900 ms came before."""
    view = judged(run_with(tmp_path, WATCHED)).redis
    assert view is not None
    assert view.watched is not None
    ping = view.watched.ping
    p50, p95, p99 = ping.percentiles_s
    assert [p50, p95] == pytest.approx([0.001, 0.002], rel=0.002)
    assert p99 is None
    assert ping.max_s == pytest.approx(0.002, rel=0.002)
    assert (ping.sent, ping.answered, ping.failed, ping.held_up) == (208, 200, 8, 3)


def test_the_services_own_figures_come_from_bucket_differences(tmp_path: Path) -> None:
    """GET: 50 of 100 up to 1 ms, so p50 is 1 ms; p95 is 5 of 10 into 2..5 ms. 11 timeouts of 110 operations."""
    view = judged(run_with(tmp_path, None, SERVED)).redis
    assert view is not None
    assert view.watched is None
    served = view.served
    get, put = served.operations
    assert (get.name, get.count, put.name) == ("GET", 100, "SET")
    assert list(get.percentiles_s) == pytest.approx([0.001, 0.0035, 0.0047])
    assert (served.recovered, served.not_recovered, served.timeouts) == (1, 3, 11)
    assert served.timeout_pct == pytest.approx(10)
    assert served.last_failure_age_s == pytest.approx(12)


def test_the_section_says_it_in_words(tmp_path: Path) -> None:
    text = section_of(run_with(tmp_path, WATCHED, SERVED))
    for said in (
        "Watched at `cache:6379, database 0`: Valkey 9.1.2, role master.",
        "Whether it is the one that the service uses cannot be known.",
        "p95 2.00 ms, p99 too few, max 2.00 ms",
        "208 sent, 200 answered, 0 timed out, 8 without a connection or refused",
        "Looks: 4, of which 1 failed",
        "No answer: no connection: refused",
        "Reconnects: 1; restarts of the server: 1",
        "3 new; the slowest, `KEYS`, took 15.0 ms; `KEYS` 2, `GET` 1",
        "Hit rate of its keys: 80.00 %",
        "Latency events: `command` up to 15.0 ms",
        "Persistence: at work at 1 look; the last save: err",
        "Recovery attempts counted by the service: 1 succeeded, 3 failed",
        "Timeouts: 11 (10.00 % of its operations)",
        "Last failure: 12s before the end",
    ):
        assert said in text, said
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert ["Memory", "1.0 MB", "2.0 MB", "3.0 MB"] in rows
    assert ["Evictions", "5"] in rows
    assert ["Delayed fsyncs", "NA"] in rows
    assert ["GET", "100", "1.00 ms", "3.50 ms", "4.70 ms"] in rows


def test_html_and_json_say_the_same(tmp_path: Path) -> None:
    found = judged(run_with(tmp_path, WATCHED, SERVED))
    page = production_page(found, MADE, lambda text: text)
    assert "Reconnects: 1; restarts of the server: 1" in page
    body = orjson.loads(production_json(found, MADE))["redis"]
    assert body["watched"]["ping"]["answered"] == 200
    assert body["watched"]["ping"]["p50_s"] == pytest.approx(0.001, rel=0.002)
    assert body["watched"]["ping"]["p99_s"] is None
    assert body["watched"]["gauges"]["used_memory_bytes"]["highest"] == 3_145_728
    assert body["watched"]["gained"]["evictions"] == 5
    assert body["watched"]["slow"]["by_command"] == {"KEYS": 2, "GET": 1}
    assert body["service"]["timeouts"] == 11
    assert body["service"]["operations"]["GET"]["p95_s"] == pytest.approx(0.0035)


def test_a_redis_that_never_answered_is_na_throughout(tmp_path: Path) -> None:
    silent = {"ping": pinged(sent=4, failed=4), "trouble": "no connection"}
    down = [record(label, 0, None, **silent) for label in ("start", "end")]
    text = section_of(run_with(tmp_path, down))
    assert "version NA, role NA" in text
    assert "p50 NA, p95 NA, p99 NA, max NA" in text
    assert "Slow log: NA" in text
    assert "| Evictions " in text
    assert "Last failure: NA" in text
    rows = [line.split("|") for line in text.splitlines() if line.startswith(("| Memory", "| Evictions"))]
    assert [{cell.strip() for cell in row[2:-1]} for row in rows] == [{"NA"}, {"NA"}]


def test_one_that_answers_and_tells_nothing_has_no_failed_look(tmp_path: Path) -> None:
    mute = [record(label, 0, {}, ping=pinged(*[1.0] * 30)) for label in ("start", "", "end")]
    text = section_of(run_with(tmp_path, mute))
    assert "Looks: 3, of which 0 failed" in text
    assert "restarts of the server: 0" in text
    assert "version NA, role NA" in text
    assert "p50 1.00 ms, p95 too few" in text


def test_a_file_that_was_cut_off_loses_its_last_line_only_and_a_bad_line_is_told(tmp_path: Path) -> None:
    place = tmp_path / "redis.jsonl"
    whole = orjson.dumps(WATCHED[0]) + b"\n"
    odd = orjson.dumps(record("", 1, info(), ping={"histogram": "no"})) + b"\n"
    place.write_bytes(whole + b"{]\n[]\n" + odd + whole[:40])
    complaints: list[str] = []
    assert [glance.label for glance in read_glances(place, complaints)] == ["start", ""]
    assert complaints == ["line 2 is not JSON", "line 3 is not an object", "a histogram of PINGs cannot be decoded"]


def test_what_an_interrupted_run_missed_is_not_counted() -> None:
    """10 to 40 before the break, 90 to 100 after it: 40, not 90."""
    steps = [("start", 10), ("", 40), ("start", 90), ("end", 100)]
    glances = [Glance(label, None, None, "x", figures={"hits": value}, texts={"run_id": "a"}) for label, value in steps]
    assert gained_of(glances, "hits") == 40
    assert gained_of(glances[:1], "hits") is None


def test_the_course_holds_the_round_trip_up_to_each_look_and_has_a_gap_where_none_answered(tmp_path: Path) -> None:
    """Looks after 10, 20 and 30 s of 1 ms, nothing, 2 ms; what came before the load is not drawn."""
    at = ("00:00.000", "00:10.000", "00:20.000", "00:30.000")
    moments = [{**one, "ts": f"2026-03-01T12:{text}Z"} for one, text in zip(WATCHED, at, strict=True)]
    run = load(run_with(tmp_path, moments))
    chart = next(chart for chart in course(run, SloTargets()) if chart.key == "redis")
    (group,) = chart.groups
    assert [round(x) for x in group.xs] == [0, 10, 10, 20, 30]
    p50, highest = ([None if value is None else round(value, 2) for value in line.values] for line in group.lines)
    assert p50 == highest == [1.0, 1.0, None, 2.0, 2.0]
    assert "redis" not in {chart.key for chart in course(load(run_with(tmp_path / "other", None)), SloTargets())}
