"""What the processes of one run say to each other: the body of every message, as primitives.

Laws: every message is one frozen dataclass with a `type`; it holds numbers, texts, lists and dictionaries only, so
that `to_body` and `from_body` are exact inverses. All instants are CLOCK_MONOTONIC nanoseconds of this host.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """Base of all messages; `type` is the word on the wire."""

    type: ClassVar[str] = ""

    def to_body(self) -> Body:
        """Return the fields as a dictionary of primitives."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


# --- from the supervisor to a child -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanMessage(Message):
    """A plan in its JSON form: a LoadPlan for a worker, an ObservePlan for the observer.

    `index` of `count` says which share of the schedule a worker takes (arrivals index, index + count, ...).
    """

    type: ClassVar[str] = "plan"
    plan: Body
    phase: str = "main"
    index: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True)
class Start(Message):
    """Begin at `t0_ns`; for the observer sample k is due at t0_ns + k x interval."""

    type: ClassVar[str] = "start"
    t0_ns: int


@dataclass(frozen=True, slots=True)
class Lease(Message):
    """Permission to send until `until_ns`."""

    type: ClassVar[str] = "lease"
    until_ns: int


@dataclass(frozen=True, slots=True)
class Stop(Message):
    """Start nothing new, let what is in flight end within `drain_ns`, then say `final`."""

    type: ClassVar[str] = "stop"
    drain_ns: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Token(Message):
    """Another bearer token in the place of the plan's, from the next request on; it is a secret."""

    type: ClassVar[str] = "token"
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Abort(Message):
    """Cut everything now, say `final`, exit."""

    type: ClassVar[str] = "abort"


@dataclass(frozen=True, slots=True)
class Scrape(Message):
    """Ask the observer for one scrape now, outside the grid: `label` is `start`, `final` or `end`.

    Where the data is older than the scrape (a Prometheus server's), it waits up to `fresh_ns` for newer data.
    """

    type: ClassVar[str] = "scrape"
    label: str
    fresh_ns: int = 0


@dataclass(frozen=True, slots=True)
class Exit(Message):
    """Nothing more will be asked: leave with exit code 0."""

    type: ClassVar[str] = "exit"


# --- from any child ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """The first message of a child: it lives, holds its death signal and knows its parent."""

    type: ClassVar[str] = "hello"
    pid: int
    role: str


@dataclass(frozen=True, slots=True)
class Ready(Message):
    """The plan is taken: a worker has its connections open and one fold done, the observer one scrape parsed."""

    type: ClassVar[str] = "ready"
    detail: Body = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Log(Message):
    """A line for load.log, written by the supervisor."""

    type: ClassVar[str] = "log"
    level: str
    msg: str
    fields: Body = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Error(Message):
    """The child cannot go on; `remedy` says what the user can do."""

    type: ClassVar[str] = "error"
    msg: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class StopRequested(Message):
    """The child was asked to stop from outside (SIGTERM, stop file): the supervisor ends the run in order."""

    type: ClassVar[str] = "stop_requested"
    reason: str


# --- from a worker ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tick(Message):
    """Cumulative counts of this phase, every 250 ms: what the breaker and the view live on.

    `failed` and `dropped` map outcome labels to counts; `overdue` counts open requests (in flight or waiting) older
    than the timeout; `trailing_failures` counts endings since the last success. `cpu_ns` and `stalls` are this
    worker's own, so far in this phase.
    """

    type: ClassVar[str] = "tick"
    at_ns: int
    scheduled: int
    sent: int
    done: int
    failed: dict[str, int]
    dropped: dict[str, int]
    overdue: int
    in_flight: int
    backlog: int
    trailing_failures: int
    cpu_ns: int = 0
    stalls: int = 0


