"""From the JSON of metadata.json and breaker.json to the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.slo import SloTargets
from reports.loader.fields import parse_instant
from reports.model.run import Breaker, BreakerInput, Parameters, Trip, Validity, Warmup

if TYPE_CHECKING:
    from reports.loader.fields import Fields

_KNOWN_TARGETS = frozenset(SloTargets().to_mapping())


def read_parameters(fields: Fields) -> Parameters:
    """Return what was asked of the run."""
    return Parameters(
        kind=fields.text("kind"),
        profile=fields.text("profile"),
        environment=fields.text("environment"),
        base_url=fields.text("base_url"),
        metrics_urls=fields.texts("metrics_url"),
        rate=fields.text("rate"),
        rate_per_s=fields.number("rate_per_s"),
        planned_requests=fields.whole("planned_requests"),
        concurrency=fields.whole("concurrency"),
        workers=fields.whole("workers"),
        duration_s=fields.number("duration_seconds"),
        interval_s=fields.number("interval_seconds"),
        samples=fields.whole("samples"),
        cache_miss_counted=fields.flag("cache_miss_counted"),
        breaker_counts_misses=fields.flag("breaker_counts_misses"),
        jwt_provided=fields.flag("jwt_provided"),
    )


def read_targets(fields: Fields) -> dict[str, float]:
    """Return the targets by objective name; an unknown name is a complaint."""
    found = fields.numbers("slo_targets")
    for name in fields.below("slo_targets").names():
        if name not in _KNOWN_TARGETS:
            fields.complaints.append(f"slo_targets.{name} is no objective of this version")
    return {name: value for name, value in found.items() if name in _KNOWN_TARGETS}


def read_validity(fields: Fields) -> Validity:
    """Return the generator's statement about itself."""
    inner = fields.below("validity")
    return Validity(inner.text("state"), inner.texts("reasons"), bool(inner.flag("target_limited")))


def read_breaker(fields: Fields) -> Breaker:
    """Return the breaker as metadata.json has it."""
    inner = fields.below("breaker")
    trip = read_trip(inner.below("trip")) if inner.has("trip") else None
    inputs = tuple(_input(item) for item in inner.each("inputs"))
    return Breaker(inner.flag("enabled"), inner.numbers("thresholds"), inputs, inner.has("trip"), trip)


def _input(fields: Fields) -> BreakerInput:
    return BreakerInput(
        name=fields.text("input") or fields.text("name"),
        armed=bool(fields.flag("armed")),
        reason=fields.text("reason"),
        value=fields.number("value"),
        threshold=fields.number("threshold"),
    )


def read_trip(fields: Fields) -> Trip | None:
    """Return a trip, None when nothing of it is readable."""
    if not fields:
        return None
    return Trip(
        input=fields.text("input"),
        metric=fields.text("metric"),
        value=fields.number("value"),
        threshold=fields.number("threshold"),
        window_s=fields.number("window_s") if fields.has("window_s") else fields.number("window"),
        at=fields.text("at"),
        rule=fields.text("rule"),
        phase=fields.text("phase"),
        detail=fields.text("detail"),
        moment=parse_instant(fields.text("at")),
    )


def read_warmup(fields: Fields) -> Warmup | None:
    """Return the warm-up, None when there was none."""
    inner = fields.below("warmup")
    if not inner:
        return None
    return Warmup(
        inner.number("duration_seconds"), inner.number("rate_per_s"), inner.whole("concurrency"), inner.whole("sent")
    )


def read_preflight(fields: Fields) -> tuple[str, ...]:
    """Return what preflight did not simply pass, as sentences."""
    return tuple(
        f"Preflight {check.text('status')}: {check.text('name')}: {check.text('message')}"
        for check in fields.each("preflight")
        if check.text("status") in ("WARN", "FAIL")
    )


def read_gaps(fields: Fields) -> tuple[str, ...]:
    """Return what was not measured, each with its time where it is known."""
    found = []
    for gap in fields.each("gaps"):
        at, text = gap.number("t_s"), gap.text("text")
        found.append(f"Gap at {at:g} s: {text}" if at is not None else f"Gap: {text}")
    return tuple(found)


def read_floor(fields: Fields) -> str:
    """Return how far above the generator's own floor the results lie, in a sentence."""
    return fields.below("floor").text("text") or "floor not measured: run loadgen selftest"


def read_breaks(fields: Fields) -> tuple[tuple[float, float], ...]:
    """Return when a run that was interrupted went on, in s since t = 0, and how long the break before had lasted."""
    found = ((again.number("t_s"), again.number("gap_s")) for again in fields.each("resumed"))
    return tuple((at_s, lasted_s) for at_s, lasted_s in found if at_s is not None and lasted_s is not None)


@dataclass(frozen=True, slots=True)
class MetricLists:
    """Which metrics the profile calls mandatory (None: no list on record) and which it does not have."""

    mandatory: tuple[str, ...] | None
    not_applicable: tuple[str, ...]


def read_metric_lists(fields: Fields) -> MetricLists:
    """Return the metric profile's lists; an empty mandatory list counts as no list."""
    mandatory = fields.texts("mandatory_metrics")
    return MetricLists(mandatory or None, fields.texts("not_applicable"))


def read_counters(fields: Fields) -> dict[str, float]:
    """Return the numbers of counters_at_start by name."""
    inner = fields.below("counters_at_start")
    return {
        name: value for name in inner.names() if inner.is_number(name) and (value := inner.number(name)) is not None
    }
