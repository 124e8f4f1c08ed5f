"""From a run directory, a baseline file or a validation JSON to what runs are compared by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loadgen.core.errors import LoadgenError
from loadgen.core.rundir import RunDirectory
from reports.analysis.metrics import CACHE_HIT, EFFECTIVE_FALLBACK, ERROR, RAW_FALLBACK
from reports.analysis.synthetic import synthetic_reason
from reports.analysis.window import window_of
from reports.loader.baseline_file import BASELINE_KEY, read_baseline, read_figures
from reports.loader.blocks import read_blocks
from reports.loader.directory import load_record
from reports.loader.fields import Fields
from reports.loader.files import Unreadable, read_object
from reports.loader.validation import NotAValidationError, load_validation
from reports.model.measurement import MEMORY, Measurement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.model.measurement import Block
    from reports.model.run import Run

_SHARES = (ERROR, EFFECTIVE_FALLBACK, RAW_FALLBACK, CACHE_HIT)


class NotMeasuredError(LoadgenError):
    """A place that holds nothing a run could be compared by."""


def measure(path: Path, impl: str = "", *, with_blocks: bool = True) -> Measurement:
    """Read what a run is compared by; `impl` is the cache implementation of a run that does not say it itself.

    `with_blocks` False leaves out the latencies of a baseline file, which are costly to decode.

    Raises LoadgenError when the place is missing, empty, truncated or foreign.
    """
    if path.is_dir():
        return measure_run(path, impl)
    try:
        fields = Fields(read_object(path))
    except Unreadable as error:
        raise NotMeasuredError(f"{path}: {error}; expected a run directory, a baseline or a validation JSON") from error
    if fields.is_object(BASELINE_KEY):
        found = read_baseline(fields, path, with_blocks=with_blocks)
        return replace(found, synthetic=found.synthetic or synthetic_reason(found.latencies))
    if not fields.is_object("summary"):
        raise NotMeasuredError(f"{path}: neither a baseline nor a validation JSON: it has no summary")
    return _validation(fields, path, impl)


def _validation(fields: Fields, path: Path, impl: str) -> Measurement:
    latencies, counters = read_figures(fields)
    loaded = load_validation(path)
    return Measurement(
        path.stem,
        str(path),
        validation_only=True,
        at=fields.instant("timestamp") or fields.instant("generated_at"),
        impl=impl or MEMORY,
        verdict=loaded.validation.summary.overall_status.value,
        synthetic=synthetic_reason(latencies),
        latencies=latencies,
        counters=counters,
        complaints=loaded.complaints,
    )


def measure_run(path: Path, impl: str = "") -> Measurement:
    """Read a run directory."""
    run = load_record(path)
    complaints = [str(damage) for damage in run.damages]
    place = RunDirectory(path)
    hlog_complaints: list[str] = []
    try:
        blocks, unit_s = read_blocks(place.latency_hlog, run.parameters.duration_s, hlog_complaints)
    except Unreadable as error:
        blocks, unit_s = (), 0.0
        hlog_complaints.append(str(error))
    complaints += [f"{place.latency_hlog.name}: {text}" for text in hlog_complaints]
    found = Measurement(
        run.name,
        str(path),
        at=run.t0 or run.started,
        impl=impl or MEMORY,
        validity=run.validity.state,
        partial=_partial(run, not hlog_complaints and _holds_all(blocks, run)),
        parameters=run.parameters,
        fingerprint=run.fingerprint,
        unit_s=unit_s,
        blocks=blocks,
        complaints=tuple(complaints),
    )
    return _with_validation(_with_server(found, run), place)


def _holds_all(blocks: Sequence[Block], run: Run) -> bool:
    """Say whether there is a response time for every request that ended, as far as the record counts them."""
    account = run.client.account
    return bool(blocks) and (account is None or sum(block.total for block in blocks) >= account.ended)


def _partial(run: Run, whole_log: bool) -> str:
    if run.breaker.tripped:
        return "the circuit breaker stopped it"
    if run.status != "completed":
        return f"its status is {run.status or 'unknown'}"
    return "" if whole_log else "its latencies are not whole"


def _with_server(found: Measurement, run: Run) -> Measurement:
    window = window_of(run)
    if window is None:
        return replace(found, rows=run.rows)
    shares = {}
    for metric in _SHARES:
        events, whole = metric.parts(window), metric.whole(window)
        if events is not None and whole:
            shares[metric.key] = (events, whole)
    lifetime = window.lifetime_latency
    cpu = 100 * window.cpu_s / window.elapsed_s if window.cpu_s is not None and window.elapsed_s else None
    return replace(
        found,
        rows=run.rows,
        shares=shares,
        percentiles={} if lifetime else dict(window.percentiles),
        buckets=() if lifetime else window.buckets,
        rss_mb_max=window.rss_mb_max,
        cpu_pct=cpu,
        synthetic="the run says that it is synthetic" if run.synthetic else "",
    )


def _with_validation(found: Measurement, place: RunDirectory) -> Measurement:
    """Add the figures of the run's validation.json where it has one."""
    try:
        fields = Fields(read_object(place.validation))
    except Unreadable as error:
        if not place.validation.exists():
            return found
        return replace(found, complaints=(*found.complaints, f"{place.validation.name}: {error}"))
    latencies, counters = read_figures(fields)
    try:
        loaded = load_validation(place.validation)
    except NotAValidationError as error:
        return replace(found, complaints=(*found.complaints, str(error)))
    complaints = tuple(f"{place.validation.name}: {text}" for text in loaded.complaints)
    return replace(
        found,
        verdict=loaded.validation.summary.overall_status.value,
        latencies=latencies,
        counters=counters,
        synthetic=found.synthetic or synthetic_reason(latencies),
        complaints=(*found.complaints, *complaints),
    )
