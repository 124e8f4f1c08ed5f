"""Read service levels from a TOML file; what it leaves out has its default.

Law: everything that is wrong with a file is reported at once, each with its key, its value and what to do.
"""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from loadgen.core.errors import InputError, Problem
from reports.model.service_level import DEFAULT_LEVELS, Credit, ServiceLevel, ServiceLevels

if TYPE_CHECKING:
    from pathlib import Path

_SHARES = ("availability_pct", "latency_share_pct", "success_pct")
_KEYS = (*_SHARES, "latency_ms", "credits")


def load_service_levels(path: Path | None) -> ServiceLevels:
    """Return the levels of a file, or the defaults without one; raise InputError."""
    if path is None:
        return DEFAULT_LEVELS
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError([Problem("--levels", str(path), f"cannot be read ({why})")]) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError([Problem("--levels", str(path), f"is not TOML ({error})")]) from error
    reader = _Reader(path.name)
    levels = reader.levels(document)
    if reader.problems:
        raise InputError(reader.problems)
    return levels


class _Reader:
    """Turns a document into levels, gathering problems."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.problems: list[Problem] = []

    def levels(self, document: dict[str, Any]) -> ServiceLevels:
        for key in document.keys() - {"slo", "sla", "compliance_pct"}:
            self._problem(key, document[key], "is unknown: write compliance_pct, [slo] or [sla]")
        default = DEFAULT_LEVELS
        return ServiceLevels(
            self._level(document.get("slo", {}), default.slo),
            self._level(document.get("sla", {}), default.sla),
            self._number("", document, "compliance_pct", default.compliance_pct),
        )

    def _level(self, table: Any, default: ServiceLevel) -> ServiceLevel:
        if not isinstance(table, dict):
            self._problem(default.key, table, "must be a table")
            return default
        prefix = f"{default.key}."
        for key in table.keys() - set(_KEYS):
            self._problem(prefix + key, table[key], f"is unknown: write one of {', '.join(_KEYS)}")
        shares: dict[str, Any] = {key: self._number(prefix, table, key, getattr(default, key)) for key in _SHARES}
        latency_s = self._number(prefix, table, "latency_ms", default.latency_s * 1000, most=None) / 1000
        credits_ = self._credits(prefix, table["credits"]) if "credits" in table else default.credits
        return replace(default, latency_s=latency_s, credits=credits_, **shares)

    def _number(
        self, prefix: str, table: dict[str, Any], key: str, default: float, *, most: float | None = 100.0
    ) -> float:
        value = table.get(key, default)
        number = not isinstance(value, bool) and isinstance(value, int | float) and isfinite(value)
        if not number or value <= 0 or (most is not None and value > most):
            limits = "must be a number above 0" + ("" if most is None else f" and at most {most:g}")
            self._problem(prefix + key, value, limits)
            return default
        return float(value)

    def _credits(self, prefix: str, value: Any) -> tuple[Credit, ...]:
        remedy = "must be a list of [from availability %, credit %], the highest availability first"
        if not isinstance(value, list):
            self._problem(f"{prefix}credits", value, remedy)
            return ()
        tiers = [Credit(*map(float, pair)) for pair in value if _is_pair(pair)]
        descending = all(one.from_pct > other.from_pct for one, other in itertools.pairwise(tiers))
        if len(tiers) != len(value) or not descending:
            self._problem(f"{prefix}credits", value, remedy)
        return tuple(tiers)

    def _problem(self, key: str, value: Any, remedy: str) -> None:
        self.problems.append(Problem(f"{self._name}: {key}", str(value), remedy))


def _is_pair(pair: Any) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(part, int | float) and not isinstance(part, bool) and 0 <= part <= 100 for part in pair)
    )
