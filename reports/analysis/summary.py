"""A message about one run or validation, in lines: status, figures with their change, risks, budget, fallbacks.

Laws: a missing figure is a dash; a share is a percentage and the ratio of effective to raw fallbacks is none, so the
two are never compared; a change is in percentage points, ms or MB, never in percent of a percentage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.analysis.digest import UNITS
from reports.analysis.quantity import Unit, count, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadgen.core.slo import SloTargets
    from reports.analysis.digest import Digest

MISSING = "—"
MOST_SUGGESTIONS = 5
MOST_AUDIT_LINES = 20
MOST_REASONS = 3
SUCCESS_DROP_PP = 0.3
FALLBACK_RATIO_MAX = 0.6
REDIS_P95_MAX_S = 0.05

_DELTA_UNITS = {Unit.PERCENT: " pp", Unit.SECONDS: " ms", Unit.MEGABYTES: " MB"}
_DELTA_DECIMALS = {Unit.PERCENT: 2, Unit.SECONDS: 1, Unit.MEGABYTES: 1}


@dataclass(frozen=True, slots=True)
class Context:
    """What a message sets a digest against: targets, a baseline and its file, suggestions and a cache audit."""

    targets: SloTargets
    budget_target_pct: float = 99.0
    baseline: Digest | None = None
    baseline_file: str = ""
    suggestions: Sequence[str] = ()
    cache_audit: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A headline and (title, text) lines; `audit` is shown in fixed width; `well` chooses the sign."""

    well: bool
    headline: str
    lines: tuple[tuple[str, str], ...]
    audit: tuple[str, ...] = field(default=())


def message_of(digest: Digest, context: Context) -> Message:
    """Compose the message."""
    lines = [
        *_verdict(digest),
        ("HTTP", _figures(digest, context, (("success", "success"), ("p95", "p95"), ("p99", "p99")))),
        ("Cache", _figures(digest, context, (("hit rate", "cache_hit"),))),
        ("Fallback", _fallback(digest)),
        ("Memory (RSS)", _figures(digest, context, (("", "memory"),))),
        ("Snapshot", _snapshot(digest, context)),
        ("Plugin reload", _figures(digest, context, (("p95", "plugin_reload_p95"), ("p99", "plugin_reload_p99")))),
        ("Redis GET", _figures(digest, context, (("p95", "redis_get_p95"), ("p99", "redis_get_p99")))),
        ("Redis SET", _figures(digest, context, (("p95", "redis_set_p95"), ("p99", "redis_set_p99")))),
        ("Redis recent failures", _recent(digest)),
        ("Redis baseline", _redis_baseline(context.baseline)),
        ("Error budget", budget_text(digest.figures.get("success"), context.budget_target_pct)),
        ("Top fallback reasons", top_reasons(digest)),
        ("Risks", "; ".join(risks(digest, context)) or "none"),
        ("SLO suggestions", folded(context.suggestions, MOST_SUGGESTIONS, "; ") or MISSING),
        ("Baseline", context.baseline_file or MISSING),
    ]
    audit = folded(context.cache_audit, MOST_AUDIT_LINES, "\n")
    return Message(digest.well, _headline(digest), tuple(lines), tuple(audit.splitlines()))


def _headline(digest: Digest) -> str:
    at = MISSING if digest.at is None else iso_utc(digest.at)
    return f"{digest.status}: {digest.tally} @ {at}"


def _verdict(digest: Digest) -> Iterator[tuple[str, str]]:
    yield "Run", digest.name
    if digest.validation:
        yield "Validation", digest.validation
    for banner in digest.banners:
        yield "Note", banner
    if not digest.well and digest.reasons:
        yield "Why", folded(digest.reasons, 8, "; ")


def _figures(digest: Digest, context: Context, wanted: tuple[tuple[str, str], ...]) -> str:
    """Return figures by name with their changes; one dash when none of them is known."""
    if not any(key in digest.figures for _, key in wanted):
        return MISSING
    shown = (f"{title} {_with_change(digest, context, key)}".strip() for title, key in wanted)
    return ", ".join(shown)


def _with_change(digest: Digest, context: Context, key: str) -> str:
    value = digest.figures.get(key)
    if value is None:
        return MISSING
    before = None if context.baseline is None else context.baseline.figures.get(key)
    text = show(value, UNITS[key])
    return text if before is None else f"{text} (Δ {change(value, before, UNITS[key])})"


def change(value: float, before: float, unit: Unit) -> str:
    """Write a difference with its sign: percentage points, ms, MB.

    >>> change(99.1, 98.85, Unit.PERCENT), change(0.012, 0.02, Unit.SECONDS)
    ('+0.25 pp', '-8.0 ms')
    """
    if not (isfinite(value) and isfinite(before)):
        return MISSING
    difference = (value - before) * (1000 if unit is Unit.SECONDS else 1)
    text = f"{difference:+,.{_DELTA_DECIMALS[unit]}f}{_DELTA_UNITS[unit]}"
    return text.replace("-0.00 ", "+0.00 ").replace("-0.0 ", "+0.0 ")


