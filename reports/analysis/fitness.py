"""Whether a run may become a baseline: what is wrong with it now is wrong with every later comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.synthetic import measures_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.model.measurement import Measurement

REDIS = "redis"


def objections(found: Measurement, verdict: str) -> Iterator[str]:
    """Yield what speaks against a run as a baseline; `verdict` is the word of its report, empty without one."""
    if verdict and verdict != "GO":
        yield f"its report says {verdict}"
    if found.verdict and found.verdict != "pass":
        yield f"its validation says {found.verdict}"
    if not verdict and not found.verdict:
        yield "it was never judged"
    if found.validity == "INVALID":
        yield "it is INVALID: the generator was the bottleneck"
    if found.synthetic:
        yield f"it is synthetic: {found.synthetic}"
    if found.impl == REDIS and not measures_redis(found.latencies):
        yield "it is to be a baseline of redis, but holds no sample of a Redis operation"
    if found.partial:
        yield f"it is partial: {found.partial}"
