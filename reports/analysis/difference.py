"""What changed since the last baseline: its figures beside this run's, and what was asked or used differently.

Law: differences only; whether one is a regression is decided by intervals, which `loadgen report regress` computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.quantity import NA, Unit, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.analysis.check import Check
    from reports.model.previous import Previous
    from reports.model.run import Run

_KEYS = (
    "p95_client", "p99_client", "p95_server", "p99_server", "error", "effective_fallback", "raw_fallback", "cache_hit",
    "memory",
)  # fmt: skip
_HOST = ("host", "cpus", "kernel", "python", "versions", "workers")


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure before and now, as texts with their units; `change` is relative for latencies and memory."""

    title: str
    before: str
    now: str
    change: str


@dataclass(frozen=True, slots=True)
class Changes:
    """A whole comparison; `conditions` are sentences about what differs beside the service."""

    baseline: str
    figures: tuple[Difference, ...]
    conditions: tuple[str, ...]


def changes_since(previous: Previous | None, run: Run, slo: Sequence[Check]) -> Changes | None:
    """Set a run beside a baseline; None without one."""
    if previous is None:
        return None
    checks = {check.key: check for check in slo}
    figures = tuple(_difference(checks[key], previous.figures.get(key)) for key in _KEYS if key in checks)
    asked = {
        "kind": run.parameters.kind,
        "profile": run.parameters.profile,
        "environment": run.parameters.environment,
        "base_url": run.parameters.base_url,
        "rate": run.parameters.rate,
        "concurrency": _text(run.parameters.concurrency),
        "workers": _text(run.parameters.workers),
        "duration_seconds": _text(run.parameters.duration_s),
        "samples": _text(run.parameters.samples),
    }
    conditions = (
        *_differing("plan", previous.plan, asked),
        *_differing("generator", _part(previous.host), _part(run.fingerprint)),
        *(f"the baseline's file: {complaint}" for complaint in previous.complaints),
    )
    return Changes(previous.name, figures, conditions)


def _difference(check: Check, before: float | None) -> Difference:
    unit = check.goal.unit if check.goal else Unit.COUNT
    return Difference(check.title, show(before, unit), show(check.value, unit), _change(before, check.value, unit))


def _change(before: float | None, now: float | None, unit: Unit) -> str:
    if before is None or now is None:
        return NA
    if unit is Unit.PERCENT:
        return f"{now - before:+.2f} points"
    return f"{(now / before - 1) * 100:+.1f} %" if before else NA


def _differing(what: str, before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{what}: {name.replace('_', ' ')} was {before[name]}, is {now[name]}"
        for name in before
        if now.get(name) and before[name] != now[name]
    )


def _part(host: Mapping[str, str]) -> dict[str, str]:
    return {name: host[name] for name in _HOST if name in host}


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
