"""The baseline file: everything a later comparison needs, so that the run directory may go.

Laws: it is a validation JSON (its keys are the validation's) with three more objects, `baseline`, `run` and `client`
or `server`; `baseline.schema_version` says which form those have. A block that cannot be decoded makes all of them
worthless, because nobody knows what else was edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from loadgen.core.clock import iso_utc
from loadgen.core.errors import LoadgenError
from loadgen.core.histogram import Histogram, highest_in_slot
from reports.loader.metadata import read_parameters
from reports.loader.standing import standing_of
from reports.model.measurement import MEMORY, Block, Latencies, Measurement
from reports.model.server import Bounds, Row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from reports.loader.fields import Fields
    from reports.model.run import Parameters

SCHEMA_VERSION = 1
BASELINE_KEY = "baseline"
_LEAST_RANGE_NS = 60_000_000_000


class BaselineFormatError(LoadgenError):
    """A baseline file of a form that this program does not read."""


def read_figures(fields: Fields) -> tuple[dict[str, Latencies], dict[str, float]]:
    """Return the histograms and the counters of a validation JSON."""
    latencies = {}
    inner = fields.below("percentiles")
    for name in inner.names():
        item = inner.below(name)
        p50, p95, p99, count, mean = (item.number(key) for key in ("p50", "p95", "p99", "count", "mean"))
        total = item.number("sum")
        if mean is None and total is not None and count:
            mean = total / count
        latencies[name] = Latencies(p50, p95, p99, count, mean)
    counters = fields.below("counters")
    return latencies, {
        name: value
        for name in counters.names()
        if counters.is_number(name) and (value := counters.number(name)) is not None
    }


def read_baseline(fields: Fields, path: Path, *, with_blocks: bool = True) -> Measurement:
    """Return the measurement that a baseline file holds; raise BaselineFormatError for another version's file.

    Decoding the blocks is nearly all of the time it takes; who only asks how a run stood does without them.
    """
    head = fields.below(BASELINE_KEY)
    version = head.number("schema_version")
    if version != SCHEMA_VERSION:
        told = "no schema version" if version is None else f"schema version {version:g}"
        raise BaselineFormatError(f"{path}: {told}; this program reads {SCHEMA_VERSION}: save the baseline again")
    latencies, counters = read_figures(fields)
    run, client, server = fields.below("run"), fields.below("client"), fields.below("server")
    verdict = standing_of(fields)
    return Measurement(
        name=head.text("source") or path.stem,
        source=str(path),
        at=run.instant("started") or fields.instant("timestamp"),
        impl=head.text("impl") or MEMORY,
        verdict=verdict,
        validity=head.text("validity"),
        synthetic=head.text("synthetic"),
        partial=head.text("partial"),
        parameters=read_parameters(run),
        fingerprint=run.described("fingerprint"),
        unit_s=client.number("unit_s") or 0.0,
        blocks=_blocks(client) if with_blocks else (),
        rows=tuple(_row(item) for item in server.each("rows")),
        shares=_shares(server.below("shares")),
        percentiles=_percentiles(server.below("percentiles")),
        buckets=_buckets(server),
        rss_mb_max=server.number("rss_mb_max"),
        cpu_pct=server.number("cpu_pct"),
        latencies=latencies,
        counters=counters,
        complaints=tuple(fields.complaints),
    )


def _blocks(client: Fields) -> tuple[Block, ...]:
    found: list[Block] = []
    for at, item in enumerate(client.each("blocks")):
        start, length, ok = item.number("start_s"), item.number("length_s"), item.whole("ok")
        try:
            counts = Histogram.decode(item.text("response")).counts
        except ValueError:
            counts = None
        if start is None or not length or ok is None or counts is None or ok > counts.sum():
            client.complaints.append(f"client.blocks[{at}] is damaged; no latency of this file is used")
            return ()
        slots = np.flatnonzero(counts)
        found.append(Block(start, length, slots, counts[slots], ok))
    if found and not client.number("unit_s"):
        client.complaints.append("client.unit_s is missing; no latency of this file is used")
        return ()
    return tuple(found)


def _row(fields: Fields) -> Row:
    return Row(fields.whole("number"), fields.instant("at"), dict(fields.numbers("values")))


def _shares(fields: Fields) -> dict[str, tuple[float, float]]:
    found = {}
    for name in fields.names():
        inner = fields.below(name)
        events, total = inner.number("events"), inner.number("of")
        if events is not None and total:
            found[name] = (events, total)
    return found


def _percentiles(fields: Fields) -> dict[str, Bounds]:
    found = {}
    for name in fields.names():
        inner = fields.below(name)
        lower, upper = inner.number("lower"), inner.number("upper")
        if lower is not None:
            found[name] = Bounds(inner.number("value"), lower, inf if upper is None else upper)
    return found


def _buckets(fields: Fields) -> tuple[tuple[float, float], ...]:
    found = []
    for item in fields.each("buckets"):
        bound, cumulative = item.number("le"), item.number("count")
        if cumulative is not None:
            found.append((inf if bound is None else bound, cumulative))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Head:
    """What the saver adds: when, what spoke against it, and the client's figures for readers of a history."""

    saved_at: datetime
    forced: tuple[str, ...]
    figures: Mapping[str, float]


