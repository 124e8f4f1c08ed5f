"""The rules of suggestions from the environment: MULTIPLIER_LATENCY, FLOOR_SUCCESS_RATE, FLOOR_CACHE_HIT_RATE."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from reports.model.suggestion import Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_MULTIPLIER = 10.0


def rules_of(environ: Mapping[str, str]) -> Rules:
    """Return the rules; raise InputError with every variable that is no such number."""
    default, problems = Rules(), []

    def number(name: str, otherwise: float, least: float, most: float) -> float:
        text = environ.get(name, "").strip()
        if not text:
            return otherwise
        try:
            value = float(text.removesuffix("%"))
        except ValueError:
            value = float("nan")
        if not isfinite(value) or not least <= value <= most:
            problems.append(Problem(name, text, f"must be a number from {least:g} to {most:g}"))
            return otherwise
        return value

    rules = Rules(
        number("MULTIPLIER_LATENCY", default.multiplier_latency, 1.0, _MOST_MULTIPLIER),
        number("FLOOR_SUCCESS_RATE", default.floor_success_rate, 0.0, 100.0),
        number("FLOOR_CACHE_HIT_RATE", default.floor_cache_hit_rate, 0.0, 100.0),
    )
    if problems:
        raise InputError(problems)
    return rules
