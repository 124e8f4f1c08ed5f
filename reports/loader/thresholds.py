"""Read a thresholds file; the one that the product ships is package data.

Law: everything that is wrong with a file is reported at once, each with its place, its value and what to do.
"""

from __future__ import annotations

import re
from enum import StrEnum
from importlib import resources
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from loadgen.core.errors import InputError, Problem
from reports.model.thresholds import FIGURES, UNIT_OF, Kind, Labels, Side, Threshold, Thresholds, Unit

if TYPE_CHECKING:
    from pathlib import Path

BUNDLED = "phase5-thresholds.json"
_TOP = (
    "version", "phase", "updated", "description", "thresholds", "validation_rules", "percentile_sources",
    "environment_multipliers",
)  # fmt: skip
_ENTRY = (
    "metric", "kind", "threshold", "unit", "type", "prometheus_metric", "prometheus_metrics", "label_selector",
    "calculation", "description", "note", "informative",
)  # fmt: skip
_TEXTS = ("calculation", "description", "note")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"?([^",]*)"?\s*')
E = TypeVar("E", bound=StrEnum)


def bundled_text() -> str:
    """Return the text of the thresholds file that the product ships."""
    return (resources.files("reports") / "data" / BUNDLED).read_text("utf-8")


def load_thresholds(path: Path | None = None) -> Thresholds:
    """Return the thresholds of a file, or the bundled ones; raise InputError with every problem of the file."""
    if path is None:
        return parse_thresholds(bundled_text(), BUNDLED)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError([Problem("thresholds file", str(path), f"cannot be read ({reason})")]) from error
    return parse_thresholds(text, str(path))


