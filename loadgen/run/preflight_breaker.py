"""Which breaker inputs are armed, and whether one is above its threshold before any load.

Laws: an input that cannot see is UNARMED with its reason, and production does not start with one that was not allowed;
a service that already breaks a threshold is not loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S
from loadgen.plan.model import Kind, Profile
from loadgen.plan.validate import LEAST_IDLE_NS
from loadgen.run.breaker_inputs import Input
from loadgen.run.breaker_rules import wilson_lower_bound
from loadgen.run.preflight_model import Check, failed, passed, skipped, warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from loadgen.plan.model import BreakerLimits, Plan
    from loadgen.run.preflight_metrics import ObserveOnce, Page

_IDLE = "without load"
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


async def idle_checks(plan: Plan, pages: tuple[Page, ...], once: ObserveOnce, length_ns: int) -> list[Check]:
    """Watch the service without load; an input that is surely above its threshold already is a FAIL.

    A Prometheus is watched for at least two of its scrape intervals.
    """
    if plan.observation is None or length_ns == 0:
        return [skipped(_IDLE, "measured in staging and production only")]
    if not any(page.ok for page in pages):
        return [skipped(_IDLE, "no metrics can be read")]
    seconds = max([length_ns / NS_PER_S, *(2 * page.scrape_interval_s for page in pages)])
    page = await once(plan, plan.observation.metrics_urls, 2, seconds)
    if not page.ok:
        return [warned(_IDLE, f"cannot be measured ({page.error}): the service or its metrics are not stable")]
    return idle_judgement(plan.breaker, page.window, seconds)


def idle_judgement(limits: BreakerLimits, window: Mapping[str, float | None], seconds: float) -> list[Check]:
    """Judge what the service counted without load; `window` is the observer's account of that time."""
    requests = window.get("requests") or 0.0
    if requests <= 0:
        return [passed(_IDLE, f"{seconds:g} s: no requests, so nothing is above a threshold")]
    errors = ("errors_4xx", "errors_5xx") if limits.server_errors == "4xx+5xx" else ("errors_5xx",)
    fallbacks = ("raw_fallback",) if limits.count_misses else ("degraded",)
    return [
        _idle_check(f"{_IDLE}: {item}", sum(events), requests, threshold, seconds)
        for item, names, threshold in (
            (Input.ERROR_RATE, errors, limits.error_rate),
            (Input.EFFECTIVE_FALLBACK, fallbacks, limits.effective_fallback),
        )
        if (events := [count for name in names if (count := window.get(name)) is not None])
    ]


def _idle_check(name: str, events: float, requests: float, threshold: float, seconds: float) -> Check:
    share = events / requests
    shown = f"{seconds:g} s: {events:g} of {requests:g} requests ({share:.2%}), threshold {threshold:.2%}"
    if share <= threshold:
        return passed(name, shown)
    if wilson_lower_bound(events, requests) > threshold:
        return failed(name, f"{shown}: the service is already above it, so nothing was sent; mend it first")
    return warned(name, f"{shown}: above it, but too few requests to be sure")
