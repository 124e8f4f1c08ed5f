"""What a run does on the service beside its load: which plugin it reloads, how often it writes and reads the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.errors import Problem
from loadgen.plan.model import Exercise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from loadgen.core.config import Settings
    from loadgen.plan.model import Kind

USUAL_PAIRS = 200
_PAIRS = "REDIS_SAMPLES"
_MOST_PAIRS = 100_000


def exercise_of(settings: Settings) -> Exercise:
    """Return what is exercised: the cache where REDIS_SAMPLES is given, or where the demo service keeps it in Redis."""
    pairs = settings.variables.get(_PAIRS)
    in_redis = settings.demo and str(settings.variables.get("CACHE_IMPL", "")).lower() == "redis"
    return Exercise(
        plugin=str(settings.variables.get("PLUGIN_NAME") or Exercise().plugin),
        cache_pairs=int(pairs) if isinstance(pairs, float) else USUAL_PAIRS * in_redis,
    )


def check_exercise(settings: Settings, kind: Kind) -> Iterator[Problem]:
    """Yield what speaks against the exercise that was asked for."""
    if settings.exercise and settings.profile == "production" and not settings.allow_writes:
        remedy = "changes data on the target: production needs --allow-writes as well"
        yield Problem("--exercise", None, remedy)
    pairs = settings.variables.get(_PAIRS)
    if isinstance(pairs, float) and not (pairs.is_integer() and pairs <= _MOST_PAIRS):
        yield Problem(_PAIRS, f"{pairs:g}", f"must be a whole number from 0 to {_MOST_PAIRS}")


def unread_counts(settings: Settings, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the count of the environment that could not be read: it may be somebody else's, unless it is exercised."""
    text = environ.get(_PAIRS)
    if text and _PAIRS not in settings.variables and (settings.exercise or settings.demo):
        yield Problem(_PAIRS, text, "must be a number that is not negative")
