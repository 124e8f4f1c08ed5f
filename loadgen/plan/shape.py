"""From settings to the stages of the main load, and which settings of its shape exclude each other."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from loadgen.core.errors import Problem
from loadgen.core.setting_table import Source
from loadgen.core.shape import Stage
from loadgen.core.units import NS_PER_S, Rate, format_duration
from loadgen.plan import kinds
from loadgen.plan.model import Kind
from loadgen.plan.profiles import PROFILES, begin_at, expand

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadgen.core.config import Settings

_RAMP_PART = 10
"""Without a duration of its own, the ramp of --start-at takes this part of the first stage."""

EXCLUSIONS = (
    ("stages", ("rate", "duration_ns", "shape", "requests"), "stages have rates and durations of their own"),
    ("shape", ("requests", "start_at"), "a shape says itself how the rate changes over the duration"),
    (
        "closed",
        ("rate", "stages", "shape", "arrival", "start_at"),
        "a closed load has no rate: its answers set the pace",
    ),
    (
        "replay",
        ("rate", "duration_ns", "stages", "shape", "closed", "arrival", "start_at"),
        "a trace has its own times: --speed changes them, --requests takes the first ones",
    ),
    ("requests", ("duration_ns",), "the number of requests and the rate say how long it takes"),
)
"""Which settings say the same thing twice, and why only one of them can hold."""

_ONLY_RUN = ("stages", "requests", "closed", "replay")
_NO_RATE = Rate(0, NS_PER_S)
_LONGEST_UNBOUNDED_NS = 3_600 * NS_PER_S
"""How long a closed load of so many requests may take where no duration bounds it."""


def stages_of(settings: Settings, kind: Kind) -> tuple[Stage, ...]:
    """Return the stages of the main load; the settings must break no rule of `check_shape`."""
    stages = _stages(settings, kind)
    if settings.start_at is None:
        return stages
    share, _ = settings.start_at
    ramp_ns = _ramp_ns(settings, stages)
    if settings.requests is not None:
        # the ramp lacks half of (1 - share) of its arrivals, which the constant stage makes up for
        lacking = Fraction(ramp_ns) * (1 - share) / 2
        stages = (Stage(settings.rate, ceil(_nominal_ns(settings) + lacking)),)
    return begin_at(stages, share, ramp_ns)


def peak(stages: Sequence[Stage]) -> Rate:
    """Return the highest rate of some stages."""
    return max((stage.peak for stage in stages), key=lambda rate: rate.per_s)


def check_shape(settings: Settings, kind: Kind) -> Iterator[Problem]:
    """Yield every rule about the shape of the load that the settings break."""
    if kind is Kind.WARMUP:
        return
    yield from _check_exclusions(settings)
    if kinds.observed(kind):
        for name in _ONLY_RUN:
            if _given(settings, name):
                remedy = f"{kind.value} lasts samples × interval at its rate: only `loadgen run` takes this"
                yield Problem(settings.label(name), None, remedy)
    if settings.think_time_ns and not settings.closed:
        yield Problem(settings.label("think_time_ns"), None, "only a closed load has slots that rest: add --closed")
    if settings.closed and settings.profile == "production":
        yield Problem(settings.label("closed"), None, "production needs a rate, which a closed load does not have")
    yield from _check_start(settings, kind)
    yield from _check_amount(settings, kind)


def _check_exclusions(settings: Settings) -> Iterator[Problem]:
    for name, others, why in EXCLUSIONS:
        if settings.closed and name == "requests":
            continue  # of a closed load, whichever comes first ends it
        for other in others:
            if _given(settings, name) and _given(settings, other) and not _replaces(settings, name, other):
                remedy = f"give either {settings.label(other)} or {settings.label(name)}: {why}"
                yield Problem(settings.label(other), None, remedy)


def _check_start(settings: Settings, kind: Kind) -> Iterator[Problem]:
    if settings.start_at is None or settings.closed or settings.replay or _given(settings, "shape"):
        return
    stages = _stages(settings, kind)
    if stages[0].to is not None or not stages[0].rate.count:
        yield Problem(settings.label("start_at"), None, "the first stage must have a constant rate above 0")
    elif _ramp_ns(settings, stages) > stages[0].duration_ns:
        longest = format_duration(stages[0].duration_ns)
        yield Problem(settings.label("start_at"), None, f"the ramp must fit into the first stage of {longest}")


def _check_amount(settings: Settings, kind: Kind) -> Iterator[Problem]:
    """Yield a problem for a load of no request at all: a run of it would look like one in which all went well."""
    if settings.closed or settings.replay or any(_check_start(settings, kind)):
        return
    if sum(_amount(stage) for stage in stages_of(settings, kind)) < 1:
        label = settings.label("stages" if settings.stages else "rate")
        yield Problem(label, None, "comes to less than one request in the whole time: raise the rate or make it longer")


def _amount(stage: Stage) -> Fraction:
    """Return how many requests a stage comes to: its duration times the mean of its two ends."""
    ends = (stage.rate, stage.rate if stage.to is None else stage.to)
    return sum((Fraction(rate.count, rate.per_ns) for rate in ends), Fraction(0)) * stage.duration_ns / 2


def _given(settings: Settings, name: str) -> bool:
    return settings.given_for_this_run(name) and bool(getattr(settings, name))


def _replaces(settings: Settings, name: str, other: str) -> bool:
    """Say whether a flag that gives the form of the load takes the place of a plan file's plain rate or duration."""
    plain = other in ("rate", "duration_ns")
    return plain and settings.sources[name] is Source.FLAG and settings.sources[other] is Source.PLAN


def _stages(settings: Settings, kind: Kind) -> tuple[Stage, ...]:
    if settings.closed:
        unbounded = settings.requests is not None and not settings.given_for_this_run("duration_ns")
        return (Stage(_NO_RATE, _LONGEST_UNBOUNDED_NS if unbounded else settings.duration_ns),)
    if settings.stages:
        return settings.stages
    duration_ns = settings.duration_ns
    if kinds.observed(kind):
        duration_ns = kinds.samples(settings, kind) * kinds.interval_ns(settings, kind)
    if settings.shape is not None:
        return expand(PROFILES[settings.shape], settings.rate, duration_ns)
    if settings.requests is not None:
        duration_ns = ceil(_nominal_ns(settings))
    return (Stage(settings.rate, duration_ns),)


def _nominal_ns(settings: Settings) -> Fraction:
    """Return how long the number of requests takes at the rate."""
    return Fraction((settings.requests or 0) * settings.rate.per_ns, settings.rate.count)


def _ramp_ns(settings: Settings, stages: tuple[Stage, ...]) -> int:
    asked = None if settings.start_at is None else settings.start_at[1]
    return stages[0].duration_ns // _RAMP_PART if asked is None else asked
