"""The row about Redis: how long its operations take, which get no answer, and when it last failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.dashboard.operations import samples
from reports.analysis.dashboard.sketch import Sketch
from reports.analysis.rules.promql import summed, zero_for
from reports.analysis.rules.recording import AGE_BUCKETS_S
from reports.analysis.rules.service_alerts import REDIS_P95_LONG_S, REDIS_P95_S
from reports.model.dashboard import Color, Look, Measure, Panel, Query, Step, Word

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.analysis.dashboard.sketch import Sheet

NEVER = -1
_OPERATIONS = "redis_operation"


def redis_panels() -> tuple[Sketch, ...]:
    """Return the panels of Redis."""
    return (
        _durations("get"),
        _durations("set"),
        Sketch("Redis timeouts", ("redis_timeouts", _OPERATIONS), _timeouts, ("redis_timeout_ratio:5m",)),
        Sketch("Redis last failure", ("redis_last_failure",), _age),
        Sketch("Redis recovery attempts", ("redis_recovery", _OPERATIONS), _recoveries),
        samples("Redis samples", _OPERATIONS),
    )


def _durations(op: str) -> Sketch:
    names = (f"redis_{op}_p95:5m", f"redis_{op}_p95:30m")
    return Sketch(f"Redis {op.upper()} p95", (_OPERATIONS,), _duration(op, names), names)


def _duration(op: str, names: tuple[str, ...]) -> Callable[[Sheet], Panel]:
    def draw(sheet: Sheet) -> Panel:
        queries = tuple(Query(sheet.recorded(name), f"{{{{job}}}} {name.partition(':')[2]}") for name in names)
        return Panel(
            f"Redis {op.upper()} p95",
            Look.LINES,
            queries,
            Measure.SECONDS,
            height=7,
            description=f"Alerts: {REDIS_P95_S * 1000:g} ms over 5 minutes, {REDIS_P95_LONG_S * 1000:g} ms over 30.",
            steps=(Step(Color.GREEN), Step(Color.YELLOW, REDIS_P95_LONG_S), Step(Color.RED, REDIS_P95_S)),
        )

    return draw


def _timeouts(sheet: Sheet) -> Panel:
    labels = sheet.terms.source(_OPERATIONS).by
    legend = " ".join(f"{{{{{label}}}}}" for label in ("job", *labels))
    query = Query(sheet.recorded("redis_timeout_ratio:5m"), legend)
    return Panel(
        "Redis timeouts", Look.LINES, (query,), Measure.SHARE, height=7, decimals=2,
        description="Operations without an answer in time, of all that were tried.",
    )  # fmt: skip


def _age(sheet: Sheet) -> Panel:
    """Draw the age of the last failure: the younger, the worse. Of a service that never saw one it is `never`.

    The recorded age is not used: for up to a minute after the first failure there would be neither.
    """
    last = f"max by (job) ({sheet.terms.series('redis_last_failure', 'value')[0]})"
    age, never = f"time() - ({last} > 0)", f"({last} == 0) + {NEVER}"
    fresh, older, old = AGE_BUCKETS_S
    return Panel(
        "Redis last failure",
        Look.FIGURE,
        (Query(f"{age}\nor\n{never}", "{{job}}", instant=True),),
        Measure.AGE,
        height=4,
        description="How long ago Redis last failed: red within 5 minutes, orange within 30, yellow within an hour.",
        steps=(Step(Color.RED), Step(Color.ORANGE, fresh), Step(Color.YELLOW, older), Step(Color.GREEN, old)),
        words=(Word(NEVER, "never", Color.GREEN),),
        lowest=None,
    )


def _recoveries(sheet: Sheet) -> Panel:
    tried = summed([sheet.terms.histogram(_OPERATIONS).suffixed("_count")], "5m")
    queries = tuple(
        Query(zero_for(summed([sheet.terms.signal("redis_recovery", f'result="{result}"')], "5m"), tried), legend)
        for result, legend in (("success", "{{job}} came back"), ("error", "{{job}} still gone"))
    )
    return Panel("Redis recovery attempts", Look.LINES, queries, Measure.EVENTS, height=4)
