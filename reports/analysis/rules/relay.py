"""Rules for an action relay, and for the synthetic signals that stand in for one.

Laws: a share of validation errors is of executions, not a count per second; a relay that is idle is no relay in
trouble; signals that are pushed for a drill come and go, so only a relay that is scraped is missed when it is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.rules.draft import Draft
from reports.analysis.rules.promql import both, either, grouped, quantile, share, slower_than, summed, summed_then
from reports.analysis.rules.standing_alerts import beyond_p95
from reports.model.rule import Alert, Family, Recording, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.analysis.rules.terms import Terms

SYNTHETIC_JOB = "loadgen_synth"
ACTION = ("job", "provider", "action")
LEAST_EXECUTIONS = 60
"""Executions in 10 minutes that make a share worth believing: 0.1 a second."""
ERROR_WARN, ERROR_CRIT = 0.01, 0.05
P95_WARN_S, P95_CRIT_S = 0.5, 2.0
VALIDATION, MIME_S, SANITIZED_PER_S = 0.10, 0.5, 50
_SHARE = "{{ $value | humanizePercentage }}"
_WHICH = "{{ $labels.action }} of {{ $labels.job }}"


def relay_recordings() -> list[Draft]:
    """Return the drafts of what is recorded of a relay."""
    return [
        Draft(
            "job:gmail_send_exec_rate:5m",
            ("requests",),
            lambda terms: Recording("job:gmail_send_exec_rate:5m", _executions(terms, "5m", *_GMAIL)),
        ),
        Draft(
            "job:gmail_send_errors_rate:5m",
            ("requests", "action_errors"),
            lambda terms: Recording(
                "job:gmail_send_errors_rate:5m",
                share(summed([terms.signal("action_errors", *_GMAIL)], "5m"), _executions(terms, "5m", *_GMAIL)),
            ),
        ),
        Draft(
            "job:gmail_send_latency_p95:5m",
            ("latency",),
            lambda terms: Recording(
                "job:gmail_send_latency_p95:5m", quantile(0.95, terms.histogram("latency", *_GMAIL), "5m")
            ),
        ),
    ]


_GMAIL = ('provider="google"', 'action="gmail.send"')


def relay_alerts(*, synthetic: bool) -> list[Draft]:
    """Return the drafts; those of a synthetic relay lead to the runbook of synthetic signals."""

    def book(name: str) -> str:
        return "SYNTHETIC" if synthetic else name

    critical, warning = Severity.CRITICAL, Severity.WARNING
    errors = ("requests", "action_errors")
    found = [
        Draft("RelayErrorRateWarn", errors, _errors("RelayErrorRateWarn", ERROR_WARN, warning, book("ERROR_RATE"))),
        Draft("RelayErrorRateCrit", errors, _errors("RelayErrorRateCrit", ERROR_CRIT, critical, book("ERROR_RATE"))),
        Draft("RelayErrorBudgetBurnFast", errors, _burn("Fast", ("1h", "5m"), "5m", critical, book("ERROR_RATE"))),
        Draft("RelayErrorBudgetBurnSlow", errors, _burn("Slow", ("6h", "1h"), "30m", warning, book("ERROR_RATE"))),
        Draft("RelayLatencyP95Warn", ("latency",), _latency("Warn", P95_WARN_S, warning, book("LATENCY"))),
        Draft("RelayLatencyP95Crit", ("latency",), _latency("Crit", P95_CRIT_S, critical, book("LATENCY"))),
        Draft("RelayControllerStalled", ("controller_decisions",), _stalled(book("METRICS_STALLED"))),
        Draft("RelayValidationSpike", ("requests", "structured_errors"), _validation(book("ERROR_RATE"))),
        Draft("RelayMimeSlow", ("mime_build",), _mime(book("LATENCY"))),
        Draft("RelaySanitizationSpike", ("sanitization",), _sanitization(book("ERROR_RATE"))),
    ]
    return found if synthetic else [*found, Draft("RelayMetricsMissing", ("requests",), _missing)]


def _executions(terms: Terms, window: str, *conditions: str) -> str:
    return summed(terms.series("requests", "total", *conditions), window, ("job",) if conditions else ACTION)


def _guard(terms: Terms, window: str = "10m") -> str:
    executed = summed(terms.series("requests", "total"), window, ACTION, "increase")
    return f"{executed} >= {LEAST_EXECUTIONS}"


def _error_share(terms: Terms, window: str) -> str:
    return share(summed([terms.signal("action_errors")], window, ACTION), _executions(terms, window))


def _existed(terms: Terms, ago: str) -> str:
    """Return what holds for actions that were there so long ago: without it a new one burns hours in minutes."""
    return f"{summed_then(terms.series('requests', 'total'), ago, ACTION)} >= 0"


def _errors(name: str, limit: float, severity: Severity, runbook: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        return Alert(
            name,
            both(f"{_error_share(terms, '10m')}\n> {limit:g}", _guard(terms)),
            "10m",
            severity,
            Family.RELAY_ERRORS,
            runbook,
            f"Executions fail: {_WHICH}",
            f"{_SHARE} of the executions of the last 10 minutes failed; the limit is {limit:.0%}.",
        )

    return write


def _burn(name: str, windows: tuple[str, str], hold: str, severity: Severity, runbook: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        long, short = windows
        burning = [f"{_error_share(terms, window)}\n> {ERROR_WARN:g}" for window in windows]
        return Alert(
            f"RelayErrorBudgetBurn{name}",
            both(*burning, _guard(terms, long), _existed(terms, long)),
            hold,
            severity,
            Family.RELAY_ERRORS,
            runbook,
            f"The error budget is burning: {_WHICH}",
            f"{_SHARE} of the executions failed over {long}, and too many over {short} as well; the limit is "
            f"{ERROR_WARN:.0%}.",
        )

    return write


def _latency(name: str, limit_s: float, severity: Severity, runbook: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        return Alert(
            f"RelayLatencyP95{name}",
            both(beyond_p95(terms, "latency", limit_s, "10m", ACTION), _guard(terms)),
            "10m",
            severity,
            Family.RELAY_LATENCY,
            runbook,
            f"Executions are slow: {_WHICH}",
            f"More than 5 % of the executions of the last 10 minutes took longer than {limit_s:g} s.",
        )

    return write


def _stalled(runbook: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        every, good = terms.signal("controller_decisions"), terms.signal("controller_decisions", 'result="ok"')
        lately = either(
            f"{summed([good], '1h', ('job',), 'increase')} > 0",
            grouped(f"sum by (job) ({good}) > 0\nunless\nsum by (job) ({good} offset 1h)"),
        )
        return Alert(
            "RelayControllerStalled",
            f"count by (job) ({every})\nunless\n{grouped(lately)}",
            "5m",
            Severity.WARNING,
            Family.RELAY_CONTROLLER,
            runbook,
            "The controller of {{ $labels.job }} has stalled",
            "It is there, but has come to no good decision for an hour.",
        )

    return write


def _validation(runbook: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        errors = summed([terms.signal("structured_errors")], "10m", ACTION)
        return Alert(
            "RelayValidationSpike",
            both(f"{share(errors, _executions(terms, '10m'))}\n> {VALIDATION:g}", _guard(terms)),
            "10m",
            Severity.INFO,
            Family.RELAY_INPUT,
            runbook,
            f"Much input is invalid: {_WHICH}",
            f"{_SHARE} validation errors per execution in the last 10 minutes; the limit is {VALIDATION:.0%}.",
        )

    return write


def _mime(runbook: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        built = terms.signal("mime_build")
        count = summed([built.suffixed("_count")], "10m", ("job",), "increase")
        return Alert(
            "RelayMimeSlow",
            both(slower_than(built, MIME_S, "10m"), f"{count} >= {LEAST_EXECUTIONS}"),
            "10m",
            Severity.WARNING,
            Family.RELAY_LATENCY,
            runbook,
            "Messages of {{ $labels.job }} are built slowly",
            f"More than 5 % of the messages of the last 10 minutes took longer than {MIME_S * 1000:g} ms to build.",
        )

    return write


def _sanitization(runbook: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        return Alert(
            "RelaySanitizationSpike",
            f"{summed([terms.signal('sanitization')], '5m')} > {SANITIZED_PER_S}",
            "5m",
            Severity.INFO,
            Family.RELAY_INPUT,
            runbook,
            "{{ $labels.job }} sanitizes much input",
            f"{{{{ $value | humanize }}}} changes a second over 5 minutes; the limit is {SANITIZED_PER_S}.",
        )

    return write


def _missing(terms: Terms) -> Alert:
    (executed,) = terms.series("requests", "total")
    return Alert(
        "RelayMetricsMissing",
        f"absent({executed})",
        "15m",
        Severity.CRITICAL,
        Family.METRICS,
        "METRICS_STALLED",
        "No relay shows its metrics",
        f"No series of {executed.name} has been there for 15 minutes: every other alert of the relay is blind.",
    )
