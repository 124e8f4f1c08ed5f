"""The end of the account: validity, summary.json, breaker.json, the last metadata.json, the partial summary.

Laws: nothing is sent any more when this runs; every step is tried even if one before failed, so the directory is as
complete as the disk allows; waiting for the writer thread is bounded.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import iso_utc, monotonic_ns, utc_now
from loadgen.core.errors import ExitCode
from loadgen.core.events import EventName
from loadgen.core.metadata import Status
from loadgen.core.redact import Redactor
from loadgen.core.units import NS_PER_S
from loadgen.plan.model import Kind
from loadgen.run.course import Course
from loadgen.run.ending import Cause
from loadgen.run.gap import Gaps
from loadgen.run.launch import Spec, how_it_ended, start_plain
from loadgen.run.notice import abort_alert, notice_of, notice_text, trip_alert_of
from loadgen.run.phases import PhaseTotals, duration_ns, mean_rate_per_s
from loadgen.run.summary import Figures, account, floor_body, summary_document
from loadgen.run.validity import Evidence, State, Validity, judge, of_steps

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.core.metadata import Document
    from loadgen.notify.notifier import Sent
    from loadgen.run.alarm import Alarm
    from loadgen.run.ending import Ending
    from loadgen.run.office import Office
    from loadgen.run.phases import LoadPhase

_FILES_NS = 5 * NS_PER_S
_PARTIAL_NS = 30 * NS_PER_S
_NOTHING = PhaseTotals({}, [], [], 0)


async def close_account(office: Office, phase: LoadPhase | Course | None) -> Ending:
    """Write what is written at the end and return how the run ended."""
    ended = _NOTHING if phase is None else phase.close()
    earlier = office.setup.earlier
    if earlier is not None:
        ended = earlier.joined(ended)
    office.scribe.do("latency.hlog", office.seconds.close)
    office.scribe.do("probes.csv", office.close_probes)
    await office.scribe.done(_FILES_NS)
    office.show()
    validity = _judge(office, phase, ended)
    if phase is not None and office.trip is None:
        office.note_inputs(monotonic_ns())
    _fill(office, ended, validity)
    if phase is not None:
        _write_summary(office, phase, ended, validity)
    if office.trip is not None:
        body = {"run_id": office.place.run_id, **office.trip, "inputs": office.chronicle.document["breaker"]["inputs"]}
        _write_json(office, "breaker.json", office.place.breaker, body)
    await office.scribe.done(_FILES_NS)
    invalid = (ExitCode.INVALID,) if phase is not None and validity.state is State.INVALID else ()
    ending = office.end.ending(*invalid)
    _write_ending(office, ending)
    await office.scribe.done(_FILES_NS)
    if ending.status is not Status.COMPLETED:
        await _tell(office, phase, ending)
    elif office.setup.alarm is not None:
        await _resolve(office, office.setup.alarm)
    if office.scribe.failure is not None and not _has_failure(office):  # the very last files failed
        office.end.ask(Cause.FAILURE, office.scribe.failure)
        ending = office.end.ending(*invalid)
    office.chronicle.close()
    office.forget_pids()
    office.scribe.close()
    office.log.close()
    return ending


def _has_failure(office: Office) -> bool:
    return any(reason.cause is Cause.FAILURE for reason in office.end.reasons)


def _judge(office: Office, phase: LoadPhase | Course | None, ended: PhaseTotals) -> Validity:
    totals = account(ended.totals)
    lag, wait, service = (office.seconds.totals.get(clock) for clock in ("lag", "wait", "service"))
    planned_s = 0 if phase is None else -(-(duration_ns(phase.plan) + phase.plan.skip_ns) // NS_PER_S)
    earlier = office.setup.earlier
    carried_ns = 0.0 if earlier is None else earlier.service_ns
    in_time = office.seconds.sent_by_second[:planned_s] if office.end.first is None else []
    if phase is not None:
        for sentence in ended.unmatched:
            office.chronicle.note(sentence)
    whole = judge(
        Evidence(
            scheduled=totals["scheduled"],
            sent=totals["sent"],
            unsent=totals["unsent"],
            dropped=totals["dropped_by"],
            lag_p99_ns=None if lag is None else lag.percentile(99),
            wait_p99_ns=None if wait is None else wait.percentile(99),
            sent_in_time=sum(in_time) if in_time else None,
            hosts=ended.hosts,
            missing_seconds=ended.missing_seconds if office.end.first is None else 0,
            unmatched=ended.unmatched,
            service_ns=None
            if service is None or ended.missing_seconds
            else service.mean_ns * service.total - carried_ns,
            before=earlier.document["validity"] if earlier is not None and earlier.orderly else None,
            lost_accounts=0 if earlier is None or earlier.orderly else 1,
        )
    )
    return of_steps(whole, phase.judged) if isinstance(phase, Course) else whole


def _fill(office: Office, ended: PhaseTotals, validity: Validity) -> None:
    document: Document = office.chronicle.document
    totals = account(ended.totals)
    document["load"] = {
        **{name: totals[name] for name in ("scheduled", "sent", "unsent", "done", "in_flight")},
        "failed": sum(totals["failed_by"].values()),
        "dropped": sum(totals["dropped_by"].values()),
        "failed_by": totals["failed_by"],
        "dropped_by": totals["dropped_by"],
        "late_events": office.seconds.late_events,
        "hosts": list(ended.hosts),
    }
    document["exercise"] = office.exercise_body()
    document["validity"] = validity.to_body()
    document["floor"] = floor_body(office.floor, office.seconds.totals.get("response"))
    if office.watch.final is not None:
        summary = office.watch.final.summary
        document["observer"] = {name: value for name, value in summary.items() if name != "window"}
    if office.log.lost:
        document["notes"].append(f"{office.log.lost} lines of load.log could not be written")
    office.chronicle.event(EventName.VALIDITY, state=validity.state.name, text=str(validity))


def _write_summary(office: Office, phase: LoadPhase | Course, ended: PhaseTotals, validity: Validity) -> None:
    seen_ns = office.seconds.standing.seconds * NS_PER_S  # a closed load may be through before its time is over
    noted = Gaps.of(ended.hosts), [one for host in ended.hosts for one in host.get("slowest", ())]
    earlier = office.setup.earlier
    gaps, slowest = noted if earlier is None else earlier.with_what_workers_noted(*noted)
    figures = Figures(
        run_id=office.place.run_id,
        totals=ended.totals,
        histograms=office.seconds.totals,
        duration_ns=min(phase.ran_ns, seen_ns or phase.ran_ns) + phase.plan.skip_ns,
        target_rate_per_s=mean_rate_per_s(replace(phase.plan, skip_ns=0)),
        sent_by_second=office.seconds.sent_by_second,
        validity={"state": validity.state.name, "reasons": list(validity.reasons)},
        late_events=office.seconds.late_events,
        gaps=gaps,
        floor=office.floor,
        slowest=slowest,
        gap_s=sum(again.get("gap_s") or 0.0 for again in office.chronicle.document["resumed"]),
    )
    _write_json(office, "summary.json", office.place.summary, summary_document(figures))


def _write_json(office: Office, name: str, path: Any, body: dict[str, Any]) -> None:
    data = orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
    office.scribe.do(name, partial(path.write_bytes, data))


def _write_ending(office: Office, ending: Ending) -> None:
    document = office.chronicle.document
    document["status"] = ending.status.value
    document["exit_code"] = int(ending.exit_code)
    document["end_timestamp"] = iso_utc(utc_now())
    if ending.status is not Status.COMPLETED:
        document["error"] = ending.sentence
        document["notes"].extend(str(reason) for reason in office.end.reasons)
    office.chronicle.event(
        EventName.END, status=ending.status.value, exit_code=int(ending.exit_code), text=ending.sentence
    )
    office.chronicle.save()


async def _tell(office: Office, phase: LoadPhase | Course | None, ending: Ending) -> None:
    """Tell of a run that did not complete: the abort notice, an alert, the partial summary."""
    alarming = ending.status in (Status.ABORTED_CIRCUIT_BREAKER, Status.FAILED)
    await asyncio.gather(
        _notice(office, phase, ending) if alarming else asyncio.sleep(0),
        _partial_summary(office) if office.setup.partial_report else asyncio.sleep(0),
    )


async def _notice(office: Office, phase: LoadPhase | Course | None, ending: Ending) -> None:
    """Write the abort notice, and alert where alerts are on; trouble with that is a line and nothing more."""
    document = office.chronicle.document
    elapsed_s = None if phase is None else phase.ran_ns / NS_PER_S
    notice = notice_of(document, ending.sentence, elapsed_s, office.seconds.totals.get("response"))
    kept = office.setup.partial_report or document["kind"] == Kind.CAPACITY
    place = str(office.place.path) if kept else ""  # else the directory is a passing one
    text = notice_text(notice, office.place.run_id, place)
    office.scribe.do("abort-notice.md", partial(_write_text, office.place.abort_notice, text))
    alarm = office.setup.alarm
    if alarm is None or not alarm.enabled:
        return
    await _told(office, await alarm.send(abort_alert(document, notice, place, utc_now())))


async def _resolve(office: Office, alarm: Alarm) -> None:
    """A whole run on a target says that the trip of an earlier one is over."""
    await _told(office, await alarm.resolve(trip_alert_of(str(office.chronicle.document["base_url"]), utc_now())))


async def _told(office: Office, sent: Sent) -> None:
    """Note what came of an alert: trouble in the notes, all else as an event."""
    for line in sent.problems:
        office.chronicle.note(f"warning: an alert was not delivered: {line}")
    for line in set(sent.lines) - set(sent.problems):
        office.chronicle.event(EventName.NOTE, text=f"alert: {line}")
    if sent.problems:
        office.chronicle.save()
        await office.scribe.done(_FILES_NS)


def _write_text(path: Path, text: str) -> None:
    path.write_text(Redactor().text(text), encoding="utf-8")


async def _partial_summary(office: Office) -> None:
    """Have the reports write partial-summary.md; a failure of theirs is a line in load.log."""
    spec = Spec(
        "partial summary",
        "reports",
        0,
        ("partial", str(office.place.path), "-o", str(office.place.partial_summary)),
        office.setup.environment,
    )
    try:
        report = await start_plain(spec, lambda line: office.log.info("partial summary", line=line))
    except OSError as error:
        office.log.error("the partial summary could not be made", error=str(error))
        return
    code = await report.wait(_PARTIAL_NS)
    if code is None:
        report.kill()
        code = await report.wait(NS_PER_S)
    if not office.place.partial_summary.exists():
        office.log.error("the partial summary could not be made", how=how_it_ended(code))
