"""Cases of alerts as the unit tests that promtool runs.

Law: courses that do not touch one another are played in one test, since promtool evaluates every rule for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.render.rules_yaml import HEADER, INTERVAL, to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.model.rule_case import Case

_LONG_MIN, _SLOW_INTERVAL = 60, "5m"


def rule_tests_yaml(cases: Iterable[Case], rule_files: Sequence[str]) -> tuple[str, str]:
    """Return the unit tests of rules in files beside them: those within an hour, and those that take longer.

    The latter evaluate the rules every five minutes, since promtool evaluates all of them each time.
    """
    short: list[Case] = []
    long: list[Case] = []
    for case in cases:
        (short if case.at_min <= _LONG_MIN else long).append(case)
    head = {"rule_files": list(rule_files)}
    return (
        HEADER + to_yaml({**head, "evaluation_interval": INTERVAL, "tests": _tests("within an hour", short)}),
        HEADER + to_yaml({**head, "evaluation_interval": _SLOW_INTERVAL, "tests": _tests("over hours", long)}),
    )


def _tests(name: str, cases: Sequence[Case]) -> list[dict[str, Any]]:
    together = [case for case in cases if not case.alone]
    first = [_test(name, together)] if together else []
    return [*first, *(_test(case.name, [case]) for case in cases if case.alone)]


def _test(name: str, cases: Sequence[Case]) -> dict[str, Any]:
    return {
        "name": name,
        "interval": INTERVAL,
        "input_series": [{"series": str(series), "values": series.values} for case in cases for series in case.series],
        "promql_expr_test": [_expectation(case) for case in cases],
    }


def _expectation(case: Case) -> dict[str, Any]:
    chosen = {"alertname": case.alert, "alertstate": "firing", **case.labels}
    inside = ",".join(f'{key}="{value}"' for key, value in chosen.items())
    return {
        "expr": f"count(ALERTS{{{inside}}}) # {case.name}",
        "eval_time": f"{case.at_min}m",
        "exp_samples": [{"labels": "{}", "value": 1}] if case.fires else [],
    }
