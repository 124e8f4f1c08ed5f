"""Read the suggestions that `report suggest` wrote; anything else is refused with every reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from reports.loader.fields import Fields
from reports.loader.files import Unreadable, read_object
from reports.model.suggestion import Suggestion

if TYPE_CHECKING:
    from pathlib import Path

_NUMBERS = ("current_threshold", "median_observed", "suggested_threshold")


def load_suggestions(path: Path) -> tuple[Suggestion, ...]:
    """Return the suggestions of a file; raise InputError with everything that is wrong with it."""
    try:
        fields = Fields(read_object(path))
    except Unreadable as error:
        remedy = f"{error}: write it with `loadgen report suggest`"
        raise InputError([Problem("SUGGESTIONS", str(path), remedy)]) from error
    problems = (
        [] if fields.has("suggestions") else [_problem(path, "suggestions", "is missing: not a suggestions file")]
    )
    found = [_suggestion(path, at, item, problems) for at, item in enumerate(fields.each("suggestions"))]
    problems += [_problem(path, "", complaint) for complaint in fields.complaints]
    metrics = [item.metric for item in found]
    problems += [
        _problem(path, metric, "is suggested twice: keep one")
        for metric in sorted(set(metrics))
        if metrics.count(metric) > 1
    ]
    if problems:
        raise InputError(problems)
    return tuple(found)


def _suggestion(path: Path, at: int, item: Fields, problems: list[Problem]) -> Suggestion:
    metric, place = item.text("metric"), f"suggestions[{at}]"
    if not metric:
        problems.append(_problem(path, f"{place}.metric", "is missing"))
    current, middle, suggested = (item.number(name) for name in _NUMBERS)
    for name, value in zip(_NUMBERS, (current, middle, suggested), strict=True):
        if value is None and not item.has(name):
            problems.append(_problem(path, f"{place}.{name}", "is missing"))
    count = item.whole("sample_count") or 0
    return Suggestion(metric, current or 0.0, middle or 0.0, suggested or 0.0, count, item.text("note"))


def _problem(path: Path, key: str, remedy: str) -> Problem:
    return Problem(f"{path.name}: {key}" if key else path.name, None, remedy)
