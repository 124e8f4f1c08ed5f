"""What a run exercises, and whether a Redis is watched, as the settings say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadgen.core.errors import InputError
from loadgen.plan.load import Inputs, load_plan
from loadgen.plan.model import Exercise, Kind, Plan

URL = "http://127.0.0.1:9"
REDIS = "redis://:a-long-password@127.0.0.1:6379/0"


def plan_of(*, demo: bool = True, environ: dict[str, str] | None = None, **flags: object) -> Plan:
    given: dict[str, object] = {"base_url": URL, "demo": demo, **flags}
    return load_plan(Kind.BASELINE, None, given, Inputs(environ or {}, Path("/nowhere")))[1]


@pytest.mark.parametrize(
    ("demo", "environ", "wanted"),
    [
        (True, {}, Exercise()),
        (True, {"CACHE_IMPL": "redis"}, Exercise(cache_pairs=200)),
        (True, {"CACHE_IMPL": "redis", "REDIS_SAMPLES": "400"}, Exercise(cache_pairs=400)),
        (True, {"CACHE_IMPL": "memory", "REDIS_SAMPLES": "7", "PLUGIN_NAME": "mine"}, Exercise("mine", 7)),
        (True, {"CACHE_IMPL": "redis", "REDIS_SAMPLES": "0"}, Exercise()),
        (False, {"CACHE_IMPL": "redis"}, Exercise()),
    ],
)
def test_the_variables_say_what_is_exercised(demo: bool, environ: dict[str, str], wanted: Exercise) -> None:
    assert plan_of(demo=demo, environ=environ).exercised == wanted


@pytest.mark.parametrize(("text", "said"), [("many", "not negative"), ("2.5", "whole number"), ("100001", "to 100000")])
def test_a_count_that_is_none_is_a_problem(text: str, said: str) -> None:
    with pytest.raises(InputError, match=f"REDIS_SAMPLES = '.*': .*{said}"):
        plan_of(environ={"REDIS_SAMPLES": text})


def test_redis_is_watched_only_when_that_is_asked_for() -> None:
    quiet, asked = (plan_of(environ={"REDIS_URL": REDIS}, watch_redis=watch).observation for watch in (False, True))
    assert quiet is not None
    assert asked is not None
    assert quiet.redis_url is None
    assert asked.redis_url is not None
    assert asked.redis_url.reveal() == REDIS
    assert "a-long-password" not in repr(asked)


def test_an_address_on_the_command_line_is_a_wish_to_watch_it() -> None:
    observation = plan_of(environ={"REDIS_URL": "redis://other"}, redis_url=REDIS).observation
    assert observation is not None
    assert observation.redis_url is not None
    assert observation.redis_url.reveal() == REDIS


def test_its_password_is_a_secret_of_the_plan() -> None:
    for given in ({"environ": {"REDIS_URL": REDIS}}, {"redis_url": REDIS}):
        secrets = {secret.reveal() for secret in plan_of(**given).secrets}
        assert {REDIS, "a-long-password"} <= secrets


def test_a_watch_without_an_address_is_a_problem() -> None:
    with pytest.raises(
        InputError,
        match="--watch-redis: there is no address: set REDIS_URL, or give --redis-url; with CACHE_IMPL=redis",
    ):
        plan_of(watch_redis=True)


def test_an_address_that_is_none_is_a_problem_only_where_it_is_watched() -> None:
    environ = {"REDIS_URL": "cache.example:6379?password=a-long-password"}
    plan_of(environ=environ)
    with pytest.raises(InputError, match=r"REDIS_URL = .*: write redis://") as raised:
        plan_of(environ=environ, watch_redis=True)
    assert "a-long-password" not in str(raised.value)
    with pytest.raises(InputError, match=r"--redis-url = .*: write redis://"):
        plan_of(redis_url="http://cache")
