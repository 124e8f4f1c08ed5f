"""What the demo service reads when it starts."""

from __future__ import annotations

import pytest

from loadgen.core.errors import InputError
from loadgen.demo.settings import CacheImpl, Settings, read_settings, require_loopback, with_options

OPTIONS = {
    "host": "127.0.0.1", "host_anyway": False, "port": None, "require_jwt": False,
    "cache_ttl": "10s", "seed": 1, "faults": "{}",
}  # fmt: skip


def test_an_empty_environment_gives_the_service_that_a_first_baseline_needs() -> None:
    settings = read_settings({})

    assert settings.flags() == {
        "FEATURE_CACHE": True,
        "ENABLE_FALLBACK_TEST": True,
        "COUNT_CACHE_MISS_AS_FALLBACK": False,
        "ALLOW_UNSAFE_ADMIN": True,
        "DISABLE_EVENT_BUS": False,
        "DEMO_REQUIRE_JWT": False,
    }
    assert settings.port == 0
    assert settings.jwt_secret.reveal() == "dev-secret"
    assert settings.metrics_scrape_token is None


def test_every_flag_of_the_environment_is_honoured() -> None:
    settings = read_settings(
        {
            "PORT": "8901",
            "FEATURE_CACHE": "false",
            "ENABLE_FALLBACK_TEST": "0",
            "COUNT_CACHE_MISS_AS_FALLBACK": "true",
            "ALLOW_UNSAFE_ADMIN": "no",
            "DISABLE_EVENT_BUS": "YES",
            "DEMO_REQUIRE_JWT": "1",
            "JWT_SECRET": "quite another secret",
            "METRICS_SCRAPE_TOKEN": "scrape-1234",
            "INTERNAL_API_TOKEN": "internal-1234",
            "INTERNAL_RATE_LIMIT": "120/m",
            "CACHE_IMPL": "memory",
        }
    )

    assert list(settings.flags().values()) == [False, False, True, False, True, True]
    assert settings.port == 8901
    assert settings.jwt_secret.reveal() == "quite another secret"
    assert settings.metrics_scrape_token is not None
    assert settings.metrics_scrape_token.reveal() == "scrape-1234"
    assert settings.internal_api_token is not None
    assert settings.internal_limit.per_s == 2


def test_the_redis_cache_takes_its_address_and_delay() -> None:
    settings = read_settings(
        {
            "CACHE_IMPL": "redis",
            "REDIS_URL": "redis://:a-long-password@127.0.0.1:6380/2",
            "REDIS_ARTIFICIAL_DELAY_MS": "80",
        }
    )

    assert settings.cache_impl is CacheImpl.REDIS
    assert settings.redis_url is not None
    assert settings.redis_url.reveal() == "redis://:a-long-password@127.0.0.1:6380/2"
    assert settings.redis_delay_ms == 80
    assert "a-long-password" not in repr(settings)


def test_an_address_of_redis_says_nothing_to_the_memory_cache() -> None:
    assert read_settings({"REDIS_URL": "redis://127.0.0.1"}).redis_url is None


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "http://127.0.0.1", "redis://", "redis://h:99999", "unix:///"])
def test_a_wrong_address_of_redis_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(InputError, match=r"REDIS_URL = .*: write redis://") as caught:
        read_settings({"CACHE_IMPL": "redis", "REDIS_URL": url})

    assert f"'{url}'" not in str(caught.value)


def test_all_problems_come_in_one_message() -> None:
    with pytest.raises(InputError) as caught:
        read_settings(
            {
                "PORT": "70000",
                "FEATURE_CACHE": "perhaps",
                "CACHE_IMPL": "memcached",
                "REDIS_ARTIFICIAL_DELAY_MS": "80",
                "INTERNAL_RATE_LIMIT": "often",
            }
        )

    assert [problem.key for problem in caught.value.problems] == [
        "CACHE_IMPL", "REDIS_ARTIFICIAL_DELAY_MS", "PORT", "FEATURE_CACHE", "INTERNAL_RATE_LIMIT",
    ]  # fmt: skip


def test_secrets_do_not_show_in_the_settings() -> None:
    settings = read_settings({"JWT_SECRET": "a-very-secret-secret", "METRICS_SCRAPE_TOKEN": "a-long-scrape-token"})

    assert "a-very-secret" not in repr(settings)
    assert "a-long-scrape" not in repr(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_a_loopback_host_is_accepted(host: str) -> None:
    require_loopback(host, anyway=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "demo.example"])
def test_a_host_that_others_can_reach_must_be_insisted_on(host: str) -> None:
    with pytest.raises(InputError, match="insist with --host-anyway"):
        require_loopback(host, anyway=False)

    require_loopback(host, anyway=True)


def test_options_win_over_the_environment() -> None:
    settings = with_options(
        {"PORT": "1234"}, {**OPTIONS, "port": 0, "require_jwt": True, "cache_ttl": "1m", "faults": '{"error_every": 9}'}
    )

    assert (settings.port, settings.require_jwt, settings.cache_ttl_s) == (0, True, 60)
    assert settings.faults is not None
    assert settings.faults.error_every == 9


def test_without_a_port_the_command_takes_8901() -> None:
    assert with_options({}, OPTIONS).port == 8901
    assert with_options({"PORT": "1234"}, OPTIONS).port == 1234
    assert Settings().port == 0


def test_a_cache_life_without_a_unit_is_refused() -> None:
    with pytest.raises(InputError, match=r"--cache-ttl = '10': not a duration"):
        with_options({}, {**OPTIONS, "cache_ttl": "10"})
