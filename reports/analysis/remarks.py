"""What a reader must know beside the figures: banners, absences with their reasons, irregularities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.coverage import in_production
from reports.analysis.quantity import count, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.model.run import Run
    from reports.model.server import ServerWindow


@dataclass(frozen=True, slots=True)
class Absence:
    """Columns of metrics.csv that are NA, and why."""

    columns: tuple[str, ...]
    reason: str


def banners(run: Run) -> tuple[str, ...]:
    """Return what stands above everything else: where the run was made when that was not production."""
    found = []
    environment = run.parameters.environment or run.parameters.profile or "unknown"
    if not (in_production(run) and environment in ("production", "unknown")):
        found.append(f"Environment “{environment}”: this is not a production baseline.")
    if run.parameters.kind == "fallback-scenario":
        found.append("Fallback scenario: cache misses count as fallbacks here; this is not a baseline.")
    if run.synthetic:
        found.append("Synthetic data: made up, or brought about on purpose; this is no measurement of a service.")
    return tuple(found)


def absences(run: Run) -> tuple[Absence, ...]:
    """Return the columns of metrics.csv that are NA in all measured rows or in some."""
    measured = [row for row in run.rows if row.measured]
    if not measured:
        return ()
    columns = tuple(measured[0].values)
    throughout = tuple(name for name in columns if all(row.get(name) is None for row in measured))
    found = [Absence(throughout, "NA in every sample: the service has no such metric, or nothing of the kind happened")]
    by_rows: dict[tuple[int, ...], list[str]] = {}
    for name in columns:
        missing = tuple(row.number or at for at, row in enumerate(measured, 1) if row.get(name) is None)
        if missing and len(missing) < len(measured):
            by_rows.setdefault(missing, []).append(name)
    for rows, names in by_rows.items():
        numbers = ", ".join(map(str, rows))
        reason = f"NA in {plural(len(rows), 'sample')} ({numbers}): nothing of the kind had happened by then"
        found.append(Absence(tuple(names), reason))
    return tuple(absence for absence in found if absence.columns)


def irregularities(run: Run, window: ServerWindow | None) -> tuple[str, ...]:
    """Return resets, restarts, gaps and everything else the run noted about itself, in sentences."""
    every = (*_window_remarks(window), *_client_remarks(run), *run.preflight, *run.gaps, *run.notes)
    return tuple(dict.fromkeys(every))


def _window_remarks(window: ServerWindow | None) -> Iterator[str]:
    if window is None:
        return
    if window.restarts:
        yield f"The service restarted ({plural(window.restarts, 'restart')} seen); its counters are joined across it."
    elif window.resets:
        yield f"{plural(window.resets, 'counter reset')} seen; the new values were added."
    if window.failed_scrapes:
        yield f"{plural(window.failed_scrapes, 'scrape')} of {count(window.scrapes)} failed."
    if window.origin != "metadata.json":
        yield f"The window's totals come from the {window.origin}: the run left no closing account."
    if window.latency_source and window.latency_source != "histogram":
        yield f"The service's percentiles come from: {window.latency_source}."


def _client_remarks(run: Run) -> Iterator[str]:
    client = run.client
    for clock, number in client.out_of_range.items():
        if number:
            yield f"{plural(number, 'value')} of the clock “{clock}” lay above the histogram's range."
    if client.late_events:
        yield f"{plural(client.late_events, 'ending')} reached the supervisor after its second was closed."
    if run.probes.failed:
        yield f"{plural(run.probes.failed, 'fast probe')} of {count(run.probes.count)} failed."
    if run.exercise:
        told = ", ".join(f"{count(number)} {name}" for name, number in run.exercise.items())
        yield f"Plugin and snapshot operations were exercised beside the load: {told}."
