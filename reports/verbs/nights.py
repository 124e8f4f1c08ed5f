"""Read the figures of the nightly history and search them for change points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.night_changes import NightChanges, night_changes
from reports.loader.baseline_file import read_figures
from reports.loader.fields import Fields
from reports.loader.files import Unreadable, read_object
from reports.verbs.rotating import nightlies

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

_CLIENT = ("p50_ms", "p95_ms", "p99_ms", "error_pct", "good_per_s")
_COUNTERS = ("http_success_rate", "error_rate", "cache_hit_rate", "memory_rss_mb", "fallback_effective_ratio")


def search(directory: Path, false_alarms: float) -> NightChanges:
    """Search the nightlies of a directory; raise LoadgenError when there is no such directory."""
    nights: list[tuple[date, dict[str, float]]] = []
    unreadable = []
    for path, day in nightlies(directory):
        try:
            nights.append((day, _figures(Fields(read_object(path)))))
        except Unreadable as error:
            unreadable.append(f"{path.name}: {error}")
    return night_changes(nights, false_alarms, unreadable)


def _figures(fields: Fields) -> dict[str, float]:
    latencies, counters = read_figures(fields)
    client = fields.below("client")
    found = {f"client {name}": value for name in _CLIENT if (value := client.number(name)) is not None}
    found |= {name: counters[name] for name in _COUNTERS if name in counters}
    return found | {f"p95 of {name} (s)": item.p95 for name, item in latencies.items() if item.p95 is not None}
