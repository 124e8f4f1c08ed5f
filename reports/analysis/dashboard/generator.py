"""The row about loadgen itself, from the metrics that a run serves: was the load what was asked for, and was it fit?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.dashboard.sketch import steps_of
from reports.model.dashboard import Color, Look, Measure, Panel, Query, Row, Step, Word

if TYPE_CHECKING:
    from reports.model.thresholds import Thresholds

_WINDOW = "$__rate_interval"
_VALIDITY = (
    Word(0, "VALID", Color.GREEN),
    Word(1, "DEGRADED", Color.YELLOW),
    Word(2, "INVALID", Color.RED),
)


def generator_row(limits: Thresholds) -> Row:
    """Return the row; it has data only while a run serves its metrics (`--self-metrics`) to this Prometheus."""
    return Row("Load generator", (*_load(), *_answers(limits), *_itself()))


def _load() -> tuple[Panel, ...]:
    outcomes = f"sum by (outcome) (rate(loadgen_outcomes_total[{_WINDOW}]))"
    return (
        Panel(
            "Load rate", Look.LINES, (Query("sum by (kind) (loadgen_rate_per_second)", "{{kind}}"),), Measure.RATE, 6, 7
        ),
        Panel("Load outcomes", Look.LINES, (Query(outcomes, "{{outcome}}"),), Measure.RATE, 6, 7),
        Panel(
            "Load under way",
            Look.LINES,
            (
                Query("sum(loadgen_requests_in_flight)", "in flight"),
                Query("sum(loadgen_requests_waiting)", "waiting for a connection"),
            ),
            Measure.COUNT,
            6,
            7,
        ),
    )


def _answers(limits: Thresholds) -> tuple[Panel, ...]:
    buckets = f"sum by (le) (rate(loadgen_response_seconds_bucket[{_WINDOW}]))"
    quantiles = tuple(Query(f"histogram_quantile({q / 100:g}, {buckets})", f"p{q}") for q in (50, 95, 99))
    return (
        Panel(
            "Load response time",
            Look.LINES,
            quantiles,
            Measure.SECONDS,
            6,
            7,
            "From when a request was due; the line is the threshold of P99.",
            steps_of(limits.find("http_latency_p99")),
        ),
    )


def _itself() -> tuple[Panel, ...]:
    validity = 'max(loadgen_validity{state="DEGRADED"}) + 2 * max(loadgen_validity{state="INVALID"})'
    breaker = (
        Query("max by (input) (loadgen_breaker_value)", "{{input}}"),
        Query("max by (input) (loadgen_breaker_threshold)", "{{input}} threshold"),
    )
    cpu = f"sum(rate(loadgen_worker_cpu_seconds_total[{_WINDOW}])) / sum(loadgen_workers)"
    lag = 'max(loadgen_percentile_seconds{clock="lag"})'
    return (
        Panel(
            "Load validity",
            Look.FIGURE,
            (Query(validity, instant=True),),
            Measure.NUMBER,
            6,
            5,
            "Whether the generator itself was fit to measure.",
            (Step(Color.GREEN), Step(Color.YELLOW, 1), Step(Color.RED, 2)),
            _VALIDITY,
        ),
        Panel("Own lag p99", Look.LINES, (Query(lag, "p99"),), Measure.SECONDS, 6, 5),
        Panel(
            "Worker CPU",
            Look.LINES,
            (Query(cpu, "a worker"),),
            Measure.SHARE,
            6,
            5,
            "100 % is one processor.",
            highest=1,
        ),
        Panel("Breaker inputs", Look.LINES, breaker, Measure.NUMBER, 6, 5, "A tripped input ends the run."),
    )
