"""The 📊 line of a sample: its main figures, each with PASS, WARN or FAIL against its objective. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.metrics_csv import NA

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Marked:
    """One figure of the line.

    `factor` turns the column into the objective's unit; `warn` is how far beyond the target is only a warning, as a
    factor of the target; `lower` means that higher is better.
    """

    column: str
    title: str
    objective: str
    factor: float
    unit: str
    shown_factor: float
    warn: float
    lower: bool = False


_MARKED = (
    Marked("http_success_rate", "success", "success_pct", 100, " %", 100, 0.99, lower=True),
    Marked("p95_latency", "p95", "p95_s", 1, " ms", 1000, 4 / 3),
    Marked("p99_latency", "p99", "p99_s", 1, " ms", 1000, 4 / 3),
    Marked("error_rate", "errors", "error_pct", 100, " %", 100, 1.1),
    Marked("effective_fallback_ratio", "effective fallback", "effective_fallback_pct", 100, " %", 100, 1.1),
    Marked("cache_hit_rate", "cache hits", "cache_hit_pct", 100, " %", 100, 0.875, lower=True),
    Marked("rss_mb", "rss", "rss_mb", 1, " MB", 1, 1.4),
)
_CONSECUTIVE_BAD = 2


class Marks:
    """Writes the line of each sample; `targets` may be empty, then nothing is judged.

    The first sample is exempt (a cold start): what would fail is a warning. Two failing samples in a row are CRITICAL.
    """

    def __init__(self, targets: Mapping[str, float], samples: int) -> None:
        self._targets = targets
        self._samples = samples
        self._bad_in_a_row = 0

    def line(self, number: int, row: Mapping[str, str]) -> str:
        """Return the line for a row."""
        of = f"/{self._samples}" if self._samples else ""
        parts = [f"{row['request_rate']} req/s"]
        failed = False
        for marked in _MARKED:
            text = row[marked.column]
            if text == NA:
                parts.append(f"{marked.title} NA")
                continue
            mark = self._mark(marked, float(text))
            if mark == "FAIL" and number == 1:
                mark = "WARN (cold start)"
            failed = failed or mark == "FAIL"
            figure = f"{marked.title} {float(text) * marked.shown_factor:.4g}{marked.unit}"
            parts.append(f"{figure} {mark}" if mark else figure)
        self._bad_in_a_row = self._bad_in_a_row + 1 if failed else 0
        critical = " CRITICAL" if self._bad_in_a_row >= _CONSECUTIVE_BAD else ""
        return f"📊 sample {number}{of}{critical}: {', '.join(parts)}"

    def _mark(self, marked: Marked, value: float) -> str:
        target = self._targets.get(marked.objective)
        if target is None:
            return ""
        actual, edge = value * marked.factor, target * marked.warn
        if marked.lower:
            return "PASS" if actual >= target else "WARN" if actual >= edge else "FAIL"
        return "PASS" if actual <= target else "WARN" if actual <= edge else "FAIL"
