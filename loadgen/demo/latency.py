"""How long the service pretends to work: distributions of a duration, given as data.

Law: a draw depends on the model and the random source alone, so a seed repeats a run.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

if TYPE_CHECKING:
    from random import Random

MAX_MS = 600_000.0
Milliseconds = Annotated[float, Field(ge=0, le=MAX_MS)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Fixed(_Model):
    """Always `ms`."""

    kind: Literal["fixed"] = "fixed"
    ms: Milliseconds

    def draw_s(self, _rng: Random) -> float:
        return self.ms / 1_000


class Lognormal(_Model):
    """median x exp(sigma x N(0, 1)), at most `max_ms`; the usual shape of a service's latency."""

    kind: Literal["lognormal"] = "lognormal"
    median_ms: Milliseconds
    sigma: float = Field(ge=0, le=5)
    max_ms: Milliseconds = MAX_MS

    def draw_s(self, rng: Random) -> float:
        return min(self.median_ms * exp(self.sigma * rng.gauss(0, 1)), self.max_ms) / 1_000


class Bimodal(_Model):
    """`slow_ms` for a share of the requests and `fast_ms` for the others, as behind a cache."""

    kind: Literal["bimodal"] = "bimodal"
    fast_ms: Milliseconds
    slow_ms: Milliseconds
    slow_share: float = Field(ge=0, le=1)

    def draw_s(self, rng: Random) -> float:
        return (self.slow_ms if rng.random() < self.slow_share else self.fast_ms) / 1_000


def _number_is_fixed(given: Any) -> Any:
    """Let a bare number of milliseconds stand for a fixed latency."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return {"kind": "fixed", "ms": given}
    return given


Latency = Annotated[
    Annotated[Fixed | Lognormal | Bimodal, Field(discriminator="kind")], BeforeValidator(_number_is_fixed)
]

ORDINARY = Lognormal(median_ms=18, sigma=0.6, max_ms=200)
"""An API request without faults: p50 18, p95 48 and p99 73 ms; the far tail is cut so that a baseline can pass."""
