"""Alerting rules in a time of their own: every duration of a rule file divided by one factor.

Laws: nothing but durations changes, so thresholds keep their meaning (rates stay per second); what is no rule file is
refused. Pure.
"""

from __future__ import annotations

import re
from typing import Any

from loadgen.core.units import NS_PER_MS, format_duration, parse_duration_ns

_DURATION = r"(?:\d+(?:ms|[smhd]))+"
_TEXT = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`"
_TIMES = re.compile(
    rf"(?P<text>{_TEXT})|\[(?P<range>{_DURATION})(?P<colon>:)?(?P<step>{_DURATION})?\]"
    rf"|(?P<offset>\boffset\s+-?)(?P<shift>{_DURATION})"
)
_OF_A_RULE = ("for", "keep_firing_for")


def compressed_rules(document: Any, factor: int) -> dict[str, Any]:
    """Return a parsed rule file with all its durations divided by `factor`; raise ValueError when it is none."""
    groups = document.get("groups") if isinstance(document, dict) else None
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise ValueError("not a rule file: it has no list of groups")
    return {**document, "groups": [_group(group, factor) for group in groups]}


def compressed_expression(expression: str, factor: int) -> str:
    """Divide the ranges, resolutions and offsets of a PromQL expression; texts in quotes stay.

    >>> compressed_expression("rate(x[10m]) > 5 and x offset 1h", 120)
    'rate(x[5s]) > 5 and x offset 30s'
    >>> compressed_expression("max_over_time(x[1h:1m])", 60)
    'max_over_time(x[1m:1s])'
    """

    def shorter(found: re.Match[str]) -> str:
        if found["text"]:
            return found["text"]
        if found["offset"]:
            return found["offset"] + _divided(found["shift"], factor)
        step = _divided(found["step"], factor) if found["step"] else ""
        return f"[{_divided(found['range'], factor)}{found['colon'] or ''}{step}]"

    return _TIMES.sub(shorter, expression)


def _group(group: dict[str, Any], factor: int) -> dict[str, Any]:
    rules = group.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) and "expr" in rule for rule in rules):
        raise ValueError(f"not a rule file: the rules of group {group.get('name')!r} have no expr each")
    interval = {"interval": _divided(group["interval"], factor)} if "interval" in group else {}
    return {**group, **interval, "rules": [_rule(rule, factor) for rule in rules]}


def _rule(rule: dict[str, Any], factor: int) -> dict[str, Any]:
    times = {name: _divided(str(rule[name]), factor) for name in _OF_A_RULE if name in rule}
    return {**rule, **times, "expr": compressed_expression(str(rule["expr"]), factor)}


def _divided(text: str, factor: int) -> str:
    """Return a duration divided, in whole milliseconds as Prometheus takes it; 0 stays 0, else at least 1 ms."""
    whole_ns = parse_duration_ns(text, bare_seconds=True)
    shorter_ms = max(whole_ns // factor // NS_PER_MS, 1 if whole_ns else 0)
    seconds, rest_ms = divmod(shorter_ms, 1_000)
    return f"{shorter_ms}ms" if rest_ms else format_duration(seconds * 1_000 * NS_PER_MS)
