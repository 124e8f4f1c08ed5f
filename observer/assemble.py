"""Put an observation together from an ObservePlan: profile, source, files, log, schedule."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import SystemClock
from loadgen.core.logs import open_log
from loadgen.core.messages import Sample
from loadgen.core.redact import Secret
from loadgen.core.redis_address import shown_redis
from loadgen.core.rundir import RunDirectory
from observer.binding import Binding
from observer.cardinality import CardinalityGuard
from observer.columns import Reading, source_names
from observer.detect import open_source
from observer.earlier import Earlier
from observer.loop import SEVERAL_HINT, Observation, World
from observer.marks import Marks
from observer.pause import LoopPause
from observer.profile import JUDGED
from observer.profile_file import load_profile
from observer.schedule import Schedule
from observer.source import Access, ObserverError, ScrapeError, parse_header, parse_urls
from observer.writer import RunFiles, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.core.logs import Log
    from loadgen.core.messages import Message, ObservePlan
    from loadgen.core.redact import Redactor
    from observer.profile import Profile
    from observer.redis_watch import RedisWatch
    from observer.source import Scraped, Source


class MetricsUnusable(ObserverError):  # noqa: N818 - a finding about the service, not about us
    """The metrics cannot be used, so nothing is sent."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"the metrics cannot be used: {reason}", remedy)


@dataclass(slots=True)
class Assembly:
    """An observation and what must be closed after it; `detail` is what Ready says about the metrics."""

    observation: Observation
    source: Source
    files: RunFiles
    log: Log
    detail: dict[str, Any]
    redis: RedisWatch | None = None

    async def close(self) -> None:
        await self.source.close()
        if self.redis is not None:
            await self.redis.close()
        await self.files.close()
        await asyncio.to_thread(self.log.close)


def describe(profile: Profile, source: Source, scraped: Scraped) -> dict[str, Any]:
    """Return which series feed each logical metric, what is missing, and what the profile demands.

    `missing` names logical metrics without a source, and the judged metrics that none of them can feed then.
    """
    metrics = source_names(profile, scraped.snapshot)
    unfed = [name for name, feeds in JUDGED.items() if name not in profile.not_applicable and not _fed(feeds, metrics)]
    return {
        "mode": source.mode,
        "scrape_interval_s": source.interval_s,
        "profile": profile.name,
        "metrics": metrics,
        "missing": list(dict.fromkeys([*(name for name, found in metrics.items() if not found), *unfed])),
        "mandatory": list(profile.mandatory),
        "not_applicable": list(profile.not_applicable),
        "bad_lines": scraped.bad_lines,
        "notes": list(scraped.notes),
    }


def _fed(feeds: tuple[str, ...], metrics: Mapping[str, str]) -> bool:
    return any(metrics.get(feed) for feed in feeds)


def access_of(plan: ObservePlan) -> Access:
    """Return how to reach the metrics; raise InputError."""
    return Access(parse_urls(plan.metrics_urls), parse_header(plan.auth_header), plan.ca_pem, plan.verify_tls)


async def assemble(
    plan: ObservePlan, redactor: Redactor, emit: Callable[[Message], None], say: Callable[[str], None] = lambda _: None
) -> Assembly:
    """Check the profile and the metrics with one priming scrape, open the files, and return what is ready to begin.

    `say` gets the line of each sample. Raises InputError, MetricsUnusable or WriteError; nothing is left open then.
    """
    profile = await asyncio.to_thread(load_profile, plan.profile, plan.profile_text)
    schedule = Schedule(plan.interval_ns, plan.samples, plan.probe_ns, plan.scrape_timeout_ns)
    try:
        source, first = await open_source(access_of(plan), Binding(profile), plan.scrape_timeout_ns)
    except ScrapeError as error:
        raise MetricsUnusable(str(error), error.hint) from error
    if first.snapshot.several:
        await source.close()
        raise MetricsUnusable(first.snapshot.several, SEVERAL_HINT)
    place, clock = RunDirectory(Path(plan.out_dir)), SystemClock()
    files = RunFiles(place, redactor)
    try:
        await files.open()
        log = await asyncio.to_thread(_open_log, place, redactor, plan)
    except BaseException:
        await source.close()
        await files.close()
        raise
    redis = _redis_watch(plan, files, log)
    tell = emit if redis is None else _also(redis, emit)
    world = World(source, files, log, clock, LoopPause(clock), tell, say, CardinalityGuard(plan.label_limit))
    reading = Reading(profile, plan.count_cache_miss)
    earlier = Earlier(plan.before, schedule.enter(plan.skip_ns, plan.written)) if plan.skip_ns else None
    observation = Observation(world, schedule, reading, Marks(plan.slo, plan.samples), earlier)
    detail = describe(profile, source, first)
    log.info("observing", mode=source.mode, profile=profile.name, sources=detail["metrics"], missing=detail["missing"])
    for note in first.notes:
        log.warn(note)
    if redis is not None:
        redis.start()
    return Assembly(observation, source, files, log, detail, redis)


def _redis_watch(plan: ObservePlan, files: RunFiles, log: Log) -> RedisWatch | None:
    """Return the watch of the plan's Redis, None where none is asked for; its client is loaded only then."""
    if not plan.redis_url:
        return None
    from observer.redis_link import RedisLink
    from observer.redis_watch import DEADLINE_NS, Means, RedisWatch

    url, clock = Secret(plan.redis_url), SystemClock()
    link = RedisLink(url, DEADLINE_NS)
    return RedisWatch(Means(link, shown_redis(url), files.write_redis, log, clock, LoopPause(clock)))


def _also(redis: RedisWatch, emit: Callable[[Message], None]) -> Callable[[Message], None]:
    """Return what tells of a message and has every sample recorded of Redis too."""

    def tell(message: Message) -> None:
        emit(message)
        if isinstance(message, Sample):
            redis.note(message)

    return tell


def _open_log(place: RunDirectory, redactor: Redactor, plan: ObservePlan) -> Log:
    trace_id = plan.trace_id or None
    try:
        return open_log(place.observe_log, "observer", redactor, correlation_id=plan.run_id, trace_id=trace_id)
    except OSError as error:
        raise WriteError(place.observe_log, error) from error
