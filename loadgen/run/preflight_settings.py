"""Checks that need nothing but the settings: guardrail flags, objectives, credentials and the token's dates. Pure.

Law: a flag is judged by its value, not by its presence; a credential is shown by its last four characters.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from loadgen.core.redact import Secret, fingerprint
from loadgen.core.secret_shapes import mask_address
from loadgen.core.setting_readers import is_true
from loadgen.core.slo import OBJECTIVES, SloTargets
from loadgen.notify.channel import read_messaging
from loadgen.plan.model import Kind, Profile
from loadgen.run.claims import claims_of
from loadgen.run.preflight_model import Check, failed, passed, skipped, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.core.config import Settings
    from loadgen.plan.model import Plan

GUARDED_FLAGS = ("ENABLE_FALLBACK_TEST", "ENABLE_PHASE5_INTERNAL", "ALLOW_UNSAFE_ADMIN")
"""Flags of the service that must not be true in production."""

_TOKEN_AGE = timedelta(hours=24)
_ASK = "ask the service's operators (DevOps)"


def flag_checks(plan: Plan, settings: Settings) -> Iterator[Check]:
    """Judge the guardrail flags that our environment or env file has."""
    production = plan.profile is Profile.PRODUCTION
    for name in GUARDED_FLAGS:
        value = str(settings.variables.get(name, ""))
        label = f"flag {name}"
        if not is_true(value):
            yield passed(label, f"not true ({value or 'unset'})")
        elif production:
            yield failed(label, "true: set it to false in production")
        else:
            yield passed(label, f"true, which profile {plan.profile.value} allows")
    yield _count_misses(plan, settings)
    bus = str(settings.variables.get("DISABLE_EVENT_BUS", ""))
    if bus and bus.lower() not in ("false", "0", "no", "off"):
        yield warned("flag DISABLE_EVENT_BUS", "set: the service runs degraded; leave it out")
    else:
        yield passed("flag DISABLE_EVENT_BUS", "not set")


def _count_misses(plan: Plan, settings: Settings) -> Check:
    label = "flag COUNT_CACHE_MISS_AS_FALLBACK"
    if plan.kind is Kind.FALLBACK_SCENARIO:
        return passed(label, "true, as a fallback-scenario run wants it")
    if settings.count_cache_miss:
        return warned(label, "true: cache misses count as effective fallbacks, so runs cannot be compared with others")
    return passed(label, "false")


def slo_check(plan: Plan) -> Check:
    """Show the objectives in force; warn of a P95 that is looser than the P99."""
    targets = SloTargets.from_mapping(dict(plan.slo))
    values = targets.to_mapping()
    shown = ", ".join(f"{item.title} {item.bound.value} {values[item.name]:g} {item.unit.value}" for item in OBJECTIVES)
    if targets.p95_s > targets.p99_s:
        return warned("objectives", f"the P95 target is above the P99 target; {shown}")
    return passed("objectives", shown)


def credential_checks(plan: Plan, settings: Settings) -> Iterator[Check]:
    """Say which credentials are there, masked, and who has those that are not."""
    production = plan.profile is Profile.PRODUCTION
    token: str | None = None if settings.jwt is None else str(settings.jwt)
    if token is None and settings.basic is not None:
        token = f"Basic {settings.basic}"
    if token is not None:
        yield passed("credential PROD_JWT", f"set ({token})")
    elif production:
        yield warned(
            "credential PROD_JWT", f"missing: requests have no Authorization; {_ASK} for a token if one is needed"
        )
    else:
        yield skipped("credential PROD_JWT", "not set: requests have no Authorization")
    if plan.observation is not None:
        yield passed("credential METRICS_URL", ", ".join(map(mask_address, plan.observation.metrics_urls)))
    auth = settings.metrics_auth
    shown = "not set (optional)" if auth is None else f"set ({auth.name}: {auth.value})"
    yield (skipped if auth is None else passed)("credential METRICS_AUTH_HEADER", shown)
    messaging, problems = read_messaging(settings.variables)
    for problem in problems:
        yield failed(f"messages {problem.key}", problem.remedy)
    mute = messaging.alerts_enabled and not messaging.receivers
    for name in ("SLACK_WEBHOOK_URL", "SLACK_CHANNEL", "REDIS_URL"):
        yield _optional(name, settings.variables.get(name), needed=mute and name == "SLACK_WEBHOOK_URL")


def _optional(name: str, value: object, *, needed: bool) -> Check:
    label = f"credential {name}"
    if value is None:
        why = "missing although ENABLE_ALERTS is true: no alert can be delivered"
        return warned(label, why) if needed else skipped(label, "not set (optional)")
    return passed(label, f"set ({value if isinstance(value, Secret) else fingerprint(str(value))})")


def token_check(token: Secret | None, now: datetime, run_length: timedelta) -> Check:
    """Judge a JWT's dates; its signature is the service's business."""
    name = "token dates"
    if token is None:
        return skipped(name, "no token")
    claims = claims_of(token)
    if claims is None:
        return warned(name, f"{token} is not a JWT that can be read: its expiry is unknown")
    expires, issued = _moment(claims.get("exp")), _moment(claims.get("iat"))
    if expires is not None and expires <= now:
        return failed(name, f"the token expired {_text(now - expires)} ago: {_ASK} for a new one")
    if expires is not None and expires < now + run_length:
        left, needed = _text(expires - now), _text(run_length)
        return warned(name, f"the token ends in {left}, before the run does ({needed}): {_ASK} for a new one")
    if issued is not None and now - issued > _TOKEN_AGE:
        return warned(name, f"the token is {_text(now - issued)} old: rotate tokens daily")
    return passed(name, "no expiry given" if expires is None else f"valid for another {_text(expires - now)}")


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _text(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d"
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
