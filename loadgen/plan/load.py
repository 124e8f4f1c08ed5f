"""From settings to a Plan.

Law: a Plan is built only from settings that break no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from loadgen.core.config import Settings, env_file_for, read_settings
from loadgen.core.errors import InputError, Problem
from loadgen.core.redact import Secret
from loadgen.plan import kinds
from loadgen.plan.exercise import exercise_of, unread_counts
from loadgen.plan.mix import below, build_targets
from loadgen.plan.model import (
    AddressFamily,
    Arrival,
    BreakerLimits,
    Closed,
    Kind,
    Late,
    Limits,
    LoadPlan,
    Observation,
    Pacing,
    Plan,
    Profile,
    Stage,
    Target,
    Tls,
)
from loadgen.plan.processors import usable_processors
from loadgen.plan.replay import replayed_by
from loadgen.plan.route import route_of, token_of
from loadgen.plan.shape import peak, stages_of
from loadgen.plan.token import PENDING
from loadgen.plan.validate import check

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loadgen.plan.replay import Replayed

_RATE_PER_WORKER_S = 20_000
_CONNECTIONS_PER_WORKER = 4
_PRODUCTION_CATCH_UP = 2


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where settings are read besides flags.

    `directory` is where the profile's own env file is looked for when `env_file` names none.
    """

    environ: Mapping[str, str] = field(repr=False)
    directory: Path
    env_file: Path | None = None
    plan_file: Path | None = None
    scenario: str | None = None


def load_plan(
    kind: Kind, profile: str | None, flags: Mapping[str, object], inputs: Inputs, *, processors: int | None = None
) -> tuple[Settings, Plan]:
    """Read every source and build the plan of a run.

    Raises InputError with all problems: of single values, of combinations, and of where load may go.
    """
    env_file = inputs.env_file or env_file_for(profile, inputs.directory)
    settings, problems = read_settings(profile, flags, inputs.environ, env_file, inputs.plan_file, inputs.scenario)
    named = {problem.key for problem in problems}
    if settings.label("base_url") in named:
        named.add("URL")  # one that cannot be read is not missing
    problems += [problem for problem in check(settings, kind) if problem.key not in named]
    problems += unread_counts(settings, inputs.environ)
    if problems:
        raise InputError(problems)
    return settings, build_plan(settings, kind, processors=processors)


def build_plan(settings: Settings, kind: Kind, *, processors: int | None = None) -> Plan:
    """Build the plan of a run from settings; `processors` are those of this process unless given.

    Raises InputError with every rule of `loadgen.plan.validate` that the settings break.
    """
    problems = check(settings, kind)
    if problems or settings.base_url is None:
        raise InputError(problems or [Problem("LOAD_BASE_URL", None, "missing")])
    base_url = settings.base_url
    replayed = replayed_by(settings, base_url) if kind is Kind.RUN else None
    targets = build_targets(replace(settings, endpoints=replayed.endpoints) if replayed else settings, base_url)
    main, warmup = _phases(settings, kind, targets, processors or usable_processors(), replayed)
    return Plan(
        kind=kind,
        profile=Profile(settings.profile),
        environment=settings.environment,
        base_url=base_url,
        load=main,
        warmup=warmup,
        observation=_observation(settings, kind, base_url) if kinds.watched(settings, kind) else None,
        breaker=_breaker(settings),
        slo=settings.slo.to_pairs(),
        jwt=settings.jwt,
        issuer=token_of(settings),
        secrets=_all_secrets(settings, targets),
        exercise=kinds.observed(kind) and (settings.exercise or settings.demo),
        exercised=exercise_of(settings),
        after_trip=settings.after_trip,
        scenario=settings.scenario,
        notes=(*settings.notices, *(() if replayed is None else replayed.notes)),
    )