@dataclass(frozen=True, slots=True)
class Interval(Message):
    """One second of the grid t0 + k x 1 s; each event belongs to the interval of its own time.

    `scheduled` counts by due time, `sent` by sent time, `done`, `failed` and `dropped` by their end. `in_flight` and
    `backlog` are gauges at the interval's end. `histograms` maps a clock (`CLOCKS`, `PHASES`, `endpoint:<name>`) to a
    V2 HDR text of the values whose request ended in it; an empty histogram is left out. `out_of_range` counts values
    beyond a histogram's range by clock.
    """

    type: ClassVar[str] = "interval"
    k: int
    scheduled: int
    sent: int
    done: int
    failed: dict[str, int]
    dropped: dict[str, int]
    in_flight: int
    backlog: int
    histograms: dict[str, str]
    out_of_range: dict[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0
    connects: int = 0


@dataclass(frozen=True, slots=True)
class Final(Message):
    """The end of a phase: totals that equal the sums of the intervals, and how this worker itself fared.

    `totals` has scheduled, sent, done, failed{}, dropped{}, in_flight (cut off), unsent, out_of_range{}, bytes_in,
    bytes_out, connects, endpoints{name: {sent, done, failed}}, lookups{origin: n} and addresses{origin: {answers,
    connections, requests}}, each by address. `host` has cpu_ns, wall_ns, gc_pauses, gc_ns, gc_max_ns, stalls,
    stall_max_ns, suspended_ns, missed, throttled_ns, descriptors, descriptor_limit, ports (held by connections to the
    busiest destination), port_limit, and how evenly it sent: gap_squares (sum of the squared gap errors, ns^2) over
    so many gaps, beside gap_ideal_ns of its
    share. kernel says which hot path it had, compiled or python.
    """

    type: ClassVar[str] = "final"
    totals: Body
    host: Body = field(default_factory=dict)


CLOCKS = ("response", "response_ok", "service", "lag", "wait")
"""Clock names: done-due of all requests, of successes; done-sent; our own lag; the wait for a connection."""

PHASES = ("connect", "tls", "first_byte", "transfer")
"""Parts of a request: a connection's opening and its TLS handshake; sent to first byte; first byte to complete.

An answer that came in one read has a transfer of 0, which histograms hold in their lowest bucket.
"""


# --- from the observer ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sample(Message):
    """One row of metrics.csv, after it is safely on disk.

    `row` maps the 41 column names to their texts as written. `window` is the reset-safe account since sample 0 (see
    `observer`), or None while sample 0 is missing. `label` is `start`, `end` or empty for a row of the grid; `start`
    and `end` have no row. `synthetic` names the synthetic scenarios that were in force so far.
    """

    type: ClassVar[str] = "sample"
    number: int
    label: str
    at_ns: int
    ok: bool
    row: dict[str, str]
    window: Body | None
    notes: list[str] = field(default_factory=list)
    counters: Body = field(default_factory=dict)
    synthetic: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Probe(Message):
    """One fast scrape for the breaker.

    The totals are reset-safe and cumulative since the first probe of the run; None where the profile or the page has
    no such metric. `degraded` is true degradations (raw minus cache_miss), `raw` includes misses. A probe with `ok`
    False has only `error`. `restarted` says that a reset was seen since the last probe; `available` is the probe's
    own share for availability.
    """

    type: ClassVar[str] = "probe"
    at_ns: int
    took_ns: int
    ok: bool
    error: str = ""
    requests: float | None = None
    errors_4xx: float | None = None
    errors_5xx: float | None = None
    raw: float | None = None
    degraded: float | None = None
    effective: float | None = None
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class ObserverFinal(Message):
    """The observer's account at its end: availability (scrapes and probes that succeeded), restarts, notes."""

    type: ClassVar[str] = "observer_final"
    summary: Body


ALL: tuple[type[Message], ...] = (
    PlanMessage, Start, Lease, Stop, Token, Abort, Scrape, Exit, Hello, Ready, Log, Error, StopRequested,
    Tick, Interval, Final, Sample, Probe, ObserverFinal,
)  # fmt: skip
_BY_TYPE = {message.type: message for message in ALL}


def from_body(kind: str, body: Body) -> Message:
    """Build the message of a type from its body; raise ValueError for an unknown type, a missing or a foreign field."""
    message = _BY_TYPE.get(kind)
    if message is None:
        raise ValueError(f"unknown message type {kind!r}")
    try:
        return message(**body)
    except TypeError as error:
        raise ValueError(f"message {kind!r} does not fit: {error}") from error


@dataclass(frozen=True, slots=True)
class ObservePlan:
    """What the observer is asked to do; primitives only, since it travels as JSON.

    `metrics_urls` may be exposition endpoints or one Prometheus base URL. `auth_header` is `Name: value` or empty.
    `samples` 0 means until stopped. `probe_ns` 0 means no probes. `out_dir` is where metrics.csv, raw-metrics.txt and
    observe.log go. `profile` names a bundled profile or is a path; `profile_text`, if not empty, is its TOML.
    `slo` maps names of `loadgen.core.slo` to targets, for the marks of observe.log; empty means no marks.
    A label with more than `label_limit` distinct values is warned of.
    `redis_url`, if not empty, is a Redis to watch, into redis.jsonl.
    A run that goes on after a break enters the grid `skip_ns` after its beginning: sample k is then due at
    t0 + k x interval - skip_ns, and `written` rows are there. `before` is the window of the part before the break.
    `trace_id` stands in every line of observe.log.
    """

    metrics_urls: list[str]
    interval_ns: int
    samples: int
    out_dir: str
    run_id: str
    profile: str = "metasheet"
    profile_text: str = ""
    auth_header: str = ""
    probe_ns: int = 5_000_000_000
    scrape_timeout_ns: int = 5_000_000_000
    count_cache_miss: bool = False
    ca_pem: str = ""
    verify_tls: bool = True
    secrets: list[str] = field(default_factory=list)
    slo: dict[str, float] = field(default_factory=dict)
    label_limit: int = 50
    skip_ns: int = 0
    written: int = 0
    before: Body | None = None
    redis_url: str = ""
    trace_id: str = ""

    def to_body(self) -> Body:
        return {item.name: getattr(self, item.name) for item in fields(self)}
