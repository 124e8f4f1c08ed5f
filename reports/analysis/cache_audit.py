"""Which kinds of cache keys miss too often to be worth their place.

Laws: hits and misses belong together by cache and key pattern, whatever endpoint they come from; too few look-ups make
no candidate; a pattern that was never looked up has no rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HITS = "cache_hits_total"
MISSES = ("cache_miss_total", "cache_misses_total")
_NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of key in one cache since the service started; `candidate` asks for a look at its use."""

    impl: str
    key_pattern: str
    hits: float
    misses: float
    candidate: bool = False

    @property
    def total(self) -> float:
        return self.hits + self.misses

    @property
    def rate_pct(self) -> float | None:
        return self.hits / self.total * 100 if self.total else None


def audit(series: Iterable[Mapping[str, Any]], least_total: int, most_rate_pct: float) -> tuple[Pattern, ...]:
    """Return the patterns, the worst rate first; `series` are {name, labels, value} as the observer lists them.

    A candidate has at least `least_total` look-ups and a hit rate of at most `most_rate_pct`.
    """
    hits: dict[tuple[str, str], float] = {}
    misses: dict[tuple[str, str], float] = {}
    for item in series:
        labels, value = item.get("labels"), item.get("value")
        if not isinstance(labels, dict) or not isinstance(value, int | float) or not isfinite(value):
            continue
        key = (str(labels.get("impl", _NONE)), str(labels.get("key_pattern", _NONE)))
        chosen = hits if item.get("name") == HITS else misses
        chosen[key] = chosen.get(key, 0.0) + value
    found = [_pattern(key, hits, misses, least_total, most_rate_pct) for key in hits.keys() | misses.keys()]
    return tuple(sorted(found, key=lambda one: (_or_best(one.rate_pct), -one.total, one.impl, one.key_pattern)))


def _or_best(rate_pct: float | None) -> float:
    return 101.0 if rate_pct is None else rate_pct


def _pattern(
    key: tuple[str, str],
    hits: Mapping[tuple[str, str], float],
    misses: Mapping[tuple[str, str], float],
    least_total: int,
    most_rate_pct: float,
) -> Pattern:
    plain = Pattern(*key, hits.get(key, 0.0), misses.get(key, 0.0))
    rate = plain.rate_pct
    poor = rate is not None and plain.total >= least_total and rate <= most_rate_pct
    return Pattern(plain.impl, plain.key_pattern, plain.hits, plain.misses, poor)
