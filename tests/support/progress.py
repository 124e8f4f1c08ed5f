"""A state of a run for tests of the views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loadgen.core.events import BreakerLine, InputLine, Progress
from loadgen.core.units import NS_PER_S

BUSY = Progress(
    phase="main",
    elapsed_ns=46 * NS_PER_S,
    total_ns=120 * NS_PER_S,
    scheduled=3_680,
    sent=3_680,
    done=3_669,
    failed={"http_5xx": 7, "timeout": 2},
    in_flight=2,
    target_rate_per_s=80.0,
    achieved_rate_per_s=79.0,
    p50_ns=4_210_000,
    p95_ns=12_800_000,
    p99_ns=31_000_000,
    max_ns=120_400_000,
    lag_p99_ns=42_300,
    breaker=(
        BreakerLine("client", InputLine.ARMED, 0.0024, 0.02),
        BreakerLine("error_rate", InputLine.ARMED, 0.011, 0.02),
        BreakerLine("effective_fallback", InputLine.UNARMED, None, 0.08),
        BreakerLine("blind", InputLine.ARMED, 0.0, 6.0),
    ),
    sample=3,
    samples=12,
    next_sample_ns=14 * NS_PER_S,
)


def progress(**changes: Any) -> Progress:
    """Return a run under way, with some fields changed."""
    return replace(BUSY, **changes)
