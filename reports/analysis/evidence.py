"""What a validation rests on: the figures of a run, of an exposition, or of an earlier validation.

Laws: None is no figure and never 0; what keeps a source from being believed whole is an obstacle, and with one it
never passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode
from loadgen.core.units import NS_PER_S
from reports.analysis.assessment import Question, assess
from reports.analysis.check import RowStats, Status
from reports.analysis.client import percentile_s

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from loadgen.core.slo import SloTargets
    from reports.analysis.assessment import Assessment
    from reports.analysis.check import Check
    from reports.analysis.client import ClientErrors
    from reports.model.run import Run
    from reports.model.server import ServerWindow
    from reports.model.thresholds import Threshold


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a source never passes, whatever its figures say, and the exit code of that."""

    metric: str
    text: str
    code: ExitCode = ExitCode.INCOMPLETE


@dataclass(frozen=True, slots=True)
class Evidence:
    """The figures of one source.

    `rss_mb` is the average of a run, else the present value. `client` gives a percentile of the client's response time
    in s, None where there is no client; `client_rates` are its success and error rate in percent, by metric.
    `unanswered` names the percentiles of the service that a verdict needs and has not: the client's stands in for none.
    `idle` names what a run did not do on purpose: operations that nobody asked it to exercise, whose missing figures
    are neutral. `lifetime`: the figures are over the service's whole life.
    """

    at: datetime
    metrics_url: str
    window: ServerWindow | None
    rss_mb: float | None = None
    count_cache_miss: bool = False
    source: str = ""
    not_applicable: tuple[str, ...] = ()
    idle: frozenset[str] = frozenset()
    client: Callable[[float], float | None] = field(default=lambda _percentile: None)
    client_rates: Mapping[str, float | None] = field(default_factory=dict)
    unanswered: frozenset[str] = frozenset()
    lifetime: bool = False
    obstacles: tuple[Obstacle, ...] = ()

    def seen_by_client(self, threshold: Threshold) -> float | None:
        """Return the client's own figure of what a threshold asserts of the service; None where it has none."""
        if threshold.metric.startswith("http_latency"):
            return self.client(threshold.percentile) if threshold.percentile else None
        return self.client_rates.get(threshold.metric)


def client_too(metric: str) -> bool:
    """Say whether a run has the client's figure of a metric beside the service's."""
    return metric.startswith("http_latency") or metric in ("http_success_rate", "error_rate")


_OPERATIONS = frozenset({"plugin", "snapshot"})


def evidence_of_run(run: Run, targets: SloTargets, now: datetime) -> Evidence:
    """Return what a run directory proves."""
    assessment = assess(run, Question(targets))
    rows = RowStats.of(row.get("rss_mb") for row in run.rows)
    return Evidence(
        at=run.ended or now,
        metrics_url=" ".join(run.parameters.metrics_urls),
        window=assessment.window,
        rss_mb=rows.average if rows else None,
        count_cache_miss=bool(run.parameters.cache_miss_counted),
        source=run.name,
        not_applicable=run.not_applicable,
        idle=frozenset() if run.exercised else _OPERATIONS,
        client=_percentile_of(run),
        client_rates=_rates_of(assessment.client_errors),
        unanswered=frozenset(key.removesuffix("_server") for key in _missing(assessment, "p95_server", "p99_server")),
        obstacles=tuple(_obstacles(assessment)),
    )


def _percentile_of(run: Run) -> Callable[[float], float | None]:
    """Return the response percentiles in s; one that lies above the histogram's range is the end of the range."""
    response = run.client.clocks.get("response")
    if response is None or not response.total:
        return lambda _percentile: None
    beyond, end_s = run.client.out_of_range.get("response", 0), response.range_ns / NS_PER_S
    return lambda percentile: min(percentile_s(response, percentile, beyond), end_s)


def _rates_of(errors: ClientErrors | None) -> dict[str, float | None]:
    if errors is None:
        return {}
    return {"http_success_rate": errors.success_pct, "error_rate": errors.error_pct}


def _missing(assessment: Assessment, *keys: str) -> list[str]:
    return [check.key for check in assessment.slo if check.key in keys and check.missing]


def _obstacles(assessment: Assessment) -> list[Obstacle]:
    """Return what in the conduct of a run, or missing in the client's figures, keeps it from passing."""
    unknown = _missing(assessment, "p95_client", "p99_client", "success_client", "error_client")
    return [
        Obstacle(f"run_{check.key}", check.sentence, _code_of(check))
        for check in (*assessment.conduct, *assessment.slo)
        if check.key in unknown or (check in assessment.conduct and (check.stops or check.missing))
    ]


def _code_of(check: Check) -> ExitCode:
    if check.key == "breaker":
        return ExitCode.BREAKER if check.status is Status.FAIL else ExitCode.INCOMPLETE
    if check.key == "validity" and check.reason.startswith("INVALID"):
        return ExitCode.INVALID
    return ExitCode.NO_GO if check.stops else ExitCode.INCOMPLETE


def evidence_of_exposition(
    window: ServerWindow | None, metrics_urls: Sequence[str], at: datetime, *, count_cache_miss: bool
) -> Evidence:
    """Return what one scrape of a service proves: everything since it started."""
    return Evidence(
        at=at,
        metrics_url=" ".join(metrics_urls),
        window=window,
        rss_mb=window.rss_mb_last if window else None,
        count_cache_miss=count_cache_miss,
        lifetime=True,
    )
