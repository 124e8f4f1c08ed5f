"""What each kind of run asks for where the user said nothing.

Law: LOAD_SAMPLES and INTERVAL_SECONDS of an environment describe the baseline; an extended or fallback-scenario run
takes another number or interval only from a flag or its plan file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S, Rate
from loadgen.plan.model import Kind

if TYPE_CHECKING:
    from loadgen.core.config import Settings

_WARMUP_RATE = Rate(20, NS_PER_S)
_WARMUP_CONCURRENCY = 5
_WARMUP_NS = 600 * NS_PER_S
_NEVER_NS = 7 * 86_400 * NS_PER_S
_VALIDATION_INTERVAL_NS = 900 * NS_PER_S
_VALIDATION_SAMPLES = {Kind.EXTENDED: 4, Kind.FALLBACK_SCENARIO: 2}


def observed(kind: Kind) -> bool:
    """Say whether a kind of run has an observer, rows at an interval, and a warm-up of its own."""
    return kind not in (Kind.RUN, Kind.WARMUP, Kind.CAPACITY)


def watched(settings: Settings, kind: Kind) -> bool:
    """Say whether an observer runs: a capacity run on this machine has one where it is told what to scrape."""
    if kind is Kind.CAPACITY:
        return bool(settings.metrics_url) or settings.demo or settings.profile != "dev"
    return observed(kind)


def samples(settings: Settings, kind: Kind) -> int:
    """Return the number of samples: 12, or 4 and 2 for the validations; 0 for capacity, which asks for each."""
    if kind is Kind.CAPACITY:
        return 0
    usual = _VALIDATION_SAMPLES.get(kind)
    return settings.samples if usual is None or settings.given_for_this_run("samples") else usual


def interval_ns(settings: Settings, kind: Kind) -> int:
    """Return the time between samples: 600 s, or 900 s for the validations; none comes due in a capacity run."""
    if kind is Kind.CAPACITY:
        return _NEVER_NS
    if kind not in _VALIDATION_SAMPLES or settings.given_for_this_run("interval_ns"):
        return settings.interval_ns
    return _VALIDATION_INTERVAL_NS


def warmup_rate(settings: Settings, kind: Kind) -> Rate:
    """Return the warm-up's rate: 20/s, but never more than the load that follows; `loadgen warmup --rate` says so."""
    if settings.warmup_rate is not None:
        return settings.warmup_rate
    if kind is Kind.WARMUP and settings.given_for_this_run("rate"):
        return settings.rate
    return min(_WARMUP_RATE, settings.rate, key=lambda rate: rate.per_s)


def warmup_concurrency(settings: Settings, kind: Kind) -> int:
    """Return the warm-up's connections: 5, but never more than the load that follows."""
    if settings.warmup_concurrency is not None:
        return settings.warmup_concurrency
    if kind is Kind.WARMUP and settings.given_for_this_run("concurrency"):
        return settings.concurrency
    return min(_WARMUP_CONCURRENCY, settings.concurrency)


def warmup_ns(settings: Settings, kind: Kind) -> int:
    """Return the warm-up's length: 10 min, but before a run no longer than one interval, and 0 before plain load."""
    if settings.warmup_ns is not None:
        return settings.warmup_ns
    if kind is Kind.WARMUP:
        return settings.duration_ns if settings.given_for_this_run("duration_ns") else _WARMUP_NS
    return min(_WARMUP_NS, interval_ns(settings, kind)) if observed(kind) else 0
