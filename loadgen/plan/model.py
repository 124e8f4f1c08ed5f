"""The Plan: what is asked for, frozen, without behaviour.

Laws: every quantity carries its unit; alternatives are enums, not pairs of booleans; secrets are `Secret`.
A `LoadPlan` is all that a worker needs; a `Plan` is all that a run needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from loadgen.core.expectation import Expectation  # noqa: TC001 - the codec resolves annotations at run time
from loadgen.core.feeder import Feeder  # noqa: TC001
from loadgen.core.redact import Secret  # noqa: TC001 - the codec resolves annotations at run time
from loadgen.core.shape import Arrival as Arrival
from loadgen.core.shape import Closed as Closed
from loadgen.core.shape import Replay as Replay
from loadgen.core.shape import Stage as Stage
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.plan.connection import DIRECT
from loadgen.plan.connection import Route as Route
from loadgen.plan.connection import TokenSource as TokenSource


class Profile(Enum):
    """Where load goes, and so how careful we are."""

    DEV = "dev"
    STAGING = "staging"
    PRODUCTION = "production"


class Kind(Enum):
    """What a run is for; shown in metadata and reports."""

    RUN = "run"
    BASELINE = "baseline"
    EXTENDED = "extended"
    FALLBACK_SCENARIO = "fallback-scenario"
    WARMUP = "warmup"
    CAPACITY = "capacity"


class Late(Enum):
    """What happens to a request that is due while every connection is busy.

    QUEUE keeps it, up to rate x timeout requests; DROP ends it at once as `dropped_late`.
    """

    QUEUE = "queue"
    DROP = "drop"


class Pacing(Enum):
    """PRECISE wakes at each due time; BALANCED lets wake-ups merge where arrivals are dense, to save CPU."""

    PRECISE = "precise"
    BALANCED = "balanced"


class AddressFamily(Enum):
    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


@dataclass(frozen=True, slots=True)
class Header:
    """One request header; a value that is a Secret is revealed only into the request's bytes."""

    name: str
    value: Secret | str


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of request: `weight` parts of the mix go to it.

    `url` is absolute (http or https, no userinfo, no fragment). `expected` lists the status classes (1 to 5) that
    count as success. `expected_given` says that the user listed them, so that preflight leaves them as they are. A
    `templated` target has `${...}` fields in its path, query, headers or body. `expect` are rules for its answers
    beside the status class; at most `follow` redirects are followed; with `cookies` each connection keeps its own.
    """

    name: str
    url: str
    method: str = "GET"
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    weight: int = 1
    expected: tuple[int, ...] = (2, 3)
    expected_given: bool = False
    templated: bool = False
    expect: tuple[Expectation, ...] = ()
    follow: int = 0
    cookies: bool = False


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS material as bytes; empty means the system's authorities and no client certificate.

    `key_password` opens an encrypted key.
    """

    ca_pem: bytes = b""
    cert_pem: bytes = b""
    key_pem: Secret | None = None
    verify: bool = True
    key_password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a load: all durations in ns.

    `timeout_ns` counts from sent; `grace_ns` is what in-flight requests get after a trip; `drain_ns` after an orderly
    end; `catch_up` is the highest multiple of the rate in any second after a stall (0 = unlimited);
    `connection_life_ns` is the age at which connections are replaced, staggered.
    """

    timeout_ns: int = 5 * NS_PER_S
    grace_ns: int = 2 * NS_PER_S
    drain_ns: int = 10 * NS_PER_S
    late: Late = Late.QUEUE
    catch_up: int = 0
    connection_life_ns: int = 300 * NS_PER_S


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """One load phase, complete for the workers.

    `concurrency` connections are shared among `workers` processes. `resolve` overrides addresses by host:port.
    `requests` is the exact number of arrivals where one was asked for; the stages are long enough for it. A `closed`
    load has one stage of rate 0, which says when it ends, a `replay` has one of its mean rate, and its targets are
    groups of requests. `skip_ns` enters the schedule at that offset, as a run that goes on after a break does.
    `feeders` fill the targets' fields; `first_index` requests came before, in the warm-up.
    `bearer` is the token whose Authorization the targets have where it is renewed during the run. Requests carry the
    `run_id`, where there is one, so that the service's operators know whose they are.
    """

    stages: tuple[Stage, ...]
    targets: tuple[Target, ...]
    concurrency: int = 20
    workers: int = 1
    limits: Limits = Limits()
    tls: Tls = Tls()
    family: AddressFamily = AddressFamily.ANY
    resolve: tuple[tuple[str, str], ...] = ()
    route: Route = DIRECT
    bearer: Secret | None = None
    pacing: Pacing = Pacing.BALANCED
    seed: int = 1
    requests: int | None = None
    arrival: Arrival = Arrival.CONSTANT
    closed: Closed | None = None
    replay: Replay | None = None
    skip_ns: int = 0
    feeders: tuple[Feeder, ...] = ()
    first_index: int = 0
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the observer watches: `samples` rows, one every `interval_ns`; a Redis beside the service where given."""

    metrics_urls: tuple[str, ...]
    interval_ns: int = 600 * NS_PER_S
    samples: int = 12
    metric_profile: str = "metasheet"
    auth_header: Secret | None = None
    probe_ns: int = 5 * NS_PER_S
    count_cache_miss: bool = False
    redis_url: Secret | None = None


@dataclass(frozen=True, slots=True)
class Exercise:
    """What is exercised: the plugin that is reloaded, and how many values are written to the cache and read back."""

    plugin: str = "example-plugin"
    cache_pairs: int = 0


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """Thresholds and rules of the breaker; the arithmetic is in `loadgen.run.breaker`.

    An `unarmed` input is named client, error_rate, effective_fallback or blind and was allowed to be so.
    """

    error_rate: float = 0.02
    effective_fallback: float = 0.08
    server_errors: str = "4xx+5xx"
    count_misses: bool = False
    allow_blind: bool = False
    allow_unarmed: tuple[str, ...] = ()
    enabled: bool = True
    client_window_ns: int = 10 * NS_PER_S
    server_window_ns: int = 30 * NS_PER_S
    evaluate_ns: int = 500 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class Plan:
    """One whole run.

    `environment` is the label on reports (production, staging, ...). `slo` maps the names of
    `loadgen.core.slo` to targets. `base_url` has no userinfo. `warmup` comes before, recorded apart. `exercise` asks
    for plugin, snapshot and cache operations during the run, `exercised` says which, `after_trip` names the tripped
    run that it may follow, `notes` are sentences for the user and for metadata, `scenario` is the name of the plan
    file's scenario. `issuer` says where `jwt` comes from and is renewed.
    """

    kind: Kind
    profile: Profile
    environment: str
    base_url: str
    load: LoadPlan
    warmup: LoadPlan | None = None
    observation: Observation | None = None
    breaker: BreakerLimits = BreakerLimits()
    slo: tuple[tuple[str, float], ...] = ()
    jwt: Secret | None = None
    issuer: TokenSource | None = None
    secrets: tuple[Secret, ...] = ()
    exercise: bool = False
    exercised: Exercise = Exercise()
    after_trip: str = ""
    notes: tuple[str, ...] = ()
    scenario: str = ""
