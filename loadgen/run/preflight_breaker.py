"""Which breaker inputs are armed, and whether one is above its threshold before any load.

Laws: an input that cannot see is UNARMED with its reason, and production does not start with one that was not allowed;
a service that already breaks a threshold is not loaded.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S
from loadgen.plan.model import Kind, Profile
from loadgen.plan.validate import LEAST_IDLE_NS
from loadgen.run.breaker_inputs import Input
from loadgen.run.breaker_rules import wilson_lower_bound
from loadgen.run.preflight_metrics import read_pages
from loadgen.run.preflight_model import Check, failed, passed, skipped, warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from loadgen.plan.model import BreakerLimits, Plan
    from loadgen.run.preflight_metrics import ObserveOnce, Page

_IDLE_NS = {Profile.PRODUCTION: LEAST_IDLE_NS, Profile.STAGING: 15 * NS_PER_S, Profile.DEV: 0}


def unarmed_inputs(plan: Plan, pages: tuple[Page, ...]) -> dict[str, str]:
    """Return the inputs that cannot trip, each with its reason."""
    if not plan.breaker.enabled:
        return dict.fromkeys(Input, "the breaker is off")
    server = (Input.ERROR_RATE, Input.EFFECTIVE_FALLBACK, Input.BLIND)
    if plan.observation is None:
        return dict.fromkeys(server, "this run has no observer")
    if not any(page.ok for page in pages):
        return dict.fromkeys(server, "no metrics can be read")
    unarmed: dict[str, str] = {}
    if not any(page.feeds("requests") for page in pages):
        unarmed[Input.ERROR_RATE] = "the service exposes no count of requests by status"
    if not any(page.feeds("requests") for page in pages) or not any(
        page.feeds("fallback", "effective_fallback") for page in pages
    ):
        unarmed[Input.EFFECTIVE_FALLBACK] = "the service exposes no count of fallbacks, or none of requests"
    if plan.breaker.allow_blind:
        unarmed[Input.BLIND] = "allowed to be blind"
    return unarmed


def arming_checks(plan: Plan, unarmed: Mapping[str, str]) -> Iterator[Check]:
    """Print each input ARMED or UNARMED; production needs each one armed or allowed."""
    for item in Input:
        name = f"breaker {item.value}"
        if item not in unarmed:
            yield passed(name, f"ARMED{_threshold(plan.breaker, item)}")
            continue
        shown = f"UNARMED ({unarmed[item]})"
        if plan.kind is Kind.WARMUP:
            yield skipped(name, shown)
        elif (
            plan.profile is not Profile.PRODUCTION
            or item in plan.breaker.allow_unarmed
            or _is_allowed_blind(plan, item)
        ):
            yield warned(name, shown)
        else:
            yield failed(name, f"{shown}: make it visible, or go on with --allow-unarmed {item.value}")


def _is_allowed_blind(plan: Plan, item: Input) -> bool:
    return item is Input.BLIND and plan.breaker.allow_blind


def _threshold(limits: BreakerLimits, item: Input) -> str:
    if item is Input.BLIND:
        return ""
    share = limits.effective_fallback if item is Input.EFFECTIVE_FALLBACK else limits.error_rate
    return f" above {share * 100:.4g} %"


def idle_ns(plan: Plan) -> int:
    """Return how long the service is watched without load: 60 s in production, 15 s in staging."""
    return 0 if plan.observation is None else _IDLE_NS[plan.profile]


@dataclass(frozen=True, slots=True)
class Idle:
    """What happened on the service's own account between two scrapes, summed over its endpoints."""

    requests: float
    errors: float | None
    degraded: float | None


async def idle_checks(plan: Plan, before: tuple[Page, ...], once: ObserveOnce, length_ns: int) -> list[Check]:
    """Watch the service without load; an input that is surely above its threshold already is a FAIL."""
    name = "without load"
    if plan.observation is None or length_ns == 0:
        return [skipped(name, "measured in staging and production only")]
    if not any(page.ok for page in before):
        return [skipped(name, "no metrics can be read")]
    await asyncio.sleep(length_ns / NS_PER_S)
    after = await read_pages(plan.observation, once, 1)
    idle = idle_account(plan.breaker, before, after)
    if idle is None:
        return [warned(name, "the service's counters went back or could not be read: it restarted or is not stable")]
    seconds = length_ns / NS_PER_S
    if idle.requests <= 0:
        return [passed(name, f"{seconds:g} s: no requests, so nothing is above a threshold")]
    return [
        _idle_check(f"{name}: {item}", events, idle.requests, threshold, seconds)
        for item, events, threshold in (
            ("error_rate", idle.errors, plan.breaker.error_rate),
            ("effective_fallback", idle.degraded, plan.breaker.effective_fallback),
        )
        if events is not None
    ]


def idle_account(limits: BreakerLimits, before: tuple[Page, ...], after: tuple[Page, ...]) -> Idle | None:
    """Return the differences summed over endpoints; None when a counter went back or none can be compared."""
    errors = ("errors_4xx", "errors_5xx") if limits.server_errors == "4xx+5xx" else ("errors_5xx",)
    fallbacks = ("raw_fallback",) if limits.count_misses else ("degraded",)
    requests = _difference(before, after, ("requests",))
    if requests is None or requests < 0:
        return None
    return Idle(requests, _difference(before, after, errors), _difference(before, after, fallbacks))


def _difference(before: tuple[Page, ...], after: tuple[Page, ...], names: tuple[str, ...]) -> float | None:
    total: float | None = None
    for old, new in zip(before, after, strict=True):
        for name in names:
            first, last = old.counters.get(name), new.counters.get(name)
            if first is not None and last is not None:
                total = (total or 0.0) + last - first
    return total


def _idle_check(name: str, events: float, requests: float, threshold: float, seconds: float) -> Check:
    share = events / requests
    shown = f"{seconds:g} s: {events:g} of {requests:g} requests ({share:.2%}), threshold {threshold:.2%}"
    if share <= threshold:
        return passed(name, shown)
    if wilson_lower_bound(events, requests) > threshold:
        return failed(name, f"{shown}: the service is already above it, so nothing was sent; mend it first")
    return warned(name, f"{shown}: above it, but too few requests to be sure")
