"""What the steps say together: the Universal Scalability Law, and which figure bent first. Pure.

The law (Gunther) gives the throughput at N requests inside the service:

    X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))

lambda is the throughput of one, sigma the share of work that waits in line (contention), kappa the cost of keeping
each other informed (coherency). It is linear as N / X = a + b (N - 1) + c N (N - 1) with lambda = 1 / a, sigma = b / a
and kappa = c / a, and is fitted so by least squares of relative errors; a negative term is set to 0 and left out.
N is taken from Little's law, X x response time. With kappa > 0 the throughput peaks at sqrt((1 - sigma) / kappa).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST_STEPS = 4
LEAST_INSIDE = 2.0
_LEAST_BEND_STEPS = 5
_CLEARLY_BETTER = 0.5
_LEAST_CHANGE = 0.5


@dataclass(frozen=True, slots=True)
class Scalability:
    """The fitted law; `peak_n` and `peak_per_s` are None where it has no peak, `r_squared` is of the throughput."""

    one_per_s: float
    sigma: float
    kappa: float
    r_squared: float
    peak_n: float | None
    peak_per_s: float | None

    def to_body(self) -> dict[str, Any]:
        """Return it as it stands in capacity.json."""
        names = ("one_per_s", "sigma", "kappa", "r_squared", "peak_n", "peak_per_s")
        return {name: _rounded(getattr(self, name)) for name in names}


def fit_scalability(steps: Sequence[Mapping[str, float]]) -> Scalability | None:
    """Fit the law to `done_per_s` and `inside` of steps; None for fewer than four, or where they say nothing.

    They say nothing when no step had two requests inside: what does not meet neither waits for another nor tells it
    anything.
    """
    points = sorted({(one["inside"], one["done_per_s"]) for one in steps if _usable(one)})
    if len(points) < LEAST_STEPS or points[-1][0] <= max(1.2 * points[0][0], LEAST_INSIDE):
        return None
    n, x = np.array(points, np.float64).T
    terms = {"a": np.ones_like(n), "b": n - 1, "c": n * (n - 1)}
    solved = _solve(terms, n / x)
    if solved["a"] <= 0:
        return None
    sigma, kappa = solved["b"] / solved["a"], solved["c"] / solved["a"]
    one = 1 / solved["a"]
    fitted = one * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))
    spread = float(((x - x.mean()) ** 2).sum())
    r_squared = 1 - float(((x - fitted) ** 2).sum()) / spread if spread else 0.0
    peak_n = sqrt((1 - sigma) / kappa) if kappa > 0 and sigma < 1 else None
    peak = None if peak_n is None else one * peak_n / (1 + sigma * (peak_n - 1) + kappa * peak_n * (peak_n - 1))
    return Scalability(one, sigma, kappa, r_squared, peak_n, peak)


def _usable(step: Mapping[str, float]) -> bool:
    return step.get("inside", 0.0) > 0 and step.get("done_per_s", 0.0) > 0


def _solve(terms: Mapping[str, Any], wanted: Any) -> dict[str, float]:
    """Solve by least squares of relative errors, leaving out b or c while it comes out negative."""
    kept = list(terms)
    while True:
        matrix = np.column_stack([terms[name] / wanted for name in kept])
        found = dict(zip(kept, np.linalg.lstsq(matrix, np.ones_like(wanted), rcond=None)[0].tolist(), strict=True))
        negative = [name for name in kept if name != "a" and found[name] < 0]
        if not negative:
            return {name: float(found.get(name, 0.0)) for name in terms}
        kept.remove(min(negative, key=lambda name: found[name]))


@dataclass(frozen=True, slots=True)
class Bend:
    """A figure whose rise with the offered load changes at `rate_per_s`: slopes per request/s before and after."""

    name: str
    rate_per_s: float
    before: float
    after: float

    def to_body(self) -> dict[str, Any]:
        """Return it as it stands in capacity.json."""
        return {
            "name": self.name,
            "rate_per_s": _rounded(self.rate_per_s),
            "slope_before": _rounded(self.before),
            "slope_after": _rounded(self.after),
        }


def find_bends(steps: Sequence[Mapping[str, float]], names: Sequence[str]) -> list[Bend]:
    """Return the figures that bend, the one that bends at the lowest rate first.

    A line with one corner is fitted to each figure against `offered_per_s`, at every step but the outer two. It counts
    as a bend when it halves the squared error of the straight line or better, and the rise after the corner differs
    from that before by half of the figure's mean slope.
    """
    bends = [bend for name in names if (bend := _bend(name, steps)) is not None]
    return sorted(bends, key=lambda bend: bend.rate_per_s)


def _bend(name: str, steps: Sequence[Mapping[str, float]]) -> Bend | None:
    points = sorted((one["offered_per_s"], one[name]) for one in steps if name in one)
    rates = sorted({rate for rate, _ in points})
    if len(rates) < _LEAST_BEND_STEPS:
        return None
    x, y = np.array(points, np.float64).T
    straight, slopes = _residual([np.ones_like(x), x], y)
    found = []
    for corner in rates[1:-1]:
        error, coefficients = _residual([np.ones_like(x), x, np.maximum(0, x - corner)], y)
        found.append((error, corner, coefficients))
    error, corner, coefficients = min(found, key=lambda item: item[0])
    level = max(abs(slopes[1]), float(np.ptp(y)) / float(np.ptp(x)))
    noise = 1e-9 * float((y**2).sum()) + 1e-30
    if straight <= noise or error > _CLEARLY_BETTER * straight or abs(coefficients[2]) < _LEAST_CHANGE * level:
        return None
    return Bend(name, corner, coefficients[1], coefficients[1] + coefficients[2])


def _residual(columns: list[Any], wanted: Any) -> tuple[float, list[float]]:
    matrix = np.column_stack(columns)
    found = np.linalg.lstsq(matrix, wanted, rcond=None)[0]
    return float(((wanted - matrix @ found) ** 2).sum()), found.tolist()


def headroom(held_per_s: float | None, usual_per_s: float) -> float | None:
    """Return how much more than the usual rate holds, as a share of the held rate; negative where less does.

    >>> headroom(400, 300)
    0.25
    """
    return None if not held_per_s else 1 - usual_per_s / held_per_s


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