def _fallback(digest: Digest) -> str:
    """Return the shares of requests, and apart from them the ratio of effective to raw, which is no percentage."""
    shares = [
        f"{title} {show(digest.figures[key], Unit.PERCENT)} of requests"
        for title, key in (("effective", "effective_fallback"), ("raw", "raw_fallback"))
        if key in digest.figures
    ]
    ratio = digest.figures.get("fallback_ratio")
    if ratio is not None:
        shares.append(f"effective/raw ratio {ratio:.2f} (limit {FALLBACK_RATIO_MAX:g})")
    return ", ".join(shares) or MISSING


def _snapshot(digest: Digest, context: Context) -> str:
    """Return creating and restoring apart, or both together where the record does not tell them apart."""
    parts = {
        title: text
        for title, name in (("create", "snapshot_create"), ("restore", "snapshot_restore"), ("both", "snapshot"))
        if (text := _figures(digest, context, (("p95", f"{name}_p95"), ("p99", f"{name}_p99")))) != MISSING
    }
    if len(parts) > 1:
        parts.pop("both", None)
    return "; ".join(f"{title} {text}" for title, text in parts.items()) or MISSING


def _recent(digest: Digest) -> str:
    failures = digest.redis_recent_failures
    return MISSING if failures is None else ("yes, within 15 min" if failures else "none")


def _redis_baseline(baseline: Digest | None) -> str:
    if baseline is None:
        return MISSING
    known = [
        f"{title} {show(baseline.figures[key], Unit.SECONDS)}"
        for title, key in (("GET p95", "redis_get_p95"), ("SET p95", "redis_set_p95"))
        if key in baseline.figures
    ]
    return ", ".join(known) or MISSING


def budget_text(success_pct: float | None, target_pct: float) -> str:
    """Write what is left of the error budget, and the burn rate: 1 - (1 - s) / (1 - T), never below 0.

    >>> budget_text(99.4, 99.0)
    '40 % remaining, burn rate 0.60 (target 99 %)'
    >>> budget_text(97.0, 99.0)
    '0 % remaining, burn rate 3.00 (target 99 %)'
    """
    if success_pct is None or target_pct >= 100:
        return MISSING
    burn = (100 - success_pct) / (100 - target_pct)
    return f"{max(0.0, 1 - burn) * 100:.0f} % remaining, burn rate {burn:.2f} (target {target_pct:g} %)"


def top_reasons(digest: Digest) -> str:
    """Return the three most frequent fallback reasons with their counts; a dash when nothing is known of any."""
    if not digest.fallback_by_reason:
        return MISSING
    ranked = sorted(digest.fallback_by_reason.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count(number)}" for name, number in ranked[:MOST_REASONS] if number) or "none"


def risks(digest: Digest, context: Context) -> Iterator[str]:
    """Yield what deserves an eye although it may have passed."""
    figures, targets = digest.figures, context.targets
    success = figures.get("success")
    before = None if context.baseline is None else context.baseline.figures.get("success")
    if success is not None and before is not None and before - success > SUCCESS_DROP_PP:
        yield f"HTTP success fell by {before - success:.2f} pp against the baseline"
    hit = figures.get("cache_hit")
    if hit is not None and hit < targets.cache_hit_pct:
        yield f"cache hit rate below {targets.cache_hit_pct:g} %"
    effective = figures.get("effective_fallback")
    if effective is not None and effective > targets.effective_fallback_pct:
        yield f"effective fallback above {targets.effective_fallback_pct:g} % of requests"
    ratio = figures.get("fallback_ratio")
    if ratio is not None and ratio > FALLBACK_RATIO_MAX:
        yield f"effective/raw fallback ratio above {FALLBACK_RATIO_MAX:g}"
    if digest.redis_recent_failures:
        yield "Redis failed within the last 15 min"
    for title, key in (("GET", "redis_get_p95"), ("SET", "redis_set_p95")):
        p95_s = figures.get(key)
        if p95_s is not None and p95_s > REDIS_P95_MAX_S:
            yield f"Redis {title} p95 above {show(REDIS_P95_MAX_S, Unit.SECONDS)}"


def folded(items: Sequence[str], most: int, joint: str) -> str:
    """Join items; those beyond `most` are counted.

    >>> folded(["a", "b", "c"], 2, "; ")
    'a; b; (+1 more)'
    """
    shown = list(items[:most])
    if len(items) > most:
        shown.append(f"(+{len(items) - most} more)")
    return joint.join(shown)
