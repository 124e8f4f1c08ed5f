"""What a run that was cut short, or still runs, has to say: impact, duration, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.metadata import Status as RunStatus
from loadgen.notify.response import breaker_runbook
from reports.analysis.conduct import explain, judge_end, tripped
from reports.analysis.coverage import in_production
from reports.analysis.quantity import Unit, count, duration, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.analysis.assessment import Assessment
    from reports.model.run import Run, Trip
    from reports.model.server import ServerWindow

_MOST_ENDINGS = 5
_MISS = "cache_miss"


@dataclass(frozen=True, slots=True)
class Partial:
    """A partial account: `end` says how the run stands, `impact` what it did to the service, in sentences."""

    assessment: Assessment
    end: str
    elapsed_s: float | None
    planned_s: float | None
    impact: tuple[str, ...]
    trip: str
    actions: tuple[str, ...]


def summarize(assessment: Assessment) -> Partial:
    """Summarize whatever an assessment found, without a verdict."""
    run = assessment.run
    return Partial(
        assessment=assessment,
        end=_end(run),
        elapsed_s=elapsed_s(run),
        planned_s=run.parameters.duration_s,
        impact=tuple(_impact(assessment)),
        trip=_trip(run),
        actions=tuple(_actions(run)),
    )


def elapsed_s(run: Run) -> float | None:
    """Return how long the load lasted: by its end, else by its recorded seconds, else by the last sample."""
    if run.client.seconds:
        return float(run.client.seconds)
    if run.ended is not None and run.t0 is not None and run.ended > run.t0:
        return (run.ended - run.t0).total_seconds()
    times = [row.at for row in run.rows if row.at is not None]
    begin = run.t0 or (times[0] if times else None)
    return (times[-1] - begin).total_seconds() if begin is not None and times and times[-1] > begin else None


def _end(run: Run) -> str:
    return judge_end(run).reason


def _trip(run: Run) -> str:
    if not tripped(run):
        return ""
    return explain(run.breaker.trip) if run.breaker.trip else "the breaker tripped; the record does not say why"


def _impact(assessment: Assessment) -> Iterator[str]:
    errors, account = assessment.client_errors, assessment.run.client.account
    if account is not None and errors is not None:
        yield (
            f"{count(account.sent)} requests were sent; {count(errors.failures)} of {count(errors.judged)} that ended "
            f"failed ({show(errors.error_pct, Unit.PERCENT)})."
        )
        failures = [item for item in assessment.endings if item.label != "ok"][:_MOST_ENDINGS]
        if failures:
            yield "Failures: " + "; ".join(f"{count(item.count)} {item.label} ({item.text})" for item in failures) + "."
    split, window = assessment.status_split, assessment.window
    if window is not None and window.requests is not None:
        yield (
            f"The service counted {count(window.requests)} requests: {show(split.share_4xx_pct, Unit.PERCENT)} 4xx, "
            f"{show(split.share_5xx_pct, Unit.PERCENT)} 5xx."
        )
        yield from _degraded(window)
    response = next((line for line in assessment.clocks if line.clock == "response"), None)
    if response is not None and response.count:
        yield (
            f"Response time: p50 {show(response.percentiles_s[0], Unit.SECONDS)}, "
            f"p99 {show(response.percentiles_s[3], Unit.SECONDS)}, longest {show(response.maximum_s, Unit.SECONDS)}."
        )
    if account is None and window is None:
        yield "Nothing was recorded from which an impact could be told."


def _degraded(window: ServerWindow) -> Iterator[str]:
    """Tell of answers from a substitute: they look like successes, so no error rate shows them."""
    reasons = {reason: number for reason, number in window.fallback_by_reason.items() if number and reason != _MISS}
    degraded = sum(reasons.values()) if window.fallback_by_reason else window.effective_fallback
    if degraded:
        named = ", ".join(f"{count(number)} {reason}" for reason, number in sorted(reasons.items(), key=_by_number))
        yield f"{count(degraded)} fallbacks degraded answers{f' ({named})' if named else ''}."


def _by_number(item: tuple[str, float]) -> tuple[float, str]:
    return -item[1], item[0]


def _actions(run: Run) -> Iterator[str]:
    if tripped(run):
        yield from _after_trip(run, run.breaker.trip)
    elif run.status == RunStatus.RUNNING:
        yield (
            f"If it still runs, follow it with `loadgen status`; if it was killed, keep {run.source} and run again, "
            "for a partial run is no baseline."
        )
    elif run.status == RunStatus.COMPLETED:
        yield f"The run is complete: read the production report (`loadgen report production {run.source}`)."
    elif run.status == RunStatus.FAILED:
        yield "Read `load.log` and `observe.log` for what failed, mend it, and run again."
    else:
        yield "Run again to the planned end when a verdict is needed; a partial run is no baseline."


def _after_trip(run: Run, trip: Trip | None) -> Iterator[str]:
    yield "No load is on the service any more: check that it recovers by itself (error rate, latency, fallbacks)."
    yield (
        f"Follow `{breaker_runbook(trip.input if trip else '')}`, and begin the record: "
        f"`loadgen report incident {run.source} -o incident.md`."
    )
    if trip is not None and trip.input == "blind":
        yield "Find out why the metrics endpoint stopped answering: overload, network, credentials or rate limits."
    else:
        yield "Compare the time of the trip with the service's logs, deployments and dependencies."
    yield "Tell the service's owners: impact, parameters, duration and the partial results are on this page."
    if in_production(run):
        yield f"New runs on this host are blocked for a while; when the cause is known, pass `--after-trip {run.name}`."
    yield "Run again against staging, or at a lower rate, before you come back."


def planned_text(partial: Partial) -> str:
    """Return the time the run lasted beside the time it should have."""
    return f"{duration(partial.elapsed_s)} of {duration(partial.planned_s)} planned"
