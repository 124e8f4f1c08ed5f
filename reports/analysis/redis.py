"""What a run says of Redis: as it was watched, and as the service counts its own operations on it.

Laws: counters are summed over their differences, so that a server that began anew loses nothing but what it forgot;
percentiles come from added histograms; what nobody saw is None.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from loadgen.core.histogram import Histogram, least_values
from loadgen.core.units import NS_PER_S
from reports.analysis.quantile import bounds_of
from reports.analysis.synthetic import REDIS_FAMILY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.model.redis import Glance
    from reports.model.run import Run
    from reports.model.server import Operation, ServerWindow

GAUGES = (
    "connected_clients", "blocked_clients", "used_memory_bytes", "entries", "entries_that_expire", "ops_per_s",
    "connected_replicas", "last_fork_us",
)  # fmt: skip
COUNTERS = (
    "commands", "hits", "misses", "evictions", "expirations", "connections_received", "rejected_connections",
    "error_replies", "delayed_fsyncs",
)  # fmt: skip
PERCENTILES = (50.0, 95.0, 99.0)
START = "start"
"""The label of the record before the load."""

_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure that goes up and down: at the first and the last look that tells it, and the highest of all."""

    name: str
    first: float | None
    last: float | None
    highest: float | None


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The PINGs of the run; a percentile is None where too few have a time for it."""

    sent: int
    answered: int
    timeouts: int
    failed: int
    disturbed: int
    held_up: int
    percentiles_s: tuple[float | None, ...]
    max_s: float | None


@dataclass(frozen=True, slots=True)
class SlowCommands:
    """What the slow log gained; `by_command` and the slowest are of the entries that were seen."""

    new: int
    by_command: tuple[tuple[str, int], ...]
    slowest_s: float | None
    slowest_command: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of the server itself.

    `restarts` counts how often the server was another process than before; `slow` and `events_ms` are None where it
    never told them; `saving_looks` counts the looks at which it was busy with persistence.
    """

    address: str
    server: str
    role: str
    looks: int
    failed_looks: int
    troubles: tuple[str, ...]
    ping: RoundTrip
    reconnects: int
    restarts: int
    slow: SlowCommands | None
    events_ms: tuple[tuple[str, float], ...] | None
    hit_pct: float | None
    saving_looks: int | None
    persistence_trouble: tuple[str, ...]
    gauges: tuple[Gauge, ...]
    gained: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True, slots=True)
class OperationLine:
    """The service's own times of one operation on Redis."""

    name: str
    count: float
    percentiles_s: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """What the service counts of its Redis; `failed_ever` is None where that is unknown."""

    operations: tuple[OperationLine, ...]
    recovered: float | None
    not_recovered: float | None
    timeouts: float | None
    timeout_pct: float | None
    failed_ever: bool | None
    last_failure_age_s: float | None


@dataclass(frozen=True, slots=True)
class RedisView:
    """Both sides; `watched` is None where nobody looked."""

    watched: Watched | None
    served: Served


def redis_view(run: Run, window: ServerWindow | None) -> RedisView | None:
    """Return what is known of Redis; None where none was watched and the service never used one."""
    lines = _operations(window)
    if not run.redis and not lines:
        return None
    return RedisView(_watched(run.redis) if run.redis else None, _served(run, window, lines))


def _operations(window: ServerWindow | None) -> tuple[Operation, ...]:
    found = () if window is None else window.operations
    return tuple(item for item in found if item.metric == REDIS_FAMILY and item.count > 0)


def _served(run: Run, window: ServerWindow | None, found: Sequence[Operation]) -> Served:
    lines = tuple(
        OperationLine(
            item.labels.get("op", item.name).upper(),
            item.count,
            tuple(None if (at := bounds_of(item.buckets, q)) is None else at.value_s for q in PERCENTILES),
        )
        for item in sorted(found, key=lambda item: item.name)
    )
    if window is None:
        return Served(lines, None, None, None, None, None, None)
    tried, failed_s = sum(line.count for line in lines), window.redis_last_failure_s
    age_s = run.ended.timestamp() - failed_s if run.ended is not None and failed_s else None
    return Served(
        operations=lines,
        recovered=window.redis_recovery_success,
        not_recovered=window.redis_recovery_failure,
        timeouts=window.redis_timeouts,
        timeout_pct=None if window.redis_timeouts is None or not tried else 100 * window.redis_timeouts / tried,
        failed_ever=None if failed_s is None else failed_s > 0,
        last_failure_age_s=None if age_s is None else max(0.0, age_s),
    )


