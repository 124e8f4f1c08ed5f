"""What an interrupted run left, and from where it goes on: read before anything is sent, then only looked at.

Laws: every arrival of the schedule that was taken before counts once, and the first one that was not is the next;
what the workers knew about themselves is lost with them unless the run had an orderly end; nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import WallAnchor, parse_utc
from loadgen.core.hdr_log import read_hdr_log
from loadgen.core.histogram import Histogram, histogram_max_ns
from loadgen.core.load_stats import read_load_stats
from loadgen.core.metrics_csv import SAMPLE_NUM, read_metrics
from loadgen.core.outcome import DROPPED_LABELS, FAILED_LABELS, Outcome
from loadgen.core.units import NS_PER_S
from loadgen.pace.build import schedule_of
from loadgen.run.gap import Gaps
from loadgen.run.merge import added
from loadgen.run.phases import PhaseTotals
from loadgen.run.summary import REACHED_KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loadgen.core.messages import Body
    from loadgen.core.metadata import Document
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.model import LoadPlan

_SAME_BOOT_NS = 60 * NS_PER_S
_NOT_FAILED = frozenset({Outcome.OK.label, *DROPPED_LABELS})
_WHOLE = ("scheduled", "sent", "unsent", "done", "in_flight")


@dataclass(frozen=True, slots=True)
class Earlier:
    """The part before the gap.

    `skip_ns` is how much of the schedule is behind; `anchor` pairs the run's first t0 with its wall time, on this
    boot's clock; `next_second` is the first second of the grid from that t0 without a row. The schedule has so many
    `seconds`; `sent_by_second` are its whole ones so far, `sent_in_part` what was sent in the one that was broken off.
    `totals` is as `PhaseTotals.totals`; `orderly` says that they are the workers' own. `rows` samples are written.
    `gaps` and `slowest` are what the workers noted, None where that is not on record.
    """

    document: Document
    skip_ns: int
    anchor: WallAnchor
    next_second: int
    sent_by_second: tuple[int, ...]
    sent_in_part: int
    seconds: int
    totals: Body
    orderly: bool
    rows: int
    histograms: Mapping[str, Histogram] = field(default_factory=dict)
    gaps: Gaps | None = None
    slowest: tuple[Body, ...] | None = None
    late_events: int = 0

    @property
    def unlogged(self) -> int:
        """How many requests were done whose response times are not on record: the log lost them with its last part."""
        response = self.histograms.get("response")
        return max(0, int(self.totals["done"]) - (0 if response is None else response.total))

    @property
    def service_ns(self) -> float:
        """The sum of the service times on record."""
        service = self.histograms.get("service")
        return 0.0 if service is None or not service.total else service.mean_ns * service.total

    def next_t0_ns(self, at_ns: int) -> int:
        """Return the first instant from `at_ns` on that lies on the grid of the first t0."""
        t0_ns = self.anchor.monotonic_ns
        return t0_ns + -(-(at_ns - t0_ns) // NS_PER_S) * NS_PER_S

    def joined(self, ended: PhaseTotals) -> PhaseTotals:
        """Return the account of both parts; hosts are those of the part after."""
        return PhaseTotals(added(self.totals, ended.totals), ended.hosts, ended.unmatched, ended.missing_seconds)

    def with_what_workers_noted(self, gaps: Gaps, slowest: list[Body]) -> tuple[Gaps | None, list[Body] | None]:
        """Return the gaps and the slowest requests of both parts, each None where it is not known of this one."""
        return (
            None if self.gaps is None else self.gaps + gaps,
            None if self.slowest is None else [*self.slowest, *slowest],
        )


def read_earlier(place: RunDirectory, document: Document, plan: LoadPlan) -> Earlier:
    """Read the part before; raise ValueError when there is none that can be gone on with, or nothing is left to do."""
    rows = read_load_stats(place.load_stats).rows
    if document["t0"] is None or not rows:
        raise ValueError("its load had not begun, so there is nothing to go on with: start a new run")
    measured = [row for row in rows if row["due"] is not None]
    summary = _summary(place)
    totals = _from_rows(measured, plan) if summary is None else _from_summary(summary)
    skip_ns = _behind_ns(plan, totals["scheduled"], len(measured))
    if skip_ns is None:
        raise ValueError("its schedule is over, so nothing is left to send: have its report made")
    sent = [int(float(row["sent"] or 0)) for row in measured]
    whole = skip_ns // NS_PER_S
    return Earlier(
        document=document,
        skip_ns=skip_ns,
        anchor=_anchor(document["t0"], WallAnchor.take()),
        next_second=int(float(rows[-1]["second"] or 0)) + 1,
        sent_by_second=tuple(sent[:whole]),
        sent_in_part=sum(sent[whole:]),
        seconds=-(-sum(stage.duration_ns for stage in plan.stages) // NS_PER_S),
        totals=totals,
        orderly=summary is not None,
        rows=_samples(place),
        histograms=_histograms(place, plan),
        gaps=None if summary is None else _gaps(summary),
        slowest=_slowest(summary, plan),
        late_events=sum(int(row["late_events"] or 0) for row in measured),
    )


def _gaps(summary: Mapping[str, Any]) -> Gaps | None:
    rate = summary.get("rate", {})
    return None if rate.get("gaps") is None else Gaps.again(rate["gap_cv"], rate["gaps"])


def _slowest(summary: Mapping[str, Any] | None, plan: LoadPlan) -> tuple[Body, ...] | None:
    """Return the slowest requests with their trace ids; none without trace ids, None where a kill took them along."""
    if summary is not None:
        noted = summary.get("slowest_requests")
        return None if noted is None else tuple(noted)
    headers = (header for target in plan.targets for header in target.headers)
    return None if any(header.name.lower() == "traceparent" for header in headers) else ()


def _behind_ns(plan: LoadPlan, taken: int, seconds: int) -> int | None:
    """Return how much of the schedule is behind: up to the first arrival that was not taken; None when none is left.

    A closed load has no arrivals; there it is the time that was measured.
    """
    length_ns = sum(stage.duration_ns for stage in plan.stages)
    if plan.closed is not None:
        return seconds * NS_PER_S if seconds * NS_PER_S < length_ns else None
    schedule = schedule_of(plan)
    return schedule.due_ns(taken) if taken < schedule.total else None


def _summary(place: RunDirectory) -> dict[str, Any] | None:
    if not place.summary.exists():
        return None
    try:
        value = orjson.loads(place.summary.read_bytes())
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _from_summary(summary: Mapping[str, Any]) -> Body:
    outcomes = summary["outcomes"]
    return {
        **{name: summary["totals"][name] for name in _WHOLE},
        # expectations have labels of their own, so what is neither done nor dropped has failed
        "failed": {label: count for label, count in outcomes.items() if count and label not in _NOT_FAILED},
        "dropped": {label: outcomes[label] for label in DROPPED_LABELS if outcomes.get(label)},
        "out_of_range": dict(summary["out_of_range"]),
        **summary["bytes"],
        "connects": summary["connects"],
        "redirects": summary["redirects"],
        **_reached(summary["addresses"]),
        "endpoints": {
            name: {count: one[count] for count in ("sent", "done", "failed", "dropped") if count in one}
            for name, one in summary["endpoints"].items()
        },
    }


def _reached(origins: Mapping[str, Any] | None) -> Body:
    """Return the addresses of a summary as totals have them; None where the summary does not know them."""
    if origins is None:
        return {"addresses": None, "lookups": None}
    by_kind = {
        origin: {
            kind: {address: counts[kind] for address, counts in item["addresses"].items()} for kind in REACHED_KINDS
        }
        for origin, item in origins.items()
    }
    return {"addresses": by_kind, "lookups": {origin: item["lookups"] for origin, item in origins.items()}}


def _from_rows(rows: Sequence[Mapping[str, Any]], plan: LoadPlan) -> Body:
    """Return the totals of a run that was killed: what was in flight or waited then was cut off.

    What is not on record is None, and so is its sum over both parts: bytes, connections, addresses, the redirects of a
    plan that follows them, and counts by endpoint where there are several.
    """

    def total(name: str) -> int:
        return sum(int(row[name] or 0) for row in rows)

    scheduled, sent, done, failed, dropped = (total(name) for name in ("due", "sent", "done", "failed", "dropped"))
    body: Body = {
        "scheduled": scheduled,
        "sent": sent,
        "done": done,
        "unsent": max(0, scheduled - sent - dropped),
        "in_flight": max(0, sent - done - failed),
        "failed": {label: count for label in FAILED_LABELS if (count := total(label))},
        "dropped": {label: count for label in DROPPED_LABELS if (count := total(label))},
        **dict.fromkeys(("bytes_in", "bytes_out", "connects", "addresses", "lookups")),
        "redirects": None if any(target.follow for target in plan.targets) else {},
    }
    alone = {"sent": sent, "done": done, "failed": failed, "dropped": dropped}
    known = alone if len(plan.targets) == 1 else dict.fromkeys(alone)
    body["endpoints"] = {target.name: dict(known) for target in plan.targets}
    return body


def _histograms(place: RunDirectory, plan: LoadPlan) -> dict[str, Histogram]:
    found: dict[str, Histogram] = {}
    if place.latency_hlog.exists():
        for entry in read_hdr_log(place.latency_hlog):
            found.setdefault(entry.tag, Histogram(histogram_max_ns(plan.limits.timeout_ns))).add(entry.histogram)
    return found


def _samples(place: RunDirectory) -> int:
    if not place.metrics_csv.exists():
        return 0
    return max((int(float(row[SAMPLE_NUM] or 0)) for row in read_metrics(place.metrics_csv)), default=0)


def _anchor(t0: Mapping[str, Any], now: WallAnchor) -> WallAnchor:
    """Return t0 on this boot's monotonic clock: as recorded, or by the wall clock where the host was started anew."""
    wall = parse_utc(t0["wall"])
    by_wall_ns = now.monotonic_ns - round((now.wall - wall).total_seconds() * 1e6) * 1_000
    recorded_ns = int(t0["monotonic_ns"])
    return WallAnchor(recorded_ns if abs(recorded_ns - by_wall_ns) < _SAME_BOOT_NS else by_wall_ns, wall)
