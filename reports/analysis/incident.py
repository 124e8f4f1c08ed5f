"""The skeleton of an incident's record from a run: seven stages, filled in as far as the run knows.

Laws: what a person did or saw is never filled in; nothing is said about the time after the run ended, because nobody
measured it; the level follows the one table of responses.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from loadgen.core.metadata import Status as RunStatus
from loadgen.notify.response import Level, breaker_runbook, response_at, runbook
from reports.analysis.assessment import Verdict
from reports.analysis.conduct import explain, judge_end, tripped
from reports.analysis.coverage import in_production
from reports.analysis.happenings import marks_of
from reports.analysis.partial import summarize
from reports.analysis.quantity import Unit, duration, limit, show
from reports.model.incident import Incident, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from loadgen.notify.response import Response
    from reports.analysis.assessment import Assessment
    from reports.model.run import Run

_QUARTER_PCT = 25.0
_SLOW_S = 0.5
_BLOCK = timedelta(minutes=15)
_OPEN = {
    "Detection": ("Who or what noticed it first, where, and when (UTC):",),
    "Alert": ("Alerts that fired, in which channel, and when:",),
    "Acknowledgement": ("Acknowledged by, at:", "Incident commander:", "Escalated to, at:"),
    "Assessment": (
        "Users affected, and how:",
        "Deployments and changes in the hour before:",
        "Level confirmed or changed to:",
    ),
    "Mitigation": ("What was done by whom, at, and what it changed:",),
    "Recovery": ("Recovered at, seen by which figure:", "Told to whom, at:"),
    "Post-Incident": (
        "Root cause:",
        "What went well:",
        "What did not:",
        "To mend, with owner and date:",
        "Lines of the runbook to correct:",
    ),
}
"""The seven stages in order, with what only people know of each."""


def incident_of(assessment: Assessment, files: Sequence[str] = ()) -> Incident:
    """Return the skeleton of what happened in a run; `files` are the names in its directory."""
    run = assessment.run
    response = response_at(level_of(assessment))
    known: dict[str, Iterable[str]] = {
        "Detection": _detection(run),
        "Alert": _alerts(run),
        "Acknowledgement": _acknowledgement(run, response),
        "Assessment": _assessment(assessment),
        "Mitigation": _mitigation(run),
        "Recovery": _recovery(run),
        "Post-Incident": (),
    }
    return Incident(
        name=run.name,
        summary=_summary(assessment),
        response=response.sentence,
        facts=tuple(_facts(run, page_of(assessment))),
        stages=tuple(Stage(title, tuple(known[title]), left) for title, left in _OPEN.items()),
        timeline=tuple(_timeline(run)),
        evidence=tuple(files),
    )


def level_of(assessment: Assessment) -> Level:
    """Return the level of what a run shows: by its breaker, its failures, its latency, its verdict, its end."""
    run, errors = assessment.run, assessment.client_errors
    if tripped(run):
        return Level.CRITICAL
    error_pct = errors.error_pct if errors else None
    slow = any(
        check.key in ("p95_client", "p95_server") and check.value is not None and check.value > _SLOW_S
        for check in assessment.slo
    )
    if run.status == RunStatus.FAILED or slow or (error_pct is not None and error_pct > _QUARTER_PCT):
        return Level.HIGH
    return Level.MEDIUM if assessment.verdict is Verdict.NO_GO else Level.LOW


def page_of(assessment: Assessment) -> str:
    """Return the runbook that a run leads to."""
    run = assessment.run
    if tripped(run):
        return breaker_runbook(run.breaker.trip.input if run.breaker.trip else "")
    if assessment.verdict is Verdict.INVALID:
        return runbook("GENERATOR_INVALID.md")
    if assessment.window is not None and assessment.window.restarts:
        return runbook("TARGET_RESTART.md")
    for check in assessment.slo:
        page = _PAGES.get(check.key)
        if page is not None and (check.stops or check.missing):
            return runbook("METRICS_STALLED.md" if check.missing else page)
    return runbook("README.md")


_PAGES = {
    "success": "ERROR_RATE.md",
    "success_client": "ERROR_RATE.md",
    "p95_client": "LATENCY.md",
    "p95_server": "LATENCY.md",
    "p99_client": "LATENCY.md",
    "p99_server": "LATENCY.md",
    "effective_fallback": "FALLBACK.md",
    "error": "ERROR_RATE.md",
    "error_client": "ERROR_RATE.md",
    "memory": "MEMORY.md",
    "cache_hit": "CACHE.md",
    "plugin_reload": "PLUGINS_SNAPSHOTS.md",
    "snapshot": "PLUGINS_SNAPSHOTS.md",
}


def _summary(assessment: Assessment) -> str:
    run = assessment.run
    if tripped(run):
        return explain(run.breaker.trip) if run.breaker.trip else "the breaker tripped; the record does not say why"
    if assessment.verdict is Verdict.GO:
        return "the record of this run shows no incident"
    return "; ".join(assessment.reasons[:3]) or judge_end(run).reason


def _facts(run: Run, page: str) -> Iterator[tuple[str, str]]:
    asked = run.parameters
    yield "Target", asked.base_url or "unknown"
    yield "Load", f"{asked.rate or 'unknown'} over {asked.concurrency or 'unknown'} connections"
    yield "Profile", asked.profile or "unknown"
    yield "Load began", _moment(run.t0)
    yield "Run ended", _moment(run.ended)
    yield "Runbook", page
    if run.synthetic:
        yield "Synthetic", "yes: nothing of it was measured"


def _detection(run: Run) -> Iterator[str]:
    failing = next((second.at for second in run.client.by_second if second.failures > 0), None)
    if failing is not None and run.t0 is not None:
        at = run.t0 + timedelta(seconds=failing)
        yield f"The first failed request was due or ended in second {failing} of the load ({iso_utc(at)})."
    trip = run.breaker.trip
    if trip is not None:
        yield f"The breaker {explain(trip)}."
        if trip.detail:
            yield f"{trip.detail}."
        if failing is not None and run.t0 is not None and trip.moment is not None:
            after_s = (trip.moment - run.t0).total_seconds() - failing
            yield f"That was {duration(max(0.0, after_s))} after the first failed request."
    elif tripped(run):
        yield "The breaker tripped; the record does not say why."
    else:
        yield "The breaker did not trip."


def _alerts(run: Run) -> Iterator[str]:
    sent = [event.text for event in run.happenings if event.text.startswith("alert: ")]
    failed = [note for note in run.notes if "an alert was not delivered" in note]
    yield from (f"The run told: {text.removeprefix('alert: ')}." for text in sent)
    yield from (f"The run could not tell: {note}." for note in failed)
    if not sent and not failed:
        yield "The run sent no alert of its own (ENABLE_ALERTS is off, or there was nothing to tell)."


def _acknowledgement(run: Run, response: Response) -> Iterator[str]:
    began = run.breaker.trip.moment if run.breaker.trip else run.ended
    yield f"Due {response.time} after it began" + (f": by {iso_utc(began + response.within)}." if began else ".")


def _assessment(assessment: Assessment) -> Iterator[str]:
    yield from summarize(assessment).impact
    for check in assessment.slo:
        if check.stops and check.value is not None and check.goal is not None:
            value = show(check.value, check.goal.unit, beside=check.goal.bound)
            yield f"Missed: {check.title} {value}, target {limit(check.goal.bound, check.goal.unit)}."
    yield f"The generator's word about itself: {assessment.run.validity.state or 'none on record'}."


def _mitigation(run: Run) -> Iterator[str]:
    if tripped(run):
        yield "By the run itself: no new request after the trip, open ones cut off after a short grace."
    elif run.status == RunStatus.RUNNING:
        yield "By the run itself: nothing yet on record; it may still be sending (`loadgen status`)."
        return
    yield f"By the run itself: {judge_end(run).reason}; no load since {_moment(run.ended)}."
    if tripped(run) and in_production(run) and run.breaker.trip and run.breaker.trip.moment:
        until = iso_utc(run.breaker.trip.moment + _BLOCK)
        yield f"New runs on that host are refused until {until}, unless they name this one (`--after-trip {run.name}`)."


def _recovery(run: Run) -> Iterator[str]:
    rows = [row for row in run.rows if row.measured]
    if rows:
        last = rows[-1]
        figures = (
            f"error rate {_percent(last.get('error_rate'))}",
            f"P95 {show(last.get('p95_latency'), Unit.SECONDS)}",
            f"effective fallback {_percent(last.get('effective_fallback_ratio'))}",
        )
        yield f"The last sample, {_moment(last.at)}: {', '.join(figures)}."
    else:
        yield "No sample has figures."
    yield "Nothing was measured after the run: look again with `loadgen report validate URL`."


def _percent(ratio: float | None) -> str:
    return show(None if ratio is None else ratio * 100, Unit.PERCENT)


def _timeline(run: Run) -> Iterator[tuple[str, str]]:
    if run.started is not None:
        yield iso_utc(run.started), "the run began"
    if run.t0 is not None:
        yield iso_utc(run.t0), "the load began"
        for mark in marks_of(run):
            yield iso_utc(run.t0 + timedelta(seconds=mark.at)), mark.text
    if run.ended is not None:
        yield iso_utc(run.ended), f"the run ended: {judge_end(run).reason}"


def _moment(at: datetime | None) -> str:
    return "unknown" if at is None else iso_utc(at)
