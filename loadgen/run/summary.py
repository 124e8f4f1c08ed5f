"""summary.json: totals and percentiles of the client in the shape that k6 users know.

Laws: pure; times are milliseconds; a trend without a value has null figures, never 0; counts come from the totals of
the workers' finals and add up: scheduled = sent + unsent + dropped, sent = done + failed + in flight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

from loadgen.core.histogram import least_values
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.floor import Floor
from loadgen.run.gap import Gaps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loadgen.core.histogram import Histogram

TRENDS = {
    "http_req_duration": "response",
    "http_req_duration_ok": "response_ok",
    "http_req_service": "service",
    "loadgen_lag": "lag",
    "loadgen_wait": "wait",
    "http_req_connecting": "connect",
    "http_req_tls_handshaking": "tls",
    "http_req_waiting": "first_byte",
    "http_req_receiving": "transfer",
}
"""The clock behind each trend of summary.json."""
_PERCENTILES = {"med": 50.0, "p(90)": 90.0, "p(95)": 95.0, "p(99)": 99.0, "p(99.9)": 99.9}
CONFIDENCE = 0.99
"""Of the percentiles' intervals."""

_SLOWEST = 5
REACHED_KINDS = ("answers", "connections", "requests")
"""What is counted of each address."""
ENDPOINT_PREFIX = "endpoint:"
SPECTRUM = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 99.999, 100.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the summary is made from; `totals` as `phases.PhaseTotals.totals`, histograms by clock, gaps as `gap`.

    `gaps` and `slowest` are None where a part of the run took its account along.
    """

    run_id: str
    totals: Mapping[str, Any]
    histograms: Mapping[str, Histogram]
    duration_ns: int
    target_rate_per_s: float | None
    sent_by_second: Sequence[int] = ()
    validity: Mapping[str, Any] = field(default_factory=dict)
    late_events: int = 0
    gaps: Gaps | None = field(default_factory=Gaps)
    gap_s: float = 0.0
    floor: Floor = field(default_factory=Floor)
    slowest: Sequence[Mapping[str, Any]] | None = ()


def summary_document(figures: Figures) -> dict[str, Any]:
    """Return the document."""
    totals = account(figures.totals)
    failed, dropped = sum(totals["failed_by"].values()), sum(totals["dropped_by"].values())
    ended = totals["done"] + failed + dropped
    response = figures.histograms.get("response")
    seconds = figures.duration_ns / NS_PER_S
    metrics: dict[str, Any] = {
        "http_reqs": {
            "type": "counter",
            "contains": "default",
            "values": {"count": totals["sent"], "rate": _rounded(totals["sent"] / seconds) if seconds else 0.0},
        },
        "http_req_failed": {
            "type": "rate",
            "contains": "default",
            "values": {
                "rate": (failed + dropped) / ended if ended else None,
                "passes": failed + dropped,
                "fails": totals["done"],
            },
        },
        "dropped_iterations": {"type": "counter", "contains": "default", "values": {"count": dropped}},
    }
    for name, clock in TRENDS.items():
        histogram = figures.histograms.get(clock)
        metrics[name] = {"type": "trend", "contains": "time", "values": trend(histogram), **certainty(histogram)}
    return {
        "run_id": figures.run_id,
        "state": {"testRunDurationMs": round(figures.duration_ns / NS_PER_MS, 3)},
        "metrics": metrics,
        "totals": {name: totals[name] for name in ("scheduled", "sent", "unsent", "done", "in_flight")}
        | {"failed": failed, "dropped": dropped},
        "outcomes": {"ok": totals["done"], **totals["failed_by"], **totals["dropped_by"]},
        "endpoints": _endpoints(figures),
        "addresses": _addresses(figures),
        "rate": _rate(figures, totals["sent"]),
        "spectrum": spectrum(response),
        "out_of_range": dict(figures.totals.get("out_of_range", {})),
        "bytes": {name: figures.totals.get(name, 0) for name in ("bytes_in", "bytes_out")},
        "redirects": figures.totals.get("redirects", {}),
        "connects": figures.totals.get("connects", 0),
        "late_events": figures.late_events,
        "interrupted_s": figures.gap_s,
        "success": totals["done"],
        "fail": failed + dropped,
        "avg_latency_ms": trend(response)["avg"],
        "validity": dict(figures.validity),
        "floor": floor_body(figures.floor, response),
        "slowest_requests": None if figures.slowest is None else slowest_of(figures.slowest),
    }


def slowest_of(noted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the slowest of the requests that workers noted by their trace ids, slowest first."""
    return sorted(map(dict, noted), key=lambda one: -float(one["response_ms"]))[:_SLOWEST]


