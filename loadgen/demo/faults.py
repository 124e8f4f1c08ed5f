"""The faults that the panel can set, as data: names, ranges and meaning.

Law: an unknown name or a value out of range changes nothing; every problem is named at once.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loadgen.core.errors import InputError, Problem
from loadgen.demo.fallback import Reason
from loadgen.demo.latency import Latency  # noqa: TC001 - pydantic reads the annotation

Share = Annotated[float, Field(ge=0, le=1)]

INDUCED = (
    Reason.HTTP_TIMEOUT,
    Reason.HTTP_ERROR,
    Reason.MESSAGE_TIMEOUT,
    Reason.MESSAGE_ERROR,
    Reason.UPSTREAM_ERROR,
)
"""What a fallback surge goes through in turn."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Capacity(_Model):
    """Serve `concurrent` requests at once, `service_ms` each; beyond `queue` waiting ones answer 503.

    The highest rate is concurrent / service_ms x 1,000 a second.
    """

    concurrent: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    service_ms: Annotated[float, Field(ge=0, le=60_000, strict=True)]
    queue: Annotated[int, Field(ge=0, strict=True)] | None = None


class Faults(_Model):
    """The state of the panel; the defaults are a healthy service.

    error_share      share of load requests that answer `error_status`, drawn independently
    error_every      every n-th load request since it was set answers `error_status`; 0 is off
    latency          work time of every load request: ms or a distribution; null is the service's own
    fallback_share   share of API requests whose collaborators really fail, so that they degrade
    fallback_modes   the ways in which they fail, in turn
    hang             accept and never answer: "load" the load requests, true or "all" all but /internal/*
    metrics_dead     /metrics* hangs ("hang") or answers 500 (true or "error")
    metrics_stall    /metrics/prom answers the page of the moment this was set
    unhealthy        health checks that fail
    plugin_error_share, snapshot_error_share   share of these operations that fail
    redis_delay_ms   delay of every Redis operation, beside REDIS_ARTIFICIAL_DELAY_MS; needs CACHE_IMPL=redis
    capacity         limit of what is served at once
    """

    error_share: Share = 0.0
    error_every: Annotated[int, Field(ge=0, strict=True)] = 0
    error_status: Annotated[int, Field(ge=400, le=599, strict=True)] = 500
    latency: Latency | None = None
    fallback_share: Share = 0.0
    fallback_modes: Annotated[tuple[Reason, ...], Field(min_length=1)] = INDUCED
    hang: bool | Literal["load", "all"] = False
    metrics_dead: bool | Literal["hang", "error"] = False
    metrics_stall: bool = False
    unhealthy: tuple[Literal["documents", "cache", "event_bus", "upstream"], ...] = ()
    plugin_error_share: Share = 0.0
    snapshot_error_share: Share = 0.0
    redis_delay_ms: Annotated[float, Field(ge=0, le=60_000)] = 0.0
    capacity: Capacity | None = None


class Actions(_Model):
    """What happens once when it is asked for.

    `freeze` stalls the whole loop for seconds, `restart` loses all state as a new process would, `seed` starts the
    random sources of all faults anew, `lease` lifts every fault after so many seconds unless it is given again.
    """

    freeze: Annotated[float, Field(ge=0, le=60, strict=True)] = 0.0
    restart: Annotated[bool, Field(strict=True)] = False
    seed: Annotated[int, Field(strict=True)] | None = None
    lease: Annotated[float, Field(gt=0, le=3_600, strict=True)] | None = None


class FaultError(ValueError):
    """A request to the panel that names no fault or a value out of range; the text lists every problem."""


def parse_faults(given: Any, current: Faults | None = None) -> tuple[Faults, Actions]:
    """Return `current` with the named faults changed, and the actions asked for; raise FaultError."""
    if not isinstance(given, dict):
        raise FaultError('faults are a JSON object such as {"error_share": 0.06}')
    asked = {name: value for name, value in given.items() if name in Actions.model_fields}
    state = {} if current is None else current.model_dump()
    named = {name: value for name, value in given.items() if name not in asked}
    problems: list[str] = []
    faults, actions = Faults(), Actions()
    try:
        faults = Faults.model_validate(state | named)
    except ValidationError as error:
        problems += _sentences(error)
    try:
        actions = Actions.model_validate(asked)
    except ValidationError as error:
        problems += _sentences(error)
    if problems:
        raise FaultError("; ".join(problems))
    return faults, actions


def initial_faults(text: str) -> Faults:
    """Read the faults that a service starts with; raise InputError, also for what is an action and no state."""
    try:
        given = orjson.loads(text)
        faults, actions = parse_faults(given)
    except FaultError as error:
        raise InputError([Problem("--faults", text, str(error))]) from error
    except ValueError as error:
        raise InputError([Problem("--faults", text, f"not JSON: {error}")]) from error
    if actions != Actions():
        named = ", ".join(name for name in given if name in Actions.model_fields)
        raise InputError([Problem("--faults", text, f"{named} can only be asked of a running service")])
    return faults


def _sentences(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_url=False)]