def parse_thresholds(text: str, source: str) -> Thresholds:
    """Build thresholds from JSON text; raise InputError with every problem found."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError([Problem("thresholds file", source, f"is not JSON ({error}): mend or replace it")]) from error
    reader = _Reader()
    found = reader.thresholds(document, source)
    if reader.problems:
        raise InputError([Problem(f"{source}: {item.key}", item.value, item.remedy) for item in reader.problems])
    return found


class _Reader:
    """Turns a JSON document into thresholds, gathering problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def thresholds(self, document: Any, source: str) -> Thresholds:
        document = self._object("the file", document)
        self._unknown("", document, _TOP)
        rules = self._object("validation_rules", document.get("validation_rules", {}))
        taxonomy = self._object("validation_rules.fallback_taxonomy", rules.get("fallback_taxonomy", {}))
        return Thresholds(
            source=source,
            entries=self._entries(document.get("thresholds")),
            valid_reasons=frozenset(
                self._texts("validation_rules.fallback_taxonomy.valid_reasons", taxonomy.get("valid_reasons"))
            ),
            version=self._text("version", document.get("version", "")),
            phase=self._text("phase", document.get("phase", "")),
            updated=self._text("updated", document.get("updated", "")),
            description=self._text("description", document.get("description", "")),
            effective_rule=self._text(
                "effective_fallback_calculation", rules.get("effective_fallback_calculation", "")
            ),
            percentile_sources=self._object("percentile_sources", document.get("percentile_sources", {})),
            multipliers=self._multipliers(document.get("environment_multipliers", {})),
        )

    def _entries(self, value: Any) -> tuple[Threshold, ...]:
        if not isinstance(value, list) or not value:
            self._problem("thresholds", value, "must be a list of one or more thresholds")
            return ()
        found = [self._entry(f"thresholds[{at}]", item) for at, item in enumerate(value)]
        names = [entry.metric for entry in found if entry is not None]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._problem("thresholds", name, "stands there twice: keep one")
        return tuple(entry for entry in found if entry is not None)

    def _entry(self, place: str, value: Any) -> Threshold | None:
        before = len(self.problems)
        entry = self._object(place, value)
        self._unknown(f"{place}.", entry, _ENTRY)
        metric = self._metric_name(f"{place}.metric", entry.get("metric"))
        kind = self._choice(f"{place}.kind", entry.get("kind"), Kind)
        unit = self._choice(f"{place}.unit", entry.get("unit"), Unit)
        side = self._choice(f"{place}.type", entry.get("type"), Side)
        number = self._number(f"{place}.threshold", entry.get("threshold"))
        metrics = self._metrics(place, entry)
        labels = self._labels(f"{place}.label_selector", entry.get("label_selector", ""))
        texts = {
            key: self._text(f"{place}.{key}", entry.get(key, "")) for key in ("calculation", "description", "note")
        }
        informative = self._flag(f"{place}.informative", entry.get("informative", False))
        if kind is None or unit is None or side is None or len(self.problems) > before:
            return None
        found = Threshold(metric, kind, number, unit, side, metrics, labels, informative=informative, **texts)
        self._agreement(place, found)
        return found

    def _agreement(self, place: str, entry: Threshold) -> None:
        """Check what no single field shows: unit and kind, range, and whether a latency names its percentile."""
        if entry.unit is not UNIT_OF[entry.kind]:
            self._problem(f"{place}.unit", entry.unit, f"a {entry.kind} is in {UNIT_OF[entry.kind]}")
        if entry.kind is Kind.PERCENTAGE and entry.threshold > 100 and entry.metric != "cpu":
            self._problem(f"{place}.threshold", entry.threshold, "a percentage is between 0 and 100")
        if entry.kind is not Kind.LATENCY and entry.metric not in FIGURES:
            self._problem(f"{place}.metric", entry.metric, f"cannot be measured; choose from {', '.join(FIGURES)}")
        if entry.kind is Kind.LATENCY and entry.percentile is None:
            self._problem(f"{place}.metric", entry.metric, "a latency's name ends in its percentile, such as _p95")

    def _metrics(self, place: str, entry: dict[str, Any]) -> tuple[str, ...]:
        single, many = entry.get("prometheus_metric"), entry.get("prometheus_metrics")
        if (single is None) == (many is None):
            remedy = "give one of prometheus_metric and prometheus_metrics"
            self._problem(f"{place}.prometheus_metric", single, remedy)
            return ()
        return self._texts(f"{place}.prometheus_metrics", [single] if many is None else many)

    def _labels(self, place: str, value: Any) -> Labels:
        """Read `name=value, other="value"`, or an object of the same."""
        if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
            return tuple(sorted(value.items()))
        if not isinstance(value, str):
            self._problem(place, value, "must be a text such as operation=create")
            return ()
        parts = [_LABEL.fullmatch(part) for part in value.strip().strip("{}").split(",") if part.strip()]
        if any(part is None for part in parts):
            self._problem(place, value, "write label=value, several separated by commas")
        return tuple(sorted((part[1], part[2]) for part in parts if part is not None))

    def _multipliers(self, value: Any) -> dict[str, float]:
        given = self._object("environment_multipliers", value)
        return {name: self._number(f"environment_multipliers.{name}", item) for name, item in given.items()}

    def _metric_name(self, place: str, value: Any) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        self._problem(place, value, "must be a name of letters, digits and underscores")
        return ""

    def _choice(self, place: str, value: Any, choices: type[E]) -> E | None:
        try:
            return choices(value)
        except ValueError:
            self._problem(place, value, f"must be one of {', '.join(choices)}")
            return None

    def _number(self, place: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
            self._problem(place, value, "must be a number greater than 0")
            return 1.0
        return float(value)

    def _flag(self, place: str, value: Any) -> bool:
        if not isinstance(value, bool):
            self._problem(place, value, "must be true or false")
        return value is True

    def _text(self, place: str, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self._problem(place, value, "must be a text")
            return ""
        return str(value)

    def _texts(self, place: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            self._problem(place, value, "must be a list of one or more texts")
            return ()
        return tuple(value)

    def _object(self, place: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._problem(place, value, "must be an object")
            return {}
        return value

    def _unknown(self, prefix: str, document: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in document:
            if key not in known:
                self._problem(f"{prefix}{key}", None, f"unknown; choose from {', '.join(known)}")

    def _problem(self, key: str, value: object, remedy: str) -> None:
        shown = None if value is None else str(value)
        self.problems.append(Problem(key, shown if shown is None or len(shown) <= 60 else f"{shown[:57]}...", remedy))
