"""Put suggestions into the text of a thresholds file, changing nothing else in it.

Laws: a threshold only gets tighter, and a rate never falls below its floor; numbers are taken as suggested, since their
multiplier has been applied; the text keeps its layout, and what results is read again before anyone may use it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from loadgen.core.errors import InputError, Problem
from reports.model.thresholds import Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from reports.model.suggestion import Rules, Suggestion
    from reports.model.thresholds import Threshold, Thresholds

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_VALUE = re.compile(rf'("threshold"\s*:\s*)({_NUMBER})')
_UPDATED = re.compile(r'("updated"\s*:\s*)"[^"]*"')


@dataclass(frozen=True, slots=True)
class Change:
    """One threshold that gets another value."""

    metric: str
    before: float
    after: float
    unit: str

    @property
    def percent(self) -> float:
        return (self.after / self.before - 1) * 100


@dataclass(frozen=True, slots=True)
class Update:
    """The changes and the text of the file with them; no change leaves the text as it is."""

    changes: tuple[Change, ...]
    before: str
    after: str

    def patch(self, name: str) -> str:
        """Return the unified diff of the real file."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True), self.after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def update(text: str, thresholds: Thresholds, suggestions: Sequence[Suggestion], rules: Rules, today: date) -> Update:
    """Return the update of a thresholds file; raise InputError with every suggestion that must not be applied."""
    problems = [problem for item in suggestions for problem in _objections(item, thresholds, rules)]
    if problems:
        raise InputError(problems)
    changes = tuple(_change(item, thresholds) for item in suggestions)
    if not changes:
        return Update((), text, text)
    after = text
    for change in changes:
        after = _put(after, change)
    after = _UPDATED.sub(rf'\g<1>"{today:%Y-%m-%d}"', after, count=1)
    _verify(text, after, changes, today)
    return Update(changes, text, after)


def _objections(item: Suggestion, thresholds: Thresholds, rules: Rules) -> Iterator[Problem]:
    key, value = f"suggestions: {item.metric}", f"{item.suggested_threshold:g}"
    found = thresholds.find(item.metric)
    if found is None:
        yield Problem(key, value, f"{thresholds.source} has no such threshold")
        return
    if item.current_threshold != found.threshold:
        remedy = f"was made for {item.current_threshold:g}, the file says {found.threshold:g}: make suggestions anew"
        yield Problem(key, value, remedy)
    elif item.suggested_threshold <= 0:
        yield Problem(key, value, "must be greater than 0")
    elif not _tighter(found, item.suggested_threshold):
        yield Problem(key, value, f"is not tighter than {found.threshold:g}: loosen a threshold by hand if it must be")
    least = rules.floor_of(item.metric)
    if least is not None and item.suggested_threshold < least:
        yield Problem(key, value, f"is below the floor {least:g}")
    if found.side is Side.LOWER and item.suggested_threshold > 100:
        yield Problem(key, value, "a percentage is at most 100")


def _tighter(found: Threshold, value: float) -> bool:
    return value < found.threshold if found.side is Side.UPPER else value > found.threshold


def _change(item: Suggestion, thresholds: Thresholds) -> Change:
    found = thresholds.find(item.metric)
    assert found is not None
    return Change(item.metric, found.threshold, item.suggested_threshold, str(found.unit))


def _put(text: str, change: Change) -> str:
    """Replace the number of one entry: the first `threshold` inside the braces that hold the metric's name."""
    named = re.search(rf'"metric"\s*:\s*"{re.escape(change.metric)}"', text)
    assert named is not None
    begin, end = text.rfind("{", 0, named.start()), text.find("}", named.end())
    entry = _VALUE.sub(lambda match: f"{match[1]}{change.after:g}", text[begin:end], count=1)
    return text[:begin] + entry + text[end:]


def _verify(before: str, after: str, changes: Sequence[Change], today: date) -> None:
    """Check that the new text says exactly what was wanted: a layout that misleads the editing must not pass."""
    wanted = orjson.loads(before)
    if "updated" in wanted:
        wanted["updated"] = f"{today:%Y-%m-%d}"
    new = {change.metric: change.after for change in changes}
    for entry in wanted["thresholds"]:
        entry["threshold"] = float(f"{new[entry['metric']]:g}") if entry["metric"] in new else entry["threshold"]
    try:
        good = orjson.loads(after) == wanted
    except orjson.JSONDecodeError:
        good = False
    if not good:
        raise InputError([Problem("thresholds file", None, "its layout cannot be edited in place: apply it by hand")])
