"""Whether figures of Redis are real: a cache that has lost its server writes samples of 10 µs, which look excellent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.model.measurement import Latencies

REDIS_FAMILY = "redis_operation_duration_seconds"
LEAST_MEAN_S = 0.000_02


def family_of(name: str) -> str:
    """Return the name of a histogram without its labels.

    >>> family_of('redis_operation_duration_seconds{op="get"}')
    'redis_operation_duration_seconds'
    """
    return name.partition("{")[0]


def synthetic_reason(latencies: Mapping[str, Latencies]) -> str:
    """Say which operations of Redis have made-up latencies: a mean of at most 20 µs; empty when none has."""
    redis = {name: figures for name, figures in sorted(latencies.items()) if family_of(name) == REDIS_FAMILY}
    found = [
        f"{name} has a mean of {figures.mean * 1e6:.0f} µs"
        for name, figures in redis.items()
        if figures.mean is not None and figures.count and figures.mean <= LEAST_MEAN_S
    ]
    return "; ".join(found)


def measures_redis(latencies: Mapping[str, Latencies]) -> bool:
    """Say whether there is any observation of a Redis operation."""
    return any(family_of(name) == REDIS_FAMILY and bool(figures.count) for name, figures in latencies.items())