def baseline_document(found: Measurement, validation: Mapping[str, Any], head: Head) -> dict[str, Any]:
    """Return the content of a baseline file: the validation's keys first, then ours."""
    return {
        **{key: value for key, value in validation.items() if key not in (BASELINE_KEY, "run", "client", "server")},
        BASELINE_KEY: {
            "schema_version": SCHEMA_VERSION,
            "saved_at": iso_utc(head.saved_at),
            "source": found.name,
            "impl": found.impl,
            "validity": found.validity,
            "synthetic": found.synthetic,
            "partial": found.partial,
            "forced": list(head.forced),
        },
        "run": {
            "started": None if found.at is None else iso_utc(found.at),
            **_parameters(found.parameters),
            "fingerprint": dict(found.fingerprint),
        },
        "client": {**head.figures, "unit_s": found.unit_s, "blocks": [_block(block) for block in found.blocks]},
        "server": {
            "shares": {name: {"events": events, "of": total} for name, (events, total) in found.shares.items()},
            "percentiles": {
                name: {"value": own.value_s, "lower": own.lower_s, "upper": None if own.saturated else own.upper_s}
                for name, own in found.percentiles.items()
            },
            "buckets": [{"le": None if bound == inf else bound, "count": count} for bound, count in found.buckets],
            "rss_mb_max": found.rss_mb_max,
            "cpu_pct": found.cpu_pct,
            "rows": [
                {
                    "number": row.number,
                    "at": None if row.at is None else iso_utc(row.at),
                    "values": {name: value for name, value in row.values.items() if value is not None},
                }
                for row in found.rows
            ],
        },
    }


def _parameters(asked: Parameters) -> dict[str, Any]:
    """Return the plan under the names that metadata.json has, so that one reader serves both."""
    return {
        "kind": asked.kind, "profile": asked.profile, "environment": asked.environment, "base_url": asked.base_url,
        "rate": asked.rate, "rate_per_s": asked.rate_per_s, "planned_requests": asked.planned_requests,
        "concurrency": asked.concurrency, "workers": asked.workers, "duration_seconds": asked.duration_s,
        "interval_seconds": asked.interval_s, "samples": asked.samples,
    }  # fmt: skip


def _block(block: Block) -> dict[str, Any]:
    highest = highest_in_slot(int(block.slots[-1])) if len(block.slots) else 0
    histogram = Histogram(max(_LEAST_RANGE_NS, highest))
    histogram.counts[block.slots] = block.counts
    return {
        "start_s": block.start_s,
        "length_s": block.length_s,
        "ok": block.ok,
        "response": histogram.encode(),
    }
