"""An interrupted run goes on in its own directory, or says why it does not."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.clock import WallAnchor, utc_now
from loadgen.core.errors import InputError
from loadgen.core.hdr_log import HdrLogWriter, read_hdr_log
from loadgen.core.histogram import Histogram, histogram_max_ns
from loadgen.core.load_stats import LoadSecond, LoadStatsWriter, read_load_stats
from loadgen.core.metadata import Status, read_metadata, write_metadata
from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.pace.build import schedule_of
from loadgen.plan.model import Arrival, BreakerLimits, Header, Kind
from loadgen.run.document import initial_document
from loadgen.run.gap import Gaps
from loadgen.run.lock import process_started
from loadgen.run.merge import Row
from loadgen.run.phases import PhaseTotals
from loadgen.run.resume import resume
from loadgen.run.seconds import Seconds
from loadgen.run.summary import Figures, summary_document
from loadgen.run.summary_text import summary_text
from tests.support.account import assert_adds_up
from tests.support.supervised import fake_setup, make_plan, new_place, run_plan

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.model import Plan

S = NS_PER_S


def killed(place: RunDirectory, plan: Plan, seconds: int = 2, **changes: Any) -> None:
    """Leave what a run at 20/s leaves when it is killed after so many whole seconds: 19 of 20 done, one in flight."""
    document = initial_document(plan, place.run_id, utc_now(), {}, [])
    now = WallAnchor.take()
    t0 = {"wall": now.wall.isoformat(), "monotonic_ns": now.monotonic_ns}
    write_metadata(place.metadata, {**document, "t0": t0, **changes})
    writer = LoadStatsWriter(place.load_stats)
    histogram = Histogram(histogram_max_ns(plan.load.limits.timeout_ns))
    histogram.record(5 * NS_PER_MS, 20)
    with place.latency_hlog.open("w") as stream:
        log = HdrLogWriter(stream, now.wall)
        for second in range(seconds):
            writer.write(
                LoadSecond(second, now.wall, 20, 20, 20 - (second == 0), {}, {}, in_flight=1, late_events=second)
            )
            log.write("response", second, 1, histogram)
        stream.write("Tag=response,2.000,1.0")
    writer.close()
    with place.load_stats.open("a") as file:
        file.write("2,2026-")


def refusal(place: RunDirectory, plan: Plan) -> str:
    with pytest.raises(InputError) as caught:
        resume(place, plan)
    return str(caught.value)


def test_the_first_arrival_that_was_not_taken_is_the_next_one(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(5)
    killed(place, plan)
    goes_on, earlier = resume(place, plan)

    assert goes_on.load.skip_ns == earlier.skip_ns == 2 * S
    assert (earlier.next_second, earlier.sent_by_second, earlier.orderly, earlier.rows) == (2, (20, 20), False, 0)
    assert_adds_up(earlier.totals)
    assert (earlier.totals["scheduled"], earlier.totals["done"], earlier.totals["in_flight"]) == (40, 39, 1)
    assert earlier.totals["endpoints"] == {"home": {"sent": 40, "done": 39, "failed": 0, "dropped": 0}}
    assert earlier.histograms["response"].total == 40


def test_what_a_killed_run_left_no_record_of_is_unknown_for_the_whole_and_never_that_of_the_last_part(
    tmp_path: Path,
) -> None:
    place, plan = new_place(tmp_path), make_plan(5)
    one = plan.load.targets[0]
    plan = replace(plan, load=replace(plan.load, targets=(replace(one, follow=1), replace(one, name="other"))))
    killed(place, plan)
    _, earlier = resume(place, plan)
    last = {"sent": 30, "done": 30, "failed": 0, "dropped": 0}
    counts = {"scheduled": 60, "sent": 60, "done": 60, "unsent": 0, "in_flight": 0, "bytes_in": 6_000, "connects": 2}
    reached = {kind: {"10.0.0.1": 1} for kind in ("answers", "connections", "requests")}
    others = {"redirects": {"1": 5}, "addresses": {"http://h:80": reached}, "lookups": {"http://h:80": 1}}
    ended = PhaseTotals({**counts, **others, "endpoints": {"home": last, "other": last}}, [], [], 0)
    joined = earlier.joined(ended).totals
    made = summary_document(Figures("r", joined, {}, 5 * S, 20.0))

    assert (joined["scheduled"], joined["done"]) == (100, 99)
    assert (joined["bytes_in"], joined["bytes_out"], joined["connects"]) == (None, None, None)
    assert made["addresses"] is None
    assert made["redirects"] is None
    text = summary_text(made)
    assert "redirects: NA, a part of the run was killed" in text
    assert "addresses: NA, a part of the run was killed" in text
    assert joined["endpoints"]["other"] == dict.fromkeys(last)


def stopped(place: RunDirectory, plan: Plan) -> None:
    """Leave what an orderly stop leaves: 40 requests of which 10 met a failed expectation and 5 a 500."""
    killed(place, plan, status=Status.INTERRUPTED.value)
    summary = {
        "totals": {"scheduled": 40, "sent": 40, "unsent": 0, "done": 25, "in_flight": 0},
        "outcomes": {"ok": 25, "http_5xx": 5, "expect:says hello": 10},
        "endpoints": {"home": {"sent": 40, "done": 25, "failed": 15, "dropped": 0}},
        "addresses": {
            "http://h:80": {
                "lookups": 1,
                "addresses": {"10.0.0.1": {"answers": 1, "connections": 3, "requests": 40}},
            }
        },
        "redirects": {"1": 40},
        "out_of_range": {},
        "bytes": {"bytes_in": 4_000, "bytes_out": 8_000},
        "connects": 3,
        "rate": {"gap_cv": 0.1, "gaps": 30},
        "slowest_requests": [{"response_ms": 9.0, "request_trace_id": "a"}, {"response_ms": 2.0}],
    }
    place.summary.write_text(json.dumps(summary))


def test_what_an_orderly_part_counted_is_added_to_the_next_one_whatever_its_name(tmp_path: Path) -> None:
    """40 and 60 requests: 10 + 20 failed expectations, 40 + 60 redirects, 40 + 60 requests to the address."""
    place, plan = new_place(tmp_path), make_plan(5)
    stopped(place, plan)
    _, earlier = resume(place, plan)
    reached = {
        "answers": {"10.0.0.1": 2, "10.0.0.2": 1},
        "connections": {"10.0.0.1": 4},
        "requests": {"10.0.0.1": 60},
    }
    counts = {"scheduled": 60, "sent": 60, "done": 40, "unsent": 0, "in_flight": 0}
    others = {"redirects": {"1": 60}, "addresses": {"http://h:80": reached}, "lookups": {"http://h:80": 2}}
    ended = PhaseTotals({**counts, **others, "failed": {"expect:says hello": 20}}, [], [], 0)
    joined = earlier.joined(ended).totals
    made = summary_document(Figures("r", joined, {}, 5 * S, 20.0))

    assert_adds_up(joined)
    assert made["outcomes"] == {"ok": 65, "http_5xx": 5, "expect:says hello": 30}
    assert made["redirects"] == {"1": 100}
    assert made["addresses"] == {
        "http://h:80": {
            "lookups": 3,
            "addresses": {
                "10.0.0.1": {"answers": 3, "connections": 7, "requests": 100},
                "10.0.0.2": {"answers": 1, "connections": 0, "requests": 0},
            },
        }
    }


def test_response_times_that_the_log_lost_are_counted(tmp_path: Path) -> None:
    """39 requests were done in two seconds: the log has 40 response times, then 20, then none."""
    place, plan = new_place(tmp_path), make_plan(5)
    killed(place, plan)
    log = place.latency_hlog.read_text().splitlines(keepends=True)
    found = []
    for kept in (len(log), len(log) - 2, 0):
        place.latency_hlog.write_text("".join(log[:kept]))
        found.append(resume(place, plan)[1].unlogged)

    assert found == [0, 19, 39]


def test_gaps_and_slowest_requests_are_those_of_the_whole_run_or_unknown(tmp_path: Path) -> None:
    """30 gaps at 0.1 and 10 at 0.3: the root of (30 x 0.01 + 10 x 0.09) / 40 is 0.173205."""
    place, plan = new_place(tmp_path), make_plan(5)
    one = plan.load.targets[0]
    traced = replace(one, headers=(*one.headers, Header("traceparent", "${traceparent:0.000000}")))
    plan = replace(plan, load=replace(plan.load, targets=(traced,)))
    last = (Gaps.again(0.3, 10), [{"response_ms": 5.0, "request_trace_id": "b"}])

    def summary() -> dict[str, Any]:
        gaps, slowest = resume(place, plan)[1].with_what_workers_noted(*last)
        return summary_document(Figures("r", {}, {}, 5 * S, 20.0, gaps=gaps, slowest=slowest))

    stopped(place, plan)
    whole = summary()
    assert (whole["rate"]["gap_cv"], whole["rate"]["gaps"]) == (0.173205, 40)
    assert [one["response_ms"] for one in whole["slowest_requests"]] == [9.0, 5.0, 2.0]

    place.summary.unlink()
    part = summary()
    assert (part["rate"]["gap_cv"], part["rate"]["gaps"], part["slowest_requests"]) == (None, None, None)
    assert "slowest requests by trace id: NA, a part of the run was killed" in summary_text(part)


def test_a_summary_is_gone_as_soon_as_it_is_no_account_of_the_run_any_more(tmp_path: Path) -> None:
    """Stopped, gone on with for one second of 20, and killed: the rows have 60 requests, the summary 40."""
    place, plan = new_place(tmp_path), make_plan(5)
    stopped(place, plan)
    _, earlier = resume(place, plan)
    seconds = Seconds(histogram_max_ns(plan.load.limits.timeout_ns))
    seconds.go_on(place, earlier, earlier.anchor.monotonic_ns + 7 * S)
    row = Row(0)
    row.counts.update(scheduled=20, sent=20, done=20)
    seconds.take(row)
    seconds.close()
    _, again = resume(place, plan)

    assert (again.orderly, again.totals["scheduled"], again.skip_ns) == (False, 60, 3 * S)


def test_random_arrivals_go_on_at_the_due_time_of_the_next_one(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(60)
    plan = replace(plan, load=replace(plan.load, arrival=Arrival.POISSON))
    killed(place, plan)
    _, earlier = resume(place, plan)

    rest = schedule_of(replace(plan.load, skip_ns=earlier.skip_ns))
    assert rest.first == 40
    assert rest.due_ns(40) == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "completed"}, "this run is complete"),
        ({"status": "aborted_circuit_breaker"}, "the circuit breaker ended this run"),
        ({"t0": None}, "its load had not begun"),
    ],
)
def test_a_run_that_ended_or_never_began_does_not_go_on(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    place, plan = new_place(tmp_path), make_plan(5)
    killed(place, plan, **changes)

    assert reason in refusal(place, plan)


def test_a_run_that_is_still_under_way_does_not_go_on(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(5)
    killed(place, plan, supervisor={"pid": os.getpid(), "started": process_started(os.getpid())})

    assert f"still under way (pid {os.getpid()})" in refusal(place, plan)


def test_a_run_whose_schedule_is_over_does_not_go_on(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(2)
    killed(place, plan)

    assert "its schedule is over" in refusal(place, plan)


def test_a_directory_that_is_no_run_does_not_go_on(tmp_path: Path) -> None:
    assert "no such file; is this a run directory?" in refusal(new_place(tmp_path), make_plan(5))


def test_everything_that_changed_in_the_plan_is_named(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(5, observed=True)
    killed(place, plan)
    other = make_plan(6, observed=True, rate="21")
    other = replace(other, breaker=BreakerLimits(error_rate=0.01), base_url="http://127.0.0.1:10/")
    message = refusal(place, other)

    assert message.splitlines() == [
        "5 problems; nothing was done:",
        *(
            f"  - --resume = {name!r}: was {was!r}, is {now!r}: give what the run was started with"
            for name, was, now in (
                ("base_url", "http://127.0.0.1:9/", "http://127.0.0.1:10/"),
                ("load.stages[0].rate", "20/s", "21/s"),
                ("load.stages[0].duration_ns", "5s", "6s"),
                ("observation.samples", 5, 6),
                ("breaker.error_rate", 0.02, 0.01),
            )
        ),
    ]


def test_a_renewed_token_and_what_preflight_finds_anew_change_nothing(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(5)
    (target,) = plan.load.targets
    with_token = replace(target, headers=(Header("Authorization", Secret("Bearer abcdefgh")),), expected=(2,))
    again = replace(target, headers=(Header("Authorization", Secret("Bearer ijklmnop")),), expected=(2, 4))
    first = replace(plan, jwt=Secret("abcdefgh"), load=replace(plan.load, targets=(with_token,)))
    second = replace(plan, jwt=Secret("ijklmnop"), load=replace(plan.load, targets=(again,)), notes=("hello",))
    killed(place, first)

    assert resume(place, second)[1].skip_ns == 2 * S


def test_a_capacity_search_has_its_own_way_to_go_on(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(5)
    killed(place, replace(plan, kind=Kind.WARMUP))

    assert "a warmup cannot be gone on with this way" in refusal(place, replace(plan, kind=Kind.WARMUP))


def test_the_files_go_on_with_right_times_and_the_gap_marked(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(5)
    killed(place, plan)
    _, earlier = resume(place, plan)
    seconds = Seconds(histogram_max_ns(plan.load.limits.timeout_ns))
    seconds.go_on(place, earlier, earlier.anchor.monotonic_ns + 7 * S)
    histogram = Histogram(histogram_max_ns(plan.load.limits.timeout_ns))
    histogram.record(9 * NS_PER_MS, 20)
    for k in range(3):
        row = Row(k, histograms={"response": [histogram.encode()]}, late_events=k)
        row.counts.update(scheduled=20, sent=20, done=20)
        seconds.take(row)
    seconds.close()
    rows = read_load_stats(place.load_stats)

    assert rows.skipped == 0
    assert [(row["second"], row["due"]) for row in rows.rows] == [
        *((second, 20) for second in (0, 1)),
        *((second, None) for second in (2, 3, 4, 5, 6)),
        *((second, 20) for second in (7, 8, 9)),
    ]
    assert [entry.start_s for entry in read_hdr_log(place.latency_hlog)] == [0, 1, 7, 8, 9]
    assert seconds.totals["response"].total == 100
    assert seconds.sent_by_second == [20] * 5
    assert seconds.late_events == 1 + 3


def test_the_two_parts_of_a_broken_second_count_as_one(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(3)
    killed(place, plan)
    _, earlier = resume(place, plan)
    earlier = replace(earlier, sent_by_second=(20,), sent_in_part=8, seconds=3)
    seconds = Seconds(histogram_max_ns(plan.load.limits.timeout_ns))
    seconds.go_on(place, earlier, earlier.anchor.monotonic_ns + 7 * S)
    for k, sent in enumerate((20, 12, 0)):
        row = Row(k)
        row.counts.update(sent=sent)
        seconds.take(row)
    seconds.close()

    assert seconds.sent_by_second == [20, 20, 20, 0]


def test_the_grid_of_the_first_part_goes_on(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(5)
    killed(place, plan)
    _, earlier = resume(place, plan)
    t0_ns = earlier.anchor.monotonic_ns

    assert earlier.next_t0_ns(t0_ns + 7 * S) == t0_ns + 7 * S
    assert earlier.next_t0_ns(t0_ns + 7 * S + 1) == t0_ns + 8 * S


def test_after_a_start_of_the_host_the_wall_clock_says_where_t0_lies(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(5)
    now = WallAnchor.take()
    killed(place, plan)
    document = read_metadata(place.metadata)
    document["t0"]["monotonic_ns"] = now.monotonic_ns + 10**15
    write_metadata(place.metadata, document)

    assert abs(resume(place, plan)[1].anchor.monotonic_ns - now.monotonic_ns) < S


@pytest.mark.stack
async def test_a_stopped_run_goes_on_to_its_end_as_one_account(tmp_path: Path) -> None:
    place, plan = new_place(tmp_path), make_plan(5, observed=True)
    setup = fake_setup(tmp_path)
    run = asyncio.create_task(run_plan(plan, place, setup))
    while len(read_load_stats(place.load_stats).rows) < 2:
        await asyncio.sleep(0.1)
    assert setup.stop_file is not None
    setup.stop_file.write_text("")
    assert (await run).status is Status.STOPPED
    setup.stop_file.unlink()
    before = read_metadata(place.metadata)
    goes_on, earlier = resume(place, plan)
    ending = await run_plan(goes_on, place, replace(setup, earlier=earlier))
    after, summary = read_metadata(place.metadata), json.loads(place.summary.read_text())

    assert ending.status is Status.COMPLETED
    assert after["t0"] == before["t0"]
    assert after["counters_at_start"] == before["counters_at_start"]
    assert after["samples_written"] == 5
    assert after["load"]["scheduled"] == summary["totals"]["done"] == 100
    assert_adds_up(summary["totals"])
    assert summary["interrupted_s"] == after["resumed"][0]["gap_s"] > 0
    assert after["resumed"][0]["status_before"] == "stopped"
    assert after["planned_requests"] == 100
    events = [json.loads(line) for line in place.events.read_text().splitlines()]
    assert [event["from_s"] for event in events if event["event"] == "gap" and "from_s" in event] == [
        earlier.next_second
    ]
