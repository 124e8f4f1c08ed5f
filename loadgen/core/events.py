"""What a run tells those who watch it: events for the record, progress for the eye.

Laws: both are frozen values; an event is also one line of events.jsonl; a view never blocks the run and never
answers it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from loadgen.core.clock import iso_utc
from loadgen.core.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path


class EventName(StrEnum):
    """The kinds of events, as they stand in events.jsonl.

    PHASE a phase begins; SAMPLE a row of metrics.csv; BREAKER an input armed, unarmed or tripped; VALIDITY the
    generator's own state changed; GAP something was not measured; DECISION the run chose to stop, abort or fail;
    PROBE a failed fast scrape; NOTE anything else worth a line; END the last event of a run.
    """

    PHASE = "phase"
    SAMPLE = "sample"
    BREAKER = "breaker"
    VALIDITY = "validity"
    GAP = "gap"
    DECISION = "decision"
    PROBE = "probe"
    NOTE = "note"
    END = "end"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened once; `at_ns` counts from t0 of the load, None before it is known."""

    name: EventName
    at_ns: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_line(self, wall: datetime) -> bytes:
        """Return the line of events.jsonl, newline included: ts, t_s (None before t0), event, then the data."""
        seconds = None if self.at_ns is None else round(self.at_ns / NS_PER_S, 3)
        body = {"ts": iso_utc(wall), "t_s": seconds, "event": self.name.value, **self.data}
        return orjson.dumps(body, default=str, option=orjson.OPT_APPEND_NEWLINE)


class InputLine(StrEnum):
    """State of a breaker input as shown: see `Progress.breaker`."""

    ARMED = "ARMED"
    UNARMED = "UNARMED"
    TRIPPED = "TRIPPED"


@dataclass(frozen=True, slots=True)
class BreakerLine:
    """One breaker input for a view: `value` and `threshold` are ratios, None where there is no figure."""

    name: str
    state: InputLine
    value: float | None
    threshold: float | None


LATENCY_BOUNDS_NS = tuple(
    milliseconds * NS_PER_MS // 10
    for milliseconds in (
        10, 25, 50, 100, 250, 500, 750, 1_000, 1_500, 2_500, 5_000, 7_500, 10_000, 25_000, 50_000, 75_000, 100_000
    )
)  # fmt: skip
"""Upper bounds of the buckets of `Latencies`: 1 ms to 10 s, the usual objectives of 150 and 250 ms among them."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Response times of a phase so far: how many lie within each of LATENCY_BOUNDS_NS, how many in all, their sum."""

    within: tuple[int, ...] = (0,) * len(LATENCY_BOUNDS_NS)
    count: int = 0
    sum_ns: int = 0


@dataclass(frozen=True, slots=True)
class Generator:
    """How the generator fares: `cpu_ns` and `stalls` of its workers in this phase, how late its supervisor woke."""

    workers: int = 0
    cpu_ns: int = 0
    stalls: int = 0
    loop_late_ns: int = 0


@dataclass(frozen=True, slots=True)
class Watching:
    """The observer's probes and samples of the whole run so far; `last_probe_ns` is how long the newest probe took."""

    probes: int = 0
    failed_probes: int = 0
    probes_ns: int = 0
    last_probe_ns: int | None = None
    failed_samples: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run at one instant: counts are cumulative for the phase, times in ns.

    `scheduled` counts requests due so far; `target_rate_per_s` is what the schedule asks now (None for a
    closed load), `achieved_rate_per_s` what was sent in the last second. The percentiles are response times so far,
    None while there is none.
    `sample` of `samples` rows are written, the next is due in `next_sample_ns` (None without an observer).
    `validity` is VALID, DEGRADED or INVALID with its first reason.
    """

    phase: str
    elapsed_ns: int
    total_ns: int
    scheduled: int = 0
    sent: int = 0
    done: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    in_flight: int = 0
    backlog: int = 0
    target_rate_per_s: float | None = 0.0
    achieved_rate_per_s: float = 0.0
    p50_ns: int | None = None
    p95_ns: int | None = None
    p99_ns: int | None = None
    max_ns: int | None = None
    lag_p99_ns: int | None = None
    breaker: tuple[BreakerLine, ...] = ()
    sample: int = 0
    samples: int = 0
    next_sample_ns: int | None = None
    validity: str = "VALID"
    latencies: Latencies = Latencies()
    generator: Generator = Generator()
    watching: Watching = Watching()


class View(Protocol):
    """Shows a run. No method blocks: frames may be dropped, so may events beyond a bound, and the loss is shown."""

    def progress(self, progress: Progress) -> None: ...

    def event(self, event: Event) -> None: ...

    def close(self) -> None: ...


class NoView:
    """Shows nothing: for --quiet, --json and tests."""

    def progress(self, progress: Progress) -> None:
        """Ignore it."""

    def event(self, event: Event) -> None:
        """Ignore it."""

    def close(self) -> None:
        """Have nothing to release."""


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of an events.jsonl; a truncated or foreign line is passed over, a missing file is empty."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(value, dict):
                yield value
