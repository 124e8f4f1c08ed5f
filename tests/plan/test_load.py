"""A plan is what the settings ask for, with what each kind of run adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import load_settings
from loadgen.core.errors import InputError
from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_S, Rate, parse_rate
from loadgen.plan.codec import decode, describe, encode
from loadgen.plan.load import Inputs, build_plan, default_workers, load_plan
from loadgen.plan.model import Header, Kind, Late, LoadPlan, Observation, Plan, Profile, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HERE = "http://127.0.0.1:8901"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl"


def plan_of(
    kind: Kind = Kind.BASELINE,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    profile: str | None = None,
) -> Plan:
    settings = load_settings(profile, {"base_url": HERE, **(flags or {})}, environ or {})
    return build_plan(settings, kind, processors=2)


def test_a_baseline_loads_for_samples_times_interval_after_a_warm_up() -> None:
    plan = plan_of()
    assert plan.load.stages == (Stage(Rate(80, NS_PER_S), 7_200 * NS_PER_S),)
    assert plan.load.concurrency == 20
    assert plan.warmup is not None
    assert plan.warmup.stages == (Stage(Rate(20, NS_PER_S), 600 * NS_PER_S),)
    assert plan.warmup.concurrency == 5
    assert plan.observation == Observation((f"{HERE}/metrics/prom",), 600 * NS_PER_S, 12)


@pytest.mark.parametrize(
    ("kind", "samples", "interval_s", "counts_misses"),
    [
        (Kind.BASELINE, 3, 60, False),
        (Kind.EXTENDED, 4, 900, False),
        (Kind.FALLBACK_SCENARIO, 2, 900, True),
    ],
)
def test_an_environments_samples_are_the_baselines_only(
    kind: Kind, samples: int, interval_s: int, counts_misses: bool
) -> None:
    plan = plan_of(kind, environ={"LOAD_SAMPLES": "3", "INTERVAL_SECONDS": "60"})
    assert plan.observation is not None
    assert (plan.observation.samples, plan.observation.interval_ns) == (samples, interval_s * NS_PER_S)
    assert plan.observation.count_cache_miss is counts_misses
    assert plan.load.stages[0].duration_ns == samples * interval_s * NS_PER_S


def test_a_validations_samples_can_be_asked_for_by_flag() -> None:
    plan = plan_of(Kind.EXTENDED, {"samples": "2", "interval": "5s"})
    assert plan.load.stages[0].duration_ns == 10 * NS_PER_S


def test_a_fallback_scenario_is_judged_by_true_degradations_unless_asked_otherwise() -> None:
    assert plan_of(Kind.FALLBACK_SCENARIO).breaker.count_misses is False
    assert plan_of(Kind.FALLBACK_SCENARIO, {"breaker_count_misses": True}).breaker.count_misses is True


def test_a_warm_up_is_no_longer_than_an_interval_and_no_heavier_than_the_load() -> None:
    plan = plan_of(flags={"interval": "8s", "rate": "0.5", "concurrency": "2"})
    assert plan.warmup is not None
    assert plan.warmup.stages == (Stage(parse_rate("0.5"), 8 * NS_PER_S),)
    assert plan.warmup.concurrency == 2


def test_a_warm_up_can_be_left_out() -> None:
    assert plan_of(flags={"warmup": "0s"}).warmup is None


def test_plain_load_has_no_observer_no_warm_up_and_its_own_duration() -> None:
    plan = plan_of(Kind.RUN, environ={"LOAD_DURATION": "90"})
    assert (plan.observation, plan.warmup, plan.exercise) == (None, None, False)
    assert plan.load.stages[0].duration_ns == 90 * NS_PER_S
    assert plan_of(Kind.RUN, {"warmup": "5s"}).warmup is not None


def test_load_duration_changes_no_baseline() -> None:
    assert plan_of(environ={"LOAD_DURATION": "90"}).load.stages[0].duration_ns == 7_200 * NS_PER_S


def test_the_warm_up_verb_is_gentle_whatever_the_environment_says_and_obeys_its_flags() -> None:
    usual = plan_of(Kind.WARMUP, environ={"LOAD_RATE": "80", "LOAD_CONCURRENCY": "20"})
    assert usual.load.stages == (Stage(Rate(20, NS_PER_S), 600 * NS_PER_S),)
    assert (usual.load.concurrency, usual.warmup, usual.observation) == (5, None, None)
    asked = plan_of(Kind.WARMUP, {"rate": "50", "concurrency": "9", "duration": "30s"})
    assert asked.load.stages == (Stage(Rate(50, NS_PER_S), 30 * NS_PER_S),)
    assert asked.load.concurrency == 9


@pytest.mark.parametrize(
    ("rate_per_s", "concurrency", "processors", "expected"),
    [
        (80.0, 20, 64, 1),
        (20_000.0, 400, 64, 1),
        (20_001.0, 400, 64, 2),
        (1_000_000.0, 400, 64, 50),
        (1_000_000.0, 400, 4, 4),
        (1_000_000.0, 20, 64, 5),
        (1_000_000.0, 3, 64, 1),
        (0.5, 1, 1, 1),
    ],
)
def test_workers_are_as_few_as_the_rate_needs(
    rate_per_s: float, concurrency: int, processors: int, expected: int
) -> None:
    assert default_workers(rate_per_s, concurrency, processors) == expected


def test_every_worker_of_a_warm_up_has_a_connection() -> None:
    plan = plan_of(flags={"workers": "8"})
    assert plan.warmup is not None
    assert (plan.load.workers, plan.warmup.workers, plan.warmup.concurrency) == (8, 8, 8)


def test_without_endpoints_only_the_base_urls_path_is_requested() -> None:
    (target,) = plan_of(flags={"base_url": f"{HERE}/api/ping?deep=1"}).load.targets
    assert (target.name, target.url, target.method) == ("/api/ping", f"{HERE}/api/ping?deep=1", "GET")
    assert (target.expected, target.expected_given) == ((2, 3), False)


def test_endpoints_are_below_the_base_urls_path() -> None:
    plan = plan_of(flags={"base_url": f"{HERE}/svc/?x=1", "endpoint": ("/a?b=1", "http://127.0.0.1:9/c")})
    assert [target.url for target in plan.load.targets] == [f"{HERE}/svc/a?b=1", "http://127.0.0.1:9/c"]
    assert plan.observation is not None
    assert plan.observation.metrics_urls == (f"{HERE}/svc/metrics/prom",)


def test_the_demo_is_asked_for_its_own_mix_and_exercised() -> None:
    plan = plan_of(flags={"demo": True})
    weights = {target.name: target.weight for target in plan.load.targets}
    assert weights == {"/api/v2/hello": 40, "/api/plugins": 20, "/health": 10} | {
        f"/api/data/{k}": 6 for k in range(1, 6)
    }
    assert sum(weights.values()) == 100
    assert plan.exercise
    assert not plan_of().exercise


def test_authorization_goes_to_the_base_urls_origin_alone() -> None:
    endpoints = ("/a", "http://127.0.0.1:9/b", "http://LOCALHOST:8901/c")
    plan = plan_of(flags={"endpoint": endpoints, "base_url": "http://localhost:8901"}, environ={"PROD_JWT": JWT})
    authorization = (Header("Authorization", Secret(f"Bearer {JWT}")),)
    assert [target.headers for target in plan.load.targets] == [authorization, (), authorization]
    assert plan.jwt == Secret(JWT)


def test_an_endpoints_own_authorization_stays() -> None:
    plan = plan_of(flags={"header": ("authorization: Bearer mine-1234",)}, environ={"PROD_JWT": JWT})
    assert plan.load.targets[0].headers == (Header("authorization", Secret("Bearer mine-1234")),)


def test_userinfo_becomes_a_basic_authorization() -> None:
    plan = plan_of(flags={"base_url": "http://u:secret@127.0.0.1:8901/"})
    assert plan.base_url == "http://127.0.0.1:8901/"
    assert plan.load.targets[0].headers == (Header("Authorization", Secret("Basic dTpzZWNyZXQ=")),)


def test_no_secret_is_in_the_description_and_all_are_known() -> None:
    environ = {
        "PROD_JWT": JWT,
        "METRICS_AUTH_HEADER": "X-Token: metrics-12345",
        "SLACK_WEBHOOK_URL": "https://s/T/B/abcdef",
    }
    plan = plan_of(environ=environ, flags={"header": ("X-Api-Key: key-98765",)})
    text = str(describe(plan))
    for value in (JWT, "metrics-12345", "https://s/T/B/abcdef", "key-98765"):
        assert Secret(value) in plan.secrets
        assert value not in text
    assert plan.observation is not None
    assert plan.observation.auth_header == Secret("X-Token: metrics-12345")


def test_a_plan_survives_its_encoding() -> None:
    plan = plan_of(
        flags={"header": ("X-Api-Key: key-98765",), "resolve": ("127.0.0.1:8901:127.0.0.2",)}, environ={"PROD_JWT": JWT}
    )
    assert decode(Plan, encode(plan)) == plan
    assert decode(LoadPlan, encode(plan.load)) == plan.load


def test_limits_and_labels_follow_the_settings() -> None:
    flags = {"timeout": "2s", "late": "drop", "environment": "canary", "after_trip": "run-1", "family": "ipv4"}
    plan = plan_of(Kind.RUN, flags, {"HTTP_PROXY": "http://p", "SLO_CPU": "50"}, profile="staging")
    assert (plan.load.limits.timeout_ns, plan.load.limits.late) == (2 * NS_PER_S, Late.DROP)
    assert (plan.profile, plan.environment, plan.after_trip) == (Profile.STAGING, "canary", "run-1")
    assert plan.notes == ("HTTP_PROXY is set and ignored: load goes to the target directly",)
    assert dict(plan.slo)["cpu_pct"] == 50.0


def test_catch_up_is_limited_in_production_and_where_asked() -> None:
    production = plan_of(Kind.RUN, environ={"ALLOWED_HOSTS": "127.0.0.1"}, profile="production")
    assert production.load.limits.catch_up == 2
    assert plan_of(Kind.RUN).load.limits.catch_up == 0
    assert plan_of(Kind.RUN, {"catch_up": "3"}).load.limits.catch_up == 3


def test_problems_of_values_and_of_combinations_come_together_and_each_once(tmp_path: Path) -> None:
    flags = {"base_url": "nowhere", "rate": "0", "no_breaker": True, "exercise": True}
    with pytest.raises(InputError) as caught:
        load_plan(Kind.BASELINE, "production", flags, Inputs({}, tmp_path))
    assert [str(problem) for problem in caught.value.problems] == [
        "--base-url = 'nowhere': not a URL: write it as https://host[:port][/path]",
        "--rate = '0': a rate must be greater than 0",
        "--no-breaker: refused for production: raise its thresholds instead, up to 5 % and 20 %",
        "--exercise: changes data on the target: production needs --allow-writes as well",
    ]


def test_production_reads_its_env_file_by_itself(tmp_path: Path) -> None:
    (tmp_path / ".env.phase5").write_text("LOAD_BASE_URL=http://127.0.0.1:1\nALLOWED_HOSTS=127.0.0.1\nLOAD_RATE=7\n")
    settings, plan = load_plan(Kind.BASELINE, "production", {}, Inputs({}, tmp_path))
    assert plan.load.stages[0].rate == parse_rate("7")
    assert settings.profile == "production"
    with pytest.raises(InputError, match="LOAD_BASE_URL: missing: give --base-url URL or set LOAD_BASE_URL"):
        load_plan(Kind.BASELINE, "staging", {}, Inputs({}, tmp_path))


def test_a_run_without_a_usable_url_is_told_of_its_url_once(tmp_path: Path) -> None:
    told = {
        "": "URL: missing: give the URL to request or set LOAD_BASE_URL",
        "127.0.0.1:9": "URL = '127.0.0.1:9': not a URL: write it as https://host[:port][/path]",
        "https://example.com": "URL = 'example.com': not this machine: say --profile dev, staging or production",
    }
    for url, problem in told.items():
        with pytest.raises(InputError) as caught:
            load_plan(Kind.RUN, None, {"url": (url,) if url else ()}, Inputs({}, tmp_path))
        assert [str(one) for one in caught.value.problems] == [problem]


def test_an_env_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "my.env").write_text("LOAD_BASE_URL=http://127.0.0.1:1\n")
    _, plan = load_plan(Kind.RUN, None, {}, Inputs({}, tmp_path, env_file=tmp_path / "my.env"))
    assert plan.base_url == "http://127.0.0.1:1"
