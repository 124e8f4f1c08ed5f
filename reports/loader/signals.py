"""From load-stats.csv, latency.hlog and probes.csv to moments; what cannot be read is simply not there.

The directory's own reader has already said what is damaged, so nothing is complained about twice.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from loadgen.core.hdr_log import read_hdr_log
from loadgen.core.load_stats import read_load_stats
from loadgen.core.rundir import RunDirectory
from reports.loader.fields import credible
from reports.model.signals import LatencySpan, LoadSecond, Probe, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def read_signals(path: Path) -> Signals:
    """Read the moments of a run directory."""
    place = RunDirectory(path)
    return Signals(
        seconds=tuple(sorted(_seconds(place.load_stats), key=lambda moment: moment.second)),
        latencies=tuple(_latencies(place.latency_hlog)),
        probes=read_probe_moments(place.probes_csv),
    )


def _seconds(path: Path) -> Iterator[LoadSecond]:
    try:
        rows = read_load_stats(path).rows
    except (OSError, ValueError):
        return
    for row in rows:
        second, done = _number(row, "second"), _number(row, "done")
        failed, dropped = _number(row, "failed"), _number(row, "dropped")
        if second is None or done is None or failed is None or dropped is None:
            continue
        yield LoadSecond(int(second), int(done + failed + dropped), int(failed + dropped))


def _number(row: Mapping[str, float | str | None], name: str) -> float | None:
    value = row.get(name)
    return value if isinstance(value, float) and credible(value) and value >= 0 else None


def _latencies(path: Path) -> Iterator[LatencySpan]:
    try:
        for entry in read_hdr_log(path, {"response"}):
            yield LatencySpan(entry.start_s + entry.length_s, entry.length_s, entry.histogram)
    except (OSError, ValueError):
        return


def read_probe_moments(path: Path) -> tuple[Probe, ...]:
    """Return the probes of a probes.csv with their times, in their order; nothing for a file that is none."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
        rows = list(csv.DictReader(text[: text.rfind("\n") + 1].splitlines()))
    except (OSError, csv.Error):
        return ()
    found = (probe for row in rows if (probe := _probe(row)) is not None)
    return tuple(sorted(found, key=lambda probe: probe.at_s))


def _probe(row: Mapping[str, str]) -> Probe | None:
    at_s = _float(row.get("t_s"))
    if at_s is None or row.get("ok") is None:
        return None
    requests = _float(row.get("requests"))
    parts = [_float(row.get(name)) for name in ("errors_4xx", "errors_5xx")]
    errors = None if None in parts else sum(part or 0.0 for part in parts)
    return Probe(at_s, row["ok"] in ("1", "true", "True"), requests, errors)


def _float(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if credible(value) and value >= 0 else None
