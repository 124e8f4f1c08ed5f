"""What was observed before a run was interrupted, joined with what is observed after it. Pure.

Laws: counts are added, and unknown when one side is; percentiles come from added buckets, never from percentiles; what
happened in the gap is in neither part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from observer.columns import FROM_HISTOGRAM, bounds_of_buckets

if TYPE_CHECKING:
    from collections.abc import Mapping

Window = dict[str, Any]
_NEWER = frozenset({"rss_mb_last", "redis_last_failure_s", "latency_source", "sources", "percentiles"})
_NO_SUMS = _NEWER | {"rss_mb_max", "incomplete", "availability_pct", "fallback", "latency_buckets", "operations"}


@dataclass(slots=True)
class Earlier:
    """The part before: its `window`, and the numbers of samples that were `lost` with the break."""

    window: Mapping[str, Any] | None = None
    lost: list[int] = field(default_factory=list)

    def join(self, later: Window | None) -> Window | None:
        """Return the account of both parts; that of the earlier one alone while there is no other."""
        if self.window is None:
            return later
        if later is None:
            return dict(self.window)
        return joined(self.window, later)


def joined(earlier: Mapping[str, Any], later: Window) -> Window:
    """Return one window for two; its names are those of the later one."""
    both: Window = {}
    for name, value in later.items():
        both[name] = value if name in _NO_SUMS else _sum(earlier.get(name), value)
    both["rss_mb_max"] = max(
        (size for size in (earlier.get("rss_mb_max"), later.get("rss_mb_max")) if size is not None), default=None
    )
    both["incomplete"] = bool(earlier.get("incomplete")) or bool(later.get("incomplete"))
    both["fallback"] = _by_name(earlier.get("fallback") or {}, later.get("fallback") or {})
    scrapes, failed = both.get("scrapes"), both.get("failed_scrapes")
    both["availability_pct"] = 100 * (1 - failed / scrapes) if scrapes and failed is not None else None
    both["latency_buckets"] = _buckets(earlier.get("latency_buckets") or [], later.get("latency_buckets") or [])
    both["operations"] = _operations(earlier.get("operations") or [], later.get("operations") or [])
    if later.get("latency_source") == FROM_HISTOGRAM:
        both["percentiles"] = bounds_of_buckets({float(bound): count for bound, count in both["latency_buckets"]})
    return both


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _by_name(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in sorted({*one, *other})}


def _operations(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add labelled histograms; one that only one part has, or whose bounds changed, is the later part's, or none."""
    before = {_selector(item): item for item in one}
    after = {_selector(item): item for item in other}
    merged = []
    for key in sorted({*before, *after}):
        first, second = before.get(key), after.get(key)
        if first is None or second is None:
            merged.append(second or first or {})
            continue
        buckets = _buckets(first["buckets"], second["buckets"])
        counts = {name: _sum(first[name], second[name]) for name in ("count", "sum")}
        merged.append({**second, "buckets": buckets, **counts} if buckets else second)
    return merged


def _selector(operation: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return operation["metric"], tuple(sorted(operation["labels"].items()))


def _buckets(one: list[list[Any]], other: list[list[Any]]) -> list[list[Any]]:
    """Add cumulative buckets; none where the bounds differ, because nothing says how they would line up."""
    if [bound for bound, _ in one] != [bound for bound, _ in other]:
        return []
    return [[bound, count + more] for (bound, count), (_, more) in zip(one, other, strict=True)]
