"""Runs from start to end over fake children."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from typing import TYPE_CHECKING

import orjson
import pytest

from loadgen.core.errors import ExitCode
from loadgen.core.events import read_events
from loadgen.core.hdr_log import read_hdr_log
from loadgen.core.load_stats import read_load_stats
from loadgen.core.metadata import Status, read_metadata
from tests.support.blocking import no_blocking_calls
from tests.support.supervised import fake_setup, make_plan, new_place, run_plan

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(40)


async def test_a_run_leaves_every_file_and_completes(
    tmp_path: Path,
) -> None:
    place = new_place(tmp_path)
    ending = await run_plan(make_plan(2, observed=True, warmup=True, workers=2), place, fake_setup(tmp_path))

    assert (ending.status, ending.exit_code) == (Status.COMPLETED, ExitCode.OK), place.load_log.read_text()
    metadata = read_metadata(place.metadata)
    assert metadata["status"] == "completed"
    assert metadata["load"]["scheduled"] == 40
    assert metadata["warmup"]["scheduled"] == 20
    assert metadata["samples_written"] == 2
    assert metadata["counters_at_start"] == {"requests": 100}
    assert metadata["counters_at_end"] == {"requests": 120}
    assert metadata["server_window"] == {"requests": 20}
    assert metadata["validity"]["state"] == "VALID"
    stats = read_load_stats(place.load_stats)
    assert [row["sent"] for row in stats.rows] == [20, 20]
    assert sum(entry.histogram.total for entry in read_hdr_log(place.latency_hlog) if entry.tag == "response") == 40
    summary = orjson.loads(place.summary.read_bytes())
    assert summary["totals"]["done"] == 40
    assert summary["metrics"]["http_req_duration"]["values"]["med"] == pytest.approx(5, rel=0.01)
    assert summary["endpoints"]["home"]["sent"] == 40
    assert len(place.probes_csv.read_text().splitlines()) >= 3
    names = [event["event"] for event in read_events(place.events)]
    assert names[0] == "phase"
    assert names[-1] == "end"
    assert not list(tmp_path.glob("*.pid"))
    assert not (place.path / ".reserve").exists()


async def test_pid_files_name_supervisor_and_observer_while_the_run_lasts(
    tmp_path: Path,
) -> None:
    place = new_place(tmp_path)
    run = asyncio.ensure_future(run_plan(make_plan(3, observed=True), place, fake_setup(tmp_path)))
    await asyncio.sleep(2)

    assert int((tmp_path / "phase5-load.pid").read_text()) == os.getpid()
    assert int((tmp_path / "phase5-observe.pid").read_text()) > 1
    await run


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"FAKE_WORKER": "die"}, r"worker 0 .* closed its link, exit code 7; it said: the fake worker gives up"),
        ({"FAKE_WORKER": "garbage"}, r"worker 0 .* sent something that is not a message"),
        ({"FAKE_OBSERVER": "die"}, r"observer .* closed its link, exit code 9"),
    ],
)
async def test_a_child_that_is_lost_ends_the_run_with_a_clear_error(
    tmp_path: Path, environment: dict[str, str], sentence: str
) -> None:
    place = new_place(tmp_path)
    ending = await run_plan(make_plan(8, observed=True), place, fake_setup(tmp_path, **environment))

    assert (ending.status, ending.exit_code) == (Status.FAILED, ExitCode.USAGE)
    assert re.search(sentence, ending.sentence), ending.sentence
    metadata = read_metadata(place.metadata)
    assert metadata["status"] == "failed"
    assert metadata["error"] == ending.sentence
    assert orjson.loads(place.summary.read_bytes())["run_id"] == place.run_id


async def test_a_final_that_differs_from_its_intervals_makes_the_run_invalid(tmp_path: Path) -> None:
    place = new_place(tmp_path)
    ending = await run_plan(make_plan(1), place, fake_setup(tmp_path, FAKE_WORKER="mismatch"))

    assert ending.exit_code is ExitCode.INVALID
    assert "worker 0: its intervals have 20 done, its final 21" in read_metadata(place.metadata)["notes"]


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        (signal.SIGINT, Status.INTERRUPTED, ExitCode.SIGINT),
        (signal.SIGTERM, Status.STOPPED, ExitCode.SIGTERM),
        (signal.SIGHUP, Status.HANGUP, ExitCode.SIGHUP),
    ],
)
async def test_a_signal_ends_the_run_in_order(
    tmp_path: Path, number: signal.Signals, status: Status, code: ExitCode
) -> None:
    place = new_place(tmp_path)
    asyncio.get_running_loop().call_later(2, os.kill, os.getpid(), number)
    ending = await run_plan(make_plan(20, observed=True), place, fake_setup(tmp_path))

    assert (ending.status, ending.exit_code) == (status, code)
    metadata = read_metadata(place.metadata)
    assert metadata["status"] == status.value
    assert metadata["counters_at_end"] is not None


async def test_a_stop_file_ends_the_run_as_incomplete(
    tmp_path: Path,
) -> None:
    place = new_place(tmp_path)
    asyncio.get_running_loop().call_later(1.5, (tmp_path / "STOP").touch)
    ending = await run_plan(make_plan(20), place, fake_setup(tmp_path))

    assert (ending.status, ending.exit_code) == (Status.STOPPED, ExitCode.INCOMPLETE)


async def test_a_second_interrupt_does_not_wait_for_a_worker_that_ignores_the_stop(tmp_path: Path) -> None:
    place = new_place(tmp_path)
    loop = asyncio.get_running_loop()
    plan = make_plan(30)
    for after_s in (2.0, 2.2):
        loop.call_later(after_s, os.kill, os.getpid(), signal.SIGINT)
    begun = loop.time()
    ending = await run_plan(plan, place, fake_setup(tmp_path, FAKE_WORKER="deaf"))

    assert ending.status is Status.INTERRUPTED
    assert loop.time() - begun < 8


async def test_failures_in_a_row_trip_the_breaker(tmp_path: Path) -> None:
    place = new_place(tmp_path)
    ending = await run_plan(make_plan(20, observed=True, rate="40"), place, fake_setup(tmp_path, FAKE_WORKER="failing"))

    assert (ending.status, ending.exit_code) == (Status.ABORTED_CIRCUIT_BREAKER, ExitCode.BREAKER)
    record = orjson.loads(place.breaker.read_bytes())
    assert record["input"] == "client"
    assert record["run_id"] == place.run_id
    metadata = read_metadata(place.metadata)
    assert metadata["breaker"]["trip"]["input"] == "client"
    assert metadata["counters_at_end"] is not None


async def test_an_observer_that_does_not_answer_leaves_gaps_and_not_a_hanging_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = new_place(tmp_path)
    monkeypatch.setattr("loadgen.run.supervise._SCRAPE_NS", 300_000_000)
    ending = await run_plan(make_plan(1, observed=True), place, fake_setup(tmp_path, FAKE_OBSERVER="no_scrape"))

    assert ending.status is Status.COMPLETED
    gaps = [gap["text"] for gap in read_metadata(place.metadata)["gaps"]]
    assert gaps == ["no counters at start: the scrape failed", "no counters at end: the scrape failed"]


async def test_the_loop_makes_no_blocking_call_while_load_runs(tmp_path: Path) -> None:
    place = new_place(tmp_path)
    run = asyncio.ensure_future(run_plan(make_plan(4, observed=True, workers=2), place, fake_setup(tmp_path)))
    while not place.probes_csv.exists():
        await asyncio.sleep(0.05)
    with no_blocking_calls():
        await asyncio.sleep(2.5)
    ending = await run

    assert ending.status is Status.COMPLETED, ending.sentence
    assert len(read_load_stats(place.load_stats).rows) == 4


async def test_an_observer_that_says_nothing_blinds_the_breaker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadgen.run.office._PROBE_LATE_NS", 0)
    place = new_place(tmp_path)
    ending = await run_plan(make_plan(20, observed=True), place, fake_setup(tmp_path, FAKE_OBSERVER="silent"))

    assert ending.exit_code is ExitCode.BREAKER
    assert orjson.loads(place.breaker.read_bytes())["input"] == "blind"
    assert "the observer has said nothing for 1" in place.probes_csv.read_text()


async def test_a_fault_of_ours_still_stops_the_load_and_closes_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr("loadgen.run.office.Office.begin_load", broken)
    place = new_place(tmp_path)
    ending = await run_plan(make_plan(20), place, fake_setup(tmp_path))

    assert (ending.status, ending.exit_code) == (Status.FAILED, ExitCode.USAGE)
    assert "KeyError: 'a mistake'" in ending.sentence
    assert read_metadata(place.metadata)["status"] == "failed"


async def test_a_trip_in_the_warm_up_ends_the_run_before_its_load(tmp_path: Path) -> None:
    place = new_place(tmp_path)
    plan = make_plan(20, warmup=True, warmup_seconds=10)
    ending = await run_plan(plan, place, fake_setup(tmp_path, FAKE_WORKER="failing"))

    assert ending.exit_code is ExitCode.BREAKER
    assert orjson.loads(place.breaker.read_bytes())["phase"] == "warmup"
    metadata = read_metadata(place.metadata)
    assert metadata["warmup"]["failed_by"]["http_5xx"] > 0
    assert (metadata["load"]["scheduled"], metadata["t0"]) == (0, None)
    assert not place.load_stats.exists()
