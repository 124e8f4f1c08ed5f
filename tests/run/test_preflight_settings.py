"""Flags are judged by their value, credentials are shown masked, tokens by their dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from loadgen.core.redact import Secret
from loadgen.plan.model import Kind
from loadgen.run.preflight_settings import credential_checks, flag_checks, slo_check, token_check
from tests.support.checks import lines, planned

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ASK = "ask the service's operators (DevOps) for a new one"
TWO_HOURS = timedelta(hours=2)


def flags_of(environ: dict[str, str], profile: str | None = None, kind: Kind = Kind.BASELINE) -> list[str]:
    settings, plan = planned(environ=environ, profile=profile, kind=kind)
    return lines(list(flag_checks(plan, settings)))


def token(**claims: object) -> Secret:
    return Secret(jwt.encode(claims, "k" * 32, algorithm="HS256"))


def dates(secret: Secret | None) -> str:
    return lines([token_check(secret, NOW, TWO_HOURS)])[0]


def test_without_flags_every_guardrail_passes() -> None:
    assert flags_of({}, "production") == [
        "PASS flag ENABLE_FALLBACK_TEST: not true (unset)",
        "PASS flag ENABLE_PHASE5_INTERNAL: not true (unset)",
        "PASS flag ALLOW_UNSAFE_ADMIN: not true (unset)",
        "PASS flag COUNT_CACHE_MISS_AS_FALLBACK: false",
        "PASS flag DISABLE_EVENT_BUS: not set",
    ]


@pytest.mark.parametrize("name", ["ENABLE_FALLBACK_TEST", "ENABLE_PHASE5_INTERNAL", "ALLOW_UNSAFE_ADMIN"])
def test_a_guarded_flag_fails_in_production_only_and_only_when_true(name: str) -> None:
    assert f"FAIL flag {name}: true: set it to false in production" in flags_of({name: "TRUE"}, "production")
    assert f"PASS flag {name}: not true (false)" in flags_of({name: "false"}, "production")
    assert f"PASS flag {name}: true, which profile staging allows" in flags_of({name: "true"}, "staging")


def test_counting_cache_misses_is_a_warning_except_where_the_run_is_about_it() -> None:
    name, environ = "flag COUNT_CACHE_MISS_AS_FALLBACK", {"COUNT_CACHE_MISS_AS_FALLBACK": "true"}
    warning = "true: cache misses count as effective fallbacks, so runs cannot be compared with others"
    assert f"WARN {name}: {warning}" in flags_of(environ)
    assert f"PASS {name}: true, as a fallback-scenario run wants it" in flags_of(environ, None, Kind.FALLBACK_SCENARIO)


@pytest.mark.parametrize(("value", "status"), [("true", "WARN"), ("1", "WARN"), ("false", "PASS"), ("0", "PASS")])
def test_a_disabled_event_bus_is_a_warning(value: str, status: str) -> None:
    assert flags_of({"DISABLE_EVENT_BUS": value})[-1].startswith(f"{status} flag DISABLE_EVENT_BUS: ")


def test_objectives_are_shown_and_a_p95_above_the_p99_is_a_warning() -> None:
    _, usual = planned()
    _, odd = planned(environ={"SLO_P95": "0.5"})
    shown = "Success rate ≥ 98 %, P95 latency ≤ 0.15 s, P99 latency ≤ 0.25 s, Raw fallback ≤ 10 %"
    assert lines([slo_check(usual)])[0].startswith(f"PASS objectives: {shown}")
    assert lines([slo_check(odd)])[0].startswith("WARN objectives: the P95 target is above the P99 target; Success")


def test_credentials_are_shown_by_their_last_four_characters() -> None:
    environ = {
        "PROD_JWT": "eyJhbGciOiJub25lIn0.e30.abcd1234",
        "METRICS_AUTH_HEADER": "X-Token: metrics-secret-9876",
        "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/xyzw",
        "SLACK_CHANNEL": "alerts",
        "REDIS_URL": "redis://:hunter22@cache:6379/0",  # not-a-secret
    }
    settings, plan = planned(environ=environ)
    assert lines(list(credential_checks(plan, settings))) == [
        "PASS credential PROD_JWT: set (***1234)",
        "PASS credential METRICS_URL: http://127.0.0.1:9/metrics/prom",
        "PASS credential METRICS_AUTH_HEADER: set (X-Token: ***9876)",
        "PASS credential SLACK_WEBHOOK_URL: set (***xyzw)",
        "PASS credential SLACK_CHANNEL: set (***erts)",
        "PASS credential REDIS_URL: set (***79/0)",
    ]


def test_missing_credentials_name_who_has_them() -> None:
    settings, plan = planned(profile="production", environ={"ENABLE_ALERTS": "true"})
    assert lines(list(credential_checks(plan, settings))) == [
        "WARN credential PROD_JWT: missing: requests have no Authorization; "
        "ask the service's operators (DevOps) for a token if one is needed",
        "PASS credential METRICS_URL: http://127.0.0.1:9/metrics/prom",
        "SKIP credential METRICS_AUTH_HEADER: not set (optional)",
        "WARN credential SLACK_WEBHOOK_URL: missing although ENABLE_ALERTS is true: no alert can be delivered",
        "SKIP credential SLACK_CHANNEL: not set (optional)",
        "SKIP credential REDIS_URL: not set (optional)",
    ]


def test_userinfo_counts_as_the_credential() -> None:
    settings, plan = planned({"base_url": "http://u:secret@127.0.0.1:9/"})
    assert lines(list(credential_checks(plan, settings)))[0] == "PASS credential PROD_JWT: set (Basic ***ZXQ=)"


@pytest.mark.parametrize(
    ("exp", "iat", "expected"),
    [
        (timedelta(hours=-1), None, f"FAIL token dates: the token expired 1 h 0 min ago: {ASK}"),
        (timedelta(minutes=90), None, f"WARN token dates: the token ends in 1 h 30 min, before the run does "
         f"(2 h 0 min): {ASK}"),
        (timedelta(hours=3), timedelta(hours=-1), "PASS token dates: valid for another 3 h 0 min"),
        (timedelta(days=9), timedelta(hours=-25), "WARN token dates: the token is 25 h 0 min old: rotate tokens daily"),
        (None, None, "PASS token dates: no expiry given"),
        (timedelta(days=4), None, "PASS token dates: valid for another 4 d"),
    ],
)  # fmt: skip
def test_a_token_is_judged_by_its_dates(exp: timedelta | None, iat: timedelta | None, expected: str) -> None:
    claims = {"exp": exp, "iat": iat}
    assert dates(token(**{name: NOW + value for name, value in claims.items() if value is not None})) == expected


def test_what_cannot_be_read_has_no_known_expiry() -> None:
    assert dates(None) == "SKIP token dates: no token"
    unreadable = "is not a JWT that can be read: its expiry is unknown"
    assert dates(Secret("opaque-token-1234")) == f"WARN token dates: ***1234 {unreadable}"
    assert dates(Secret("eyJhbGciOiJub25lIn0.eyJleHA.abcd")) == f"WARN token dates: ***abcd {unreadable}"


@pytest.mark.parametrize("exp", ["soon", True, 10**30])
def test_a_claim_that_is_no_date_says_nothing(exp: object) -> None:
    assert dates(token(exp=exp)) == "PASS token dates: no expiry given"
