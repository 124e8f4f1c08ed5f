"""From latency.hlog, summary.json and load-stats.csv to the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from loadgen.core.hdr_log import read_hdr_log
from loadgen.core.load_stats import read_load_stats
from loadgen.core.messages import CLOCKS, PHASES
from loadgen.core.outcome import DROPPED_LABELS, FAILED_LABELS, Outcome
from reports.loader.fields import credible
from reports.loader.files import Unreadable, ends_whole
from reports.loader.timeline import Slicer, second_of
from reports.model.client import Account, Address, Endpoint, SlowRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loadgen.core.hdr_log import LogEntry
    from loadgen.core.histogram import Histogram
    from reports.loader.fields import Fields
    from reports.model.timeline import Second, Slice

K = TypeVar("K")
_TREND_OF = {
    "response": "http_req_duration",
    "response_ok": "http_req_duration_ok",
    "service": "http_req_service",
    "lag": "loadgen_lag",
    "wait": "loadgen_wait",
}
_TAGS = frozenset((*CLOCKS, *PHASES))
_PERCENTILE_KEYS = {"p50": "med", "p90": "p(90)", "p95": "p(95)", "p99": "p(99)"}
MS_PER_S = 1_000
_ENDPOINT_KEYS = {"p50": "p50_ms", "p95": "p95_ms", "p99": "p99_ms", "max": "max_ms"}


@dataclass(slots=True)
class LatencyLog:
    """The merged histograms of a log by clock, its response times by CSV interval, and their course.

    `breaks` are those of a run that was interrupted: when it went on, and for how long it had stood still.
    """

    clocks: dict[str, Histogram] = field(default_factory=dict)
    intervals: dict[int, Histogram] = field(default_factory=dict)
    slices: tuple[Slice, ...] = ()
    complete: bool = True
    breaks: tuple[tuple[float, float], ...] = ()

    def take(self, entry: LogEntry, interval_s: float | None, last_interval: int | None) -> None:
        """Add one entry; endings after the load (the drain) belong to its last interval."""
        _into(self.clocks, entry.tag, entry.histogram)
        if entry.tag == "response" and interval_s:
            stood_still_s = sum(lasted_s for went_on_s, lasted_s in self.breaks if entry.start_s >= went_on_s)
            at = max(0, int((entry.start_s - stood_still_s) // interval_s))
            _into(self.intervals, at if last_interval is None else min(at, last_interval), entry.histogram)


def _into(histograms: dict[K, Histogram], key: K, histogram: Histogram) -> None:
    held = histograms.get(key)
    if held is None:
        histograms[key] = histogram.copy()
    elif len(held.counts) >= len(histogram.counts):
        held.add(histogram)
    else:
        wider = histogram.copy()
        wider.add(held)
        histograms[key] = wider


def read_latency_log(
    path: Path,
    interval_s: float | None,
    samples: int | None,
    duration_s: float | None = None,
    breaks: tuple[tuple[float, float], ...] = (),
) -> LatencyLog:
    """Merge a latency.hlog; raise Unreadable when it is missing or has no entry.

    `duration_s` is what the run was to last, which says how fine its course is kept.
    A log that breaks off, or holds a line that is none, gives what stands before it with `complete` False.
    """
    log, slicer = LatencyLog(breaks=breaks), Slicer(duration_s)
    last = samples - 1 if samples else None
    try:
        log.complete = ends_whole(path)
        for entry in read_hdr_log(path, _TAGS):
            log.take(entry, interval_s, last)
            if entry.tag == "response":
                slicer.take(entry)
    except FileNotFoundError as error:
        raise Unreadable("missing") from error
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from error
    except ValueError:
        log.complete = False
    log.slices = slicer.slices()
    if not log.clocks:
        raise Unreadable("holds no latencies")
    return log


def read_account(totals: Fields, outcomes: Mapping[str, int]) -> Account | None:
    """Return the account of summary.json's `totals` or metadata's `load`; None when a count is missing.

    `failed` and `dropped` may be counts or counts by label. Endings that do not add up to the totals are a complaint
    and no split: one that claims faults of our own would take failures away from the target.
    """
    failed, dropped = _sum_or_count(totals, "failed"), _sum_or_count(totals, "dropped")
    plain = [totals.whole(name) for name in ("scheduled", "sent", "unsent", "done", "in_flight")]
    if failed is None or dropped is None or None in plain:
        return None
    scheduled, sent, unsent, done, in_flight = (number or 0 for number in plain)
    split = dict(outcomes) or _split(totals, done)
    if split and (split.get(Outcome.OK.label, 0), sum(split.values())) != (done, done + failed + dropped):
        totals.complaints.append("its endings by name do not add up to its totals")
        split = {}
    return Account(scheduled, sent, unsent, dropped, done, failed, in_flight, split)


def _sum_or_count(totals: Fields, key: str) -> int | None:
    return sum(totals.counts(key).values()) if totals.is_object(key) else totals.whole(key)


def _split(totals: Fields, done: int) -> dict[str, int]:
    """Return the endings by label, empty when they are not split."""
    places = [key for key in ("failed", "dropped", "failed_by", "dropped_by") if totals.is_object(key)]
    labels = [totals.counts(key) for key in places]
    return (
        {Outcome.OK.label: done} | {name: number for split in labels for name, number in split.items()}
        if places
        else {}
    )


def read_endpoints(summary: Fields) -> tuple[Endpoint, ...]:
    """Return the endpoints of summary.json."""
    inner = summary.below("endpoints")
    found = []
    for name in inner.names():
        item = inner.below(name)
        percentiles = {short: _from_ms(item.number(key)) for short, key in _ENDPOINT_KEYS.items()}
        found.append(Endpoint(name, item.whole("sent"), item.whole("done"), _sum_or_count(item, "failed"), percentiles))
    return tuple(found)


def read_addresses(summary: Fields) -> tuple[Address, ...]:
    """Return the addresses of summary.json, origin by origin."""
    origins = summary.below("addresses")
    found = []
    for origin in origins.names():
        lookups, inner = origins.below(origin).whole("lookups"), origins.below(origin).below("addresses")
        for address in inner.names():
            item = inner.below(address)
            counts = (item.whole(key) for key in ("answers", "connections", "requests"))
            found.append(Address(origin, address, lookups, *counts))
    return tuple(found)


def read_slowest(summary: Fields) -> tuple[SlowRequest, ...]:
    """Return the slowest requests that summary.json names by their trace ids."""
    return tuple(
        SlowRequest(
            trace_id=item.text("request_trace_id"),
            endpoint=item.text("endpoint"),
            outcome=item.text("outcome"),
            response_s=_from_ms(item.number("response_ms")),
            due_s=item.number("due_s"),
        )
        for item in summary.each("slowest_requests")
    )


def _from_ms(value: float | None) -> float | None:
    return None if value is None else value / MS_PER_S


def read_claims(summary: Fields) -> dict[str, dict[str, float]]:
    """Return the percentiles (ms) that summary.json states, by clock."""
    metrics = summary.below("metrics")
    found = {}
    for clock, trend in _TREND_OF.items():
        values = metrics.below(trend).below("values")
        claims = {short: value for short, key in _PERCENTILE_KEYS.items() if (value := values.number(key)) is not None}
        if claims:
            found[clock] = claims
    return found


@dataclass(frozen=True, slots=True)
class SecondsRead:
    """What load-stats.csv adds up to: the account of a run that never wrote its own."""

    account: Account | None
    seconds: int
    late_events: int
    skipped: int
    rows: tuple[Second, ...]


def read_seconds(path: Path) -> SecondsRead:
    """Add up load-stats.csv; raise Unreadable when it is missing or not one.

    Requests that were due and have no ending or sending in the file count as unsent or in flight.
    """
    if not path.exists():
        raise Unreadable("missing")
    try:
        stats = read_load_stats(path)
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise Unreadable(str(error)) from error
    rows = [
        {name: value for name, value in row.items() if isinstance(value, float) and credible(value)}
        for row in stats.rows
    ]
    rows.sort(key=lambda row: row.get("second", 0.0))
    if not rows:
        raise Unreadable("holds no second")

    def total(name: str) -> int:
        return round(sum(row.get(name, 0.0) for row in rows))

    due, sent, done, failed, dropped = (total(name) for name in ("due", "sent", "done", "failed", "dropped"))
    labels = {label: number for label in (*FAILED_LABELS, *DROPPED_LABELS) if (number := total(label))}
    account = Account(
        due, sent, due - sent - dropped, dropped, done, failed, sent - done - failed, {Outcome.OK.label: done, **labels}
    )
    last = int(rows[-1].get("second", len(rows) - 1))
    return SecondsRead(account, last + 1, total("late_events"), stats.skipped, tuple(second_of(row) for row in rows))