def _watched(glances: Sequence[Glance]) -> Watched:
    """Join the records; what came before the load is left out of what is counted."""
    counted = [glance for glance in glances if glance.label != START]
    good = [glance for glance in glances if glance.ok]
    newest = good[-1].texts if good else {}
    gained = {name: gained_of(glances, name) for name in COUNTERS}
    return Watched(
        address=glances[0].address,
        server=newest.get("server", ""),
        role=newest.get("role", ""),
        looks=len(glances),
        failed_looks=len(glances) - len(good),
        troubles=tuple(dict.fromkeys(glance.trouble for glance in glances if glance.trouble)),
        ping=_round_trip(counted),
        reconnects=sum(glance.reconnects for glance in counted),
        restarts=sum(before != after for before, after in pairwise(_processes(good))),
        slow=_slow(counted),
        events_ms=_events(good),
        hit_pct=_share(gained["hits"], gained["misses"]),
        saving_looks=_busy(good),
        persistence_trouble=_persistence(good),
        gauges=tuple(_gauge(good, name) for name in GAUGES),
        gained=tuple(gained.items()),
    )


def _processes(good: Sequence[Glance]) -> list[str]:
    return [glance.texts["run_id"] for glance in good if "run_id" in glance.texts]


def _round_trip(counted: Sequence[Glance]) -> RoundTrip:
    times, pings = _times(counted), [glance.pings for glance in counted]
    return RoundTrip(
        sent=sum(one.sent for one in pings),
        answered=sum(one.answered for one in pings),
        timeouts=sum(one.timeouts for one in pings),
        failed=sum(one.failed for one in pings),
        disturbed=sum(one.disturbed for one in pings),
        held_up=sum(one.held_up for one in pings),
        percentiles_s=tuple(_percentile_s(times, q) for q in PERCENTILES),
        max_s=times.max_ns / NS_PER_S if times else None,
    )


def _percentile_s(times: Histogram | None, q: float) -> float | None:
    return None if times is None or times.total < least_values(q) else times.percentile(q) / NS_PER_S


def _slow(counted: Sequence[Glance]) -> SlowCommands | None:
    told = [glance.slow for glance in counted if glance.slow is not None]
    if not told:
        return None
    by_command: Counter[str] = Counter()
    for one in told:
        by_command.update(one.by_command)
    timed = [(one.slowest_us, one.slowest_command) for one in told if one.slowest_us is not None]
    slowest_us, command = max(timed, default=(None, ""))
    return SlowCommands(
        new=sum(one.new for one in told),
        by_command=tuple(sorted(by_command.items(), key=lambda item: (-item[1], item[0]))),
        slowest_s=None if slowest_us is None else slowest_us / _US_PER_S,
        slowest_command=command,
    )


def _times(glances: Sequence[Glance]) -> Histogram | None:
    total: Histogram | None = None
    for glance in glances:
        times = glance.pings.times
        if times is not None:
            total = total or Histogram(max(times.range_ns, 60 * NS_PER_S))
            total.add(times)
    return total if total is not None and total.total else None


def gained_of(glances: Sequence[Glance], name: str) -> float | None:
    """Return how far a counter came; None where fewer than two looks tell it.

    After a restart, or a fall, it began at 0 again. What an interrupted run missed is not counted.
    """
    known = [glance for glance in glances if name in glance.figures]
    if len(known) < 2:
        return None
    total = 0.0
    for before, after in pairwise(known):
        if after.label == START:
            continue
        was, now = before.figures[name], after.figures[name]
        anew = now < was or len(set(_processes((before, after)))) > 1
        total += now if anew else now - was
    return total


def _gauge(good: Sequence[Glance], name: str) -> Gauge:
    values = [glance.figures[name] for glance in good if name in glance.figures]
    if not values:
        return Gauge(name, None, None, None)
    return Gauge(name, values[0], values[-1], max(values))


def _events(good: Sequence[Glance]) -> tuple[tuple[str, float], ...] | None:
    """Return the highest delay of each event that the server's latency monitor kept; None where it told nothing."""
    told = [glance.events for glance in good if glance.events is not None]
    highest: dict[str, float] = {}
    for events in told:
        for name, value in events.items():
            highest[name] = max(value, highest.get(name, 0.0))
    return tuple(sorted(highest.items())) if told else None


def _share(hits: float | None, misses: float | None) -> float | None:
    return None if hits is None or misses is None or not hits + misses else 100 * hits / (hits + misses)


def _busy(good: Sequence[Glance]) -> int | None:
    """Return at how many looks a snapshot was being saved or the log rewritten."""
    told = [glance for glance in good if "saving" in glance.texts]
    return sum("True" in (glance.texts["saving"], glance.texts.get("rewriting")) for glance in told) if told else None


def _persistence(good: Sequence[Glance]) -> tuple[str, ...]:
    """Return what of persistence went wrong, as the server says it."""
    names = {"last_save": "the last save", "last_append": "the last write of the append-only file"}
    found = {
        f"{title}: {glance.texts[name]}": None
        for glance in good
        for name, title in names.items()
        if glance.texts.get(name, "ok") != "ok"
    }
    return tuple(found)
