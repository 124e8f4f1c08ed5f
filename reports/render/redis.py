"""Redis, as it was watched and as the service counts its own operations on it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reports.analysis.quantity import NA, Unit, count, duration, plural, show
from reports.analysis.redis import PERCENTILES
from reports.render.blocks import bullets, code, paragraph, plain, section, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.analysis.assessment import Assessment
    from reports.analysis.redis import Gauge, RedisView, Served, SlowCommands, Watched
    from reports.render.blocks import Block, Section

_BYTES_PER_MB = 1_048_576
_MS_PER_S = 1_000
_US_PER_S = 1_000_000
_GAUGES = {
    "connected_clients": "Connected clients",
    "blocked_clients": "Blocked clients",
    "used_memory_bytes": "Memory",
    "entries": "Keys",
    "entries_that_expire": "Keys that expire",
    "ops_per_s": "Operations per second",
    "connected_replicas": "Connected replicas",
    "last_fork_us": "Last fork",
}
_COUNTERS = {
    "commands": "Commands",
    "hits": "Key hits",
    "misses": "Key misses",
    "evictions": "Evictions",
    "expirations": "Expirations",
    "connections_received": "Connections received",
    "rejected_connections": "Connections rejected",
    "error_replies": "Error replies",
    "delayed_fsyncs": "Delayed fsyncs",
}


def redis(assessment: Assessment) -> list[Section]:
    """Return the section; none where no Redis was watched and the service used none."""
    view = assessment.redis
    if view is None:
        return []
    return section("Redis", _watched(view), _served(view.served))


def _watched(view: RedisView) -> list[Block]:
    found = view.watched
    if found is None:
        return paragraph("Nobody watched the server itself (`--watch-redis`); these are the service's own figures.")
    what = f"{plain(found.server) or 'version NA'}, role {plain(found.role) or NA}"
    gauges = [_gauge_row(gauge) for gauge in found.gauges]
    gained = [(_COUNTERS[name], count(value)) for name, value in found.gained]
    return [
        *paragraph(
            f"Watched at {code(found.address)}: {what}. Whether it is the one that the service uses cannot be known."
        ),
        *bullets(_facts(found)),
        *table(("Gauge", "First", "Last", "Highest"), gauges, right=range(1, 4)),
        *table(("Counter", "Over the run"), gained, right=(1,)),
    ]


def _facts(found: Watched) -> Iterator[str]:
    ping = found.ping
    none = NA if ping.max_s is None else "too few"
    p50, p95, p99 = (none if value is None else show(value, Unit.SECONDS) for value in ping.percentiles_s)
    yield f"PING round trip: p50 {p50}, p95 {p95}, p99 {p99}, max {show(ping.max_s, Unit.SECONDS)}"
    yield (
        f"PINGs: {count(ping.sent)} sent, {count(ping.answered)} answered, {count(ping.timeouts)} timed out, "
        f"{count(ping.failed)} without a connection or refused, {count(ping.disturbed)} left out (observer busy), "
        f"{count(ping.held_up)} held up by the one before"
    )
    yield f"Looks: {count(found.looks)}, of which {count(found.failed_looks)} failed"
    yield from (f"No answer: {plain(trouble)}" for trouble in found.troubles)
    yield f"Reconnects: {count(found.reconnects)}; restarts of the server: {count(found.restarts)}"
    yield f"Slow log: {_slow(found.slow)}"
    yield f"Hit rate of its keys: {show(found.hit_pct, Unit.PERCENT)}"
    yield f"Latency events: {_events(found)}"
    busy = NA if found.saving_looks is None else f"at work at {plural(found.saving_looks, 'look')}"
    yield f"Persistence: {'; '.join((busy, *map(plain, found.persistence_trouble)))}"


def _events(found: Watched) -> str:
    if found.events_ms is None:
        return NA
    shown = (f"{code(name)} up to {show(value / _MS_PER_S, Unit.SECONDS)}" for name, value in found.events_ms)
    return ", ".join(shown) or "none kept"


def _slow(slow: SlowCommands | None) -> str:
    if slow is None:
        return NA
    parts = [f"{count(slow.new)} new"]
    if slow.slowest_s is not None:
        parts.append(f"the slowest, {code(slow.slowest_command)}, took {show(slow.slowest_s, Unit.SECONDS)}")
    if slow.by_command:
        parts.append(", ".join(f"{code(name)} {count(number)}" for name, number in slow.by_command))
    return "; ".join(parts)


def _gauge_row(gauge: Gauge) -> tuple[str, ...]:
    return _GAUGES[gauge.name], *(_shown(gauge.name, value) for value in (gauge.first, gauge.last, gauge.highest))


def _shown(name: str, value: float | None) -> str:
    if value is not None and name == "used_memory_bytes":
        return show(value / _BYTES_PER_MB, Unit.MEGABYTES)
    if value is not None and name == "last_fork_us":
        return show(value / _US_PER_S, Unit.SECONDS)
    return count(value)


def _served(served: Served) -> list[Block]:
    rows = [
        (line.name, count(line.count), *(show(value, Unit.SECONDS) for value in line.percentiles_s))
        for line in served.operations
    ]
    facts = [
        f"Recovery attempts counted by the service: {count(served.recovered)} succeeded, "
        f"{count(served.not_recovered)} failed",
        f"Timeouts: {count(served.timeouts)} ({show(served.timeout_pct, Unit.PERCENT)} of its operations)",
        f"Last failure: {_last_failure(served)}",
    ]
    return [
        *table(("Operation of the service", "Count", "p50", "p95", "p99"), rows, right=range(1, 5)),
        *bullets(facts),
    ]


def _last_failure(served: Served) -> str:
    if served.failed_ever is None:
        return NA
    return f"{duration(served.last_failure_age_s)} before the end" if served.failed_ever else "never"


def redis_body(view: RedisView) -> dict[str, Any]:
    """Return the same for machines, unrounded, in the units that the keys name; what is unknown is null."""
    watched, served = view.watched, view.served
    return {
        "watched": None if watched is None else _watched_body(watched),
        "service": {
            **asdict(served),
            "operations": {
                line.name: {"count": line.count, **_named(line.percentiles_s)} for line in served.operations
            },
        },
    }


def _watched_body(watched: Watched) -> dict[str, Any]:
    ping, slow = asdict(watched.ping), watched.slow
    del ping["percentiles_s"]
    return {
        **asdict(watched),
        "ping": {**ping, **_named(watched.ping.percentiles_s)},
        "slow": None if slow is None else {**asdict(slow), "by_command": dict(slow.by_command)},
        "events_ms": None if watched.events_ms is None else dict(watched.events_ms),
        "gauges": {one.name: {"first": one.first, "last": one.last, "highest": one.highest} for one in watched.gauges},
        "gained": dict(watched.gained),
    }


def _named(percentiles_s: Sequence[float | None]) -> dict[str, float | None]:
    return {f"p{q:g}_s": value for q, value in zip(PERCENTILES, percentiles_s, strict=True)}