def default_workers(rate_per_s: float, concurrency: int, processors: int) -> int:
    """Return min(processors, ⌈rate / 20,000⌉, concurrency / 4), at least 1.

    Splitting connections among workers changes the pool wait that is judged, so there is one worker until the rate
    needs more.
    """
    by_rate = max(1, -int(-rate_per_s // _RATE_PER_WORKER_S))
    return min(max(1, processors), by_rate, max(1, concurrency // _CONNECTIONS_PER_WORKER))


def _phases(
    settings: Settings, kind: Kind, targets: tuple[Target, ...], processors: int, replayed: Replayed | None
) -> tuple[LoadPlan, LoadPlan | None]:
    warmup_stage = Stage(kinds.warmup_rate(settings, kind), kinds.warmup_ns(settings, kind))
    warmup_connections = kinds.warmup_concurrency(settings, kind)
    if kind is Kind.WARMUP:
        workers = settings.workers or default_workers(warmup_stage.rate.per_s, warmup_connections, processors)
        return _load(settings, (warmup_stage,), targets, warmup_connections, workers), None
    stages = stages_of(settings, kind) if replayed is None else (replayed.stage,)
    highest = peak(stages) if replayed is None else replayed.replay.peak
    workers = settings.workers or default_workers(highest.per_s, settings.concurrency, processors)
    main = replace(
        _load(settings, stages, targets, settings.concurrency, workers),
        requests=settings.requests,
        arrival=Arrival(settings.arrival),
        closed=Closed(settings.think_time_ns) if settings.closed else None,
        replay=None if replayed is None else replayed.replay,
    )
    if warmup_stage.duration_ns == 0:
        return main, None
    # The same workers do both phases, and each of them needs a connection.
    main = replace(main, first_index=warmup_stage.rate.count * warmup_stage.duration_ns // warmup_stage.rate.per_ns)
    return main, _load(settings, (warmup_stage,), targets, max(warmup_connections, workers), workers)


def _load(
    settings: Settings, stages: tuple[Stage, ...], targets: tuple[Target, ...], concurrency: int, workers: int
) -> LoadPlan:
    catch_up = settings.catch_up
    if catch_up is None:
        catch_up = _PRODUCTION_CATCH_UP if settings.profile == "production" else 0
    return LoadPlan(
        stages=stages,
        targets=targets,
        concurrency=concurrency,
        workers=workers,
        limits=Limits(timeout_ns=settings.timeout_ns, late=Late(settings.late), catch_up=catch_up),
        tls=Tls(
            settings.ca_pem,
            settings.cert_pem,
            settings.key_pem,
            verify=not settings.insecure,
            key_password=settings.key_password,
        ),
        family=AddressFamily(settings.family),
        resolve=settings.resolve,
        route=route_of(settings),
        bearer=None if token_of(settings) is None else PENDING,
        pacing=Pacing(settings.pacing),
        seed=settings.seed,
        feeders=settings.feeders,
    )


def _observation(settings: Settings, kind: Kind, base_url: str) -> Observation:
    auth = settings.metrics_auth
    return Observation(
        metrics_urls=settings.metrics_url or (below(base_url, "/metrics/prom"),),
        interval_ns=kinds.interval_ns(settings, kind),
        samples=kinds.samples(settings, kind),
        metric_profile=settings.metric_profile,
        auth_header=None if auth is None else Secret(f"{auth.name}: {auth.value.reveal()}"),
        count_cache_miss=settings.count_cache_miss or kind is Kind.FALLBACK_SCENARIO,
        redis_url=settings.watched_redis,
    )


def _breaker(settings: Settings) -> BreakerLimits:
    return BreakerLimits(
        error_rate=settings.breaker_error_rate,
        effective_fallback=settings.breaker_effective_fallback,
        server_errors=settings.breaker_server_errors,
        count_misses=settings.breaker_count_misses,
        allow_blind=settings.allow_blind,
        allow_unarmed=settings.allow_unarmed,
        enabled=not settings.no_breaker,
    )


def _all_secrets(settings: Settings, targets: tuple[Target, ...]) -> tuple[Secret, ...]:
    in_headers = (header.value for target in targets for header in target.headers if isinstance(header.value, Secret))
    return tuple(dict.fromkeys((*settings.secrets, *in_headers)))