def floor_body(floor: Floor, response: Histogram | None) -> dict[str, Any]:
    """Return how far the response times lie above this generator's own floor."""
    values = trend(response)
    return floor.body(values["med"], values["p(99)"])


def account(totals: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of a phase with every key there: 0 where nothing was counted."""
    return {
        **{name: int(totals.get(name, 0)) for name in ("scheduled", "sent", "unsent", "done", "in_flight")},
        "failed_by": {label: count for label, count in totals.get("failed", {}).items() if count},
        "dropped_by": {label: count for label, count in totals.get("dropped", {}).items() if count},
    }


def trend(histogram: Histogram | None) -> dict[str, float | None]:
    """Return min, avg, max and the percentiles in ms; all null when nothing was recorded."""
    if histogram is None or not histogram.total:
        return dict.fromkeys(("avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)"))
    mean = histogram.mean_ns
    return {
        "avg": None if math.isnan(mean) else _ms(mean),
        "min": _ms(histogram.min_ns),
        "max": _ms(histogram.max_ns),
        **{name: _ms(histogram.percentile(q)) for name, q in _PERCENTILES.items()},
    }


def certainty(histogram: Histogram | None) -> dict[str, Any]:
    """Return how sure the percentiles are: their intervals in ms, and the names of those with too few values."""
    total = 0 if histogram is None else histogram.total
    enough = {name: q for name, q in _PERCENTILES.items() if total >= least_values(q)}
    return {
        "confidence": CONFIDENCE,
        "intervals": {}
        if histogram is None
        else {name: [_ms(end) for end in histogram.percentile_interval(q, CONFIDENCE)] for name, q in enough.items()},
        "too_few": [name for name in _PERCENTILES if name not in enough],
    }


def spectrum(histogram: Histogram | None) -> list[dict[str, Any]]:
    """Return the percentile spectrum: percentile, value in ms, how many values lie above it, whether it has enough."""
    if histogram is None or not histogram.total:
        return []
    rows = []
    for q in SPECTRUM:
        value = histogram.percentile(q)
        above = round((1 - histogram.share_at_or_below(value)) * histogram.total)
        rows.append({"percentile": q, "ms": _ms(value), "above": above, "enough": histogram.total >= least_values(q)})
    return rows


def _endpoints(figures: Figures) -> dict[str, Any]:
    counts = figures.totals.get("endpoints", {})
    result = {}
    for name in sorted(counts):
        histogram = figures.histograms.get(ENDPOINT_PREFIX + name)
        values = trend(histogram)
        result[name] = {
            **counts[name],
            "p50_ms": values["med"],
            "p95_ms": values["p(95)"],
            "p99_ms": values["p(99)"],
            "max_ms": values["max"],
        }
    return result


def _addresses(figures: Figures) -> dict[str, Any] | None:
    """Return by origin how often its name was looked up, and by address what came back and what went there.

    None where a part of the run was killed and took its account along.
    """
    origins, lookups = figures.totals.get("addresses", {}), figures.totals.get("lookups", {})
    if origins is None:
        return None
    result: dict[str, Any] = {}
    for origin, kinds in sorted(origins.items()):
        addresses = sorted({address for counts in kinds.values() for address in counts})
        result[origin] = {
            "lookups": lookups.get(origin, 0),
            "addresses": {
                address: {kind: kinds.get(kind, {}).get(address, 0) for kind in REACHED_KINDS} for address in addresses
            },
        }
    return result


def _rate(figures: Figures, sent: int) -> dict[str, float | None]:
    seconds = figures.duration_ns / NS_PER_S
    whole = list(figures.sent_by_second[: int(seconds)])
    average = fmean(whole) if whole else 0.0
    # what the drain sent after the schedule's end is not part of the rate that was held
    achieved = average if whole else sent / seconds if seconds else None
    return {
        "target": None if figures.target_rate_per_s is None else _rounded(figures.target_rate_per_s),
        "achieved": None if achieved is None else _rounded(achieved),
        "gap_cv": None if figures.gaps is None else figures.gaps.cv,
        "gaps": None if figures.gaps is None else figures.gaps.count,
        "second_cv": _rounded(pstdev(whole) / average) if average else None,
    }


def _ms(value_ns: float) -> float:
    return round(value_ns / NS_PER_MS, 3)


def _rounded(value: float) -> float:
    return round(value, 6)
